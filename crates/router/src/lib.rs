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
//! keeps the table that it began with.

mod ask;
mod asks;
mod clock;
mod config;
mod drive;
mod journal;
mod observer;
mod run;

pub use asks::{WebhookConfigError, endpoints_of};
pub use clock::{Clock, ShiftedClock, SystemClock};
pub use config::RouterConfig;
pub use journal::{JournalError, Journals};
pub use observer::{Observer, Silent};
pub use run::Router;
