//! Which dates the rules of a text are for, and which of them counts.

use chrono::NaiveDate;

use crate::hours::parse;

#[test]
fn a_later_rule_counts_for_its_days() {
    let plan = parse("Mo-Fr 09:00-17:00; We off").unwrap();
    let open = |date: &str| {
        let date: NaiveDate = date.parse().unwrap();
        plan.day(date).hold(10 * 3600)
    };
    assert!(open("2026-04-21"));
    assert!(!open("2026-04-22"));
}

/// Which of these dates are open at 10:00.
fn open_on<'a>(text: &str, dates: &[&'a str]) -> Vec<&'a str> {
    let plan = parse(text).unwrap_or_else(|error| panic!("{text}: {}", error.message));
    let open = |date: &&str| plan.day(date.parse().unwrap()).hold(10 * 3600);
    dates.iter().copied().filter(open).collect()
}

#[test]
fn each_kind_of_day_is_what_it_says() {
    for (days, open, closed) in [
        // Months of 28, 30 and 31 days.
        (
            "Mo[1]",
            "2026-02-02 2026-06-01 2027-02-01",
            "2026-02-09 2026-06-02 2026-06-08",
        ),
        (
            "Fr[-1]",
            "2026-01-30 2026-02-27 2026-07-31",
            "2026-01-23 2026-02-20 2026-07-24",
        ),
        (
            "Th[5],We[-5]",
            "2026-04-30 2026-04-01",
            "2026-04-29 2026-04-23",
        ),
        ("Tu[1,3]", "2026-04-07 2026-04-21", "2026-04-14 2026-04-28"),
        ("Tu[2-4]", "2026-04-14 2026-04-28", "2026-04-07"),
        (
            "Nov Th[4]",
            "2026-11-26 2027-11-25",
            "2026-11-19 2026-10-22",
        ),
        (
            "Jan-Mar",
            "2026-01-01 2024-02-29 2026-03-31",
            "2025-12-31 2026-04-01",
        ),
        (
            "Oct-Feb",
            "2026-10-01 2028-02-29 2026-01-15",
            "2026-09-30 2026-03-01",
        ),
        (
            "Feb 20-Feb 29",
            "2026-02-28 2028-02-29",
            "2026-03-01 2028-03-01 2026-02-19",
        ),
        (
            "Feb 29-Mar 2",
            "2026-03-01 2028-02-29",
            "2026-02-28 2028-02-28 2026-03-03",
        ),
        (
            "Dec 31-Jan 1",
            "2025-12-31 2026-01-01",
            "2025-12-30 2026-01-02",
        ),
        (
            "Jun-Aug Sa",
            "2026-06-06 2026-08-29",
            "2026-06-05 2026-09-05",
        ),
        (
            "2026 Feb",
            "2026-02-01 2026-02-28",
            "2026-01-31 2026-03-01 2027-02-01",
        ),
        (
            "2026 Dec 24-2027 Jan 2",
            "2026-12-24 2027-01-02",
            "2026-12-23 2027-01-03 2025-12-25",
        ),
        (
            "2026 Aug 3-14",
            "2026-08-03 2026-08-14",
            "2026-08-02 2026-08-15 2027-08-03",
        ),
        ("Dec 24,26", "2026-12-24 2026-12-26", "2026-12-25"),
        (
            "2026 Dec 24,26",
            "2026-12-24 2026-12-26",
            "2026-12-25 2027-12-26",
        ),
        ("Dec 24 Mo-Fr", "2026-12-24", "2027-12-25 2022-12-24"),
        ("easter -2 days", "2026-04-03 2027-03-26", "2026-04-05"),
        ("easter +1 day", "2026-04-06", "2026-04-05 2027-04-06"),
        ("2026 easter", "2026-04-05", "2027-03-28"),
        (
            "easter -2 days-easter +1 day",
            "2026-04-03 2026-04-06",
            "2026-04-02 2026-04-07",
        ),
        (
            "Dec 1-easter",
            "2025-12-01 2026-01-01 2026-04-05",
            "2026-04-06 2026-11-30",
        ),
        (
            "easter-Oct 31",
            "2026-04-05 2026-10-31",
            "2026-04-04 2026-11-01",
        ),
        // ISO weeks: 2026 has 53, and its first begins in 2025.
        ("week 1", "2025-12-29 2026-01-04", "2025-12-28 2026-01-05"),
        (
            "week 53",
            "2026-12-28 2027-01-03",
            "2026-12-27 2027-01-04 2025-12-31",
        ),
        ("week 1-26", "2026-06-28", "2026-06-29"),
        (
            "week 2-52/2 Mo",
            "2026-01-05 2026-01-19",
            "2026-01-12 2026-01-06",
        ),
    ] {
        let dates = |text: &'static str| text.split(' ').collect::<Vec<_>>();
        for text in [format!("{days} 09:00-17:00"), format!("off; {days} 24/7")] {
            assert_eq!(open_on(&text, &dates(open)), dates(open), "{text}");
            assert!(
                open_on(&text, &dates(closed)).is_empty(),
                "{text}: {closed}"
            );
        }
        let text = format!("24/7; {days} off");
        assert_eq!(open_on(&text, &dates(closed)), dates(closed), "{text}");
        assert!(open_on(&text, &dates(open)).is_empty(), "{text}: {open}");
    }
}

