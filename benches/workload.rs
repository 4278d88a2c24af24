//! Tables and calls to measure with, made from a seed: the same ones on every machine.
//!
//! - PBX mix: many numbers of four rules each; lists, hours, and every other condition in turn.
//!   Numbers are read with a region, so that its emergency numbers are told apart.
//! - One-number mix: all rules under one number, told apart by caller, list and digits.
//! - Prefix deck: a rule for each prefix of dialed numbers.
//!
//! Rules name one of [`TARGETS`] targets, as rules that people write do.
#![allow(dead_code, reason = "each bench uses its part of this")]

use std::fmt::Write;

use callroute_rules::{Fact, Facts, Lookup};
use callroute_schema::Event;

type Failure = Box<dyn std::error::Error>;

/// Targets that rules lead to.
const TARGETS: u64 = 1_000;
/// Callers on the two lists: one for fifty rules, and one for ten, at most so many.
const BLOCKED: u64 = 20_000;
const VIP: u64 = 100_000;

fn listed(rules: u64) -> (u64, u64) {
    ((rules / 50).clamp(1, BLOCKED), (rules / 10).clamp(1, VIP))
}
/// Lists of the one-number mix.
const LISTS: u64 = 200;
const ZONES: [&str; 6] = [
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "Europe/Dublin",
    "Asia/Kathmandu",
    "Australia/Sydney",
];
const OPEN: [&str; 4] = [
    "Mo-Fr 09:00-17:30",
    "Mo-Fr 08:00-12:00,13:00-18:00; Sa 09:00-13:00",
    "Mo-Fr 09:00-17:00; PH off; Dec 24-31 off",
    "Mo-Su 22:00-06:00",
];

/// Numbers that follow from a seed (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        u64::try_from((u128::from(self.next()) * u128::from(bound)) >> 64).unwrap_or(0)
    }

    /// Often a small number, seldom a large one: the k-th is about 1/k as likely as the first.
    fn zipf(&mut self, bound: u64) -> u64 {
        let spread = (bound as f64).ln();
        let part = (self.below(1 << 53) as f64) / (1_u64 << 53) as f64;
        ((part * spread).exp() as u64)
            .saturating_sub(1)
            .min(bound - 1)
    }
}

/// Which of many numbers calls come for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spread {
    Zipf,
    Uniform,
}

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mix {
    Pbx,
    OneNumber,
    Deck,
}

/// The k-th of a series of numbers without repeats: `+1` and ten digits.
pub(crate) fn number(series: u64, k: u64) -> String {
    // Multiplication by an odd number modulo a power of two, walked until it is in range.
    let mut at = k;
    loop {
        at = at.wrapping_mul(0x5_DEEC_E66D).wrapping_add(series) & ((1 << 33) - 1);
        if at < 8_000_000_000 {
            return format!("+1{}", 2_000_000_000 + at);
        }
    }
}

const ONE: &str = "+13146523057";

/// A table as a routing file in JSON.
pub(crate) fn table(mix: Mix, rules: u64) -> Result<String, Failure> {
    let mut dice = Dice(7);
    let mut text = String::with_capacity(usize::try_from(rules)? * 160 + 8_000_000);
    head(&mut text, mix, rules)?;
    text.push_str(",\"numbers\":{");
    match mix {
        Mix::Pbx => pbx(&mut text, rules, &mut dice)?,
        Mix::OneNumber => one_number(&mut text, rules, &mut dice)?,
        Mix::Deck => {
            for k in 0..rules {
                let separator = if k == 0 { "" } else { "," };
                write!(
                    text,
                    "{separator}\"{}*\":\"t{}\"",
                    prefix(k, rules),
                    dice.below(TARGETS)
                )?;
            }
        }
    }
    text.push_str("}}");
    Ok(text)
}

/// The k-th prefix of a deck of so many, each once. Half of them are longer by two digits, so that
/// numbers have several lengths to look up.
pub(crate) fn prefix(k: u64, deck: u64) -> String {
    let digits = usize::try_from((deck / 2).max(10).ilog10()).unwrap_or(6) + 1;
    // Multiplication by a number without the factors 2 and 5 only changes the order.
    let place = |digits: usize| {
        (k / 2).wrapping_mul(7_919) % 10_u64.pow(u32::try_from(digits).unwrap_or(6))
    };
    match k % 2 {
        0 => format!("+1{:0>digits$}", place(digits)),
        _ => format!("+1{:0>width$}", place(digits + 2), width = digits + 2),
    }
}

