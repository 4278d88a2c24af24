//! What is understood, and where what is not is pointed at.

use proptest::prelude::*;

use super::{parse, parse_dates, parse_day};

mod meaning;

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
        "Mo[1] 09:00-12:00; Fr[-1] off; Tu[1,3],We[2-4],Th 10:00-11:00",
        "Jan-Mar off; Oct-Feb Mo-Fr 08:00-10:00; Jul 10:00-12:00; 2026 Nov 24/7",
        "Dec 24/7; Jan,Mar-May,Nov Th[4] off",
        "2026 Dec 24-2027 Jan 2 off; 2026 Aug 3-14 off; 2026 Dec 24 off; 2026 Nov-2027 Feb 09:00-10:00",
        "Dec 24,26 off; Dec 28-30, 31 off; Feb 20-Feb 29 off; Dec 24-Jan off",
        "week 1-26 Mo 09:00-12:00; week 2-52/2 off; week 50-53,1 Sa off",
        "easter off; easter -2 days off; easter +1 day 10:00-12:00; 2026 easter +39 days off",
        "easter -2 days-easter +1 day off; easter-Oct 31 Sa 10:00-12:00; Dec 1-easter off",
        "Mo-Fr 09:00-12:00, We 13:00-17:00, 2026 Dec 24 13:00-14:00, week 1 20:00-21:00; PH off, Sa 10:00-12:00",
    ] {
        assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
    }
}

#[test]
fn dates_are_whole_days_and_no_others() {
    for (text, same) in [
        ("Dec 25", "off; Dec 25 24/7"),
        ("Dec 25;", "off; Dec 25 24/7"),
        (
            "Mo[1]; Dec 24-Jan 2 ; ",
            "off; Mo[1] 24/7; Dec 24-Jan 2 24/7",
        ),
        ("Mo-We, Fr; easter", "Mo-We,Fr 24/7; easter 24/7"),
    ] {
        let plan = parse_dates(text).unwrap();
        let day = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let same = parse(same).unwrap();
        for date in day.iter_days().take(400) {
            let open = |plan: &super::Plan| plan.day(date).hold(12 * 3600);
            assert_eq!(open(&plan), open(&same), "{text} {date}");
        }
    }
    for (text, at, len) in [
        ("", 0, 0),
        (" ;", 1, 1),
        ("Dec 25;;", 7, 1),
        ("Dec 25; Foo 3", 8, 3),
        ("Dec 25 off", 7, 1),
        ("off", 0, 1),
        ("24/7", 0, 1),
        ("Dec 25 24/7", 7, 1),
    ] {
        let error = parse_dates(text).unwrap_err();
        assert_eq!(
            (error.at, error.len),
            (at, len),
            "{text:?} {}",
            error.message
        );
    }
}

