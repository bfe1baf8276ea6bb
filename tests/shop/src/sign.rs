//! Signatures and ids that look random and are not.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC takes keys of every length; an empty digest would fail every test.
    Hmac::<Sha256>::new_from_slice(key).map_or_else(
        |_| Vec::new(),
        |mut mac| {
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        },
    )
}

/// `X-WC-Webhook-Signature`: base64(HMAC-SHA256(secret, body)). The shop
/// decodes HTML entities of the stored secret first.
pub(crate) fn signature(secret: &str, body: &[u8]) -> String {
    STANDARD.encode(mac(decode_entities(secret).as_bytes(), body))
}

fn decode_entities(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#039;", "'")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

/// `length` (at most 64) hex digits that follow from seed and label.
pub(crate) fn hex_id(seed: u64, label: &str, length: usize) -> String {
    mac(&seed.to_be_bytes(), label.as_bytes())
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .take(length)
        .collect()
}

/// `length` (at most 32) letters and digits that follow from seed and label.
pub(crate) fn word_id(seed: u64, label: &str, length: usize) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    mac(&seed.to_be_bytes(), label.as_bytes())
        .iter()
        .take(length)
        .map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]))
        .collect()
}

/// Decodes `Basic` credentials into key and secret.
pub(crate) fn basic_credentials(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (key, secret) = text.split_once(':')?;
    Some((key.to_owned(), secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_rfc_4231_case_2() {
        let hex: Vec<String> =
            mac(b"Jefe", b"what do ya want for nothing?").iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex.concat(), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn secret_is_entity_decoded() {
        assert_eq!(signature("a&amp;b", b"x"), signature("a&b", b"x"));
    }

    #[test]
    fn ids_follow_from_the_seed() {
        assert_eq!(hex_id(1, "a", 40), hex_id(1, "a", 40));
        assert_ne!(hex_id(1, "a", 40), hex_id(2, "a", 40));
        assert_eq!(word_id(1, "a", 13).len(), 13);
    }
}