fn head(text: &mut String, mix: Mix, rules: u64) -> Result<(), Failure> {
    text.push_str(r#"{"version":1,"region":"US","default":{"action":"voicemail","message":"general"},"calendars":{"h":{"dates":["2026-12-25","2026-11-26"]}},"hours":{"#);
    let mut separator = "";
    for (z, zone) in ZONES.iter().enumerate() {
        for (o, open) in OPEN.iter().enumerate() {
            let holidays = if open.contains("PH") {
                r#","holidays":"h""#
            } else {
                ""
            };
            write!(
                text,
                r#"{separator}"h{}":{{"zone":"{zone}","open":"{open}"{holidays}}}"#,
                z * OPEN.len() + o
            )?;
            separator = ",";
        }
    }
    text.push_str(r#"},"callers":{"#);
    let list = |text: &mut String, name: &str, series, count| -> Result<(), Failure> {
        write!(text, r#""{name}":{{"numbers":["#)?;
        for k in 0..count {
            let separator = if k == 0 { "" } else { "," };
            write!(text, "{separator}\"{}\"", number(series, k))?;
        }
        text.push_str("]}");
        Ok(())
    };
    let (blocked, vip) = listed(rules);
    list(text, "blocked", 11, blocked)?;
    text.push(',');
    list(text, "vip", 13, vip)?;
    text.push_str(r#","crm":{"lookup":"crm"}"#);
    if mix == Mix::OneNumber {
        for k in 0..LISTS {
            text.push(',');
            list(text, &format!("l{k}"), 100 + k, 500)?;
        }
    }
    text.push_str(r#"},"lookups":{"crm":{"custom":"crm"}},"prefixes":{"branches":{"entries":{"#);
    for k in 200..300 {
        let separator = if k == 200 { "" } else { "," };
        write!(text, r#"{separator}"+1{k}":{{"label":"b{k}"}}"#)?;
    }
    text.push_str(r#"}}},"overrides":{"night":"off"},"agents":{"ann":{"to":"+16822306467","shifts":["h0"]},"bob":{"to":"+12125551234"}},"rotas":{"duty":{"who":["ann","bob"],"from":"2026-01-05 09:00","every":"1w","zone":"America/New_York"}},"targets":{"#);
    for k in 0..TARGETS {
        let separator = if k == 0 { "" } else { "," };
        write!(
            text,
            r#"{separator}"t{k}":{{"action":"forward","destination":{{"type":"number","number":"{}"}}}}"#,
            number(5, k)
        )?;
    }
    text.push('}');
    Ok(())
}

fn pbx(text: &mut String, rules: u64, dice: &mut Dice) -> Result<(), Failure> {
    let blocks = rules.div_ceil(4);
    for block in 0..blocks {
        let separator = if block == 0 { "" } else { "," };
        write!(text, r#"{separator}"{}":["#, number(1, block))?;
        let left = rules - block * 4;
        let target = |dice: &mut Dice| dice.below(TARGETS);
        if left > 1 {
            write!(
                text,
                r#"{{"name":"blocked","when":{{"caller":{{"in":"blocked"}}}},"then":{{"action":"reject","cause":"call_rejected"}}}},"#
            )?;
        }
        if left > 2 {
            write!(
                text,
                r#"{{"name":"after hours","when":{{"closed":"h{}"}},"then":"t{}"}},"#,
                dice.below(24),
                target(dice)
            )?;
        }
        if left > 3 {
            let when = third(dice);
            write!(text, r#"{{"when":{{{when}}},"then":"t{}"}},"#, target(dice))?;
        }
        write!(text, r#"{{"then":"t{}"}}]"#, target(dice))?;
    }
    Ok(())
}

/// Every other condition in turn, the common ones more often.
fn third(dice: &mut Dice) -> String {
    match dice.below(100) {
        0..34 => format!(r#""caller":{{"prefix":"+1{}"}}"#, 200 + dice.below(800)),
        34..46 => r#""caller":{"in":"vip"}"#.to_owned(),
        46..48 => r#""caller":{"prefix":"branches"}"#.to_owned(),
        48..50 => format!(
            r#""caller":{{"is":"{}"}}"#,
            number(9, dice.below(1_000_000))
        ),
        50..56 => format!(r#""digits":"{}""#, dice.below(10)),
        56..62 => r#""share":"20""#.to_owned(),
        62..66 => r#""header":{"X-Line":"gold"}"#.to_owned(),
        66..69 => r#""attribute":{"tier":"gold"}"#.to_owned(),
        69..71 => r#""attribute":{"score":{"at_least":80}}"#.to_owned(),
        71..74 => r#""override":"night""#.to_owned(),
        74..77 => format!(
            r#""any":[{{"caller":{{"prefix":"+1{}"}}}},{{"trunk":"west"}}]"#,
            200 + dice.below(800)
        ),
        77..79 => format!(
            r#""all":[{{"open":"h{}"}},{{"transport":["tls","ws"]}}]"#,
            dice.below(24)
        ),
        79..82 => r#""not":{"caller":{"type":["known","anonymous"]}}"#.to_owned(),
        82..83 => r#""caller":{"anonymous":true}"#.to_owned(),
        83..84 => r#""caller":{"type":["blocked","vip"]}"#.to_owned(),
        84..86 => r#""caller":{"in":"crm"}"#.to_owned(),
        86..87 => r#""missing":"crm""#.to_owned(),
        87..88 => format!(r#""dialed":{{"prefix":"+1{}"}}"#, 200 + dice.below(800)),
        88..90 => r#""caller":{"country":["CA","MX"]}"#.to_owned(),
        90..92 => r#""caller":{"region":"MO"}"#.to_owned(),
        92..94 => r#""shift":{"duty":"ann"}"#.to_owned(),
        94..96 => r#""available":"ann""#.to_owned(),
        96..98 => r#""calls":{"on":"t1","below":2}"#.to_owned(),
        98..99 => r#""date":{"zone":"America/New_York","on":"Mo[1]"}"#.to_owned(),
        _ => r#""date":{"zone":"America/New_York","on":"Dec 24-26"}"#.to_owned(),
    }
}

/// The first bytes of a number.
fn first(number: &str, bytes: usize) -> &str {
    number.get(..bytes).unwrap_or(number)
}

fn one_number(text: &mut String, rules: u64, dice: &mut Dice) -> Result<(), Failure> {
    write!(text, "\"{ONE}\":[")?;
    for k in 0..rules.saturating_sub(1) {
        let caller = number(2, k);
        let when = match dice.below(100) {
            0..60 => format!(r#""caller":{{"is":"{caller}"}}"#),
            60..75 => format!(r#""caller":{{"prefix":"{}"}}"#, first(&caller, 10)),
            75..85 => format!(
                r#""caller":{{"is":"{caller}"}},"closed":"h{}""#,
                dice.below(24)
            ),
            85..92 => format!(
                r#""caller":{{"prefix":"{}","in":"l{}"}}"#,
                first(&caller, 7),
                dice.below(LISTS)
            ),
            92..97 => format!(
                r#""caller":{{"prefix":"{}"}},"digits":"{}""#,
                first(&caller, 9),
                dice.below(100)
            ),
            _ => format!(
                r#""caller":{{"is":["{caller}","{}"]}},"share":"50""#,
                number(4, k)
            ),
        };
        write!(
            text,
            r#"{{"when":{{{when}}},"then":"t{}"}},"#,
            dice.below(TARGETS)
        )?;
    }
    write!(text, r#"{{"then":"t0"}}]"#)?;
    Ok(())
}

/// Calls for a table, in JSON, without end. They are made when they are wanted: kept, millions of
/// them would drive the table out of the caches.
#[derive(Debug)]
pub(crate) struct Calls {
    mix: Mix,
    rules: u64,
    spread: Spread,
    dice: Dice,
    made: u64,
}

impl Calls {
    pub(crate) fn new(mix: Mix, rules: u64, spread: Spread) -> Self {
        Self {
            mix,
            rules,
            spread,
            dice: Dice(99),
            made: 0,
        }
    }

    fn pick(&mut self, bound: u64) -> u64 {
        match self.spread {
            Spread::Zipf => self.dice.zipf(bound),
            Spread::Uniform => self.dice.below(bound),
        }
    }

    fn to(&mut self) -> String {
        match self.mix {
            Mix::Pbx => number(1, self.pick(self.rules.div_ceil(4).max(1))),
            Mix::OneNumber => ONE.to_owned(),
            Mix::Deck => {
                let k = self.pick(self.rules);
                let prefix = prefix(k, self.rules);
                let rest = self.dice.below(1_000_000_000);
                first(&format!("{prefix}{rest:0>9}"), 13).to_owned()
            }
        }
    }

    fn from(&mut self) -> String {
        let (blocked, vip) = listed(self.rules);
        match (self.mix, self.dice.below(100)) {
            (Mix::OneNumber, 0..80) => number(2, self.pick(self.rules)),
            (_, 0..5) => number(11, self.dice.below(blocked)),
            (_, 5..15) => number(13, self.dice.below(vip)),
            (_, 15) => "anonymous".to_owned(),
            _ => number(9, self.dice.below(1_000_000)),
        }
    }

    /// The next calls, read.
    pub(crate) fn events(&mut self, count: usize) -> Result<Vec<Event>, Failure> {
        let read = self.take(count);
        read.map(|call| Ok(Event::from_json(call.as_bytes())?))
            .collect()
    }
}

impl Iterator for Calls {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let (to, from) = (self.to(), self.from());
        let dice = &mut self.dice;
        let (day, hour, minute) = (20 + dice.below(7), dice.below(24), dice.below(60));
        let call = self.made;
        self.made += 1;
        Some(format!(
            r#"{{"event":"incoming_call","from":"{from}","to":"{to}","timestamp":"2026-04-{day}T{hour:0>2}:{minute:0>2}:00Z","call_id":"c{call}"}}"#
        ))
    }
}

/// What rules of the mixes ask for besides the event.
pub(crate) fn facts() -> Facts {
    let crm = [("tier", "silver"), ("score", "40")];
    let row = crm.map(|(column, value)| (column.to_owned(), value.to_owned()));
    Facts::new()
        .with(Lookup::Row("crm".to_owned()), Fact::Row(row.into()))
        .with(Lookup::Available("ann".to_owned()), Fact::Yes)
        .with(Lookup::Calls("t1".to_owned()), Fact::Count(3))
}
