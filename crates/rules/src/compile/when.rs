//! What rules ask.

use std::sync::Arc;

use super::{Compiler, Shared};
use crate::engine::{Condition, Subject};
use crate::hours::Hours;
use crate::number;
use crate::path::Path;
use crate::table::{CallerWhen, NumberWhen, Texts, When};

impl Compiler<'_> {
    /// `None`: something in it is wrong, and the report says what.
    pub(super) fn when(
        &mut self,
        when: &When,
        shared: &Shared,
        at: &Path<'_>,
    ) -> Option<Condition> {
        let mut all = Vec::new();
        let mut wrong = false;
        if let Some(name) = &when.open {
            let hours = self.hours_named(name, shared, &at.key("open"));
            all.push(hours.map(Condition::Open));
        }
        if let Some(name) = &when.closed {
            let hours = self.hours_named(name, shared, &at.key("closed"));
            all.push(hours.map(Condition::Closed));
        }
        if let Some(caller) = &when.caller {
            self.caller(caller, shared, &at.key("caller"), &mut all);
        }
        if let Some(dialed) = &when.dialed {
            self.dialed(dialed, &at.key("dialed"), &mut all);
        }
        if let Some(digits) = &when.digits {
            all.push(self.digits(digits, &at.key("digits")));
        }
        for (key, list) in [("any", &when.any), ("all", &when.all)] {
            let Some(list) = list else {
                continue;
            };
            let at = at.key(key);
            if list.is_empty() {
                self.fault(&at, format!("`{key}` needs at least one condition"));
                wrong = true;
            }
            let parts = list.iter().enumerate();
            let parts: Vec<_> = parts
                .map(|(index, part)| self.when(part, shared, &at.index(index)))
                .collect();
            let parts: Option<Box<[Condition]>> = parts.into_iter().collect();
            all.push(parts.map(|parts| match key {
                "any" => Condition::Any(parts),
                _ => Condition::All(parts),
            }));
        }
        if let Some(not) = &when.not {
            let not = self.when(not, shared, &at.key("not"));
            all.push(not.map(|not| Condition::Not(Box::new(not))));
        }
        if all.is_empty() && !wrong {
            let message = "`when` needs at least one condition; a rule that always holds has none";
            self.fault(at, message);
            wrong = true;
        }
        let mut all: Vec<Condition> = all.into_iter().collect::<Option<_>>()?;
        match (wrong, all.len()) {
            (true, _) => None,
            (false, 1) => all.pop(),
            (false, _) => Some(Condition::All(all.into())),
        }
    }

    fn hours_named(&mut self, name: &str, shared: &Shared, at: &Path<'_>) -> Option<Arc<Hours>> {
        let table = self.table;
        if !table.hours.has(name) {
            self.unknown("hours", name, &table.hours, at);
        }
        shared.hours.get(name).map(Arc::clone)
    }

    fn caller(
        &mut self,
        when: &CallerWhen,
        shared: &Shared,
        at: &Path<'_>,
        all: &mut Vec<Option<Condition>>,
    ) {
        if let Some(Texts(names)) = &when.list {
            all.push(self.caller_in(names, shared, &at.key("in")));
        }
        if let Some(is) = &when.is {
            all.push(self.numbers_of(Subject::Caller, is, &at.key("is")));
        }
        if let Some(prefix) = &when.prefix {
            all.push(self.prefixes_of(Subject::Caller, prefix, &at.key("prefix")));
        }
        if let Some(anonymous) = when.anonymous {
            all.push(Some(Condition::CallerAnonymous(anonymous)));
        }
        let none = when.list.is_none()
            && when.is.is_none()
            && when.prefix.is_none()
            && when.anonymous.is_none();
        if none {
            self.fault(
                at,
                "`caller` needs one of `in`, `is`, `prefix` and `anonymous`",
            );
            all.push(None);
        }
    }

    fn caller_in(&mut self, names: &[String], shared: &Shared, at: &Path<'_>) -> Option<Condition> {
        let table = self.table;
        let mut lists = Vec::new();
        for (index, name) in names.iter().enumerate() {
            if !table.callers.has(name) {
                self.unknown("list of callers", name, &table.callers, &at.index(index));
            }
            let list = shared.callers.get(name.as_str());
            lists.push(list.map(|list| Condition::CallerIn(Arc::clone(list))));
        }
        let mut lists: Vec<Condition> = lists.into_iter().collect::<Option<_>>()?;
        match lists.len() {
            1 => lists.pop(),
            _ => Some(Condition::Any(lists.into())),
        }
    }

    fn dialed(&mut self, when: &NumberWhen, at: &Path<'_>, all: &mut Vec<Option<Condition>>) {
        if let Some(is) = &when.is {
            all.push(self.numbers_of(Subject::Dialed, is, &at.key("is")));
        }
        if let Some(prefix) = &when.prefix {
            all.push(self.prefixes_of(Subject::Dialed, prefix, &at.key("prefix")));
        }
        if when.is.is_none() && when.prefix.is_none() {
            self.fault(at, "`dialed` needs `is` or `prefix`");
            all.push(None);
        }
    }

    fn numbers_of(
        &mut self,
        subject: Subject,
        Texts(texts): &Texts,
        at: &Path<'_>,
    ) -> Option<Condition> {
        let hint = |text: &str| match (subject, text) {
            (Subject::Caller, "anonymous") => Some("write `anonymous: true`"),
            (_, text) if text.ends_with('*') && text.len() > 1 && !text.starts_with('*') => {
                Some("`is` takes whole numbers; use `prefix`")
            }
            _ => None,
        };
        let list = self.each(texts, at, |text| match hint(text) {
            Some(hint) => Err(format!(
                "`{}` is no number; {hint}",
                crate::hint::shorten(text)
            )),
            None => number::number(text).map_err(|error| error.to_string()),
        })?;
        Some(Condition::Is(subject, list))
    }

    fn prefixes_of(
        &mut self,
        subject: Subject,
        Texts(texts): &Texts,
        at: &Path<'_>,
    ) -> Option<Condition> {
        let list = self.each(texts, at, |text| {
            number::prefix(text).map_err(|error| error.to_string())
        })?;
        Some(Condition::Prefix(subject, list))
    }

    fn digits(&mut self, Texts(texts): &Texts, at: &Path<'_>) -> Option<Condition> {
        let list = self.each(texts, at, |text| {
            let digits = callroute_schema::Digits::new(text).map_err(|error| error.to_string())?;
            Ok(digits.as_str().to_owned())
        })?;
        Some(Condition::Is(Subject::Digits, list))
    }

    fn each(
        &mut self,
        texts: &[String],
        at: &Path<'_>,
        read: impl Fn(&str) -> Result<String, String>,
    ) -> Option<Box<[Box<str>]>> {
        let mut list = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            match read(text) {
                Ok(text) => list.push(text.into_boxed_str()),
                Err(message) => self.fault(&at.index(index), message),
            }
        }
        (list.len() == texts.len()).then(|| list.into())
    }
}
