//! What the command line may say.

use std::net::SocketAddr;
use std::path::PathBuf;

use callroute_audio::Tones;
use clap::Parser;

use crate::contact;

/// A call router: answers SIP calls by a routing file.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// Place three calls on loopback sockets, show what happened, and exit
    #[arg(long)]
    pub(crate) demo: bool,
    /// Where to listen, on UDP and TCP
    #[arg(long, default_value = "127.0.0.1:5060")]
    pub(crate) listen: SocketAddr,
    /// Where to listen for TLS, as in 0.0.0.0:5061
    #[arg(long, requires = "certificate")]
    pub(crate) tls: Option<SocketAddr>,
    /// The certificate for TLS, with its chain, a PEM file
    #[arg(long, requires = "key")]
    pub(crate) certificate: Option<PathBuf>,
    /// Its key, a PEM file
    #[arg(long, requires = "tls")]
    pub(crate) key: Option<PathBuf>,
    /// Where to listen for WebSocket; for programs and gateways, not for browsers, whose sound needs
    /// DTLS-SRTP
    #[arg(long)]
    pub(crate) ws: Option<SocketAddr>,
    /// A file of users whose telephones may register, one a line as in ann:secret; they are called as
    /// destination { type: user, name: ann }
    #[arg(long)]
    pub(crate) users: Option<PathBuf>,
    /// The routing file; a change is taken with the next call
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/routes.yaml"))]
    pub(crate) routes: PathBuf,
    /// The gateway for numbers, as in sip:gateway.example:5060
    #[arg(long)]
    pub(crate) trunk: Option<String>,
    /// A number with a phone of its own, as in +16822306467=sip:ann@192.0.2.7; may be repeated
    #[arg(long, value_parser = contact::read)]
    pub(crate) contact: Vec<(String, String)>,
    /// Whose P-Asserted-Identity is believed, such as the gateway: an address or a range of
    /// addresses; may be repeated
    #[arg(long)]
    pub(crate) trusted: Vec<callroute_sip::Network>,
    /// Call whom a callee names that is elsewhere (302), as far as `destinations` of the routing
    /// file let it
    #[arg(long)]
    pub(crate) follow: bool,
    /// The address that others reach us at, when it is not the one that is listened on
    #[arg(long)]
    pub(crate) advertise: Option<std::net::IpAddr>,
    /// Set the clock that rules go by, as in 2026-04-21T10:32:00-04:00; it runs on from there
    #[arg(long)]
    pub(crate) clock: Option<chrono::DateTime<chrono::FixedOffset>>,
    /// Write every event of every call to this file, as JSON lines
    #[arg(long)]
    pub(crate) events: Option<PathBuf>,
    /// Post every event of every call to this URL, until it is taken; may be repeated
    #[arg(long)]
    pub(crate) callback: Vec<String>,
    /// Whoever is called may press keys during a call: #1 and *2 transfer, *0 takes back, *3 makes
    /// it three, #72 parks, *1 records
    #[arg(long)]
    pub(crate) codes: bool,
    /// The database that `sql` lookups of the routing file ask, an SQLite file
    #[arg(long)]
    pub(crate) database: Option<PathBuf>,
    /// The server that messages are mailed by, as in smtp://127.0.0.1:25 or
    /// smtps://user:password@mail.example
    #[arg(long, requires = "mail_from")]
    pub(crate) mail: Option<String>,
    /// What callers hear of the network is that of this country, by its two letters, as in de;
    /// unless told, that of the routing file's `region`, else of us
    #[arg(long, value_parser = tones)]
    pub(crate) tones: Option<Tones>,
    /// A folder with prompts of your own (WAV, Opus, .ulaw, .alaw, .g722); may be repeated
    #[arg(long)]
    pub(crate) prompts: Vec<PathBuf>,
    /// A server that speaks texts by POST /v1/audio/speech, as in https://api.openai.com; what it
    /// fails at is spoken by flite or espeak-ng
    #[arg(long)]
    pub(crate) speech: Option<String>,
    /// Its model
    #[arg(long, requires = "speech", default_value = "tts-1")]
    pub(crate) speech_model: String,
    /// Its voice
    #[arg(long, requires = "speech", default_value = "alloy")]
    pub(crate) speech_voice: String,
    /// The environment variable, or with a / the file, that holds its key
    #[arg(long, requires = "speech")]
    pub(crate) speech_key: Option<String>,
    /// Who such mail is from
    #[arg(long, requires = "mail")]
    pub(crate) mail_from: Option<String>,
    /// How many microseconds a thread keeps looking for the next message before it sleeps, for who has
    /// a core for it
    #[arg(long, default_value_t = 0)]
    pub(crate) spin: u64,
    /// How long calls may go on after SIGTERM or Ctrl-C, in seconds; then they are hung up
    #[arg(long, default_value_t = 30)]
    pub(crate) drain: u64,
    /// Where recordings, messages, journals, registrations, and events that no server has taken yet
    /// are kept
    #[arg(long, default_value = "callroute-data")]
    pub(crate) data: PathBuf,
}

fn tones(country: &str) -> Result<Tones, String> {
    let known = || Tones::countries().collect::<Vec<_>>().join(" ");
    Tones::of(country).ok_or_else(|| format!("the tones of these countries are known: {}", known()))
}
