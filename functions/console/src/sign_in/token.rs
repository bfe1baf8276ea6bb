//! An ID token: whether the provider made it, for us, for this sign-in, now
//! (OpenID Connect Core 1.0, 3.1.3.7).

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header};
use serde_json::Value;
use subtle::ConstantTimeEq;

use super::claims::Claims;
use super::keys::{Keys, is_taken};

/// How far the provider's clock may be from ours.
const LEEWAY: SignedDuration = SignedDuration::from_secs(60);

/// What a token has to say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: Timestamp,
}

/// Why a token does not count.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// No key that we know made it: the provider may have new ones.
    Key(&'static str),
    /// In our words.
    Refused(&'static str),
}

/// What a token says, if it holds in every point.
pub(super) fn verified(token: &str, keys: &Keys, expected: &Expected<'_>) -> Result<Claims, Doubt> {
    let claims = signed(token, keys)?;
    says(&claims, expected).map_err(Doubt::Refused)?;
    Ok(claims)
}

/// What the provider signed.
fn signed(token: &str, keys: &Keys) -> Result<Claims, Doubt> {
    // `alg: none` and whatever else the library does not know end here.
    let header = decode_header(token).map_err(|_| Doubt::Refused("it is no signed token"))?;
    if !is_taken(header.alg) {
        return Err(Doubt::Refused("its signature is of a kind that is not taken"));
    }
    if header.crit.is_some() {
        return Err(Doubt::Refused("it asks for something that is not understood"));
    }
    let key = keys.of_token(&header).ok_or(Doubt::Key("no key of the provider fits it"))?;
    let mut signature_only = Validation::new(header.alg);
    // The library would ask the system's clock: what the token says is for
    // `says`.
    signature_only.required_spec_claims.clear();
    signature_only.validate_exp = false;
    signature_only.validate_aud = false;
    let token = decode::<Claims>(token, key, &signature_only).map_err(|error| match error.kind() {
        ErrorKind::InvalidSignature => Doubt::Key("its signature does not hold"),
        _ => Doubt::Refused("it makes no sense"),
    })?;
    Ok(token.claims)
}

fn says(claims: &Claims, expected: &Expected<'_>) -> Result<(), &'static str> {
    if claims.text("iss") != Some(expected.issuer) {
        return Err("it is another issuer's");
    }
    if !is_for(claims, expected.client_id) {
        return Err("it is for somebody else");
    }
    let now = expected.now;
    let expires = claims.instant("exp").ok_or("it does not say when it expires")?;
    let issued = claims.instant("iat").ok_or("it does not say when it was issued")?;
    if now.duration_since(expires) >= LEEWAY {
        return Err("it has expired");
    }
    let later = |at: Timestamp| at.duration_since(now) > LEEWAY;
    if later(issued) || claims.instant("nbf").is_some_and(later) {
        return Err("it is of a time to come");
    }
    let nonce = claims.text("nonce").unwrap_or_default();
    if !bool::from(nonce.as_bytes().ct_eq(expected.nonce.as_bytes())) {
        return Err("it is not for this sign-in");
    }
    claims.text("sub").map(|_| ()).ok_or("it does not say whom it is about")
}

/// Whether we are who asked for it: the only audience, or the one of several
/// that it was given to.
fn is_for(claims: &Claims, client_id: &str) -> bool {
    let (among, alone) = match claims.get("aud") {
        Some(Value::String(one)) => (one == client_id, true),
        Some(Value::Array(all)) => (all.iter().any(|one| one.as_str() == Some(client_id)), all.len() == 1),
        _ => (false, false),
    };
    let given_to = match claims.get("azp") {
        None => alone,
        Some(party) => party.as_str() == Some(client_id),
    };
    among && given_to
}
