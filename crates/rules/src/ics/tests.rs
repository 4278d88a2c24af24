//! Calendars as programs write them, and what is refused.

use proptest::prelude::*;

use super::read;

fn calendar(events: &str) -> String {
    format!("BEGIN:VCALENDAR\nVERSION:2.0\n{events}END:VCALENDAR\n")
}

fn event(lines: &str) -> String {
    calendar(&format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT\n"))
}

#[test]
fn reads_whole_days() {
    let text = "\u{feff}BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nBEGIN:STANDARD\r\n\
        DTSTART:20070101T020000\r\nRRULE:FREQ=YEARLY\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n\
        BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261225\r\nDTEND;VALUE=DATE:20261227\r\n\
        DTSTAMP:20260101T000000Z\r\nSUMMARY;LANGUAGE=\"en:US\":Christmas\\, \r\n both days\r\n\
        BEGIN:VALARM\r\nTRIGGER:-P1D\r\nDURATION:PT1H\r\nSUMMARY:Alarm\r\nEND:VALARM\r\n\
        END:VEVENT\r\n\r\n\
        BEGIN:VEVENT\r\ndtstart:20270101\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20270405\r\nDURATION:P1W\r\nSUMMARY:\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nSTATUS:CANCELLED\r\nDTSTART;VALUE=DATE:20270501\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nDTSTART:20270501T090000Z\r\nRRULE:FREQ=DAILY\r\nSTATUS:CANCELLED\r\n\
        END:VEVENT\r\n\
        END:VCALENDAR\r\n";
    let (events, faults) = read(text);
    assert!(faults.is_empty(), "{faults:?}");
    let shown: Vec<String> = events
        .iter()
        .map(|event| format!("{} {} {:?}", event.from, event.to, event.name))
        .collect();
    assert_eq!(
        shown,
        [
            "2026-12-25 2026-12-26 Some(\"Christmas, both days\")",
            "2027-01-01 2027-01-01 None",
            "2027-04-05 2027-04-11 None",
        ]
    );
}

#[test]
fn refuses_what_is_no_whole_day_with_its_line() {
    let day = "DTSTART;VALUE=DATE:20261225";
    for (text, line, message) in [
        (
            String::new(),
            1,
            "expected BEGIN:VCALENDAR: this is no iCalendar file",
        ),
        (
            "date,name\n2026-12-25,x\n".to_owned(),
            1,
            "expected BEGIN:VCALENDAR: this is no iCalendar file",
        ),
        (
            calendar("nonsense\n"),
            3,
            "this line has no `:`; expected a name and a value, as in DTSTART;VALUE=DATE:20261225",
        ),
        (
            calendar("END:VEVENT\n"),
            3,
            "`END:VEVENT` ends nothing that began before it",
        ),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\n".to_owned(),
            2,
            "`BEGIN:VEVENT` is never ended",
        ),
        (event("SUMMARY:x"), 3, "this event has no DTSTART"),
        (
            event(&format!("{day}\n{day}")),
            5,
            "DTSTART is given twice in this event",
        ),
        (
            event("DTSTART;VALUE=DATE:20260230"),
            4,
            "`20260230` is no date; expected one as in 20261225",
        ),
        (
            event("DTSTART:2026-12-25"),
            4,
            "`2026-12-25` is no date; expected one as in 20261225",
        ),
        (
            event("DTSTART:20261225T090000Z"),
            4,
            "DTSTART has a time of day; a holiday is a whole day, as in DTSTART;VALUE=DATE:20261225",
        ),
        (
            event(&format!("{day}\nRRULE:FREQ=YEARLY")),
            5,
            "RRULE is not supported: write each date as an event of its own",
        ),
        (
            event("DTSTART:20261225T090000Z\nDTEND:20261225T100000Z\nRRULE:FREQ=YEARLY"),
            4,
            "DTSTART has a time of day; a holiday is a whole day, as in DTSTART;VALUE=DATE:20261225",
        ),
        (
            event(&format!("{day}\nDURATION:PT24H")),
            5,
            "`PT24H` is no duration in whole days; expected one as in P1D",
        ),
        (
            event(&format!("{day}\nDTEND;VALUE=DATE:20261225")),
            3,
            "this event ends on 2026-12-25, before or on the day it starts, 2026-12-25; DTEND is the day after its last",
        ),
        (
            event(&format!("{day}\nDTEND;VALUE=DATE:20281225")),
            3,
            "this event has 731 days; expected at most 366",
        ),
    ] {
        let (_, faults) = read(&text);
        let shown: Vec<_> = faults
            .iter()
            .map(|fault| (fault.span.line, fault.error.to_string()))
            .collect();
        assert_eq!(shown, [(line, message.to_owned())], "{text}");
    }
}

proptest! {
    #[test]
    fn never_panics_and_points_inside_the_text(
        text in "((BEGIN|END):(VCALENDAR|VEVENT|VALARM)\n|DTSTART:20261225\n|[A-Z\":;, \u{feff}é\r\n]){0,12}",
    ) {
        let text = format!("BEGIN:VCALENDAR\n{text}");
        for fault in read(&text).1 {
            prop_assert!(fault.span.start <= fault.span.end && fault.span.end <= text.len());
            prop_assert!(text.get(fault.span.start..fault.span.end).is_some());
        }
    }
}
