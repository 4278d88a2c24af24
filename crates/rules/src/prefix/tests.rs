//! Keys and tables against comparing texts.

use std::collections::HashMap;

use proptest::prelude::*;

use super::{Key, PrefixTable};

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

#[test]
fn a_line_is_a_cache_line() {
    let mut table = PrefixTable::with_capacity(100_000);
    for number in 0..100_000 {
        table.insert(
            Key::prefix(&format!("+{}", 1_000_000 + number * 7)).unwrap(),
            number,
        );
    }
    assert_eq!(table.len(), 100_000);
    assert!(table.bytes() / 100_000 <= 24, "{}", table.bytes());
    for number in 0..100_000 {
        let text = format!("+{}55", 1_000_000 + number * 7);
        assert_eq!(table.longest(Key::call(&text)), Some(number));
    }
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
    fn agrees_with_comparing_texts(
        prefixes in proptest::collection::vec("\\+?[12]{0,6}", 0..200),
        whole in proptest::collection::vec("\\+?[12]{1,8}", 0..100),
        calls in proptest::collection::vec("\\+?[12a]{1,9}", 20),
        room in 0_usize..300,
    ) {
        let mut table = PrefixTable::with_capacity(room);
        let mut texts: HashMap<(String, bool), u32> = HashMap::new();
        for (text, is_whole) in prefixes.iter().map(|text| (text, false)).chain(whole.iter().map(|text| (text, true))) {
            let value = u32::try_from(texts.len()).unwrap();
            let key = if is_whole { Key::number(text) } else { Key::prefix(text) };
            let before = table.insert(key.unwrap(), value);
            prop_assert_eq!(before, texts.insert((text.clone(), is_whole), value));
            prop_assert_eq!(table.get(key.unwrap()), Some(value));
        }
        prop_assert_eq!(table.len(), texts.len());
        for call in &calls {
            let mut found: Vec<(usize, bool, u32)> = texts.iter().filter(|((text, is_whole), _)| {
                if *is_whole { text == call } else {
                    // `+` is a world of its own: no local prefix covers what begins with it.
                    call.starts_with(text.as_str()) && (text.is_empty() || text.starts_with('+') == call.starts_with('+'))
                }
            }).map(|((text, is_whole), value)| (text.len(), *is_whole, *value)).collect();
            found.sort_unstable();
            found.reverse();
            let expected: Vec<u32> = found.iter().map(|(_, _, value)| *value).collect();
            let key = Key::call(call);
            prop_assert_eq!(table.all(key).collect::<Vec<_>>(), expected.clone());
            prop_assert_eq!(table.longest(key), expected.first().copied());
        }
    }
}
