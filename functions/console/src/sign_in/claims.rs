//! Who somebody is, and what they belong to, by the ID token.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

/// Characters of a name that are kept.
const LONGEST_NAME: usize = 100;

/// What a token says. Not for the log: all of it is about a person.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Claims(BTreeMap<String, Value>);

impl Claims {
    /// A claim; one that is null says nothing.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A claim that is a text, and not an empty one.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// A claim in seconds since 1970, which may have a fraction.
    pub(super) fn instant(&self, name: &str) -> Option<Timestamp> {
        let value = self.get(name)?;
        match value.as_i64() {
            Some(seconds) => Timestamp::from_second(seconds).ok(),
            None => Timestamp::from_duration(SignedDuration::try_from_secs_f64(value.as_f64()?).ok()?).ok(),
        }
    }
}

/// Somebody whom the provider vouches for.
pub(crate) struct Person {
    /// Their e-mail address, or another name.
    pub(crate) who: String,
    /// The values of the claim that gives roles.
    pub(crate) claims: BTreeSet<String>,
}

impl Person {
    /// By the claims of a token that was verified.
    pub(crate) fn of(claims: &Claims, claim: &str) -> Self {
        let verified = claims.get("email_verified").map(|it| *it == Value::Bool(true));
        // Some providers say nothing of it: as a name it will do, as a key it
        // will not.
        let email = claims.text("email").filter(|_| verified != Some(false));
        let name = email.or(claims.text("preferred_username")).or(claims.text("sub"));
        let values = match claim {
            "email" => email.filter(|_| verified == Some(true)).map(str::to_owned).into_iter().collect(),
            claim => claims.get(claim).map(texts).unwrap_or_default(),
        };
        let who = name.unwrap_or_default().chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
        Self { who, claims: values }
    }
}

/// A text, or a list of texts.
fn texts(value: &Value) -> BTreeSet<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match value {
        Value::Array(values) => values.iter().filter_map(text).collect(),
        value => text(value).into_iter().collect(),
    }
}
