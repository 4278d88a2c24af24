//! Whom we can reach, and how: registered telephones, trunks, URIs.

pub(crate) mod kept;
pub(crate) mod needed;
pub(crate) mod prove;
pub(crate) mod registering;
pub(crate) mod registrar;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
pub(crate) mod trunks;
pub(crate) mod ways;
