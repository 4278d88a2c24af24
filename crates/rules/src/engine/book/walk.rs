//! The one walk that decides and explains.

use super::{Block, Book, Child, Node};
use crate::engine::answers::{ASKS, NEEDS, VARIES};
use crate::engine::call::Call;
use crate::engine::record::{Record, low};
use crate::engine::subject::Subject;
use crate::engine::truth::Truth;
use crate::prefix::Key;

/// Watches a walk. Every method does nothing unless it is written out, so that a walk without a
/// watcher compiles to the bare decision.
pub(crate) trait Observer {
    /// Whether it watches at all.
    const WATCHES: bool;

    /// A rule was looked at, and came out so.
    fn rule(&mut self, _rule: u32, _truth: Truth) {}
}

/// Nobody watches.
impl Observer for () {
    const WATCHES: bool = false;
}

/// The first rule so far that holds, or that cannot be settled without a further fact: the rule's
/// position above its answer, in one word, so that it stays in a register.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Best(u64);

impl Best {
    /// No rule.
    pub(crate) const NONE: Self = Self((u32::MAX as u64) << 32);

    #[inline]
    fn new(record: &Record, needs: bool) -> Self {
        let answer = record.answer() | if needs { NEEDS } else { 0 };
        Self(u64::from(record.rule) << 32 | u64::from(answer))
    }

    /// The rule's position among all rules; `u32::MAX`: there is none.
    #[inline]
    pub(crate) fn rule(self) -> u32 {
        u32::try_from(self.0 >> 32).unwrap_or(u32::MAX)
    }

    /// Whether there is a rule, and it does not stand behind another. Where there is none yet, which
    /// whoever compiles a walk's beginning knows, there is nothing to compare.
    #[inline]
    fn is_before(self, other: u32) -> bool {
        self.rule() != Self::NONE.rule() && self.rule() <= other
    }

    /// What it does, as a place among the answers.
    #[inline]
    pub(crate) fn answer(self) -> u32 {
        u32::try_from(self.0 & u64::from(!NEEDS)).unwrap_or(0)
    }

    /// Whether it waits for a fact or a lookup, or has variables.
    #[inline]
    pub(crate) fn is_open(self) -> bool {
        self.0 & u64::from(NEEDS | VARIES | ASKS) != 0
    }

    /// Whether it waits for a fact.
    #[inline]
    pub(crate) fn needs(self) -> bool {
        self.0 & u64::from(NEEDS) != 0
    }
}

/// Where the rules for a dialed number are.
enum Found<'b> {
    Run(Run<'b>),
    Node(usize),
}

/// The position of the first rule, and records.
#[derive(Clone, Copy)]
pub(super) struct Run<'b>(pub(super) &'b [u64]);

impl<'b> Run<'b> {
    #[inline(always)]
    pub(super) fn parted(self) -> (u32, &'b [u64]) {
        match self.0.split_first() {
            Some((first, words)) => (low(*first), words),
            None => (u32::MAX, &[]),
        }
    }
}

impl Book {
    /// The first rule, in written order, that holds among those after `after` (`None`: among all)
    /// in the most specific block for the dialed number.
    #[inline(always)]
    pub(crate) fn find<O: Observer>(
        &self,
        call: &Call<'_>,
        after: Option<u32>,
        observer: &mut O,
    ) -> Best {
        let from = after.map_or(0, |rule| rule.saturating_add(1));
        if call.emergency {
            return self.emergency(call, from, observer);
        }
        let Some(found) = self.dialed(call) else {
            return Best::NONE;
        };
        if call.tables.lists.asked {
            // Asked for now, what it loads is on its way together with the records.
            call.ask_lists();
        }
        match found {
            Found::Run(run) => self.scan(run, call, from, Best::NONE, observer),
            Found::Node(node) => self.branch(node, call, from, Best::NONE, observer),
        }
    }

    /// As [`find`](Self::find), by looking at every rule of the block in turn: what the index is
    /// held against.
    pub(crate) fn find_linear(&self, call: &Call<'_>, after: Option<u32>) -> Best {
        let from = after.map_or(0, |rule| rule.saturating_add(1));
        if call.emergency {
            return self.emergency(call, from, &mut ());
        }
        let rules = self.block_for(call).map(|block| self.rules_of(block));
        let records = rules
            .into_iter()
            .flatten()
            .filter_map(|rule| self.record(rule));
        let mut own = records.filter(|record| record.rule >= from);
        let best = own.find_map(|record| self.look(&record, call, &mut ()));
        best.unwrap_or(Best::NONE)
    }

    /// Where the rules for the dialed number are.
    #[inline(always)]
    fn dialed(&self, call: &Call<'_>) -> Option<Found<'_>> {
        if !self.texts.is_empty()
            && let Some(text) = call.text(Subject::Dialed)
            && let Some(child) = self.texts.get(text)
        {
            return self.found(Child(*child));
        }
        let dialed = call.key(Subject::Dialed);
        match self.exact.find(dialed.word()) {
            Some(run) => Some(Found::Run(Run(run))),
            None if call.has_forms() => self.by_forms(call),
            None => self.found(self.by_prefix(dialed)?),
        }
    }

    /// By the more specific of two forms.
    #[cold]
    fn by_forms(&self, call: &Call<'_>) -> Option<Found<'_>> {
        let written = call.written(Subject::Dialed).filter(|_| self.as_written);
        let Some(written) = written else {
            return self.found(self.by_prefix(call.key(Subject::Dialed))?);
        };
        // A prefix that fills a key stands among the whole numbers.
        if let Some(run) = self.exact.find(written.key.word()) {
            return Some(Found::Run(Run(run)));
        }
        let (child, _) = call.closest(Subject::Dialed, &self.dialed)?;
        self.found(Child(child))
    }

    /// On its own, so that numbers which stand by themselves do not carry it along.
    #[inline(never)]
    fn by_prefix(&self, dialed: Key) -> Option<Child> {
        self.dialed.longest(dialed).map(Child)
    }

    #[inline]
    fn found(&self, child: Child) -> Option<Found<'_>> {
        match child.as_node() {
            None => self.run(child).map(Found::Run),
            Some(node) => Some(Found::Node(node)),
        }
    }

    #[inline]
    fn run(&self, child: Child) -> Option<Run<'_>> {
        let run = self.runs.get(child.place()..)?;
        (!run.is_empty()).then_some(Run(run))
    }

