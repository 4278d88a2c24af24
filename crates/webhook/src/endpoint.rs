//! One webhook as it is configured: where it is asked, how long, and what may be connected to.

#![cfg(feature = "client")]

mod error;

use std::sync::Arc;
use std::time::Duration;

use callroute_schema::{Network, NetworkError};
use http::uri::PathAndQuery;
use http::{HeaderValue, Uri};

pub use self::error::ConfigError;
use crate::book::{Book, Record};
use crate::near::Nearby;
use crate::net::pool::Pool;
use crate::net::pool::lane::Lane;
use crate::wire::head::Heads;
use crate::wire::secret::SigningSecret;

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
    /// Ranges outside the public internet that may be connected to nevertheless.
    pub allow: Vec<Network>,
    /// What requests are signed with, once for each secret; two while they rotate. Without any,
    /// requests are not signed.
    pub secrets: Vec<SigningSecret>,
    /// Whether the last answer for the same dialed number and menu choice may stand in when
    /// nobody answers, for as long as its receiver allowed by `Cache-Control: stale-if-error`
    /// (RFC 5861, section 4). Off by default: every call is a new look-up.
    pub last_good: bool,
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
        Self::checked(name, &format!("{name} "), urls, deadline, allow)
    }

    /// `of`: whose health its URLs' is.
    fn checked(
        name: &str,
        of: &str,
        urls: &[impl AsRef<str>],
        deadline: Duration,
        allow: &[String],
    ) -> Result<Self, ConfigError> {
        let urls: Vec<&str> = urls.iter().map(AsRef::as_ref).collect();
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
                .map(|url| Endpoint::of(of, url))
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

    /// What is asked for a URL out of an answer, which no webhook of the table stands for. What
    /// is learnt about its server holds for all such URLs, and for none of the table's.
    ///
    /// # Errors
    /// [`ConfigError`] names the first fault and its mend.
    pub fn out_of_answer(url: &str, deadline: Duration) -> Result<Self, ConfigError> {
        Self::checked("url", "", &[url], deadline, &[])
    }

    /// The same webhook with TLS settings of its own, for all its `https` URLs.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn with_trust(mut self, trust: &crate::net::trust::Trust) -> Self {
        for endpoint in &mut self.urls {
            Arc::make_mut(&mut endpoint.origin).trust = Some(trust.clone());
            endpoint.key = format!("{} {}", endpoint.key, trust.mark()).into();
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
    /// Webhook, scheme, host, port, path and trust: what its health is kept under. Without the
    /// query, which may differ with each call; with the path, since many webhooks of strangers
    /// share one host; with the webhook, since strangers may name this very URL, and give it less
    /// time or another CA.
    key: Arc<str>,
    near: Nearby,
}

impl Endpoint {
    /// Reads a URL: `http://` or, with the feature `tls`, `https://`.
    ///
    /// # Errors
    /// [`ConfigError`] names the fault and its mend.
    pub fn new(url: &str) -> Result<Self, ConfigError> {
        Self::of("", url)
    }

    /// `of`: what stands before the URL in its key.
    fn of(of: &str, url: &str) -> Result<Self, ConfigError> {
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
        let uri = url.parse::<Uri>().map_err(|error| ConfigError::Url {
            url: text(),
            source: error.into(),
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
        let key = format!("{of}{}://{written}:{port}{}", scheme_of(tls), uri.path());
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
