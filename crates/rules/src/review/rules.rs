//! Rules that never decide, and numbers without an else.

use super::above::{Above, Decides};
use super::{Block, Compared, Review};
use crate::engine::{Clause, Subject};
use crate::path::Path;

impl Review<'_> {
    pub(super) fn rules(&mut self, blocks: &[Block<'_>]) {
        self.overlong();
        let section = Path::ROOT.key("numbers");
        for block in blocks {
            let at = section.key(block.number);
            let mut above = Above::default();
            // Those that end the walk whenever they hold.
            let mut ending = Above::default();
            for rule in &block.rules {
                if !self.contradiction(rule, block, &at) && !rule.is_emergency {
                    self.shadowed(rule, &ending, &at);
                }
                if !rule.passes_on {
                    above.push(rule);
                }
                if !rule.goes_on {
                    ending.push(rule);
                }
            }
            self.without_else(&block.rules, &above, &at);
        }
    }

    /// Many rules that no number and no list tells apart.
    fn overlong(&mut self) {
        let book = &self.engine.book;
        let section = Path::ROOT.key("numbers");
        for run in book.overlong.clone() {
            let place = book
                .blocks
                .partition_point(|block| block.first <= run.first);
            let place = place.saturating_sub(1);
            let block = book.blocks.get(place);
            let entry = self.table.numbers.entries().get(place);
            if let (Some(block), Some(entry)) = (block, entry) {
                let index = run.first.saturating_sub(block.first) as usize;
                let message = format!(
                    "every call to this number compares {} rules from here on one by one: no caller, number, digits or list tells them apart",
                    run.count
                );
                self.warn(&section.key(&entry.name).index(index), message);
            }
        }
    }

    /// Whether a rule contradicts itself.
    fn contradiction(&mut self, rule: &Compared, block: &Block<'_>, at: &Path<'_>) -> bool {
        let at = at.index(rule.index);
        let when = at.key("when");
        for (place, clause) in rule.clauses.iter().enumerate() {
            if let Some(why) = self.never(clause) {
                let message = format!("this rule never decides: {why}");
                self.warn(&when, message);
                return true;
            }
            let dialed = block.dialed.as_ref();
            if dialed.is_some_and(|dialed| self.logic.excludes(clause, dialed)) {
                let message = format!(
                    "this rule never decides: `{}` is another number than this block's; put it under that number, or take it out",
                    self.words(clause)
                );
                self.warn(&when, message);
                return true;
            }
            if let Some(number) = self.other_block(clause, block) {
                let message = format!(
                    "this rule never decides: calls to {number} are decided by the block of that number; move it there"
                );
                self.warn(&when, message);
                return true;
            }
            let mut others = rule.clauses.iter().skip(place + 1);
            if let Some(other) = others.find(|other| self.logic.excludes(clause, other)) {
                let (one, other) = (self.words(clause), self.words(other));
                let message = format!(
                    "this rule never decides: `{one}` and `{other}` never hold together; put them under `any`, or leave one out"
                );
                self.warn(&when, message);
                return true;
            }
        }
        false
    }

    /// The number that a clause asks to be dialed, where another block is that number.
    fn other_block(&self, clause: &Clause, block: &Block<'_>) -> Option<String> {
        let Clause::Key {
            subject: Subject::Dialed,
            key,
        } = clause
        else {
            return None;
        };
        let own = self.engine.book.block_of_number(*key)?;
        (own.first != block.first).then(|| key.to_string())
    }

    /// Why a clause never holds.
    fn never(&self, clause: &Clause) -> Option<String> {
        match clause {
            Clause::Hours { hours, open } => {
                let constant = self.logic.settled(*hours)?;
                let hours = self.engine.tables.hours(*hours)?;
                let (name, word) = (hours.name(), if constant { "open" } else { "closed" });
                (constant != *open).then(|| format!("`{name}` is always {word}"))
            }
            Clause::List(list) => {
                let list = self.engine.tables.lists.all().get(*list as usize)?;
                let empty = list.numbers.is_empty() && list.texts.is_empty() && !list.anonymous;
                empty.then(|| format!("the list `{}` is empty", list.name))
            }
            Clause::Deck { deck, .. } => {
                let deck = self.engine.tables.decks.get(*deck as usize)?;
                deck.table
                    .is_empty()
                    .then(|| format!("`{}` has no entries", deck.name))
            }
            Clause::Duty { rota, who } => {
                let rota = self.engine.tables.rotas.get(*rota as usize)?;
                let turns = rota.turns.agents();
                let has_turn = who.iter().any(|agent| turns.contains(&&**agent));
                let who = who.join(" and ");
                (!has_turn).then(|| format!("`{who}` has no turn in `{}`", rota.name))
            }
            Clause::Any(any) => {
                let mut why = any.iter().map(|part| self.never(part));
                let first = why.next()??;
                why.all(|why| why.is_some()).then_some(first)
            }
            Clause::All(all) => all.iter().find_map(|part| self.never(part)),
            _ => None,
        }
    }

    fn shadowed(&mut self, rule: &Compared, above: &Above<'_>, at: &Path<'_>) {
        let (message, index, label) = match above.decides(&rule.clauses, &self.logic) {
            None => return,
            Some(Decides::One(first)) => {
                let message = match first.clauses.is_empty() {
                    true => format!(
                        "this rule never decides: {} above it always holds; move it up, or give that one a `when`",
                        first.title
                    ),
                    false => format!(
                        "this rule never decides: {} above it holds whenever this one does; move it up, or take it out",
                        first.title
                    ),
                };
                (message, first.index, "this one decides first")
            }
            Some(Decides::Together(rules, every)) => {
                let Some((last, others)) = rules.split_last() else {
                    return;
                };
                let others: Vec<&str> = others.iter().map(|rule| rule.title.as_str()).collect();
                let when = match every {
                    true => "hold for every call",
                    false => "hold whenever this one does",
                };
                let message = format!(
                    "this rule never decides: between them, {} and {} above it {when}; move it up, or take one of them out",
                    others.join(", "),
                    last.title
                );
                (message, last.index, "one of these decides first")
            }
        };
        self.warn_between(&at.index(rule.index), message, (&at.index(index), label));
    }

    fn without_else(&mut self, rules: &[Compared], above: &Above<'_>, at: &Path<'_>) {
        // Nothing is left for an else where the rules come to everything between them.
        let Some(last) = rules
            .last()
            .filter(|_| above.decides(&[], &self.logic).is_none())
        else {
            return;
        };
        if last.passes_on && last.clauses.is_empty() {
            let message = "there is no rule to continue with: the file's default takes the call; say here what is done, or add a rule behind it";
            self.warn(&at.index(last.index), message);
            return;
        }
        let gap = self.first_gap(rules);
        let when = gap.map_or_else(String::new, |gap| format!(", as on {gap}"));
        let message = format!(
            "no rule has the else: when none holds{when}, the file's default takes the call; end the list with `- {{ then: … }}`"
        );
        self.warn(&at.index(last.index), message);
    }

    pub(super) fn words(&self, clause: &Clause) -> String {
        let tables = &self.engine.tables;
        match clause {
            Clause::Not(not) => format!("not {}", self.words(not)),
            other => crate::engine::Written {
                clause: other,
                tables,
            }
            .to_string(),
        }
    }
}
