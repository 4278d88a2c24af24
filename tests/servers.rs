//! The sample webhook servers, those of `examples/servers` and the one in Rust, run as their first
//! line says.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use callroute_schema::Event;
use callroute_webhook::{AskReport, Client, ClientConfig, Endpoints, SigningSecret};

use crate::common::example::program;
use crate::common::webhook::RING_GROUP;
use crate::common::{peer, until};

mod refusals;

/// The event of a caller who pressed 1 in the menu.
const PRESSED_ONE: &[u8] = br#"{"event":"incoming_call","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz","menu":{"name":"main","digits":"1","attempt":1}}"#;
/// The same call before anything was pressed.
pub(crate) const CALLS: &[u8] = br#"{"event":"incoming_call","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#;

/// A sample server that runs; killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    child: Child,
    client: Client,
    endpoints: Endpoints,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../examples/servers")
        .join(name)
}

/// Signatures as the Standard Webhooks libraries make them; the samples have to take them.
pub(crate) mod signed {
    use standardwebhooks::Webhook;

    use super::*;

    pub(crate) const NEW: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    pub(crate) const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    pub(crate) const OTHER: &str = "whsec_dGhpcyBpcyBub3QgeW91ciBzZWNyZXQhISE=";

    pub(crate) fn now() -> i64 {
        chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()).timestamp()
    }

    /// The status of one request that is signed by the library.
    pub(crate) async fn status(
        url: &str,
        id: &str,
        sent: i64,
        signature: &str,
        body: &[u8],
    ) -> u16 {
        use http_body_util::Full;
        let uri: http::Uri = url.parse().unwrap();
        let authority = uri.authority().unwrap().as_str();
        let stream = tokio::net::TcpStream::connect(authority).await.unwrap();
        let io = hyper_util::rt::TokioIo::new(stream);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::post(uri.path())
            .header("host", authority)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", sent)
            .header("webhook-signature", signature)
            .body(Full::new(bytes::Bytes::copy_from_slice(body)))
            .unwrap();
        sender
            .send_request(request)
            .await
            .unwrap()
            .status()
            .as_u16()
    }

    /// A sample takes what either secret signed lately, and nothing else.
    pub(super) async fn judge(server: &Server) {
        let (id, now) = ("msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", now());
        let by = |secret: &str, sent| Webhook::new(secret).unwrap().sign(id, sent, CALLS).unwrap();
        let both = format!("{} {}", by(OTHER, now), by(OLD, now));
        let forged = String::from_utf8_lossy(CALLS).replace("+14155550123", "+19005550123");
        let cases: [(&str, u16, i64, String, &[u8]); 9] = [
            ("the new secret", 200, now, by(NEW, now), CALLS),
            ("the old secret", 200, now, by(OLD, now), CALLS),
            ("one of two signatures", 200, now, both, CALLS),
            ("another secret", 401, now, by(OTHER, now), CALLS),
            ("a changed body", 401, now, by(NEW, now), forged.as_bytes()),
            ("too old", 401, now - 400, by(NEW, now - 400), CALLS),
            ("too new", 401, now + 400, by(NEW, now + 400), CALLS),
            (
                "another time than was signed",
                401,
                now,
                by(NEW, now - 10),
                CALLS,
            ),
            (
                "another version",
                401,
                now,
                by(NEW, now).replace("v1,", "v1a,"),
                CALLS,
            ),
        ];
        for (name, wanted, sent, signature, body) in cases {
            let found = status(&server.url, id, sent, &signature, body).await;
            assert_eq!(found, wanted, "{name}");
        }
        // And what this project signs itself.
        for (secrets, fine) in [
            (&[NEW][..], true),
            (&[OTHER, OLD], true),
            (&[OTHER], false),
            (&[], false),
        ] {
            let mut endpoints = server.endpoints.clone();
            endpoints.secrets = secrets
                .iter()
                .map(|text| SigningSecret::new(text).unwrap())
                .collect();
            let asked = Client::new(ClientConfig::default());
            let asked = asked
                .ask(&endpoints, &Event::from_json(CALLS).unwrap())
                .await;
            assert_eq!(
                asked.result.is_ok(),
                fine,
                "{secrets:?}: {:?}",
                asked.result
            );
        }
    }

    pub(crate) fn secrets() -> String {
        format!("{NEW} {OLD}")
    }
}

/// A19, B16: the sample in Rust verifies signatures, and answers without a secret.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rust_verifies() {
    signed::judge(&Server::rust(&signed::secrets())).await;
    Server::rust("").answers().await;
}

/// A19, B16: the sample in Python verifies signatures.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_verifies() {
    if peer("python3") {
        signed::judge(&Server::talkative_with(
            "python3",
            "webhook.py",
            &signed::secrets(),
        ))
        .await;
    }
}

