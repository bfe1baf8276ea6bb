//! The signature of an event, by the scheme of Standard Webhooks and its own
//! library: base64 of HMAC-SHA256 over `id.timestamp.body`, the body's bytes as
//! they were sent.
//!
//! `webhook-signature` may hold several signatures, as a sender writes them
//! that rotates its secret; one of them has to hold. Only `v1`, the symmetric
//! one, is known. The library signs what was sent, for two secrets, and the
//! result is compared here: its own `verify` takes one secret and asks the
//! system's clock.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use standardwebhooks::Webhook;
use subtle::{Choice, ConstantTimeEq};

/// The header with the event's id.
pub const ID_HEADER: &str = "webhook-id";
/// The header with the time of sending, whole seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// The header with the signatures.
pub const SIGNATURE_HEADER: &str = "webhook-signature";
/// How far the sender's clock, or a slow network, may be off.
pub const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// Secrets of one source that are active at once.
pub const SECRETS: usize = 2;

/// Bytes of a key: what the scheme asks for.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// HMAC-SHA256, in bytes.
const SIGNATURE_BYTES: usize = 32;
/// Signatures of one event that are looked at.
const SIGNATURES: usize = 8;
const LONGEST_ID: usize = 256;
const PREFIX: &str = "whsec_";
/// What events of an unknown source are compared with. Nothing is accepted
/// for matching it.
const NOBODYS_KEY: [u8; 32] = [0; 32];

/// The three headers, as they were sent.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// [`ID_HEADER`].
    pub id: Option<&'a [u8]>,
    /// [`TIMESTAMP_HEADER`].
    pub timestamp: Option<&'a [u8]>,
    /// [`SIGNATURE_HEADER`].
    pub signature: Option<&'a [u8]>,
}

/// Which secret an event was signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedWith {
    /// The first of the list.
    Current,
    /// The second: the sender still has to be changed.
    Previous,
}

/// Why an event is not the source's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A header is not there.
    #[error("the event is not signed")]
    Missing,
    /// A header makes no sense.
    #[error("the event's headers are malformed")]
    Malformed,
    /// Made with another secret, or over something else.
    #[error("the signature does not match")]
    Mismatch,
    /// Signed, and too old or from the future: perhaps a repetition by
    /// somebody else, or a clock that is wrong.
    #[error("the event was signed more than five minutes from now")]
    Stale,
}

/// A secret that cannot be used. Says nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    /// Not as the scheme writes one.
    #[error("an event secret must be whsec_ and the base64 of 24 to 64 random bytes")]
    Form,
    /// Nobody would know which one is meant.
    #[error("a source has at most two event secrets: the current one and the one before it")]
    TooMany,
}

/// The keys of one source.
pub struct Keys {
    current: Webhook,
    previous: Option<Webhook>,
}

impl Keys {
    /// Reads a source's secrets, the current one first. `None` if it has none.
    pub fn read(secrets: &[SecretString]) -> Result<Option<Self>, BadSecret> {
        if secrets.len() > SECRETS {
            return Err(BadSecret::TooMany);
        }
        let mut keys = secrets.iter().map(key).collect::<Result<Vec<_>, _>>()?.into_iter();
        Ok(keys.next().map(|current| Self { current, previous: keys.next() }))
    }
}

fn key(secret: &SecretString) -> Result<Webhook, BadSecret> {
    let text = secret.expose_secret().strip_prefix(PREFIX).ok_or(BadSecret::Form)?;
    let key = BASE64_STANDARD.decode(text).map_err(|_| BadSecret::Form)?;
    if KEY_BYTES.contains(&key.len()) { of_key(key) } else { Err(BadSecret::Form) }
}

fn of_key(key: Vec<u8>) -> Result<Webhook, BadSecret> {
    Webhook::from_bytes(key).map_err(|_| BadSecret::Form)
}

/// Verifies an event. Without keys, an event of a source that does not exist
/// is refused at the same cost.
///
/// Two signatures are always computed, so that the time of an answer does not
/// tell whether a source has a second secret, or exists.
pub fn verify(
    keys: Option<&Keys>,
    claim: &Claim<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<SignedWith, SignatureError> {
    let claimed = Claimed::read(claim)?;
    let nobodys = of_key(NOBODYS_KEY.to_vec()).map_err(|_| SignatureError::Mismatch)?;
    let current = keys.map_or(&nobodys, |keys| &keys.current);
    let previous = keys.and_then(|keys| keys.previous.as_ref());
    let by_current = claimed.is_signed(current, body) && keys.is_some();
    let by_previous = claimed.is_signed(previous.unwrap_or(&nobodys), body) && previous.is_some();
    let signed_with = match (by_current, by_previous) {
        (true, _) => SignedWith::Current,
        (false, true) => SignedWith::Previous,
        (false, false) => return Err(SignatureError::Mismatch),
    };
    // Only now: what is not signed learns nothing about our clock.
    if claimed.sent_at.duration_since(now).abs() > TOLERANCE {
        return Err(SignatureError::Stale);
    }
    Ok(signed_with)
}

/// The headers, read.
struct Claimed<'a> {
    id: &'a str,
    sent_at: Timestamp,
    signatures: Vec<[u8; SIGNATURE_BYTES]>,
}

impl<'a> Claimed<'a> {
    fn read(claim: &Claim<'a>) -> Result<Self, SignatureError> {
        let there = |header: Option<&'a [u8]>| {
            header.filter(|value| !value.is_empty()).ok_or(SignatureError::Missing)
        };
        let (id, timestamp, signature) = (there(claim.id)?, there(claim.timestamp)?, there(claim.signature)?);
        let id = message_id(id).ok_or(SignatureError::Malformed)?;
        let sent_at = seconds(timestamp).ok_or(SignatureError::Malformed)?;
        let signatures: Vec<_> =
            signature.split(|byte| *byte == b' ').take(SIGNATURES).filter_map(of_v1).collect();
        if signatures.is_empty() {
            Err(SignatureError::Malformed)
        } else {
            Ok(Self { id, sent_at, signatures })
        }
    }

    /// All bytes of all signatures are compared, whatever is found. The
    /// library signs text only: a body that is none is nobody's.
    fn is_signed(&self, key: &Webhook, body: &[u8]) -> bool {
        let Ok(signature) = key.sign(self.id, self.sent_at.as_second(), body) else { return false };
        let Some(expected) = of_v1(signature.as_bytes()) else { return false };
        let holds = |signature: &[u8; SIGNATURE_BYTES]| signature.ct_eq(&expected);
        self.signatures.iter().map(holds).fold(Choice::from(0), |any, one| any | one).into()
    }
}

fn message_id(id: &[u8]) -> Option<&str> {
    let is_id = id.len() <= LONGEST_ID && id.iter().all(u8::is_ascii_graphic);
    std::str::from_utf8(id).ok().filter(|_| is_id)
}

/// Digits only and no zero before them, so that a time has one spelling: it
/// is signed in this one.
fn seconds(timestamp: &[u8]) -> Option<Timestamp> {
    let digits = timestamp.len() <= 12 && timestamp.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(timestamp).ok().filter(|text| digits && !text.starts_with('0'))?;
    Timestamp::from_second(text.parse().ok()?).ok()
}

/// `v1,` and canonical base64 of exactly 32 bytes; others are left out.
fn of_v1(signature: &[u8]) -> Option<[u8; SIGNATURE_BYTES]> {
    BASE64_STANDARD.decode(signature.strip_prefix(b"v1,")?).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests;
