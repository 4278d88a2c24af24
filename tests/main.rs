//! Calls through a router, with real SIP peers and real web servers on the other end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test's helpers may fail loudly"
)]

mod abilities;
mod callbacks;
mod calls;
mod common;
mod diverted;
mod dtmf;
mod editor;
mod features;
mod groups;
mod in_call;
mod libraries;
#[cfg(unix)]
mod lifecycle;
mod lookups;
mod mail;
mod messages;
#[cfg(target_os = "linux")]
mod nat;
#[cfg(unix)]
mod phones;
mod readme;
#[cfg(unix)]
mod redirect;
mod replay;
mod requests;
mod routing;
mod sample_calls;
mod servers;
mod signalling;
mod signers;
mod signing;
mod softphone;
mod speech;
mod types;
mod webhooks;
