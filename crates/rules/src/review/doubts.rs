//! Numbers that are hardly what was meant: nobody has them, or they are compared as written.

use callroute_schema::number::{self, Kind, Problem, Region, is_visual};

use super::Review;
use super::used::Used;
use crate::engine::in_full;
use crate::number::number as plain_number;
use crate::path::{Path, Spot};
use callroute_schema::hint::shorten;

/// Digits of the shortest text that is taken for a national number; fewer may be an extension.
const NATIONAL: usize = 9;
/// The same of a text that is written as numbers are, in groups: a number within its area.
const GROUPED: usize = 7;
/// Most that is told of one list.
pub(super) const SHOWN: usize = 3;

/// What is doubtful about a number that calls are compared with; `None`: nothing.
pub(super) fn doubt(text: &str, region: Option<Region>) -> Option<String> {
    if let Some(wrong) = damage(text).or_else(|| dial_pattern(text, |begin| format!("`{begin}*`")))
    {
        return Some(wrong);
    }
    let plain = plain_number(text).ok()?;
    if plain.starts_with('+') {
        return nobodys(text, &plain);
    }
    let grouped = text.contains(is_visual);
    let least = if grouped { GROUPED } else { NATIONAL };
    if plain.len() < least || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let text = shorten(text);
    let Some(region) = region else {
        return grouped.then(|| {
            format!(
                "`{text}` is compared as it is written: which country's number it is, nobody \
                 says; write it in full, as in +13146523057, or give the file's `region`"
            )
        });
    };
    let is_short = || {
        let read = number::read(&plain, Some(region));
        matches!(read.kind, Kind::Short | Kind::Emergency)
    };
    (in_full(&plain, region).is_none() && !is_short()).then(|| {
        format!(
            "`{text}` is no number of {region}, and is compared as it is written; check its \
             digits, or write it in full, as in +13146523057"
        )
    })
}

/// A pattern as dial plans of Asterisk and FreePBX have them; `instead`: how a number that begins so
/// is written here.
fn dial_pattern(text: &str, instead: impl FnOnce(&str) -> String) -> Option<String> {
    let bare = text.strip_prefix('_');
    let own = bare.unwrap_or(text);
    let any = |c: char| matches!(c, 'X' | 'Z' | 'N' | '[' | '!');
    // Points set groups of digits apart; one at the end stands for more.
    let at = own
        .find(any)
        .or_else(|| own.ends_with('.').then(|| own.len() - 1));
    let (begin, rest) = own.split_at_checked(at?)?;
    let dialed = |c: char| c.is_ascii_digit() || matches!(c, '+' | '*' | '#');
    let stands = |c: char| dialed(c) || any(c) || matches!(c, '.' | ']' | '-' | ':');
    let has_digit = own.contains(|c: char| c.is_ascii_digit());
    if !begin.chars().all(dialed) || !rest.chars().all(stands) || !(bare.is_some() || has_digit) {
        return None;
    }
    let compared = match own.contains(any) || bare.is_some() {
        true => "a SIP user's name",
        false => "a number without its point",
    };
    let begin = match begin {
        "" => "`*`".to_owned(),
        begin => instead(begin),
    };
    Some(format!(
        "`{}` is compared as {compared}; dial patterns stand only in menus: for every number that \
         begins so write {begin}",
        shorten(text)
    ))
}

/// What a spreadsheet has done to a number.
pub(super) fn damage(text: &str) -> Option<String> {
    is_damaged(text).then(|| {
        format!(
            "`{}` is what a spreadsheet makes of a number, and is compared as the name of a SIP \
             user; export the column as text",
            shorten(text)
        )
    })
}

/// A number in full that no numbering plan has room for.
fn nobodys(text: &str, plain: &str) -> Option<String> {
    let read = number::read(plain, None);
    match read.kind {
        Kind::Invalid(
            problem @ (Problem::TooShort
            | Problem::TooLong
            | Problem::Length
            | Problem::UnknownCountry),
        ) => Some(format!("`{}` is nobody's number: {problem}", shorten(text))),
        _ => None,
    }
}

/// A number that a spreadsheet has turned into an amount, or guarded against that.
fn is_damaged(text: &str) -> bool {
    let is_amount = || {
        let (digits, power) = text.split_once(['E', 'e'])?;
        let power = power.strip_prefix('+')?;
        let whole = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
        Some(
            whole(power)
                && digits.starts_with(|c: char| c.is_ascii_digit())
                && digits.chars().all(number),
        )
    };
    let begins = |c: char| c == '+' || c == '"' || c.is_ascii_digit();
    let guarded = text.strip_prefix(['\'', '=']);
    guarded.is_some_and(|rest| rest.starts_with(begins)) || is_amount() == Some(true)
}

