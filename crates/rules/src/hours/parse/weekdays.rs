//! `Mo-Fr`, `Sa,Su,PH`, `Mo[1]`, `Fr[-1]`.

use chrono::Weekday;

use super::super::lexer::{HoursError, Lexer};
use super::super::when::{On, Which};
use super::words::{number, unknown, weekday};

/// Reads a list of weekdays; as few parts as there are kinds of them.
pub(super) fn weekdays(lexer: &mut Lexer<'_>) -> Result<Vec<On>, HoursError> {
    let (mut days, mut holidays) = (0_u8, false);
    let mut nth = Vec::new();
    loop {
        match a_weekday(lexer)? {
            None => holidays = true,
            Some(first) if lexer.peek() == Some('[') => {
                let which = places(lexer)?;
                let weekday = Weekday::try_from(first).unwrap_or(Weekday::Mon);
                nth.push(On::Nth { weekday, which });
            }
            Some(first) => {
                let last = match lexer.take("-") {
                    true => match a_weekday(lexer)? {
                        Some(last) => last,
                        None => return Err(lexer.unexpected("a weekday before this")),
                    },
                    false => first,
                };
                let mut day = first;
                while day != last {
                    days |= 1 << day;
                    day = (day + 1) % 7;
                }
                days |= 1 << last;
            }
        }
        if lexer.peek() == Some('[') {
            return Err(lexer.unexpected("a time (`[1]` follows one weekday, as in Mo[1])"));
        }
        if !lexer.take(",") {
            break;
        }
        lexer.spaces();
    }
    let mut all = Vec::new();
    if days != 0 {
        all.push(On::Weekdays(days));
    }
    all.extend(nth);
    if holidays {
        all.push(On::Holidays);
    }
    Ok(all)
}

/// A weekday from 0, Monday; `None` is `PH`.
fn a_weekday(lexer: &mut Lexer<'_>) -> Result<Option<u8>, HoursError> {
    let start = lexer.at();
    let word = lexer.word();
    match (word, weekday(word)) {
        ("PH", _) => Ok(None),
        (_, Some(day)) => Ok(Some(day)),
        ("", None) => Err(lexer.unexpected("a weekday: Mo, Tu, We, Th, Fr, Sa, Su or PH")),
        (word, None) => Err(lexer.wrong_since(start, unknown(word))),
    }
}

/// `[1]`, `[1,3]`, `[1-2]`, `[-1]`.
fn places(lexer: &mut Lexer<'_>) -> Result<Which, HoursError> {
    const EXPECTED: &str = "1 to 5, or -1 to -5 from the end of the month";
    let mut which = Which::default();
    lexer.take("[");
    loop {
        let start = lexer.at();
        let backwards = lexer.take("-");
        let first = number(lexer, 1..=5, EXPECTED)?;
        let mut last = first;
        if !backwards && lexer.take("-") {
            last = number(lexer, 1..=5, EXPECTED)?;
            if last <= first {
                return Err(lexer.wrong_since(start, "this range runs backwards"));
            }
        }
        for place in first..=last {
            let place = i8::try_from(place).unwrap_or_default();
            if !which.add(if backwards { -place } else { place }) {
                return Err(lexer.wrong_since(start, format!("expected {EXPECTED}")));
            }
        }
        if lexer.take("]") {
            return Ok(which);
        }
        if !lexer.take(",") {
            return Err(lexer.unexpected("`]`, or `,` and another number"));
        }
        lexer.spaces();
    }
}