/// A19, B16: the sample in Node verifies signatures.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_verifies() {
    if peer("node") {
        signed::judge(&Server::talkative_with(
            "node",
            "webhook.mjs",
            &signed::secrets(),
        ))
        .await;
    }
}

/// A19, B16: the sample in PHP verifies signatures.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn php_verifies() {
    if peer("php") {
        signed::judge(&Server::php_with(&signed::secrets()).await).await;
    }
}

impl Server {
    fn new(child: Child, url: &str) -> Self {
        let urls = [url.to_owned()];
        let allow = ["127.0.0.0/8".to_owned()];
        let endpoints = Endpoints::new("sales", &urls, Duration::from_secs(10), &allow).unwrap();
        Self {
            url: url.to_owned(),
            child,
            client: Client::new(ClientConfig::default()),
            endpoints,
        }
    }

    /// Starts a server that takes any free port and says on its first line where it is.
    pub(crate) fn talkative(program: &str, name: &str) -> Self {
        Self::talkative_with(program, name, "")
    }

    /// The same, with secrets.
    pub(crate) fn talkative_with(program: &str, name: &str, secrets: &str) -> Self {
        Self::that_says_where(sample(program, name), secrets)
    }

    /// The sample in Rust.
    fn rust(secrets: &str) -> Self {
        let mut command = Command::new(program("webhook_server"));
        command.arg("127.0.0.1:0");
        Self::that_says_where(command, secrets)
    }

    /// A command that says on its first line where it is.
    pub(crate) fn that_says_where(mut command: Command, secrets: &str) -> Self {
        let mut child = with_secrets(&mut command, secrets)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        // It goes on to print a line a call, which somebody has to take.
        std::thread::spawn(move || lines.for_each(drop));
        let url = first
            .split_whitespace()
            .find(|word| word.starts_with("http://"));
        Self::new(
            child,
            url.unwrap_or_else(|| panic!("it says no URL: {first}")),
        )
    }

    pub(crate) async fn php() -> Self {
        Self::php_with("").await
    }

    pub(crate) async fn php_with(secrets: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let mut command = Command::new("php");
        command
            .args(["-S", &free.to_string()])
            .arg(script("webhook.php"));
        let child = with_secrets(&mut command, secrets)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self::new(child, &format!("http://{free}/webhook/sales"));
        until("php listens", || accepts(free)).await;
        server
    }

    async fn ask(&self, event: &[u8]) -> AskReport {
        self.client
            .ask(&self.endpoints, &Event::from_json(event).unwrap())
            .await
    }

    /// It answers as the mission says, each time anew; gives how many asks reused a connection.
    async fn answers(&self) -> usize {
        let voicemail = self.ask(CALLS).await.result.unwrap();
        assert_eq!(
            serde_json::to_string(&voicemail).unwrap(),
            r#"{"action":"voicemail","message":"general"}"#
        );
        let mut reused = 0;
        for _ in 0..20 {
            let asked = self.ask(PRESSED_ONE).await;
            let answer = asked.result.unwrap_or_else(|failure| panic!("{failure:?}"));
            assert_eq!(serde_json::to_string(&answer).unwrap(), RING_GROUP);
            reused += usize::from(asked.attempts[0].reused);
            // The connection goes back into the pool beside us.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        reused
    }
}

/// Without any, the variable is not set; set to nothing it would be refused.
fn with_secrets<'a>(command: &'a mut Command, secrets: &str) -> &'a mut Command {
    match secrets {
        "" => command.env_remove("CALLROUTE_SECRET"),
        secrets => command.env("CALLROUTE_SECRET", secrets),
    }
    .stdin(Stdio::null())
}

fn sample(program: &str, name: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(script(name)).arg("0");
    command
}

fn accepts(addr: SocketAddr) -> bool {
    TcpStream::connect_timeout(&addr, Duration::from_millis(200)).is_ok()
}

/// A10, B15, B16, B19: Python's standard library.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_answers() {
    if peer("python3") {
        let reused = Server::talkative("python3", "webhook.py").answers().await;
        assert!(reused >= 18, "only {reused} of 20 asks reused a connection");
    }
}

/// A10, B15, B16, B19: Node's standard library.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_answers() {
    if peer("node") {
        let reused = Server::talkative("node", "webhook.mjs").answers().await;
        assert!(reused >= 18, "only {reused} of 20 asks reused a connection");
    }
}

/// A10, B15, B16, B19: PHP's own server, which closes the connection after each answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn php_answers() {
    if peer("php") {
        Server::php().await.answers().await;
    }
}
