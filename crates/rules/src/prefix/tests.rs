//! Tables against comparing texts.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Key, PrefixTable};

/// A table of these texts, each with its place as its value.
fn table(texts: impl Iterator<Item = String>) -> PrefixTable {
    let keys = texts.map(|text| Key::prefix(&text).unwrap());
    PrefixTable::from(keys.zip(0..).collect::<Vec<_>>())
}

#[test]
fn a_table_that_grows_takes_at_most_24_bytes_a_prefix() {
    let mut table = PrefixTable::with_capacity(100_000);
    for number in 0..100_000 {
        table.insert(
            Key::prefix(&format!("+{}", 1_000_000 + number * 7)).unwrap(),
            number,
        );
    }
    assert_eq!(table.len(), 100_000);
    assert!(table.bytes() <= 24 * 100_000, "{}", table.bytes());
    for number in 0..100_000 {
        let text = format!("+{}55", 1_000_000 + number * 7);
        assert_eq!(table.longest(Key::call(&text)), Some(number));
    }
}

/// Numbers in a row, with gaps, under one prefix, of several lengths and scattered: none of them
/// crowds some of the lines and leaves others empty.
#[test]
fn prefixes_of_every_kind_are_packed() {
    let kinds: [fn(u64) -> String; 6] = [
        |n| format!("+1314{n:07}"),
        |n| format!("+49{:07}", n * 3),
        |n| format!("+1{:06}", n * 7),
        |n| format!("{}", 1_000_000_000 + n * 10_000),
        |n| {
            format!(
                "+1{:0>width$}",
                n * 79 % 100_000,
                width = 5 + 2 * (n % 2) as usize
            )
        },
        |n| format!("+{}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 37 | 1 << 26),
    ];
    for kind in kinds {
        for count in [1_000, 30_000] {
            let texts: std::collections::BTreeSet<String> = (0..count).map(kind).collect();
            let table = table(texts.iter().cloned());
            assert_eq!(table.len(), texts.len());
            let each = table.bytes() / texts.len();
            assert!(
                each <= 16 + 16_384 / texts.len(),
                "{each} bytes: {}",
                kind(1)
            );
            for (text, value) in texts.iter().zip(0..) {
                assert_eq!(table.get(Key::prefix(text).unwrap()), Some(value));
            }
        }
    }
}

#[test]
fn a_group_that_grows_moves_as_a_whole() {
    let mut table = table((0..1_000).map(|n| format!("+49{n:04}")));
    let before = table.bytes();
    // Far more than a line has room for; then one shorter than all, and others unlike them.
    let more = (0..10).map(|n| format!("+490007{n}"));
    let more = more.chain(["+4", "+490", "", "4", "+4900071234567890"].map(str::to_owned));
    for (text, value) in more.clone().zip(2_000..) {
        if let Some(key) = Key::prefix(&text) {
            assert_eq!(table.insert(key, value), None, "{text}");
            assert_eq!(table.insert(key, value), Some(value), "{text}");
        }
    }
    assert_eq!(
        table.insert(Key::prefix("+490007").unwrap(), 7_000),
        Some(7)
    );
    assert_eq!(table.len(), 1_000 + 14);
    assert!(table.bytes() < 2 * before);
    let longest = |text: &str| table.longest(Key::call(text));
    assert_eq!(longest("+4900070123456"), Some(2_000));
    assert_eq!(longest("+4900079123456"), Some(2_009));
    assert_eq!(longest("+490007"), Some(7_000));
    assert_eq!(longest("+4900081234567"), Some(8));
    assert_eq!(longest("+4901234567890"), Some(123));
    assert_eq!(longest("+490"), Some(2_011));
    assert_eq!(longest("+48"), Some(2_010));
    assert_eq!(longest("48"), Some(2_013));
    assert_eq!(longest("+3"), Some(2_012));
    assert_eq!(table.all(Key::EVERY).collect::<Vec<_>>(), [2_012]);
}

#[test]
fn debug_shows_no_number() {
    let table = table((0..1_000).map(|n| format!("+49{n:04}")));
    assert_eq!(format!("{table:?}"), "PrefixTable { len: 1000, .. }");
}

/// What is in a table, and how it was put there.
#[derive(Debug, Clone)]
struct Entry {
    text: String,
    whole: bool,
    value: u32,
}

impl Entry {
    fn key(&self) -> Key {
        match self.whole {
            true => Key::number(&self.text).unwrap(),
            false => Key::prefix(&self.text).unwrap(),
        }
    }
}

fn entry() -> impl Strategy<Value = Entry> {
    let prefix = prop_oneof![
        4 => "\\+?[12]{0,6}",
        2 => "\\+1314[0-9]{3,6}",
        1 => "\\+?[12]{9,15}",
    ];
    let prefix = prefix.prop_map(|text| (text, false));
    let whole = prop_oneof!["\\+?[12]{1,8}", "\\+1314[0-9]{3,11}"];
    let whole = whole.prop_map(|text| (text, true));
    let value = prop_oneof![6 => 0_u32..1_000, 1 => Just(u32::MAX), 1 => any::<u32>()];
    let text = prop_oneof![2 => prefix, 1 => whole];
    (text, value).prop_map(|((text, whole), value)| Entry { text, whole, value })
}

proptest! {
    #[test]
    fn agrees_with_comparing_texts(
        first in proptest::collection::vec(entry(), 0..400),
        later in proptest::collection::vec(entry(), 0..40),
        calls in proptest::collection::vec(prop_oneof!["\\+?[12a]{1,9}", "\\+?[12]{9,15}", "\\+1314[0-9]{3,11}"], 40),
        // Grown from nothing, in a table that is looked up as large ones are, or made at once.
        room in prop_oneof![Just(Some(0)), Just(Some(30_000)), Just(None)],
    ) {
        let mut texts: BTreeMap<(String, bool), u32> = BTreeMap::new();
        let mut table = match room {
            Some(room) => PrefixTable::with_capacity(room),
            None => PrefixTable::from(first.iter().map(|entry| (entry.key(), entry.value)).collect::<Vec<_>>()),
        };
        for entry in &first {
            let before = texts.insert((entry.text.clone(), entry.whole), entry.value);
            if room.is_some() {
                prop_assert_eq!(table.insert(entry.key(), entry.value), before);
            }
        }
        for entry in &later {
            let before = texts.insert((entry.text.clone(), entry.whole), entry.value);
            prop_assert_eq!(table.get(entry.key()), before);
            prop_assert_eq!(table.insert(entry.key(), entry.value), before);
        }
        // Fifteen digits are a whole number and its prefix at once.
        let keys: BTreeMap<Key, u32> = first.iter().chain(&later).map(|entry| (entry.key(), entry.value)).collect();
        prop_assert_eq!(table.len(), keys.len());
        let table = table.clone();
        for (key, value) in &keys {
            prop_assert_eq!(table.get(*key), Some(*value));
        }
        for call in calls.iter().map(|call| Key::call(call)).chain(keys.keys().copied()) {
            let mut found: Vec<(usize, u32)> = keys.iter().filter(|(key, _)| key.begins(call)).map(|(key, value)| (key.len(), *value)).collect();
            found.sort_unstable();
            let expected: Vec<u32> = found.iter().rev().map(|(_, value)| *value).collect();
            prop_assert_eq!(table.all(call).collect::<Vec<_>>(), expected.clone());
            prop_assert_eq!(table.longest(call), expected.first().copied());
        }
    }
}
