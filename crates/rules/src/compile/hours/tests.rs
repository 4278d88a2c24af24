//! Hours and calendars as they are written, and every fault of them.

use crate::compile::tests::{HEAD, faults_with, shown};
use crate::{ChronoTz, Engine, SourceFile, load};

/// Faulty hours and calendars, without [`HEAD`], and the fault of each.
pub(crate) const FAULTY: &[(&str, &str)] = &[
    (
        "hours: { o: { zone: America/NewYork, open: 24/7 } }",
        "3:21 $.hours.o.zone: unknown time zone `America/NewYork`; did you mean `America/New_York`?",
    ),
    (
        "hours: { o: { zone: UTC, open: \"Mo-Fr 9-17\" } }",
        "3:40 $.hours.o.open: expected a time as in 09:00, found '-' (at character 8)",
    ),
    (
        "hours: { o: { zone: UTC } }",
        "3:13 $.hours.o: hours need `open`, as in \"Mo-Fr 09:00-17:30\", or `weekly`",
    ),
    (
        "hours: { o: { zone: UTC, open: \"24/7; PH off\" } }",
        "3:32 $.hours.o.open: PH needs `holidays`: the name of one of the file's calendars",
    ),
    (
        "calendars: { us: { dates: [2026-12-25] } }\nhours: { o: { zone: UTC, open: 24/7, holidays: us } }",
        "4:48 $.hours.o.holidays: `holidays` counts only where `open` says what they are like, as in `PH off`",
    ),
    (
        "calendars: { us: { dates: [2026-02-30] } }",
        "3:28 $.calendars.us.dates[0]: `2026-02-30` is no date; write it as in 2026-12-25",
    ),
    (
        "hours: { o: { zone: UTC, weekly: { mon: [\"09:00-12:00\", \"11:00-13:00\"] } } }",
        "3:41 $.hours.o.weekly.mon: 11:00-13:00 overlaps 09:00-12:00 on the same day",
    ),
    (
        "hours: { o: { zone: UTC, weekly: { mon: [\"09:00\"] } } }",
        "3:48 $.hours.o.weekly.mon[0]: expected `-` and an end, as in 09:00-17:30, found the end (at character 6)",
    ),
    (
        "hours: { o: { zone: UTC, open: 24/7, exceptions: { 2026-12-25: { reason: x } } } }",
        "3:64 $.hours.o.exceptions[\"2026-12-25\"]: an exception is `closed: true`, or `open` with a list of spans",
    ),
    (
        "hours: { o: { zone: UTC, open: 24/7, seasons: [ { from: 06-01, to: 08-31, closed: true } ] } }",
        "3:47 $.hours.o.seasons: `seasons` goes with `weekly`; in `open`, write it as in Jun-Aug Mo-Fr 08:00-14:00",
    ),
    (
        "hours: { o: { zone: UTC, open: 24/7, nth: [ { day: fri, nth: -1, closed: true } ] } }",
        "3:43 $.hours.o.nth: `nth` goes with `weekly`; in `open`, write it as in Fr[-1] 09:00-12:00",
    ),
    (
        "hours: { o: { zone: UTC, weekly: {}, seasons: [ { from: 06-31, to: 08-31, closed: true } ] } }",
        "3:57 $.hours.o.seasons[0].from: `06-31` is no date; write it as in 2026-12-25, or 12-25 of every year",
    ),
    (
        "hours: { o: { zone: UTC, weekly: {}, seasons: [ { from: 06-01, to: 2026-08-31, closed: true } ] } }",
        "3:49 $.hours.o.seasons[0]: write the year with both `from` and `to`, or with neither",
    ),
    (
        "hours: { o: { zone: UTC, weekly: {}, seasons: [ { from: 2026-06-01, to: 2026-05-31, closed: true } ] } }",
        "3:73 $.hours.o.seasons[0].to: this season ends before it begins",
    ),
    (
        "hours: { o: { zone: UTC, weekly: {}, seasons: [ { from: 06-01, to: 08-31 } ] } }",
        "3:49 $.hours.o.seasons[0]: a season is `closed: true`, `open` with a list of spans, or `weekly`",
    ),
    (
        "hours: { o: { zone: UTC, weekly: {}, seasons: [ { from: 06-01, to: 08-31, weekly: { mon: [\"9-5\"] } } ] } }",
        "3:93 $.hours.o.seasons[0].weekly.mon[0]: expected a time as in 09:00, found '-' (at character 2)",
    ),
    (
        "hours: { o: { zone: UTC, weekly: {}, nth: [ { day: fri, nth: [1, 6], closed: true } ] } }",
        "3:66 $.hours.o.nth[0].nth[1]: 6 is no place in a month; expected 1 to 5, or -1 to -5 from its end",
    ),
    (
        "hours: { o: { zone: UTC, weekly: {}, nth: [ { day: fri, nth: last, closed: true } ] } }",
        "3:62 $.hours.o.nth[0].nth: invalid type: string \"last\", expected a number or a list of numbers",
    ),
    (
        "hours: { o: { zone: UTC, weekly: {}, nth: [ { day: friday, nth: 1, closed: true } ] } }",
        "3:52 $.hours.o.nth[0].day: unknown value `friday`, expected one of `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`",
    ),
    (
        "hours: { o: { zone: UTC, weekly: {}, nth: [ { day: fri, nth: 1 } ] } }",
        "3:45 $.hours.o.nth[0]: an nth weekday is `closed: true`, or `open` with a list of spans",
    ),
    (
        "hours: { o: { zone: UTC, weekly: {}, nth: [ { day: fri, nth: 1, closed: true }, { day: fri, nth: 1, open: [] } ] } }",
        "3:81 $.hours.o.nth[1]: these days are given twice",
    ),
    (
        "hours: { o: { zone: UTC, open: \"24/7; 2026 Dec 25 off\", exceptions: { 2026-12-25: { closed: true } } } }",
        "3:83 $.hours.o.exceptions[\"2026-12-25\"]: this date also stands in `open`",
    ),
    (
        "hours: { o: { zone: UTC, open: \"24/7; Dec 25 off\", exceptions: { 12-25: { closed: true } } } }",
        "3:73 $.hours.o.exceptions[\"12-25\"]: this date also stands in `open`",
    ),
    (
        "hours: { o: { zone: UTC, open: 24/7, exceptions: { 12-32: { closed: true } } } }",
        "3:59 $.hours.o.exceptions[\"12-32\"]: `12-32` is no date; write it as in 2026-12-25, or 12-25 of every year",
    ),
    (
        "hours: { o: { zone: UTC, open: 24/7, force: { state: closed, until: 2026-04-21 } } }",
        "3:69 $.hours.o.force.until: `2026-04-21` is no instant; write it with its offset from UTC, as in 2026-04-21T18:00:00-04:00",
    ),
    (
        "hours: { o: { zone: UTC, open: 24/7, force: { state: closed } } }",
        "3:45 $.hours.o.force: missing field `until`",
    ),
    (
        "hours: { o: { zone: UTC, open: 24/7, force: { state: shut, until: 2026-04-21T18:00:00Z } } }",
        "3:54 $.hours.o.force.state: unknown value `shut`, expected one of `open`, `closed`",
    ),
    (
        "calendars: { us: {} }",
        "3:18 $.calendars.us: a calendar needs `dates`, as in [2026-12-25], or a `file`",
    ),
    (
        "calendars: { us: { file: x.ics } }",
        "3:26 $.calendars.us.file: cannot read `x.ics`: it is not among the files given",
    ),
    (
        "calendars: { us: { file: x.txt } }",
        "3:26 $.calendars.us.file: `x.txt` is no calendar by its name; expected iCalendar (.ics) or `date,name` (.csv)",
    ),
    (
        "calendars: { us: { dates: [\"2026-1-025\"] } }",
        "3:28 $.calendars.us.dates[0]: `2026-1-025` is no date; write it as in 2026-12-25",
    ),
];

