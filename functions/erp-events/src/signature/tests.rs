use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::*;

const BODY: &[u8] = br#"{"type":"stock.changed"}"#;
/// The example of the scheme's own documentation.
const CURRENT: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const PREVIOUS: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
const SENT: i64 = 1_795_860_000;

fn now() -> Timestamp {
    Timestamp::from_second(SENT + 3).unwrap()
}

/// As a sender does it with the scheme's own library.
fn signed(secret: &str, id: &str, at: i64, body: &[u8]) -> String {
    Webhook::new(secret).unwrap().sign(id, at, body).unwrap()
}

fn keys(secrets: &[&str]) -> Option<Keys> {
    let secrets: Vec<SecretString> = secrets.iter().map(|secret| (*secret).into()).collect();
    Keys::read(&secrets).unwrap()
}

fn judge(secrets: &[&str], signature: &str) -> Result<SignedWith, SignatureError> {
    judge_sent(secrets, ID, &SENT.to_string(), signature, BODY)
}

fn judge_sent(
    secrets: &[&str],
    id: &str,
    timestamp: &str,
    signature: &str,
    body: &[u8],
) -> Result<SignedWith, SignatureError> {
    let claim = Claim {
        id: Some(id.as_bytes()),
        timestamp: Some(timestamp.as_bytes()),
        signature: Some(signature.as_bytes()),
    };
    verify(keys(secrets).as_ref(), &claim, body, now())
}

#[test]
fn it_is_the_schemes_own_example() {
    let claim = Claim {
        id: Some(ID.as_bytes()),
        timestamp: Some(b"1649367553"),
        signature: Some(b"v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="),
    };
    let body = br#"{"email":"test@example.com","username":"test_user"}"#;
    let now = Timestamp::from_second(1_649_367_553).unwrap();
    assert_eq!(verify(keys(&[CURRENT]).as_ref(), &claim, body, now), Ok(SignedWith::Current));
}

#[test]
fn two_secrets_are_active_during_a_rotation() {
    let (by_current, by_previous) = (signed(CURRENT, ID, SENT, BODY), signed(PREVIOUS, ID, SENT, BODY));
    assert_eq!(judge(&[CURRENT], &by_current), Ok(SignedWith::Current));
    assert_eq!(judge(&[CURRENT, PREVIOUS], &by_current), Ok(SignedWith::Current));
    assert_eq!(judge(&[CURRENT, PREVIOUS], &by_previous), Ok(SignedWith::Previous));
    assert_eq!(judge(&[CURRENT], &by_previous), Err(SignatureError::Mismatch));
    let both = format!("{by_previous} {by_current}");
    assert_eq!(judge(&[CURRENT], &both), Ok(SignedWith::Current), "a sender that rotates signs twice");
    assert_eq!(judge(&[CURRENT, PREVIOUS], &both), Ok(SignedWith::Current));
}

#[test]
fn other_versions_and_other_words_beside_a_signature_are_left_out() {
    let good = signed(CURRENT, ID, SENT, BODY);
    for signatures in
        [format!("v1a,AAAA {good}"), format!("v2,x v1,not-base64 {good}"), format!("{good} v1,")]
    {
        assert_eq!(judge(&[CURRENT], &signatures), Ok(SignedWith::Current), "{signatures}");
    }
    let late = format!("{}{good}", "v1,AAAA ".repeat(SIGNATURES));
    assert_eq!(judge(&[CURRENT], &late), Err(SignatureError::Malformed), "the work is bounded");
}

#[test]
fn every_byte_of_the_body_the_id_and_the_time_is_signed() {
    let good = signed(CURRENT, ID, SENT, BODY);
    for position in 0..BODY.len() {
        let mut forged = BODY.to_vec();
        forged[position] ^= 1;
        let verdict = judge_sent(&[CURRENT], ID, &SENT.to_string(), &good, &forged);
        assert_eq!(verdict, Err(SignatureError::Mismatch), "byte {position}");
    }
    for body in [&b"{\"type\":\"stock.changed\"} "[..], b"", &BODY[1..]] {
        assert!(judge_sent(&[CURRENT], ID, &SENT.to_string(), &good, body).is_err());
    }
    let other_id = judge_sent(&[CURRENT], "msg_2", &SENT.to_string(), &good, BODY);
    assert_eq!(other_id, Err(SignatureError::Mismatch));
    let later = judge_sent(&[CURRENT], ID, &(SENT + 1).to_string(), &good, BODY);
    assert_eq!(later, Err(SignatureError::Mismatch), "a signature cannot be made younger");
}

#[test]
fn every_bit_of_the_signature_counts() {
    let good = signed(CURRENT, ID, SENT, BODY);
    let bytes = of_v1(good.as_bytes()).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut forged = bytes;
        forged[bit / 8] ^= 1 << (bit % 8);
        let forged = format!("v1,{}", BASE64_STANDARD.encode(forged));
        assert_eq!(judge(&[CURRENT], &forged), Err(SignatureError::Mismatch), "bit {bit}");
    }
    for length in 0..good.len() {
        assert!(judge(&[CURRENT], &good[..length]).is_err(), "the first {length} characters");
    }
}

