//! The webhook signature: base64 of HMAC-SHA256 over the raw body.
//!
//! WooCommerce decodes HTML entities in a secret before it signs (`a&amp;b`
//! signs as `a&b`), so [`check_secret`] lets only secrets pass that mean the
//! same to both sides. Only the body is signed: the topic header, the source
//! and the delivery id can be forged, and there is no signed time.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "x-wc-webhook-signature";
/// The shortest secret that is not weak.
pub const SECRET_MIN_CHARS: usize = 32;
/// HMAC-SHA256, in bytes.
const SIGNATURE_BYTES: usize = 32;
/// What an unknown store's deliveries are compared with. Nothing is accepted
/// for matching it.
const NOBODYS_SECRET: &str = "0000000000000000000000000000000000000000";

/// The secrets of one store's webhooks.
#[derive(Debug, Clone)]
pub struct WebhookSecrets {
    /// The one webhooks are made with now.
    pub current: SecretString,
    /// The one before it, during a rotation.
    pub previous: Option<SecretString>,
}

/// Which secret a delivery was signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedWith {
    /// The current one.
    Current,
    /// The one before it: a webhook of the shop still has to be changed.
    Previous,
}

/// Why a delivery is not the shop's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is none.
    #[error("the delivery is not signed")]
    Missing,
    /// Not base64 of exactly 32 bytes.
    #[error("the signature is malformed")]
    Malformed,
    /// Made with another secret, or over another body.
    #[error("the signature does not match")]
    Mismatch,
}

/// A webhook secret that must not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    /// Can be guessed.
    #[error("a webhook secret needs at least {SECRET_MIN_CHARS} characters")]
    Short,
    /// WooCommerce would sign with something else.
    #[error("a webhook secret may contain only A-Z, a-z and 0-9: the shop decodes HTML entities in it")]
    Characters,
}

/// Refuses a secret that is weak, or that the shop would read differently.
pub fn check_secret(secret: &SecretString) -> Result<(), BadSecret> {
    let secret = secret.expose_secret();
    if !secret.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(BadSecret::Characters);
    }
    if secret.len() < SECRET_MIN_CHARS { Err(BadSecret::Short) } else { Ok(()) }
}

/// Verifies a delivery of a known store: `header` is the value of
/// [`SIGNATURE_HEADER`], `body` the bytes as they were sent.
///
/// Two signatures are always computed, so that neither the time of an answer
/// nor its length tells whether a store has a second secret, or exists.
pub fn verify(
    secrets: &WebhookSecrets,
    header: Option<&[u8]>,
    body: &[u8],
) -> Result<SignedWith, SignatureError> {
    let claimed = claimed(header)?;
    let previous = secrets.previous.as_ref().map_or(NOBODYS_SECRET, |secret| secret.expose_secret());
    let current = is_signed(secrets.current.expose_secret(), body, &claimed);
    let previous = is_signed(previous, body, &claimed) && secrets.previous.is_some();
    match (current, previous) {
        (true, _) => Ok(SignedWith::Current),
        (false, true) => Ok(SignedWith::Previous),
        (false, false) => Err(SignatureError::Mismatch),
    }
}

/// Refuses a delivery for a store that does not exist, at the cost of
/// [`verify`] and with its errors.
pub fn refuse(header: Option<&[u8]>, body: &[u8]) -> SignatureError {
    let nobody = WebhookSecrets { current: NOBODYS_SECRET.into(), previous: None };
    verify(&nobody, header, body).err().unwrap_or(SignatureError::Mismatch)
}

fn claimed(header: Option<&[u8]>) -> Result<[u8; SIGNATURE_BYTES], SignatureError> {
    let text = header.ok_or(SignatureError::Missing)?;
    if text.is_empty() {
        return Err(SignatureError::Missing);
    }
    // Canonical base64 only, so that a signature has one spelling.
    let bytes = BASE64_STANDARD.decode(text).map_err(|_| SignatureError::Malformed)?;
    bytes.try_into().map_err(|_| SignatureError::Malformed)
}

