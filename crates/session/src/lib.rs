//! One call as a pure state machine.
//!
//! ```text
//!   (Now, Input)  ->  Session  ->  Effects        a call is the list of its inputs
//! ```
//!
//! [`Session::handle`] and [`Session::next_wake`] are the only doors. What a session cannot know
//! it asks for by an [`Effect`]; the answer comes back as an [`Input`]. So a call is a list of
//! `(Now, Input)`, which [`journal`] writes as JSON lines and replays exactly. [`Effects`]
//! borrows the session: the next input does not compile before the effects are taken.
//!
//! Every wait has an end, and every end has an action:
//!
//! | waiting for | at most | then |
//! |---|---|---|
//! | the caller's ACK | 40 s | the call ends |
//! | a sound's end | 10 min | it is stopped, the next action |
//! | a menu's key | `timeout_s`, 5 s | the menu's `timeout` branch, else once more, else the default |
//! | a webhook | its deadline and 250 ms | `on.failed`, its fallback, the default |
//! | a member's answer | `ring_s`, 30 s (20 s one after the other) | the next member, `on`, the next action, the default |
//! | a message's end | 3 min | it is kept, the next action |
//! | a conversation's end | 12 h | the call ends |
//! | the legs' ends | 40 s | the call is over all the same |
//!
//! This crate is pure: no runtime, no socket, no clock, no dice.

mod call;
mod effect;
mod input;
pub mod journal;
mod ledger;
mod note;
mod program;
mod session;
mod settings;
pub mod shared;
mod step;

pub use effect::{AskId, AskTarget, Effect, Message};
pub use input::{AskFailure, Input, Now};
pub use note::Note;
pub use session::{Effects, Session};
pub use settings::{FeatureCodes, Settings};
