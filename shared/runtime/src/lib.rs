//! What a function needs around the use cases: environment, configuration,
//! secrets, telemetry, the AWS SDK, the SQS batch loop, and the real clock.
//!
//! This is the one crate that reads the environment and the wall clock; all
//! others take them through ports. A function's `main` wires, in this order:
//!
//! 1. [`telemetry::Telemetry::init`], so that what goes wrong next is a log
//!    line;
//! 2. [`environment::Profile`] and [`config::Configuration::load`]: documents
//!    are parsed once, and a wrong one switches off its own store only;
//! 3. [`aws::config`] and the clients of it, which connect on first use;
//! 4. [`secrets::Secrets`], which fetches when first asked;
//! 5. [`connections`] to shops and ERPs, made when first asked for by the
//!    adapters that the function names;
//! 6. [`batch::Batch`] around a use case, where the function's events come
//!    from SQS.
//!
//! Nothing is fetched and nobody is connected to before the first event.

pub mod aws;
pub mod batch;
pub mod clock;
pub mod config;
pub mod connections;
pub mod environment;
pub mod mappings;
pub mod secrets;
pub mod telemetry;
