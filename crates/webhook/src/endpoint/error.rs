//! Why a webhook cannot be asked as it is configured.

use std::error::Error;
use std::time::Duration;

use super::{MAX_URL, MAX_URLS};
use callroute_schema::NetworkError;

/// Why a webhook's configuration is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No URL at all.
    #[error("webhook `{name}` has no url; give at least one")]
    NoUrl {
        /// The webhook.
        name: String,
    },
    /// More URLs than a deadline has room for.
    #[error("webhook `{name}` has {found} urls; at most {MAX_URLS} are tried")]
    TooManyUrls {
        /// The webhook.
        name: String,
        /// How many were found.
        found: usize,
    },
    /// A URL that does not say how to ask.
    #[error("`{url}` has no scheme; write `https://{url}`")]
    NoScheme {
        /// The text found.
        url: String,
    },
    /// A scheme that is not HTTP.
    #[error("`{url}` has the scheme `{scheme}`; a webhook is asked by https or http")]
    Scheme {
        /// The text found.
        url: String,
        /// Its scheme.
        scheme: String,
    },
    /// https without the feature for it.
    #[error("`{url}` needs TLS; build callroute-webhook with its feature `tls`")]
    TlsOff {
        /// The text found.
        url: String,
    },
    /// A name and password inside the URL, which would end in logs; they are not repeated here.
    #[error("the url for `{host}` holds a user name or password; leave out what stands before `@`")]
    Credentials {
        /// The host behind the `@`.
        host: String,
    },
    /// A URL that cannot be taken apart.
    #[error("`{url}` is not a url: {source}; write it as in https://example.com/webhook")]
    Url {
        /// The text found.
        url: String,
        /// What is wrong.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A URL without a host.
    #[error("`{url}` has no host; write it as in https://example.com/webhook")]
    NoHost {
        /// The text found.
        url: String,
    },
    /// A port that is none.
    #[error("`{url}` has the port `{port}`; a port is a number from 1 to 65535")]
    Port {
        /// The text found.
        url: String,
        /// Its port.
        port: String,
    },
    /// A URL longer than any may be.
    #[error("a url of webhook `{name}` has {found} bytes; at most {MAX_URL} are accepted")]
    TooLong {
        /// The webhook.
        name: String,
        /// Its length.
        found: usize,
    },
    /// A range in `allow` that cannot be read.
    #[error("allow of webhook `{name}`: {source}")]
    Allow {
        /// The webhook.
        name: String,
        /// What is wrong.
        source: NetworkError,
    },
    /// A deadline that is too short to ask anybody, or longer than a caller waits.
    #[error("webhook `{name}` has a deadline of {} ms; write 50 to 10000", found.as_millis())]
    Deadline {
        /// The webhook.
        name: String,
        /// The deadline found.
        found: Duration,
    },
}
