//! A call, ready to be compared: its numbers as keys, and what is worked out when first asked.

use std::cell::OnceCell;
use std::mem;

use callroute_schema::number::{self, Kind, Region, is_visual};

use super::facts::{Fact, Facts, Lookup};
use super::forms::Forms;
use super::lists::{Hits, HitsCell};
use super::subject::Subject;
use super::tables::{Tables, parted};
use super::truth::Truth;
use super::view::{CallerView, View};
use crate::prefix::Key;
use crate::waves::seed;

/// Shares are counted in hundredths of a percent.
pub(crate) const WHOLE: u16 = 10_000;
/// Fewer digits than these are never a national number: they are an extension, or a short code.
const SHORTEST_NATIONAL: usize = 7;

/// One call, while it is decided.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) view: View<'a>,
    pub(crate) tables: &'a Tables,
    pub(crate) facts: &'a Facts,
    /// By the subjects' places; the last is no number's.
    keys: [Key; 4],
    /// The forms of caller and dialed number, where one of them is not compared as it stands.
    pub(super) forms: Option<Box<[Forms; 2]>>,
    /// Whether an emergency number of the region was dialed.
    pub(crate) emergency: bool,
    hits: HitsCell,
    share: OnceCell<u16>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(view: View<'a>, tables: &'a Tables, facts: &'a Facts) -> Self {
        let (mut call, is_usual) = Self::unread(view, tables, facts);
        if !is_usual {
            call.closer();
        }
        call
    }

    /// Does something with a call, which is never moved: what was just written in small pieces
    /// would have to be read in large ones, and that waits for all of it.
    #[inline(always)]
    pub(crate) fn with<R>(
        view: View<'a>,
        tables: &'a Tables,
        facts: &'a Facts,
        does: impl FnOnce(&Self) -> R,
    ) -> R {
        let (mut call, is_usual) = Self::unread(view, tables, facts);
        if !is_usual {
            call.closer();
        }
        let done = does(&call);
        // Whoever has nothing to drop need not call what drops it.
        if !call.has_forms() {
            mem::forget(call);
        }
        done
    }

    /// The call as its event has it, and whether nothing of it has another form.
    #[inline(always)]
    fn unread(view: View<'a>, tables: &'a Tables, facts: &'a Facts) -> (Self, bool) {
        let [caller, dialed] = view.keys();
        let known = caller.is_international() | (caller == Key::NOBODY);
        let is_usual = known & dialed.is_international() & view.digits().is_empty();
        let call = Self {
            keys: [caller, dialed, Key::EMPTY, Key::EVERY],
            forms: None,
            view,
            tables,
            facts,
            emergency: false,
            hits: HitsCell::default(),
            share: OnceCell::new(),
        };
        (call, is_usual)
    }

    /// Looks at numbers of every other form, and at digits.
    #[cold]
    fn closer(&mut self) {
        let Self { view, tables, .. } = *self;
        let emergency = tables.emergency(view.to());
        self.emergency = emergency.is_some();
        let caller = view.caller();
        let forms = [
            caller.map_or_else(Forms::default, |caller| tables.forms(caller)),
            match self.emergency {
                true => Forms::default(),
                false => tables.forms(view.to()),
            },
        ];
        let [from, to] = forms.each_ref().map(|forms| forms.full.as_deref());
        let [caller, dialed] = view.keys();
        self.keys = [
            from.map_or(caller, Key::call),
            to.or(emergency).map_or(dialed, Key::call),
            Key::call(view.digits()),
            Key::EVERY,
        ];
        if forms.iter().any(|forms| forms.full.is_some()) {
            self.forms = Some(Box::new(forms));
        }
    }

    #[inline]
    pub(crate) fn key(&self, subject: Subject) -> Key {
        let [caller, dialed, digits, _] = self.keys;
        match subject {
            Subject::Caller => caller,
            Subject::Dialed => dialed,
            Subject::Digits => digits,
        }
    }

    /// The key of the subject in a place.
    #[inline]
    pub(crate) fn key_at(&self, place: u8) -> Key {
        let place = usize::from(place) % self.keys.len();
        self.keys.get(place).copied().unwrap_or(Key::EVERY)
    }

    /// Whether a number is not compared as it stands, and so may have two forms.
    #[inline(always)]
    pub(crate) fn has_forms(&self) -> bool {
        self.forms.is_some()
    }

    /// A number as rules compare it: in full where the region tells how it is read.
    pub(crate) fn text(&self, subject: Subject) -> Option<&str> {
        let full = |place: usize| self.forms.as_ref()?.get(place)?.full.as_deref();
        match subject {
            Subject::Caller => full(0).or(self.view.caller()),
            Subject::Dialed => full(1).or(Some(self.view.to())),
            Subject::Digits => Some(self.view.digits()).filter(|digits| !digits.is_empty()),
        }
    }

    /// Looks up under what the caller is listed, so that it is on its way.
    #[inline(always)]
    pub(crate) fn ask_lists(&self) {
        self.hits.set(self.listed());
    }

    /// Under what the caller is listed.
    #[inline(always)]
    pub(crate) fn hits(&self) -> Hits {
        #[cold]
        fn late(call: &Call<'_>) -> Hits {
            let hits = call.listed();
            call.hits.set(hits);
            hits
        }
        self.hits.get().unwrap_or_else(|| late(self))
    }

    #[inline(always)]
    fn listed(&self) -> Hits {
        let lists = &self.tables.lists;
        match lists.has_texts() | self.has_forms() {
            false if self.key(Subject::Caller) != Key::NOBODY => {
                lists.hits(self.key(Subject::Caller))
            }
            _ => self.listed_late(),
        }
    }

    /// Looks at callers of every form.
    #[cold]
    fn listed_late(&self) -> Hits {
        let lists = &self.tables.lists;
        match self.view.from() {
            CallerView::Withheld => lists.anonymous(),
            CallerView::Known(_) => {
                let text = self.text(Subject::Caller).unwrap_or("");
                let written = self.written(Subject::Caller);
                let written = written.map(|written| written.key);
                lists.hits_of(self.key(Subject::Caller), written, text)
            }
            CallerView::Unavailable => Hits::default(),
        }
    }

    /// Whether the caller is on a list.
    #[inline(always)]
    pub(crate) fn is_on(&self, list: u32) -> bool {
        #[cold]
        fn late(call: &Call<'_>, list: u32) -> bool {
            call.tables.lists.holds(call.hits(), list)
        }
        let quick = self.hits.holds(list);
        quick.unwrap_or_else(|| late(self, list))
    }

    /// Where the call stands among all calls, in hundredths of a percent.
    pub(crate) fn share(&self) -> u16 {
        *self.share.get_or_init(|| {
            let wide = u128::from(seed(self.view.call_id())) * u128::from(WHOLE);
            u16::try_from(wide >> 64).unwrap_or(0)
        })
    }

    /// Whole seconds since 1970.
    #[inline]
    pub(crate) fn utc(&self) -> i64 {
        self.view.utc()
    }

    /// What the event, a list's row or a lookup says. `Err`: it is not known yet, or cannot be.
    pub(crate) fn attribute(&self, name: &str) -> Result<Option<&str>, Truth> {
        if let Some(value) = self.view.attribute(name) {
            return Ok(Some(value));
        }
        let (table, column) = parted(name);
        if let Some(found) = table.and_then(|table| self.column(table, column)) {
            return Ok(Some(found));
        }
        let mut missing = false;
        for lookup in self.tables.lookups_for(table) {
            match self.facts.row(&lookup.name) {
                None => return Err(Truth::Need),
                Some(Fact::Missing) => missing = true,
                Some(Fact::Row(row)) => {
                    if let Some(value) = row.get(column) {
                        return Ok(Some(value));
                    }
                }
                Some(_) => {}
            }
        }
        match missing {
            true => Err(Truth::Missing),
            false => Ok(None),
        }
    }

    /// The lookup that has to be asked before an attribute is known.
    pub(super) fn asks(&self, attribute: &str) -> Option<Lookup> {
        if self.attribute(attribute) != Err(Truth::Need) {
            return None;
        }
        let (table, _) = parted(attribute);
        let mut lookups = self.tables.lookups_for(table);
        let unasked = lookups.find(|lookup| self.facts.row(&lookup.name).is_none());
        unasked.map(|lookup| Lookup::Row(lookup.name.clone()))
    }

    /// What a list's entry for the caller says, or a deck's for the number that it is asked with.
    fn column(&self, table: &str, column: &str) -> Option<&str> {
        let tables = self.tables;
        if let Some(list) = tables.lists.named(table) {
            return list.rows.cell(list.row(self), column);
        }
        let deck = tables.decks.iter().find(|deck| *deck.name == *table)?;
        deck.rows.cell(deck.find(self, deck.subject), column)
    }

    pub(crate) fn is_switched_on(&self, switch: u32) -> Truth {
        let Some(switch) = self.tables.switches.get(switch as usize) else {
            return Truth::False;
        };
        match self.facts.switch(&switch.name) {
            None => switch.on.into(),
            Some(Fact::Yes) => Truth::True,
            Some(Fact::No) => Truth::False,
            Some(_) => Truth::Missing,
        }
    }
}

/// A number without what is only to be seen in it (RFC 3966, section 5.1.1), as files are read too;
/// `None`: there is no such thing in it, or it is no number.
pub(crate) fn plain(text: &str) -> Option<String> {
    let behind = text.strip_prefix('+').unwrap_or(text);
    let begins = behind.starts_with(|c: char| c == '(' || c.is_ascii_digit());
    let digits = |c: char| c.is_ascii_digit() || is_visual(c);
    let is_number = begins && behind.contains(is_visual) && behind.chars().all(digits);
    (is_number && behind.contains(|c: char| c.is_ascii_digit()))
        .then(|| text.chars().filter(|c| !is_visual(*c)).collect())
}

/// A national number in full, read with a region; `None`: it is no national number.
pub(crate) fn in_full(text: &str, region: Region) -> Option<String> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let plain = |c: char| c.is_ascii_digit() || is_visual(c);
    if digits < SHORTEST_NATIONAL || text.starts_with('+') || !text.chars().all(plain) {
        return None;
    }
    let read = number::read(text, Some(region));
    (read.valid && read.kind == Kind::E164).then_some(read.e164)?
}
