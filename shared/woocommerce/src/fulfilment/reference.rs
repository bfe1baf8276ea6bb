use std::fmt;

use super::Plugin;

/// The name of a shown parcel: which interface keeps it, and its name there.
/// An interface that came later does not know the names of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// `fulfillment:12`: a core fulfilment.
    Fulfillment(u64),
    /// `tracking:ab12`, `ast:ab12`: an entry of a plugin.
    Tracking(Plugin, String),
    /// `meta:2/1`: an entry of the order's metadata, by the ERP's name of the
    /// parcel.
    Entry(String),
}

impl Reference {
    /// `None` for what none of ours looks like.
    pub fn read(text: &str) -> Option<Self> {
        let (kind, name) = text.split_once(':').filter(|(_, name)| !name.is_empty())?;
        match kind {
            "fulfillment" => name.parse().ok().map(Self::Fulfillment),
            "meta" => Some(Self::Entry(name.to_owned())),
            _ => {
                let plugin = Plugin::ALL.into_iter().find(|plugin| plugin.kind() == kind)?;
                Some(Self::Tracking(plugin, name.to_owned()))
            }
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fulfillment(id) => write!(f, "fulfillment:{id}"),
            Self::Tracking(plugin, id) => write!(f, "{}:{id}", plugin.kind()),
            Self::Entry(id) => write!(f, "meta:{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_reads_back_as_what_it_is() {
        for text in ["fulfillment:12", "tracking:ab12", "ast:ab12", "meta:2/1", "meta:2:1"] {
            assert_eq!(Reference::read(text).unwrap().to_string(), text);
        }
        for text in ["", "12", "fulfillment:", "fulfillment:x", "fulfillment:-1", "other:1", "meta:", ":1"] {
            assert_eq!(Reference::read(text), None, "{text}");
        }
    }
}
