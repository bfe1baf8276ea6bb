//! Just enough of HTML to look at pages that our own templates made.

/// An opening tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
}

impl Tag {
    pub(crate) fn attribute(&self, wanted: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }
}

/// Every opening tag, in order. Attribute values are always quoted, and hold
/// neither quotes nor angle brackets: the templates escape them.
pub(crate) fn tags(page: &str) -> Vec<Tag> {
    let opening = page.split('<').skip(1).filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()));
    opening.map(|rest| tag(rest.split('>').next().unwrap_or_default())).collect()
}

fn tag(text: &str) -> Tag {
    let (name, mut rest) = text.split_once(' ').unwrap_or((text, ""));
    let mut attributes = Vec::new();
    while !rest.trim().is_empty() {
        let trimmed = rest.trim_start();
        let end = trimmed.find(['=', ' ']).unwrap_or(trimmed.len());
        let (key, after) = trimmed.split_at(end);
        let (value, next) = match after.strip_prefix("=\"") {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => ("", after),
        };
        attributes.push((key.to_owned(), value.to_owned()));
        rest = next;
    }
    Tag { name: name.to_owned(), attributes }
}

/// What is inside `<main>`.
pub(crate) fn main(page: &str) -> String {
    let (_, rest) = page.split_once("<main").expect("a page has a main part");
    let (_, rest) = rest.split_once('>').expect("it is opened");
    rest.split_once("</main>").expect("it is closed").0.to_owned()
}

/// One tag a line, so that a changed page is a readable difference.
pub(crate) fn readable(page: &str) -> String {
    page.replace("><", ">\n<")
}
