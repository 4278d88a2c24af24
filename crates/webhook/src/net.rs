//! The network below requests: names, addresses that may be connected to, connections kept and new.

#![cfg(feature = "client")]

pub(crate) mod address;
mod alarm;
pub(crate) mod bell;
pub(crate) mod body;
pub(crate) mod connect;
pub(crate) mod counted;
pub(crate) mod crowd;
pub(crate) mod link;
pub(crate) mod lookup;
pub(crate) mod pool;
#[cfg(feature = "tls")]
pub(crate) mod tls;
pub(crate) mod transport;
#[cfg(feature = "tls")]
pub(crate) mod trust;
