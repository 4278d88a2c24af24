//! The bench that real peers and a router stand on.

#![allow(dead_code, reason = "each of the two test programs uses a part of it")]

pub(crate) mod baresip;
pub(crate) mod bench;
pub(crate) mod counted;
pub(crate) mod example;
pub(crate) mod expand;
#[path = "../../crates/sip/tests/it/names.rs"]
pub(crate) mod names;
pub(crate) mod peer;
pub(crate) mod seen;
pub(crate) mod sipp;
pub(crate) mod sound;
pub(crate) mod wait;
pub(crate) mod webhook;

pub(crate) use bench::{Bench, Running};
pub(crate) use peer::{can_press_keys, peer};
pub(crate) use wait::until;
