//! Open or closed, and when that changes: against the calendar, and against brute force.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use proptest::prelude::*;

use super::Hours;
use crate::hours::{Calendar, Exception, Layer, Plan, Spans, parse, parse_day};
use crate::zone::{ChronoTz, Zones};

fn hours(zone: &str, text: &str) -> Hours {
    let plan = parse(text).unwrap_or_else(|error| panic!("{text}: {}", error.message));
    with(zone, plan)
}

fn with(zone: &str, plan: Plan) -> Hours {
    Hours::new("office".to_owned(), plan, ChronoTz.zone(zone).unwrap())
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn a_span_is_open_from_its_first_second_until_before_its_end() {
    let office = hours("America/New_York", "Mo-Fr 09:00-17:30");
    for (instant, open) in [
        ("2026-04-21T12:59:59Z", false),
        ("2026-04-21T13:00:00Z", true),
        ("2026-04-21T21:29:59.999Z", true),
        ("2026-04-21T21:30:00Z", false),
        ("2026-04-25T14:00:00Z", false),
    ] {
        assert_eq!(office.is_open_at(at(instant)), open, "{instant}");
    }
}

#[test]
fn an_overnight_span_belongs_to_the_day_it_starts_on() {
    let bar = hours("Europe/Dublin", "Fr 22:00-04:00; Sa off; Su 20:00-26:00");
    for (instant, open) in [
        ("2026-04-23T23:00:00Z", false),
        // Friday 23:00, Saturday 03:59 and Saturday 04:00 in Dublin.
        ("2026-04-24T22:00:00Z", true),
        ("2026-04-25T02:59:00Z", true),
        ("2026-04-25T03:00:00Z", false),
        ("2026-04-25T22:30:00Z", false),
        // Monday 01:59 and 02:00.
        ("2026-04-27T00:59:00Z", true),
        ("2026-04-27T01:00:00Z", false),
    ] {
        assert_eq!(bar.is_open_at(at(instant)), open, "{instant}");
    }
}

#[test]
fn open_is_what_the_wall_says_when_clocks_change() {
    // Clocks go from 02:00 to 03:00 on 2026-03-08, and from 02:00 back to 01:00 on 2026-11-01.
    let night = hours("America/New_York", "01:30-02:30");
    for (instant, open) in [
        ("2026-03-08T06:45:00Z", true),
        // The wall reads 03:00.
        ("2026-03-08T07:00:00Z", false),
        // 01:45, then 01:00 once more, then 01:45 once more.
        ("2026-11-01T05:45:00Z", true),
        ("2026-11-01T06:00:00Z", false),
        ("2026-11-01T06:45:00Z", true),
        ("2026-11-01T07:29:59Z", true),
        ("2026-11-01T07:30:00Z", false),
    ] {
        assert_eq!(night.is_open_at(at(instant)), open, "{instant}");
    }
    let next = |instant| night.answer(at(instant)).next_change;
    assert_eq!(
        next("2026-03-08T06:45:00Z"),
        Some(at("2026-03-08T07:00:00Z"))
    );
    assert_eq!(
        next("2026-11-01T05:45:00Z"),
        Some(at("2026-11-01T06:00:00Z"))
    );
}

#[test]
fn always_open_is_open_through_every_change_of_clocks() {
    let always = hours("America/New_York", "24/7");
    let mut instant = at("2026-10-31T00:00:00Z");
    while instant < at("2026-11-03T00:00:00Z") {
        assert!(always.is_open_at(instant), "{instant}");
        instant += TimeDelta::seconds(30);
    }
    let answer = always.answer(at("2026-04-21T14:32:00Z"));
    assert_eq!((answer.open, answer.next_change), (true, None));
    assert_eq!(
        answer.to_string(),
        "open at Tue 2026-04-21 10:32 (weekly), and stays so for 400 days"
    );
}

#[test]
fn exceptions_outrank_holidays_and_holidays_seasons() {
    let mut plan =
        parse("Mo-Su 08:00-20:00; Dec 20-Jan 6 10:00-12:00; PH off; Dec 26 09:00-10:00").unwrap();
    let date = |text: &str| -> NaiveDate { text.parse().unwrap() };
    plan.holidays = Arc::new(Calendar::from([
        (date("2026-12-25"), Some("Christmas Day".into())),
        (date("2026-12-26"), None),
        (date("2026-12-28"), None),
    ]));
    let spans = Spans::new(vec![parse_day("14:00-15:00").unwrap()]).unwrap();
    let exception = Exception {
        spans,
        reason: Some("inventory".into()),
    };
    plan.dates.insert(date("2026-12-28"), exception);
    let shop = with("UTC", plan);
    let reason = Some("inventory".into());
    for (instant, open, layer) in [
        ("2026-12-19T09:30:00Z", true, Layer::Weekly),
        ("2026-12-20T09:30:00Z", false, Layer::Season),
        ("2027-01-06T11:00:00Z", true, Layer::Season),
        ("2027-01-07T09:30:00Z", true, Layer::Weekly),
        (
            "2026-12-25T11:00:00Z",
            false,
            Layer::Holiday {
                name: Some("Christmas Day".into()),
            },
        ),
        (
            "2026-12-26T09:30:00Z",
            true,
            Layer::Exception { reason: None },
        ),
        ("2026-12-28T14:30:00Z", true, Layer::Exception { reason }),
    ] {
        let answer = shop.answer(at(instant));
        assert_eq!((answer.open, answer.layer), (open, layer), "{instant}");
    }
    let answer = shop.answer(at("2026-12-28T11:00:00Z"));
    assert_eq!(
        answer.to_string(),
        "closed at Mon 2026-12-28 11:00 (exception: inventory), opens Mon 2026-12-28 14:00"
    );
}

#[test]
fn a_change_is_found_far_ahead_and_not_beyond_400_days() {
    let yearly = hours("UTC", "off; Dec 25 10:00-12:00");
    let next = |instant| yearly.answer(at(instant)).next_change;
    assert_eq!(
        next("2026-01-01T00:00:00Z"),
        Some(at("2026-12-25T10:00:00Z"))
    );
    assert_eq!(
        next("2026-12-25T12:00:00Z"),
        Some(at("2027-12-25T10:00:00Z"))
    );
    let once = hours("UTC", "off; 2028 Feb 29 00:00-24:00");
    assert_eq!(once.answer(at("2026-12-25T12:00:00Z")).next_change, None);
    assert_eq!(
        once.answer(at("2028-02-29T12:00:00Z")).next_change,
        Some(at("2028-03-01T00:00:00Z"))
    );
}

const ZONES: [&str; 6] = [
    "America/New_York",
    "Europe/Dublin",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/St_Johns",
    "Africa/Casablanca",
];

/// Spans of a day as `(from, to)` minutes, which may overlap.
fn day() -> impl Strategy<Value = Vec<(u16, u16)>> {
    proptest::collection::vec((0_u16..1440, 1_u16..1441), 0..3)
}

fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The definition: open if and only if the wall reads inside a span of today, or inside a
    /// span of yesterday that runs on.
    #[test]
    fn agrees_with_brute_force(
        week in proptest::collection::vec(day(), 7),
        zone in proptest::sample::select(&ZONES[..]),
        start in 1_767_225_600_i64..1_830_297_600,
    ) {
        let mut plan = Plan::default();
        let mut kept: Vec<Vec<(u16, u16)>> = Vec::new();
        for (spans, day) in week.iter().zip(&mut plan.weekly) {
            let read = |&(from, length): &(u16, u16)| {
                parse_day(&format!("{}-{}", clock(from), clock(from + length))).unwrap()
            };
            // Days whose spans overlap are refused, and stay closed.
            let built = Spans::new(spans.iter().map(read).collect());
            kept.push(if built.is_ok() { spans.clone() } else { Vec::new() });
            *day = built.unwrap_or_default();
        }
        let zone_rules = ChronoTz.zone(zone).unwrap();
        let hours = with(zone, plan);
        let expected = |instant: DateTime<Utc>| {
            let utc = instant.naive_utc();
            let wall = utc + TimeDelta::seconds(i64::from(zone_rules.offset_at_utc(utc)));
            [0_i64, 1].iter().any(|days_ago| {
                let day = wall.date() - TimeDelta::days(*days_ago);
                let midnight = day.and_hms_opt(0, 0, 0).unwrap();
                let index = chrono::Datelike::weekday(&day).num_days_from_monday() as usize;
                kept[index].iter().any(|(from, length)| {
                    let begin = midnight + TimeDelta::minutes(i64::from(*from));
                    begin <= wall && wall < begin + TimeDelta::minutes(i64::from(*length))
                })
            })
        };
        let start = DateTime::from_timestamp(start, 0).unwrap();
        for minutes in 0..3 * 1440 {
            let instant = start + TimeDelta::minutes(minutes);
            prop_assert_eq!(hours.is_open_at(instant), expected(instant), "{} {}", zone, instant);
        }
        // The next change: nothing changes before it, and it is one.
        let answer = hours.answer(start);
        if let Some(next) = answer.next_change {
            prop_assert_ne!(expected(next), answer.open);
            let second_before = next - TimeDelta::seconds(1);
            prop_assert_eq!(expected(second_before.max(start)), answer.open);
            let mut instant = start;
            while instant < next {
                prop_assert_eq!(expected(instant), answer.open, "{} {}", zone, instant);
                instant += TimeDelta::minutes(7);
            }
        }
    }
}
