//! A number, or the beginning of one, in a word.

use std::fmt;

/// Symbols that fit: one that tells `+` from everything else, and fifteen more (E.164 has at
/// most fifteen digits).
const SYMBOLS: usize = 16;
/// The first symbol of what begins with `+`, and of what does not.
const PLUS: u8 = 1;
const LOCAL: u8 = 2;
/// Stands for a character that no number has, or for all that no longer fits: nothing matches it.
const OTHER: u8 = 14;
/// After the last digit.
const END: u8 = 15;

/// A number or a prefix, as symbols of four bits, the first of them highest; 0 is no symbol.
///
/// Three things are made of texts: a prefix ([`Key::prefix`]), a whole number that a table holds
/// ([`Key::number`]), and a number as a call brings it ([`Key::call`]). The first two match the
/// third when they are the beginning of it, and a whole number carries its end.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u64);

impl Key {
    /// The prefix of every number.
    pub const EVERY: Self = Self(0);

    /// A number of no digits: nothing was pressed.
    pub const EMPTY: Self = Self(0x2f << 56);

    /// What a caller without a number has: no prefix but that of every number matches it.
    pub const NOBODY: Self = Self(0xe << 60);

    /// The key of a prefix: digits, `*` and `#`, with or without a `+` in front; at most 15
    /// after that. `None` for any other text.
    #[must_use]
    pub fn prefix(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::EVERY);
        }
        let (key, rest) = pack(text);
        rest.is_empty().then_some(key)
    }

    /// The key of a whole number: as for [`prefix`](Self::prefix), and at least one digit.
    /// `None` for any other text, such as a SIP user's name.
    #[must_use]
    pub fn number(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let (key, rest) = pack(text);
        rest.is_empty().then(|| key.ended())
    }

    /// The key of what a call brings. Letters, and digits beyond the fifteenth, are kept as one
    /// symbol that nothing matches.
    #[must_use]
    #[inline]
    pub fn call(text: &str) -> Self {
        match Self::international(text) {
            Some(key) => key,
            None => Self::unusual(text),
        }
    }

    /// The key of `+` and eight to fifteen digits; `None` for any other text.
    #[must_use]
    #[inline]
    pub fn international(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [b'+', digits @ ..] => {
                let (word, behind) = symbols(PLUS, digits)?;
                // The fifteenth digit leaves no room for the end, and needs none.
                Some(Self(word | (u64::from(END) << behind) >> 4))
            }
            _ => None,
        }
    }

    /// The key of what a call brings, when it is no number in full.
    fn unusual(text: &str) -> Self {
        if text.is_empty() {
            return Self::EMPTY;
        }
        let (key, rest) = pack(text);
        if rest.is_empty() {
            return key.ended();
        }
        match key.len() {
            SYMBOLS => Self((key.0 & !0xf) | u64::from(OTHER)),
            len => key.with(len, OTHER),
        }
    }

    /// How many symbols it has, 0 to 16; the `+` (or its absence) and the end count.
    #[must_use]
    #[inline]
    pub fn len(self) -> usize {
        SYMBOLS - usize::try_from(self.0.trailing_zeros() / 4).unwrap_or(SYMBOLS)
    }

    /// Whether it is the prefix of every number.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether this is the beginning of `call`.
    #[must_use]
    pub fn begins(self, call: Self) -> bool {
        (self.0 ^ call.0) & mask(self.len()) == 0
    }

    /// The key that [`word`](Self::word) gave.
    #[must_use]
    pub fn of(word: u64) -> Self {
        Self(word)
    }

    /// Its symbols, four bits each, the first of them highest: two keys are compared, sorted and
    /// hashed as this word is.
    #[must_use]
    pub fn word(self) -> u64 {
        self.0
    }

    /// Whether it is `+` and at least eight digits, or what stands for them: a number that is
    /// read alike everywhere.
    #[must_use]
    #[inline]
    pub fn is_international(self) -> bool {
        // The first symbol, and those of a ninth digit and what follows it: in one comparison.
        const FIRST: u64 = (PLUS as u64) << 60;
        let looked_at = self.0 & 0xf000_0000_0fff_ffff;
        looked_at.wrapping_sub(FIRST + 1) < FIRST - 1
    }

    /// Whether it begins with a digit, `*` or `#`, and not with `+`: as people dial.
    #[must_use]
    pub fn is_as_dialed(self) -> bool {
        self.0 >> 60 == u64::from(LOCAL)
    }

    /// Whether it is a whole number's.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.len() == SYMBOLS
            || self
                .0
                .checked_shr(shift(self.len()))
                .is_some_and(|word| word & 0xf == u64::from(END))
    }

    #[inline]
    fn with(self, place: usize, symbol: u8) -> Self {
        Self(self.0 | (u64::from(symbol) << shift(place + 1)))
    }

    #[inline]
    fn ended(self) -> Self {
        match self.len() {
            // Fifteen digits fill it: there is no longer number that it could be mistaken for.
            SYMBOLS => self,
            len => self.with(len, END),
        }
    }
}

