//! Escapes in URIs (RFC 3261, section 25.1; RFC 3986, section 2.1).

use std::borrow::Cow;

use percent_encoding::{
    AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_decode_str, utf8_percent_encode,
};

/// All but `unreserved` and `user-unreserved`, and `;`, behind which parameters stand.
const NO_USER: AsciiSet = NON_ALPHANUMERIC
    // `mark`
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    // `user-unreserved`
    .remove(b'&')
    .remove(b'=')
    .remove(b'+')
    .remove(b'$')
    .remove(b',')
    .remove(b'?')
    .remove(b'/');

/// A user part with all escaped that the grammar does not allow there (RFC 3261, section 25.1), and
/// `;`, so that it stays one user without parameters.
#[must_use]
pub fn escape_user(user: &str) -> String {
    utf8_percent_encode(user, &NO_USER).to_string()
}

/// All but `unreserved` (RFC 3986, section 2.3).
const NO_VALUE: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A value as one part of a web address, wherever behind its host (RFC 3986, section 2.2).
#[must_use]
pub fn escape_value(value: &str) -> String {
    utf8_percent_encode(value, &NO_VALUE).to_string()
}

/// Bytes without their escapes; `None` where a `%` has no two hexadecimal digits after it.
#[must_use]
pub fn unescape(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    let digits = |rest: &[u8]| {
        let two = rest.first_chunk::<2>();
        two.is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    };
    // What stands before the first `%` has none before it.
    let mut escapes = text.split(|byte| *byte == b'%').skip(1);
    escapes.all(digits).then(|| percent_decode(text).into())
}

/// A text without its escapes; a `%` that begins none stays, and bytes that are no UTF-8 become
/// U+FFFD.
#[must_use]
pub fn unescape_lossy(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::{escape_user, unescape, unescape_lossy};

    #[test]
    fn what_the_grammar_has_not_is_escaped() {
        let allowed = "aZ09-_.!~*'()&=+$,?/";
        assert_eq!(escape_user(allowed), allowed);
        assert_eq!(escape_user("#97;a@b:c%"), "%2397%3Ba%40b%3Ac%25");
        assert_eq!(escape_user("é"), "%C3%A9");
    }

    #[test]
    fn broken_escapes_are_told_from_whole_ones() {
        assert_eq!(unescape(b"%2B44%ff").as_deref(), Some(&b"+44\xff"[..]));
        assert_eq!(unescape(b"44").as_deref(), Some(&b"44"[..]));
        for broken in ["%", "a%2", "%2%42", "%+1", "%%41"] {
            assert_eq!(unescape(broken.as_bytes()), None, "{broken}");
        }
        assert_eq!(unescape_lossy("100%25%"), "100%%");
        assert_eq!(unescape_lossy("%ff"), "\u{fffd}");
    }
}
