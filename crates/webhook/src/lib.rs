//! Asks web services what to do with a call, with one deadline and failover; signs what it asks.
//!
//! Whatever a server does is a value: actions, or a [`Failure`], after which the fallback is due.
//! One deadline covers lookup, connection, TLS, request, answer and further URLs; a URL that is
//! slow is not given up when the next is asked beside it, and one that keeps failing rests. Only
//! the public internet is dialled, and what the webhook's `allow` lists.
//!
//! ```
//! # use callroute_webhook::{Client, ClientConfig, Endpoints, FailureClass, Secret};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let urls = ["http://127.0.0.1:8080/sales".to_owned()];
//! let mut sales = Endpoints::new("sales", &urls, std::time::Duration::from_millis(1500), &[])?;
//! sales.secrets.push(Secret::new("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")?);
//! let event = callroute_schema::Event::from_json(br#"{"event":"incoming_call","from":"+14155550123",
//!     "to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#)?;
//! let asked = Client::new(ClientConfig::default()).ask(&sales, &event).await;
//! assert_eq!(asked.result.unwrap_err().class, FailureClass::RefusedAddress);
//! # Ok(())
//! # }
//! ```
//! Feature `tls`: URLs that start with `https://`.

mod address;
mod answer;
mod asking;
mod attempt;
mod book;
mod bulkhead;
mod client;
mod config;
mod connect;
mod counted;
mod decision;
mod endpoint;
mod failure;
mod knock;
mod last_good;
mod lookup;
mod measure;
mod plan;
mod pool;
mod progress;
mod report;
mod request;
mod retry_after;
mod running;
mod secret;
#[cfg(feature = "tower")]
mod service;
mod signature;
#[cfg(test)]
mod testing;
#[cfg(feature = "tls")]
mod tls;
mod trace;
mod transport;
#[cfg(feature = "tls")]
mod trust;

pub use address::{Network, NetworkError};
pub use attempt::Attempt;
pub use book::health::Health;
pub use client::Client;
pub use config::ClientConfig;
pub use decision::{Decision, Route, Source};
pub use endpoint::{ConfigError, Endpoint, Endpoints};
pub use failure::{Failure, FailureClass};
pub use report::Asked;
pub use secret::{Secret, SecretError};
#[cfg(feature = "tower")]
pub use service::{Asker, Question};
pub use signature::{REPLAY_WINDOW, Verified, VerifyError, sign, verify};
pub use transport::{Pending, Stream, System, Transport};
#[cfg(feature = "tls")]
pub use trust::{Trust, TrustError};
