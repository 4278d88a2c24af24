//! Whose turn it is in the exchange of descriptions.

use tokio::sync::oneshot;

use callroute_schema::Cause;

use crate::endpoint::Exchange;

/// An offer of ours that waits for its answer.
#[derive(Debug)]
pub(crate) enum Offering {
    /// It was in our 200; the ACK brings the answer.
    InAnswer,
    /// It was in our re-INVITE; its response brings the answer.
    InInvite {
        /// The re-INVITE's transaction.
        exchange: Exchange,
        /// The re-INVITE itself.
        invite: Box<sipx_sip::Request>,
        /// Its sequence number.
        sequence: u32,
        /// Who wants to know.
        told: Option<oneshot::Sender<Result<(), Cause>>>,
    },
}
