//! What calls share: whose turn it is, who is busy, queues, parking slots, rooms, dialogs.
//!
//! A session asks by [`HubRequest`] and hears by [`HubReply`]; both are plain data, so that a journal
//! replays a call without the others. [`Hub`] is the other side: pure as well, one for all calls
//! of a router (or of a simulation), and driven by whoever drives the sessions.

mod agents;
mod callbacks;
mod hub;
mod queues;
mod rooms;
mod turns;

use std::fmt;

use callroute_media::LegId;
use callroute_rules::{Fact, Lookup};
use callroute_schema::{
    Disposition, Escalate, Event, Member, Prompt, Queue, QueueName, Strategy, mask,
};
use serde::{Deserialize, Serialize};

pub use self::agents::{AgentState, MemberInfo};
pub use self::callbacks::{Callback, Place};
pub use self::hub::{Hub, HubMessage};
pub use self::queues::{Passed, PassedWhy, QueueView};

/// What a session asks of what calls share, or tells it.
#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HubRequest {
    /// Whose turn it is in a ring group, and what is known of its members. `HubReply::Group`
    /// answers.
    Group {
        /// Who each member is now; `None`: nobody who works.
        who: Vec<Option<String>>,
        /// Where the members take turns, in what.
        turns: Option<Box<Turning>>,
    },
    /// Something that a rule asks for. `HubReply::Fact` answers.
    Fact {
        /// What.
        lookup: Lookup,
        /// Who it asks about, where that is a party; `None`: nobody who works now.
        who: Option<String>,
    },
    /// What `calls` conditions count this call under from now on, in place of what they did.
    On {
        /// Dialed numbers and targets, as the conditions write them.
        names: Vec<String>,
    },
    /// A member talks.
    Talks {
        /// Who.
        member: String,
    },
    /// A member does not talk any more.
    Talked {
        /// Who.
        member: String,
        /// How long it was, in milliseconds.
        talk_ms: u64,
        /// How long it has to itself now, in milliseconds.
        wrap_up_ms: u64,
    },
    /// The caller joins a queue. `HubReply::Queued`, or `HubReply::Refused`; then offers.
    Join(Box<Joining>),
    /// Who the members of the caller's queue are from now on, in their order; `None`: nobody who
    /// works.
    Takers {
        /// A name for each member.
        who: Vec<Option<String>>,
    },
    /// Where the caller stands. `HubReply::Position` answers.
    Where,
    /// A member that was offered answered, or did not; the caller leaves the queue if it did.
    Offered {
        /// Who, as a position among the queue's members.
        member: usize,
        /// Whether it has the caller now.
        answered: bool,
    },
    /// The caller leaves the queue.
    Quit,
    /// The caller leaves the queue, keeps its place in it, and wants to be called back.
    CallBack {
        /// The queue, with its members.
        queue: Box<Queue>,
        /// The call as it is now.
        event: Box<Event>,
    },
    /// A caller was not reached, and is to be called back later.
    Again {
        /// With the tries so far.
        callback: Box<Callback>,
        /// When, in milliseconds from now.
        after_ms: u64,
    },
    /// The caller is parked in this slot, or meets who is parked there. `HubReply::Parked`,
    /// `HubReply::Meet`, or `HubReply::NotFound` where no slot is free.
    Park {
        /// The slot; without, the first that is free.
        slot: Option<String>,
    },
    /// The caller is not parked any more.
    Unpark,
    /// Legs of this call are in a room. `HubReply::Others` tells how many legs of other calls are.
    Enter {
        /// Which.
        room: String,
        /// How many of this call.
        legs: u32,
        /// What the others hear first, since this call is recorded.
        consent: Option<Box<Prompt>>,
    },
    /// No leg of this call is in its room any more.
    LeaveRoom,
    /// The name of a leg's dialog.
    Dialog {
        /// The leg.
        leg: LegId,
        /// Its dialog.
        dialog: String,
    },
    /// Whoever talks on the leg of this dialog shall meet a leg of this call. `HubReply::Meet` once
    /// that one comes to the room, or `HubReply::NotFound`.
    Replace {
        /// The dialog.
        dialog: String,
    },
    /// Nobody of this call comes to the room of a `HubReply::Take`: there is no conversation now in
    /// which that leg could be replaced.
    Decline {
        /// The room.
        room: String,
    },
}

