//! What a caller wants hidden (RFC 3323, section 4.2; RFC 3325, section 9.3).

use crate::number::identity::{Header, Ignored, IgnoredWhy, MAX_VALUES, address::MAX_HEADER};

/// What Privacy asks for, as far as the caller's identity goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// No Privacy, or nothing about identity.
    Unsaid,
    /// `none`: the network shall hide nothing.
    Show,
    /// `id`, `user` or `header`.
    Hide,
}

/// Reads all values of Privacy. `none` must stand alone; with others beside it, hiding is the
/// mistake that harms nobody.
pub(crate) fn wish(values: &[&str], ignored: &mut Vec<Ignored>) -> Wish {
    let mut drop = |why| {
        ignored.push(Ignored {
            header: Header::Privacy,
            why,
        })
    };
    let mut wish = Wish::Unsaid;
    for value in values.iter().take(MAX_VALUES) {
        if value.len() > MAX_HEADER {
            // It asked for something: better hidden than shown.
            wish = Wish::Hide;
            drop(IgnoredWhy::TooLong);
            continue;
        }
        for token in value
            .split([';', ','])
            .map(str::trim)
            .filter(|token| !token.is_empty())
        {
            match token.to_ascii_lowercase().as_str() {
                "id" | "user" | "header" => wish = Wish::Hide,
                "none" if wish == Wish::Unsaid => wish = Wish::Show,
                "none" | "session" | "history" | "critical" => {}
                _ => drop(IgnoredWhy::UnknownPrivacy),
            }
        }
    }
    if values.len() > MAX_VALUES {
        drop(IgnoredWhy::Repeated);
    }
    wish
}