#[test]
fn plain_hours_are_understood() {
    let text = format!(
        "{HEAD}calendars: {{ us: {{ dates: [2026-12-25] }} }}\nhours:\n  office:\n    zone: America/New_York\n    weekly: {{ mon: [\"09:00-12:00\", \"13:00-17:30\"] }}\n    holidays: us\n    exceptions:\n      2026-04-20: {{ open: [\"20:00-02:00\"], reason: launch }}\n      2026-04-27: {{ closed: true }}\n"
    );
    let engine = load("routes.yaml", &text, &(), &ChronoTz).unwrap();
    let office = engine.hours("office").unwrap();
    for (instant, open) in [
        ("2026-04-13T14:00:00Z", true),
        ("2026-04-13T16:30:00Z", false),
        ("2026-04-20T14:00:00Z", false),
        ("2026-04-21T05:59:00Z", true),
        ("2026-04-27T14:00:00Z", false),
    ] {
        assert_eq!(
            office.is_open_at(instant.parse().unwrap()),
            open,
            "{instant}"
        );
    }
}

fn engine(hours: &str, files: &[(&str, &str)]) -> Engine {
    let source = |(name, text): &(&str, &str)| SourceFile {
        name: (*name).to_owned(),
        text: (*text).to_owned(),
    };
    let files: Vec<SourceFile> = files.iter().map(source).collect();
    load("routes.yaml", &format!("{HEAD}{hours}"), &files, &ChronoTz)
        .unwrap_or_else(|faults| panic!("{faults}"))
}

