//! What a refusal means. Tryton says no in one shape, whether its rules refuse
//! this order or the key's user lacks a right. A missing right stops every
//! order and is nobody's fault, so Tryton is asked for the rights.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};
use weir_domain::outcome::CallError;

use super::classify::Failure;
use super::client::Client;

/// A right to do something to the records of a model.
#[derive(Debug, Clone, Copy)]
pub(super) enum Right {
    Read,
    Create,
    Write,
    /// To press a button, by its name.
    Press(&'static str),
}

impl Right {
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Write => "write",
            Self::Press(button) => button,
        }
    }
}

impl Client {
    /// Whether the key's user has a right. Tryton says it by groups, not by
    /// what a rule may still refuse.
    pub(super) async fn may(&self, right: Right, model: &str) -> Result<bool, CallError> {
        match right {
            Right::Press(button) => self.may_press(model, button).await,
            Right::Read | Right::Create | Right::Write => self.may_access(model, right.verb()).await,
        }
    }

    /// What a refusal to use a right means.
    pub(super) async fn refusal(&self, right: Right, model: &str) -> CallError {
        let verb = right.verb();
        match self.may(right, model).await {
            Ok(true) => CallError::rejected(
                "erp_refused",
                format!("Tryton's rules refused to {verb} a {model}; try it by hand to see which"),
            ),
            Ok(false) => CallError::blocked(format!("the key's user may not {verb} {model}")),
            Err(error) => error,
        }
    }

    async fn may_access(&self, model: &str, access: &str) -> Result<bool, CallError> {
        let rights = self.access(&BTreeSet::from([model])).await?;
        Ok(is_granted(&rights[model][access]))
    }

    /// What the key's user may do to the records of models that are there.
    pub(super) async fn access(&self, models: &BTreeSet<&str>) -> Result<Value, CallError> {
        let rights = self.ask("ir.model.access", "get_access", &json!({"models": models})).await;
        Ok(allowed(rights)?.unwrap_or_default())
    }

    /// The groups of the key's user.
    pub(super) async fn groups(&self) -> Result<Vec<u64>, CallError> {
        #[derive(Default, Deserialize)]
        struct Preferences {
            #[serde(default)]
            groups: Vec<u64>,
        }
        let user = self.ask("res.user", "get_preferences", &json!({"context_only": true})).await;
        let user: Preferences = allowed(user)?.unwrap_or_default();
        Ok(user.groups)
    }

    /// A button may be reserved for groups; otherwise who may write may press.
    async fn may_press(&self, model: &str, button: &str) -> Result<bool, CallError> {
        #[derive(Deserialize)]
        struct Button {
            groups: Vec<u64>,
        }
        let domain = json!([["model", "=", model], ["name", "=", button]]);
        let found: Vec<Button> = self.search("ir.model.button", &domain, &["groups"], 1).await?;
        let reserved = found.into_iter().next().map_or_else(Vec::new, |button| button.groups);
        if reserved.is_empty() {
            return self.may_access(model, "write").await;
        }
        Ok(self.groups().await?.iter().any(|group| reserved.contains(group)))
    }
}

/// Who may not even ask has no right.
fn allowed<T>(answer: Result<T, Failure>) -> Result<Option<T>, CallError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Failure::Refused) => Ok(None),
        Err(Failure::Call(error)) => Err(error),
    }
}

/// Tryton says it with `true` or with 1.
pub(super) fn is_granted(right: &Value) -> bool {
    right.as_bool().unwrap_or_else(|| right.as_u64().is_some_and(|granted| granted != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tryton_says_yes_in_two_ways() {
        for (value, granted) in [
            (json!(true), true),
            (json!(1), true),
            (json!(false), false),
            (json!(0), false),
            (Value::Null, false),
        ] {
            assert_eq!(is_granted(&value), granted, "{value}");
        }
    }
}