/// Computed anew, not by the library that verifies.
fn computed(body: &[u8]) -> String {
    let key = BASE64_STANDARD.decode(&CURRENT[6..]).unwrap();
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).unwrap();
    mac.update(format!("{ID}.{SENT}.").as_bytes());
    mac.update(body);
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

#[test]
fn the_bytes_are_signed_as_they_are_and_what_is_no_text_is_nobodys() {
    let judged = |body: &[u8]| judge_sent(&[CURRENT], ID, &SENT.to_string(), &computed(body), body);
    for text in [BODY, "\u{feff}{\"größe\": \"4/4\"}\r\n\0".as_bytes(), b""] {
        assert_eq!(judged(text), Ok(SignedWith::Current), "{text:?}");
    }
    // JSON is text: no sender of the scheme can sign anything else.
    assert_eq!(judged(&[BODY, &[0xFF, 0xFE, 0]].concat()), Err(SignatureError::Mismatch));
}

#[test]
fn five_minutes_either_way_and_no_second_more() {
    for (off, expected) in [
        (-301, Err(SignatureError::Stale)),
        (-300, Ok(SignedWith::Current)),
        (300, Ok(SignedWith::Current)),
        (301, Err(SignatureError::Stale)),
    ] {
        let sent = now().as_second() + off;
        let signature = signed(CURRENT, ID, sent, BODY);
        let verdict = judge_sent(&[CURRENT], ID, &sent.to_string(), &signature, BODY);
        assert_eq!(verdict, expected, "{off} s");
    }
}

#[test]
fn a_stale_event_with_a_wrong_signature_is_a_mismatch() {
    let wrong = signed(PREVIOUS, ID, SENT - 900, BODY);
    let verdict = judge_sent(&[CURRENT], ID, &(SENT - 900).to_string(), &wrong, BODY);
    assert_eq!(verdict, Err(SignatureError::Mismatch));
}

#[test]
fn headers_that_make_no_sense_are_refused() {
    let good = signed(CURRENT, ID, SENT, BODY);
    let malformed = Err(SignatureError::Malformed);
    let sent = SENT.to_string();
    for timestamp in
        ["+1795860000", "-1", "0", "01795860000", "1795860000.0", " 1795860000", "soon", "9999999999999"]
    {
        assert_eq!(judge_sent(&[CURRENT], ID, timestamp, &good, BODY), malformed, "{timestamp}");
    }
    for id in ["a b", "é", &"x".repeat(257)] {
        assert_eq!(judge_sent(&[CURRENT], id, &sent, &good, BODY), malformed, "{id}");
    }
    for signature in ["v1", "v1,", "v2,AAAA", good.trim_start_matches("v1,")] {
        assert_eq!(judge_sent(&[CURRENT], ID, &sent, signature, BODY), malformed, "{signature}");
    }
}

#[test]
fn without_one_of_the_headers_nothing_is_signed() {
    let good = signed(CURRENT, ID, SENT, BODY);
    let sent = SENT.to_string();
    let all =
        Claim { id: Some(ID.as_bytes()), timestamp: Some(sent.as_bytes()), signature: Some(good.as_bytes()) };
    for claim in [
        Claim { id: None, ..all },
        Claim { timestamp: None, ..all },
        Claim { signature: None, ..all },
        Claim { id: Some(b""), ..all },
        Claim { signature: Some(b""), ..all },
    ] {
        assert_eq!(verify(keys(&[CURRENT]).as_ref(), &claim, BODY, now()), Err(SignatureError::Missing));
    }
}

#[test]
fn the_stand_in_for_a_missing_secret_opens_nothing() {
    let nobody = format!("whsec_{}", BASE64_STANDARD.encode(NOBODYS_KEY));
    let by_nobody = signed(&nobody, ID, SENT, BODY);
    assert_eq!(judge(&[], &by_nobody), Err(SignatureError::Mismatch), "no such source");
    assert_eq!(judge(&[CURRENT], &by_nobody), Err(SignatureError::Mismatch), "no second secret");
}

#[test]
fn secrets_of_another_form_are_refused_without_being_quoted() {
    let read = |secrets: &[&str]| {
        let secrets: Vec<SecretString> = secrets.iter().map(|secret| (*secret).into()).collect();
        Keys::read(&secrets).map(|keys| keys.is_some())
    };
    assert_eq!(read(&[]), Ok(false));
    assert_eq!(read(&[CURRENT, PREVIOUS]), Ok(true));
    assert_eq!(read(&[CURRENT, PREVIOUS, CURRENT]), Err(BadSecret::TooMany));
    let of = |bytes: usize| format!("whsec_{}", BASE64_STANDARD.encode(vec![7; bytes]));
    let no_prefix = &CURRENT[6..];
    for bad in ["", "whsec_", "whsec_canary!", no_prefix, &of(23), &of(65)] {
        assert_eq!(read(&[bad]), Err(BadSecret::Form), "{bad}");
    }
    assert_eq!((read(&[&of(24)]), read(&[&of(64)])), (Ok(true), Ok(true)));
}
