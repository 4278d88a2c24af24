//! Signatures beside those of the Standard Webhooks libraries for Python and JavaScript.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use callroute_webhook::{SigningSecret, sign};

use crate::types::tools;

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const BODY: &str = r#"{"event":"incoming_call","from":"+14155550123","from_name":"Zoë 张伟"}"#;

/// Prints the library's own signature; then whether it takes ours, and whether a forged one.
const PYTHON: &str = r#"
import sys
from datetime import datetime, timezone
from standardwebhooks import Webhook
secret, identity, sent, signature, body = sys.argv[1:]
webhook = Webhook(secret)
print(webhook.sign(identity, datetime.fromtimestamp(int(sent), timezone.utc), body))
headers = {"webhook-id": identity, "webhook-timestamp": sent, "webhook-signature": signature}
for text in (body, body + " "):
    try:
        webhook.verify(text, headers)
        print("taken")
    except Exception as error:
        print("refused")
"#;

const JAVASCRIPT: &str = r#"
const { Webhook } = require("standardwebhooks");
const [secret, id, sent, signature, body] = process.argv.slice(1);
const webhook = new Webhook(secret);
console.log(webhook.sign(id, new Date(Number(sent) * 1000), body));
const headers = { "webhook-id": id, "webhook-timestamp": sent, "webhook-signature": signature };
for (const text of [body, body + " "]) {
  try { webhook.verify(text, headers); console.log("taken"); } catch { console.log("refused"); }
}
"#;

fn agrees(command: &mut Command) {
    let sent = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let (id, secret) = ("01JSD3G5M0EXAMPLE", SigningSecret::new(SECRET).unwrap());
    let other = SigningSecret::new("whsec_dGhpcyBpcyBub3QgeW91ciBzZWNyZXQhISE=").unwrap();
    let ours = sign(std::slice::from_ref(&secret), id, sent, BODY.as_bytes());
    // While secrets are changed: one of two fits.
    let both = sign(&[other, secret], id, sent, BODY.as_bytes());
    let output = command
        .args([SECRET, id, &sent.to_string(), &both, BODY])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines, [ours.as_str(), "taken", "refused"], "{told}");
}

/// B38: Python's library makes the same signatures, takes ours, and refuses what was changed.
#[test]
fn pythons_library_agrees() {
    if let Some(tools) = tools() {
        agrees(Command::new(tools.join("python/bin/python")).args(["-c", PYTHON]));
    }
}

/// B38: JavaScript's library makes the same signatures, takes ours, and refuses what was changed.
#[test]
fn javascripts_library_agrees() {
    if let Some(tools) = tools() {
        let modules = tools.join("node/node_modules");
        agrees(
            Command::new("node")
                .args(["-e", JAVASCRIPT, "--"])
                .env("NODE_PATH", modules),
        );
    }
}
