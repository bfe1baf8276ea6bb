//! Headers, read by pure functions.

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// The longest wait a peer can ask for. A broken header must not park an
/// order until next year.
pub const MAX_RETRY_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// What the peer asked for in `Retry-After`, from 0 to [`MAX_RETRY_AFTER`]:
/// seconds, or an HTTP date seen from `now`. `None` where it says neither.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<SignedDuration> {
    let text = text(headers, &RETRY_AFTER)?.trim();
    let wait = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are simply a long time.
        text.parse::<u32>().map_or(MAX_RETRY_AFTER, |seconds| SignedDuration::from_secs(seconds.into()))
    } else {
        http_date(text)?.duration_since(now)
    };
    Some(wait.clamp(SignedDuration::ZERO, MAX_RETRY_AFTER))
}

/// The peer's own clock when it answered, from `Date`.
pub fn answered_at(headers: &HeaderMap) -> Option<Timestamp> {
    http_date(text(headers, &DATE)?)
}

/// Whether the peer calls its body JSON (`application/json`,
/// `application/problem+json`, …).
pub fn is_json(headers: &HeaderMap) -> bool {
    let kind = text(headers, &CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.starts_with("application/") && (kind.ends_with("/json") || kind.ends_with("+json"))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn http_date(text: &str) -> Option<Timestamp> {
    let date = httpdate::parse_http_date(text).ok()?;
    Timestamp::try_from(date).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T20:00:00Z".parse().unwrap()
    }

    fn ask(value: &str) -> Option<i64> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, value.parse().ok()?)]);
        retry_after(&headers, now()).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_dates_and_nonsense() {
        assert_eq!(ask("600"), Some(600));
        assert_eq!(ask(" 0 "), Some(0));
        assert_eq!(ask("Mon, 23 Nov 2026 20:02:00 GMT"), Some(120));
        assert_eq!(ask("Mon, 23 Nov 2026 19:00:00 GMT"), Some(0), "a date that has passed");
        assert_eq!(ask("Tue, 23 Nov 2027 20:02:00 GMT"), Some(3600));
        assert_eq!(ask("86400"), Some(3600));
        assert_eq!(ask("99999999999999999999999"), Some(3600));
        for nonsense in ["", "-5", "1.5", "soon", "Mon, 99 Nov 2026 20:02:00 GMT"] {
            assert_eq!(ask(nonsense), None, "{nonsense:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now()), None);
    }

    #[test]
    fn the_date_header_is_the_peers_clock() {
        let headers = HeaderMap::from_iter([(DATE, "Mon, 23 Nov 2026 20:00:00 GMT".parse().unwrap())]);
        assert_eq!(answered_at(&headers), Some(now()));
        assert_eq!(answered_at(&HeaderMap::new()), None);
    }

    #[test]
    fn json_by_any_of_its_names() {
        let is = |kind: &str| is_json(&HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]));
        for json in ["application/json", "application/json; charset=UTF-8", "Application/Problem+JSON"] {
            assert!(is(json), "{json}");
        }
        for other in ["text/html", "text/html; charset=UTF-8", "application/jsonp", "json", "text/json+x"] {
            assert!(!is(other), "{other}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }

    proptest! {
        #[test]
        fn a_wish_is_always_bounded(value in "\\PC{0,40}") {
            if let Some(seconds) = ask(&value) {
                prop_assert!((0..=3600).contains(&seconds));
            }
        }
    }
}
