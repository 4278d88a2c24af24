//! Transfers that are not done, and what whoever asked is told.

use callroute_media::{Command, LegId, Referral};
use callroute_schema::{Disposition, Party};

use crate::call::Call;
use crate::note::Note;
use crate::program::Flow;

/// Whether the table's `destinations` let whom a party wants to talk with be dialed; the trace says
/// when they do not. Agents are the table's own, and emergency numbers are never refused.
pub(super) fn may_dial(call: &mut Call, leg: LegId, to: &Party) -> bool {
    let fine = matches!(to, Party::Agent(_))
        || call.engine.permits(to.as_str())
        || call.engine.is_emergency(to.as_str());
    if !fine {
        let to = to.to_string();
        call.note(Note::NotPermitted { leg, to });
    }
    fine
}

/// A transfer that cannot be done, or not now.
pub(crate) fn refused(call: &mut Call, by: LegId) -> Flow {
    not_done(call, by, Referral::Failed)
}

/// A transfer that is not allowed: to try it again is in vain.
pub(super) fn forbidden(call: &mut Call, by: LegId) -> Flow {
    not_done(call, by, Referral::Refused(Disposition::Declined))
}

fn not_done(call: &mut Call, by: LegId, outcome: Referral) -> Flow {
    call.command(Command::Referred { leg: by, outcome });
    Flow::Stay
}
