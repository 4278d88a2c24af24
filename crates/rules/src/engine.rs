//! The compiled table: what the machine walks.

mod actions;
mod answers;
mod book;
mod call;
mod clause;
mod decide;
mod decks;
mod facts;
mod lists;
mod names;
mod outcome;
mod quick;
mod record;
mod render;
mod resolve;
mod rotas;
mod rows;
mod subject;
mod tables;
mod truth;
mod view;

pub(crate) use answers::{Answers, json};
pub(crate) use book::{Best, Book, Builder, Dialed, Draft, Observer};
pub(crate) use call::{Call, WHOLE, in_full};
pub(crate) use clause::{Available, Calls, Clause, Field, OneOf, Party, Places, Test, Written};
pub(crate) use decide::DefaultActions;
pub(crate) use decks::{Deck, Place};
pub(crate) use lists::{CallerList, Lists};
pub(crate) use names::Named;
pub(crate) use record::{LISTS, NAMES, Part, REJECTS, Record};
pub(crate) use render::{PLAIN, SPACES};
pub(crate) use resolve::{MAX_DEPTH, MAX_EXPANDED, flatten};
pub(crate) use rotas::{Rota, Turns};
pub(crate) use rows::Rows;
pub(crate) use subject::Subject;
pub(crate) use tables::{OnShift, Switch, Tables, ZoneTable};
pub(crate) use truth::Truth;
pub(crate) use view::View;

pub use decide::Engine;
pub use facts::{Fact, Facts, Lookup};
pub use names::{Agent, Secret, WebhookSpec};
pub use outcome::{Decision, Outcome, RuleId, RuleRef};
pub use render::RenderError;
pub use resolve::{NameKind, UnknownName, WrongValue, check};
pub use tables::{LookupSource, LookupSpec};
