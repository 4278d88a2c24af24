//! A number in its two forms: in full, and as it was dialed or came where a region told how that is
//! read. Keys in full are compared with the first, prefixes as people dial them with the second.

use callroute_schema::number::is_visual;

use super::call::Call;
use super::subject::Subject;
use crate::prefix::{Key, PrefixTable};

/// What a call brought for a number.
#[derive(Debug, Default)]
pub(crate) struct Forms {
    /// As rules compare it, where that is not as it stands.
    pub(super) full: Option<String>,
    /// As it stands, where it was read with a region.
    pub(super) written: Option<Written>,
}

/// A national number, or one with an access code, as it was dialed or came: digits alone.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) text: String,
    pub(crate) key: Key,
}

impl Written {
    pub(super) fn new(text: &str) -> Self {
        let text: String = text.chars().filter(|c| !is_visual(*c)).collect();
        let key = Key::call(&text);
        Self { text, key }
    }
}

impl Call<'_> {
    /// A number as it was dialed or came, where that is another form than is compared in full.
    pub(crate) fn written(&self, subject: Subject) -> Option<&Written> {
        let forms = self.forms.as_ref()?.get(subject.place())?;
        forms.written.as_ref()
    }

    /// Whether a number begins so, in either form.
    pub(crate) fn begins(&self, subject: Subject, key: Key) -> bool {
        key.begins(self.key(subject)) || self.begins_as_written(subject, key)
    }

    pub(crate) fn begins_as_written(&self, subject: Subject, key: Key) -> bool {
        let written = self.written(subject);
        written.is_some_and(|written| key.begins(written.key))
    }

    /// The value of the prefix that says most of a number, and whether that is one of the number
    /// as it was dialed or came: the one that leaves fewer digits of its form open, of two that
    /// leave as many the one in full. A prefix without a digit says nothing.
    pub(crate) fn closest(&self, subject: Subject, table: &PrefixTable) -> Option<(u32, bool)> {
        let full = self.key(subject);
        let Some(written) = self.written(subject) else {
            return table.longest(full).map(|value| (value, false));
        };
        let as_written = table.longest_of(written.key);
        match (table.longest_of(full), as_written) {
            (Some((full, _)), Some((own, value)))
                if open(own, &written.text) < open(full, self.text(subject).unwrap_or("")) =>
            {
                Some((value, true))
            }
            (Some((_, value)), _) => Some((value, false)),
            (None, own) => own.map(|(_, value)| (value, true)),
        }
    }
}

/// How many digits of a number a prefix leaves open.
fn open(prefix: Key, number: &str) -> usize {
    let digits = number.strip_prefix('+').unwrap_or(number).len();
    match prefix.len() {
        0 | 1 => usize::MAX,
        _ if prefix.is_whole() => 0,
        // The first symbol says whether there is a `+`.
        symbols => digits.saturating_sub(symbols - 1),
    }
}
