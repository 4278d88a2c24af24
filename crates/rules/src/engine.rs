//! The compiled table: what the machine walks.

mod condition;
mod decide;
mod index;
mod names;
mod outcome;
mod resolve;
mod walk;

pub(crate) use condition::{CallerList, Condition};
pub(crate) use decide::{Block, Rule};
pub(crate) use index::PatternMap;
pub(crate) use names::Named;
pub(crate) use walk::{Observer, walk};

pub use decide::Engine;
pub use names::{Agent, Secret, WebhookSpec};
pub use outcome::{Decision, Facts, Lookup, Outcome, RuleRef};
pub use resolve::{NameKind, UnknownName};
