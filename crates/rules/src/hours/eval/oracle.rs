//! Hours against an independent oracle: the clock on the wall, minute by minute, by plain
//! arithmetic on chrono's calendar, over zones that do strange things.
//!
//! The oracle knows neither plans nor layers nor edges: it is told the rules of a text a second
//! time, as functions of a date. `is_open_at` has to agree with it at each minute, and
//! `next_change` has to be the first minute that differs.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, TimeZone, Timelike, Utc, Weekday};
use chrono_tz::Tz;

use super::Hours;
use crate::hours::{Offsets, Schedule, parse};
use crate::zone::{ChronoTz, Zones};

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;
const HORIZON: i64 = 400 * DAY;

/// Zones, and a year of each in which its clocks do what it is here for.
const ZONES: [(&str, i32); 25] = [
    ("UTC", 2026),
    ("America/New_York", 2026),
    ("America/Winnipeg", 2026),
    // 30 and 45 minutes beside the hour.
    ("America/St_Johns", 2026),
    ("Asia/Kolkata", 2026),
    ("Asia/Kathmandu", 2026),
    ("Pacific/Chatham", 2026),
    ("Australia/Adelaide", 2026),
    // Clocks change by 30 minutes, and by two hours.
    ("Australia/Lord_Howe", 2026),
    ("Antarctica/Troll", 2026),
    // Winter time is the one that is set, and summer time; back during Ramadan.
    ("Europe/Dublin", 2026),
    ("Africa/Casablanca", 2026),
    ("Africa/El_Aaiun", 2025),
    // No 30 December; a day twice is far back.
    ("Pacific/Apia", 2011),
    ("Pacific/Fakaofo", 2011),
    ("Pacific/Kiritimati", 1994),
    ("Pacific/Kwajalein", 1993),
    // Clocks change at midnight, so a day begins at 01:00 or 23:00 comes twice.
    ("America/Havana", 2026),
    ("America/Santiago", 2026),
    ("Asia/Beirut", 2026),
    ("Africa/Cairo", 2026),
    // Changes of the zone itself.
    ("Asia/Pyongyang", 2018),
    ("America/Caracas", 2016),
    ("Europe/Istanbul", 2016),
    ("Europe/London", 2026),
];

/// What one minute of the wall is, of the day that a span starts on: open times as minutes from
/// that day's midnight.
type Oracle = fn(NaiveDate) -> Vec<(i64, i64)>;

fn office(date: NaiveDate) -> Vec<(i64, i64)> {
    match (date.month(), date.day()) {
        (12, 25 | 26) => vec![],
        _ => match date.weekday() {
            Weekday::Sat | Weekday::Sun => vec![],
            Weekday::Wed => vec![(9 * 60, 12 * 60)],
            _ => vec![(9 * 60, 12 * 60), (13 * 60, 17 * 60 + 30)],
        },
    }
}

fn nights(date: NaiveDate) -> Vec<(i64, i64)> {
    match date.weekday() {
        Weekday::Fri | Weekday::Sat => vec![(22 * 60, 28 * 60)],
        Weekday::Sun => vec![(20 * 60, 26 * 60)],
        _ => vec![(30, 150), (180, 195), (23 * 60 + 45, 24 * 60 + 5)],
    }
}

fn layers(date: NaiveDate) -> Vec<(i64, i64)> {
    let last_of_month = (date + TimeDelta::days(7)).month() != date.month();
    let good_friday = match date.year() {
        1993 => (4, 9),
        1994 => (4, 1),
        1995 => (4, 14),
        2011 => (4, 22),
        2012 => (4, 6),
        2016 => (3, 25),
        2017 => (4, 14),
        2018 => (3, 30),
        2019 => (4, 19),
        2025 => (4, 18),
        2026 => (4, 3),
        2027 => (3, 26),
        2028 => (4, 14),
        _ => (0, 0),
    };
    if (date.month(), date.day()) == good_friday {
        return vec![];
    }
    if date.weekday() == Weekday::Fri && last_of_month {
        return vec![(0, 60), (23 * 60, 25 * 60)];
    }
    if date.weekday() == Weekday::Mon && date.day() <= 7 {
        return vec![(0, 1440)];
    }
    match date.month() {
        7 | 8 if date.weekday().num_days_from_monday() < 5 => vec![(7 * 60, 14 * 60)],
        10 | 11 | 3 => vec![(90, 8 * 60), (9 * 60, 26 * 60)],
        _ => vec![(8 * 60, 20 * 60)],
    }
}

