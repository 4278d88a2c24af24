//! Whom we can reach, and how: registered telephones, trunks, URIs.

pub(crate) mod prove;
pub(crate) mod registering;
pub(crate) mod registrar;
pub(crate) mod trunks;
pub(crate) mod ways;