#[test]
fn refuses_the_rest_with_its_place() {
    let mut wrong = Vec::new();
    for (text, at, len, message) in [
        (
            "",
            0,
            0,
            "expected a weekday (Mo, Tu, …), PH, a month (Jan-Mar), a date (Dec 25), `week`, `easter`, a time (09:00-17:30), `off` or 24/7, found the end",
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
            "`sunrise` is not understood; expected a weekday (Mo, Tu, …), PH, a month (Jan-Mar), a date (Dec 25), `week`, `easter`, a time (09:00-17:30), `off` or 24/7",
        ),
        ("Feb 30 off", 4, 2, "there is no such day"),
        ("2026 Feb 29 off", 9, 2, "there is no such day"),
        ("Dec 26-24 off", 0, 9, "this range of dates runs backwards"),
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
            "`open` is not understood; expected a weekday (Mo, Tu, …), PH, a month (Jan-Mar), a date (Dec 25), `week`, `easter`, a time (09:00-17:30), `off` or 24/7",
        ),
        (
            "We[6] 09:00-12:00",
            3,
            1,
            "expected 1 to 5, or -1 to -5 from the end of the month",
        ),
        (
            "We[0] 09:00-12:00",
            3,
            1,
            "expected 1 to 5, or -1 to -5 from the end of the month",
        ),
        (
            "We[] 09:00-12:00",
            3,
            1,
            "expected 1 to 5, or -1 to -5 from the end of the month, found ']'",
        ),
        (
            "We[1 09:00-12:00",
            4,
            1,
            "expected `]`, or `,` and another number, found ' '",
        ),
        ("We[3-1] 09:00-12:00", 3, 3, "this range runs backwards"),
        (
            "Mo-We[1] 09:00-12:00",
            5,
            1,
            "expected a time (`[1]` follows one weekday, as in Mo[1]), found '['",
        ),
        (
            "PH[1] 09:00-12:00",
            2,
            1,
            "expected a time (`[1]` follows one weekday, as in Mo[1]), found '['",
        ),
        (
            "Mo[1] +1 day 09:00-12:00",
            6,
            1,
            "expected a time as in 09:00, found '+'",
        ),
        (
            "SH off",
            0,
            2,
            "school holidays (SH) are not supported; give their dates, as in Jul 1-Aug 31",
        ),
        (
            "January-March off",
            0,
            7,
            "`January` is not understood; write `Jan`",
        ),
        (
            "Jan-Marz off",
            4,
            4,
            "`Marz` is not understood; expected a weekday (Mo, Tu, …), PH, a month (Jan-Mar), a date (Dec 25), `week`, `easter`, a time (09:00-17:30), `off` or 24/7",
        ),
        ("week 0-3 off", 5, 1, "expected a week of the year, 1 to 53"),
        (
            "week 1-54 off",
            7,
            2,
            "expected a week of the year, 1 to 53",
        ),
        (
            "week 50-2 off",
            5,
            4,
            "this range of weeks runs backwards; over the new year, write it as in week 50-53,1-2",
        ),
        (
            "week 1-9/1 off",
            9,
            1,
            "expected every how many weeks, 2 to 26",
        ),
        (
            "weeks 1-9 off",
            0,
            5,
            "`weeks` is not understood; write `week`",
        ),
        (
            "easter -90 days off",
            8,
            2,
            "expected 1 to 80 and `days`, as in easter -2 days",
        ),
        (
            "easter -2 off",
            10,
            1,
            "expected `days`, as in easter -2 days, found 'o'",
        ),
        (
            "Easter off",
            0,
            6,
            "`Easter` is not understood; write `easter`",
        ),
        (
            "easter-easter -1 day off",
            0,
            20,
            "this range of dates runs backwards",
        ),
        ("2026 off", 5, 3, "`off` does not belong here"),
        (
            "26 Dec 24 off",
            0,
            2,
            "expected a year of four digits, a month or `easter`",
        ),
        (
            "Dec 24-2027 Jan 2 off",
            0,
            17,
            "write the year with both ends of a range, as in 2026 Dec 24-2027 Jan 2",
        ),
        (
            "2026 Dec 24-Jan 2 off",
            0,
            17,
            "this range of dates runs backwards; write the year it ends in too, as in 2026 Dec 24-2027 Jan 2",
        ),
        (
            "2026 Dec 24-2025 Jan 2 off",
            0,
            22,
            "this range of dates runs backwards",
        ),
        (
            "2026 Dec 24,Dec 26 off",
            12,
            6,
            "write the year with every date of this list, or with none",
        ),
        (
            "Dec 24-Dec 20 off",
            0,
            13,
            "this range of dates runs backwards",
        ),
        ("2026 Feb 1-29 off", 11, 2, "there is no such day"),
        (
            "Dec PH off",
            4,
            2,
            "PH is for the whole year; it cannot stand after dates",
        ),
        (
            "Dec: Mo off",
            3,
            1,
            "expected a time as in 09:00, found ':'",
        ),
        (
            "Mo-Fr 09:00-17:00, PH off",
            19,
            6,
            "`off` adds nothing to the rule before it; write `;` between them",
        ),
        (
            "Mo-Fr 09:00-17:00, We 16:00-18:00",
            19,
            14,
            "16:00-18:00 overlaps 09:00-17:00 on the same day",
        ),
        (
            "Mo-Fr 09:00-17:00,",
            18,
            0,
            "expected a weekday (Mo, Tu, …), PH, a month (Jan-Mar), a date (Dec 25), `week`, `easter`, a time (09:00-17:30), `off` or 24/7, found the end",
        ),
        (
            "Jan-Mar Mo 09:00-12:00; Jan-Mar Mo off",
            24,
            14,
            "these days are given twice",
        ),
        ("PH off; PH 09:00-10:00", 8, 14, "PH is given twice"),
        ("Dec 25 off; Dec 25 off", 12, 10, "this date is given twice"),
        (
            "Mo 09:00-12:00; Mo 13:00-17:00",
            0,
            14,
            "a later rule for the same days replaces this one; write all spans of a day in one rule, as in Mo-Fr 09:00-12:00,13:00-17:00",
        ),
    ] {
        match parse(text) {
            Ok(_) => wrong.push(format!("{text}: is understood")),
            Err(error) if (error.at, error.len, error.message.as_str()) == (at, len, message) => {}
            Err(error) => wrong.push(format!("{text}: {error:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(parse_day("09:00-10:00,11:00-12:00").is_err());
}

proptest! {
    #[test]
    fn never_panics_and_points_inside_the_text(text in "(Mo|Fr|PH|Dec|Jan|off|24/7|easter|week|days|09:00-17:00|2026|\\[1\\]|[0-9]{1,4}|[-+:;,\\[/é ]){0,12}") {
        if let Err(error) = parse(&text) {
            prop_assert!(error.at + error.len <= text.len());
            prop_assert!(text.is_char_boundary(error.at));
            prop_assert!(text.is_char_boundary(error.at + error.len));
        }
    }
}
