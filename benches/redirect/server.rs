//! The servers that are compared: processes of their own, and what they use.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use callroute_media::OfferedCall;
use callroute_rules::{ChronoTz, Engine, Facts, Outcome, load};
use callroute_schema::{Action, Actions, Destination, Event};
use callroute_sip::redirect::{Config, Redirector, Responder, Verdict};
use callroute_webhook::{Client, ClientConfig, Endpoints};

use crate::process::Process;
use crate::{Failure, PREFIXES, SLOW, prefix};

/// How long a webhook may take.
const DEADLINE: Duration = Duration::from_secs(3);

fn table() -> Result<Engine, Failure> {
    let mut text = String::from(r#"{"version":1,"default":{"action":"reject"},"numbers":{"#);
    for n in 0..PREFIXES {
        let comma = if n == 0 { "" } else { "," };
        let prefix = prefix(n);
        text.push_str(&format!(
            r#"{comma}"{prefix}*":[{{"then":{{"action":"forward","destination":{{"type":"sip","uri":"sip:gw{n}@192.0.2.1"}}}}}}]"#
        ));
    }
    text.push_str("}}");
    let faults = |faults| format!("{faults:.300}");
    Ok(load("routes.json", &text, &(), &ChronoTz).map_err(faults)?)
}

fn event(template: &Event, offer: &OfferedCall) -> Event {
    let mut event = template.clone();
    event.from = offer.from.clone();
    event.to = offer.to.clone();
    event
}

fn verdict(actions: &[Action]) -> Verdict {
    if let [Action::Forward(forward), ..] = actions
        && let Destination::Sip(sip) = &forward.destination
    {
        return Verdict::Redirect {
            contacts: vec![sip.uri.to_string()],
        };
    }
    Verdict::Refuse {
        status: 403,
        q850: Some(21),
    }
}

fn decide(engine: &Engine, event: &Event) -> Verdict {
    match engine.decide(event, &Facts::default()) {
        Outcome::Decided(decision) => verdict(decision.actions()),
        Outcome::Need(_) => verdict(&[]),
    }
}

/// What asks a web server.
struct Asker {
    client: Client,
    fast: Arc<Endpoints>,
    slow: Arc<Endpoints>,
}

impl Asker {
    fn new(webhook: SocketAddr) -> Result<Self, Failure> {
        let allow = ["127.0.0.0/8".to_owned()];
        let named = |name: &str| {
            let url = format!("http://{webhook}/{name}");
            Endpoints::new(name, &[url], DEADLINE, &allow).map(Arc::new)
        };
        Ok(Self {
            client: Client::new(ClientConfig::default()),
            fast: named("fast")?,
            slow: named("slow")?,
        })
    }

    fn ask(&self, event: Event, responder: Responder) {
        let is_slow = event
            .from
            .address()
            .is_some_and(|from| from.as_str() == SLOW);
        let endpoints = Arc::clone(if is_slow { &self.slow } else { &self.fast });
        let client = self.client.clone();
        responder.answer_later(async move {
            let asked = client.ask(&endpoints, &event).await;
            let actions = asked.result.as_ref().map_or(&[][..], Actions::as_slice);
            verdict(actions)
        });
    }
}

/// Longer than the pause between two calls when the latency is measured.
const SPIN: Duration = Duration::from_millis(5);
/// How such a server is named.
const SPINNING: &str = "spinning";

/// Runs as the server, until it is killed: `stateful`, `spinning`, `stateless`, the address of a
/// webhook, or both `spinning,` and that.
pub(crate) fn serve(kind: &str, addr: SocketAddr) -> Result<(), Failure> {
    let json = r#"{"event":"incoming_call","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#;
    let template = Event::from_json(json.as_bytes())?;
    let mut config = Config::new(addr);
    config.stateful = kind != "stateless";
    if kind.starts_with(SPINNING) {
        config.spin = SPIN;
    }
    config.max_transactions = 10_000_000;
    config.protection.exempt = vec![addr.ip().into()];
    let webhook = kind.strip_prefix(SPINNING).unwrap_or(kind);
    let webhook = webhook.trim_start_matches(',');
    let _redirector = match webhook.parse() {
        Ok(webhook) => {
            let asker = Asker::new(webhook)?;
            Redirector::start(&config, move |offer: &OfferedCall, responder: Responder| {
                asker.ask(event(&template, offer), responder);
            })?
        }
        Err(_) => {
            let engine = table()?;
            Redirector::start(&config, move |offer: &OfferedCall, responder: Responder| {
                responder.answer(decide(&engine, &event(&template, offer)));
            })?
        }
    };
    loop {
        std::thread::park();
    }
}

/// A server that is measured.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) addr: SocketAddr,
    /// Where its files are; removed with it.
    folder: Option<PathBuf>,
}

impl Server {
    /// Starts one of ours.
    pub(crate) fn ours(kind: &str, addr: SocketAddr) -> Result<Self, Failure> {
        Ok(Self {
            process: Process::start(&["serve", kind, &addr.to_string()])?,
            addr,
            folder: None,
        })
    }

    /// Another program, with a folder of its own.
    pub(crate) fn other(process: Process, addr: SocketAddr, folder: PathBuf) -> Self {
        Self {
            process,
            addr,
            folder: Some(folder),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
