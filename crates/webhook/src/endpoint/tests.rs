//! Tests of the configuration.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use proptest::prelude::*;

use super::{ConfigError, Endpoint, Endpoints};

const SECOND: Duration = Duration::from_secs(1);

fn message(url: &str) -> String {
    Endpoint::new(url).unwrap_err().to_string()
}

fn request(url: &str) -> http::Request<Full<Bytes>> {
    Endpoint::new(url).unwrap().heads().copy(None, false)
}

fn host(url: &str) -> String {
    let request = request(url);
    let host = request.headers()[http::header::HOST].to_str();
    host.unwrap().to_owned()
}

#[test]
fn what_may_be_secret_is_not_repeated() {
    for url in [
        "a.example/?token=SECRET",
        "me:SECRET@a.example/",
        "https://me:SECRET@a.example/",
        "ftp://a.example/?SECRET",
        "http:///x?SECRET",
        "http://a.example:99999/#SECRET",
        "http://a b/?SECRET",
    ] {
        assert!(!message(url).contains("SECRET"), "{}", message(url));
    }
}

#[test]
fn a_url_is_taken_apart() {
    let endpoint = Endpoint::new("http://Example.com:8080/sales?x=1#part").unwrap();
    assert_eq!(endpoint.origin().host, "example.com");
    assert_eq!(endpoint.origin().port, 8080);
    assert_eq!(request(endpoint.url()).uri(), "/sales?x=1");
    assert_eq!(endpoint.whole(), "http://example.com:8080/sales?x=1");
    assert_eq!(endpoint.url(), "http://Example.com:8080/sales?x=1#part");
    assert_eq!(host("http://example.com"), "example.com");
    assert_eq!(host("http://example.com:80/"), "example.com");
    assert_eq!(host("http://example.com:443/"), "example.com:443");
    assert_eq!(host("HTTP://[::1]:9000/x"), "[::1]:9000");
    assert_eq!(host("http://example.com:/"), "example.com");
    assert_eq!(Endpoint::new("http://[::1]/").unwrap().origin().host, "::1");
    assert_eq!(request("http://example.com").uri(), "/");
}

#[test]
fn faults_name_their_mend() {
    assert_eq!(
        message("example.com/x"),
        "`example.com/x` has no scheme; write `https://example.com/x`"
    );
    assert_eq!(
        message("localhost:8080/x"),
        "`localhost:8080/x` has no scheme; write `https://localhost:8080/x`"
    );
    assert_eq!(
        message("ftp://example.com"),
        "`ftp://example.com` has the scheme `ftp`; a webhook is asked by https or http"
    );
    assert_eq!(
        message("http://example.com:99999/"),
        "`http://example.com:99999/` has the port `99999`; a port is a number from 1 to 65535"
    );
    let text = message("http://ann:secret@example.com/x");
    assert!(
        text.contains("example.com") && !text.contains("secret"),
        "{text}"
    );
    for url in [
        "http://",
        "http:///x",
        "http://exa mple.com",
        "http://x:0/",
        "http://ex\r\nY: z/",
    ] {
        assert!(Endpoint::new(url).is_err(), "{url:?}");
    }
}

#[cfg(not(feature = "tls"))]
#[test]
fn https_without_its_feature_names_the_feature() {
    assert_eq!(
        message("https://example.com/x"),
        "`https://example.com/x` needs TLS; build callroute-webhook with its feature `tls`"
    );
}

#[cfg(feature = "tls")]
#[test]
fn https_has_a_port_of_its_own() {
    let endpoint = Endpoint::new("https://example.com/x").unwrap();
    assert!(endpoint.origin().tls);
    assert_eq!(endpoint.origin().port, 443);
    assert_eq!(host("https://example.com:443/"), "example.com");
    assert_eq!(host("https://example.com:80/"), "example.com:80");
}

#[test]
fn a_webhook_is_checked_as_a_whole() {
    let urls = ["http://example.com/".to_owned()];
    let none: [String; 0] = [];
    let new = |urls: &[String], deadline, allow: &[String]| {
        Endpoints::new("sales", urls, deadline, allow)
    };
    assert!(new(&urls, SECOND, &["127.0.0.0/8".into()]).is_ok());
    assert!(matches!(
        new(&none, SECOND, &none),
        Err(ConfigError::NoUrl { .. })
    ));
    let many = vec![urls[0].clone(); 17];
    assert!(matches!(
        new(&many, SECOND, &none),
        Err(ConfigError::TooManyUrls { found: 17, .. })
    ));
    let long = [format!("http://example.com/{}", "x".repeat(3000))];
    assert!(matches!(
        new(&long, SECOND, &none),
        Err(ConfigError::TooLong { .. })
    ));
    let error = new(&urls, Duration::from_secs(60), &none).unwrap_err();
    assert_eq!(
        error.to_string(),
        "webhook `sales` has a deadline of 60000 ms; write 50 to 10000"
    );
    let error = new(&urls, SECOND, &["localhost".into()]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "allow of webhook `sales`: `localhost` is not an IP address; write a range as in \
         10.0.0.0/8 or fd00::/8"
    );
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(rest in "\\PC{0,60}") {
        for scheme in ["", "http://", "https://", "http://[", "://"] {
            let _ = Endpoint::new(&format!("{scheme}{rest}"));
        }
    }
}
