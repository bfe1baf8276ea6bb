//! The provider's published keys, and which of them a token was made with.

use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use serde::Deserialize;
use serde_json::Value;

/// Signatures by a key that the provider alone holds, for each type of key:
/// whoever knows our secret, or none at all, can make no other.
const RSA: &[Algorithm] = &[Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256];
const P_256: &[Algorithm] = &[Algorithm::ES256];
const P_384: &[Algorithm] = &[Algorithm::ES384];
const ED25519: &[Algorithm] = &[Algorithm::EdDSA];

/// Whether a signature of this kind is believed at all.
pub(super) fn is_taken(algorithm: Algorithm) -> bool {
    [RSA, P_256, P_384, ED25519].concat().contains(&algorithm)
}

/// A JWK Set as it is published.
#[derive(Deserialize)]
pub(super) struct Published {
    keys: Vec<Value>,
}

/// The keys that sign tokens.
pub(super) struct Keys(Vec<Key>);

struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    verifies: DecodingKey,
}

impl Keys {
    /// A key that we cannot use is left out: it may be for something else.
    pub(super) fn of(published: Published) -> Self {
        let keys = published.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
        Self(keys.filter_map(Key::of).collect())
    }

    /// The key that a token names; where it names none, the only one there is.
    /// `None` too where more than one would do: nothing is tried out.
    pub(super) fn of_token(&self, header: &Header) -> Option<&DecodingKey> {
        let mut named = self.0.iter().filter(|key| header.kid.is_none() || key.makes(header));
        let key = named.next().filter(|_| named.next().is_none())?;
        key.algorithms.contains(&header.alg).then_some(&key.verifies)
    }
}

impl Key {
    /// Two keys of one name are told apart by what they sign.
    fn makes(&self, header: &Header) -> bool {
        self.id == header.kid && self.algorithms.contains(&header.alg)
    }

    fn of(published: Jwk) -> Option<Self> {
        let algorithms = match &published.algorithm {
            AlgorithmParameters::RSA(_) => RSA,
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => P_256,
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => P_384,
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => ED25519,
            _ => return None,
        };
        if !signs(&published.common) {
            return None;
        }
        let algorithms: Vec<Algorithm> = match published.common.key_algorithm {
            Some(own) => {
                Algorithm::try_from(own).ok().filter(|own| algorithms.contains(own)).into_iter().collect()
            }
            None => algorithms.to_vec(),
        };
        let verifies = DecodingKey::from_jwk(&published).ok()?;
        (!algorithms.is_empty()).then_some(Self { id: published.common.key_id, algorithms, verifies })
    }
}

/// Whether a key is for signatures, by what it says, if it says anything.
fn signs(key: &CommonParameters) -> bool {
    let uses = key.public_key_use.as_ref().is_none_or(|it| *it == PublicKeyUse::Signature);
    let verifies = |all: &Vec<KeyOperations>| all.contains(&KeyOperations::Verify);
    uses && key.key_operations.as_ref().is_none_or(verifies)
}