const PLANS: [(&str, Oracle); 4] = [
    (
        "Mo-Fr 09:00-12:00,13:00-17:30; We 09:00-12:00; Dec 25-26 off",
        office,
    ),
    (
        "Mo-Th 00:30-02:30, 23:45-00:05, Mo-Th 03:00-03:15; Fr,Sa 22:00-04:00; Su 20:00-26:00",
        nights,
    ),
    (
        "08:00-20:00; Jul-Aug Mo-Fr 07:00-14:00; Oct-Nov,Mar 01:30-08:00,09:00-02:00; \
         Mo[1] 24/7; Fr[-1] 00:00-01:00,23:00-25:00; easter -2 days off",
        layers,
    ),
    ("24/7", |_| vec![(0, 1440)]),
];

struct Case {
    hours: Arc<Hours>,
    zone: Tz,
    oracle: Oracle,
    first: i64,
    last: i64,
}

/// The minutes of a date that are open.
#[derive(Default)]
struct Wall {
    day: Option<i64>,
    open: Vec<bool>,
}

impl Wall {
    /// Whether it reads inside a span, at what it shows in seconds since 1970.
    fn reads(&mut self, case: &Case, local: i64) -> bool {
        let (day, minute) = (local.div_euclid(DAY), local.rem_euclid(DAY) / MINUTE);
        if self.day != Some(day) {
            let date = case.at(local).date_naive();
            self.open = vec![false; 1_440];
            for (date, before) in [(date, 0), (date.pred_opt().unwrap(), 1_440)] {
                for (from, to) in (case.oracle)(date) {
                    let own = (from - before).clamp(0, 1_440)..(to - before).clamp(0, 1_440);
                    for minute in own {
                        self.open[usize::try_from(minute).unwrap()] = true;
                    }
                }
            }
            self.day = Some(day);
        }
        self.open[usize::try_from(minute).unwrap()]
    }
}

impl Case {
    fn new(zone: &str, year: i32, plan: &(&str, Oracle)) -> Self {
        let (text, oracle) = *plan;
        let read = parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        let instant = |year| {
            Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0)
                .unwrap()
                .timestamp()
        };
        Self {
            hours: Arc::new(Hours::new(
                text.to_owned(),
                read,
                ChronoTz.zone(zone).unwrap(),
            )),
            zone: zone.parse().unwrap(),
            oracle,
            first: instant(year),
            last: instant(year + 1),
        }
    }

    fn at(&self, second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    /// Whether the wall reads inside a span of this date or of the one before.
    fn expected(&self, second: i64) -> bool {
        let wall = self.at(second).with_timezone(&self.zone);
        let minute = i64::from(wall.num_seconds_from_midnight() / 60);
        let date = wall.date_naive();
        let holds = |date: NaiveDate, minute: i64| {
            let spans = (self.oracle)(date);
            spans
                .iter()
                .any(|(from, to)| (*from..*to).contains(&minute))
        };
        holds(date, minute) || holds(date.pred_opt().unwrap(), minute + 1440)
    }

    fn offset(&self, second: i64) -> i64 {
        let utc = self.at(second).naive_utc();
        i64::from(chrono::Offset::fix(&self.zone.offset_from_utc_datetime(&utc)).local_minus_utc())
    }

    /// The minutes at which the zone's offset is another than a minute before.
    fn jumps(&self) -> Vec<i64> {
        let hours = (self.first..self.last).step_by(3600);
        let changed = |second: &i64| self.offset(*second) != self.offset(second + 3600);
        let minutes = hours
            .filter(changed)
            .flat_map(|hour| (hour..hour + 3600).step_by(60));
        let jumped = |second: &i64| self.offset(*second) != self.offset(second + MINUTE);
        minutes
            .filter(jumped)
            .map(|second| second + MINUTE)
            .collect()
    }

    /// Whether it is open, as the oracle and the hours say.
    fn agrees(&self, second: i64) -> bool {
        let (instant, expected) = (self.at(second), self.expected(second));
        let (zone, text) = (self.zone, self.hours.name());
        assert_eq!(
            self.hours.is_open_at(instant),
            expected,
            "{zone} {text} {instant}"
        );
        expected
    }

    /// Where the state changes, by looking at every minute of a stretch.
    fn changes(&self, from: i64, to: i64) -> Vec<i64> {
        let mut state = self.expected(from);
        let mut changes = Vec::new();
        for second in (from + MINUTE..=to).step_by(60) {
            if self.expected(second) != state {
                state = !state;
                changes.push(second);
            }
        }
        changes
    }

    /// Asks at an instant for the next change, which is the first of those known after it.
    fn next_is_first(&self, second: i64, changes: &[i64]) {
        let next = self.hours.answer(self.at(second)).next_change;
        let known = changes.iter().find(|change| **change > second);
        let text = || format!("{} {} {}", self.zone, self.hours.name(), self.at(second));
        match known {
            Some(known) if known - second <= HORIZON => {
                assert_eq!(
                    next.map(|next| next.timestamp()),
                    Some(*known),
                    "{}",
                    text()
                );
            }
            _ => assert_eq!(next, None, "{}", text()),
        }
    }
}

