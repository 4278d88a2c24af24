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
//! ```text
//!              HubRequest                              HubReply
//!   Session  -------------->  Hub (queues, agents, ...)  ---------->  any Session
//! ```
//!
//! What calls share (whose turn it is in a ring group, queues, agents' states, parking slots,
//! rooms) is in a [`Hub`](shared::Hub), one for all calls of a router, and as pure. Every wait has
//! an end, and every end has an action: [`waits`] lists them. [`journal`] is the bug report, the
//! simulator's script and the fuzz corpus at once.
//!
//! This crate is pure: no runtime, no socket, no clock, no dice.

mod call;
mod effect;
mod input;
pub mod journal;
mod ledger;
mod needs;
mod note;
mod patience;
mod program;
mod session;
mod settings;
pub mod shared;
mod step;
pub mod waits;

pub use effect::{AskId, AskTarget, Effect, Message};
pub use input::{AskFailure, Input, Now};
pub use needs::{Unmet, unmet};
pub use note::Note;
pub use patience::Patience;
pub use program::{MAX_ACTIONS_PER_CALL, branch};
pub use session::{Effects, Session};
pub use settings::{FeatureCodes, Settings};
