//! The trace of a call: one note a step, for people.

mod show;

use callroute_media::{Ability, Deed, LegId, Sound};
use callroute_rules::RuleRef;
use callroute_schema::{ActionKind, CallId, Caller, Cause, Digits, Disposition};
use serde::Serialize;

use crate::shared::{AgentState, PassedWhy};

/// One step of a call, for people. Numbers of callers are masked when shown.
#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Note {
    /// The call came in.
    Incoming {
        /// Who calls.
        from: Caller,
        /// What was dialed.
        to: String,
    },
    /// A rule asks for something that could not be had.
    Missing {
        /// What, as in `available ann`.
        fact: String,
        /// Why not, where that was said.
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// The table decided.
    Decided {
        /// The rule that held.
        rule: RuleRef,
        /// What it says, by the kind of each action.
        actions: Vec<ActionKind>,
    },
    /// The rule that held says to go on with the next one.
    Continued,
    /// The caller is being answered.
    Answering,
    /// The caller hears something.
    Playing {
        /// What.
        sound: Sound,
    },
    /// Something else was played than what was asked for.
    Substituted {
        /// What should have been heard.
        wanted: String,
        /// Why it could not be.
        reason: String,
    },
    /// A sound could not be played at all.
    PlayFailed,
    /// A menu waits for a key.
    Menu {
        /// The menu's name, or `menu`.
        menu: String,
        /// Which round, from 1.
        attempt: u32,
    },
    /// The caller chose.
    Pressed {
        /// What was pressed.
        digits: Digits,
    },
    /// The caller pressed what the menu does not have.
    InvalidKey {
        /// What was pressed.
        digits: Digits,
    },
    /// The caller pressed nothing in time.
    Silence,
    /// A server is asked.
    Asking {
        /// Which.
        webhook: String,
        /// How long it has, in milliseconds.
        deadline_ms: u64,
    },
    /// A server answered.
    WebhookAnswered {
        /// Which.
        webhook: String,
        /// How long it took, in milliseconds.
        elapsed_ms: u64,
        /// What it said, by the kind of each action.
        actions: Vec<ActionKind>,
    },
    /// A server gave no usable answer.
    WebhookFailed {
        /// Which.
        webhook: String,
        /// How long that took, in milliseconds.
        elapsed_ms: u64,
        /// The failure's class.
        class: String,
        /// What was found.
        detail: String,
    },
    /// What a server said of an earlier call stands in for the answer that it did not give.
    LastGood {
        /// Whose answer.
        webhook: String,
        /// What it said, by the kind of each action.
        actions: Vec<ActionKind>,
    },
    /// A webhook's own fallback is taken.
    Fallback {
        /// Whose.
        webhook: String,
    },
    /// Somebody is being called.
    Dialing {
        /// The new leg.
        leg: LegId,
        /// Whom.
        member: String,
    },
    /// Somebody's phone rings.
    Ringing {
        /// Whose.
        member: String,
    },
    /// Somebody answered.
    MemberAnswered {
        /// Who.
        member: String,
        /// How long it rang, in milliseconds.
        ring_ms: u64,
    },
    /// Somebody did not answer.
    MemberFailed {
        /// Who.
        member: String,
        /// Why.
        cause: Cause,
    },
    /// Somebody's phone stops ringing, because another answered.
    MemberCancelled {
        /// Whose.
        member: String,
    },
    /// The two hear each other.
    Bridged {
        /// The other one.
        member: String,
    },
    /// A member answered and pressed the key that takes the call.
    Confirmed {
        /// Who.
        member: String,
    },
    /// A member may not be free to take calls.
    MemberState {
        /// Who.
        member: String,
        /// What it is doing.
        state: AgentState,
    },
    /// Other legs of the call hear each other now.
    Reconnected {
        /// One.
        a: LegId,
        /// The other.
        b: LegId,
    },
    /// A party put the call on hold, or took it back.
    Hold {
        /// Which leg.
        leg: LegId,
        /// Whether it is on hold now.
        held: bool,
    },
    /// A party pressed a feature code.
    Feature {
        /// Which leg.
        leg: LegId,
        /// What the code does.
        feature: String,
    },
    /// Whoever was called says that the callee is elsewhere, and it is called there.
    Diverted {
        /// Which leg.
        leg: LegId,
        /// Where: a SIP URI.
        to: String,
    },
    /// A party asks for a transfer.
    Refer {
        /// Which leg.
        leg: LegId,
        /// With whom the other one shall talk.
        to: String,
    },
    /// An action holds a variable that nobody knows, and is not done.
    LeftOut {
        /// Which kind of action.
        action: String,
        /// Which variable.
        why: String,
    },
    /// Attributes that the call has no more room for, so that they are not noted.
    TooMuch {
        /// Their names.
        attributes: Vec<String>,
    },
    /// A party wants somebody called whom `destinations` of the table does not allow.
    NotPermitted {
        /// Which leg.
        leg: LegId,
        /// Whom.
        to: String,
    },
    /// The caller has asked for a transfer, which callers may not have here.
    TransferDenied {
        /// Its leg.
        leg: LegId,
    },
    /// Something that was wanted of the adapter could not be done.
    NotDone {
        /// What.
        deed: Deed,
        /// Why not.
        reason: String,
    },
    /// Something is wanted that the adapter is known not to be able to do.
    Cannot {
        /// What is wanted.
        what: String,
        /// What the adapter cannot do.
        ability: Ability,
    },
    /// Legs of the call go to a room.
    Meeting {
        /// Which.
        room: String,
    },
    /// The caller is parked.
    Parked {
        /// In which slot.
        slot: String,
    },
    /// The caller's switch is sent elsewhere.
    Redirecting {
        /// Where to.
        contacts: Vec<String>,
    },
    /// Something was noted about the call.
    Set {
        /// The names of the attributes.
        attributes: Vec<String>,
        /// The names of the headers for later legs.
        headers: Vec<String>,
    },
    /// Digits are waited for.
    Collecting {
        /// The attribute that takes them.
        into: String,
        /// Which round, from 1.
        attempt: u32,
    },
    /// Digits were entered; which, is not written down.
    Collected {
        /// The attribute that took them.
        into: String,
        /// How many.
        digits: usize,
    },
    /// The caller waits in a queue.
    Queued {
        /// Which.
        queue: String,
        /// Its place, from 1.
        position: u32,
        /// How many wait.
        size: u32,
    },
    /// The caller is served before one who came earlier.
    Passed {
        /// The other's call.
        call_id: CallId,
        /// Why.
        why: PassedWhy,
    },
    /// The caller waits in a queue no more.
    QueueLeft {
        /// Which.
        queue: String,
        /// How long it waited, in milliseconds.
        wait_ms: u64,
        /// `answered` by a member, or why it left.
        disposition: Disposition,
    },
    /// The caller wants to be called back.
    CallbackWanted {
        /// In which queue it waited.
        queue: String,
    },
    /// A caller that left a queue is called back.
    CallingBack {
        /// Which queue.
        queue: String,
        /// The call in which it was asked for.
        call_id: CallId,
        /// Which try this is, from 1.
        n: u32,
    },
    /// The caller's number is not known, or may not be dialed: it cannot be called back.
    NoCallback,
    /// The caller could not be called back.
    CallbackFailed {
        /// Which try it was, from 1.
        n: u32,
        /// The next one begins so many seconds from now; `None`: there is none.
        again_s: Option<u32>,
    },
    /// Somebody wants the call to do something else.
    Pushed {
        /// What, by the kind of each action.
        actions: Vec<ActionKind>,
    },
    /// What somebody wants the call to do cannot be done.
    PushRefused {
        /// Why not.
        why: String,
    },
    /// The call is not recorded, as the prompt that says so was not heard: it could not be played, or
    /// something else took its place.
    Unrecorded,
    /// Both sides are being recorded.
    RecordingCall {
        /// Under which name.
        name: String,
    },
    /// The recording of both sides is over and kept.
    CallRecorded {
        /// Where it is.
        url: String,
        /// How long it is, in milliseconds.
        duration_ms: u64,
    },
    /// A message was too short to be kept.
    MessageTooShort {
        /// How long it was, in milliseconds.
        duration_ms: u64,
    },
    /// The caller threw the message away.
    MessageDiscarded,
    /// A message is being recorded.
    Recording {
        /// Into which box.
        message: String,
    },
    /// A message was recorded.
    Recorded {
        /// Where it is.
        url: String,
        /// How long it is, in milliseconds.
        duration_ms: u64,
    },
    /// A message could not be kept.
    RecordFailed {
        /// Why.
        reason: String,
    },
    /// The file's default is taken.
    Default {
        /// Why.
        why: String,
    },
    /// The caller hung up.
    CallerGone,
    /// The call is being ended.
    Ending {
        /// Why.
        why: String,
    },
    /// The call is over.
    Ended {
        /// How long it lasted, in milliseconds.
        duration_ms: u64,
    },
}
