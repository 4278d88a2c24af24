//! Who takes the calls of a member, however it is written.

use callroute_rules::Taker;
use callroute_schema::{Member, Party};

use crate::call::Call;

/// By which name calls with this party are counted.
pub(crate) fn counted_as(call: &Call, party: &Party) -> String {
    match call.engine.taker(party, call.now.utc) {
        Taker::Agent(name) | Taker::OffShift(name) => name.to_owned(),
        Taker::Nobody | Taker::Anybody => party.to_string(),
    }
}

/// Who takes calls for this party now; `None`: nobody who works.
pub(crate) fn who(call: &Call, party: &Party) -> Option<String> {
    match call.engine.taker(party, call.now.utc) {
        Taker::Agent(name) => Some(name.to_owned()),
        Taker::OffShift(_) | Taker::Nobody => None,
        Taker::Anybody => Some(party.to_string()),
    }
}

/// The same for each of them.
pub(crate) fn takers(call: &Call, members: &[Member]) -> Vec<Option<String>> {
    let who = |member: &Member| who(call, &member.to);
    members.iter().map(who).collect()
}

/// Whether somebody is known there, whose state says whether it is rung.
pub(crate) fn has_state(call: &Call, party: &Party) -> bool {
    call.engine.taker(party, call.now.utc) != Taker::Anybody
}
