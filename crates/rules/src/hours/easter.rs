//! Easter Sunday of the western churches.

use chrono::NaiveDate;

/// Easter Sunday of a year, by the Gregorian reckoning (Meeus, Jones and Butcher).
pub(super) fn easter(year: i32) -> Option<NaiveDate> {
    let (century, of_century) = (year.div_euclid(100), year.rem_euclid(100));
    let moon = year.rem_euclid(19);
    let leap = century - century.div_euclid(4);
    let drift = (8 * century + 13).div_euclid(25);
    let age = (19 * moon + leap - drift + 15).rem_euclid(30);
    let shift = (32 + 2 * century.rem_euclid(4) + 2 * (of_century / 4) - age - of_century % 4)
        .rem_euclid(7);
    let late = (moon + 11 * age + 22 * shift) / 451;
    let days = age + shift - 7 * late + 114;
    let month = u32::try_from(days / 31).ok()?;
    let day = u32::try_from(days % 31 + 1).ok()?;
    NaiveDate::from_ymd_opt(year, month, day)
}

#[cfg(test)]
mod tests {
    use super::easter;

    #[test]
    fn easter_is_when_the_churches_say() {
        for date in [
            "1818-03-22",
            "1943-04-25",
            "1954-04-18",
            "1981-04-19",
            "2000-04-23",
            "2008-03-23",
            "2011-04-24",
            "2019-04-21",
            "2024-03-31",
            "2025-04-20",
            "2026-04-05",
            "2027-03-28",
            "2038-04-25",
            "2049-04-18",
            "2076-04-19",
            "2285-03-22",
        ] {
            let expected: chrono::NaiveDate = date.parse().unwrap();
            assert_eq!(easter(chrono::Datelike::year(&expected)), Some(expected));
        }
        for year in [i32::MIN / 64, -1, 0, 262_142, i32::MAX / 64] {
            easter(year);
        }
    }
}
