//! What rules ask and calls bring in this test, and how a rule is written.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The file's region, if it has one.
pub(crate) type Region = Option<&'static str>;

/// What a rule asks, as this test understands it.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    Open(bool),
    /// In one of the zones.
    OpenIn(usize),
    CallerIs(Vec<String>),
    CallerPrefix(Vec<String>),
    DialedPrefix(String),
    In(&'static str),
    Digits(String),
    Anonymous(bool),
    Share(u32, u32),
    Header(String),
    Attribute(String),
    /// An attribute, or else a header, by its bounds.
    Size(bool, Bounds),
    Trunk(Vec<String>),
    Switch,
    Available(&'static str),
    Calls(usize, Option<u64>, Option<u64>),
    DialedIs(Vec<String>),
    /// A table of prefixes.
    Deck,
    Kind(&'static str),
    Country,
    DialedCountry,
    Missouri,
    Date(&'static str),
    Duty(&'static str),
    Transport(&'static str),
    Crm,
    CrmTier(String),
    /// A lookup could not be had.
    Lacks(&'static str),
    Not(Box<Self>),
    Any(Vec<Self>),
    All(Vec<Self>),
}

#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) from: String,
    pub(crate) to: String,
    /// Both as they came, where they were put in full since.
    pub(crate) as_written: [Option<String>; 2],
    pub(crate) at: i64,
    pub(crate) id: String,
    pub(crate) digits: String,
    pub(crate) header: Option<String>,
    pub(crate) attribute: Option<String>,
    /// In an attribute, and in a header.
    pub(crate) sizes: [Option<&'static str>; 2],
    pub(crate) trunk: Option<String>,
    pub(crate) transport: Option<&'static str>,
}

/// Facts as they are known: `None`, not asked; `Some(None)`, not to be had.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) switch: bool,
    pub(crate) ann: Option<Option<bool>>,
    pub(crate) bob: Option<Option<bool>>,
    /// On each of what is counted.
    pub(crate) calls: [Option<Option<u64>>; 3],
    /// The row's tier; inside, `None`: nobody is known by this number.
    pub(crate) crm: Option<Option<Option<String>>>,
    /// The same of a lookup that is asked after it.
    pub(crate) erp: Option<Option<Option<String>>>,
}

/// What a value has to be: there or not; a number below one, and not below another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) exists: Option<bool>,
    pub(crate) below: Option<i32>,
    pub(crate) at_least: Option<i32>,
}

impl Bounds {
    pub(crate) fn hold(self, value: Option<&str>) -> bool {
        let number = value.and_then(|value| SIZES.iter().find(|(text, _)| *text == value));
        let number = number.and_then(|(_, number)| *number);
        let fits = |number: f64| {
            self.below.is_none_or(|below| number < f64::from(below))
                && self.at_least.is_none_or(|least| number >= f64::from(least))
        };
        self.exists.is_none_or(|exists| exists == value.is_some())
            && match (self.below, self.at_least) {
                (None, None) => true,
                _ => number.is_some_and(fits),
            }
    }
}

/// Values, and which number each is.
pub(crate) const SIZES: [(&str, Option<f64>); 8] = [
    ("0", Some(0.0)),
    ("5", Some(5.0)),
    (" 7 ", Some(7.0)),
    ("4.5", Some(4.5)),
    ("-3", Some(-3.0)),
    ("1e1", Some(10.0)),
    ("12345678901", Some(12_345_678_901.0)),
    ("many", None),
];

/// What calls are counted on: a target, an agent, a number.
pub(crate) const COUNTED: [&str; 3] = ["sales", "ann", "+1311"];

/// Zones whose clocks are not turned in the time that calls are from, and how far east of UTC they
/// are then, in seconds.
pub(crate) const ZONES: [(&str, i64); 3] = [
    ("America/New_York", -14_400),
    ("Asia/Kathmandu", 20_700),
    ("Pacific/Kiritimati", 50_400),
];

pub(crate) const LISTS: [(&str, &[&str]); 3] = [
    ("blocked", &["+12*", "+1311", "00*", "anonymous"]),
    ("vip", &["+131*", "+1322", "alice"]),
    ("staff", &["+1311", "+13*", "77"]),
];

/// A table of prefixes.
pub(crate) const DECK: [&str; 3] = ["+121", "+33", "3"];

pub(crate) const DATES: [&str; 3] = ["Tu", "Apr 15", "Apr 20-23; Su"];

pub(crate) fn when(ask: &Ask) -> Value {
    match ask {
        Ask::Open(true) => json!({ "open": "office" }),
        Ask::Open(false) => json!({ "closed": "office" }),
        Ask::OpenIn(zone) => json!({ "open": ZONES[*zone].0 }),
        Ask::CallerIs(list) => json!({ "caller": { "is": list } }),
        Ask::CallerPrefix(list) => json!({ "caller": { "prefix": list } }),
        Ask::DialedPrefix(begin) => json!({ "dialed": { "prefix": begin } }),
        Ask::In(list) => json!({ "caller": { "in": list } }),
        Ask::Digits(digits) => json!({ "digits": digits }),
        Ask::Anonymous(wanted) => json!({ "caller": { "anonymous": wanted } }),
        Ask::Share(from, to) => json!({ "share": format!("{from}-{to}") }),
        Ask::Header(value) => json!({ "header": { "x-line": value } }),
        Ask::Attribute(value) => json!({ "attribute": { "tier": value } }),
        Ask::Size(is_attribute, bounds) => {
            let pairs = [
                ("exists", bounds.exists.map(Value::from)),
                ("below", bounds.below.map(Value::from)),
                ("at_least", bounds.at_least.map(Value::from)),
            ];
            let bounds: BTreeMap<_, _> = pairs
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .collect();
            match is_attribute {
                true => json!({ "attribute": { "size": bounds } }),
                false => json!({ "header": { "X-Size": bounds } }),
            }
        }
        Ask::Trunk(trunks) => match trunks.as_slice() {
            [trunk] => json!({ "trunk": trunk }),
            trunks => json!({ "trunk": trunks }),
        },
        Ask::Switch => json!({ "override": "night" }),
        Ask::Available(name) => json!({ "available": name }),
        Ask::Calls(on, below, at_least) => {
            let mut calls = json!({ "on": COUNTED[*on] });
            for (name, bound) in [("below", below), ("at_least", at_least)] {
                if let Some(bound) = bound {
                    calls[name] = json!(bound);
                }
            }
            json!({ "calls": calls })
        }
        Ask::DialedIs(list) => json!({ "dialed": { "is": list } }),
        Ask::Deck => json!({ "caller": { "prefix": "west" } }),
        Ask::Kind(kind) => json!({ "caller": { "type": kind } }),
        Ask::Country => json!({ "caller": { "country": "IE" } }),
        Ask::DialedCountry => json!({ "dialed": { "country": "IE" } }),
        Ask::Missouri => json!({ "caller": { "region": "Missouri" } }),
        Ask::Date(date) => json!({ "date": { "zone": "UTC", "on": date } }),
        Ask::Duty(name) => json!({ "shift": { "duty": name } }),
        Ask::Transport(name) => json!({ "transport": name }),
        Ask::Crm => json!({ "caller": { "in": "crm" } }),
        Ask::CrmTier(value) => json!({ "attribute": { "crm.tier": value } }),
        Ask::Lacks(name) => json!({ "missing": name }),
        Ask::Not(not) => json!({ "not": when(not) }),
        Ask::Any(any) => json!({ "any": any.iter().map(when).collect::<Vec<_>>() }),
        Ask::All(all) => json!({ "all": all.iter().map(when).collect::<Vec<_>>() }),
    }
}
