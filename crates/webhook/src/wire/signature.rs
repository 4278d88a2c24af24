//! Signatures by the Standard Webhooks scheme.
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>
//!
//! What is signed is `webhook-id.webhook-timestamp.body`, by HMAC-SHA256. While secrets rotate,
//! a request carries one signature for each, and one that fits is enough.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use http::HeaderName;
use sha2::Sha256;

use crate::wire::secret::SigningSecret;

/// The header with the ask's id, the same however often it is sent.
pub(crate) const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
/// The header with the time of sending, in seconds since 1970.
pub(crate) const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
/// The header with the signatures.
pub(crate) const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// The value of `webhook-signature`: one signature for each secret.
#[must_use]
pub fn sign(secrets: &[SigningSecret], id: &str, timestamp: u64, body: &[u8]) -> String {
    sign_text(secrets, id, &timestamp.to_string(), body)
}

/// The same with the time as it is written.
pub(crate) fn sign_text(
    secrets: &[SigningSecret],
    id: &str,
    timestamp: &str,
    body: &[u8],
) -> String {
    // To the byte, so that it becomes a header without being copied: `v1,` and 44 of base64 for
    // each, and blanks between.
    let mut value = String::with_capacity((secrets.len() * 48).saturating_sub(1));
    for secret in secrets {
        let Some(mac) = mac(secret, id, timestamp, body) else {
            continue;
        };
        if !value.is_empty() {
            value.push(' ');
        }
        value.push_str("v1,");
        STANDARD.encode_string(mac.finalize().into_bytes(), &mut value);
    }
    value
}

/// The code over all parts; HMAC takes keys of any length, so there always is one.
pub(super) fn mac(
    secret: &SigningSecret,
    id: &str,
    timestamp: &str,
    body: &[u8],
) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.key()).ok()?;
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    Some(mac)
}
