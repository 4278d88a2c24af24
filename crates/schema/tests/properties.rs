//! Properties of reading: no input panics, and what was written is read back.

use callroute_schema::{Actions, Event};
use proptest::prelude::*;

fn document() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "action",
        "type",
        "forward",
        "voicemail",
        "menu",
        "say",
        "text",
        "destination",
        "ring_group",
        "members",
        "strategy",
        "on",
        "failed",
        "repeat",
        "then",
        "options",
        "1",
        "#",
        "+16822306467",
        "",
        "prompt",
        "webhook",
        "name",
        "url",
    ]);
    let leaf = prop_oneof![
        word.clone().prop_map(|word| format!("{word:?}")),
        any::<i64>().prop_map(|number| number.to_string()),
        Just("null".to_owned()),
        Just("true".to_owned()),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|v| format!("[{}]", v.join(","))),
            prop::collection::vec((word.clone(), inner), 0..6).prop_map(|v| {
                let entries: Vec<String> = v
                    .iter()
                    .map(|(key, value)| format!("{key:?}:{value}"))
                    .collect();
                format!("{{{}}}", entries.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_document_panics_and_what_is_read_is_stable(text in document()) {
        if let Ok(answer) = Actions::from_json(text.as_bytes()) {
            let written = answer.to_json();
            let again = Actions::from_json(written.as_bytes()).expect("own output is read");
            prop_assert_eq!(again.to_json(), written);
        }
        let _ = Event::from_json(text.as_bytes());
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Actions::from_json(&bytes);
        let _ = Event::from_json(&bytes);
    }
}
