//! Seconds since 1970 of an event's timestamp: what hours are asked with, for nearly every call.

use callroute_schema::Timestamp;
use chrono::{Datelike, Timelike};

const DAY_S: i64 = 86_400;
/// The first year of the table.
const FIRST: i32 = 1970;
/// Where each year begins, in days since 1970, less one: its own days are counted from one.
const BEGINS: [i64; 256] = begins();

const fn begins<const YEARS: usize>() -> [i64; YEARS] {
    let mut begins = [0; YEARS];
    let (mut year, mut days) = (FIRST, -1);
    let mut rest: &mut [i64] = &mut begins;
    while let [begin, more @ ..] = rest {
        *begin = days;
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        days += if is_leap { 366 } else { 365 };
        year += 1;
        rest = more;
    }
    begins
}

/// Whole seconds since 1970. Looked up by year, where chrono divides and multiplies.
#[inline(always)]
pub(super) fn seconds(at: &Timestamp) -> i64 {
    let utc = at.naive_utc();
    let year = usize::try_from(utc.year() - FIRST).ok();
    match year.and_then(|year| BEGINS.get(year)) {
        Some(begin) => {
            let days = begin + i64::from(utc.ordinal());
            // Of the time: what a date with a time has by this name puts hours and minutes together.
            days * DAY_S + i64::from(utc.time().num_seconds_from_midnight())
        }
        None => at.timestamp(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, FixedOffset, TimeDelta};

    use super::seconds;

    #[test]
    fn seconds_are_those_of_chrono() {
        let zones = [-43_200, 0, 20_700, 50_400].map(|east| FixedOffset::east_opt(east).unwrap());
        let mut at = DateTime::parse_from_rfc3339("1960-01-01T23:59:59Z").unwrap();
        // Past the end of the table, three or four times a day.
        while seconds(&at) < 8_200_000_000 {
            for zone in zones {
                let there = at.with_timezone(&zone);
                assert_eq!(seconds(&there), at.timestamp(), "{there}");
            }
            at += TimeDelta::seconds(25_000);
        }
        let leap = DateTime::parse_from_rfc3339("2016-12-31T23:59:60Z").unwrap();
        assert_eq!(seconds(&leap), leap.timestamp());
        for end in [
            DateTime::<chrono::Utc>::MIN_UTC,
            DateTime::<chrono::Utc>::MAX_UTC,
        ] {
            assert_eq!(seconds(&end.fixed_offset()), end.timestamp());
        }
    }
}