    /// The block for the dialed number; for an emergency number one that names it, if there is.
    pub(crate) fn block_for(&self, call: &Call<'_>) -> Option<&Block> {
        let for_help = match call.emergency {
            true => self.block_for_help(call),
            false => None,
        };
        for_help.or_else(|| self.dialed_block(call))
    }

    /// The most specific block that covers the dialed number.
    pub(super) fn dialed_block(&self, call: &Call<'_>) -> Option<&Block> {
        self.block_found(&self.dialed(call)?)
    }

    pub(super) fn block_at(&self, child: Child) -> Option<&Block> {
        self.block_found(&self.found(child)?)
    }

    fn block_found(&self, found: &Found<'_>) -> Option<&Block> {
        self.block_of(match found {
            Found::Run(run) => run.parted().0,
            Found::Node(node) => self.nodes.get(*node)?.first,
        })
    }

    #[inline(never)]
    fn follow<O: Observer>(
        &self,
        child: Child,
        call: &Call<'_>,
        from: u32,
        best: Best,
        observer: &mut O,
    ) -> Best {
        match self.found(child) {
            Some(Found::Run(run)) => self.scan(run, call, from, best, observer),
            Some(Found::Node(node)) => self.branch(node, call, from, best, observer),
            None => best,
        }
    }

    #[inline(always)]
    fn scan<O: Observer>(
        &self,
        run: Run<'_>,
        call: &Call<'_>,
        from: u32,
        best: Best,
        observer: &mut O,
    ) -> Best {
        let (mut next, words) = run.parted();
        let mut words = words.iter();
        while let Some(record) = Record::read(&mut words, next) {
            if best.is_before(record.rule) {
                return best;
            }
            if record.rule >= from
                && let Some(found) = self.look(&record, call, observer)
            {
                return found;
            }
            next = record.rule + 1;
            if record.is_last() {
                match words.next().filter(|_| record.goes_on()) {
                    Some(place) => words = self.rest(*place).iter(),
                    None => return best,
                }
            }
        }
        best
    }

    /// What a line had no room for.
    #[inline]
    fn rest(&self, place: u64) -> &[u64] {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        self.runs.get(place..).unwrap_or_default()
    }

    /// Looks at one record; `Some`: it is the best so far, and later ones of its run do not count.
    #[inline(always)]
    fn look<O: Observer>(
        &self,
        record: &Record,
        call: &Call<'_>,
        observer: &mut O,
    ) -> Option<Best> {
        let truth = record.truth(call, &self.clauses);
        if O::WATCHES {
            observer.rule(record.rule, truth);
        }
        match truth {
            Truth::True => Some(Best::new(record, false)),
            Truth::Need => Some(Best::new(record, true)),
            Truth::False | Truth::Missing => None,
        }
    }

    fn branch<O: Observer>(
        &self,
        node: usize,
        call: &Call<'_>,
        from: u32,
        mut best: Best,
        observer: &mut O,
    ) -> Best {
        let Some(node) = self.nodes.get(node) else {
            return best;
        };
        for subject in Subject::ALL {
            let place = subject.place();
            if let Some(Some(table)) = node.numbers.get(place) {
                for child in table.all(call.key(subject)) {
                    best = self.follow(Child(child), call, from, best, observer);
                }
            }
            if let Some(Some(texts)) = node.texts.get(place)
                && let Some(child) = call.text(subject).and_then(|text| texts.get(text))
            {
                best = self.follow(Child(*child), call, from, best, observer);
            }
        }
        if call.has_forms() {
            best = self.branch_as_written(node, call, from, best, observer);
        }
        if !node.lists.is_empty() {
            for list in call.tables.lists.of(call.hits()) {
                if let Ok(place) = node.lists.binary_search_by_key(&list, |(list, _)| *list)
                    && let Some((_, child)) = node.lists.get(place)
                {
                    best = self.follow(*child, call, from, best, observer);
                }
            }
        }
        if let Some(rest) = node.rest {
            best = self.follow(rest, call, from, best, observer);
        }
        best
    }

    /// What is posted under prefixes as people dial them.
    #[cold]
    fn branch_as_written<O: Observer>(
        &self,
        node: &Node,
        call: &Call<'_>,
        from: u32,
        mut best: Best,
        observer: &mut O,
    ) -> Best {
        for (subject, table) in Subject::ALL.into_iter().zip(&node.numbers) {
            if let (Some(table), Some(written)) = (table, call.written(subject)) {
                for child in table.all(written.key) {
                    best = self.follow(Child(child), call, from, best, observer);
                }
            }
        }
        best
    }

    /// An emergency call: only a block that is this number, or rules that name it, may decide;
    /// and no rule that turns calls away by who calls.
    #[cold]
    fn emergency<O: Observer>(&self, call: &Call<'_>, from: u32, observer: &mut O) -> Best {
        let mut records = self.for_help(call, from);
        let best = records.find_map(|record| self.look(&record, call, observer));
        best.unwrap_or(Best::NONE)
    }
}
