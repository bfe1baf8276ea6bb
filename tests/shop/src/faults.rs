//! Faults on purpose: what edges, hosts and plugins do to a shop. Counted and
//! switched, never random.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::PRIVATE;
use crate::doc::obj;
use crate::error::{ApiError, FATAL_TEXT};
use crate::shop::Shop;
use crate::wire::{Reply, Request};

/// The switches. `*_next` count down, one REST request each.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "switches that do not depend on each other")]
pub(crate) struct Faults {
    /// Every n-th delivery is never sent; 0: none is lost.
    pub(crate) lose_every_nth_hint: u64,
    /// Each delivery is sent this many times more.
    pub(crate) duplicate_hints: u32,
    /// Deliveries queued from now on wait this long, in ms.
    pub(crate) delivery_delay_ms: u64,
    /// Nothing is delivered while set; it queues.
    pub(crate) hold_deliveries: bool,
    /// The queue is run from its end.
    pub(crate) reverse_deliveries: bool,
    /// The user who owns the webhooks lost the rights: signed error objects.
    pub(crate) owner_lost_rights: bool,
    /// A host that strips `Authorization`.
    pub(crate) strip_authorization: bool,
    /// The next n requests are answered by the edge, in HTML.
    pub(crate) edge_html_next: u32,
    /// With this status (200, 403, 406, 501, 503, ..).
    pub(crate) edge_status: u16,
    /// WordPress is being updated: 503 and `Retry-After`.
    pub(crate) maintenance: bool,
    /// Seconds in `Retry-After`, of maintenance and of 429.
    pub(crate) retry_after_s: u64,
    /// The next n requests are answered 429.
    pub(crate) too_many_next: u32,
    /// The next n requests die in a plugin: 500.
    pub(crate) fatal_next: u32,
    /// The next n requests are answered with an empty body and this status.
    pub(crate) error_next: u32,
    /// Status of `error_next`.
    pub(crate) error_status: u16,
    /// The next n requests are carried out and answered 502: a lost answer.
    pub(crate) lose_answer_next: u32,
    /// The next n answers begin with a PHP warning and do not parse.
    pub(crate) notice_next: u32,
    /// The database is down: 500.
    pub(crate) database_down: bool,
    /// Every answer takes this much longer, in ms.
    pub(crate) latency_ms: u64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            lose_every_nth_hint: 0,
            duplicate_hints: 0,
            delivery_delay_ms: 0,
            hold_deliveries: false,
            reverse_deliveries: false,
            owner_lost_rights: false,
            strip_authorization: false,
            edge_html_next: 0,
            edge_status: 403,
            maintenance: false,
            retry_after_s: 600,
            too_many_next: 0,
            fatal_next: 0,
            error_next: 0,
            error_status: 502,
            lose_answer_next: 0,
            notice_next: 0,
            database_down: false,
            latency_ms: 0,
        }
    }
}

const HTML: &str = "text/html; charset=UTF-8";
const UNCACHED: &str = "no-cache, must-revalidate, max-age=0";

/// Takes one off a countdown; answers whether there was one.
fn spend(counter: &mut u32) -> bool {
    let any = *counter > 0;
    *counter = counter.saturating_sub(1);
    any
}

/// An answer in the shop's stead, if a switch says so.
pub(crate) fn before(shop: &mut Shop, request: &Request) -> Option<Reply> {
    let faults = &mut shop.faults;
    let wait = faults.retry_after_s.to_string();
    if spend(&mut faults.edge_html_next) {
        let page = "<!DOCTYPE html><html><head><title>Attention Required!</title></head><body>\
                    <h1>Sorry, you have been blocked</h1></body></html>";
        return Some(Reply::raw(faults.edge_status, HTML, page));
    }
    if spend(&mut faults.too_many_next) {
        let page = "<html><head><title>429 Too Many Requests</title></head><body></body></html>";
        return Some(Reply::raw(429, "text/html", page).with("Retry-After", wait));
    }
    if spend(&mut faults.error_next) {
        return Some(Reply::raw(faults.error_status, HTML, ""));
    }
    if faults.maintenance {
        let text = "Briefly unavailable for scheduled maintenance. Check back in a minute.";
        return Some(die(request, 503, "Maintenance", text).with("Retry-After", wait));
    }
    if faults.database_down {
        let text = "<h1>Error establishing a database connection</h1>";
        return Some(die(request, 500, "Database Error", text));
    }
    spend(&mut faults.fatal_next).then(|| fatal(request))
}

/// What happens to an answer on its way out.
pub(crate) fn after(shop: &mut Shop, mut reply: Reply) -> Reply {
    if spend(&mut shop.faults.lose_answer_next) {
        let page = "<html><head><title>502 Bad Gateway</title></head><body></body></html>";
        return Reply { pings: reply.pings, ..Reply::raw(502, "text/html", page) };
    }
    if spend(&mut shop.faults.notice_next) {
        let mut body = b"<br />\n<b>Warning</b>:  Undefined array key \"sku\" in \
            <b>/var/www/html/wp-content/plugins/some-plugin/some-plugin.php</b> on line \
            <b>42</b><br />\n"
            .to_vec();
        body.append(&mut reply.body);
        reply.body = body;
    }
    reply
}

fn wants_json(request: &Request) -> bool {
    request.header("accept").is_some_and(|accept| accept.contains("application/json"))
}

fn page(title: &str, text: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html dir='ltr'>\n<head>\n\t<title>{title}</title>\n</head>\n\
         <body id=\"error-page\">\n\t<div class=\"wp-die-message\">{text}</div></body>\n</html>\n"
    )
}

/// WordPress's `wp_die`: JSON for who asks for it, else a page.
fn die(request: &Request, status: u16, title: &str, text: &str) -> Reply {
    let reply = if wants_json(request) {
        let body = obj! {
            "code" => "wp_die",
            "message" => text,
            "data" => json!({ "status": status }),
            "additional_errors" => json!([]),
        };
        Reply::json(status, &body)
    } else {
        Reply::raw(status, HTML, page(title, text))
    };
    reply.with("Cache-Control", UNCACHED)
}

/// A PHP fatal error.
pub(crate) fn fatal(request: &Request) -> Reply {
    let reply = if wants_json(request) {
        Reply::json(500, &ApiError::fatal())
    } else {
        Reply::raw(500, HTML, page("WordPress &rsaquo; Error", FATAL_TEXT))
    };
    reply.with("Cache-Control", PRIVATE)
}
