//! One webhook as it is configured: where it is asked, how long, and what may be dialled.

#![cfg(feature = "client")]

use std::sync::Arc;
use std::time::Duration;

use callroute_schema::{Network, NetworkError};
use http::uri::{InvalidUri, PathAndQuery};
use http::{HeaderValue, Uri};

use crate::book::{Book, Record};
use crate::near::Nearby;
use crate::net::pool::Pool;
use crate::net::pool::lane::Lane;
use crate::wire::head::Heads;
use crate::wire::secret::Secret;

/// Shortest deadline that is accepted.
pub(crate) const MIN_DEADLINE: Duration = Duration::from_millis(50);
/// Longest deadline that is accepted: a caller hears nothing meanwhile.
pub(crate) const MAX_DEADLINE: Duration = Duration::from_secs(10);
/// Most URLs that one webhook may have.
pub(crate) const MAX_URLS: usize = 16;
/// Longest URL that is accepted, in bytes.
const MAX_URL: usize = 2048;

/// One webhook: its URLs in the order they are tried, and one deadline for all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// The webhook's name in the routing file.
    pub name: String,
    /// The URLs, first choice first.
    pub urls: Vec<Endpoint>,
    /// How long the whole ask may take, second URL included: 50 ms to 10 s. What lies outside
    /// is cut to that when the webhook is asked.
    pub deadline: Duration,
    /// Ranges outside the public internet that may be dialled nevertheless.
    pub allow: Vec<Network>,
    /// What requests are signed with, once for each secret; two while they rotate. Without any,
    /// requests are not signed.
    pub secrets: Vec<Secret>,
    /// Whether the last answer for the same dialed number and menu choice may stand in when
    /// nobody answers, for as long as its receiver allowed by `Cache-Control: stale-if-error`
    /// (RFC 5861, section 4). Off by default: every call is a new look-up.
    pub last_good: bool,
}

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
        source: InvalidUri,
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

impl Endpoints {
    /// A webhook from the texts of its configuration, without secrets.
    ///
    /// # Errors
    /// [`ConfigError`] names the first fault and its mend.
    pub fn new(
        name: &str,
        urls: &[String],
        deadline: Duration,
        allow: &[String],
    ) -> Result<Self, ConfigError> {
        if urls.is_empty() {
            return Err(ConfigError::NoUrl { name: name.into() });
        }
        if urls.len() > MAX_URLS {
            return Err(ConfigError::TooManyUrls {
                name: name.into(),
                found: urls.len(),
            });
        }
        if let Some(url) = urls.iter().find(|url| url.len() > MAX_URL) {
            return Err(ConfigError::TooLong {
                name: name.into(),
                found: url.len(),
            });
        }
        if !(MIN_DEADLINE..=MAX_DEADLINE).contains(&deadline) {
            return Err(ConfigError::Deadline {
                name: name.into(),
                found: deadline,
            });
        }
        let allow: Result<Vec<Network>, NetworkError> =
            allow.iter().map(|text| text.parse()).collect();
        Ok(Self {
            name: name.into(),
            urls: urls
                .iter()
                .map(|url| Endpoint::new(url))
                .collect::<Result<_, _>>()?,
            deadline,
            allow: allow.map_err(|source| ConfigError::Allow {
                name: name.into(),
                source,
            })?,
            secrets: Vec::new(),
            last_good: false,
        })
    }

    /// The same webhook with TLS settings of its own, for all its `https` URLs.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn with_trust(mut self, trust: &crate::net::trust::Trust) -> Self {
        for endpoint in &mut self.urls {
            Arc::make_mut(&mut endpoint.origin).trust = Some(trust.clone());
            endpoint.near = Nearby::default();
        }
        self
    }

    /// The same webhook, whose `http` URLs are asked by HTTP/2 without asking whether the server
    /// speaks it (RFC 9113, section 3.3). With `https` it is agreed on in the handshake.
    #[must_use]
    pub fn with_http2(mut self) -> Self {
        for endpoint in &mut self.urls {
            let origin = Arc::make_mut(&mut endpoint.origin);
            origin.http2 = !origin.tls;
            endpoint.near = Nearby::default();
        }
        self
    }
}