fn answer(engine: &Engine, instant: &str) -> String {
    let office = engine.hours("office").unwrap();
    let instant = instant.parse().unwrap();
    let answer = office.answer(instant);
    assert_eq!(office.is_open_at(instant), answer.open);
    answer.to_string()
}

const PLAIN: &str = r#"
calendars: { us: { dates: [2026-12-25, 2026-07-03] } }
hours:
  office:
    zone: UTC
    weekly: { mon: ["09:00-17:00"], wed: ["09:00-17:00"], fri: ["09:00-17:00"] }
    seasons:
      - { from: 07-01, to: 08-31, weekly: { mon: ["08:00-14:00"], fri: ["08:00-14:00"] } }
      - { from: 08-10, to: 08-14, closed: true }
      - { from: 12-20, to: 01-06, open: ["10:00-12:00"] }
      - { from: 2026-09-01, to: 2026-09-02, open: ["00:00-24:00"] }
    nth:
      - { day: fri, nth: -1, open: ["09:00-12:00"] }
      - { day: mon, nth: [1, 3], closed: true }
    exceptions:
      12-24: { closed: true, reason: Christmas Eve }
      2026-12-24: { open: ["09:00-10:00"] }
    holidays: us
    force: { state: open, until: "2026-01-15T12:00:00+01:00", reason: launch }
"#;

#[test]
fn plain_hours_have_every_layer() {
    let engine = engine(PLAIN, &[]);
    for (instant, expected) in [
        (
            "2026-01-01T00:00:00Z",
            "open at Thu 2026-01-01 00:00 (forced: launch), closes Thu 2026-01-15 11:00",
        ),
        (
            "2026-01-15T11:00:00Z",
            "closed at Thu 2026-01-15 11:00 (weekly), opens Fri 2026-01-16 09:00",
        ),
        (
            "2026-02-27T12:00:00Z",
            "closed at Fri 2026-02-27 12:00 (nth weekday), opens Wed 2026-03-04 09:00",
        ),
        (
            "2026-07-01T10:00:00Z",
            "closed at Wed 2026-07-01 10:00 (season), opens Fri 2026-07-10 08:00",
        ),
        (
            "2026-07-03T10:00:00Z",
            "closed at Fri 2026-07-03 10:00 (holiday), opens Fri 2026-07-10 08:00",
        ),
        (
            "2026-07-10T10:00:00Z",
            "open at Fri 2026-07-10 10:00 (season), closes Fri 2026-07-10 14:00",
        ),
        (
            "2026-08-10T10:00:00Z",
            "closed at Mon 2026-08-10 10:00 (season), opens Fri 2026-08-21 08:00",
        ),
        (
            "2026-09-01T10:00:00Z",
            "open at Tue 2026-09-01 10:00 (season), closes Thu 2026-09-03 00:00",
        ),
        (
            "2026-12-24T09:30:00Z",
            "open at Thu 2026-12-24 09:30 (exception), closes Thu 2026-12-24 10:00",
        ),
        (
            "2027-12-24T09:30:00Z",
            "closed at Fri 2027-12-24 09:30 (exception: Christmas Eve), opens Sat 2027-12-25 10:00",
        ),
        (
            "2027-01-06T11:00:00Z",
            "open at Wed 2027-01-06 11:00 (season), closes Wed 2027-01-06 12:00",
        ),
    ] {
        assert_eq!(answer(&engine, instant), expected);
    }
}

