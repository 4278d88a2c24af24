//! A message that a caller leaves is kept, told of to a webhook, and mailed with its sound; the
//! mail server is Python's own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use callroute_router::SmtpMail;
use callroute_schema::EventKind;
use callroute_sip::phone::{Phone, PhoneConfig};

use crate::common::wait::{PATIENCE, came_true};
use crate::common::webhook::Webhook;
use crate::common::{Bench, peer};

/// Takes mail and prints it, ready when it says so.
const SERVER: &str = "
import asyncore, smtpd, sys, warnings
class Server(smtpd.SMTPServer):
    def process_message(self, peer, mailfrom, rcpttos, data, **kwargs):
        print('FROM', mailfrom, 'TO', ','.join(rcpttos))
        print(data.decode('utf-8', 'replace'))
        print('END', flush=True)
Server((sys.argv[1], int(sys.argv[2])), None, data_size_limit=64 * 1024 * 1024)
print('READY', flush=True)
asyncore.loop()
";

struct MailServer {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    fn start(addr: SocketAddr) -> Self {
        let mut child = Command::new("python3")
            .args(["-W", "ignore", "-c", SERVER])
            .args([addr.ip().to_string(), addr.port().to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = child.stdout.take().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let log = lines.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines() {
                let Ok(line) = line else { return };
                log.lock().unwrap().push(line);
            }
        });
        Self { child, lines }
    }

    async fn said(&self, what: &str) -> bool {
        let lines = self.lines.clone();
        came_true(PATIENCE, || {
            lines.lock().unwrap().iter().any(|line| line == what)
        })
        .await
    }

    fn text(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether this machine's Python still has a mail server of its own (until 3.11).
fn has_server() -> bool {
    let found = Command::new("python3")
        .args(["-W", "ignore", "-c", "import smtpd, asyncore"])
        .stderr(Stdio::null())
        .status();
    found.is_ok_and(|status| status.success())
}

/// B13: who left a message, when and why is kept, told and mailed, with the sound attached.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_kept_told_and_mailed() {
    if !peer("python3") || !has_server() {
        return;
    }
    let bench = Bench::new();
    let smtp = SocketAddr::new(bench.ip.into(), bench.free_port());
    let server = MailServer::start(smtp);
    assert!(server.said("READY").await);
    let webhook = Webhook::start(r#"{"action":"hangup"}"#).await;
    let table = format!(
        r#"
version: 1
default: {{ action: reject }}
webhooks: {{ log: {{ urls: ["http://{}/log"], allow: ["127.0.0.0/8"] }} }}
numbers:
  "+13146523057":
    - name: nobody is here
      then: {{ action: voicemail, message: message, webhook: log, mail: [ann@office.example, bob@office.example] }}
"#,
        webhook.addr
    );
    let router = bench
        .router_made(&table, bench.config(&[]), |config| {
            let mail = SmtpMail::new(&format!("smtp://{smtp}"), "Office <office@office.example>");
            config.mail = Some(Arc::new(mail.unwrap()));
        })
        .await;
    let addr = SocketAddr::new(bench.ip.into(), bench.free_port());
    let caller = Phone::bind(addr, PhoneConfig::default()).await.unwrap();
    let to = format!("sip:+13146523057@{}", router.addr);
    let call = caller.call(&to, "+14155550123").await.unwrap();
    call.wait_answered(PATIENCE).await.unwrap();
    call.send_tone(700);
    router
        .noted("the recording", |note| {
            matches!(note, callroute_session::Note::Recording { .. })
        })
        .await;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    call.hangup();
    router.settled(1).await;

    assert!(server.said("END").await, "no mail; {}", router.seen.trace());
    let text = server.text();
    for part in [
        "FROM office@office.example TO ann@office.example,bob@office.example",
        "Subject: Voicemail for message from +14155550123",
        "Why: decided by +13146523057 rule 1 \"nobody is here\"",
        "Content-Type: audio/wav",
        // "RIFF", the beginning of a WAV file, in base64.
        "UklGR",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }

    let list = router.messages.list("message");
    assert_eq!(list.len(), 1, "{list:?}");
    assert_eq!(list[0].from.as_str(), "+14155550123");
    assert!(list[0].duration_ms >= 1_000, "{list:?}");
    assert_eq!(router.messages.waiting("message").new, 1);

    assert!(came_true(PATIENCE, || !webhook.asked().is_empty()).await);
    let event = &webhook.asked()[0];
    assert_eq!(event.kind, EventKind::VoicemailRecorded);
    assert_eq!(event.attributes["mailbox"], "message");
    assert_eq!(event.recording.as_ref().unwrap().url, list[0].url);
}
