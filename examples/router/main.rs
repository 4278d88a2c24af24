//! A router that answers SIP calls by `examples/routes.yaml`:
//! `cargo run --release --example router`, or with `-- --demo` for three calls that it places itself.

#[path = "../common/console.rs"]
mod console;
mod demo;
#[path = "../common/server.rs"]
mod server;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use callroute_audio::speech::Speech;
use callroute_control::{Callbacks, LinesSink, Sink, WebhookSink};
use callroute_router::{Journals, Observer, Router, RouterConfig, ShiftedClock};
use callroute_sip::{Config, SipAdapter};
use callroute_store::FolderMessages;
use callroute_tables::FileTable;
use callroute_webhook::{Client, ClientConfig, Endpoints};
use clap::Parser;
use console::Console;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A call router: answers SIP calls by a routing file.
#[derive(Debug, Parser)]
struct Args {
    /// Place three calls on loopback sockets, show what happened, and exit
    #[arg(long)]
    demo: bool,
    /// Where to listen, on UDP and TCP
    #[arg(long, default_value = "127.0.0.1:5060")]
    listen: SocketAddr,
    /// The routing file; a change is taken with the next call
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/routes.yaml"))]
    routes: PathBuf,
    /// The gateway for numbers, as in sip:gateway.example:5060
    #[arg(long)]
    trunk: Option<String>,
    /// A number with a phone of its own, as in +16822306467=sip:ann@192.0.2.7; may be repeated
    #[arg(long, value_parser = contact)]
    contact: Vec<(String, String)>,
    /// Whose P-Asserted-Identity is believed, such as the gateway; may be repeated
    #[arg(long)]
    trusted: Vec<std::net::IpAddr>,
    /// The address that others reach us at, when it is not the one that is listened on
    #[arg(long)]
    advertise: Option<std::net::IpAddr>,
    /// Set the clock that rules go by, as in 2026-04-21T10:32:00-04:00; it runs on from there
    #[arg(long)]
    clock: Option<chrono::DateTime<chrono::FixedOffset>>,
    /// Write every event of every call to this file, as JSON lines
    #[arg(long)]
    events: Option<PathBuf>,
    /// Post every event of every call to this URL, until it is taken; may be repeated
    #[arg(long)]
    callback: Vec<String>,
    /// How long calls may go on after SIGTERM or Ctrl-C, in seconds; then they are hung up
    #[arg(long, default_value_t = 30)]
    drain: u64,
    /// Where recordings and journals are kept
    #[arg(long, default_value = "callroute-data")]
    data: PathBuf,
}

fn contact(text: &str) -> Result<(String, String), String> {
    let (number, uri) = text
        .split_once('=')
        .ok_or("expected NUMBER=URI, as in +16822306467=sip:ann@192.0.2.7")?;
    Ok((number.to_owned(), uri.to_owned()))
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let run = if args.demo {
        demo::run().await
    } else {
        serve(args).await
    };
    match run {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Tells events to a file and to web servers, beside the console.
fn callbacks(
    events: &Option<PathBuf>,
    urls: &[String],
    data: &std::path::Path,
    console: Arc<dyn Observer>,
) -> Result<Arc<Callbacks>, Failure> {
    let lines = events
        .iter()
        .map(|path| Sink::Lines(LinesSink::new(path.clone())));
    let mut sinks: Vec<Sink> = lines.collect();
    for (n, url) in urls.iter().enumerate() {
        let (url, local) = (std::slice::from_ref(url), ["127.0.0.0/8".to_owned()]);
        let to = Endpoints::new("callback", url, Duration::from_secs(5), &local)?;
        let outbox = data.join("callbacks").join(n.to_string());
        sinks.push(Sink::Webhook(WebhookSink::new(to, outbox)));
    }
    let callbacks = Callbacks::start(sinks, &ClientConfig::default(), console)?;
    Ok(Arc::new(callbacks))
}

/// Waits for SIGTERM or Ctrl-C.
async fn signalled() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            ctrl_c = tokio::signal::ctrl_c() => ctrl_c,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

async fn serve(args: Args) -> Result<(), Failure> {
    let table = FileTable::open(&args.routes)?;
    let speech = Speech::find();
    let mut sip = Config::new(args.listen);
    sip.advertised = args.advertise;
    sip.trunk = args.trunk.clone();
    sip.trusted = args.trusted;
    sip.contacts = args.contact.into_iter().collect();
    sip.recordings = args.data.join("voicemail");
    println!("text to speech: {}", speech.describe());
    sip.speech = Arc::new(speech);
    let adapter = SipAdapter::bind(sip).await?;
    let listening = adapter.local_addr();
    let (sip, drain) = (adapter.handle(), Duration::from_secs(args.drain));

    let console: Arc<dyn Observer> = Arc::new(Console);
    let mut config = RouterConfig::new(table.handle(), Client::new(ClientConfig::default()));
    config.journals = Some(Journals::start(
        &args.data.join("journal"),
        console.clone(),
    )?);
    let callbacks = callbacks(&args.events, &args.callback, &args.data, console)?;
    config.observer = callbacks.clone();
    let (messages, strange) = FolderMessages::open(&args.data.join("messages"))?;
    for path in strange {
        eprintln!("{} is no message; it is left alone", path.display());
    }
    config.messages = Arc::new(messages);
    if let Some(time) = args.clock {
        config.clock = Arc::new(ShiftedClock::at(time.to_utc()));
    }
    let router = Router::new(adapter, config)?;
    let engine = table.current();
    let _watch = table.watch(Duration::from_secs(1), console::reloaded);

    println!(
        "routes: {} (time zones: {})",
        args.routes.display(),
        engine.zone_release()
    );
    println!("listening on {listening}, SIP over UDP and TCP; Ctrl-C or SIGTERM stops");
    for number in engine.numbers() {
        println!(
            "call it: cargo run --release --example call -- sip:{number}@{listening} --press 1"
        );
    }
    if args.trunk.is_none() {
        println!("no --trunk and no --contact for a number: calls to that number are unreachable");
    }
    let stop = async {
        if let Err(error) = signalled().await {
            eprintln!("cannot wait for signals: {error}");
        }
        println!("stopping: no new calls; those that go on have {drain:?}");
        let left = sip.drain(drain).await;
        println!("stopping: {left} calls are hung up");
    };
    router.run(stop).await;
    sip.settled(Duration::from_secs(2)).await;
    if !callbacks.flush(Duration::from_secs(10)) {
        eprintln!("the last events are not on the disk: they are lost");
    }
    println!("stopped");
    Ok(())
}
