//! Who takes the calls of a member, however it is written.

use callroute_rules::ResolvedParty;
use callroute_schema::{Member, Party};

use crate::call::Call;

/// By which name calls with this party are counted.
pub(crate) fn counted_as(call: &Call, party: &Party) -> String {
    match call.engine.resolve_party(party, call.now.utc) {
        ResolvedParty::Agent(name) | ResolvedParty::OffShift(name) => name.to_owned(),
        ResolvedParty::Nobody | ResolvedParty::Anybody => party.to_string(),
    }
}

/// Who takes calls for this party now; `None`: nobody who works.
pub(crate) fn who(call: &Call, party: &Party) -> Option<String> {
    match call.engine.resolve_party(party, call.now.utc) {
        ResolvedParty::Agent(name) => Some(name.to_owned()),
        ResolvedParty::OffShift(_) | ResolvedParty::Nobody => None,
        ResolvedParty::Anybody => Some(party.to_string()),
    }
}

/// The same for each of them.
pub(crate) fn takers(call: &Call, members: &[Member]) -> Vec<Option<String>> {
    let who = |member: &Member| who(call, &member.to);
    members.iter().map(who).collect()
}

/// Whether somebody is known there, whose state says whether it is rung.
pub(crate) fn has_state(call: &Call, party: &Party) -> bool {
    call.engine.resolve_party(party, call.now.utc) != ResolvedParty::Anybody
}