/// The bits of the first symbols.
#[inline]
fn mask(len: usize) -> u64 {
    u64::MAX.checked_shl(shift(len)).unwrap_or(0)
}

/// How far the last of so many symbols is from the lowest bit.
#[inline]
fn shift(len: usize) -> u32 {
    u32::try_from(SYMBOLS.saturating_sub(len)).unwrap_or(0) * 4
}

/// The symbols of a text, and what no longer fits or is none.
#[inline]
fn pack(text: &str) -> (Key, &str) {
    let bytes = text.as_bytes();
    let (mark, digits) = match bytes.split_first() {
        Some((b'+', digits)) => (PLUS, digits),
        _ => (LOCAL, bytes),
    };
    match symbols(mark, digits) {
        Some((word, _)) => (Key(word), ""),
        None => one_by_one(text, mark),
    }
}

/// A mark and the symbols of eight to fifteen digits, in no loop, and how many bits are free
/// behind them; `None` for any other text.
#[inline]
fn symbols(mark: u8, digits: &[u8]) -> Option<(u64, u32)> {
    let (first, last) = (digits.first_chunk::<8>()?, digits.last_chunk::<8>()?);
    // The two overlap by as much as there are fewer than sixteen.
    let second = match digits.len() {
        len @ 8..=15 => u32::try_from(len & 7).unwrap_or(0),
        _ => return None,
    };
    let (front, back) = (values(*first), values(*last));
    // A digit's value has no high bits, and 6 more does not carry into them.
    let most = |values: u64| values | values.wrapping_add(0x0606_0606_0606_0606);
    if (most(front) | most(back)) & 0xf0f0_f0f0_f0f0_f0f0 != 0 {
        return None;
    }
    let behind = 4 * (7 - second);
    let whole = (halves(front) << (4 * second) | halves(back)) << behind;
    // A symbol is one more than its digit.
    let ones = (0x0111_1111_1111_1111 >> behind) << behind;
    Some((u64::from(mark) << 60 | whole.wrapping_add(ones), behind))
}

/// The values of eight digits, a byte each, the first of them lowest.
#[inline]
fn values(digits: [u8; 8]) -> u64 {
    u64::from_le_bytes(digits) ^ 0x3030_3030_3030_3030
}

/// Half-empty bytes to half bytes, the first of them highest.
#[inline]
fn halves(values: u64) -> u64 {
    // Each factor puts a digit in front of the one after it, then two before two, and four.
    let pairs = (values.wrapping_mul(0x1001) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(0x0100_0001) >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(0x0001_0000_0000_0001) >> 32
}

#[cold]
fn one_by_one(text: &str, mark: u8) -> (Key, &str) {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let mut word = u64::from(mark);
    let mut count = 1;
    for byte in digits.bytes().take(SYMBOLS - 1) {
        let symbol = match byte {
            b'0'..=b'9' => byte - b'0' + 1,
            b'*' => 11,
            b'#' => 12,
            _ => break,
        };
        word = (word << 4) | u64::from(symbol);
        count += 1;
    }
    let rest = digits.get(count - 1..).unwrap_or("?");
    (Key(word << shift(count)), rest)
}

/// As it is written: `+1314*` for a prefix, `+13146523057` for a whole number, `*` for every.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in 1..=self.len() {
            let symbol = (self.0 >> shift(place)) & 0xf;
            let c = match u8::try_from(symbol).unwrap_or(0) {
                PLUS if place == 1 => '+',
                LOCAL if place == 1 => continue,
                digit @ 1..=10 => char::from(b'0' + digit - 1),
                11 => '*',
                12 => '#',
                END => return Ok(()),
                _ => '?',
            };
            write!(f, "{c}")?;
        }
        match self.is_whole() {
            true => Ok(()),
            false => f.write_str("*"),
        }
    }
}

/// Masked: it may be a person's number.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?})", crate::Masked(&self.to_string()))
    }
}

#[cfg(test)]
mod tests;