#[test]
fn the_same_hours_as_a_text_are_the_same() {
    let text = r#"
calendars: { us: { dates: [2026-12-25, 2026-07-03] } }
hours:
  office:
    zone: UTC
    open: "Mo,We,Fr 09:00-17:00; Jul-Aug off; Jul-Aug Mo,Fr 08:00-14:00; Aug 10-14 off; Dec 20-Jan 6 10:00-12:00; 2026 Sep 1-2 24/7; Fr[-1] 09:00-12:00; Mo[1,3] off; Dec 24 off; 2026 Dec 24 09:00-10:00; PH off"
    holidays: us
"#;
    let (text, plain) = (engine(text, &[]), engine(PLAIN, &[]));
    let (text, plain) = (
        text.hours("office").unwrap(),
        plain.hours("office").unwrap(),
    );
    let start: chrono::DateTime<chrono::Utc> = "2026-01-15T11:00:00Z".parse().unwrap();
    for hour in 0..2 * 366 * 24 {
        let instant = start + chrono::TimeDelta::hours(hour);
        assert_eq!(
            text.is_open_at(instant),
            plain.is_open_at(instant),
            "{instant}"
        );
    }
}

#[test]
fn calendars_come_from_files() {
    let hours =
        "hours: { office: { zone: UTC, open: \"Mo-Su 09:00-17:00; PH off\", holidays: us } }\n";
    let ics = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261227\nSUMMARY:Christmas\nEND:VEVENT\nEND:VCALENDAR\n";
    let csv = "name,date\n\"Christmas\",2026-12-25\nChristmas,2026-12-26\n,2027-01-01\n";
    for (file, text) in [
        ("us.ics", ics),
        ("US.CSV", csv),
        (
            "columns.csv",
            "name,date,note1\nChristmas,2026-12-26,\n2,2027-01-01,3\n",
        ),
        ("plain.csv", "2026-12-25,Christmas\n2026-12-26,Christmas\n"),
    ] {
        let head = format!("calendars: {{ us: {{ file: {file}, dates: [2026-07-04] }} }}\n{hours}");
        let engine = engine(&head, &[(file, text)]);
        for (instant, expected) in [
            (
                "2026-12-26T10:00:00Z",
                "closed at Sat 2026-12-26 10:00 (holiday: Christmas), opens Sun 2026-12-27 09:00",
            ),
            (
                "2026-07-04T10:00:00Z",
                "closed at Sat 2026-07-04 10:00 (holiday), opens Sun 2026-07-05 09:00",
            ),
            (
                "2026-12-27T10:00:00Z",
                "open at Sun 2026-12-27 10:00 (weekly), closes Sun 2026-12-27 17:00",
            ),
        ] {
            assert_eq!(answer(&engine, instant), expected, "{file}");
        }
        assert_eq!(engine.sources().len(), 2);
    }
}

#[test]
fn faults_of_a_calendar_are_told_in_its_own_file() {
    let told = |file: &str, text: &str| {
        shown(&faults_with(
            &format!("{HEAD}calendars: {{ us: {{ file: {file} }} }}\n"),
            &[(file, text)],
        ))
    };
    assert_eq!(
        told("us.csv", "date,name\n2026-12-25,x\n26.12.2026,y\n,z\n"),
        [
            "3:1 : `26.12.2026` is no date; write it as in 2026-12-25",
            "4:1 : this line has no date",
        ]
    );
    assert_eq!(
        told("us.csv", "day,name\n"),
        ["1:1 : this heading has no `date`; write it as in `date,name`"]
    );
    assert_eq!(
        told("us.csv", "Date,line1\n"),
        ["1:1 : this heading has no `date`; write it as in `date,name`"]
    );
    assert_eq!(
        told("us.csv", "date,name\n"),
        ["3:26 $.calendars.us.file: there is no date in `us.csv`"]
    );
    assert_eq!(
        told("us.csv", "2026-12-25,\"x\n"),
        ["1:12 : this quote is never closed"]
    );
    let event =
        |lines: &str| format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{lines}END:VEVENT\nEND:VCALENDAR\n");
    assert_eq!(
        told(
            "us.ics",
            &event("DTSTART;VALUE=DATE:20261225\nRRULE:FREQ=YEARLY\n")
        ),
        ["4:1 : RRULE is not supported: write each date as an event of its own"]
    );
    assert_eq!(
        told("us.ics", "BEGIN:VCALENDAR\nEND:VCALENDAR\n"),
        ["3:26 $.calendars.us.file: there is no date in `us.ics`"]
    );
    let years = 100_000 / 366 + 2;
    let many: String = (0..years)
        .map(|year| {
            format!(
                "BEGIN:VEVENT\nDTSTART:{:04}0101\nDURATION:P366D\nEND:VEVENT\n",
                1000 + year
            )
        })
        .collect();
    assert_eq!(
        told("us.ics", &format!("BEGIN:VCALENDAR\n{many}END:VCALENDAR\n")),
        ["3:18 $.calendars.us: a calendar has at most 100000 dates"]
    );
}
