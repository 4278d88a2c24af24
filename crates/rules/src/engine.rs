//! The compiled table: what the machine walks.

mod condition;
mod decide;
mod index;
mod names;
mod outcome;
mod resolve;
mod walk;

pub(crate) use condition::{CallerList, Condition, Subject};
pub(crate) use decide::{Block, DefaultActions, Rule};
pub(crate) use index::{Pattern, PatternMap};
pub(crate) use names::Named;
pub(crate) use resolve::{MAX_DEPTH, MAX_EXPANDED, flatten};
pub(crate) use walk::{Observer, walk};

pub use decide::Engine;
pub use names::{Agent, Secret, WebhookSpec};
pub use outcome::{Decision, Facts, Lookup, Outcome, RuleRef};
pub use resolve::{NameKind, UnknownName, WrongValue, check};
