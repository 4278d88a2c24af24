//! What rules mean, worked out in the simplest way: texts compared as texts, time by the calendar.

use chrono::{DateTime, Datelike, Timelike, Utc};

use crate::ask::{Ask, Call, DECK, Known, LISTS, Region, ZONES};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    No,
    Yes,
    Missing,
    Need,
}

fn is_listed(list: &str, call: &Call, region: Region) -> bool {
    let (_, entries) = LISTS.iter().find(|(name, _)| *name == list).unwrap();
    entries.iter().any(|entry| match entry.strip_suffix('*') {
        Some(begin) => begins(&call.from, &call.as_written[0], begin, region),
        None => call.from == *entry,
    })
}

/// Whether a number begins so, in full or as it came; a prefix with an area or a country in it is
/// one in full as well.
fn begins(full: &str, as_written: &Option<String>, begin: &str, region: Region) -> bool {
    let own = as_written.as_ref();
    full.starts_with(prefix_in_full(begin, region))
        || full.starts_with(begin)
        || own.is_some_and(|own| own.starts_with(begin))
}

fn prefix_in_full(begin: &str, region: Region) -> &str {
    match (region, begin) {
        (Some("US"), "314" | "1314") => "+1314",
        (Some("US"), "01144") => "+44",
        (Some("IE" | "GB" | "IT" | "DE"), "0044") => "+44",
        (Some("IE"), "01") => "+3531",
        (Some("IE"), "08") => "+3538",
        (Some("IE"), "086") => "+35386",
        (Some("GB"), "020") => "+4420",
        (Some("GB"), "07") => "+447",
        (Some("DE"), "03") => "+493",
        (Some("DE"), "030") => "+4930",
        (Some("IT"), "06") => "+3906",
        (Some("IT"), "314") => "+39314",
        _ => begin,
    }
}

fn is_open(at: i64) -> bool {
    let at: DateTime<Utc> = DateTime::from_timestamp(at, 0).unwrap();
    let week = at.weekday().num_days_from_monday() < 5;
    week && (9 * 60..17 * 60 + 30).contains(&(at.hour() * 60 + at.minute()))
}

fn yes(holds: bool) -> Truth {
    if holds { Truth::Yes } else { Truth::No }
}

fn known<T>(fact: Option<Option<T>>, is: impl Fn(T) -> bool) -> Truth {
    match fact {
        None => Truth::Need,
        Some(None) => Truth::Missing,
        Some(Some(value)) => yes(is(value)),
    }
}

pub(crate) fn truth(ask: &Ask, call: &Call, region: Region, facts: &Known) -> Truth {
    let number = |text: &str| !matches!(text, "anonymous" | "unavailable");
    let is =
        |list: &[String], found: &str| list.iter().any(|known| in_full(known, region) == *found);
    match ask {
        Ask::Open(open) => yes(is_open(call.at) == *open),
        Ask::OpenIn(zone) => yes(is_open(call.at + ZONES[*zone].1)),
        Ask::CallerIs(list) => yes(number(&call.from) && is(list, &call.from)),
        Ask::CallerPrefix(list) => yes(number(&call.from)
            && list
                .iter()
                .any(|begin| begins(&call.from, &call.as_written[0], begin, region))),
        Ask::DialedPrefix(begin) => yes(begins(&call.to, &call.as_written[1], begin, region)),
        Ask::In(list) => yes(is_listed(list, call, region)),
        Ask::Digits(digits) => yes(call.digits == *digits),
        Ask::Anonymous(wanted) => yes((call.from == "anonymous") == *wanted),
        Ask::Share(from, to) => {
            let place = u128::from(callroute_rules::waves::seed(&call.id)) * 10_000;
            let place = place >> 64;
            yes((u128::from(from * 100)..u128::from(to * 100)).contains(&place))
        }
        Ask::Header(value) => yes(call.header.as_ref().is_some_and(|found| fits(found, value))),
        Ask::Attribute(value) => match &call.attribute {
            Some(found) => yes(fits(found, value)),
            None => match tier(facts) {
                Err(truth) => truth,
                Ok(found) => yes(found.is_some_and(|found| fits(found, value))),
            },
        },
        Ask::Size(true, bounds) => match (call.sizes[0], nowhere(facts)) {
            (None, Err(truth)) => truth,
            (value, _) => yes(bounds.hold(value)),
        },
        Ask::Size(false, bounds) => yes(bounds.hold(call.sizes[1])),
        Ask::Trunk(trunks) => yes(call
            .trunk
            .as_ref()
            .is_some_and(|found| trunks.contains(found))),
        Ask::Switch => yes(facts.switch),
        Ask::DialedIs(list) => yes(is(list, &call.to)),
        Ask::Deck => yes(DECK
            .iter()
            .any(|begin| begins(&call.from, &call.as_written[0], begin, region))),
        Ask::Kind(kind) => {
            let on = |list| is_listed(list, call, region);
            match *kind {
                "anonymous" => yes(call.from == "anonymous"),
                "known" => any([yes(on("vip")), yes(on("staff")), crm_list(facts)]),
                "new" if !number(&call.from) => Truth::No,
                "new" => not(any([
                    yes(LISTS.iter().any(|(list, _)| on(list))),
                    crm_list(facts),
                ])),
                list => yes(on(list)),
            }
        }
        Ask::Country => yes(call.from.starts_with("+353")),
        Ask::DialedCountry => yes(call.to.starts_with("+353")),
        Ask::Missouri => yes(call.from.starts_with("+1314")),
        Ask::Date(date) => yes(is_date(date, call.at)),
        Ask::Duty(name) => yes(on_duty(call.at) == *name),
        Ask::Transport(name) => yes(call.transport == Some(name)),
        Ask::Crm => crm_list(facts),
        Ask::CrmTier(value) => crm(facts, |tier| tier == Some(value)),
        Ask::Lacks(name) => match row(name, facts) {
            None => Truth::Need,
            Some(row) => yes(row.is_none()),
        },
        Ask::Available(name) => available(name, call.at, facts),
        Ask::Calls(on, below, at_least) => known(facts.calls[*on], |calls| {
            below.is_none_or(|below| calls < below) && at_least.is_none_or(|least| calls >= least)
        }),
        Ask::Not(part) => not(truth(part, call, region, facts)),
        Ask::All(all) => together(
            all.iter().map(|ask| truth(ask, call, region, facts)),
            Truth::No,
            Truth::Yes,
        ),
        Ask::Any(any) => together(
            any.iter().map(|ask| truth(ask, call, region, facts)),
            Truth::Yes,
            Truth::No,
        ),
    }
}