/// Every minute of a year in every zone, as the hours say and as the schedule that decides does.
/// The oracle draws the wall of each date once; the zone's offset is constant between two jumps.
#[test]
fn every_minute_of_a_year_in_25_zones() {
    let every_minute = |index: usize, zone: &str, year: i32| {
        let case = Case::new(zone, year, &PLANS[index % 3]);
        let schedule = Schedule::new(
            Arc::clone(&case.hours),
            Offsets::new(&ChronoTz.zone(zone).unwrap()),
        );
        let mut jumps = case.jumps();
        jumps.push(case.last);
        let (mut from, mut minutes) = (case.first, 0);
        for jump in jumps {
            let offset = case.offset(from);
            let mut wall = Wall::default();
            for second in (from..jump).step_by(60) {
                let expected = wall.reads(&case, second + offset);
                let hours = case.hours.is_open_at(case.at(second));
                let found = (hours, schedule.is_open(second));
                assert_eq!(found, (expected, expected), "{zone} {}", case.at(second));
                minutes += 1;
            }
            from = jump;
        }
        assert!(minutes >= 365 * 1_440, "{zone}: {minutes} minutes");
    };
    let all: Vec<_> = ZONES.into_iter().enumerate().collect();
    std::thread::scope(|scope| {
        for part in all.chunks(ZONES.len().div_ceil(4)) {
            scope.spawn(move || {
                for (index, (zone, year)) in part {
                    every_minute(*index, zone, *year);
                }
            });
        }
    });
}

/// The next change before, at and after each change of a year.
#[test]
fn the_next_change_of_a_year_in_the_strangest_zones() {
    for (zone, plan) in [
        ("Australia/Lord_Howe", 1),
        ("Antarctica/Troll", 1),
        ("Pacific/Apia", 2),
        ("Africa/Casablanca", 2),
    ] {
        let (_, year) = ZONES.iter().find(|(name, _)| *name == zone).unwrap();
        let case = Case::new(zone, *year, &PLANS[plan]);
        let changes = case.changes(case.first, case.last + 30 * DAY);
        for change in changes.iter().filter(|change| **change < case.last) {
            for second in [change - MINUTE, change - 1, *change, change + 1] {
                case.next_is_first(second, &changes);
            }
        }
    }
}

/// Every minute around a change of clocks; every edge of a span to the second; the next change
/// asked at all of these.
#[test]
fn every_edge_and_every_change_of_clocks_in_25_zones() {
    let mut jumps = 0;
    for (zone, year) in ZONES {
        for plan in &PLANS {
            let case = Case::new(zone, year, plan);
            let around: Vec<i64> = case.jumps();
            jumps += around.len();
            for jump in around {
                let (from, to) = (jump - 2 * DAY, jump + 2 * DAY);
                for second in (from..to).step_by(60) {
                    case.agrees(second);
                }
                let changes = case.changes(from, to);
                let asked: BTreeSet<i64> = changes
                    .iter()
                    .chain(&[jump])
                    .flat_map(|second| [second - MINUTE, second - 1, *second, second + 1])
                    .filter(|second| changes.last().is_some_and(|last| second < last))
                    .collect();
                for second in asked {
                    case.next_is_first(second, &changes);
                }
            }
            // A quarter of an hour is the finest step of these plans but for one span.
            let mut before = case.agrees(case.first);
            for second in (case.first..case.last).step_by(15 * 60) {
                if case.agrees(second) != before {
                    before = !before;
                    case.agrees(second - 1);
                }
            }
        }
    }
    assert!(jumps >= 100, "{jumps}: these zones change their clocks");
}

