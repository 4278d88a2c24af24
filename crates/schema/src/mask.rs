//! Masking of caller numbers for logs.

use std::fmt;

/// A number with its last digits but four hidden: `+14155550123` becomes `+1415•••0123`.
///
/// Texts of fewer than eight characters, such as extensions, tell nothing about a person and
/// stay as they are; a SIP URI keeps its host and hides the middle of its user part.
#[must_use]
pub fn mask(text: &str) -> String {
    if let Some((scheme, rest)) = text.split_once(':')
        && let Some((user, host)) = rest.split_once('@')
    {
        return format!("{scheme}:{}@{host}", mask(user));
    }
    let chars: Vec<char> = text.chars().collect();
    if chars.len() < 8 || !chars.iter().all(|c| c.is_ascii_digit() || *c == '+') {
        return text.to_owned();
    }
    let tail = chars.len() - 4;
    let head = tail.saturating_sub(3).min(5);
    let shown = |range: &[char]| range.iter().collect::<String>();
    let (front, back) = (chars.get(..head), chars.get(tail..));
    format!(
        "{}•••{}",
        shown(front.unwrap_or_default()),
        shown(back.unwrap_or_default())
    )
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
    use super::mask;

    #[test]
    fn hides_the_middle_of_numbers_only() {
        assert_eq!(mask("+14155550123"), "+1415•••0123");
        assert_eq!(mask("12345678"), "1•••5678");
        assert_eq!(mask("1001"), "1001");
        assert_eq!(mask("alice.cooper"), "alice.cooper");
        assert_eq!(
            mask("sip:+14155550123@pbx.example"),
            "sip:+1415•••0123@pbx.example"
        );
    }
}
