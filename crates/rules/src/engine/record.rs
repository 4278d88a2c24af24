//! A rule as one or two words: what is left to compare, and what is done.
//!
//! A run is words, so that the rules of most numbers stand in one line of memory. A rule's first
//! word says what it does and what it asks; a key to compare follows in a word of its own. What
//! does not fit so stands between the two: the rule's position, where it is not the one after the
//! rule before it, and where what it asks is found.

use super::call::Call;
use super::clause::Clause;
use super::subject::Subject;
use super::truth::Truth;
use crate::prefix::Key;

/// The last record of its run, or of this part of it.
const LAST: u64 = 1 << 0;
/// Behind the last: the next word says where its run goes on.
const ON: u64 = 1 << 1;
/// A key is compared.
const KEY: u64 = 1 << 2;
/// A word follows with the rule's position, and above it the place of what is asked.
const WIDE: u64 = 1 << 3;
/// It turns calls away because of who calls: not for emergency calls.
const REJECTS: u64 = 1 << 4;
/// What it asks must not hold.
const NOT: u64 = 1 << 5;
/// It asks for hours, for a list, or for a clause.
const HOURS: u64 = 1 << 6;
const LIST: u64 = 1 << 7;
const CLAUSE: u64 = 1 << 8;
/// Whose key it is: a subject's place.
const SUBJECT: u32 = 9;
/// The key or what it asks has to hold, not both.
const EITHER: u64 = 1 << 11;
/// The place of what is asked is above these bits, and above it the answer.
const PLACE: u32 = 12;
const ANSWER: u32 = 32;
/// Places that do not fit there.
const FAR: u32 = 1 << (ANSWER - PLACE);

/// A rule as it is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Record {
    /// Flags, perhaps a place, and the answer.
    word: u64,
    /// Compared with a number of the call; 0: none is.
    key: u64,
    /// The rule's position among all rules, in written order.
    pub(crate) rule: u32,
    /// Of what is asked.
    place: u32,
}

/// What a rule asks besides a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asks {
    Nothing,
    Hours { hours: u32, open: bool },
    List { list: u32, on: bool },
    Clause(u32),
}

/// What a rule compares before it asks: a number of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compares {
    Nothing,
    /// It has to begin so, and what is asked has to hold.
    Both(Subject, Key),
    /// It has to begin so, or else what is asked has to hold.
    Either(Subject, Key),
}

/// A part of a record, as a clause.
#[derive(Debug, Clone)]
pub(crate) enum Part<'e> {
    Own(Clause),
    Kept(&'e Clause),
}

impl Part<'_> {
    pub(crate) fn clause(&self) -> &Clause {
        match self {
            Self::Own(clause) => clause,
            Self::Kept(clause) => clause,
        }
    }
}

impl Record {
    /// A rule that does `answer`, asks something, and perhaps compares a key of at least one
    /// symbol; and whether it turns calls away because of who calls.
    pub(crate) fn new(
        rule: u32,
        answer: u32,
        compares: Compares,
        asks: Asks,
        rejects: bool,
    ) -> Self {
        let (flags, place) = match asks {
            Asks::Nothing => (0, 0),
            Asks::Hours { hours, open } => (HOURS | if open { 0 } else { NOT }, hours),
            Asks::List { list, on } => (LIST | if on { 0 } else { NOT }, list),
            Asks::Clause(clause) => (CLAUSE, clause),
        };
        let keyed = |subject: Subject| KEY | (subject.place() as u64) << SUBJECT;
        let (subject, key) = match compares {
            Compares::Nothing => (0, 0),
            Compares::Both(subject, key) => (keyed(subject), key.word()),
            Compares::Either(subject, key) => (keyed(subject) | EITHER, key.word()),
        };
        Self {
            word: u64::from(answer) << ANSWER | flags | subject | if rejects { REJECTS } else { 0 },
            key,
            rule,
            place,
        }
    }

    /// The record that stands first in what is left of a run, and its rule, which is `next`
    /// unless it says so itself.
    #[inline(always)]
    pub(crate) fn read(words: &mut std::slice::Iter<'_, u64>, next: u32) -> Option<Self> {
        let word = *words.next()?;
        let mut record = Self {
            word,
            key: 0,
            rule: next,
            place: low(word) >> PLACE,
        };
        if word & (KEY | WIDE) != 0 {
            if word & WIDE != 0 {
                let wide = *words.next()?;
                record.rule = low(wide);
                record.place = u32::try_from(wide >> 32).unwrap_or(0);
            }
            if word & KEY != 0 {
                record.key = *words.next()?;
            }
        }
        Some(record)
    }

