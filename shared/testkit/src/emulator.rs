//! Where the AWS emulator is, for tests that need one.

use std::sync::Once;

use crate::announce;

/// `WEIR_AWS_ENDPOINT`, e.g. `http://127.0.0.1:4566`. Where it is not set,
/// that is said once and the tests that need it have nothing to check.
pub fn endpoint() -> Option<String> {
    static ONCE: Once = Once::new();
    #[expect(clippy::disallowed_methods, reason = "tests are configured by whoever starts them")]
    let endpoint = std::env::var("WEIR_AWS_ENDPOINT").ok().filter(|url| !url.is_empty());
    if endpoint.is_none() {
        ONCE.call_once(|| {
            announce("emulator: absent, tests against it check nothing (set WEIR_AWS_ENDPOINT)");
        });
    }
    endpoint
}
