//! Asks web services what to do with a call, with one deadline and failover; signs what it asks.
//!
//! Whatever a server does is a value: actions, or a [`Failure`], after which the fallback is due.
//! One deadline covers lookup, connection, TLS, request, answer and further URLs; a URL that is
//! slow is not given up when the next is asked beside it, and one that keeps failing rests. Only
//! the public internet is dialled, and what the webhook's `allow` lists.
//!
//! ```
//! # use callroute_webhook::{Client, ClientConfig, Endpoints, Route, Source};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let urls = ["http://127.0.0.1:8080/sales".to_owned()];
//! let webhook = Endpoints::new("sales", &urls, std::time::Duration::from_millis(1500), &[])?;
//! let fallback = callroute_schema::Actions::from_json(br#"{"action":"hangup"}"#)?;
//! let event = callroute_schema::Event::from_json(br#"{"event":"incoming_call","from":"+14155550123",
//!     "to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#)?;
//! let client = Client::new(ClientConfig::default());
//! let decision = client.decide(&Route { webhook, fallback }, &event).await;
//! assert_eq!(decision.source, Source::Fallback); // 127.0.0.1 is not a public address
//! # Ok(())
//! # }
//! ```
//! Features: `tls` for `https://`, `metrics` for counters, `tower` for a `tower::Service`.

mod asking;
mod attempt;
mod book;
mod bulkhead;
mod client;
mod config;
mod decision;
mod endpoint;
mod failure;
mod knock;
mod measure;
mod net;
mod plan;
mod progress;
mod report;
mod running;
#[cfg(feature = "tower")]
mod service;
#[cfg(test)]
mod testing;
mod wire;

pub use attempt::Attempt;
pub use book::health::Health;
pub use client::Client;
pub use config::ClientConfig;
pub use decision::{Decision, Route, Source};
pub use endpoint::{ConfigError, Endpoint, Endpoints};
pub use failure::{Failure, FailureClass};
pub use net::address::{Network, NetworkError};
pub use net::transport::{Pending, Stream, System, Transport};
#[cfg(feature = "tls")]
pub use net::trust::{Trust, TrustError};
pub use report::{Asked, Found, Notified};
#[cfg(feature = "tower")]
pub use service::{Asker, Question};
pub use wire::secret::{Secret, SecretError};
pub use wire::signature::{REPLAY_WINDOW, Verified, VerifyError, sign, verify};
