//! Why something was not sent.

use std::net::SocketAddr;

/// Why a message could not be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendFault {
    /// The request has no transaction any more.
    #[error("its transaction is over")]
    NoTransaction,
    /// The request cannot be matched to its answers.
    #[error("no usable Via")]
    NoVia,
    /// The connection is gone, or does not take more.
    #[error("no connection to {0}")]
    NoConnection(SocketAddr),
    /// The system refused it.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It could not be written as SIP.
    #[error(transparent)]
    Build(#[from] sipx_sip::BuildError),
}
