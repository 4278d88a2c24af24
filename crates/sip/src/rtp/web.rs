//! Sounds from the web: fetched whole before they are heard, within bounds, and kept for a while.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use callroute_audio::file::{self, FileError};
use callroute_audio::pcm::Pcm;
use callroute_schema::{Network, special_use};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use sipx_transport::tls::verification_name;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::timeout;

use crate::trust::Trust;

/// How long a sound may take to be fetched and read.
const WITHIN: Duration = Duration::from_secs(5);
/// Largest sound, in bytes: eight minutes of 8 kHz, 16 bit.
const MAX_BYTES: usize = 8 << 20;
/// Longest sound: 20 minutes. So many bytes of Opus hold more.
const MAX_MS: u64 = 20 * 60 * 1000;
/// Sounds that are kept, their samples together (half an hour in both bands, 86 MB), and for how
/// long.
const KEPT: usize = 32;
const MAX_SAMPLES: usize = 30 * 60 * 3 * 8000;
const FOR: Duration = Duration::from_secs(300);
/// Sounds that are being fetched at a time.
const AT_A_TIME: usize = 16;

/// Why a sound could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WebFault {
    /// Neither `http://…` nor `https://…`.
    #[error("no http or https URL")]
    Url,
    /// The name has no address.
    #[error("no address for {0}")]
    Name(String),
    /// The address is none of the public internet, and not allowed by name.
    #[error("{0} is no address of the public internet; `Config::sounds` may allow it")]
    Address(IpAddr),
    /// Nobody there, or a broken connection.
    #[error("cannot connect: {0}")]
    Connect(#[from] std::io::Error),
    /// No certificate that can be trusted.
    #[error(transparent)]
    Tls(#[from] sipx_transport::tls::TlsError),
    /// It is no HTTP.
    #[error(transparent)]
    Http(#[from] hyper::Error),
    /// It does not have the sound.
    #[error("the server answered {0}, not 200")]
    Status(u16),
    /// The sound is too large, or broke off.
    #[error("the sound could not be read within {MAX_BYTES} bytes: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    /// It is neither WAV nor, where that is built in, Opus.
    #[error(transparent)]
    Sound(#[from] FileError),
    /// Reading it broke down.
    #[error("the sound could not be read: {0}")]
    Broken(#[from] tokio::task::JoinError),
    /// It took too long.
    #[error("not there within {} s", WITHIN.as_secs())]
    Late,
}

/// Fetches sounds and keeps some.
#[derive(Debug)]
pub(crate) struct Web {
    allowed: Vec<Network>,
    trust: Arc<Trust>,
    kept: Mutex<HashMap<String, Slot>>,
    turns: Arc<Semaphore>,
}

#[derive(Debug, Clone)]
struct Slot {
    since: Instant,
    sound: Arc<OnceCell<Arc<Pcm>>>,
}

impl Slot {
    /// How many samples it keeps, in both bands.
    fn samples(&self) -> usize {
        self.sound.get().map_or(0, |pcm| {
            pcm.samples().len() + pcm.wide().map_or(0, <[i16]>::len)
        })
    }
}

/// Where a URL leads.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    secure: bool,
    /// Host and port, as they are written.
    authority: String,
    host: String,
    port: u16,
    /// With the query.
    path: String,
}

impl Web {
    /// Addresses outside the public internet are dialed only when they are in `allowed`; `roots`
    /// are trusted beside the system's certificates.
    pub(crate) fn new(allowed: Vec<Network>, trust: Arc<Trust>) -> Self {
        Self {
            allowed,
            trust,
            kept: Mutex::default(),
            turns: Arc::new(Semaphore::new(AT_A_TIME)),
        }
    }

    /// The sound at a URL: as it was a short while ago, or fetched now, once for all who want it.
    pub(crate) async fn get(&self, url: &str) -> Result<Arc<Pcm>, WebFault> {
        let slot = self.slot(url);
        let sound = slot.sound.get_or_try_init(|| self.fetch(url)).await?;
        self.trim(MAX_SAMPLES);
        Ok(Arc::clone(sound))
    }

    /// Leaves out the oldest sounds until no more samples are kept than so many.
    fn trim(&self, most: usize) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.values().map(Slot::samples).sum::<usize>() > most {
            let sounds = kept.iter().filter(|(_, slot)| slot.samples() > 0);
            let oldest = sounds.min_by_key(|(_, slot)| slot.since);
            let Some(oldest) = oldest.map(|(url, _)| url.clone()) else {
                return;
            };
            kept.remove(&oldest);
        }
    }

    fn slot(&self, url: &str) -> Slot {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        kept.retain(|_, slot| now.duration_since(slot.since) < FOR);
        if let Some(slot) = kept.get(url) {
            return slot.clone();
        }
        if kept.len() >= KEPT {
            let oldest = kept.iter().min_by_key(|(_, slot)| slot.since);
            if let Some(oldest) = oldest.map(|(url, _)| url.clone()) {
                kept.remove(&oldest);
            }
        }
        let slot = Slot {
            since: now,
            sound: Arc::default(),
        };
        kept.insert(url.to_owned(), slot.clone());
        slot
    }

    async fn fetch(&self, url: &str) -> Result<Arc<Pcm>, WebFault> {
        let sound = async {
            // A semaphore that is never closed always gives a turn.
            let turn = Arc::clone(&self.turns).acquire_owned().await;
            let bytes = self.bytes(url).await?;
            // Minutes of Opus take their time, and others are on this thread. What takes too long is
            // read to its end nevertheless, so that long it has its turn.
            let read = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                file::read_within(&bytes, MAX_MS)
            });
            Ok(Arc::new(read.await??))
        };
        timeout(WITHIN, sound).await.map_err(|_| WebFault::Late)?
    }

    async fn bytes(&self, url: &str) -> Result<Bytes, WebFault> {
        let place = place(url).ok_or(WebFault::Url)?;
        let host = place.host.trim_matches(['[', ']']);
        let found = tokio::net::lookup_host((host, place.port)).await;
        let none = || WebFault::Name(place.host.clone());
        let addresses: Vec<SocketAddr> = found.map_err(|_| none())?.collect();
        if let Some(refused) = addresses.iter().find(|address| !self.may(address.ip())) {
            return Err(WebFault::Address(refused.ip()));
        }
        let address = addresses.first().ok_or_else(none)?;
        let stream = TcpStream::connect(address).await?;
        if !place.secure {
            return asked(stream, &place).await;
        }
        let tls = self.trust.client().await?;
        let name = verification_name(host)?;
        asked(tls.connector().connect(name, stream).await?, &place).await
    }

    fn may(&self, ip: IpAddr) -> bool {
        special_use(ip).is_none() || self.allowed.iter().any(|network| network.contains(ip))
    }
}

