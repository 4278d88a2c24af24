//! The router itself: a table that is watched, SIP, journals, messages, and events for others.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use callroute_control::{LinesSink, Sink, StatusCallbacks, Stray, WebhookSink, outbox_of, strays};
use callroute_router::{Journals, Lookups, Observer, Router, RouterConfig, ShiftedClock, SmtpMail};
use callroute_session::{FeatureCodes, Settings};
use callroute_sip::{Config, Permit, Redirects, SipAdapter};
use callroute_store::{FolderMessages, SqliteRows};
use callroute_webhook::{Client, ClientConfig, Endpoints};

use crate::Failure;
use crate::args::Args;
use crate::console::Console;
use crate::phones;
use crate::reload;
use crate::signal;
use crate::sounds;

/// Serves calls until a signal comes.
pub(crate) async fn serve(args: Args) -> Result<(), Failure> {
    let lookups = match &args.database {
        Some(database) => Lookups::default().with_database(SqliteRows::open(database)?),
        None => Lookups::default(),
    };
    let table = reload::open(&args.routes, &lookups)?;
    let speech = sounds::speech(&args)?;
    let mut sip = Config::new(args.listen);
    sip.prompts = Arc::new(sounds::prompts(&args)?);
    sip.tones = args
        .tones
        .unwrap_or_else(|| sounds::tones(table.current().region()));
    sip.codecs = callroute_audio::Codec::ALL.to_vec();
    sip.advertised = args.advertise;
    sip.spin = Duration::from_micros(args.spin);
    sip.trunk = args.trunk.clone();
    sip.trusted = args.trusted.clone();
    sip.contacts = args.contact.iter().cloned().collect();
    let emergencies = table.handle();
    let spared = Permit::new(move |dialed| emergencies.current().is_emergency(dialed));
    sip.headroom.spared = Some(spared);
    if args.follow {
        let table = table.handle();
        let permit = Permit::new(move |uri| table.current().permits(uri));
        sip.redirects = Redirects::Follow(permit);
    }
    sip.recordings = args.data.join("voicemail");
    sip.speech = Arc::clone(&speech);
    phones::set_up(&args, &mut sip)?;
    let adapter = SipAdapter::bind(sip).await?;
    phones::tell(&adapter);
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
    if args.codes {
        config.settings = Arc::new(Settings {
            features: Some(FeatureCodes::default()),
            ..Settings::default()
        });
    }
    config.lookups = lookups;
    if let (Some(server), Some(from)) = (&args.mail, &args.mail_from) {
        config.mail = Some(Arc::new(SmtpMail::new(server, from)?));
    }
    if let Some(time) = args.clock {
        config.clock = Arc::new(ShiftedClock::at(time.to_utc()));
    }
    let router = Router::new(adapter, config)?;
    let engine = table.current();
    sounds::prepare(&speech, &engine);
    let _watch = table.watch(Duration::from_secs(1), move |table| {
        if let Ok(engine) = &table {
            sounds::prepare(&speech, engine);
        }
        reload::told(table);
    })?;

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
        if let Err(error) = signal::stop().await {
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

/// Tells events to a file and to web servers, beside the console.
fn callbacks(
    events: &Option<std::path::PathBuf>,
    urls: &[String],
    data: &Path,
    console: Arc<dyn Observer>,
) -> Result<Arc<StatusCallbacks>, Failure> {
    let lines = events
        .iter()
        .map(|path| Sink::Lines(LinesSink::new(path.clone())));
    let mut sinks: Vec<Sink> = lines.collect();
    let folder = data.join("callbacks");
    for url in urls {
        let (outbox, local) = (outbox_of(&folder, url), ["127.0.0.0/8".to_owned()]);
        let url = std::slice::from_ref(url);
        let to = Endpoints::new("callback", url, Duration::from_secs(5), &local)?;
        sinks.push(Sink::Webhook(WebhookSink::new(to, outbox)));
    }
    for Stray { outbox, events } in strays(&folder, &sinks)? {
        let outbox = outbox.display();
        eprintln!(
            "{outbox} has {events} events for a --callback that is not given: they stay there"
        );
    }
    let callbacks = StatusCallbacks::start(sinks, &ClientConfig::default(), console)?;
    Ok(Arc::new(callbacks))
}
