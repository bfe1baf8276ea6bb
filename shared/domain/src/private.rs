//! Personal data has a type that does not print.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something about a person: it travels to the ERP and into content hashes,
/// and never into a log line, an error text or a queue message.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Personal<T>(T);

impl<T> Personal<T> {
    /// Marks a value as personal.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value. Every caller is a place where it leaves our protection.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(personal)")
    }
}

impl From<&str> for Personal<String> {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        let name = Personal::new("Ada Canary".to_owned());
        assert_eq!(format!("{name:?} {:#?}", Some(&name)).matches("Canary").count(), 0);
    }
}