/// In constant time: `verify_slice` compares all bytes.
fn is_signed(secret: &str, body: &[u8], claimed: &[u8; SIGNATURE_BYTES]) -> bool {
    // HMAC takes a key of any length, so that this is never an error.
    <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).is_ok_and(|mut keyed| {
        keyed.update(body);
        keyed.verify_slice(claimed).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":4711}"#;
    const CURRENT: &str = "uV3kQ8mZ1xT6bN0cR5wY2pL9sD4fG7hJ";
    const PREVIOUS: &str = "Previous3kQ8mZ1xT6bN0cR5wY2pL9sD";
    /// HMAC-SHA256 of `BODY` with `CURRENT`, by OpenSSL.
    const BY_CURRENT: &str = "4rxPSF7Cpj/gU7gIfEl0I06sJopj2M4/2Z5SeBhmtks=";
    /// The same with `PREVIOUS`.
    const BY_PREVIOUS: &str = "6Ctow4p3qh3I0nTyQupa37OhGKMRTIIvQ7oMAT4yCm4=";
    /// The same with `NOBODYS_SECRET`.
    const BY_NOBODY: &str = "kFQIfDbGg4AmY4qLOc4hOGpEUdRo9Uo+CFdGjZ24wXo=";

    fn secrets(previous: Option<&str>) -> WebhookSecrets {
        WebhookSecrets { current: CURRENT.into(), previous: previous.map(SecretString::from) }
    }

    fn judge(previous: Option<&str>, header: &str) -> Result<SignedWith, SignatureError> {
        verify(&secrets(previous), Some(header.as_bytes()), BODY)
    }

    #[test]
    fn two_secrets_are_active_during_a_rotation() {
        assert_eq!(judge(None, BY_CURRENT), Ok(SignedWith::Current));
        assert_eq!(judge(Some(PREVIOUS), BY_CURRENT), Ok(SignedWith::Current));
        assert_eq!(judge(Some(PREVIOUS), BY_PREVIOUS), Ok(SignedWith::Previous));
        assert_eq!(judge(None, BY_PREVIOUS), Err(SignatureError::Mismatch));
    }

    #[test]
    fn the_stand_in_for_a_missing_secret_opens_nothing() {
        assert_eq!(judge(None, BY_NOBODY), Err(SignatureError::Mismatch));
        assert_eq!(judge(Some(PREVIOUS), BY_NOBODY), Err(SignatureError::Mismatch));
        assert_eq!(refuse(Some(BY_NOBODY.as_bytes()), BODY), SignatureError::Mismatch);
    }

    #[test]
    fn every_byte_of_the_body_is_signed() {
        let secrets = secrets(None);
        for position in 0..BODY.len() {
            let mut forged = BODY.to_vec();
            forged[position] ^= 1;
            let verdict = verify(&secrets, Some(BY_CURRENT.as_bytes()), &forged);
            assert_eq!(verdict, Err(SignatureError::Mismatch), "byte {position}");
        }
        for longer in [&b"{\"id\":4711} "[..], b"", b"{\"id\":471"] {
            assert!(verify(&secrets, Some(BY_CURRENT.as_bytes()), longer).is_err());
        }
    }

    #[test]
    fn every_bit_of_the_signature_counts() {
        let signature = BASE64_STANDARD.decode(BY_CURRENT).unwrap();
        for bit in 0..signature.len() * 8 {
            let mut forged = signature.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            let verdict = judge(None, &BASE64_STANDARD.encode(forged));
            assert_eq!(verdict, Err(SignatureError::Mismatch), "bit {bit}");
        }
    }

    #[test]
    fn a_part_of_a_signature_is_none() {
        let signature = BASE64_STANDARD.decode(BY_CURRENT).unwrap();
        for length in 0..signature.len() {
            let part = BASE64_STANDARD.encode(&signature[..length]);
            assert!(judge(None, &part).is_err(), "{length} bytes");
        }
        for length in 0..BY_CURRENT.len() {
            assert!(judge(None, &BY_CURRENT[..length]).is_err(), "{length} characters");
        }
    }

    #[test]
    fn malformed_signatures_are_named() {
        let overlong = BASE64_STANDARD.encode([7; 33]);
        let two = format!("{BY_CURRENT},{BY_CURRENT}");
        let unpadded = BY_CURRENT.trim_end_matches('=');
        // The same 32 bytes by a lenient decoder: bits behind the last one.
        let loose = format!("{}B=", &unpadded[..42]);
        for header in [&overlong, &two, unpadded, &loose, "=", "not base64!", &"A".repeat(100_000), "ü"] {
            let malformed = Err(SignatureError::Malformed);
            assert_eq!(judge(None, header), malformed, "{}", &header[..1]);
        }
        assert_eq!(verify(&secrets(None), Some(b"\xff\xfe"), BODY), Err(SignatureError::Malformed));
        assert_eq!(verify(&secrets(None), None, BODY), Err(SignatureError::Missing));
        assert_eq!(judge(None, ""), Err(SignatureError::Missing));
    }

    #[test]
    fn an_unknown_store_is_refused_like_a_known_one() {
        let headers: [Option<&[u8]>; 5] =
            [None, Some(b""), Some(b"x"), Some(BY_PREVIOUS.as_bytes()), Some(b"\xff")];
        for header in headers {
            assert_eq!(Err(refuse(header, BODY)), verify(&secrets(None), header, BODY));
        }
    }

    #[test]
    fn secrets_are_long_and_plain() {
        assert_eq!(check_secret(&CURRENT.into()), Ok(()));
        assert_eq!(check_secret(&CURRENT[1..].into()), Err(BadSecret::Short));
        assert_eq!(check_secret(&"".into()), Err(BadSecret::Short));
        for odd in ["a&amp;b", "with space", "dash-ed", "ümlaut", "tab\t"] {
            let secret = format!("{CURRENT}{odd}");
            assert_eq!(check_secret(&secret.into()), Err(BadSecret::Characters), "{odd}");
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let shown = format!("{:?}", secrets(Some(PREVIOUS)));
        assert!(!shown.contains(CURRENT) && !shown.contains(PREVIOUS), "{shown}");
    }
}
