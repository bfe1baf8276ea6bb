//! The frame around every page.

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::assets::ADDRESSES;
use super::flash::flash;
use super::when;
use crate::session::Reader;

/// Who looks, and when.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Their name, for their own page.
    pub who: &'a str,
    /// Without it no form is shown.
    pub may_act: bool,
    /// What every form carries.
    pub csrf: &'a str,
    /// The time of the page.
    pub now: Timestamp,
    /// What was just done: a word of [`flash`](super::flash).
    pub done: Option<&'a str>,
}

impl<'a> Frame<'a> {
    /// Of a request.
    pub fn of(reader: &'a Reader, now: Timestamp) -> Self {
        Self { who: reader.who(), may_act: reader.may_act(), csrf: reader.csrf(), now, done: None }
    }

    /// The same after something was done.
    #[must_use]
    pub fn done(self, word: Option<&'a str>) -> Self {
        Self { done: word, ..self }
    }

    /// The hidden field of every form.
    pub(crate) fn token(&self) -> Markup {
        html! { input type="hidden" name="csrf" value=(self.csrf); }
    }

    /// How long ago.
    pub(crate) fn ago(&self, at: Timestamp) -> Markup {
        when::ago(at, self.now)
    }
}

/// A page of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// After `/console`.
    pub path: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// `g`, then this.
    pub key: &'static str,
}

/// The navigation, in groups.
pub const NAVIGATION: [(&str, &[Place]); 4] = [
    ("", &[Place { path: "/", name: "Today", key: "t" }]),
    (
        "Three questions",
        &[
            Place { path: "/stuck", name: "Stuck before the ERP", key: "s" },
            Place { path: "/stale", name: "Stale in the shop", key: "i" },
            Place { path: "/failed", name: "Failed to propagate", key: "f" },
        ],
    ),
    (
        "Desk",
        &[
            Place { path: "/exceptions", name: "Exceptions", key: "e" },
            Place { path: "/mappings", name: "Mappings", key: "m" },
            Place { path: "/activity", name: "Activity", key: "a" },
        ],
    ),
    (
        "Machinery",
        &[
            Place { path: "/queues", name: "Queues", key: "q" },
            Place { path: "/reconciliation", name: "Reconciliation", key: "r" },
            Place { path: "/doctor", name: "Doctor", key: "d" },
            Place { path: "/help", name: "Help", key: "h" },
        ],
    ),
];

/// The mark: water that steps down.
const MARK: PreEscaped<&str> = PreEscaped(
    r#"<svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round"><path d="M2 6.500c1.800-1.400 3.600-1.400 5.400 0s3.400 1.200 4.600 3.200 1.800 4.300 4 4.300 3-1 6 0M2 12.500c1.800-1.400 3.600-1.400 5.400 0s2.600 2.600 3.800 4.400 3.800 3.600 10.800 2.600"/></svg>"#,
);

/// A whole page: `place` is the navigation's path that it belongs to.
pub(crate) fn page(frame: &Frame, place: &str, title: &str, content: &Markup) -> Markup {
    let content = html! {
        @if let Some(said) = flash(frame.done) { (said) }
        (content)
        footer { "As of " (when::instant(frame.now)) ". All times and days are UTC." }
    };
    framed(frame, Some(frame.now), place, title, &content)
}

/// One that does not say when it was made, and stands in no navigation.
pub(crate) fn timeless_page(frame: &Frame, title: &str, content: &Markup) -> Markup {
    framed(frame, None, "", title, content)
}

fn framed(frame: &Frame, now: Option<Timestamp>, place: &str, title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" data-now=[now.map(when::machine)] {
            (head(title))
            body {
                a.skip href="#main" { "Skip to the content" }
                (top(frame))
                (navigation(place))
                main #main tabindex="-1" { (content) }
                (keys())
            }
        }
    }
}

/// A page for somebody whom nobody knows: nothing but its content.
pub(crate) fn bare_page(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(title))
            body.bare {
                main #main tabindex="-1" { p.brand { (MARK) "Weir" } (content) }
            }
        }
    }
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="robots" content="noindex";
            title { (title) " · Weir" }
            link rel="icon" type="image/svg+xml" href="/console/assets/weir.svg";
            link rel="stylesheet" href=(ADDRESSES.style);
            script defer src=(ADDRESSES.script) {}
        }
    }
}

fn top(frame: &Frame) -> Markup {
    let may = if frame.may_act { "may act" } else { "may look" };
    html! {
        header.top {
            a.brand href="/console" { (MARK) "Weir" }
            form.search role="search" action="/console/search" {
                label.sr for="q" { "Find an order or an item" }
                input #q type="search" name="q" placeholder="Order or item" autocomplete="off" maxlength="200";
                kbd aria-hidden="true" { "/" }
            }
            div.me {
                span { b { (frame.who) } (may) }
                form method="post" action="/console/sign-out" { (frame.token()) button.quiet { "Sign out" } }
            }
        }
    }
}

fn navigation(place: &str) -> Markup {
    html! {
        nav.nav aria-label="Pages" {
            @for (group, places) in NAVIGATION {
                @if !group.is_empty() { p { (group) } }
                ul { @for it in places { li {
                    a href={ "/console" (it.path.trim_end_matches('/')) } data-key=(it.key)
                        aria-current=[(it.path == place).then_some("page")] { (it.name) }
                } } }
            }
        }
    }
}

/// What `?` shows; the page of help shows the same without the script.
fn keys() -> Markup {
    html! {
        dialog #keys aria-labelledby="keys-title" {
            h2 #keys-title { "Keys" }
            (key_list())
            form method="dialog" { button { "Close" } }
        }
    }
}

pub(crate) fn key_list() -> Markup {
    let places = NAVIGATION.iter().flat_map(|(_, places)| places.iter());
    html! {
        ul.keys {
            li { span { kbd { "/" } } "Find" }
            li { span { kbd { "?" } } "These keys" }
            li { span { kbd { "j" } " " kbd { "k" } } "Next row, row before" }
            li { span { kbd { "Esc" } } "Leave a field" }
            @for place in places { li { span { kbd { "g" } " " kbd { (place.key) } } (place.name) } }
        }
    }
}
