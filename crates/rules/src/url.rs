//! Where a webhook answers: an `http` or `https` URL with a host. Checked for shape; whoever
//! dials it judges the address.

/// Longest URL that is accepted, in bytes.
const MAX_URL: usize = 2_048;

/// Why a text is no webhook's URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UrlError {
    #[error("a webhook's URL has at most {MAX_URL} bytes, found {found}")]
    TooLong { found: usize },
    #[error("a webhook's URL must not hold {found:?}")]
    Character { found: char },
    #[error("`{found}` has no scheme; write `https://{found}`")]
    NoScheme { found: String },
    #[error("scheme `{found}` is not for webhooks; write https://yourcompany.com/…")]
    Scheme { found: String },
    #[error("the URL has no host; write https://yourcompany.com/…")]
    Host,
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
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(UrlError::NoScheme {
            found: crate::hint::shorten(url),
        });
    };
    if !["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
    {
        return Err(UrlError::Scheme {
            found: crate::hint::shorten(scheme),
        });
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(UrlError::Credentials);
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    if host.is_empty() {
        return Err(UrlError::Host);
    }
    match port {
        Some(port) if !port.parse::<u16>().is_ok_and(|port| port > 0) => Err(UrlError::Port {
            found: port.to_owned(),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

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
            ("https://a b/", "a webhook's URL must not hold ' '"),
            (
                "https://u:p@x/",
                "a webhook's URL must not hold a user or password; use `secret` to sign requests",
            ),
        ] {
            assert_eq!(check(url).unwrap_err().to_string(), wrong, "{url}");
        }
    }
}