    /// Appends it to a run in which `next` is the rule that it would be unless it said so.
    pub(crate) fn write(&self, next: u32, run: &mut Vec<u64>) {
        let place = u64::from(FAR - 1) << PLACE;
        let word = self.word & !(place | LAST | ON | WIDE);
        if self.rule == next && self.place < FAR {
            run.push(word | u64::from(self.place) << PLACE);
        } else {
            run.push(word | WIDE);
            run.push(u64::from(self.place) << 32 | u64::from(self.rule));
        }
        if word & KEY != 0 {
            run.push(self.key);
        }
    }

    /// Marks the record that begins with this word as the last of its run.
    pub(crate) fn end(word: &mut u64) {
        *word |= LAST;
    }

    /// Marks the record that begins with this word as the last here: after it comes a word that
    /// says where the run goes on.
    pub(crate) fn go_on(word: &mut u64) {
        *word |= LAST | ON;
    }

    #[inline(always)]
    pub(crate) fn is_last(&self) -> bool {
        self.word & LAST != 0
    }

    /// Whether its run goes on elsewhere, if it is the last here.
    #[inline(always)]
    pub(crate) fn goes_on(&self) -> bool {
        self.word & ON != 0
    }

    /// What is done, as a place among the answers.
    #[inline(always)]
    pub(crate) fn answer(&self) -> u32 {
        u32::try_from(self.word >> ANSWER).unwrap_or(0)
    }

    /// Whether it turns calls away because of who calls.
    pub(crate) fn rejects(&self) -> bool {
        self.word & REJECTS != 0
    }

    /// What it compares.
    fn compares(&self) -> Compares {
        match Subject::ALL.get(usize::from(self.subject())) {
            Some(subject) if self.key != 0 => match self.word & EITHER {
                0 => Compares::Both(*subject, Key::of(self.key)),
                _ => Compares::Either(*subject, Key::of(self.key)),
            },
            _ => Compares::Nothing,
        }
    }

    /// The key without which it does not hold, and whose.
    pub(crate) fn key(&self) -> Option<(Subject, Key)> {
        match self.compares() {
            Compares::Both(subject, key) => Some((subject, key)),
            Compares::Either(..) | Compares::Nothing => None,
        }
    }

    /// The key that it compares, and whose, whatever else has to hold.
    pub(crate) fn compared(&self) -> Option<(Subject, Key)> {
        match self.compares() {
            Compares::Both(subject, key) | Compares::Either(subject, key) => Some((subject, key)),
            Compares::Nothing => None,
        }
    }

    /// Whether its key or what it asks has to hold, not both.
    pub(crate) fn is_either(&self) -> bool {
        matches!(self.compares(), Compares::Either(..))
    }

    /// What it asks besides.
    pub(crate) fn asks(&self) -> Asks {
        let (place, is) = (self.place, self.word & NOT == 0);
        match self.word & (HOURS | LIST | CLAUSE) {
            HOURS => Asks::Hours {
                hours: place,
                open: is,
            },
            LIST => Asks::List {
                list: place,
                on: is,
            },
            CLAUSE => Asks::Clause(place),
            _ => Asks::Nothing,
        }
    }

