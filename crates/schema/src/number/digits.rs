//! Digits as they are dialed.

/// The zeros of the scripts whose digits people write numbers with (Unicode's Nd, first plane).
const ZEROS: [u32; 37] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6,
    0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80,
    0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
    0xFF10,
];

/// The digits of a text that holds nothing but digits and what people put between them.
pub(crate) fn dialed(text: &str) -> Option<String> {
    let mut digits = String::new();
    for c in text.chars() {
        match digit(c) {
            Some(digit) => digits.push(digit),
            None if is_separator(c) => {}
            None => return None,
        }
    }
    (!digits.is_empty()).then_some(digits)
}

/// How many digits a text has.
pub(crate) fn count(text: &str) -> usize {
    text.chars().filter(|c| digit(*c).is_some()).count()
}

/// The ASCII digit that a digit of any script stands for.
pub(crate) fn digit(c: char) -> Option<char> {
    let code = u32::from(c);
    let zero = ZEROS
        .iter()
        .find(|zero| (**zero..**zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

/// Punctuation without a meaning, as in `(01) 679-9222`.
pub(crate) fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '.' | '/' | '(' | ')' | '[' | ']' | '~')
        || matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}' | '\u{FF0D}'..='\u{FF0F}')
        || matches!(
            c,
            '\u{FF08}' | '\u{FF09}' | '\u{FF3B}' | '\u{FF3D}' | '\u{2053}' | '\u{223C}'
        )
        || matches!(c, '\u{00AD}' | '\u{200B}' | '\u{2060}')
}

#[cfg(test)]
mod tests {
    use super::dialed;

    #[test]
    fn keeps_digits_of_any_script_and_drops_separators() {
        for (text, digits) in [
            ("911", Some("911")),
            ("9-1-1", Some("911")),
            (" (01) 679 9222", Some("016799222")),
            ("٩١١", Some("911")),
            ("９１１", Some("911")),
            ("+911", None),
            ("911a", None),
            ("*97", None),
            ("--", None),
            ("", None),
        ] {
            assert_eq!(dialed(text).as_deref(), digits, "{text}");
        }
    }
}
