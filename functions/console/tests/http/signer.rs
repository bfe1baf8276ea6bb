//! Keys of identity providers, and tokens made with them: also those that no
//! honest provider makes.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, AlgorithmFamily, EncodingKey, crypto};
use serde_json::{Value, json};

/// A key, what it signs as, and the name it is published under.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    key: EncodingKey,
    pub(crate) alg: Algorithm,
    pub(crate) id: &'static str,
}

/// The test key that `pem` holds (PKCS #1).
fn rsa(pem: &str) -> EncodingKey {
    let lines: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    EncodingKey::from_rsa_der(&STANDARD.decode(lines).unwrap())
}

impl Signer {
    /// What most providers have: RSA, of a name.
    pub(crate) fn usual() -> Self {
        let key = rsa(include_str!("keys/test-only.pem"));
        Self { key, alg: Algorithm::RS256, id: "2026" }
    }

    /// The same, with another key under the same name.
    pub(crate) fn other() -> Self {
        Self { key: rsa(include_str!("keys/test-only-other.pem")), ..Self::usual() }
    }

    /// A key for `alg`; of curves a new one each time.
    pub(crate) fn of(alg: Algorithm, id: &'static str) -> Self {
        let random = SystemRandom::new();
        let ec =
            |curve| EncodingKey::from_ec_der(EcdsaKeyPair::generate_pkcs8(curve, &random).unwrap().as_ref());
        let key = match alg {
            Algorithm::ES256 => ec(&ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::ES384 => ec(&ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::EdDSA => {
                EncodingKey::from_ed_der(Ed25519KeyPair::generate_pkcs8v1(&random).unwrap().as_ref())
            }
            _ => Self::usual().key,
        };
        Self { key, alg, id }
    }

    /// A key like that of [`of`](Self::of) that was never published.
    pub(crate) fn another(alg: Algorithm, id: &'static str) -> Self {
        match alg.family() {
            AlgorithmFamily::Rsa => Self { alg, id, ..Self::other() },
            _ => Self::of(alg, id),
        }
    }

    /// Whoever knows a text, for instance one that is public.
    pub(crate) fn by_secret(secret: &[u8]) -> Self {
        Self { key: EncodingKey::from_secret(secret), alg: Algorithm::HS256, id: "2026" }
    }

    /// As it is published.
    pub(crate) fn published(&self) -> Value {
        let mut published =
            serde_json::to_value(Jwk::from_encoding_key(&self.key, self.alg).unwrap()).unwrap();
        published["kid"] = self.id.into();
        published["use"] = "sig".into();
        published
    }

    pub(crate) fn header(&self) -> Value {
        json!({ "alg": self.alg, "kid": self.id, "typ": "JWT" })
    }

    /// A token with this very header, whatever it says.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = crypto::sign(signed.as_bytes(), &self.key, self.alg).unwrap();
        format!("{signed}.{signature}")
    }
}

/// A token that nobody signed.
pub(crate) fn unsigned(claims: &Value) -> String {
    format!("{}.{}.", part(&json!({ "alg": "none" })), part(claims))
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