/// A national number, or one with an access code, in full.
pub(crate) fn in_full(number: &str, region: Region) -> String {
    let forms: &[(&str, usize, &str)] = match region {
        Some("US") => &[
            ("01144", 10, "+44"),
            ("1314", 7, "+1314"),
            ("314", 7, "+1314"),
        ],
        Some("IE") => &[
            ("0044", 10, "+44"),
            ("01", 7, "+3531"),
            ("086", 7, "+35386"),
        ],
        Some("GB") => &[("0044", 10, "+44"), ("020", 8, "+4420")],
        Some("DE") => &[("0044", 10, "+44"), ("030", 8, "+4930")],
        Some("IT") => &[
            ("0044", 10, "+44"),
            ("06", 8, "+3906"),
            ("314", 7, "+39314"),
        ],
        _ => &[],
    };
    if number == "9-1-1" {
        return "911".to_owned();
    }
    let found = forms.iter().find_map(|(begin, count, full)| {
        let rest = number.strip_prefix(begin)?;
        (rest.len() == *count).then(|| format!("{full}{rest}"))
    });
    found.unwrap_or_else(|| number.to_owned())
}

/// How many digits a block leaves open of the dialed number, and whether that is as it was dialed:
/// the fewest. One that names no digit leaves most. `None`: it does not cover it.
pub(crate) fn open(block: &str, call: &Call, region: Region) -> Option<(usize, bool)> {
    let Some(begin) = block.strip_suffix('*') else {
        return (call.to == block).then_some((0, false));
    };
    let digits = |text: &str| text.trim_start_matches('+').len();
    let left = |form: &str, begin: &str| {
        form.starts_with(begin).then(|| match digits(begin) {
            0 => 100 - begin.len(),
            count => digits(form) - count,
        })
    };
    let own = call.as_written[1].as_ref();
    let own = own.and_then(|own| left(own, begin));
    let full = left(&call.to, prefix_in_full(begin, region)).or_else(|| left(&call.to, begin));
    let full = full.map(|left| (left, false));
    full.into_iter().chain(own.map(|left| (left, true))).min()
}

/// Whether a value is one, or begins so.
fn fits(value: &str, wanted: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(begin) => value.starts_with(begin),
        None => value == wanted,
    }
}

/// What no lookup has a column for.
fn nowhere(facts: &Known) -> Result<(), Truth> {
    match [&facts.crm, &facts.erp] {
        [None, _] | [_, None] => Err(Truth::Need),
        [Some(None), _] | [_, Some(None)] => Err(Truth::Missing),
        _ => Ok(()),
    }
}

/// What the first lookup that has a tier says.
pub(crate) fn tier(facts: &Known) -> Result<Option<&String>, Truth> {
    let mut missing = false;
    for row in [&facts.crm, &facts.erp] {
        match row {
            None => return Err(Truth::Need),
            Some(None) => missing = true,
            Some(Some(Some(tier))) => return Ok(Some(tier)),
            Some(Some(None)) => {}
        }
    }
    if missing {
        Err(Truth::Missing)
    } else {
        Ok(None)
    }
}

fn row<'k>(name: &str, facts: &'k Known) -> &'k Option<Option<Option<String>>> {
    match name {
        "crm" => &facts.crm,
        _ => &facts.erp,
    }
}

