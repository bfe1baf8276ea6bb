use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use secrecy::SecretString;

use super::{SecretError, SecretStore};
use crate::aws::failure;

/// AWS Secrets Manager. Needs `secretsmanager:GetSecretValue`.
pub struct SecretsManager {
    client: Client,
}

impl SecretsManager {
    /// Connects on first use.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl SecretStore for SecretsManager {
    async fn fetch(&self, name: &str) -> Result<SecretString, SecretError> {
        let owned = || name.to_owned();
        let answer =
            self.client.get_secret_value().secret_id(name).send().await.map_err(|error| {
                match error.as_service_error().and_then(ProvideErrorMetadata::code) {
                    Some("ResourceNotFoundException") => SecretError::Missing { name: owned() },
                    Some("AccessDeniedException" | "DecryptionFailure") => {
                        SecretError::Denied { name: owned() }
                    }
                    _ => SecretError::Unavailable { name: owned(), why: failure(&error) },
                }
            })?;
        let text = answer.secret_string.map(SecretString::from);
        text.ok_or_else(|| SecretError::Unusable {
            name: owned(),
            problem: "it holds bytes, not text".into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::aws::secrets_manager;
    use crate::aws::tests::FakeAws;

    async fn fetch(aws: &FakeAws) -> Result<SecretString, SecretError> {
        SecretsManager::new(secrets_manager(&aws.config().await)).fetch("weir/store/main").await
    }

    #[tokio::test]
    async fn the_present_version_is_asked_for_by_name() {
        let aws =
            FakeAws::answering(200, r#"{"Name": "weir/store/main", "SecretString": "{\"api_key\": \"k\"}"}"#)
                .await;
        assert_eq!(fetch(&aws).await.unwrap().expose_secret(), r#"{"api_key": "k"}"#);
        let asked =
            ("secretsmanager.GetSecretValue".to_owned(), serde_json::json!({"SecretId": "weir/store/main"}));
        assert_eq!(aws.received(), [asked]);
    }

    #[tokio::test]
    async fn refusals_say_what_to_do() {
        for (body, expected) in [
            (
                r#"{"__type": "ResourceNotFoundException", "Message": "x"}"#,
                r#"there is no secret "weir/store/main": create it"#,
            ),
            (
                r#"{"__type": "AccessDeniedException", "Message": "x"}"#,
                r#"the secret "weir/store/main" may not be read"#,
            ),
            (
                r#"{"__type": "InvalidRequestException", "Message": "x"}"#,
                r#"the secret "weir/store/main" cannot be fetched now: InvalidRequestException"#,
            ),
        ] {
            let error = fetch(&FakeAws::answering(400, body).await).await.unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        let bytes = FakeAws::answering(200, r#"{"SecretBinary": "AAEC"}"#).await;
        assert!(matches!(fetch(&bytes).await, Err(SecretError::Unusable { .. })));
    }
}
