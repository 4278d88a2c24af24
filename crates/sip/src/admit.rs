//! Who may send, call and register, and how he proves it.

pub(crate) mod access;
mod account;
pub(crate) mod auth;
pub(crate) mod guard;
pub(crate) mod headroom;
mod nonces;
pub(crate) mod redirects;
pub(crate) mod secret;
