//! What a routing file that loads makes one wonder about: rules that never match, hours that are
//! never open, keys that do nothing, names that nothing uses, calls that come back to themselves.
//!
//! Whatever is told here is so for every call: where it depends on the call, nothing is told.

mod above;
mod chains;
mod deeds;
mod doubts;
mod files;
mod going_on;
mod help;
mod hours;
mod implies;
mod keys;
mod menus;
mod names;
mod patterns;
mod people;
mod rings;
mod rules;
mod through;
mod used;
mod webhooks;

use std::cell::RefCell;
use std::collections::HashMap;

use callroute_schema::tree::Node;

use self::going_on::{may_go_on, passes_on};
use self::implies::Logic;
use crate::engine::{Clause, Dialed, Engine, OneOf, Subject};
use crate::fault::{Faults, Report};
use crate::number::Pattern;
use crate::path::Path;
use crate::table::{Rules, Sections};

/// What the routing file of an engine makes one wonder about, each with its places and the mend;
/// empty when nothing does.
///
/// ```
/// use callroute_rules::{ChronoTz, load, review};
///
/// let engine = load("routes.yaml", r#"
/// version: 1
/// default: { action: voicemail, message: general }
/// numbers:
///   "+13146523057":
///     - { name: all, then: { action: busy } }
///     - { name: vip, when: { caller: { prefix: "+1415" } }, then: { action: hangup } }
/// "#, &(), &ChronoTz)?;
/// let found = review(&engine);
/// assert!(found.as_slice()[0].message.starts_with("this rule never decides"));
/// # Ok::<(), callroute_rules::Faults>(())
/// ```
#[must_use]
pub fn review(engine: &Engine) -> Faults {
    let judges = Judges {
        host: &|_, _| None,
        settings: &|_| None,
    };
    review_with(engine, &judges)
}

/// Who knows of webhooks what is not known here.
#[expect(missing_debug_implementations, reason = "two functions")]
pub struct Judges<'j> {
    /// What is wrong with the host of a URL, of which these ranges of addresses may be dialled, as in
    /// `127.0.0.1 is a loopback address`.
    pub host: &'j dyn Fn(&str, &[String]) -> Option<String>,
    /// What is wrong with a webhook of this name, such as its certificates, and under which of its
    /// keys.
    pub settings: &'j dyn Fn(&str) -> Option<(&'static str, String)>,
}

/// The same, and which webhooks can never be asked.
#[must_use]
pub fn review_with(engine: &Engine, judges: &Judges<'_>) -> Faults {
    let sources = engine.sources();
    let (name, text) = match sources.first() {
        Some(main) => (main.name.as_str(), main.text.as_str()),
        None => ("", ""),
    };
    let mut report = Report::of_warnings(name);
    let mut read = Report::new(name);
    if let Some(root) = crate::compile::root(name, text, &mut read) {
        let table = crate::table::read(&root, &mut read);
        let mut review = Review {
            root: &root,
            table: &table,
            engine,
            logic: Logic::new(&table, &engine.tables),
            edges: RefCell::default(),
            report: &mut report,
        };
        let blocks = review.blocks();
        review.rules(&blocks);
        review.help();
        review.hours(&blocks);
        let used = review.used();
        review.menus(&used);
        review.names(&used);
        review.doubts(&used);
        review.sheets(&used);
        review.webhooks(judges);
        review.rings(&blocks);
        review.chains();
        review.people();
        review.deeds();
    }
    // It was read when the engine was compiled, so nothing should be wrong with it; but if
    // something is, the review of what is left says little.
    if !read.is_empty() {
        return read.finish(sources);
    }
    report.finish(sources)
}

/// What every part of the review needs.
struct Review<'a> {
    root: &'a Node,
    table: &'a Sections,
    engine: &'a Engine,
    logic: Logic<'a>,
    /// When hours change within a usual week.
    edges: RefCell<HashMap<u32, Vec<i64>>>,
    report: &'a mut Report,
}

/// The rules of a number, as they are compared with each other.
struct Block<'a> {
    /// The number as written.
    number: &'a str,
    /// What holds for every call to it.
    dialed: Option<Clause>,
    /// Its first rule among all.
    first: u32,
    rules: Vec<Compared>,
}

