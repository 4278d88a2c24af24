//! `Retry-After` (RFC 9110, section 10.2.3): how long a server wants to be left alone.

use std::time::{Duration, SystemTime};

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};

use crate::book::health::LONGEST_WISH;

/// The rest that an answer asks for, at most 60 s: by status 429 or 503, in seconds or as a date.
/// Nothing when it asks for none, in words that nobody understands, or for a time that is past.
pub(crate) fn wish(status: StatusCode, headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let meant = [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    if !meant.contains(&status) {
        return None;
    }
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wish = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // So many digits that they do not fit are a long time as well.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let until = httpdate::parse_http_date(text).ok()?;
        until.duration_since(now).ok()?
    };
    (!wish.is_zero()).then_some(wish.min(LONGEST_WISH))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use http::{HeaderMap, HeaderValue, StatusCode};
    use proptest::prelude::*;

    use super::wish;

    /// 1994-11-06 08:49:00 UTC.
    const NOW: u64 = 784_111_740;

    fn seconds(status: u16, text: &str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_str(text).unwrap());
        let now = UNIX_EPOCH + Duration::from_secs(NOW);
        wish(StatusCode::from_u16(status).unwrap(), &headers, now).map(|wish| wish.as_secs())
    }

    #[test]
    fn seconds_and_dates_are_read() {
        assert_eq!(seconds(429, "7"), Some(7));
        assert_eq!(seconds(503, " 60 "), Some(60));
        assert_eq!(seconds(503, "Sun, 06 Nov 1994 08:49:37 GMT"), Some(37));
        assert_eq!(seconds(503, "Sunday, 06-Nov-94 08:49:37 GMT"), Some(37));
        assert_eq!(seconds(503, "Sun Nov  6 08:49:37 1994"), Some(37));
    }

    #[test]
    fn a_minute_is_the_most() {
        assert_eq!(seconds(429, "3600"), Some(60));
        assert_eq!(seconds(429, &"9".repeat(99)), Some(60));
        assert_eq!(seconds(503, "Sat, 06 Nov 2094 08:49:37 GMT"), Some(60));
    }

    #[test]
    fn what_says_nothing_is_nothing() {
        for text in ["", "0", "-1", "+5", "1.5", "soon", "5 s"] {
            assert_eq!(seconds(429, text), None, "{text}");
        }
        let past = "Sun, 06 Nov 1994 08:48:37 GMT";
        assert_eq!(seconds(503, past), None);
        assert_eq!(seconds(500, "7"), None);
        assert_eq!(seconds(301, "7"), None);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_bound(text in "[ -~]{0,60}") {
            prop_assert!(seconds(429, &text).is_none_or(|seconds| seconds <= 60));
        }
    }
}
