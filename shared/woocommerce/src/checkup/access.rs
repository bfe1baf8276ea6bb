//! Why the shop refuses our key. It does not say so in words that can be read
//! in every language, so it is asked again in other ways:
//!
//! | the shop says | and then | so |
//! |---|---|---|
//! | 401 "authentication error" | `OPTIONS`, which needs no right, is answered | the key lacks the right to read |
//! | | `OPTIONS` is refused as well | the secret is another |
//! | 403 "cannot view" | – | the key's user lacks the right |
//! | 401 "cannot view" | a signed request (OAuth 1.0a) is answered | the header was lost on the way |
//! | | one that is signed for plain http is | the shop does not see TLS |
//! | | neither is | the shop does not know the key |
//!
//! WooCommerce looks at a signature where there is no header that it can use,
//! and a signature serves once and tells nobody the secret.

use weir_domain::doctor::Access;

/// The shop's code where it knows the key and refuses it, or where a signature
/// does not hold.
const AUTHENTICATION: &str = "woocommerce_rest_authentication_error";
/// The shop's code where it knows nobody, or somebody who may not.
const CANNOT_VIEW: &str = "woocommerce_rest_cannot_view";

/// An answer, as far as it tells why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The status; 0 where there was no answer.
    pub status: u16,
    /// Whether it was the API's: JSON.
    pub json: bool,
    /// The code of its error.
    pub code: String,
}

impl Said {
    fn is_answered(&self) -> bool {
        self.json && self.status == 200
    }

    fn is_refused(&self) -> bool {
        self.json && self.status == 401 && self.code == AUTHENTICATION
    }
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// To ask again, in this way.
    Ask(Probe),
    /// Nothing: it is clear, or it will not become clear.
    Know(Access),
}

/// A way of asking again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// `OPTIONS orders`.
    Describe,
    /// The same question, signed.
    Sign,
    /// The same question, signed as if it were asked over plain http.
    SignForHttp,
}

/// What a refusal means, with the answers to what was asked since, in order.
pub fn refusal(refused: &Said, since: &[Said]) -> Step {
    let unclear = Step::Know(Access::Refused { status: refused.status });
    match (refused.status, refused.code.as_str(), since) {
        (403, CANNOT_VIEW, _) => Step::Know(Access::MayNotRead),
        (401, AUTHENTICATION, []) => Step::Ask(Probe::Describe),
        (401, AUTHENTICATION, [described, ..]) if described.is_answered() => Step::Know(Access::MayNotRead),
        (401, AUTHENTICATION, [described, ..]) if described.is_refused() => Step::Know(Access::SecretWrong),
        (401, CANNOT_VIEW, []) => Step::Ask(Probe::Sign),
        (401, CANNOT_VIEW, [signed]) if signed.is_answered() => Step::Know(Access::HeaderLost),
        (401, CANNOT_VIEW, [signed]) if signed.is_refused() => Step::Ask(Probe::SignForHttp),
        (401, CANNOT_VIEW, [_, plain]) if plain.is_answered() => Step::Know(Access::TlsUnseen),
        (401, CANNOT_VIEW, [_, plain]) if plain.is_refused() => Step::Know(Access::KeyUnknown),
        _ => unclear,
    }
}