    /// Its clauses, all of which must hold, in the order in which they are compared.
    pub(crate) fn parts(self, clauses: &[Clause]) -> impl Iterator<Item = Part<'_>> {
        let asked = match self.asks() {
            Asks::Nothing => None,
            Asks::Hours { hours, open } => Some(Part::Own(Clause::Hours { hours, open })),
            Asks::List { list, on: true } => Some(Part::Own(Clause::List(list))),
            Asks::List { list, on: false } => {
                Some(Part::Own(Clause::Not(Box::new(Clause::List(list)))))
            }
            Asks::Clause(place) => clauses.get(place as usize).map(Part::Kept),
        };
        let (first, then) = match self.compares() {
            Compares::Nothing => (None, asked),
            Compares::Both(subject, key) => (Some(Part::Own(Clause::Key { subject, key })), asked),
            Compares::Either(subject, key) => {
                let rest = asked.as_ref().map(|asked| match asked.clause() {
                    Clause::Any(parts) => &**parts,
                    one => std::slice::from_ref(one),
                });
                let key = Clause::Key { subject, key };
                let any = std::iter::once(key).chain(rest.unwrap_or_default().iter().cloned());
                (Some(Part::Own(Clause::Any(any.collect()))), None)
            }
        };
        first.into_iter().chain(then)
    }

    /// Whether it holds for a call.
    #[inline(always)]
    pub(crate) fn truth(&self, call: &Call<'_>, clauses: &[Clause]) -> Truth {
        if self.key != 0 {
            let holds = self.key_holds(call);
            if holds == (self.word & EITHER != 0) {
                return holds.into();
            }
        }
        if self.word & HOURS != 0 {
            if self.is_not(call.tables.is_open(self.place, call.utc())) {
                return Truth::False;
            }
        } else if self.word & LIST != 0 {
            if self.is_not(call.is_on(self.place)) {
                return Truth::False;
            }
        } else if self.word & CLAUSE != 0 {
            let clause = clauses.get(self.place as usize);
            return clause.map_or(Truth::False, |clause| clause.truth(call));
        }
        Truth::True
    }

    /// Whether what was found is not what has to be.
    #[inline(always)]
    fn is_not(&self, found: bool) -> bool {
        (self.word >> NOT.trailing_zeros() ^ u64::from(found)) & 1 == 0
    }

    #[inline(always)]
    fn subject(&self) -> u8 {
        u8::try_from(self.word >> SUBJECT & 3).unwrap_or(0)
    }

    #[inline(always)]
    fn key_holds(&self, call: &Call<'_>) -> bool {
        let found = call.key_at(self.subject()).word();
        // Whole symbols of four bits count.
        let behind = self.key.trailing_zeros() & 60;
        (self.key ^ found) >> behind == 0
            || (call.has_forms() && begins_as_written(call, self.subject(), self.key))
    }
}

/// Whether the number in a subject's place begins so as it was dialed or came. Of words, so that a
/// record need not be put where it could be pointed to.
#[cold]
fn begins_as_written(call: &Call<'_>, subject: u8, key: u64) -> bool {
    let subject = Subject::ALL.get(usize::from(subject));
    subject.is_some_and(|subject| call.begins_as_written(*subject, Key::of(key)))
}

/// The lower half of a word.
#[inline(always)]
pub(super) fn low(word: u64) -> u32 {
    u32::try_from(word & u64::from(u32::MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(record: &Record, next: u32) -> Vec<u64> {
        let mut run = Vec::new();
        record.write(next, &mut run);
        run
    }

    #[test]
    fn what_is_written_is_read() {
        let key = Key::prefix("+1314").unwrap();
        let both = Compares::Both(Subject::Digits, key);
        let either = Compares::Either(Subject::Dialed, key);
        let all = [
            Asks::Nothing,
            Asks::Hours {
                hours: 0,
                open: true,
            },
            Asks::Hours {
                hours: FAR - 1,
                open: false,
            },
            Asks::List {
                list: FAR,
                on: true,
            },
            Asks::List {
                list: 63,
                on: false,
            },
            Asks::Clause(u32::MAX),
        ];
        for (asks, compares, rejects, next) in all.into_iter().flat_map(|asks| {
            [
                (asks, both, true, 7),
                (asks, Compares::Nothing, false, 7),
                (asks, both, false, 8),
                (asks, either, false, 8),
            ]
        }) {
            let record = Record::new(7, u32::MAX, compares, asks, rejects);
            let run = written(&record, next);
            let mut words = run.iter();
            let read = Record::read(&mut words, next).unwrap();
            assert_eq!(words.len(), 0);
            assert_eq!((read.rule, read.answer()), (7, u32::MAX));
            assert_eq!((read.asks(), read.compares()), (asks, compares));
            assert_eq!(read.rejects(), rejects);
        }
    }

    #[test]
    fn the_usual_rule_is_one_word() {
        let plain = Record::new(
            3,
            1,
            Compares::Nothing,
            Asks::Hours {
                hours: 9,
                open: false,
            },
            true,
        );
        assert_eq!(written(&plain, 3).len(), 1);
        let key = Key::number("+13146523057").unwrap();
        let keyed = Compares::Both(Subject::Caller, key);
        let keyed = Record::new(3, 1, keyed, Asks::Nothing, false);
        assert_eq!(written(&keyed, 3).len(), 2);
        assert_eq!(written(&keyed, 2).len(), 3);
    }
}
