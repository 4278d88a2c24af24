//! Where runs stand: those of whole numbers in their lines, the others one after the other.

use super::build::Builder;
use super::exact::{Exact, ROOM};
use super::{Child, LINES};
use crate::engine::record::Record;
use crate::prefix::Key;

/// A whole number with few rules.
#[derive(Debug, Clone, Copy)]
pub(super) struct Home {
    /// Its first rule.
    pub(super) first: u32,
    /// How many words its run has.
    pub(super) len: u32,
}

impl Builder {
    /// Gives the runs of whole numbers their places.
    pub(super) fn settle(&mut self) {
        let runs = std::mem::take(&mut self.runs);
        let (homes, words) = (
            std::mem::take(&mut self.homes),
            std::mem::take(&mut self.words),
        );
        let (mut exact, slots) = match Exact::build(&words) {
            Some((exact, slots)) => (Some(exact), slots),
            None => (None, Vec::new()),
        };
        let mut slots = slots.into_iter();
        let mut rest = &*runs;
        for (home, word) in homes.into_iter().zip(words) {
            let (run, others) = rest.split_at_checked(home.len as usize).unwrap_or_default();
            rest = others;
            match (&mut exact, slots.next()) {
                (Some(exact), Some(slot)) => {
                    let (line, part) = self.fit(run, home.first);
                    let begins = exact.fill(slot, word, home.first, &line);
                    self.note(
                        run.get(..part).unwrap_or_default(),
                        home.first,
                        begins,
                        LINES,
                    );
                }
                _ => {
                    let child = self.begin(home.first);
                    self.append(run, home.first);
                    self.dialed.push((Key::of(word), child));
                }
            }
        }
        self.book.exact = exact.unwrap_or_default();
    }

    /// What of a run fits in a line, with where the others are, and how many words of the run
    /// that is.
    fn fit(&mut self, run: &[u64], first: u32) -> ([u64; ROOM], usize) {
        let mut line = [0; ROOM];
        let fits = run.len() <= ROOM;
        let (mut part, mut last, mut next) = (0, 0, first);
        let mut words = run.iter();
        // One word stays free for where the others are.
        while let Some(record) = Record::read(&mut words, next) {
            let end = run.len() - words.len();
            if end > ROOM - usize::from(!fits) {
                break;
            }
            (last, part, next) = (part, end, record.rule + 1);
        }
        for (place, word) in line.iter_mut().zip(run.iter().take(part)) {
            *place = *word;
        }
        if !fits {
            if let Some(word) = line.get_mut(last) {
                Record::go_on(word);
            }
            if let Some(word) = line.get_mut(part) {
                *word = self.book.runs.len() as u64;
            }
            self.append(run.get(part..).unwrap_or_default(), next);
        }
        (line, part)
    }

    /// The beginning of a run with this first rule.
    fn begin(&mut self, first: u32) -> Child {
        self.book.runs.push(first.into());
        Child::run(self.book.runs.len() - 1)
    }

    /// Appends words of a run, whose first rule is this one.
    fn append(&mut self, run: &[u64], first: u32) {
        self.note(run, first, self.book.runs.len(), 0);
        self.book.runs.extend_from_slice(run);
    }

    /// Notes where the rules of a run stand, which begins with this rule and in this place.
    fn note(&mut self, run: &[u64], first: u32, begins: usize, lines: u32) {
        let (mut words, mut next) = (run.iter(), first);
        loop {
            let place = begins + run.len() - words.len();
            let Some(record) = Record::read(&mut words, next) else {
                return;
            };
            self.stands(record.rule, place, lines);
            next = record.rule + 1;
        }
    }

    /// Notes where a rule stands, if that is not known.
    fn stands(&mut self, rule: u32, place: usize, lines: u32) {
        if let Some(slot) = self.book.places.get_mut(rule as usize)
            && *slot == u32::MAX
        {
            *slot = u32::try_from(place).unwrap_or(LINES - 1) | lines;
        }
    }

    /// A run of its own.
    pub(super) fn run(&mut self, records: &[Record]) -> Child {
        let first = records.first().map_or(0, |record| record.rule);
        let child = self.begin(first);
        let mut runs = std::mem::take(&mut self.book.runs);
        let begins = runs.len();
        write(records, first, &mut runs);
        self.note(runs.get(begins..).unwrap_or_default(), first, begins, 0);
        self.book.runs = runs;
        child
    }
}

/// Appends the words of a run that begins with this rule.
pub(super) fn write(records: &[Record], first: u32, run: &mut Vec<u64>) {
    let (mut next, mut last) = (first, run.len());
    for record in records {
        last = run.len();
        record.write(next, run);
        next = record.rule + 1;
    }
    if let Some(word) = run.get_mut(last) {
        Record::end(word);
    }
}