/// From answer to answer through a year: each is the first minute that differs.
#[test]
fn following_the_next_change_visits_every_change_in_25_zones() {
    for (index, (zone, year)) in ZONES.into_iter().enumerate() {
        let case = Case::new(zone, year, &PLANS[index % 3]);
        let quarter = case.first + i64::try_from(index % 4).unwrap() * 91 * DAY;
        let end = quarter + 91 * DAY;
        let changes = case.changes(quarter, end);
        let mut second = quarter;
        for change in changes {
            let next = case.hours.answer(case.at(second)).next_change;
            assert_eq!(next, Some(case.at(change)), "{zone} {}", case.at(second));
            second = change;
        }
    }
}

#[test]
fn a_change_is_looked_for_through_400_days_and_no_further() {
    for (zone, year) in ZONES {
        let text = format!("off; {} Jun 15 12:00-12:01", year + 1);
        let hours = Hours::new(
            text.clone(),
            parse(&text).unwrap(),
            ChronoTz.zone(zone).unwrap(),
        );
        let tz: Tz = zone.parse().unwrap();
        let noon = NaiveDate::from_ymd_opt(year + 1, 6, 15)
            .unwrap()
            .and_hms_opt(12, 0, 0);
        let noon = tz
            .from_local_datetime(&noon.unwrap())
            .unwrap()
            .with_timezone(&Utc);
        let next = |before: i64| hours.answer(noon - TimeDelta::seconds(before)).next_change;
        assert_eq!(next(HORIZON), Some(noon), "{zone}");
        assert_eq!(next(HORIZON + 1), None, "{zone}");
        assert_eq!(next(1), Some(noon), "{zone}");
        assert_eq!(next(-1), Some(noon + TimeDelta::minutes(1)), "{zone}");
        assert_eq!(next(-60), None, "{zone}");
    }
}

#[test]
fn what_is_forced_ends_to_the_second() {
    let forced = |open, until: &str| {
        let mut plan = parse("Mo-Fr 09:00-17:00").unwrap();
        plan.force = Some(crate::hours::Force {
            open,
            until: until.parse().unwrap(),
            reason: None,
        });
        Hours::new(
            "o".to_owned(),
            plan,
            ChronoTz.zone("America/New_York").unwrap(),
        )
    };
    for (open, until, next) in [
        // Tuesday 10:00 in New York, whatever is forced.
        (true, "2026-04-21T16:00:00Z", "2026-04-21T21:00:00Z"),
        (false, "2026-04-21T16:00:01Z", "2026-04-21T16:00:01Z"),
        (true, "2026-04-21T22:00:00Z", "2026-04-21T22:00:00Z"),
        (false, "2026-04-21T22:00:00Z", "2026-04-22T13:00:00Z"),
        // Over by then.
        (false, "2026-04-21T14:00:00Z", "2026-04-21T21:00:00Z"),
    ] {
        let hours = forced(open, until);
        let instant: DateTime<Utc> = "2026-04-21T14:00:00Z".parse().unwrap();
        let over = until == "2026-04-21T14:00:00Z";
        let answer = hours.answer(instant);
        assert_eq!(answer.open, over || open, "{until}");
        assert_eq!(
            answer.next_change,
            Some(next.parse().unwrap()),
            "{open} {until}"
        );
        let change = answer.next_change.unwrap();
        assert_eq!(hours.is_open_at(change), !answer.open);
        assert_eq!(
            hours.is_open_at(change - TimeDelta::milliseconds(1)),
            answer.open
        );
    }
    let far = forced(true, "2030-01-01T00:00:00Z");
    let answer = far.answer("2026-04-21T14:00:00Z".parse().unwrap());
    assert_eq!((answer.open, answer.next_change), (true, None));
}
