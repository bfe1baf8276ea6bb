//! Word for whoever guards the webhooks. The answer to a delivery does not
//! depend on it: a shop counts what is answered late, or not at all.

use std::time::Duration;

use weir_domain::ports::Trouble;
use weir_runtime::telemetry::Metric;
use weir_woocommerce::receive::Receipt;
use weir_woocommerce::watch::Watch;

/// A note that takes longer is left; the next delivery leaves another.
const WITHIN: Duration = Duration::from_secs(1);

pub(crate) async fn notice(watch: &Watch, store: &str, receipt: &Receipt) {
    let Some(noticed) = watch.see(store, receipt) else { return };
    let store = &noticed.store;
    match noticed.trouble {
        Trouble::BadSignatures => Metric::SignatureFailuresInARow { store }.record(),
        Trouble::OwnerWithoutRights => Metric::OwnerWithoutRights { store }.record(),
        // Its hints arrive all the same, and what the guard makes of it is
        // counted there.
        Trouble::OldApi => {}
    }
    if !noticed.is_due {
        return;
    }
    tracing::warn!(%store, trouble = ?noticed.trouble, "the store's webhooks need the guard");
    match tokio::time::timeout(WITHIN, watch.note(&noticed)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%store, %error, "no word was left for the guard"),
        Err(_) => tracing::error!(%store, "no word was left for the guard in time"),
    }
}
