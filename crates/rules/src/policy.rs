//! Which destinations may be dialed at all: `destinations` of the routing file. It binds the file
//! itself as well as answers from outside, so that whoever can make a webhook say something cannot
//! make it call a premium number.

mod dialed;
mod uri;

use callroute_schema::number::{Emergency, Region};
use callroute_schema::{Action, Actions, strip_scheme, variables};

use crate::check::{self, Sink};
use crate::engine::{NameKind, WrongValue, in_full};
use crate::path::Path;
use crate::policy::dialed::Dialed;
use crate::policy::uri::{host_name, take_apart};

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
            return Ok(Self::Host(host_name(host)));
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
        // Variables are filled in before it is dialed, and then it is judged.
        if self.is_open() || variables(party).next().is_some() {
            return None;
        }
        let fine = match strip_scheme(party) {
            None => self.takes_number(party),
            Some(rest) => self.takes_uri(rest),
        };
        (!fine).then(|| "this is not among the destinations that may be dialed".to_owned())
    }

    fn is_open(&self) -> bool {
        self.allow.is_none() && self.deny.is_empty()
    }

    fn takes_number(&self, number: &str) -> bool {
        let readings = match Dialed::read(number) {
            Ok(dialed) => dialed.map(|dialed| dialed.readings()).unwrap_or_default(),
            Err(_) => return false,
        };
        self.allows_number(number) && !self.denies_any(number, &readings)
    }

    /// Every host has to be allowed, and what looks like a telephone number has to be allowed as
    /// one; a number that is denied is denied as an extension too.
    fn takes_uri(&self, rest: &str) -> bool {
        let Some(parts) = take_apart(rest) else {
            return false;
        };
        let host_is_fine = |host: &String| {
            !self.deny.iter().any(|pattern| pattern.fits_host(host))
                && self.allows(|pattern| pattern.fits_host(host))
        };
        let user_is_fine = |user: &String| match Dialed::read(user) {
            Ok(Some(dialed)) => {
                let likely = dialed.likely();
                likely.iter().all(|number| self.allows_number(number))
                    && !self.denies_any(user, &dialed.readings())
            }
            Ok(None) => true,
            Err(_) => false,
        };
        parts.hosts.iter().all(host_is_fine) && parts.users.iter().all(user_is_fine)
    }

    fn allows(&self, fits: impl Fn(&Pattern) -> bool) -> bool {
        self.allow.as_ref().is_none_or(|list| list.iter().any(fits))
    }

    /// Calls for help are allowed without being named.
    fn allows_number(&self, number: &str) -> bool {
        if Emergency::numbers(self.region).contains(&number) {
            return true;
        }
        let number = Both::new(number, self.region);
        self.allows(|pattern| number.fits(pattern))
    }

    /// Whether one of the numbers that a gateway may read in a text is denied.
    fn denies_any(&self, text: &str, readings: &[String]) -> bool {
        let mut all = std::iter::once(text).chain(readings.iter().map(String::as_str));
        all.any(|number| {
            let number = Both::new(number, self.region);
            self.deny.iter().any(|pattern| number.fits(pattern))
        })
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
        if self.is_open() {
            return Ok(());
        }
        let mut found = Found(self, None);
        look(&mut found);
        found.1.map_or(Ok(()), Err)
    }
}

/// A number as it is written and in full: whoever dials the digits reaches the same one, so both
/// count.
struct Both<'a> {
    written: &'a str,
    full: Option<String>,
}

impl<'a> Both<'a> {
    fn new(written: &'a str, region: Option<Region>) -> Self {
        let full = region.and_then(|region| in_full(written, region));
        Self { written, full }
    }

    fn fits(&self, pattern: &Pattern) -> bool {
        let full = self.full.as_ref();
        pattern.fits_number(self.written) || full.is_some_and(|full| pattern.fits_number(full))
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

#[cfg(test)]
mod tests;
