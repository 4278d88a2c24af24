//! What a gateway may dial of a text. Gateways differ: one ends a number at the first character
//! that is no digit, one leaves such characters out, one waits there. So a number counts in every
//! way in which it can be read.

use callroute_schema::number::is_visual;

/// Digits from which on a text is taken for a telephone number, not for an extension.
const LIKE_A_NUMBER: usize = 7;
/// Most groups of digits that are told apart; nobody writes a number in more.
const MOST_GROUPS: usize = 8;
/// Letters that are a pause or an extension where a number is written.
const PAUSE: &str = "pwxtePWXTE";
/// Those of them that stand before a number.
const PAUSE_BEFORE: &str = "pwxPWX";
/// Digits of a feature code behind its `*`, as in *67.
const FEATURE: usize = 2;

/// The digits of a text, in groups.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dialed {
    digits: String,
    groups: Vec<Group>,
}

#[derive(Debug, PartialEq, Eq)]
struct Group {
    from: usize,
    to: usize,
    /// A `+` stands before it.
    plus: bool,
    /// A `*` or `#` does.
    feature: bool,
}

/// A text of which nobody can say what is dialed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclear;

impl Dialed {
    /// Reads a user without escapes; `None`: it is a name, which no gateway dials.
    pub(super) fn read(text: &str) -> Result<Option<Self>, Unclear> {
        if text.chars().any(|c| !c.is_ascii() && c.is_numeric()) {
            // Digits of other scripts: some switches read them.
            return Err(Unclear);
        }
        let dialed = Self::grouped(text);
        if dialed.groups.is_empty() || dialed.is_name(text) {
            return Ok(None);
        }
        match dialed.groups.len() {
            0..=MOST_GROUPS => Ok(Some(dialed)),
            _ => Err(Unclear),
        }
    }

    fn grouped(text: &str) -> Self {
        let (mut digits, mut groups) = (String::new(), Vec::<Group>::new());
        let (mut within, mut plus, mut feature) = (false, false, false);
        for c in text.chars() {
            match c {
                '0'..='9' => {
                    if !within {
                        let at = digits.len();
                        groups.push(Group {
                            from: at,
                            to: at,
                            plus,
                            feature,
                        });
                        (within, plus, feature) = (true, false, false);
                    }
                    digits.push(c);
                    if let Some(group) = groups.last_mut() {
                        group.to = digits.len();
                    }
                }
                // A space may be where a gateway ends the number.
                c if is_visual(c) && c != ' ' => {}
                other => {
                    within = false;
                    plus |= other == '+';
                    feature = matches!(other, '*' | '#');
                }
            }
        }
        Self { digits, groups }
    }

    /// Whether letters make a name of it: `ann2024`, `3com`, `0004f2ab12cd`. What stands behind a
    /// mark that ends a number is not looked at.
    fn is_name(&self, text: &str) -> bool {
        let ends = |c: char| "#*,;:/~".contains(c) || c.is_whitespace() || c.is_control();
        let first = text.trim_start_matches(ends).split(ends).next();
        let first = first.unwrap_or_default();
        let letters = |known: &str| {
            let mut letters = first.chars().filter(|c| c.is_alphabetic());
            letters.all(|c| known.contains(c))
        };
        match first.chars().find(|c| c.is_alphanumeric() || *c == '+') {
            Some('+') => false,
            Some(c) if c.is_alphabetic() => {
                let number = self.digits.len() >= LIKE_A_NUMBER;
                !letters(PAUSE_BEFORE) || !(number || self.groups.iter().any(|group| group.plus))
            }
            _ => {
                let before = first.split(char::is_alphabetic).next().unwrap_or_default();
                let digits = before.chars().filter(char::is_ascii_digit).count();
                !letters(PAUSE) && digits < LIKE_A_NUMBER
            }
        }
    }

    /// Every number that begins and ends where a group does, or behind a feature code; a `+` is
    /// kept.
    pub(super) fn readings(&self) -> Vec<String> {
        let mut all = Vec::new();
        for (index, group) in self.groups.iter().enumerate() {
            for end in self.groups.iter().skip(index) {
                all.push(self.number(group.plus, group.from, end.to));
                if group.feature && group.to - group.from > FEATURE {
                    all.push(self.number(false, group.from + FEATURE, end.to));
                }
            }
            // `phone-context=+44` is put before the number.
            if group.plus && index > 0 {
                all.push(self.number(true, group.from, group.to) + self.first());
            }
        }
        all
    }

    /// What is likely to be dialed, as far as it looks like a telephone number: the digits up to
    /// the first separator and all of them, and both again from each `+` on.
    pub(super) fn likely(&self) -> Vec<String> {
        let begins = self.groups.iter().enumerate();
        let begins = begins.filter(|(index, group)| *index == 0 || group.plus);
        let numbers = begins.flat_map(|(_, group)| {
            let all = self.number(group.plus, group.from, self.digits.len());
            [self.number(group.plus, group.from, group.to), all]
        });
        let like = |number: &String| number.starts_with('+') || number.len() >= LIKE_A_NUMBER;
        numbers.filter(like).collect()
    }

    fn first(&self) -> &str {
        let first = self.groups.first();
        let digits = first.and_then(|first| self.digits.get(first.from..first.to));
        digits.unwrap_or_default()
    }

    fn number(&self, plus: bool, from: usize, to: usize) -> String {
        let digits = self.digits.get(from..to).unwrap_or_default();
        format!("{}{digits}", if plus { "+" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::{Dialed, Unclear};

    #[test]
    fn names_are_told_from_numbers() {
        for name in [
            "",
            "ann",
            "ann2024",
            "ann20240101",
            "ann.b+tag",
            "ann+42",
            "ext1001",
            "x100",
            "3com",
            "1800flowers",
            "0004f2ab12cd",
            "zo\u{eb}1234567",
            "ann,1234567",
        ] {
            assert_eq!(Dialed::read(name), Ok(None), "{name}");
        }
        for number in [
            "118500",
            "118500;cpc=ordinary",
            "118500#now",
            "+1900abc",
            "+44-20 7946",
            "*97",
            "12x3",
            "p+4420",
            "w,00442079460000",
            "00442079460000abc",
        ] {
            assert!(matches!(Dialed::read(number), Ok(Some(_))), "{number}");
        }
        for unclear in ["\u{661}\u{669}", "1.2,3,4,5,6,7,8,9,0", "+1\u{ff12}"] {
            assert_eq!(Dialed::read(unclear), Err(Unclear), "{unclear}");
        }
    }

    #[test]
    fn a_number_is_read_in_every_way() {
        let read = |text| Dialed::read(text).unwrap().unwrap();
        assert_eq!(read("+1-314.652").likely(), ["+1314652", "+1314652"]);
        assert_eq!(read("9+4420#7").likely(), ["+4420", "+44207"]);
        assert_eq!(read("1001;ext=5").likely(), [""; 0]);
        assert_eq!(read("12,3").readings(), ["12", "123", "3"]);
        assert_eq!(read("*671900").readings(), ["671900", "1900"]);
        let context = read("2079460000;phone-context=+44");
        assert!(context.readings().contains(&"+442079460000".to_owned()));
    }
}
