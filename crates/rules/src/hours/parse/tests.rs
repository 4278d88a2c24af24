//! What is understood, and where what is not is pointed at.

use chrono::NaiveDate;
use proptest::prelude::*;

use super::{parse, parse_day};

#[test]
fn understands_the_subset() {
    for text in [
        "24/7",
        "off",
        "09:00-17:30",
        "9:00-17:30",
        "Mo-Fr 09:00-17:30; PH off",
        "Mo-Fr 09:00-12:00,13:00-17:00; Sa 10:00-14:00; Su,PH closed;",
        "Mo-We, Fr 09:00 - 17:00",
        "Fr-Mo 22:00-04:00",
        "Sa 20:00-26:00",
        "Mo-Fr 00:00-24:00; Dec 25 off; 2026 Dec 24 09:00-12:00",
        "Dec 24-26 off; Dec 31-Jan 1 off; Feb 29 off",
        "PH 10:00-12:00",
    ] {
        assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
    }
}

#[test]
fn refuses_the_rest_with_its_place() {
    for (text, at, len, message) in [
        (
            "",
            0,
            0,
            "expected a weekday (Mo, Tu, …), PH, a date (Dec 25), a time (09:00-17:30), `off` or 24/7, found the end",
        ),
        ("Mo-Fr 9-17", 7, 1, "expected a time as in 09:00, found '-'"),
        (
            "Mo-Fr 09:00",
            11,
            0,
            "expected `-` and an end, as in 09:00-17:30, found the end",
        ),
        (
            "Mo-Fr 09:00-25:99",
            12,
            5,
            "`25:99` is no time; expected HH:MM, as in 09:00",
        ),
        (
            "Mo-Fr 09:00-09:00",
            6,
            11,
            "09:00-09:00 is empty; the whole day is 00:00-24:00",
        ),
        (
            "Mo-Fr 24:00-25:00",
            6,
            11,
            "24:00 is after 24:00; a span starts on its day",
        ),
        (
            "Mo 09:00-12:00,11:00-14:00",
            3,
            23,
            "11:00-14:00 overlaps 09:00-12:00 on the same day",
        ),
        ("Mo 06:00-33:00", 3, 11, "06:00-33:00 is longer than a day"),
        (
            "Mo 09:00+",
            8,
            1,
            "expected `-` and an end, as in 09:00-17:30, found '+'",
        ),
        (
            "Mo 09:00-12:00+",
            14,
            1,
            "expected a closing time (an open end is not supported), found '+'",
        ),
        (
            "Mon-Fri 09:00-17:00",
            0,
            3,
            "`Mon` is not understood; write `Mo`",
        ),
        (
            "Monday 09:00-17:00",
            0,
            6,
            "`Monday` is not understood; write `Mo`",
        ),
        ("mo 09:00-17:00", 0, 2, "`mo` is not understood; write `Mo`"),
        (
            "sunrise-sunset",
            0,
            7,
            "`sunrise` is not understood; expected a weekday (Mo, Tu, …), PH, a date (Dec 25), a time (09:00-17:30), `off` or 24/7",
        ),
        (
            "We[1] 09:00-12:00",
            2,
            1,
            "expected a time (the nth weekday of a month is not supported), found '['",
        ),
        ("Feb 30 off", 4, 2, "there is no such day"),
        ("2026 Feb 29 off", 9, 2, "there is no such day"),
        (
            "Dec off",
            4,
            1,
            "expected a day of the month (whole months are not supported), found 'o'",
        ),
        ("Dec 26-24 off", 0, 9, "this range of dates runs backwards"),
        (
            "Mo-Fr 09:00-17:00, Sa 10:00-14:00",
            17,
            1,
            "expected `;` between rules, found ','",
        ),
        (
            "Mo-Fr 09:00-17:00 Sa 10:00-14:00",
            18,
            1,
            "expected `;` and another rule, or the end, found 'S'",
        ),
        (
            "Mo-Fr",
            5,
            0,
            "expected times as in 09:00-17:30, or `off`, found the end",
        ),
        (
            "Mo-Fr open",
            6,
            4,
            "`open` is not understood; expected a weekday (Mo, Tu, …), PH, a date (Dec 25), a time (09:00-17:30), `off` or 24/7",
        ),
        ("PH off; PH 09:00-10:00", 8, 14, "PH is given twice"),
        ("Dec 25 off; Dec 25 off", 12, 10, "this date is given twice"),
        (
            "week 1-10 09:00-17:00",
            0,
            4,
            "`week` is not understood; expected a weekday (Mo, Tu, …), PH, a date (Dec 25), a time (09:00-17:30), `off` or 24/7",
        ),
        (
            "Mo 09:00-12:00; Mo 13:00-17:00",
            0,
            14,
            "a later rule for the same days replaces this one; write all spans of a day in one rule, as in Mo-Fr 09:00-12:00,13:00-17:00",
        ),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(
            (error.at, error.len, error.message.as_str()),
            (at, len, message),
            "{text}"
        );
    }
    assert!(parse_day("09:00-10:00,11:00-12:00").is_err());
}

#[test]
fn a_later_rule_counts_for_its_days() {
    let plan = parse("Mo-Fr 09:00-17:00; We off").unwrap();
    let open = |date: &str| {
        let date: NaiveDate = date.parse().unwrap();
        plan.day(date).0.hold(10 * 3600)
    };
    assert!(open("2026-04-21"));
    assert!(!open("2026-04-22"));
}

proptest! {
    #[test]
    fn never_panics_and_points_inside_the_text(text in "(Mo|Fr|PH|Dec|off|24/7|[0-9]{1,4}|[-:;,\\[é ]){0,12}") {
        if let Err(error) = parse(&text) {
            prop_assert!(error.at + error.len <= text.len());
            prop_assert!(text.is_char_boundary(error.at));
            prop_assert!(text.is_char_boundary(error.at + error.len));
        }
    }
}
