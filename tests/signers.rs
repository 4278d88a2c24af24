//! The scheme's own libraries for Rust, Python, Node and PHP sign for this project and for the
//! sample servers, and verify what this project signs.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use callroute_webhook::{REPLAY_WINDOW, SigningSecret, VerifyError, sign, verify};
use http::HeaderMap;
use serde_json::json;

use crate::common::peer;
use crate::common::peer::installed;
use crate::servers::signed::{NEW, OLD, OTHER, now, secrets, status};
use crate::servers::{CALLS, Server};
use crate::types::root;

const ID: &str = "01JSD3G5M00000000000000001";

/// A library in its own language.
struct Library {
    name: &'static str,
    child: Child,
    asked: ChildStdin,
    told: BufReader<ChildStdout>,
}

impl Drop for Library {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Library {
    fn start(name: &'static str, command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        Self {
            name,
            asked: child.stdin.take().unwrap(),
            told: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    fn ask(&mut self, line: &serde_json::Value) -> String {
        writeln!(self.asked, "{line}").unwrap();
        let mut answer = String::new();
        self.told.read_line(&mut answer).unwrap();
        answer.trim_end().to_owned()
    }

    fn sign(&mut self, secret: &str, sent: i64, body: &[u8]) -> String {
        let body = std::str::from_utf8(body).unwrap();
        let signature = self.ask(&json!({"secret": secret, "id": ID, "sent": sent, "body": body}));
        assert!(signature.starts_with("v1,"), "{}: {signature}", self.name);
        signature
    }

    /// What it says of a signature: `ok`, or why not.
    fn judge(&mut self, secret: &str, sent: i64, signature: &str, body: &[u8]) -> String {
        let body = std::str::from_utf8(body).unwrap();
        self.ask(&json!({
            "secret": secret, "id": ID, "sent": sent, "body": body, "signature": signature,
        }))
    }
}

/// The pinned libraries, where `tests/signers/install.py` put them.
fn pinned() -> Option<PathBuf> {
    installed(
        "CALLROUTE_SIGNERS",
        root().join("target/signers"),
        "python3 tests/signers/install.py",
    )
}

/// All of them; none where one is missing.
fn libraries() -> Option<Vec<Library>> {
    let folder = pinned()?;
    if !["python3", "node", "php"].into_iter().all(peer) {
        return None;
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("signers");
    let python = folder.join("python/bin/python");
    Some(vec![
        Library::start("python", Command::new(python).arg(here.join("signer.py"))),
        Library::start(
            "node",
            Command::new("node")
                .arg(here.join("signer.mjs"))
                .arg(folder.join("node")),
        ),
        Library::start("php", Command::new("php").arg(here.join("signer.php"))),
    ])
}

fn secret(text: &str) -> SigningSecret {
    SigningSecret::new(text).unwrap()
}

/// A text that a library may write otherwise on its way: it must not.
fn nasty() -> String {
    let text = std::str::from_utf8(CALLS).unwrap();
    text.replace("abc123xyz", "a/b \\\"ü☎\u{2028} ")
}

fn verified(signature: &str, sent: i64, body: &[u8], now: i64) -> Result<(), VerifyError> {
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", ID.parse().unwrap());
    headers.insert("webhook-timestamp", sent.into());
    headers.insert("webhook-signature", signature.parse().unwrap());
    let now = u64::try_from(now).unwrap();
    verify(
        &[secret(NEW), secret(OLD)],
        &headers,
        body,
        now,
        REPLAY_WINDOW,
    )
    .map(|_| ())
}

/// A19: what each of the scheme's libraries signs is verified here, and nothing else is.
#[test]
fn what_the_libraries_sign_is_verified() {
    let Some(libraries) = libraries() else {
        return;
    };
    let (now, nasty) = (now(), nasty());
    for mut library in libraries {
        for body in [CALLS, nasty.as_bytes(), b""] {
            for text in [NEW, OLD] {
                let signature = library.sign(text, now, body);
                assert_eq!(
                    verified(&signature, now, body, now),
                    Ok(()),
                    "{}",
                    library.name
                );
                let ours = sign(&[secret(text)], ID, u64::try_from(now).unwrap(), body);
                assert_eq!(ours, signature, "{}: byte by byte", library.name);
            }
            let other = library.sign(OTHER, now, body);
            let refused = Err(VerifyError::Signature);
            assert_eq!(
                verified(&other, now, body, now),
                refused,
                "{}",
                library.name
            );
            let signature = library.sign(NEW, now, body);
            assert_eq!(
                verified(&signature, now, b"{}", now),
                refused,
                "{}",
                library.name
            );
            assert_eq!(
                verified(&signature, now + 1, body, now),
                refused,
                "{}",
                library.name
            );
            let old = library.sign(NEW, now - 400, body);
            let seconds = 400;
            let refused = Err(VerifyError::TooOld { seconds });
            assert_eq!(
                verified(&old, now - 400, body, now),
                refused,
                "{}",
                library.name
            );
        }
    }
}

/// A19: each of the scheme's libraries verifies what is signed here, two secrets or one, and
/// refuses what was changed.
#[test]
fn what_is_signed_here_is_verified_by_the_libraries() {
    let Some(libraries) = libraries() else {
        return;
    };
    let (now, nasty) = (now(), nasty());
    let by = |texts: &[&str], sent: i64, body: &[u8]| {
        let secrets: Vec<SigningSecret> = texts.iter().copied().map(secret).collect();
        sign(&secrets, ID, u64::try_from(sent).unwrap(), body)
    };
    for mut library in libraries {
        let name = library.name;
        for body in [CALLS, nasty.as_bytes()] {
            for secrets in [&[NEW][..], &[NEW, OLD], &[OTHER, NEW]] {
                let signature = by(secrets, now, body);
                assert_eq!(library.judge(NEW, now, &signature, body), "ok", "{name}");
                let changed = library.judge(NEW, now, &signature, b"{\"a\":1}");
                assert_ne!(changed, "ok", "{name}");
                assert_ne!(
                    library.judge(NEW, now + 1, &signature, body),
                    "ok",
                    "{name}"
                );
            }
            assert_ne!(
                library.judge(NEW, now, &by(&[OLD], now, body), body),
                "ok",
                "{name}"
            );
            let old = by(&[NEW], now - 400, body);
            assert_ne!(library.judge(NEW, now - 400, &old, body), "ok", "{name}");
        }
    }
}

/// A19, B16: each sample server takes what each library signs with either secret, and refuses
/// what another secret signed, what was changed, and what is too old.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_samples_take_what_the_libraries_sign() {
    let Some(mut libraries) = libraries() else {
        return;
    };
    let samples = [
        (
            "webhook.py",
            Server::talkative_with("python3", "webhook.py", &secrets()),
        ),
        (
            "webhook.mjs",
            Server::talkative_with("node", "webhook.mjs", &secrets()),
        ),
        ("webhook.php", Server::php_with(&secrets()).await),
    ];
    let forged = String::from_utf8_lossy(CALLS).replace("+14155550123", "+19005550123");
    for (sample, server) in &samples {
        for library in &mut libraries {
            let now = now();
            let (good, old) = (library.sign(NEW, now, CALLS), library.sign(OLD, now, CALLS));
            let both = format!("{} {old}", library.sign(OTHER, now, CALLS));
            let late = library.sign(NEW, now - 400, CALLS);
            let cases: [(u16, i64, String, &[u8]); 6] = [
                (200, now, good.clone(), CALLS),
                (200, now, old, CALLS),
                (200, now, both, CALLS),
                (401, now, library.sign(OTHER, now, CALLS), CALLS),
                (401, now, good, forged.as_bytes()),
                (401, now - 400, late, CALLS),
            ];
            for (wanted, sent, signature, body) in cases {
                let asked = status(&server.url, ID, sent, &signature, body);
                let found = tokio::time::timeout(Duration::from_secs(10), asked)
                    .await
                    .unwrap();
                assert_eq!(found, wanted, "{sample}, {}: {signature}", library.name);
            }
        }
    }
}
