//! Tables against comparing texts.

use std::collections::HashMap;

use proptest::prelude::*;

use super::{Key, PrefixTable};

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
    assert!(table.bytes() <= 24 * 100_000, "{}", table.bytes());
    for number in 0..100_000 {
        let text = format!("+{}55", 1_000_000 + number * 7);
        assert_eq!(table.longest(Key::call(&text)), Some(number));
    }
}

proptest! {
    #[test]
    fn agrees_with_comparing_texts(
        prefixes in proptest::collection::vec("\\+?[12]{0,6}", 0..200),
        whole in proptest::collection::vec("\\+?[12]{1,8}", 0..100),
        calls in proptest::collection::vec("\\+?[12a]{1,9}", 20),
        // The last makes a table that is looked up as large ones are.
        room in prop_oneof![0_usize..300, Just(30_000)],
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
