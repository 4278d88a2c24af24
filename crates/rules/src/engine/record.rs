//! A rule as 32 bytes: what is left to compare, and what is done.

use super::call::Call;
use super::clause::Clause;
use super::subject::Subject;
use super::truth::Truth;
use crate::prefix::Key;

/// The last record of its run.
pub(crate) const LAST: u8 = 1;
/// It turns calls away: not for emergency calls, unless it asks for no list.
pub(crate) const REJECTS: u8 = 2;
/// It names an emergency number.
pub(crate) const NAMES: u8 = 4;
/// It asks what kind of caller it is, or for a list of callers.
pub(crate) const LISTS: u8 = 8;

/// The subject of a record that compares no number.
const NOBODYS: u8 = 3;

/// A rule. Its commonest clauses stand in it; the rest is found under `more`.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub(crate) struct Record {
    /// Compared with a number of the call.
    pub(crate) key: u64,
    /// Bits of the key that count.
    pub(crate) mask: Mask,
    /// The rule's position among all rules, in written order.
    pub(crate) rule: u32,
    /// What is done, as a place among the answers.
    pub(crate) answer: u32,
    /// 0: none; else the hours' place and one, times two, and 1 when they have to be closed.
    pub(crate) hours: u32,
    /// 0: none; else the list's place and one, times two, and 1 when the caller must not be on it.
    pub(crate) list: u32,
    /// 0: none; else the clause's place and one.
    pub(crate) more: u32,
}

/// How many symbols of a key count, whose they are, and flags.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct Mask {
    pub(crate) len: u8,
    /// A subject's place; [`NOBODYS`] when there is no key.
    pub(crate) subject: u8,
    pub(crate) flags: u8,
    /// Bits of the key behind those that count.
    behind: u8,
}

impl Default for Mask {
    fn default() -> Self {
        Self {
            len: 0,
            subject: NOBODYS,
            flags: 0,
            behind: 0,
        }
    }
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
    /// Compares a key of at least one symbol with a number of the call.
    pub(crate) fn compare(&mut self, subject: Subject, key: Key) {
        self.key = key.word();
        self.mask.len = u8::try_from(key.len()).unwrap_or(0);
        self.mask.behind = 64 - 4 * self.mask.len;
        self.mask.subject = u8::try_from(subject.place()).unwrap_or(NOBODYS);
    }

    #[inline]
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.mask.flags & flag != 0
    }

    /// Its clauses, in the order in which they are compared.
    pub(crate) fn parts<'e>(&self, clauses: &'e [Clause]) -> impl Iterator<Item = Part<'e>> {
        let key = (self.mask.len > 0).then(|| {
            let subject = Subject::ALL.get(usize::from(self.mask.subject)).copied();
            Part::Own(Clause::Key {
                subject: subject.unwrap_or(Subject::Caller),
                key: Key::of(self.key),
            })
        });
        let hours = self.hours.checked_sub(2).map(|hours| {
            Part::Own(Clause::Hours {
                hours: hours / 2,
                open: hours % 2 == 0,
            })
        });
        let list = self.list.checked_sub(2).map(|list| {
            let clause = Clause::List(list / 2);
            Part::Own(match list % 2 {
                0 => clause,
                _ => Clause::Not(Box::new(clause)),
            })
        });
        let more = self.more.checked_sub(1);
        let more = more
            .and_then(|more| clauses.get(more as usize))
            .map(Part::Kept);
        key.into_iter().chain(hours).chain(list).chain(more)
    }

    /// Whether it holds, for a call that nobody watches.
    #[inline(always)]
    pub(crate) fn truth(&self, call: &Call<'_>, clauses: &[Clause]) -> Truth {
        if !self.key_holds(call) {
            return Truth::False;
        }
        if self.hours != 0 {
            let hours = self.hours - 2;
            if call.tables.is_open(hours / 2, call.utc()) == (hours % 2 == 1) {
                return Truth::False;
            }
        }
        if self.list != 0 {
            let list = self.list - 2;
            if call.is_on(list / 2) == (list % 2 == 1) {
                return Truth::False;
            }
        }
        match self.more.checked_sub(1) {
            None => Truth::True,
            Some(more) => clauses
                .get(more as usize)
                .map_or(Truth::False, |clause| clause.truth(call)),
        }
    }

    #[inline(always)]
    fn key_holds(&self, call: &Call<'_>) -> bool {
        // Without a key an empty one is compared with an empty one.
        let found = call.key_at(self.mask.subject).word();
        (self.key ^ found) >> (self.mask.behind & 63) == 0
    }
}
