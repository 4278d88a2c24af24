//! Asks web services what to do with a call, with one deadline and failover; signs what it asks.
//!
//! Whatever a server does is a value: actions, or a [`Failure`], after which the fallback is due.
//! One deadline covers lookup, connection, TLS, request, answer and further URLs; a URL that is
//! slow is not given up when the next is asked beside it, and one that keeps failing rests. Only
//! the public internet is connected to, and what the webhook's `allow` lists.
//!
//! Features: `client` (on unless switched off) asks, with `tls` for `https://`, `metrics` for
//! counters, `tower` for a `tower::Service`; `verify` verifies what was asked, at the receiver,
//! and needs no client, no socket and no runtime.
#![cfg_attr(feature = "client", doc = "", doc = include_str!("example.md"))]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod asking;
mod attempt;
mod book;
mod bulkhead;
mod client;
mod config;
mod decision;
mod endpoint;
mod failure;
mod held;
mod knock;
mod measure;
mod near;
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

#[cfg(feature = "client")]
pub use self::{
    attempt::Attempt,
    book::health::Health,
    client::Client,
    config::ClientConfig,
    decision::{AnswerSource, Decision, Route},
    endpoint::{ConfigError, Endpoint, Endpoints},
    failure::{Failure, FailureClass},
    net::transport::{Connector, Pending, Stream, System},
    report::{AskReport, LookupReport, NotifyReport},
};
#[cfg(feature = "client")]
pub use callroute_schema::{Network, NetworkError};
#[cfg(feature = "tls")]
pub use net::trust::{Roots, Trust, TrustError};
#[cfg(feature = "tower")]
pub use service::{Asker, Question};
#[cfg(feature = "verify")]
pub use wire::verify::{REPLAY_WINDOW, Verified, VerifyError, verify};
#[cfg(any(feature = "client", feature = "verify"))]
pub use wire::{
    secret::{SecretError, SigningSecret},
    signature::sign,
};
