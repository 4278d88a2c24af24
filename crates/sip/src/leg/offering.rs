//! Whose turn it is in the exchange of descriptions.

use tokio::sync::oneshot;
use tokio::time::Instant;

use callroute_schema::Cause;

use crate::dispatch::{offered, unacceptable};
use crate::endpoint::{Exchange, Incoming};
use crate::leg::direct::Told;
use crate::message::Reply;
use crate::sdp::{Local, Remote, SdpFault};
use crate::stack::Stack;

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
        /// What for.
        asked: Asked,
        /// Until when it may be on its way: its transaction has no end of its own once anything has come.
        until: Instant,
    },
}

/// What a re-INVITE of ours is for, and who wants to know what comes of it.
#[derive(Debug)]
pub(crate) enum Asked {
    /// A sign of life (RFC 4028).
    Refresh,
    /// Hold, or its end.
    Hold(bool, oneshot::Sender<Result<(), Cause>>),
    /// The far end is to speak with another one.
    HandOn(Told),
    /// It is to speak with us again.
    Return(Told),
}

impl Asked {
    /// It came to nothing.
    pub(crate) fn failed(self, cause: Cause) {
        // discard: who asked has gone.
        let _ = match self {
            Self::Refresh => return,
            Self::Hold(_, told) => told.send(Err(cause)).is_ok(),
            Self::HandOn(told) | Self::Return(told) => told.send(Err(cause)).is_ok(),
        };
    }
}

/// What a request within a dialog offers: what its INVITE might have, and nothing that takes a stream
/// which is encrypted into the clear. `None` when it leaves the offer to us, which would have our keys.
pub(crate) fn offered_within(
    stack: &Stack,
    local: &Local,
    incoming: &Incoming,
) -> Result<Option<Remote>, Reply> {
    let peer = incoming.flow.addr.ip();
    let offer = offered(stack, &incoming.request, peer, incoming.flow.transport)?;
    let safe = stack.config.srtp.takes(incoming.flow.transport.is_secure());
    let checked = match offer {
        None if local.encrypts && !safe => Err(SdpFault::Unsafe),
        None => Ok(None),
        Some(offer) => local.checked(offer).map(Some),
    };
    checked.map_err(|fault| unacceptable(stack, peer, &fault))
}
