//! Media adapter for SIP and RTP: real calls with real sound, for the router or for your own.
//!
//! ```text
//!   SipAdapter -- one call --> SipLine -- Command --> leg: INVITE ... BYE  (RFC 3261)
//!                                      <-- Notice --   `-- media: RTP, keys, record, relay
//! ```
//!
//! UDP, TCP, TLS, WebSocket; digest both ways, trunks, a registrar. What strangers may not begin
//! is refused without a transaction, by no more bytes than they have sent ([`Protection`],
//! [`Access`]). [`redirect`] answers 302 and keeps no call. Sound is G.711, G.722 and (feature
//! `opus`) Opus with telephone events, over RTP or SRTP with keys from the descriptions
//! ([`Srtp`]), with RTCP; its source is locked by the first packets. It is relayed as it is where
//! both ends agree, and encoded anew where not. No ICE, no DTLS-SRTP.
//! Feature `sqlite` keeps where softphones are in a file.
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
//! let mut incoming = poll_fn(|cx| adapter.poll_call(cx)).await.ok_or("no call")?;
//! incoming.line.perform(Command::Answer { leg: LegId::CALLER });
//! poll_fn(|cx| incoming.line.poll_notice(cx)).await; // LegAnswered: the ACK has come
//! let (leg, play) = (LegId::CALLER, PlayId(1));
//! incoming.line.perform(Command::Play { leg, play, sound: Sound::Beep });
//! assert!(call.wait_heard(Duration::from_millis(400), Duration::from_secs(5)).await);
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

mod adapter;
mod admit;
mod config;
mod convert;
mod count;
mod dialog;
mod dispatch;
mod endpoint;
mod error;
mod family;
#[cfg(feature = "__fuzz")]
#[doc(hidden)]
pub mod fuzz;
mod leg;
mod line;
mod message;
mod named;
mod notices;
pub mod phone;
mod reach;
pub mod redirect;
mod refer;
mod routes;
mod rtp;
mod screen;
mod sdp;
mod stack;
mod trust;
mod udp;
mod way;

pub use adapter::{Load, SipAdapter, SipHandle, Stats, TrunkStatus};
pub use admit::access::{Access, Credentials, Registration, Tls, Trunk};
pub use admit::auth::{Digest, User};
pub use admit::guard::{Dropped, Protection};
pub use admit::headroom::Headroom;
pub use admit::redirects::{Permit, Redirects};
pub use admit::secret::Secret;
pub use callroute_schema::{Network, NetworkError};
pub use config::{Config, Srtp};
pub use error::BindError;
pub use line::SipLine;
pub use reach::kept::{Registered, Registrations, RegistrationsError};
#[cfg(feature = "sqlite")]
pub use reach::sqlite::SqliteRegistrations;
