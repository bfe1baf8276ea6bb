use std::collections::BTreeSet;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{ConfigError, check_url};

/// `config/console.json`: who may use the console. Without it nobody can sign
/// in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsoleConfig {
    /// For editors: where the schema is.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The identity provider (OpenID Connect), exactly as it writes itself:
    /// with or without a slash at its end.
    pub issuer: String,
    /// Name of the secret with `client_id`, `client_secret` and `cookie_key`
    /// (64 random characters or more; another one signs everybody out).
    pub secret: String,
    /// Where people find the console, e.g. `https://weir.example.com/`. The
    /// provider has to allow the redirect to it with `console/callback` behind.
    pub url: Url,
    /// Who may do what.
    pub roles: ConsoleRoles,
    /// What the provider is asked for besides `openid`.
    #[serde(default = "default_scopes")]
    pub scopes: BTreeSet<String>,
    /// After so many hours people sign in again, whatever they do meanwhile.
    #[serde(default = "default_hours")]
    pub session_hours: u32,
    /// Private address ranges that the provider may be reached at (CIDR), for
    /// one on the premises.
    #[serde(default)]
    pub allow_private: Vec<String>,
}

/// Who may do what, by a claim of the ID token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsoleRoles {
    /// The claim: a text or a list of texts. `email` counts only where the
    /// provider says that it is verified.
    #[serde(default = "default_claim")]
    pub claim: String,
    /// Its values that may look.
    #[serde(default)]
    pub read: BTreeSet<String>,
    /// Its values that may look and act.
    #[serde(default)]
    pub act: BTreeSet<String>,
}

fn default_scopes() -> BTreeSet<String> {
    ["email", "profile"].map(str::to_owned).into()
}

fn default_hours() -> u32 {
    8
}

fn default_claim() -> String {
    "groups".to_owned()
}

/// A week: longer is forgotten, not remembered.
const LONGEST_SESSION_H: u32 = 168;

impl ConsoleConfig {
    /// Refuses what parses and makes no sense.
    pub fn check(&self, local_profile: bool) -> Result<(), ConfigError> {
        let issuer = self.issuer.parse().map_err(|_| ConfigError::new("issuer", "must be an https URL"))?;
        check_url("issuer", &issuer, local_profile)?;
        check_url("url", &self.url, local_profile)?;
        if self.url.path() != "/" || self.url.query().is_some() || self.url.fragment().is_some() {
            return Err(ConfigError::new(
                "url",
                "must be a host without a path: the console is at /console/",
            ));
        }
        if self.secret.trim().is_empty() {
            return Err(ConfigError::new("secret", "names no secret"));
        }
        if self.roles.claim.trim().is_empty() {
            return Err(ConfigError::new("roles.claim", "names no claim"));
        }
        let roles = || self.roles.read.iter().chain(&self.roles.act);
        if roles().next().is_none() {
            return Err(ConfigError::new("roles", "nobody could sign in: name values that read or act"));
        }
        if roles().any(|value| value.trim().is_empty()) {
            return Err(ConfigError::new("roles", "a value must not be empty"));
        }
        if self.session_hours == 0 || self.session_hours > LONGEST_SESSION_H {
            return Err(ConfigError::new("session_hours", "must be 1 to 168"));
        }
        Ok(())
    }

    /// [`session_hours`](Self::session_hours).
    pub fn session(&self) -> SignedDuration {
        SignedDuration::from_hours(self.session_hours.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(change: impl FnOnce(&mut Value)) -> Result<(), ConfigError> {
        let mut document = json!({
            "issuer": "https://login.example.com/realms/shop",
            "secret": "weir/console",
            "url": "https://weir.example.com/",
            "roles": { "read": ["shop"], "act": ["shop-operators"] }
        });
        change(&mut document);
        serde_json::from_value::<ConsoleConfig>(document).unwrap().check(false)
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_its_field() {
        assert_eq!(check(|_| ()), Ok(()));
        let wrong: [(&str, &str, Value); 9] = [
            ("issuer", "issuer", json!("login.example.com")),
            ("issuer", "issuer", json!("http://login.example.com")),
            ("url", "url", json!("http://weir.example.com/")),
            ("url", "url", json!("https://weir.example.com/console")),
            ("secret", "secret", json!(" ")),
            ("roles", "roles", json!({})),
            ("roles", "roles", json!({ "act": [""] })),
            ("roles", "roles.claim", json!({ "claim": "", "act": ["x"] })),
            ("session_hours", "session_hours", json!(169)),
        ];
        for (at, field, value) in wrong {
            let error = check(|document| document[at] = value.clone()).unwrap_err();
            assert_eq!(error.field, field, "{at} {value}");
        }
    }
}