/// A rule as it is compared with others.
struct Compared {
    /// Its position in its block.
    index: usize,
    /// How it is called in messages.
    title: String,
    /// Of which all must hold; without those that always do.
    clauses: Vec<Clause>,
    /// Whether it is for emergency calls, which rules above it that turn a listed caller away
    /// leave alone.
    is_emergency: bool,
    /// Whether the rules behind it may be asked although it holds.
    goes_on: bool,
    /// Whether they always are.
    passes_on: bool,
}

impl<'a> Review<'a> {
    fn warn(&mut self, at: &Path<'_>, message: impl Into<String>) {
        self.report.at(self.root, at, message);
    }

    /// About an entry as a whole: where its name stands.
    fn warn_key(&mut self, at: &Path<'_>, message: impl Into<String>) {
        self.report.at_key(self.root, at, message);
    }

    fn warn_between(
        &mut self,
        at: &Path<'_>,
        message: impl Into<String>,
        other: (&Path<'_>, &str),
    ) {
        self.report.between(self.root, at, message, other);
    }

    /// The blocks that are lists of rules.
    fn blocks(&self) -> Vec<Block<'a>> {
        let (table, book) = (self.table, &self.engine.book);
        let entries = table.numbers.entries().iter().zip(&book.blocks);
        let lists = entries.filter_map(|(entry, block)| match &entry.value {
            Some(Rules::List(list)) => Some((entry.name.as_str(), block, list)),
            _ => None,
        });
        lists
            .map(|(number, block, list)| {
                let dialed = self.dialed(number);
                let is_emergency = self.engine.tables.emergency(number).is_some();
                let told = |clause: &Clause| {
                    let mut given = dialed.iter();
                    self.logic.always(clause)
                        || given.any(|dialed| self.logic.implies(dialed, clause))
                };
                let rules = book.rules_of(block).zip(list).enumerate();
                let rules = rules.map(|(index, (rule, written))| {
                    let name = written.as_ref().and_then(|written| written.name.as_deref());
                    let count = index.saturating_add(1);
                    let record = book.record(rule);
                    let parts = record.map(|record| record.parts(&book.clauses));
                    let clauses = parts.into_iter().flatten();
                    let then = written.as_ref().map(|written| &written.then);
                    Compared {
                        index,
                        passes_on: then.is_some_and(|then| passes_on(&self.engine.named, then)),
                        goes_on: then.is_none_or(|then| may_go_on(&self.engine.named, then)),
                        is_emergency: is_emergency || book.emergency.binary_search(&rule).is_ok(),
                        title: match name {
                            Some(name) => format!("rule {count} {name:?}"),
                            None => format!("rule {count}"),
                        },
                        clauses: clauses
                            .flat_map(|part| flat(part.clause(), true))
                            .filter(|clause| !told(clause))
                            .collect(),
                    }
                });
                Block {
                    first: block.first,
                    number,
                    rules: rules.collect(),
                    dialed,
                }
            })
            .collect()
    }

    /// What is known of the number that a call to a block has dialed.
    fn dialed(&self, number: &str) -> Option<Clause> {
        let (keys, texts, prefixes) =
            match crate::number::pattern(number, self.engine.tables.region).ok()? {
                Pattern::Any => return None,
                Pattern::Exact(Dialed::Key(key)) => (vec![key], Vec::new(), false),
                Pattern::Exact(Dialed::Text(text)) => (Vec::new(), vec![text], false),
                Pattern::Prefix(mut keys) => {
                    keys.sort_unstable();
                    (keys, Vec::new(), true)
                }
            };
        Some(Clause::OneOf(Box::new(OneOf {
            subject: Subject::Dialed,
            keys: keys.into(),
            texts: texts.into(),
            prefixes,
        })))
    }
}

/// The clauses of which all must hold, without `all` around them; of what must not hold where
/// `holds` is false, the opposites.
fn flat(clause: &Clause, holds: bool) -> Vec<Clause> {
    match (clause, holds) {
        (Clause::All(all), true) | (Clause::Any(all), false) => {
            all.iter().flat_map(|part| flat(part, holds)).collect()
        }
        (Clause::Kind(_, spelled), _) => flat(spelled, holds),
        (Clause::Not(not), _) => flat(not, !holds),
        (Clause::Hours { hours, open }, _) => vec![Clause::Hours {
            hours: *hours,
            open: *open == holds,
        }],
        (Clause::Anonymous(wanted), _) => vec![Clause::Anonymous(*wanted == holds)],
        (other, true) => vec![other.clone()],
        (other, false) => vec![Clause::Not(Box::new(other.clone()))],
    }
}
