//! Where a webhook answers: an `http` or `https` URL with a host. Checked for shape, so that what
//! passes here is taken by whoever dials it, who judges the address.

use std::net::Ipv6Addr;

use callroute_schema::with_variables;

/// Longest URL that is accepted, in bytes.
const MAX_URL: usize = 2_048;

/// Why a text is no webhook's URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UrlError {
    #[error("a webhook's URL has at most {MAX_URL} bytes, found {found}")]
    TooLong { found: usize },
    #[error("a webhook's URL must not hold {found:?}")]
    Character { found: char },
    #[error(
        "`{found}` is not filled in here; write it in the `url` of the action, as in \
         {{ action: webhook, url: … }}"
    )]
    Variable { found: String },
    #[error("`{found}` has no scheme; write `https://{found}`")]
    NoScheme { found: String },
    #[error("scheme `{found}` is not for webhooks; write https://yourcompany.com/…")]
    Scheme { found: String },
    #[error("the URL has no host; write https://yourcompany.com/…")]
    Host,
    #[error("`{found}` is no host; write a name, an IPv4 address, or an IPv6 address as in [::1]")]
    NoHost { found: String },
    #[error("a webhook's URL must not hold a user or password; use `secret` to sign requests")]
    Credentials,
    #[error("`{found}` is no port; expected 1 to 65535")]
    Port { found: String },
}

pub(crate) fn check(url: &str) -> Result<(), UrlError> {
    if url.len() > MAX_URL {
        return Err(UrlError::TooLong { found: url.len() });
    }
    let forbidden = |c: &char| !c.is_ascii_graphic() || matches!(c, '<' | '>' | '"' | '\\' | '`');
    if let Some(found) = url.chars().find(forbidden) {
        return Err(UrlError::Character { found });
    }
    if let Some(begins) = url.find(['{', '}']) {
        let rest = url.get(begins..).unwrap_or_default();
        let ends = rest.find('}').map_or(rest.len(), |end| end + 1);
        return Err(UrlError::Variable {
            found: callroute_schema::hint::shorten(rest.get(..ends).unwrap_or_default()),
        });
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(UrlError::NoScheme {
            found: callroute_schema::hint::shorten(url),
        });
    };
    if !["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
    {
        return Err(UrlError::Scheme {
            found: callroute_schema::hint::shorten(scheme),
        });
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(UrlError::Credentials);
    }
    let (host, port) = take_apart(authority);
    if host.is_empty() {
        return Err(UrlError::Host);
    }
    let is_host = match host.strip_prefix('[') {
        Some(rest) => rest
            .strip_suffix(']')
            .is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        None => host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)),
    };
    if !is_host {
        return Err(UrlError::NoHost {
            found: callroute_schema::hint::shorten(authority),
        });
    }
    // `parse` alone would take a sign.
    let digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    match port {
        Some(port) if !(digits(port) && port.parse::<u16>().is_ok_and(|port| port > 0)) => {
            Err(UrlError::Port {
                found: callroute_schema::hint::shorten(port),
            })
        }
        _ => Ok(()),
    }
}

/// The same of a URL of an action, whose variables are filled in before it is asked.
pub(crate) fn check_written(url: &str) -> Result<(), UrlError> {
    // A digit may stand everywhere: in a name, as a port, in a path.
    let one = with_variables(url, |_| Ok::<_, UrlError>("1".to_owned()))?;
    check(&one)
}

/// A host, with its brackets, and a port.
fn take_apart(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::{check, check_written};

    #[test]
    fn takes_web_addresses() {
        for url in [
            "https://yourcompany.com/webhook/sales",
            "http://127.0.0.1:8080",
            "HTTPS://[::1]:8443/x?y=z",
            "https://[2001:db8::1]/",
        ] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
        let variables = "https://{attributes.host}:{attributes.port}/{to}";
        assert_eq!(check_written(variables), Ok(()));
        assert!(check(variables).is_err(), "nobody fills it in");
    }

    #[test]
    fn says_what_is_wrong() {
        for (url, wrong) in [
            (
                "yourcompany.com/webhook",
                "`yourcompany.com/webhook` has no scheme; write `https://yourcompany.com/webhook`",
            ),
            (
                "ftp://x/",
                "scheme `ftp` is not for webhooks; write https://yourcompany.com/…",
            ),
            (
                "https:///x",
                "the URL has no host; write https://yourcompany.com/…",
            ),
            (
                "https://:80/x",
                "the URL has no host; write https://yourcompany.com/…",
            ),
            (
                "https://x:99999/",
                "`99999` is no port; expected 1 to 65535",
            ),
            (
                "http://[::1",
                "`[::1` is no host; write a name, an IPv4 address, or an IPv6 address as in [::1]",
            ),
            (
                "http://::1/",
                "`::1` is no host; write a name, an IPv4 address, or an IPv6 address as in [::1]",
            ),
            ("https://x:+80/", "`+80` is no port; expected 1 to 65535"),
            ("https://x:/", "`` is no port; expected 1 to 65535"),
            ("https://a b/", "a webhook's URL must not hold ' '"),
            (
                "https://a/x?of={from}&b",
                "`{from}` is not filled in here; write it in the `url` of the action, as in \
                 { action: webhook, url: … }",
            ),
            (
                "https://u:p@x/",
                "a webhook's URL must not hold a user or password; use `secret` to sign requests",
            ),
        ] {
            assert_eq!(check(url).unwrap_err().to_string(), wrong, "{url}");
        }
    }
}
