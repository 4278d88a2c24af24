//! Schedules against the calendar.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::{Offsets, Schedule};
use crate::hours::Hours;
use crate::{ChronoTz, Zones, load};

const ZONES: [&str; 8] = [
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Antarctica/Troll",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Europe/Dublin",
    "America/New_York",
];

const OPEN: [&str; 8] = [
    "Mo-Fr 09:00-17:30",
    "24/7",
    "Mo-Fr 09:07-17:31; Sa 23:59-24:01; Dec 24 off",
    "Mo-Fr 22:00-04:00; Sa off",
    "Mo-Su 00:00-12:00,13:00-24:00; Dec 25 off; easter 10:00-12:00",
    "Mo-Fr 09:00-12:00,13:00-17:00; Fr[-1] 09:00-10:00; PH off",
    "Su 20:00-26:00; 2026 Mar 1-20 off; week 30-33 Mo 10:00-34:00",
    "Mo-Su 00:00-01:00,02:00-03:00,04:00-05:00,06:00-07:00,08:00-09:00",
];

fn hours(zone: &str, open: &str) -> Arc<Hours> {
    let holidays = if open.contains("PH") {
        ", holidays: h"
    } else {
        ""
    };
    let table = format!(
        "version: 1\ndefault: {{ action: hangup }}\ncalendars: {{ h: {{ dates: [2026-05-25, 2026-12-31] }} }}\n\
         hours: {{ x: {{ zone: {zone}, open: \"{open}\"{holidays} }} }}\n"
    );
    let engine = load("routes.yaml", &table, &(), &ChronoTz).unwrap();
    engine.shared_hours("x").unwrap()
}

fn schedule(zone: &str, open: &str) -> (Arc<Hours>, Schedule) {
    let hours = hours(zone, open);
    let offsets = Offsets::new(&ChronoTz.zone(zone).unwrap());
    (Arc::clone(&hours), Schedule::new(hours, offsets))
}

fn same(hours: &Hours, schedule: &Schedule, utc: i64) {
    let instant: DateTime<Utc> = DateTime::from_timestamp(utc, 0).unwrap();
    assert_eq!(
        schedule.is_open(utc),
        hours.is_open_at(instant),
        "{instant}"
    );
}

#[test]
fn a_schedule_is_two_lines_of_memory() {
    assert_eq!(size_of::<Schedule>(), 128);
}

#[test]
fn every_seven_minutes_of_two_years() {
    for zone in ZONES {
        for open in OPEN {
            let (hours, schedule) = schedule(zone, open);
            let from = 1_767_225_600 - 40 * 86_400;
            for utc in (from..from + 2 * 366 * 86_400).step_by(419 * 7) {
                same(&hours, &schedule, utc);
            }
        }
    }
}

#[test]
fn the_tables_answer_within_their_decades() {
    for open in &OPEN {
        let (_, schedule) = schedule("Europe/Dublin", open);
        for utc in [
            1_577_836_800 + 86_400,
            1_800_000_000,
            2_208_988_799 - 86_400,
        ] {
            assert!(schedule.quick(utc).is_some(), "{open} {utc}");
        }
    }
}

/// In October 2040 Gaza's summer ends, and its Ramadan too: two changes within a week.
#[test]
fn clocks_that_change_twice_in_a_month() {
    for zone in ["Asia/Gaza", "Asia/Hebron"] {
        let (hours, schedule) = schedule(zone, "Mo-Su 09:00-17:00");
        let from = DateTime::<Utc>::from_timestamp(2_233_000_000, 0).unwrap();
        assert_eq!(from.to_string(), "2040-10-04 21:46:40 UTC");
        for utc in (from.timestamp()..from.timestamp() + 40 * 86_400).step_by(600) {
            same(&hours, &schedule, utc);
        }
    }
}

proptest! {
    #[test]
    fn any_instant_is_answered_as_by_the_calendar(
        zone in 0..ZONES.len(), open in 0..OPEN.len(),
        instants in proptest::collection::vec(-2_000_000_000_i64..4_000_000_000, 50),
    ) {
        let (hours, schedule) = schedule(ZONES[zone], OPEN[open]);
        for utc in instants {
            same(&hours, &schedule, utc);
        }
    }
}