async fn asked<S>(stream: S, place: &Place) -> Result<Bytes, WebFault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driven = tokio::spawn(connection);
    let request = Request::get(&place.path)
        .header("host", &place.authority)
        .header(
            "user-agent",
            concat!("callroute/", env!("CARGO_PKG_VERSION")),
        )
        .header(
            "accept",
            "audio/wav, audio/x-wav, audio/ogg;q=0.9, */*;q=0.1",
        )
        .header("connection", "close")
        .body(Empty::<Bytes>::new())
        .map_err(|_| WebFault::Url)?;
    let answer = sender.send_request(request).await?;
    let status = answer.status().as_u16();
    if status != 200 {
        return Err(WebFault::Status(status));
    }
    let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await;
    drop(sender);
    driven.abort();
    Ok(body.map_err(WebFault::Body)?.to_bytes())
}

/// Takes a URL apart; without user and fragment, for nobody means them here.
fn place(url: &str) -> Option<Place> {
    let uri: Uri = url.parse().ok()?;
    let usual = match uri.scheme_str()? {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let authority = uri.authority()?.as_str();
    let host = uri.host().filter(|host| !host.is_empty())?;
    let port = match authority.strip_prefix(host)? {
        "" => usual,
        _ => uri.port_u16()?,
    };
    let path = match uri.query() {
        Some(query) => format!("{}?{query}", uri.path()),
        None => uri.path().to_owned(),
    };
    Some(Place {
        secure: usual == 443,
        authority: authority.to_owned(),
        host: host.to_owned(),
        port,
        path,
    })
}

#[cfg(test)]
mod tests;