#[test]
fn layers_outrank_each_other_whatever_their_order() {
    let rules = [
        ("Mo-Su 01:00-02:00", 1),
        ("Apr 02:00-03:00", 2),
        ("Tu[1] 03:00-04:00", 3),
        ("PH 04:00-05:00", 4),
        ("Apr 7 05:00-06:00", 5),
        ("2026 Apr 7 06:00-07:00", 6),
    ];
    let date: NaiveDate = "2026-04-07".parse().unwrap();
    for last in 1..=rules.len() {
        for backwards in [false, true] {
            let mut texts: Vec<&str> = rules.iter().take(last).map(|(text, _)| *text).collect();
            if backwards {
                texts.reverse();
            }
            let mut plan = parse(&texts.join("; ")).unwrap();
            plan.holidays = std::sync::Arc::new([(date, None)].into());
            let open: Vec<u32> = (0..24)
                .filter(|hour| plan.day(date).hold(hour * 3600))
                .collect();
            assert_eq!(open, [rules[last - 1].1], "{texts:?}");
        }
    }
}

#[test]
fn a_comma_adds_and_a_semicolon_replaces() {
    let open = |text: &str, date: &str| -> Vec<u32> {
        let mut plan = parse(text).unwrap();
        let holiday: NaiveDate = "2026-12-25".parse().unwrap();
        plan.holidays = std::sync::Arc::new([(holiday, None)].into());
        let day = plan.day(date.parse().unwrap());
        (0..24).filter(|hour| day.hold(hour * 3600)).collect()
    };
    for (text, date, hours) in [
        (
            "Mo-Fr 09:00-10:00, We 13:00-14:00",
            "2026-04-22",
            vec![9, 13],
        ),
        ("Mo-Fr 09:00-10:00, We 13:00-14:00", "2026-04-21", vec![9]),
        (
            "Mo-Fr 09:00-10:00, We[4] 13:00-14:00",
            "2026-04-22",
            vec![9, 13],
        ),
        (
            "Mo-Fr 09:00-10:00, We[4] 13:00-14:00, Apr 15:00-16:00",
            "2026-04-22",
            vec![9, 13, 15],
        ),
        (
            "Mo-Fr 09:00-10:00; We[4] 13:00-14:00",
            "2026-04-22",
            vec![13],
        ),
        (
            "Mo-Fr 09:00-10:00; We[4] 13:00-14:00, Apr 15:00-16:00",
            "2026-04-22",
            vec![13],
        ),
        (
            "Mo-Fr 09:00-10:00, 2026 Apr 22 15:00-16:00; Apr 22 13:00-14:00",
            "2026-04-22",
            vec![13, 15],
        ),
        (
            "Mo-Fr 09:00-10:00, PH 12:00-13:00",
            "2026-12-25",
            vec![9, 12],
        ),
        (
            "Mo-Fr 09:00-10:00; PH off, Dec 25 12:00-13:00",
            "2026-12-25",
            vec![12],
        ),
        (
            "Mo-Fr 09:00-10:00; PH off, Fr 12:00-13:00",
            "2026-12-25",
            vec![],
        ),
        (
            "Mo-Fr 09:00-10:00; PH off, Fr 12:00-13:00",
            "2026-12-18",
            vec![9, 12],
        ),
    ] {
        assert_eq!(open(text, date), hours, "{text} {date}");
    }
}

#[test]
fn the_rules_of_a_text_are_bounded() {
    let text = |count: i32| {
        let dates: Vec<String> = (0..count)
            .map(|year| format!("{} Dec 25 off", 2000 + year))
            .collect();
        dates.join("; ")
    };
    assert!(parse(&text(256)).is_ok());
    let error = parse(&text(257)).unwrap_err();
    assert_eq!(
        error.message,
        "more than 256 rules; long lists of dates go into a calendar"
    );
}

/// Easter is on Mar 22 to Apr 25: on one side of some dates, on both sides of others.
#[test]
fn a_range_to_easter_is_as_long_every_year() {
    for fine in [
        "Mar 22-easter off",
        "Apr 26-easter off",
        "easter-Apr 25 off",
        "easter-Mar 21 off",
        "easter-Apr off",
        "easter -2 days-Apr 23 off",
        "Feb 29-easter off",
        "2026 Apr 1-easter off",
        "2026 easter-Apr 10 off",
    ] {
        assert!(parse(fine).is_ok(), "{fine}");
    }
    for (text, start, length) in [
        ("24/7; Apr 1-easter off", 6, 12),
        ("Mar 23-easter off", 0, 13),
        ("Apr 25-easter off", 0, 13),
        ("easter-Apr 10 off", 0, 13),
        ("easter-Apr 24 off", 0, 13),
        ("easter-Mar off", 0, 10),
        ("easter -2 days-Apr 22 off", 0, 21),
    ] {
        let error = parse(text).expect_err(text);
        assert_eq!((error.at, error.len), (start, length), "{text}");
        assert!(error.message.contains("either side"), "{text}");
    }
}
