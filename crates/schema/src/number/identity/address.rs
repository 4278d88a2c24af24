//! Addresses in headers: `"Ann" <sip:ann@example.com>;tag=1` (RFC 3261, section 20.10).

use crate::number::{
    identity::{Header, Ignored, IgnoredWhy},
    is_visual,
    nobody::{Nobody, named},
    uri::{Scheme, Uri, UriFault},
};

/// Longest header value that is looked at, in bytes.
pub(crate) const MAX_HEADER: usize = 2_048;

/// An address of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// The URI as it stands.
    pub(crate) uri: String,
    name: Option<String>,
    parsed: Uri,
}

/// The addresses that a header value lists; faults go to `ignored`.
pub(crate) fn addresses(value: &str, header: Header, ignored: &mut Vec<Ignored>) -> Vec<Address> {
    let mut drop = |why| ignored.push(Ignored { header, why });
    if value.len() > MAX_HEADER {
        drop(IgnoredWhy::TooLong);
        return Vec::new();
    }
    let mut found = Vec::new();
    for part in parts(value) {
        match Address::parse(part) {
            Ok(address) => found.push(address),
            Err(why) => drop(why),
        }
    }
    found
}

impl Address {
    fn parse(text: &str) -> Result<Self, IgnoredWhy> {
        let text = text.trim();
        let (name, rest) = match text.strip_prefix('"') {
            Some(rest) => {
                let (name, rest) = quoted(rest).ok_or(IgnoredWhy::Malformed)?;
                (name, rest.trim_start())
            }
            None => match text.split_once('<') {
                Some((name, _)) => (name.to_owned(), text.get(name.len()..).unwrap_or_default()),
                None => (String::new(), text),
            },
        };
        let uri = match rest.strip_prefix('<') {
            Some(rest) => rest.split_once('>').ok_or(IgnoredWhy::Malformed)?.0,
            // Only a bare address may do without brackets, and then has no parameters of its own.
            None if name.is_empty() && !text.starts_with('"') => {
                rest.split(';').next().unwrap_or_default()
            }
            None => return Err(IgnoredWhy::Malformed),
        };
        let uri = uri.trim();
        let parsed = Uri::parse(uri).map_err(|fault| match fault {
            UriFault::Scheme => IgnoredWhy::Scheme,
            UriFault::Malformed => IgnoredWhy::Malformed,
        })?;
        // A tab is part of a name as a space is (RFC 3261, section 25.1: LWS). Whatever else is in
        // it, the caller is who the URI says: or a name would get him past a list.
        let name = name.replace(char::is_control, " ");
        let name = name.trim();
        let name = (!name.is_empty()).then(|| name.to_owned());
        Ok(Self {
            uri: uri.to_owned(),
            name,
            parsed,
        })
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.parsed.scheme
    }

    /// The user, unless it stands for a caller who is not told.
    pub(crate) fn user(&self) -> Option<String> {
        let user = self.parsed.user.as_deref()?;
        if named(user, &self.parsed.host).is_some() {
            return None;
        }
        let is_number = user.starts_with(|c: char| c == '+' || c.is_ascii_digit());
        let user = if is_number {
            user.split(';').next().unwrap_or_default()
        } else {
            user
        };
        Some(match self.parsed.scheme {
            Scheme::Sip => user.to_owned(),
            Scheme::Tel => user.chars().filter(|c| !is_visual(*c)).collect(),
        })
        .filter(|user| !user.is_empty())
    }

    /// The name to show, unless it stands for a caller who is not told.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name
            .as_deref()
            .filter(|name| named(name, "").is_none())
    }

    /// Whether the caller hides behind it (RFC 3323, section 4.1.1.3).
    pub(crate) fn hides(&self) -> bool {
        let user = self.parsed.user.as_deref().unwrap_or_default();
        named(user, &self.parsed.host) == Some(Nobody::Withheld)
            || self
                .name
                .as_deref()
                .is_some_and(|name| named(name, "") == Some(Nobody::Withheld))
    }
}

/// Splits a list at its commas, but not within quotes or brackets.
fn parts(value: &str) -> Vec<&str> {
    let (mut quoted, mut escaped, mut bracket, mut start) = (false, false, false, 0);
    let mut found = Vec::new();
    for (at, c) in value.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if !bracket => quoted = !quoted,
            '<' if !quoted => bracket = true,
            '>' if !quoted => bracket = false,
            ',' if !quoted && !bracket => {
                found.extend(value.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    found.extend(value.get(start..));
    found.retain(|part| !part.trim().is_empty());
    found
}

/// The text of a quoted string whose first quote is gone, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((name, text.get(at + 1..)?)),
            '\\' => name.push(chars.next()?.1),
            _ => name.push(c),
        }
    }
    None
}
