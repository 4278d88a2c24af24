//! The one walk that decides and explains.

use super::{Block, Book, Child, Dialed};
use crate::engine::answers::NEEDS;
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

/// The first rule so far that holds, or that cannot be settled without a further fact: the rule's
/// position above its answer, in one word, so that it stays in a register.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Best(u64);

impl Best {
    /// No rule.
    pub(crate) const NONE: Self = Self((u32::MAX as u64) << 32);

    #[inline]
    fn new(record: &Record, needs: bool) -> Self {
        let answer = record.answer | if needs { NEEDS } else { 0 };
        Self(u64::from(record.rule) << 32 | u64::from(answer))
    }

    /// The rule's position among all rules; `u32::MAX`: there is none.
    #[inline]
    pub(crate) fn rule(self) -> u32 {
        u32::try_from(self.0 >> 32).unwrap_or(u32::MAX)
    }

    /// What it does, as a place among the answers.
    #[inline]
    pub(crate) fn answer(self) -> u32 {
        u32::try_from(self.0 & u64::from(!NEEDS)).unwrap_or(0)
    }

    /// Whether it waits for a fact.
    #[inline]
    pub(crate) fn needs(self) -> bool {
        self.0 & u64::from(NEEDS) != 0
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
        let Some(child) = self.child(call) else {
            return Best::NONE;
        };
        if call.tables.lists.asked {
            // Asked for now, what it loads is on its way together with the records.
            call.ask_lists();
        }
        match child.as_node() {
            None => self.scan(child, call, from, Best::NONE, observer),
            Some(node) => self.branch(node, call, from, Best::NONE, observer),
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
        let best = own.find_map(|record| self.look(record, call, &mut ()));
        best.unwrap_or(Best::NONE)
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
        let dialed = call.key(Subject::Dialed);
        if let Some(exact) = &self.exact
            && let Some(place) = exact.place(dialed.word())
            && let Some(head) = self.records.get(place)
            && head.key == dialed.word()
        {
            return Some(Child::run(place + 1));
        }
        self.dialed.longest(dialed).map(Child)
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
        best: Best,
        observer: &mut O,
    ) -> Best {
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
        best: Best,
        observer: &mut O,
    ) -> Best {
        let run = self.records.get(child.0 as usize..).unwrap_or(&[]);
        for record in run {
            if record.rule >= best.rule() {
                return best;
            }
            if record.rule >= from
                && let Some(found) = self.look(record, call, observer)
            {
                return found;
            }
            if record.has(LAST) {
                return best;
            }
        }
        best
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
            observer.record(record, truth);
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

    /// An emergency call: only a block that is this number, or rules that name it, may decide;
    /// and no rule that turns calls away by a list.
    fn emergency<O: Observer>(&self, call: &Call<'_>, from: u32, observer: &mut O) -> Best {
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
            (None, None) => return Best::NONE,
        };
        let mut own = rules.filter(|record| record.rule >= from && may(record));
        let best = own.find_map(|record| self.look(record, call, observer));
        best.unwrap_or(Best::NONE)
    }
}
