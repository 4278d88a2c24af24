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
