//! What the demonstration is played on.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use callroute_audio::speech::Speech;
use callroute_router::{Journals, Router, RouterConfig, ShiftedClock, Silent};
use callroute_rules::load;
use callroute_schema::{Event, mask};
use callroute_sip::phone::{AnswerMode, Phone, PhoneConfig, PhoneError};
use callroute_sip::{Config, SipAdapter};
use callroute_store::{CallStore, MemoryCalls};
use callroute_tables::{SystemZones, TableHandle};
use callroute_webhook::{Client, ClientConfig};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::Failure;
use crate::server;

/// The number that is called, and the ring group's members.
pub(crate) const NUMBER: &str = "+13146523057";
pub(crate) const FIRST: &str = "+16822306467";
pub(crate) const SECOND: &str = "+12125551234";
pub(crate) const CALLER: &str = "+14155550123";

/// A background task and the way to stop it.
#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    async fn stop(self) {
        // If the receiver is gone, the task has ended already.
        let _ = self.stop.send(());
        if let Err(error) = self.task.await {
            eprintln!("a task of the demonstration failed: {error}");
        }
    }
}

/// A router, a webhook server and phones.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) router: SocketAddr,
    pub(crate) clock: Arc<ShiftedClock>,
    pub(crate) calls: Arc<MemoryCalls>,
    /// The group's first member answers; the second only rings.
    pub(crate) first: Phone,
    pub(crate) second: Phone,
    pub(crate) caller: Phone,
    pub(crate) voicemail: PathBuf,
    webhook: Option<Running>,
    routing: Running,
}

fn local() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

async fn phone(answer: AnswerMode) -> Result<Phone, PhoneError> {
    let config = PhoneConfig {
        answer,
        ..PhoneConfig::default()
    };
    Phone::bind(local(), config).await
}

impl Stage {
    pub(crate) async fn set() -> Result<Self, Failure> {
        let data = std::env::temp_dir().join(format!("callroute-demo-{}", std::process::id()));
        let listener = TcpListener::bind(local()).await?;
        let webhook = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let serving = server::serve(listener, route, Vec::new(), async {
            // A sender that is dropped wants the server to stop too.
            let _ = stopped.await;
        });
        let webhook_task = Running {
            stop,
            task: tokio::spawn(serving),
        };

        // The table of the example, with the webhook at the port that was free.
        let table =
            include_str!("../../routes.yaml").replace("127.0.0.1:8080", &webhook.to_string());
        let engine = load("examples/routes.yaml", &table, &(), &SystemZones::new())?;

        let first = phone(AnswerMode::After(Duration::from_millis(400))).await?;
        let second = phone(AnswerMode::Ring).await?;
        let caller = phone(AnswerMode::Ring).await?;

        let mut sip = Config::new(local());
        for (number, phone) in [(FIRST, &first), (SECOND, &second)] {
            let uri = format!("sip:{number}@{}", phone.local_addr());
            sip.contacts.insert(number.to_owned(), uri);
        }
        sip.recordings = data.join("voicemail");
        let speech = tokio::task::spawn_blocking(Speech::find).await?;
        println!("text to speech: {}", speech.describe());
        sip.speech = Arc::new(speech);
        let adapter = SipAdapter::bind(sip).await?;
        let router = adapter.local_addr();

        let clock = Arc::new(ShiftedClock::at(chrono::DateTime::UNIX_EPOCH));
        let calls = Arc::new(MemoryCalls::new(16));
        let client = Client::new(ClientConfig::default());
        let mut config = RouterConfig::new(TableHandle::new(Arc::new(engine)), client);
        config.clock = clock.clone();
        config.calls = calls.clone();
        config.journals = Some(Journals::start(&data.join("journal"), Arc::new(Silent))?);
        let (stop, stopped) = oneshot::channel();
        let routing = Router::new(adapter, config)?.run(async {
            let _ = stopped.await;
        });
        println!(
            "router on {router} (UDP and TCP), webhook on http://{webhook}, journals and voicemail in {}",
            data.display()
        );
        Ok(Self {
            router,
            clock,
            calls,
            first,
            second,
            caller,
            voicemail: data.join("voicemail"),
            webhook: Some(webhook_task),
            routing: Running {
                stop,
                task: tokio::spawn(routing),
            },
        })
    }

    /// Stops the webhook server; its connections are closed.
    pub(crate) async fn stop_webhook(&mut self) {
        if let Some(webhook) = self.webhook.take() {
            webhook.stop().await;
        }
    }

    pub(crate) async fn strike(self) {
        self.routing.stop().await;
    }

    /// How many calls are over.
    pub(crate) fn calls_over(&self) -> usize {
        self.calls.recent(usize::MAX).len()
    }

    /// Waits until one more call is over than `before`, and prints its trace.
    pub(crate) async fn print_trace(&self, before: usize) -> Result<String, Failure> {
        for _ in 0..500 {
            let records = self.calls.recent(usize::MAX);
            if let Some(record) = records.first()
                && records.len() > before
            {
                let line = |(at_ms, line): &(u64, String)| format!("  {at_ms:>6} ms  {line}\n");
                let text: String = record.trace.iter().map(line).collect();
                print!("{text}");
                return Ok(text);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err("the router did not end the call".into())
    }

    /// Waits until a message is being recorded; whether one is.
    pub(crate) async fn wait_for_recording(&self, patience: Duration) -> bool {
        let begun = std::time::Instant::now();
        while begun.elapsed() < patience {
            if matches!(self.newest("part"), Ok(Some(_))) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    /// The message that was recorded last.
    pub(crate) fn newest_message(&self) -> Result<Option<PathBuf>, Failure> {
        self.newest("wav")
    }

    fn newest(&self, extension: &str) -> Result<Option<PathBuf>, Failure> {
        let folder = self.voicemail.join("office_closed");
        if !folder.exists() {
            return Ok(None);
        }
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
        // Named by call id, a ULID, whose order is that of time.
        found.sort();
        Ok(found.pop())
    }
}

/// What the webhook answers: whoever pressed 1 gets the ring group.
fn route(event: &Event) -> String {
    let digits = event.menu.as_ref().and_then(|menu| menu.digits.as_ref());
    println!(
        "  webhook: {:?} from {}, digits {:?}",
        event.kind,
        mask(event.from.as_str()),
        digits.map(|d| d.as_str())
    );
    format!(
        r#"{{"action":"forward","destination":{{"type":"ring_group","members":["{FIRST}","{SECOND}"],"strategy":"simultaneous"}}}}"#
    )
}
