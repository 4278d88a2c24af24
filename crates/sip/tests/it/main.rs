//! The adapter on real sockets: its own phone, and raw SIP, on one loopback address a test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests and their helpers fail by panicking"
)]

mod bridge;
mod callee;
mod caller;
mod early;
mod hold;
mod hostile;
mod leaks;
mod media;
mod names;
mod raw;
mod reach;
mod redirect;
mod rooms;
mod rtp;
mod signalling;
mod sound;
mod support;
mod timers;
mod torture;
mod transfer;
mod trunks;
mod wire;
