//! Who is asking. [`gate`](crate::gate) has checked the cookie, and for
//! everything but reading the origin and the token, before a handler runs; a
//! handler says by its extractor what it needs, and gets nothing without it.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Problem;

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look at everything.
    Read,
    /// And act.
    Act,
}

/// A person who is signed in.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// Their name by the identity provider. Personal: it goes into the audit
    /// and onto their own page, never into a log line.
    pub who: String,
    /// What they may do, by the configuration as it is now.
    pub role: Role,
    /// What every form of theirs carries.
    pub csrf: String,
    /// When they have to sign in again.
    pub expires_at: Timestamp,
}

// Not derived: `who` is personal and `csrf` a secret.
impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("role", &self.role).finish_non_exhaustive()
    }
}

/// What the gate leaves in a request that it lets through.
#[derive(Debug, Clone)]
pub(crate) struct Admitted {
    pub(crate) session: Arc<Session>,
    /// The request's id: in the log, in the audit, and in hints that it makes.
    pub(crate) correlation: String,
    /// Its origin and its token were right; only then may it change anything.
    pub(crate) may_change: bool,
}

/// Somebody who may look.
#[derive(Debug, Clone)]
pub struct Reader {
    session: Arc<Session>,
    correlation: String,
}

impl Reader {
    /// Their name, for their own page.
    pub fn who(&self) -> &str {
        &self.session.who
    }

    /// The value of the hidden field `csrf` of every form, and of the header
    /// `x-csrf-token`.
    pub fn csrf(&self) -> &str {
        &self.session.csrf
    }

    /// Whether they may act: without it pages show no forms.
    pub fn may_act(&self) -> bool {
        self.session.role >= Role::Act
    }

    /// The whole session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The request's id.
    pub fn correlation(&self) -> &str {
        &self.correlation
    }
}

/// Somebody who may act, in a request that really comes from their page.
#[derive(Debug, Clone)]
pub struct Actor(Reader);

impl std::ops::Deref for Actor {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let admitted = parts.extensions.get::<Admitted>().ok_or_else(Problem::signed_out)?;
        Ok(Self { session: Arc::clone(&admitted.session), correlation: admitted.correlation.clone() })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let reader = Reader::from_request_parts(parts, state).await?;
        if !parts.extensions.get::<Admitted>().is_some_and(|admitted| admitted.may_change) {
            return Err(Problem::forbidden("This request does not come from a page of the console."));
        }
        if !reader.may_act() {
            return Err(Problem::forbidden("You may look and not act: ask for the role that acts."));
        }
        Ok(Self(reader))
    }
}
