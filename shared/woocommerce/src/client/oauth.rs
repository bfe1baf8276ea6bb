//! OAuth 1.0a with HMAC-SHA256 and no token, as WooCommerce wants it where a
//! request is not over TLS. It is only ever used towards loopback: a local
//! shop without a certificate.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use url::Url;

use super::ApiKey;

/// Counts the requests of a client: no two have the same nonce, also within
/// one tick of the clock.
#[derive(Default)]
pub(super) struct Nonces(AtomicU64);

impl Nonces {
    /// The shop refuses a nonce it has seen within 15 minutes.
    fn next(&self, key: &str, now: Timestamp) -> String {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        let digest = Sha256::digest(format!("{key} {} {count}", now.as_nanosecond()));
        BASE64_STANDARD.encode(digest).chars().filter(char::is_ascii_alphanumeric).take(32).collect()
    }
}

/// The URL with its signature in the query.
pub(super) fn sign(key: &ApiKey, nonces: &Nonces, now: Timestamp, method: &str, mut url: Url) -> Url {
    let consumer_key = key.consumer_key.expose_secret();
    url.query_pairs_mut()
        .append_pair("oauth_consumer_key", consumer_key)
        .append_pair("oauth_nonce", &nonces.next(consumer_key, now))
        .append_pair("oauth_signature_method", "HMAC-SHA256")
        .append_pair("oauth_timestamp", &now.as_second().to_string());
    let signature = signature(key.consumer_secret.expose_secret(), &base_string(method, &url));
    url.query_pairs_mut().append_pair("oauth_signature", &signature);
    url
}

/// RFC 5849, section 3.4.1.
fn base_string(method: &str, url: &Url) -> String {
    let mut pairs: Vec<(String, String)> =
        url.query_pairs().map(|(name, value)| (encode(&name), encode(&value))).collect();
    pairs.sort();
    let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut address = url.clone();
    address.set_query(None);
    address.set_fragment(None);
    format!("{method}&{}&{}", encode(address.as_str()), encode(&query.join("&")))
}

fn signature(secret: &str, base_string: &str) -> String {
    // There is no token, hence nothing behind the ampersand. HMAC takes a key
    // of any length.
    let keyed = <Hmac<Sha256> as KeyInit>::new_from_slice(format!("{secret}&").as_bytes());
    keyed.map_or_else(
        |_| String::new(),
        |mut keyed| {
            keyed.update(base_string.as_bytes());
            BASE64_STANDARD.encode(keyed.finalize().into_bytes())
        },
    )
}

/// RFC 5849, section 3.6: everything but unreserved characters.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(b"0123456789ABCDEF"[usize::from(byte >> 4)]));
            encoded.push(char::from(b"0123456789ABCDEF"[usize::from(byte & 15)]));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by hand from RFC 5849 and signed with OpenSSL.
    #[test]
    fn the_signature_covers_method_address_and_sorted_query() {
        let url = "http://127.0.0.1:8080/wp-json/wc/v3/orders?modified_after=2026-11-23T19:43:00&_fields=id,total\
                   &oauth_consumer_key=ck_test&oauth_nonce=abc&oauth_signature_method=HMAC-SHA256\
                   &oauth_timestamp=1795462868";
        let base = base_string("GET", &url.parse().unwrap());
        assert_eq!(
            base,
            "GET&http%3A%2F%2F127.0.0.1%3A8080%2Fwp-json%2Fwc%2Fv3%2Forders&_fields%3Did%252Ctotal\
             %26modified_after%3D2026-11-23T19%253A43%253A00%26oauth_consumer_key%3Dck_test%26oauth_nonce%3Dabc\
             %26oauth_signature_method%3DHMAC-SHA256%26oauth_timestamp%3D1795462868"
        );
        assert_eq!(signature("cs_test", &base), "k8wfqDsELRlor1w55rH5FStsz7d1S4IYtLMoArNrWmk=");
    }

    #[test]
    fn a_signed_url_keeps_its_query_and_never_repeats_a_nonce() {
        let key = ApiKey { consumer_key: "ck_test".into(), consumer_secret: "cs_canary".into() };
        let nonces = Nonces::default();
        let url: Url = "http://127.0.0.1:8080/x?dp=6".parse().unwrap();
        let sign = || sign(&key, &nonces, Timestamp::UNIX_EPOCH, "GET", url.clone());
        let (first, second) = (sign(), sign());
        assert_ne!(first, second);
        assert!(
            first
                .as_str()
                .starts_with("http://127.0.0.1:8080/x?dp=6&oauth_consumer_key=ck_test&oauth_nonce=")
        );
        assert!(!first.as_str().contains("cs_canary"));
        let signature = first.query_pairs().find(|(name, _)| name == "oauth_signature").unwrap().1;
        assert_eq!(BASE64_STANDARD.decode(signature.as_bytes()).unwrap().len(), 32);
    }
}
