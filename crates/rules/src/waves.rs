//! Ring groups as waves: who rings together, for how long, and when the next turn comes.
//!
//! A plan is pure: whose turn it is, who rested longest and who is busy come in as
//! [`GroupFacts`], and chance comes from the call's id. The same group, facts and seed always
//! make the same plan, so a recorded call can be played again.
//!
//! ```
//! use callroute_rules::waves::{GroupFacts, plan};
//! use callroute_schema::{Action, Actions, Destination};
//!
//! let answer = br#"{"action":"forward","destination":{"type":"ring_group",
//!     "members":["+16822306467","+12125551234"],"strategy":"sequential","ring_s":15}}"#;
//! let actions = Actions::from_json(answer)?;
//! let [Action::Forward(forward)] = actions.as_slice() else { return Ok(()) };
//! let Destination::RingGroup(group) = &forward.destination else { return Ok(()) };
//!
//! let plan = plan(group, forward.ring_s, &GroupFacts::default());
//! assert_eq!(plan.waves.len(), 2);
//! assert_eq!(plan.waves[0].rings[0].ring.as_secs(), 15);
//! # Ok::<(), callroute_schema::tree::ReadError>(())
//! ```

mod order;
mod plan;

pub use self::order::seed;
pub use self::plan::{Onward, Plan, Ring, Skip, Skipped, Wave, plan, skip};

/// What is known of a group at the moment of a call.
#[derive(Debug, Clone, Copy, Default)]
pub struct GroupFacts<'a> {
    /// With which member `round_robin` begins, as a position among the group's members; counted
    /// round beyond their end.
    pub turn: u64,
    /// What chance decides by; [`seed`] makes it from the call's id.
    pub seed: u64,
    /// What is known of each member, in the order of the group's members. A member beyond the
    /// end is free and never had a call.
    pub members: &'a [MemberFacts],
}

/// What is known of a member.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MemberFacts {
    /// Whether calls may be sent there.
    pub state: MemberState,
    /// When its last call ended, in seconds since 1970; `None`: it never had one.
    pub last_call: Option<i64>,
    /// How many calls it took.
    pub calls: u64,
    /// For how long it has talked, in seconds.
    pub talk_s: u64,
}

/// Whether calls may be sent to a member.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum MemberState {
    /// It may ring.
    #[default]
    Free,
    /// It is on another call: left out when it asks for that (`skip_if_busy`), else it rings.
    Busy,
    /// It takes no calls now: off shift, paused or logged out.
    Away,
}

#[cfg(test)]
mod tests;
