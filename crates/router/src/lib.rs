//! Many calls on tokio.
//!
//! ```text
//!   adapter --offer--> Router --one task a call--> Session
//!                        |                          |  effects
//!                        |        line <-- commands-+-- asks --> webhook client
//!                        +-- journal, observer, store
//! ```
//!
//! [`Router::run`] takes calls from an adapter and drives a session for each. Webhooks run beside
//! the call, so that a hang-up is heard meanwhile; a slow call never holds another; a session
//! keeps the table that it began with. [`RouterHandle`] tells a running router something: new
//! actions for a call, an agent's state. [`Lookups`] asks a database, web services and code of
//! your own what they know of a caller, where a rule wants to know it. [`check`] says beforehand
//! whether calls can be routed by a table; [`Way`] decides without carrying a call. What calls share
//! (queues, agents, parking slots) is in one hub, which every call asks and which tells each what
//! concerns it.
//!
//! ```
//! use callroute_media::Adapter;
//! use callroute_router::{Router, RouterConfig};
//! use callroute_tables::FileTable;
//! use callroute_webhook::{Client, ClientConfig};
//!
//! /// Routes the calls of an adapter by a file, which may change meanwhile, until `stop`.
//! async fn serve<A: Adapter>(
//!     adapter: A,
//!     stop: impl Future<Output = ()>,
//! ) -> Result<(), Box<dyn std::error::Error>> {
//!     let table = FileTable::open("routes.yaml")?;
//!     let client = Client::new(ClientConfig::default());
//!     let router = Router::new(adapter, RouterConfig::new(table.handle(), client))?;
//!     let _handle = router.handle(); // pushes actions, sets agents' states, from any thread
//!     router.run(stop).await;
//!     Ok(())
//! }
//! ```
//!
//! Features: `tls` for webhooks with `https`, CAs of their own and certificates to show; `mail` for
//! messages by mail, with their sound attached; `metrics` for counters and times of webhooks through
//! the facade of that name.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod ask;
mod asks;
mod broken_off;
mod caught;
mod clock;
mod config;
mod drive;
#[cfg(test)]
mod fakes;
mod handle;
mod journal;
mod lookups;
mod mail;
#[cfg(feature = "metrics")]
mod measure;
mod messages;
mod observer;
mod often;
mod run;
mod switchboard;
mod way;

pub use callroute_store::MessagesWaiting;

pub use asks::{WebhookConfigError, endpoints_of};
pub use clock::{Clock, ShiftedClock, SystemClock};
pub use config::RouterConfig;
pub use handle::{RouterHandle, UnknownState};
pub use journal::{JournalError, Journals, KeptTableError, kept_table};
pub use lookups::{Asking, CustomFuture, CustomLookup, LookupConfigError, Lookups};
#[cfg(feature = "mail")]
pub use mail::SmtpMail;
pub use mail::{Mail, MailError, Sending, sound};
pub use observer::{Observer, Silent};
pub use often::LogThrottle;
pub use run::{Router, RouterError, TableError, check};
pub use switchboard::PushError;
pub use way::{RouteSource, Routed, Way};