/// The first few of many doubts, and how many there are.
pub(super) struct Few<T> {
    shown: Vec<(T, String)>,
    count: usize,
}

impl<T> Few<T> {
    pub(super) fn new() -> Self {
        Self {
            shown: Vec::new(),
            count: 0,
        }
    }

    pub(super) fn add(&mut self, place: impl FnOnce() -> T, message: impl FnOnce() -> String) {
        self.count += 1;
        if self.shown.len() < SHOWN {
            self.shown.push((place(), message()));
        }
    }

    /// What is told; the last one says how many more there are.
    pub(super) fn finish(mut self) -> Vec<(T, String)> {
        let more = self.count.saturating_sub(self.shown.len());
        if let (1.., Some((_, last))) = (more, self.shown.last_mut()) {
            last.push_str(&format!(" (and {more} more here)"));
        }
        self.shown
    }
}

impl Review<'_> {
    /// The dialed numbers that have rules, the lists of callers, and what rules compare with.
    pub(super) fn doubts(&mut self, used: &Used) {
        let region = self.engine.tables.region;
        let numbers = Path::ROOT.key("numbers");
        if self.table.numbers.entries().is_empty() && self.root.get("numbers").is_some() {
            let message = "there is no number here, so that every call takes `default`; a line that \
                           begins with `#` is a comment: quote feature codes, as in \"#31\"";
            self.warn_key(&numbers, message);
        }
        let mut few = Few::new();
        for name in self.table.numbers.names() {
            if !name.ends_with('*')
                && let Some(message) = doubt(name, region)
            {
                few.add(|| Spot::of_key(self.root, &numbers.key(name)), || message);
            }
        }
        self.tell_few(few);
        let callers = Path::ROOT.key("callers");
        for entry in self.table.callers.entries() {
            let Some(list) = &entry.value else {
                continue;
            };
            let at = callers.key(&entry.name);
            let at = at.key("numbers");
            let mut few = Few::new();
            for (index, text) in list.numbers.iter().flatten().enumerate() {
                if !text.ends_with('*')
                    && let Some(message) = doubt(text, region)
                {
                    few.add(|| Spot::of(self.root, &at.index(index)), || message);
                }
            }
            self.tell_few(few);
        }
        let mut few = Few::new();
        for (text, spot) in &used.compared {
            let prefix = |begin: &str| format!("`prefix: \"{begin}\"`");
            let wrong = dial_pattern(text, prefix).or_else(|| doubt(text, region));
            if let Some(message) = wrong {
                few.add(|| spot.clone(), || message);
            }
        }
        self.tell_few(few);
    }

    pub(super) fn tell_few(&mut self, few: Few<Spot>) {
        for (spot, message) in few.finish() {
            self.report.add(spot.span, spot.path, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use callroute_schema::number::Region;

    use super::doubt;

    #[test]
    fn what_is_meant_raises_no_doubt() {
        let us = Region::new("US").ok();
        for text in [
            "+13146523057",
            "(314) 652-3057",
            "3146523057",
            "1001",
            "555123",
            "911",
            "*97",
            "anonymous",
            "alice.cooper",
            "1800flowers",
            "ee+5",
            "4e+x",
            "314.652.3057",
            "alice.",
            "XN",
            "_blank",
            "Zoe2",
        ] {
            assert_eq!(doubt(text, us), None, "{text}");
        }
        assert_eq!(doubt("3146523057", None), None, "as a trunk may send it");
    }

    #[test]
    fn what_nobody_can_have_meant_does() {
        let gb = Region::new("GB").ok();
        for (text, region, why) in [
            ("07700 900123", gb, "is no number of GB"),
            (
                "(314) 555-010",
                Region::new("US").ok(),
                "is no number of US",
            ),
            ("+1314555010", None, "too few digits"),
            ("(314) 555-0100", None, "which country's"),
            ("1.4155550001E+10", None, "spreadsheet"),
            ("1,41556E+10", None, "spreadsheet"),
            ("'+14155550001", None, "spreadsheet"),
            ("=\"+14155550001\"", None, "spreadsheet"),
            (
                "10XX",
                None,
                "a SIP user's name; dial patterns stand only in menus: for every number that begins so write `10*`",
            ),
            ("_1XX", None, "write `1*`"),
            ("_9.", None, "a SIP user's name"),
            ("9.", None, "a number without its point"),
            ("_+1NXXNXXXXXX", None, "write `+1*`"),
            ("_[2-5]XXX", None, "write `*`"),
            ("_X!", None, "write `*`"),
            ("*97XX", None, "write `*97*`"),
        ] {
            let found = doubt(text, region).unwrap_or_default();
            assert!(found.contains(why), "{text}: {found}");
        }
    }
}
