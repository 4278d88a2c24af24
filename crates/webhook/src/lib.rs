//! Asks web services what to do with a call, with one deadline and failover.
//!
//! ```text
//! Event ──▶ Client::ask ──▶ first URL ──slow or failed──▶ second URL
//!                │               └───────────┬────────────────┘
//!                ▼                           ▼ first usable answer, or the deadline
//!           Asked { result: Ok(Actions) or Err(Failure), attempts, elapsed }
//! ```
//!
//! Whatever a server does is a value: actions, or a [`Failure`], after which the fallback is due.
//! One deadline covers lookup, connection, TLS, request, answer and second URL; a URL that is
//! slow is not given up when the second is asked beside it. Only the public internet is dialled,
//! and what the webhook's `allow` lists:
//!
//! ```
//! use std::time::Duration;
//! use callroute_schema::Event;
//! use callroute_webhook::{Client, ClientConfig, Endpoints, FailureClass};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new(ClientConfig::default());
//! let urls = ["http://127.0.0.1:8080/sales".to_owned()];
//! let sales = Endpoints::new("sales", &urls, Duration::from_millis(1500), &[])?;
//! let event = Event::from_json(br#"{"event":"incoming_call","from":"+14155550123",
//!     "to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#)?;
//! let failure = client.ask(&sales, &event).await.result.unwrap_err();
//! assert_eq!(failure.class, FailureClass::RefusedAddress);
//! # Ok(())
//! # }
//! ```
//! Feature `tls`: URLs that start with `https://`.

mod address;
mod answer;
mod attempt;
mod client;
mod config;
mod connect;
mod counted;
mod endpoint;
mod failure;
mod plan;
mod pool;
mod progress;
mod report;
mod request;
mod running;
#[cfg(test)]
mod testing;
#[cfg(feature = "tls")]
mod tls;

pub use address::{Network, NetworkError};
pub use attempt::Attempt;
pub use client::Client;
pub use config::ClientConfig;
pub use endpoint::{ConfigError, Endpoint, Endpoints};
pub use failure::{Failure, FailureClass};
pub use report::Asked;
