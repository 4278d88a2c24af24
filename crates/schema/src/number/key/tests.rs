//! Keys against the texts that they are made of.

use proptest::prelude::*;

use super::Key;

#[test]
fn whole_numbers_match_only_themselves() {
    for text in [
        "+13146523057",
        "1001",
        "*97",
        "0",
        "+123456789012345",
        "123456789012345",
    ] {
        let key = Key::number(text).unwrap();
        assert!(key.begins(Key::call(text)), "{text}");
        assert!(!key.begins(Key::call(&format!("{text}1"))), "{text}");
        let mut shorter = text.to_owned();
        shorter.pop();
        assert!(!key.begins(Key::call(&shorter)), "{text}");
        assert_eq!(key.to_string(), text);
    }
    assert!(!Key::number("1314").unwrap().begins(Key::call("+1314")));
    for text in ["", "alice", "1800flowers", "+1234567890123456", "1 2", "é"] {
        assert_eq!(Key::number(text), None, "{text}");
    }
}

#[test]
fn prefixes_match_what_begins_so() {
    for (prefix, call, matches) in [
        ("+1314", "+13146523057", true),
        ("+1314", "+1314", true),
        ("+1314", "+131", false),
        ("+1314", "13146523057", false),
        ("+", "+1", true),
        ("+", "1", false),
        ("", "alice", true),
        ("1800", "1800flowers", true),
        ("18", "1", false),
        ("9", "91234567890123456789", true),
    ] {
        let key = Key::prefix(prefix).unwrap();
        assert_eq!(key.begins(Key::call(call)), matches, "{prefix} {call}");
    }
    assert_eq!(Key::prefix("+1314").unwrap().to_string(), "+1314*");
    assert_eq!(Key::EVERY.to_string(), "*");
}

#[test]
fn nothing_matches_letters_and_what_is_too_long() {
    let long = Key::call("+1234567890123456");
    assert!(!Key::number("+123456789012345").unwrap().begins(long));
    assert!(Key::prefix("+12345678901234").unwrap().begins(long));
    assert!(Key::number("alic3").is_none());
    assert_eq!(
        Key::call("").len(),
        2,
        "nothing pressed is a number of no digits"
    );
}

proptest! {
    #[test]
    fn digits_are_packed_as_they_are_written(text in "\\+?[0-9]{0,18}[*#a:/]?[0-9]{0,3}") {
        let key = Key::call(&text);
        let fits = text.trim_start_matches('+').len() <= 15;
        let plain = text.chars().all(|c| c.is_ascii_digit() || "+*#".contains(c));
        prop_assert_eq!(Key::number(&text).is_some(), fits && plain && !text.is_empty());
        if let Some(number) = Key::number(&text) {
            prop_assert_eq!(number, key);
            prop_assert_eq!(number.to_string(), text);
        }
    }

    #[test]
    fn international_is_a_plus_and_eight_digits(text in "\\+?[0-9]{0,17}[a*]?[0-9]{0,3}") {
        let digit = |c: &char| c.is_ascii_digit() || matches!(c, '*' | '#');
        let digits = text.chars().skip(1).take_while(digit).count();
        let expected = text.starts_with('+') && digits >= 8;
        prop_assert_eq!(Key::call(&text).is_international(), expected, "{}", text);
    }
}
