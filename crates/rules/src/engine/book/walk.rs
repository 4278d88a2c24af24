//! The one walk that decides and explains.

use super::{Block, Book, Child, Dialed};
use crate::engine::call::Call;
use crate::engine::record::{LAST, LISTS, NAMES, REJECTS, Record};
use crate::engine::subject::Subject;
use crate::engine::truth::Truth;

/// Watches a walk. Every method does nothing unless it is written out, so that a walk without a
/// watcher compiles to the bare decision.
pub(crate) trait Observer {
    /// Whether it watches at all.
    const WATCHES: bool;

    /// A rule was looked at, and came out so.
    fn record(&mut self, _record: &Record, _truth: Truth) {}
}

/// Nobody watches.
impl Observer for () {
    const WATCHES: bool = false;
}

/// The first rule so far that holds, or that cannot be settled without a further fact.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Best {
    pub(crate) rule: u32,
    pub(crate) answer: u32,
    pub(crate) needs: bool,
}

impl Best {
    /// No rule.
    pub(crate) const NONE: Self = Self {
        rule: u32::MAX,
        answer: 0,
        needs: false,
    };
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
        let mut best = Best::NONE;
        let from = after.map_or(0, |rule| rule.saturating_add(1));
        if call.emergency {
            self.emergency(call, from, &mut best, observer);
            return best;
        }
        if let Some(child) = self.child(call) {
            match child.as_node() {
                None => self.scan(child, call, from, &mut best, observer),
                Some(node) => self.branch(node, call, from, &mut best, observer),
            }
        }
        best
    }

    /// As [`find`](Self::find), by looking at every rule of the block in turn: what the index is
    /// held against.
    pub(crate) fn find_linear(&self, call: &Call<'_>, after: Option<u32>) -> Best {
        let mut best = Best::NONE;
        let from = after.map_or(0, |rule| rule.saturating_add(1));
        if call.emergency {
            self.emergency(call, from, &mut best, &mut ());
            return best;
        }
        let Some(block) = self.block_for(call) else {
            return best;
        };
        for rule in self.rules_of(block) {
            if let Some(record) = self.record(rule)
                && rule >= from
                && !self.look(record, call, &mut best, &mut ())
            {
                break;
            }
        }
        best
    }

    /// Where the rules for the dialed number are.
    #[inline(always)]
    fn child(&self, call: &Call<'_>) -> Option<Child> {
        if !self.texts.is_empty()
            && let Some(text) = call.text(Subject::Dialed)
            && let Some(child) = self.texts.get(text)
        {
            return Some(Child(*child));
        }
        self.dialed.longest(call.key(Subject::Dialed)).map(Child)
    }

    /// The block for the dialed number; for an emergency number only one that names it.
    pub(crate) fn block_for(&self, call: &Call<'_>) -> Option<&Block> {
        let child = self.child(call)?;
        let rule = match child.as_node() {
            None => self.records.get(child.0 as usize)?.rule,
            Some(_) => self.blocks.iter().find(|block| block.child == child)?.first,
        };
        self.block_of(rule)
    }

    #[inline(never)]
    fn follow<O: Observer>(
        &self,
        child: Child,
        call: &Call<'_>,
        from: u32,
        best: &mut Best,
        observer: &mut O,
    ) {
        match child.as_node() {
            None => self.scan(child, call, from, best, observer),
            Some(node) => self.branch(node, call, from, best, observer),
        }
    }

    #[inline(always)]
    fn scan<O: Observer>(
        &self,
        child: Child,
        call: &Call<'_>,
        from: u32,
        best: &mut Best,
        observer: &mut O,
    ) {
        let run = self.records.get(child.0 as usize..).unwrap_or(&[]);
        for record in run {
            if record.rule >= best.rule {
                return;
            }
            if record.rule >= from && !self.look(record, call, best, observer) {
                return;
            }
            if record.has(LAST) {
                return;
            }
        }
    }

    /// Looks at one record; whether later ones of its run may still count.
    #[inline(always)]
    fn look<O: Observer>(
        &self,
        record: &Record,
        call: &Call<'_>,
        best: &mut Best,
        observer: &mut O,
    ) -> bool {
        let truth = record.truth(call, &self.clauses);
        if O::WATCHES {
            observer.record(record, truth);
        }
        if matches!(truth, Truth::True | Truth::Need) {
            *best = Best {
                rule: record.rule,
                answer: record.answer,
                needs: truth == Truth::Need,
            };
            return false;
        }
        true
    }

    fn branch<O: Observer>(
        &self,
        node: usize,
        call: &Call<'_>,
        from: u32,
        best: &mut Best,
        observer: &mut O,
    ) {
        let Some(node) = self.nodes.get(node) else {
            return;
        };
        for subject in Subject::ALL {
            let place = subject.place();
            if let Some(Some(table)) = node.numbers.get(place) {
                for child in table.all(call.key(subject)) {
                    self.follow(Child(child), call, from, best, observer);
                }
            }
            if let Some(Some(texts)) = node.texts.get(place)
                && let Some(child) = call.text(subject).and_then(|text| texts.get(text))
            {
                self.follow(Child(*child), call, from, best, observer);
            }
        }
        if !node.lists.is_empty() {
            for list in call.tables.lists.of(call.hits()) {
                if let Ok(place) = node.lists.binary_search_by_key(&list, |(list, _)| *list)
                    && let Some((_, child)) = node.lists.get(place)
                {
                    self.follow(*child, call, from, best, observer);
                }
            }
        }
        if let Some(rest) = node.rest {
            self.follow(rest, call, from, best, observer);
        }
    }

    /// An emergency call: only a block that is this number, or rules that name it, may decide;
    /// and no rule that turns calls away by a list.
    fn emergency<O: Observer>(
        &self,
        call: &Call<'_>,
        from: u32,
        best: &mut Best,
        observer: &mut O,
    ) {
        let may = |record: &Record| !(record.has(REJECTS) && record.has(LISTS));
        let own = self.block_for(call).filter(|block| match &block.dialed {
            Dialed::Key(key) => key.is_whole(),
            Dialed::Text(_) => true,
        });
        let named = |rule: &u32| self.record(*rule);
        let block = self.block_for(call).map(|block| self.rules_of(block));
        let rules: Box<dyn Iterator<Item = &Record>> = match (own, block) {
            (Some(block), _) => Box::new(self.rules_of(block).filter_map(|rule| self.record(rule))),
            (None, Some(block)) => {
                let listed = self
                    .emergency
                    .iter()
                    .filter(move |rule| block.contains(rule));
                Box::new(listed.filter_map(named).filter(|record| record.has(NAMES)))
            }
            (None, None) => return,
        };
        for record in rules.filter(|record| record.rule >= from && may(record)) {
            if !self.look(record, call, best, observer) {
                return;
            }
        }
    }
}
