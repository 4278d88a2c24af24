//! Tests of the guard against requests into our own network, at the moment of connecting: whatever
//! way an address is written, what counts is where the connection would go.

use std::time::Duration;

use crate::endpoint::Endpoints;
use crate::failure::FailureClass as Class;
use crate::testing::{Server, ask, client, json};

use super::{VOICEMAIL, voicemail};

/// Ways to write 127.0.0.1 that the system reads as just that.
const LOOPBACK: [&str; 9] = [
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0x7f.0.0.0x1",
    "017700000001",
    "0177.0.0.01",
    "127.1",
    "[::ffff:127.0.0.1]",
    "[0:0:0:0:0:ffff:7f00:1]",
];

/// Hosts that are no public address either.
const OTHERS: [&str; 23] = [
    "127.0.0.1",
    "localhost",
    "LOCALHOST",
    "[::1]",
    "0",
    "0.0.0.0",
    "[::]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2002:a00:1::1]",
    "100.64.0.1",
    "100.127.255.254",
    "[::ffff:100.64.0.1]",
    "1684013057",
    "10.1",
    "169.254.169.254",
    "[::ffff:a9fe:a9fe]",
    "0xa9fea9fe",
    "192.168.1",
    "[fe80::1]",
];

fn of(host: &str, port: u16, allow: &[&str]) -> Endpoints {
    let allow: Vec<String> = allow.iter().map(ToString::to_string).collect();
    let urls = [format!("http://{host}:{port}/hook")];
    Endpoints::new("test", &urls, Duration::from_secs(2), &allow).unwrap()
}

fn port(server: &Server) -> u16 {
    let url: http::Uri = server.url().parse().unwrap();
    url.port_u16().unwrap()
}

#[tokio::test]
async fn no_spelling_of_an_address_gets_past_the_guard() {
    let server = Server::answering(json(VOICEMAIL)).await;
    for host in LOOPBACK.iter().chain(&OTHERS) {
        let asked = ask(&client(), &of(host, port(&server), &[])).await;
        let failure = asked.result.unwrap_err();
        assert_eq!(failure.class, Class::RefusedAddress, "{host}: {failure}");
        // A range that is allowed does not open others.
        let asked = ask(&client(), &of(host, port(&server), &["198.51.100.0/24"])).await;
        let failure = asked.result.unwrap_err();
        assert_eq!(failure.class, Class::RefusedAddress, "{host}: {failure}");
    }
    // With a dot behind it, an address is a name; what that leads to is the resolver's to say.
    for host in ["localhost.", "127.0.0.1.", "2130706433."] {
        let asked = ask(&client(), &of(host, port(&server), &[])).await;
        let class = asked.result.unwrap_err().class;
        assert!(
            matches!(class, Class::RefusedAddress | Class::Dns),
            "{host}: {class}"
        );
    }
    assert_eq!(server.accepted(), 0, "nobody was connected to");
}

/// The same spellings reach the server where its range is allowed: it was the guard that stopped
/// them, and nothing else.
#[tokio::test]
async fn the_same_spellings_reach_a_server_that_is_allowed() {
    for host in LOOPBACK {
        let server = Server::answering(json(VOICEMAIL)).await;
        let asked = ask(&client(), &of(host, port(&server), &["127.0.0.0/8"])).await;
        assert_eq!(asked.result, Ok(voicemail()), "{host}");
        assert_eq!(server.accepted(), 1, "{host}");
    }
}
