//! Which destinations may be dialed at all: `destinations` of the routing file. It binds the file
//! itself as well as answers from outside, so that whoever can make a webhook say something cannot
//! make it call a premium number.

use callroute_schema::number::Region;
use callroute_schema::{Action, Actions};

use crate::check::{self, Sink};
use crate::engine::{NameKind, WrongValue, in_full};
use crate::path::Path;

/// Digits from which on a SIP URI's user is taken for a telephone number.
const LIKE_A_NUMBER: usize = 7;

/// What may be dialed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policy {
    /// `None`: everything but what is denied.
    allow: Option<Vec<Pattern>>,
    deny: Vec<Pattern>,
    /// How national numbers are read: a number is judged as it is written and in full.
    region: Option<Region>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    /// This number.
    Number(String),
    /// Numbers that begin so.
    Prefix(String),
    /// SIP URIs at this host; `*`: at any.
    Host(String),
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(rest) = strip_scheme(text) {
            let host = rest.strip_prefix("*@").filter(|host| !host.is_empty());
            let host = host.ok_or_else(|| {
                format!("`{text}` names no host; write it as in sip:*@pbx.example, or sip:*@*")
            })?;
            return Ok(Self::Host(host.to_ascii_lowercase()));
        }
        let digits = text.strip_suffix('*').unwrap_or(text);
        let plain = |c: char| c.is_ascii_digit() || matches!(c, '#' | '*');
        let bare = digits.strip_prefix('+').unwrap_or(digits);
        if bare.chars().any(|c| !plain(c)) || (text.is_empty() || text == "+") {
            return Err(format!(
                "`{text}` is no number and no prefix; write it as in +13146523057, +1314* or \
                 sip:*@pbx.example"
            ));
        }
        Ok(match text.ends_with('*') {
            true => Self::Prefix(digits.to_owned()),
            false => Self::Number(text.to_owned()),
        })
    }

    fn fits_number(&self, number: &str) -> bool {
        match self {
            Self::Number(exact) => exact == number,
            Self::Prefix(prefix) => number.starts_with(prefix.as_str()),
            Self::Host(_) => false,
        }
    }

    fn fits_host(&self, host: &str) -> bool {
        matches!(self, Self::Host(allowed) if allowed == "*" || allowed == host)
    }
}

impl Policy {
    /// From its two lists; the second half of an error is the entry's place.
    pub(crate) fn new(
        allow: Option<&[String]>,
        deny: &[String],
        region: Option<Region>,
    ) -> Result<Self, Vec<(&'static str, usize, String)>> {
        let mut wrong = Vec::new();
        let mut read = |list: &[String], name| {
            let mut patterns = Vec::new();
            for (index, text) in list.iter().enumerate() {
                match Pattern::parse(text) {
                    Ok(pattern) => patterns.push(pattern),
                    Err(message) => wrong.push((name, index, message)),
                }
            }
            patterns
        };
        let policy = Self {
            allow: allow.map(|list| read(list, "allow")),
            deny: read(deny, "deny"),
            region,
        };
        if wrong.is_empty() {
            Ok(policy)
        } else {
            Err(wrong)
        }
    }

    /// Why this party may not be dialed.
    pub(crate) fn refuse(&self, party: &str) -> Option<String> {
        if party.contains('{') {
            // Variables are filled in before it is dialed, and then it is judged.
            return None;
        }
        let allowed = |fits: &dyn Fn(&Pattern) -> bool| match &self.allow {
            None => true,
            Some(list) => list.iter().any(fits),
        };
        // Whoever dials the digits reaches the same number, so both ways of writing it count.
        let number_is_fine = |number: &str| {
            let full = self.region.and_then(|region| in_full(number, region));
            let fits = |pattern: &Pattern| {
                pattern.fits_number(number)
                    || full
                        .as_deref()
                        .is_some_and(|full| pattern.fits_number(full))
            };
            !self.deny.iter().any(fits) && allowed(&fits)
        };
        let fine = match strip_scheme(party) {
            None => number_is_fine(party),
            Some(rest) => {
                let (user, host) = take_apart(rest);
                !self.deny.iter().any(|pattern| pattern.fits_host(&host))
                    && allowed(&|pattern| pattern.fits_host(&host))
                    && number_in(&user).is_none_or(|number| number_is_fine(&number))
            }
        };
        (!fine).then(|| "this is not among the destinations that may be dialed".to_owned())
    }

    /// The first party of a list of actions that may not be dialed.
    pub(crate) fn judge(&self, actions: &Actions) -> Result<(), WrongValue> {
        self.judge_with(|found| check::actions(actions, &Path::ROOT, found))
    }