/// Where connections go: they are shared by all URLs that agree on this.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Origin {
    pub(crate) tls: bool,
    /// Without TLS, where nothing can be agreed on: whether HTTP/2 is spoken.
    pub(crate) http2: bool,
    /// Whom to trust, when it is not the operating system's roots.
    #[cfg(feature = "tls")]
    pub(crate) trust: Option<crate::net::trust::Trust>,
    /// A name, or an address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// One URL of a webhook, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: Arc<str>,
    origin: Arc<Origin>,
    heads: Heads,
    /// Scheme, host and target, as HTTP/2 wants them.
    whole: Uri,
    /// Scheme, host, port and path: what its health is kept under. Without the query, which may
    /// differ with each call; with the path, since many webhooks of strangers share one host.
    key: Arc<str>,
    near: Nearby,
}

impl Endpoint {
    /// Reads a URL: `http://` or, with the feature `tls`, `https://`.
    ///
    /// # Errors
    /// [`ConfigError`] names the fault and its mend.
    pub fn new(url: &str) -> Result<Self, ConfigError> {
        // A query may hold a secret, which would end in logs.
        let text = || url.split(['?', '#']).next().unwrap_or_default().to_owned();
        let Some((scheme, rest)) = url.split_once("://") else {
            let url = text().rsplit('@').next().unwrap_or_default().to_owned();
            return Err(ConfigError::NoScheme { url });
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        if let Some((_, host)) = authority.rsplit_once('@') {
            return Err(ConfigError::Credentials { host: host.into() });
        }
        let (tls, usual_port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (false, 80),
            "https" => (true, 443),
            _ => {
                return Err(ConfigError::Scheme {
                    url: text(),
                    scheme: scheme.into(),
                });
            }
        };
        if tls && cfg!(not(feature = "tls")) {
            return Err(ConfigError::TlsOff { url: text() });
        }
        let uri: Uri = url.parse().map_err(|source| ConfigError::Url {
            url: text(),
            source,
        })?;
        let written = uri.host().unwrap_or_default().to_ascii_lowercase();
        let host = written.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(ConfigError::NoHost { url: text() });
        }
        let port =
            port(&uri, usual_port).map_err(|port| ConfigError::Port { url: text(), port })?;
        // RFC 9110, section 7.2: the port is left out when it is the scheme's own.
        let header = if port == usual_port {
            written.clone()
        } else {
            format!("{written}:{port}")
        };
        let target = uri.path_and_query().cloned();
        let target = target.unwrap_or_else(|| PathAndQuery::from_static("/"));
        let whole = Uri::builder()
            .scheme(scheme_of(tls))
            .authority(header.as_str())
            .path_and_query(target.clone())
            .build()
            .map_err(|_| ConfigError::NoHost { url: text() })?;
        let value = HeaderValue::try_from(header);
        let value = value.map_err(|_| ConfigError::NoHost { url: text() })?;
        let key = format!("{}://{written}:{port}{}", scheme_of(tls), uri.path());
        Ok(Self {
            url: url.into(),
            origin: Arc::new(Origin {
                tls,
                http2: false,
                #[cfg(feature = "tls")]
                trust: None,
                host: host.to_owned(),
                port,
            }),
            heads: Heads::new(&value, &Uri::from(target)),
            whole,
            key: key.into(),
            near: Nearby::default(),
        })
    }

    /// The URL as written.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn shared_url(&self) -> &Arc<str> {
        &self.url
    }

    pub(crate) fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// What this book knows of it.
    pub(crate) fn record(&self, book: &Arc<Book>) -> Arc<Record> {
        self.near.record(book, &self.key)
    }

    /// Its connections in this pool.
    pub(crate) fn lane(&self, pool: &Arc<Pool>) -> Arc<Lane> {
        self.near.lane(pool, || pool.lane(&self.origin))
    }

    /// What a client keeps under its name.
    pub(crate) fn near(&self) -> &Nearby {
        &self.near
    }

    /// Its requests, but for what each has of its own.
    pub(crate) fn heads(&self) -> &Heads {
        &self.heads
    }

    /// What requests ask for by HTTP/2.
    pub(crate) fn whole(&self) -> &Uri {
        &self.whole
    }

    pub(crate) fn key(&self) -> &Arc<str> {
        &self.key
    }
}

fn scheme_of(tls: bool) -> &'static str {
    if tls { "https" } else { "http" }
}

/// The port of a URL, or the text that is none; `http::Uri` takes any digits for one.
fn port(uri: &Uri, usual: u16) -> Result<u16, String> {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let host = uri.host().unwrap_or_default();
    match authority
        .strip_prefix(host)
        .unwrap_or_default()
        .trim_start_matches(':')
    {
        "" => Ok(usual),
        text => match text.parse() {
            Ok(port) if port > 0 => Ok(port),
            _ => Err(text.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests;
