//! The receiving side of the Standard Webhooks scheme: whether a request is to be trusted. Needs
//! neither a socket nor a clock.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac;
use http::{HeaderMap, HeaderName};

use crate::wire::secret::SigningSecret;
use crate::wire::signature::{WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP, mac};

/// How far a timestamp may lie from the receiver's clock, either way; the scheme's usual value.
pub const REPLAY_WINDOW: Duration = Duration::from_secs(5 * 60);

/// Most signatures of one request that are looked at.
const MAX_SIGNATURES: usize = 16;

/// Why a request is not to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A header that is needed is missing, there twice, or not text; or the id is empty.
    #[error("the header `{name}` is needed exactly once, in plain text")]
    Header {
        /// The header.
        name: &'static str,
    },
    /// A timestamp that is no number.
    #[error("`webhook-timestamp` is not a number of seconds since 1970")]
    Timestamp,
    /// Sent too long ago: perhaps recorded and sent again.
    #[error("sent {seconds} s ago, which is longer than is allowed; compare the clocks")]
    TooOld {
        /// Its age.
        seconds: u64,
    },
    /// Sent in the future.
    #[error("sent {seconds} s in the future; compare the clocks")]
    TooNew {
        /// How far.
        seconds: u64,
    },
    /// No signature fits: another secret, or a body that was changed on the way.
    #[error("no signature fits; compare the secrets, and verify the body's bytes as received")]
    Signature,
}

/// What a request that is to be trusted says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified<'a> {
    /// The ask's id. One that comes again within the replay window is the same ask, sent again:
    /// give it the same answer.
    pub id: &'a str,
    /// When it was sent, in seconds since 1970.
    pub timestamp: u64,
}

/// Verifies a request, at the receiver: one of its signatures fits one of the secrets, and it was
/// sent no further from `now` (seconds since 1970) than the window, usually [`REPLAY_WINDOW`].
/// The body must be the bytes as they came.
///
/// ```
/// # use callroute_webhook::{REPLAY_WINDOW, SigningSecret, VerifyError, sign, verify};
/// # use http::HeaderMap;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let secrets = [SigningSecret::new("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")?];
/// let mut headers = HeaderMap::new();
/// headers.insert("webhook-id", "01JSD3G5M0".parse()?);
/// headers.insert("webhook-timestamp", "1776781920".parse()?);
/// headers.insert("webhook-signature", sign(&secrets, "01JSD3G5M0", 1776781920, b"{}").parse()?);
/// assert_eq!(verify(&secrets, &headers, b"{}", 1776781921, REPLAY_WINDOW)?.id, "01JSD3G5M0");
/// let forged = verify(&secrets, &headers, b"[]", 1776781921, REPLAY_WINDOW);
/// assert_eq!(forged, Err(VerifyError::Signature));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`VerifyError`] says why the request is not to be trusted; answer it with status 401.
pub fn verify<'a>(
    secrets: &[SigningSecret],
    headers: &'a HeaderMap,
    body: &[u8],
    now: u64,
    window: Duration,
) -> Result<Verified<'a>, VerifyError> {
    let id = text(headers, &WEBHOOK_ID, "webhook-id")?;
    let sent = text(headers, &WEBHOOK_TIMESTAMP, "webhook-timestamp")?;
    let signatures = text(headers, &WEBHOOK_SIGNATURE, "webhook-signature")?;
    if id.is_empty() {
        return Err(VerifyError::Header { name: "webhook-id" });
    }
    // Only digits, so that there is one way to write a time.
    if !sent.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(VerifyError::Timestamp);
    }
    let timestamp: u64 = sent.parse().map_err(|_| VerifyError::Timestamp)?;
    let fits = signatures
        .split(' ')
        .take(MAX_SIGNATURES)
        .filter_map(|signature| signature.strip_prefix("v1,"))
        .filter_map(|encoded| STANDARD.decode(encoded).ok())
        .any(|signature| {
            secrets.iter().any(|secret| {
                // Takes the same time wherever it differs.
                mac(secret, id, sent, body).is_some_and(|mac| mac.verify_slice(&signature).is_ok())
            })
        });
    if !fits {
        return Err(VerifyError::Signature);
    }
    let (age, lead) = (now.saturating_sub(timestamp), timestamp.saturating_sub(now));
    if age > window.as_secs() {
        return Err(VerifyError::TooOld { seconds: age });
    }
    if lead > window.as_secs() {
        return Err(VerifyError::TooNew { seconds: lead });
    }
    Ok(Verified { id, timestamp })
}

fn text<'a>(
    headers: &'a HeaderMap,
    header: &HeaderName,
    name: &'static str,
) -> Result<&'a str, VerifyError> {
    let mut values = headers.get_all(header).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| VerifyError::Header { name }),
        _ => Err(VerifyError::Header { name }),
    }
}

#[cfg(test)]
mod tests;