/// Members, which may be numbers, are masked.
impl fmt::Debug for HubRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group { who, .. } => f.debug_tuple("Group").field(&masked(who)).finish(),
            Self::Takers { who } => f.debug_tuple("Takers").field(&masked(who)).finish(),
            Self::Fact { lookup, .. } => f
                .debug_tuple("Fact")
                .field(&mask(&lookup.to_string()))
                .finish(),
            Self::On { names } => {
                let names: Vec<String> = names.iter().map(|name| mask(name)).collect();
                f.debug_tuple("On").field(&names).finish()
            }
            Self::Talks { member } => f.debug_tuple("Talks").field(&mask(member)).finish(),
            Self::Talked {
                member, talk_ms, ..
            } => f
                .debug_struct("Talked")
                .field("member", &mask(member))
                .field("talk_ms", talk_ms)
                .finish_non_exhaustive(),
            Self::Join(join) => f.debug_tuple("Join").field(&join.queue).finish(),
            Self::Where => f.write_str("Where"),
            Self::Offered { member, answered } => f
                .debug_struct("Offered")
                .field("member", member)
                .field("answered", answered)
                .finish(),
            Self::Quit => f.write_str("Quit"),
            Self::CallBack { queue, .. } => f.debug_tuple("CallBack").field(&queue.name).finish(),
            Self::Again { callback, after_ms } => f
                .debug_struct("Again")
                .field("callback", callback)
                .field("after_ms", after_ms)
                .finish(),
            Self::Park { slot } => f.debug_struct("Park").field("slot", slot).finish(),
            Self::Unpark => f.write_str("Unpark"),
            Self::Enter { room, legs, .. } => f
                .debug_struct("Enter")
                .field("room", room)
                .field("legs", legs)
                .finish(),
            Self::LeaveRoom => f.write_str("LeaveRoom"),
            Self::Dialog { leg, .. } => f.debug_tuple("Dialog").field(leg).finish(),
            Self::Replace { .. } => f.write_str("Replace"),
            Self::Decline { room } => f.debug_struct("Decline").field("room", room).finish(),
        }
    }
}

fn masked(who: &[Option<String>]) -> Vec<Option<String>> {
    let mask = |name: &Option<String>| name.as_deref().map(mask);
    who.iter().map(mask).collect()
}

/// A group whose members take turns: who rings first is the one behind whoever did so before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Turning {
    /// What tells it from others that have the same members.
    pub of: String,
    /// Who takes turns.
    pub members: Vec<Member>,
}

/// How a caller waits in a queue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Joining {
    /// The queue.
    pub queue: QueueName,
    /// Who takes its calls.
    pub members: Vec<Member>,
    /// Who each of them is now; `None`: nobody who works.
    pub who: Vec<Option<String>>,
    /// Which of them that are free gets the next caller.
    pub strategy: Strategy,
    /// Higher goes first.
    pub priority: u32,
    /// How the priority grows while it waits.
    pub escalate: Option<Escalate>,
    /// Most callers that wait.
    pub max_size: u32,
    /// Wait even while nobody is at work.
    pub wait_when_empty: bool,
    /// The place that the caller has kept since it hung up to be called back.
    pub place: Option<Place>,
}

/// What a session hears from what calls share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HubReply {
    /// Whose turn it is, and what is known of the members, in their order.
    Group {
        /// With which member a group begins whose members take turns, as a position.
        turn: u64,
        /// What is known of each member.
        members: Vec<MemberInfo>,
    },
    /// Something that a rule asked for.
    Fact {
        /// What was asked for.
        lookup: Lookup,
        /// What is known of it.
        fact: Fact,
        /// Why it is missing, for the trace.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// The caller waits in the queue.
    Queued {
        /// Its place, from 1.
        position: u32,
        /// How many wait.
        size: u32,
    },
    /// The caller cannot wait in the queue, or not any longer.
    Refused {
        /// `congestion`: it is full. `unreachable`: nobody is at work.
        disposition: Disposition,
    },
    /// Where the caller stands.
    Position {
        /// Its place, from 1.
        position: u32,
        /// How many wait.
        size: u32,
        /// How long it may still take, in seconds.
        estimate_s: u32,
    },
    /// These members are free, and kept for this caller until it says what came of it.
    Offer {
        /// As positions among the queue's members.
        members: Vec<usize>,
        /// Who came earlier and still waits, and why it was passed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        passed: Vec<Passed>,
    },
    /// The caller is parked.
    Parked {
        /// In this slot.
        slot: String,
    },
    /// The caller meets another call in this room.
    Meet {
        /// The room.
        room: String,
    },
    /// How many legs of other calls are in this call's room now.
    Others {
        /// How many.
        legs: u32,
        /// What this call's parties hear first, since calls of others are recorded.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        recorded: Vec<Prompt>,
    },
    /// The party of this leg meets its other one elsewhere: who talks with it now shall come to
    /// this room, and the leg is not needed any more. A call in which nobody talks with it says
    /// `HubRequest::Decline`.
    Take {
        /// The leg that is replaced.
        leg: LegId,
        /// The room.
        room: String,
    },
    /// There is no such slot or dialog, or none free.
    NotFound,
}
