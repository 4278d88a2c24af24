//! Tests of signatures, against the scheme's own library.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use standardwebhooks::Webhook;

use super::{REPLAY_WINDOW, VerifyError, verify};
use crate::wire::secret::SigningSecret;
use crate::wire::signature::sign;

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD_KEY: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const ID: &str = "01JSD3G5M0ABCDEFGHJKMNPQRS";
const BODY: &[u8] = br#"{"event":"incoming_call"}"#;
const NOW: u64 = 1_776_781_920;

fn secret(text: &str) -> SigningSecret {
    SigningSecret::new(text).unwrap()
}

fn headers(id: &str, timestamp: &str, signature: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    for (name, value) in names.into_iter().zip([id, timestamp, signature]) {
        headers.insert(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn signed(secrets: &[SigningSecret]) -> HeaderMap {
    let signature = sign(secrets, ID, NOW, BODY);
    headers(ID, &NOW.to_string(), &signature)
}

fn check(headers: &HeaderMap, now: u64) -> Result<u64, VerifyError> {
    verify(&[secret(KEY)], headers, BODY, now, REPLAY_WINDOW).map(|verified| verified.timestamp)
}

/// The example of the scheme's reference libraries.
#[test]
fn the_published_example_comes_out() {
    assert_eq!(
        sign(
            &[secret(KEY)],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#
        ),
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    );
}

#[test]
fn the_window_is_closed_on_both_sides() {
    let headers = signed(&[secret(KEY)]);
    for now in [NOW - 300, NOW, NOW + 300] {
        assert_eq!(check(&headers, now), Ok(NOW));
    }
    assert_eq!(
        check(&headers, NOW + 301),
        Err(VerifyError::TooOld { seconds: 301 })
    );
    assert_eq!(
        check(&headers, NOW - 301),
        Err(VerifyError::TooNew { seconds: 301 })
    );
}

#[test]
fn a_request_without_an_id_is_refused() {
    let secret = [secret(KEY)];
    let signature = sign(&secret, "", NOW, BODY);
    let headers = headers("", &NOW.to_string(), &signature);
    let found = verify(&secret, &headers, BODY, NOW, REPLAY_WINDOW);
    assert_eq!(found, Err(VerifyError::Header { name: "webhook-id" }));
}

#[test]
fn one_of_two_secrets_is_enough_on_either_side() {
    let both = [secret(OLD_KEY), secret(KEY)];
    assert_eq!(check(&signed(&both), NOW), Ok(NOW));
    let old = signed(&both[..1]);
    assert_eq!(check(&old, NOW), Err(VerifyError::Signature));
    assert!(verify(&both, &old, BODY, NOW, REPLAY_WINDOW).is_ok());
    assert!(verify(&[], &old, BODY, NOW, REPLAY_WINDOW).is_err());
}

#[test]
fn whatever_was_changed_is_noticed() {
    let genuine = signed(&[secret(KEY)]);
    for (name, value) in [
        ("webhook-id", "01JSD3G5M0ABCDEFGHJKMNPQRT"),
        ("webhook-timestamp", "1776781921"),
        ("webhook-timestamp", "01776781920"),
        ("webhook-signature", ""),
        ("webhook-signature", "v1,"),
        ("webhook-signature", "v1a,AAAA v2,AAAA"),
    ] {
        let mut changed = genuine.clone();
        changed.insert(name, HeaderValue::from_static(value));
        assert_eq!(check(&changed, NOW), Err(VerifyError::Signature), "{value}");
    }
    for value in ["", "+1776781920", "-1", "soon", "99999999999999999999"] {
        let mut changed = genuine.clone();
        changed.insert("webhook-timestamp", HeaderValue::from_static(value));
        assert_eq!(check(&changed, NOW), Err(VerifyError::Timestamp), "{value}");
    }
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut twice = genuine.clone();
        twice.append(name, HeaderValue::from_static("1"));
        assert_eq!(check(&twice, NOW), Err(VerifyError::Header { name }));
        twice.remove(name);
        assert_eq!(check(&twice, NOW), Err(VerifyError::Header { name }));
    }
}

fn seconds_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or(Duration::ZERO).as_secs()
}

proptest! {
    /// Ours is theirs, and theirs is ours.
    #[test]
    fn signatures_agree_with_the_reference_library(
        key in proptest::collection::vec(any::<u8>(), 1..100),
        id in "[0-9A-Z]{26}",
        body in "\\PC{0,300}",
    ) {
        use base64::Engine as _;
        let text = format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(key));
        let theirs = Webhook::new(&text).unwrap();
        let ours = [secret(&text)];
        let now = seconds_now();
        let signature = sign(&ours, &id, now, body.as_bytes());
        let signed = headers(&id, &now.to_string(), &signature);
        prop_assert!(theirs.verify(body.as_bytes(), &signed).is_ok());
        let their_signature = theirs.sign(&id, i64::try_from(now).unwrap(), body.as_bytes()).unwrap();
        let signed = headers(&id, &now.to_string(), &their_signature);
        prop_assert!(verify(&ours, &signed, body.as_bytes(), now, REPLAY_WINDOW).is_ok());
        prop_assert_eq!(their_signature, signature);
    }

    /// A signature that is right in every way but the one is compared, and found out: 32 bytes of
    /// anything, and the genuine one with a bit changed.
    #[test]
    fn forged_signatures_are_refused(any in any::<[u8; 32]>(), bit in 0..256_usize) {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        let genuine = sign(&[secret(KEY)], ID, NOW, BODY);
        let mut changed = STANDARD.decode(genuine.strip_prefix("v1,").unwrap()).unwrap();
        changed[bit / 8] ^= 1 << (bit % 8);
        for bytes in [any.to_vec(), changed] {
            let forged = format!("v1,{}", STANDARD.encode(bytes));
            let headers = headers(ID, &NOW.to_string(), &forged);
            prop_assert_eq!(check(&headers, NOW), Err(VerifyError::Signature));
        }
    }

    /// Whatever stands in the headers, nothing breaks.
    #[test]
    fn forgeries_are_refused(id in "[ -~]{0,40}", time in "[ -~]{0,24}", signature in "[ -~]{0,200}") {
        let forged = headers(&id, &time, &signature);
        prop_assert!(check(&forged, NOW).is_err());
    }
}