    /// The same of actions that need not be an answer.
    pub(crate) fn judge_list(&self, actions: &[Action]) -> Result<(), WrongValue> {
        self.judge_with(|found| {
            for (index, one) in actions.iter().enumerate() {
                check::action(one, &Path::ROOT.index(index), found);
            }
        })
    }

    fn judge_with(&self, look: impl FnOnce(&mut Found<'_>)) -> Result<(), WrongValue> {
        if self.allow.is_none() && self.deny.is_empty() {
            return Ok(());
        }
        let mut found = Found(self, None);
        look(&mut found);
        found.1.map_or(Ok(()), Err)
    }
}

/// Keeps the first party that may not be dialed.
struct Found<'a>(&'a Policy, Option<WrongValue>);

impl Sink for Found<'_> {
    fn name(&mut self, _: NameKind, _: &str, _: &Path<'_>) {}

    fn party(&mut self, party: &str, at: &Path<'_>) {
        if self.1.is_none()
            && let Some(message) = self.0.refuse(party)
        {
            let path = at.to_string();
            self.1 = Some(WrongValue { path, message });
        }
    }
}

fn strip_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    let known = scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips");
    known.then_some(rest)
}

/// User without its parameters and escapes, and host without port, parameters and case (RFC 3261,
/// section 19.1).
fn take_apart(rest: &str) -> (String, String) {
    let (user, host) = rest.rsplit_once('@').unwrap_or(("", rest));
    let user = user.split([';', ':']).next().unwrap_or_default();
    let host = host.split([';', '?']).next().unwrap_or_default();
    let host = match host.split_once(']') {
        Some((address, _)) => address.trim_start_matches('['),
        None => host.split(':').next().unwrap_or_default(),
    };
    (unescape(user), host.to_ascii_lowercase())
}

fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        plain.push_str(before);
        let code = after
            .get(..2)
            .and_then(|code| u8::from_str_radix(code, 16).ok());
        match (code, after.get(2..)) {
            (Some(code), Some(after)) => {
                plain.push(char::from(code));
                rest = after;
            }
            _ => {
                plain.push('%');
                rest = after;
            }
        }
    }
    plain + rest
}

/// The telephone number that a user is, without visual separators (RFC 3966, section 5.1.1).
fn number_in(user: &str) -> Option<String> {
    let separator = |c: char| matches!(c, '-' | '.' | '(' | ')');
    let number: String = user.chars().filter(|c| !separator(*c)).collect();
    let bare = number.strip_prefix('+').unwrap_or(&number);
    let all_digits = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
    let like = number.len() > bare.len() || bare.len() >= LIKE_A_NUMBER;
    (all_digits && like).then_some(number)
}

#[cfg(test)]
mod tests {
    use callroute_schema::number::Region;

    use super::Policy;

    fn policy(allow: &[&str], deny: &[&str]) -> Policy {
        let own = |list: &[&str]| {
            list.iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>()
        };
        Policy::new(Some(&own(allow)), &own(deny), Region::new("US").ok()).unwrap()
    }

    #[test]
    fn numbers_are_allowed_by_prefix_and_denied_within() {
        let policy = policy(&["+1*", "911", "sip:*@pbx.example"], &["+1900*"]);
        for fine in [
            "+13146523057",
            "3146523057",
            "13146523057",
            "911",
            "sip:ann@pbx.example",
            "sip:1001@PBX.example:5061;x=y",
        ] {
            assert_eq!(policy.refuse(fine), None, "{fine}");
        }
        for refused in [
            "+442079460000",
            "+19005550123",
            "9115",
            "sip:ann@elsewhere.example",
            "sip:ann@pbx.example@elsewhere.example",
            "sip:+19005550123@pbx.example",
            "sip:%2B19005550123@pbx.example",
            "sip:+1-900-555.0123@pbx.example",
            "sip:+19005550123;phone-context=x@pbx.example",
            "sips:+442079460000:secret@pbx.example",
            "sip:00442079460000@pbx.example",
            "sip:pbx.example.elsewhere",
            "9005550123",
            "19005550123",
            "sip:19005550123@pbx.example",
            "011442079460000",
        ] {
            assert!(policy.refuse(refused).is_some(), "{refused}");
        }
    }

    #[test]
    fn without_a_list_everything_but_what_is_denied() {
        assert_eq!(Policy::default().refuse("+19005550123"), None);
        let policy = Policy::new(None, &["+1900*".to_owned()], None).unwrap();
        assert_eq!(policy.refuse("sip:ann@anywhere.example"), None);
        assert!(policy.refuse("+19005550123").is_some());
    }

    #[test]
    fn entries_that_are_none_are_told() {
        for text in ["", "+", "ann", "sip:ann@pbx.example", "sip:*@", "+1 314"] {
            assert!(
                Policy::new(None, &[text.to_owned()], None).is_err(),
                "{text}"
            );
        }
    }
}
