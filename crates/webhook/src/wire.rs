//! What goes over a connection: the request with its signature and its trace, and the answer.

#![cfg(any(feature = "client", feature = "verify"))]

#[cfg(feature = "client")]
pub(crate) mod answer;
#[cfg(feature = "client")]
pub(crate) mod head;
#[cfg(feature = "client")]
pub(crate) mod last_good;
#[cfg(feature = "client")]
pub(crate) mod request;
#[cfg(feature = "client")]
pub(crate) mod retry_after;
pub(crate) mod secret;
pub(crate) mod signature;
#[cfg(feature = "client")]
pub(crate) mod trace;
#[cfg(feature = "verify")]
pub(crate) mod verify;
