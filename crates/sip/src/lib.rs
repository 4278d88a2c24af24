//! Media adapter for SIP and RTP: real calls with real sound, for the router or for your own.
//!
//! ```text
//!   SipAdapter -- one call --> SipLine -- Command --> leg: INVITE ... BYE  (RFC 3261)
//!                                      <-- Notice --   `-- media: RTP, keys, record, relay
//! ```
//!
//! Signalling over UDP, TCP, TLS and WebSocket; digest both ways, trunks with failover and
//! registration, a registrar, PRACK, UPDATE, session timers. Strangers are judged before they
//! cost anything ([`Protection`], [`Access`]): what they may not begin is refused without a
//! transaction, by no more bytes than they have sent. [`redirect`] answers 302 and keeps no call.
//!
//! A task a leg does its signalling, another its sound: G.711 and telephone events (RFC 4733) over
//! plain RTP. Bridged legs hear each other without a buffer in between. Sound goes to where sound
//! comes from; the first packets lock that, and only a new description unlocks it. No SRTP, G.722,
//! Opus, early media, REFER or RTCP yet.
//!
//! ```
//! use std::{future::poll_fn, time::Duration};
//! use callroute_media::{Adapter, Command, LegId, Line, PlayId, Sound};
//! use callroute_sip::{Config, SipAdapter, phone::{Phone, PhoneConfig}};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let mut adapter = SipAdapter::bind(Config::new("127.0.0.1:0".parse()?)).await?;
//! let phone = Phone::bind("127.0.0.1:0".parse()?, PhoneConfig::default()).await?;
//! let uri = format!("sip:+13146523057@{}", adapter.local_addr());
//! let call = phone.call(&uri, "+14155550123").await?;
//!
//! let mut incoming = poll_fn(|cx| adapter.poll_call(cx)).await.ok_or("no call")?;
//! assert_eq!(incoming.offer.from.as_str(), "+14155550123");
//! incoming.line.perform(Command::Answer { leg: LegId::CALLER });
//! poll_fn(|cx| incoming.line.poll_notice(cx)).await; // LegAnswered: the ACK has come
//! let (leg, play) = (LegId::CALLER, PlayId(1));
//! incoming.line.perform(Command::Play { leg, play, sound: Sound::Beep });
//! assert!(call.wait_heard(Duration::from_millis(400), Duration::from_secs(5)).await);
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod access;
mod adapter;
mod auth;
mod config;
mod convert;
mod count;
mod dialog;
mod dispatch;
mod endpoint;
mod error;
#[cfg(feature = "__fuzz")]
#[doc(hidden)]
pub mod fuzz;
mod guard;
mod leg;
mod line;
mod message;
mod network;
mod notices;
pub mod phone;
mod prove;
pub mod redirect;
mod registering;
mod registrar;
mod routes;
mod rtp;
mod sdp;
mod secret;
mod stack;
mod trunks;
mod ways;

pub use access::{Access, Credentials, Registration, Tls, Trunk};
pub use adapter::{SipAdapter, SipHandle, Stats};
pub use auth::{Digest, User};
pub use config::Config;
pub use error::BindError;
pub use guard::{Dropped, Protection};
pub use line::SipLine;
pub use network::{Network, NetworkError};
pub use secret::Secret;
