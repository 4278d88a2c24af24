//! What goes over a connection: the request with its signature and its trace, and the answer.

pub(crate) mod answer;
pub(crate) mod facts;
pub(crate) mod last_good;
pub(crate) mod request;
pub(crate) mod retry_after;
pub(crate) mod secret;
pub(crate) mod signature;
pub(crate) mod trace;
