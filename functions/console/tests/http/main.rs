//! The console from a request to its answer, over fakes and a small identity
//! provider.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod access;
mod acting;
mod issuer;
mod looking;
mod machine;
mod published;
mod sign_in;
mod signer;
mod tokens;
mod world;
