//! Whether the shop can be reached, and what the key may.

use super::finding::{Finding, named};
use super::{Access, Fact};
use crate::config::StoreConfig;
use crate::outcome::CallError;

const REST: &str = "rest_api";
const READS: &str = "key_reads";
const WRITES: &str = "key_writes";

/// The shop did not answer at all.
pub(super) fn unreachable(error: &CallError) -> Finding {
    let todo = "Open the store's `url` in a browser; check its name, its certificate, and that `url` in the \
                store's document is the address that the shop itself uses. If it names a secret, create or \
                correct that.";
    Finding::fault(REST, format!("The shop cannot be asked. {error}"), todo)
}

/// The address first, then the key.
pub(super) fn access(config: &StoreConfig, access: &Access) -> Vec<Finding> {
    match at_the_door(access) {
        Some(refused) => vec![refused],
        None => vec![answers(config), key(access)],
    }
}

fn answers(config: &StoreConfig) -> Finding {
    if config.url.scheme() == "https" {
        Finding::good(REST, "The REST API answers over https.")
    } else {
        let todo = "Use https in production: only loopback in the local profile can be reached without.";
        Finding::warning(REST, "The REST API answers over plain http.", todo)
    }
}

/// Nobody asked for a key yet.
fn at_the_door(access: &Access) -> Option<Finding> {
    match access {
        Access::NoApi => Some(Finding::fault(
            REST,
            "The address answers, and has no REST API of WooCommerce.",
            "In WordPress, Settings → Permalinks, choose anything but \"Plain\" and save; check that \
             WooCommerce is active; if the shop is in a folder, `url` needs the folder.",
        )),
        Access::Edge { status } => Some(Finding::fault(
            REST,
            format!(
                "A firewall, cache or maintenance page answers in the shop's place (status {status}, no JSON)."
            ),
            "Let requests to /wp-json/ pass: no challenge, no cache, no page in place of JSON. Ask the host \
             or the security plugin to allow the addresses that Weir calls from.",
        )),
        Access::Moved => Some(Finding::fault(
            REST,
            "The address redirects, and redirects are not followed.",
            "Put the address that it redirects to (https, with or without www) into the store's `url`.",
        )),
        _ => None,
    }
}

fn key(access: &Access) -> Finding {
    let (what, todo) = match access {
        Access::HeaderLost => (
            "The key is good, but the Authorization header does not reach the shop.".to_owned(),
            "The web server strips it. Apache: `SetEnvIf Authorization \"(.*)\" HTTP_AUTHORIZATION=$1`, or \
             `CGIPassAuth On`; otherwise ask the host to pass the Authorization header to PHP.",
        ),
        Access::TlsUnseen => (
            "The key is good, but the shop takes https for plain http and ignores it.".to_owned(),
            "The proxy before the shop must send X-Forwarded-Proto: https, and WordPress must heed it \
             (`$_SERVER['HTTPS'] = 'on'` in wp-config.php).",
        ),
        Access::KeyUnknown => (
            "The shop does not know the key.".to_owned(),
            "WooCommerce → Settings → Advanced → REST API: make a key and put it into the store's secret.",
        ),
        Access::SecretWrong => (
            "The shop knows the key, and its secret is another.".to_owned(),
            "Put consumer_secret of the same key into the store's secret; WooCommerce shows it once, so \
             make a new key if it is lost.",
        ),
        Access::MayNotRead => (
            "The key is right and may not read orders.".to_owned(),
            "Give the key \"Read/Write\", and its user the role Shop manager.",
        ),
        Access::Refused { status } => (
            format!("The shop refuses the key (status {status}) and does not say why."),
            "Check that the key is there and not revoked, that its user is a Shop manager, and that no \
             security plugin restricts the REST API.",
        ),
        Access::Granted | Access::NoApi | Access::Edge { .. } | Access::Moved => {
            return Finding::good(READS, "The key reads orders.");
        }
    };
    Finding::fault(READS, what, todo)
}

/// Whether the key can do what the store's document asks of it.
pub(super) fn writing(config: &StoreConfig, may_write: &Fact<bool>) -> Finding {
    let needed = [
        config.stock.as_ref().map(|_| "stock"),
        config.fulfilment.as_ref().map(|_| "parcels and returns"),
        config.webhooks.manage.then_some("webhooks"),
    ];
    let needed: Vec<&str> = needed.into_iter().flatten().collect();
    let todo = "Give the key \"Read/Write\" in WooCommerce → Settings → Advanced → REST API.";
    match may_write {
        Ok(true) => Finding::good(WRITES, "The key may write."),
        Ok(false) if needed.is_empty() => Finding::good(WRITES, "The key may only read, and that is enough."),
        Ok(false) => {
            let what = format!("The key may only read; it cannot write {}.", named(needed));
            Finding::fault(WRITES, what, format!("{todo} Or take them out of the store's document."))
        }
        Err(why) => Finding::unread(WRITES, "Whether the key may write", why, todo),
    }
}
