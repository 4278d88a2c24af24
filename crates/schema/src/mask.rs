//! Masking of caller numbers for logs.

use std::fmt;
use std::net::Ipv4Addr;

use crate::number::is_visual;

/// A number with its last digits but four hidden: `+14155550123` becomes `+1415•••0123`, and so does
/// `+1-415-555-0123`.
///
/// Texts of fewer than eight digits, such as extensions, tell nothing about a person and stay as they
/// are; a SIP URI keeps its host and hides the middle of its user part.
#[must_use]
pub fn mask(text: &str) -> String {
    if let Some((scheme, rest)) = text.split_once(':') {
        if let Some((user, host)) = rest.split_once('@') {
            return format!("{scheme}:{}@{host}", mask(user));
        }
        if scheme.eq_ignore_ascii_case("tel") {
            return format!("{scheme}:{}", mask(rest));
        }
    }
    let is_digit = |c: char| c.is_ascii_digit() || c == '+';
    let digits: Vec<char> = text.chars().filter(|c| is_digit(*c)).collect();
    let is_number = text.chars().all(|c| is_digit(c) || is_visual(c));
    // Eight digits with dots may also be an address.
    if digits.len() < 8 || !is_number || text.parse::<Ipv4Addr>().is_ok() {
        return text.to_owned();
    }
    let tail = digits.len() - 4;
    let head = tail.saturating_sub(3).min(5);
    let shown = |range: &[char]| range.iter().collect::<String>();
    let (front, back) = (digits.get(..head), digits.get(tail..));
    format!(
        "{}•••{}",
        shown(front.unwrap_or_default()),
        shown(back.unwrap_or_default())
    )
}

/// A text whose numbers are masked, each as [`mask`] does: what is said may name who calls.
#[must_use]
pub fn mask_within(text: &str) -> String {
    let digit = |c: char| c.is_ascii_digit() || c == '+';
    let (mut out, mut rest) = (String::new(), text);
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c| !digit(c)).unwrap_or(rest.len()));
        let (words, after) = after.split_at(after.find(digit).unwrap_or(after.len()));
        out.push_str(&mask(number));
        out.push_str(words);
        rest = after;
    }
    out
}

/// Shows a text masked, in `Debug` and `Display`.
#[derive(Clone, Copy)]
pub struct Masked<'a>(pub &'a str);

impl fmt::Debug for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&mask(self.0), f)
    }
}

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{mask, mask_within};

    #[test]
    fn a_text_hides_the_numbers_that_it_says() {
        for (text, shown) in [
            ("hello +14155550123 there", "hello +1415•••0123 there"),
            ("+14155550123, +14155550123.", "+1415•••0123, +1415•••0123."),
            ("dial 1001 or 2", "dial 1001 or 2"),
            ("äöü", "äöü"),
            ("", ""),
        ] {
            assert_eq!(mask_within(text), shown);
        }
    }

    #[test]
    fn hides_the_middle_of_numbers_only() {
        assert_eq!(mask("+14155550123"), "+1415•••0123");
        assert_eq!(mask("12345678"), "1•••5678");
        assert_eq!(mask("+1-415-555-0123"), "+1415•••0123");
        assert_eq!(mask("(415) 555-0123"), "415•••0123");
        assert_eq!(mask("tel:+14155550123"), "tel:+1415•••0123");
        assert_eq!(mask("192.168.100.20"), "192.168.100.20");
        assert_eq!(mask("1001"), "1001");
        assert_eq!(mask("alice.cooper"), "alice.cooper");
        assert_eq!(
            mask("sip:+14155550123@pbx.example"),
            "sip:+1415•••0123@pbx.example"
        );
    }
}
