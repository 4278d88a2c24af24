//! Waiting for the legs' ends.

use std::time::Duration;

use callroute_media::EndCause;
use callroute_schema::RejectCause;

use crate::call::Call;
use crate::program::Flow;

/// Longer than any BYE or CANCEL is retransmitted (64 × T1 = 32 s, RFC 3261, timer F).
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

#[derive(Debug)]
pub(crate) struct Ending {
    deadline: Duration,
}

impl Ending {
    /// The caller is refused, or, once answered, hung up on.
    pub(crate) fn reject(cause: RejectCause) -> Flow {
        Flow::End {
            cause: EndCause::Rejected(cause),
            why: "the routing refuses the call".to_owned(),
        }
    }

    pub(crate) fn hangup() -> Flow {
        Flow::End {
            cause: EndCause::Normal,
            why: "the routing hangs up".to_owned(),
        }
    }

    pub(crate) fn begin(call: &Call) -> Self {
        Self {
            deadline: call.after(PATIENCE),
        }
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }
}