/// Ann works in the office's hours; of a team either will do.
fn available(name: &str, at: i64, facts: &Known) -> Truth {
    match name {
        "ann" if !is_open(at) => Truth::No,
        "ann" => known(facts.ann, |available| available),
        "bob" => known(facts.bob, |available| available),
        "duty" => available(on_duty(at), at, facts),
        _ => any(["ann", "bob"].map(|name| available(name, at, facts))),
    }
}

/// The facts that a rule may wait for, as they are told.
pub(crate) fn needs(ask: &Ask, call: &Call, facts: &Known) -> Vec<&'static str> {
    let unless = |known: bool, name| if known { vec![] } else { vec![name] };
    let crm = || unless(facts.crm.is_some(), "lookup crm");
    match ask {
        Ask::Size(_, _) if call.sizes[0].is_some() => vec![],
        Ask::Size(true, _) if facts.crm.is_some() => unless(facts.erp.is_some(), "lookup erp"),
        Ask::Size(true, _) => crm(),
        Ask::Attribute(_) if call.attribute.is_some() => vec![],
        Ask::Attribute(_) if tier(facts) != Err(Truth::Need) => vec![],
        Ask::Attribute(_) if facts.crm.is_some() => vec!["lookup erp"],
        Ask::Attribute(_) | Ask::Crm | Ask::CrmTier(_) | Ask::Lacks("crm") | Ask::Kind(_) => crm(),
        Ask::Lacks(_) => unless(facts.erp.is_some(), "lookup erp"),
        Ask::Available(name) => {
            let names = ["ann", "bob"].into_iter();
            let asked = names.filter(|one| match *name {
                "duty" => on_duty(call.at) == *one,
                "team" => true,
                name => name == *one,
            });
            asked
                .filter(|one| available(one, call.at, facts) == Truth::Need)
                .map(|one| match one {
                    "ann" => "available ann",
                    _ => "available bob",
                })
                .collect()
        }
        Ask::Calls(on, ..) => {
            let names = ["calls on sales", "calls on ann", "calls on +1311"];
            unless(facts.calls[*on].is_some(), names[*on])
        }
        Ask::Not(part) => needs(part, call, facts),
        Ask::Any(parts) | Ask::All(parts) => {
            let parts = parts.iter();
            parts.flat_map(|part| needs(part, call, facts)).collect()
        }
        _ => vec![],
    }
}

/// Whether the lookup knows the caller.
fn crm_list(facts: &Known) -> Truth {
    known(facts.crm.as_ref().map(Option::as_ref), |row| row.is_some())
}

/// What the lookup's row says.
fn crm(facts: &Known, is: impl Fn(Option<&String>) -> bool) -> Truth {
    known(facts.crm.as_ref().map(Option::as_ref), |row| {
        is(row.as_ref())
    })
}

fn not(truth: Truth) -> Truth {
    match truth {
        Truth::Yes => Truth::No,
        Truth::No => Truth::Yes,
        open => open,
    }
}

fn any<const N: usize>(parts: [Truth; N]) -> Truth {
    together(parts.into_iter(), Truth::Yes, Truth::No)
}

fn is_date(date: &str, at: i64) -> bool {
    let at: DateTime<Utc> = DateTime::from_timestamp(at, 0).unwrap();
    let (weekday, month, day) = (at.weekday().num_days_from_monday(), at.month(), at.day());
    match date {
        "Tu" => weekday == 1,
        "Apr 15" => (month, day) == (4, 15),
        _ => month == 4 && (20..=23).contains(&day) || weekday == 6,
    }
}

/// From 2026-01-05 on, each for a day.
fn on_duty(at: i64) -> &'static str {
    let days = at.div_euclid(86_400) - 20_458;
    if days % 2 == 0 { "ann" } else { "bob" }
}

/// Whether it asks anything of the caller: such rules do not keep calls for help.
pub(crate) fn asks_who(ask: &Ask) -> bool {
    match ask {
        Ask::CallerIs(_)
        | Ask::CallerPrefix(_)
        | Ask::In(_)
        | Ask::Anonymous(_)
        | Ask::Attribute(_)
        | Ask::Size(true, _)
        | Ask::Deck
        | Ask::Kind(_)
        | Ask::Country
        | Ask::Missouri
        | Ask::Crm
        | Ask::CrmTier(_)
        | Ask::Lacks(_) => true,
        Ask::Not(part) => asks_who(part),
        Ask::Any(parts) | Ask::All(parts) => parts.iter().any(asks_who),
        _ => false,
    }
}

/// Whether it asks for a dialed number, by this number itself.
pub(crate) fn names(ask: &Ask, number: &str) -> bool {
    match ask {
        Ask::DialedIs(list) => list.iter().any(|known| known == number),
        Ask::Any(parts) | Ask::All(parts) => parts.iter().any(|part| names(part, number)),
        _ => false,
    }
}

fn together(parts: impl Iterator<Item = Truth>, settles: Truth, else_: Truth) -> Truth {
    let parts: Vec<Truth> = parts.collect();
    let has = |truth| parts.contains(&truth);
    if has(settles) {
        settles
    } else if has(Truth::Need) {
        Truth::Need
    } else if has(Truth::Missing) {
        Truth::Missing
    } else {
        else_
    }
}
