//! Properties of reading: no input panics, and what was written is read back.

use callroute_schema::{Actions, Event};
use proptest::prelude::*;
use serde_json::{Value, json};

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

/// A word that may stand for any name.
fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_]{0,11}"
}

fn number() -> impl Strategy<Value = String> {
    "\\+1[2-9][0-9]{9}"
}

/// Where a call may be sent.
fn destination() -> impl Strategy<Value = Value> {
    let strategy =
        prop::sample::select(vec!["simultaneous", "sequential", "random", "round_robin"]);
    let member = prop_oneof![
        number().prop_map(Value::from),
        (number(), 1..60u32).prop_map(|(to, ring_s)| json!({ "to": to, "ring_s": ring_s })),
    ];
    let members = prop::collection::vec(member, 1..5);
    prop_oneof![
        number().prop_map(|number| json!({ "type": "number", "number": number })),
        name().prop_map(|name| json!({ "type": "user", "name": name })),
        name().prop_map(|name| json!({ "type": "agent", "name": name })),
        (members, strategy).prop_map(
            |(members, strategy)| json!({ "type": "ring_group", "members": members, "strategy": strategy })
        ),
    ]
}

/// Actions as people write them, one within the other.
fn action() -> impl Strategy<Value = Value> {
    let text = "[^\\p{C}{}]{0,20}[a-z]";
    let leaf = prop_oneof![
        name().prop_map(Value::from),
        name().prop_map(|name| json!({ "action": "voicemail", "message": name })),
        text.prop_map(|text| json!({ "action": "say", "text": text, "language": "de" })),
        name().prop_map(|name| json!({ "action": "play", "prompt": name })),
        name().prop_map(|name| json!({ "action": "webhook", "name": name })),
        name().prop_map(|name| json!({ "action": "conference", "name": name })),
        (name(), text)
            .prop_map(|(name, text)| json!({ "action": "set", "attributes": { name: text } })),
        number().prop_map(|number| json!({ "action": "redirect", "contacts": [number] })),
        prop::sample::select(vec!["hangup", "busy", "continue"])
            .prop_map(|action| json!({ "action": action })),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let branch = prop_oneof![
            inner.clone(),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Value::from),
        ];
        let failure = prop::sample::select(vec!["busy", "no_answer", "failed", "declined"]);
        let on = prop::collection::btree_map(failure, branch.clone(), 1..4);
        let options = prop::collection::btree_map("[0-9]", branch, 1..5);
        prop_oneof![
            (destination(), on).prop_map(
                |(to, on)| json!({ "action": "forward", "destination": to, "on": on })
            ),
            (name(), options).prop_map(
                |(prompt, options)| json!({ "action": "menu", "prompt": { "play": prompt }, "options": options })
            ),
        ]
    })
}

proptest! {
    /// Every action that is well written is read, and nothing of it is lost: written again, it says
    /// the same, and is the same value when read again.
    #[test]
    fn actions_come_back_as_they_were(written in action()) {
        let read = Actions::from_json(written.to_string().as_bytes());
        let read = read.unwrap_or_else(|error| panic!("{written}: {error}"));
        let json = read.to_json();
        let again: Value = serde_json::from_str(&json).expect("JSON");
        prop_assert_eq!(&again, &written);
        prop_assert_eq!(Actions::from_json(json.as_bytes()).expect("own output is read"), read);
    }

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
