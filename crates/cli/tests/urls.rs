//! What `check` lets pass as a webhook's URL, whoever asks the webhook takes.

use callroute_rules::{ChronoTz, check, load};
use callroute_schema::Actions;
use callroute_webhook::Endpoint;

const SCHEMES: [&str; 6] = ["http://", "HTTPS://", "https:/", "ftp://", "://", ""];
const HOSTS: [&str; 30] = [
    "yourcompany.example",
    "yourcompany.example.",
    "my_host-1",
    "10.0.0.1",
    "[::1]",
    "[2001:db8::1]",
    "[::ffff:10.0.0.1]",
    "",
    "[::1",
    "::1]",
    "::1",
    "[]",
    "[x]",
    "[::1]x",
    "[[::1]]",
    "[fe80::1%25eth0]",
    "a:b",
    "a@b",
    "a%20b",
    "a b",
    "a|b",
    "a^b",
    "a{b}",
    "a~b",
    "a,b",
    "a*b",
    "b\u{fc}cher.example",
    "a\\b",
    "a'b",
    "a\"b",
];
const PORTS: [&str; 11] = [
    "", ":80", ":1", ":65535", ":", ":0", ":+80", ":-1", ":65536", ":8 0", ":80:80",
];
const TAILS: [&str; 9] = [
    "",
    "/",
    "/x?y=z#part",
    "?y",
    "#part",
    "/{to}|^~[]@:",
    "/%zz",
    "/\u{e9}",
    "/x`y",
];

fn urls() -> impl Iterator<Item = String> {
    let hosts = SCHEMES
        .iter()
        .flat_map(|scheme| HOSTS.map(|host| format!("{scheme}{host}")));
    let ports = hosts.flat_map(|url| PORTS.map(|port| format!("{url}{port}")));
    ports.flat_map(|url| TAILS.map(|tail| format!("{url}{tail}")))
}

#[test]
fn what_an_action_may_ask_is_taken() {
    let mut fine = 0;
    for url in urls() {
        let action = serde_json::json!({ "action": "webhook", "url": url });
        let actions = Actions::from_json(action.to_string().as_bytes()).unwrap();
        if check(&actions).is_ok() {
            fine += 1;
            // Variables are filled in before the URL is asked.
            let asked = url.replace("{b}", "1");
            assert!(Endpoint::new(&asked).is_ok(), "{url}");
        }
    }
    assert!(fine >= 100, "only {fine} are fine");
}

#[test]
fn what_a_file_names_is_taken() {
    let mut fine = 0;
    for url in urls().step_by(5) {
        let table = serde_json::json!({
            "version": 1,
            "default": { "action": "busy" },
            "webhooks": { "sales": { "urls": [url] } },
        });
        if load("routes.yaml", &table.to_string(), &(), &ChronoTz).is_ok() {
            fine += 1;
            assert!(Endpoint::new(&url).is_ok(), "{url}");
        }
    }
    assert!(fine >= 20, "only {fine} are fine");
}
