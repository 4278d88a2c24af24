//! The contract's documents, byte for byte, and what reading refuses.

use callroute_schema::{
    Action, Actions, Destination, Disposition, Event, Menu, MenuName, SipUri, Strategy,
};
use sha2::{Digest, Sha256};

const EVENT: &str = r#"{"event":"incoming_call","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"abc123xyz"}"#;
const RING_GROUP: &str = r#"{"action":"forward","destination":{"type":"ring_group","members":["+16822306467","+12125551234"],"strategy":"simultaneous"}}"#;
const VOICEMAIL: &str = r#"{"action":"voicemail","message":"office_closed"}"#;

fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn fault(answer: &str) -> String {
    match Actions::from_json(answer.as_bytes()) {
        Ok(actions) => format!("no fault: {actions:?}"),
        Err(error) => error.to_string(),
    }
}

/// B14, B17: the payload of the incoming call.
#[test]
fn the_incoming_call_is_golden() {
    let event = Event::from_json(EVENT.as_bytes()).unwrap();
    assert_eq!(event.to_json(), EVENT);
    assert_eq!(
        sha256(&event.to_json()),
        "790250cf233399d625333a0d2aca77f13c8374a17b9f2a435073c79ba3d6323f"
    );
}

/// B16, B19: the ring-group answer.
#[test]
fn the_ring_group_answer_is_golden() {
    let answer = Actions::from_json(RING_GROUP.as_bytes()).unwrap();
    assert_eq!(answer.to_json(), RING_GROUP);
    assert_eq!(
        sha256(&answer.to_json()),
        "eac093d3037ba9651cbe45ef660ea5d16bbab7e1cf951465aacb05956c85251d"
    );
}

/// B22: the after-hours voicemail answer.
#[test]
fn the_voicemail_answer_is_golden() {
    let answer = Actions::from_json(VOICEMAIL.as_bytes()).unwrap();
    assert_eq!(answer.to_json(), VOICEMAIL);
    assert_eq!(
        sha256(&answer.to_json()),
        "cff9d02f9d99fa5b7c2363867ff7768d6efc86e2c322c262cb18288b2f9bfd55"
    );
}

/// B18: offsets and fractions are kept.
#[test]
fn timestamps_keep_offset_and_fraction() {
    for timestamp in [
        "2026-04-21T14:32:00Z",
        "2026-04-21T14:32:00.250Z",
        "2026-04-21T16:32:00+02:00",
        "2026-04-21T20:17:00.000001+05:45",
        "2026-04-21T10:02:00-04:30",
    ] {
        let text = EVENT.replace("2026-04-21T14:32:00Z", timestamp);
        let event = Event::from_json(text.as_bytes()).unwrap();
        assert_eq!(event.to_json(), text);
        let mut written = b"before ".to_vec();
        event.write_json(&mut written);
        assert_eq!(written, [b"before ", text.as_bytes()].concat());
    }
    let wrong = EVENT.replace("2026-04-21T14:32:00Z", "2026-04-21 at noon");
    let error = Event::from_json(wrong.as_bytes()).unwrap_err();
    assert_eq!(error.path(), "$.timestamp");
}

/// B20: members as plain strings and as objects.
#[test]
fn members_are_strings_or_objects() {
    let text = r#"{"action":"forward","destination":{"type":"ring_group","members":["ann",{"to":"sip:bob@pbx.example","ring_s":15},{"to":"+12125551234","delay_s":5}],"strategy":"sequential","ring_s":20}}"#;
    let answer = Actions::from_json(text.as_bytes()).unwrap();
    assert_eq!(answer.to_json(), text);
    let [Action::Forward(forward)] = answer.as_slice() else {
        panic!("not one forward: {answer:?}");
    };
    let Destination::RingGroup(group) = &forward.destination else {
        panic!("not a ring group");
    };
    assert_eq!(group.strategy, Strategy::Sequential);
    assert_eq!(group.members[1].ring_s, Some(15));
}

/// Any key order and white space; the form that is written is the contract's.
#[test]
fn key_order_does_not_matter_in_json() {
    let shuffled = r#" { "destination" : { "strategy":"simultaneous",
        "members":["+16822306467","+12125551234"], "type":"ring_group" }, "action":"forward" } "#;
    let answer = Actions::from_json(shuffled.as_bytes()).unwrap();
    assert_eq!(answer.to_json(), RING_GROUP);
}

/// A7, B4: a list of actions; every action of the contract round-trips.
#[test]
fn every_action_round_trips() {
    for text in [
        r#"{"action":"forward","destination":{"type":"number","number":"+16822306467"}}"#,
        r#"{"action":"forward","destination":{"type":"sip","uri":"sip:ann@pbx.example"},"ring_s":10}"#,
        r#"{"action":"forward","destination":{"type":"agent","name":"ann"},"on":{"busy":{"action":"voicemail","message":"sales"},"failed":[{"action":"say","text":"Sorry."},{"action":"hangup"}]}}"#,
        r#"{"action":"say","text":"Guten Tag 👋","language":"de","voice":"anna"}"#,
        r#"{"action":"play","prompt":"goodbye"}"#,
        r#"{"action":"menu","name":"main"}"#,
        r#"{"action":"menu","prompt":{"say":"Press 1"},"options":{"1":"sales","2":{"action":"hangup"}},"timeout_s":7,"on":{"timeout":"after_hours","invalid":{"repeat":2,"then":"after_hours"}}}"#,
        r#"{"action":"webhook","name":"sales"}"#,
        r#"{"action":"webhook","url":"https://yourcompany.com/hook","deadline_ms":900,"on":{"failed":"sales_group"}}"#,
        r#"{"action":"reject","cause":"user_busy"}"#,
        r#"{"action":"hangup"}"#,
        r#"{"action":"play","url":"https://yourcompany.com/hello.wav","on":{"failed":{"action":"play","prompt":"goodbye"}}}"#,
        r#"{"action":"collect","prompt":{"say":"Your number?"},"into":"account","min_digits":4,"max_digits":8,"terminator":"*","timeout_s":7,"digit_timeout_s":2,"on":{"timeout":"after_hours","invalid":{"repeat":2,"then":"after_hours"}}}"#,
        r#"{"action":"queue","name":"support","priority":5,"max_wait_s":600,"on":{"no_answer":"after_hours"}}"#,
        r#"{"action":"record","name":"r1","consent":{"play":"recorded"},"on":{"failed":{"action":"hangup"}}}"#,
        r#"{"action":"record","stop":true}"#,
        r#"{"action":"set","attributes":{"tier":"gold"},"headers":{"X-Tier":"gold"}}"#,
        r#"{"action":"busy"}"#,
        r#"{"action":"redirect","contacts":["sip:ann@pbx.example","+16822306467"]}"#,
        r#"{"action":"continue"}"#,
        r#"{"action":"park","slot":"701","timeout_s":60,"on":{"no_answer":"after_hours"}}"#,
        r#"{"action":"conference","name":"standup","muted":true}"#,
        r#"{"action":"voicemail","message":"sales","on":{"failed":{"action":"hangup"}}}"#,
        r#"{"action":"forward","destination":{"type":"user","name":"ann"}}"#,
        r#"{"action":"forward","destination":{"type":"trunk","name":"carrier","number":"+16822306467"}}"#,
        r#"{"action":"forward","destination":{"type":"queue","name":"support"}}"#,
        r#"{"action":"forward","destination":{"type":"conference","name":"standup"}}"#,
        r#"{"action":"forward","destination":{"type":"application","name":"echo","arguments":{"a":"1"}}}"#,
        r#"{"action":"forward","destination":{"type":"ring_group","members":["ann",{"to":"+12125551234","ring_s":10,"delay_s":5,"weight":3,"priority":1,"tier":2,"confirm":{"digit":"5"},"caller_id":"dialed","headers":{"X-A":"b"},"skip_if_busy":true}],"strategy":"tiered","ring_s":20,"repeats":1,"ringback":"music","confirm":true,"whisper":{"say":"Sales"},"caller_id":"+13146523057","early_media":"relay","failover":["busy","no_answer"]}}"#,
        r#""after_hours""#,
        r#"[{"action":"play","prompt":"goodbye"},"after_hours"]"#,
    ] {
        let answer =
            Actions::from_json(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(answer.to_json(), text);
    }
}

/// Strict: what is unknown is an error that names its JSON path, and the nearest right word.
#[test]
fn faults_name_their_path() {
    for (answer, expected) in [
        (
            r#"{"action":"forward","destination":{"type":"ring_group","members":["+1682"],"stratgy":"simultaneous"}}"#,
            "$.destination.stratgy: unknown field `stratgy`, expected one of `members`, `strategy`, `ring_s`, `repeats`, `ringback`, `confirm`, `whisper`, `caller_id`, `early_media`, `failover`; did you mean `strategy`?",
        ),
        (
            r#"{"destination":{"type":"ring_group","members":["+1682",{"to":"+1 2"}]},"action":"forward"}"#,
            "$.destination.members[1].to: a number is written without spaces, brackets, hyphens and points: +12",
        ),
        (
            r#"[{"action":"hangup"},{"action":"forwrad"}]"#,
            "$[1].action: unknown value `forwrad`, expected one of `forward`, `voicemail`, `say`, `play`, `menu`, `collect`, `queue`, `webhook`, `record`, `set`, `reject`, `busy`, `redirect`, `hangup`, `continue`, `park`, `conference`; did you mean `forward`?",
        ),
        (
            r#"{"message":"office_closed"}"#,
            "$: missing field `action`",
        ),
        (r#"{"action":"voicemail"}"#, "$: missing field `message`"),
        (
            r#"{"action":"say","text":"x","on":{"bussy":"a"}}"#,
            "$.on.bussy: unknown value `bussy`, expected one of `answered`, `busy`, `no_answer`, `declined`, `unreachable`, `invalid_number`, `congestion`, `canceled`, `answered_elsewhere`, `confirm_failed`, `machine`, `blocked`, `failed`; did you mean `busy`?",
        ),
        (r"[]", "$: an answer needs at least one action"),
        (
            r#"{"action":"forward","destination":{"type":"ring_group","members":[]}}"#,
            "$.destination.members: a ring group needs at least one member",
        ),
        (
            r#"{"action":"menu","options":{"x":"sales"}}"#,
            "$.options.x: 'x' is no DTMF digit; expected 0-9, *, # or A-D",
        ),
        (
            r#"{"action":"menu","options":{"1":"sales"},"on":{"invalid":{"repeat":"two","then":"x"}}}"#,
            "$.on.invalid.repeat: expected a whole number, 0 or more, found \"two\"",
        ),
        (
            r#"{"action":"forward","destination":{"type":"number","number":16822306467}}"#,
            "$.destination.number: invalid type: integer `16822306467`, expected a string",
        ),
        (
            "42",
            "$: invalid type: integer `42`, expected an action, a list of actions, or a target's name",
        ),
    ] {
        assert_eq!(fault(answer), expected, "{answer}");
    }
    assert!(fault("{\"action\":").starts_with("$: not valid JSON: EOF"));
    assert!(fault(&format!("[{}\"a\"]", "\"a\",".repeat(64))).contains("at most 64 actions"));
}

/// A caller without a number is a state of its own, never an empty text.
#[test]
fn callers_are_known_withheld_or_unavailable() {
    for from in ["anonymous", "unavailable", "1800flowers"] {
        let text = EVENT.replace("+14155550123", from);
        assert_eq!(Event::from_json(text.as_bytes()).unwrap().to_json(), text);
    }
    let empty = EVENT.replace("+14155550123", "");
    let error = Event::from_json(empty.as_bytes()).unwrap_err();
    assert_eq!(error.path(), "$.from");
}

#[test]
fn a_menu_of_the_file_has_only_a_name() {
    let menu: Menu = serde_json::from_str(r#"{"name":"main"}"#).unwrap();
    assert_eq!(menu.name.unwrap().as_str(), "main");
}

/// A map with the tags of two kinds is refused, not read for ever.
#[test]
fn two_tags_in_one_map_are_refused() {
    for text in [
        r#"{"type":"number","action":"hangup"}"#,
        r#"{"action":"hangup","type":"number"}"#,
        r#"{"event":"x","action":"hangup","type":"number"}"#,
    ] {
        assert!(
            fault(text).contains("unknown field"),
            "{text}: {}",
            fault(text)
        );
    }
}

/// Vendors' words for strategies and dispositions are read, and written as ours.
#[test]
fn vendor_words_are_normalised() {
    for (word, ours) in [
        ("ringall", "simultaneous"),
        ("parallel", "simultaneous"),
        ("linear", "sequential"),
        ("hunt", "sequential"),
        ("rrmemory", "round_robin"),
        ("wrandom", "weighted_random"),
        ("leastrecent", "least_recent"),
        ("longest-idle-agent", "least_recent"),
        ("fewestcalls", "fewest_calls"),
        ("serial_parallel", "tiered"),
        ("memoryhunt", "progressive"),
    ] {
        let text = RING_GROUP.replace("simultaneous", word);
        let answer = Actions::from_json(text.as_bytes()).unwrap();
        assert_eq!(
            answer.to_json(),
            RING_GROUP.replace("simultaneous", ours),
            "{word}"
        );
    }
    let text =
        r#"{"action":"say","text":"x","on":{"noanswer":"a","cancelled":"b","rejected":"c"}}"#;
    let answer = Actions::from_json(text.as_bytes()).unwrap();
    assert_eq!(
        answer.to_json(),
        r#"{"action":"say","text":"x","on":{"no_answer":"a","declined":"c","canceled":"b"}}"#
    );
}

/// Every kind of event, with every field, in the contract's order.
#[test]
fn every_event_round_trips() {
    let kinds = [
        "incoming_call",
        "menu_input",
        "menu_timeout",
        "menu_invalid",
        "call_ringing",
        "call_answered",
        "attempt_started",
        "attempt_result",
        "queue_joined",
        "queue_position",
        "queue_left",
        "voicemail_recorded",
        "call_completed",
        "routing_decided",
        "webhook_failed",
        "table_changed",
        "registration_changed",
    ];
    let rest = r#","event_id":"e1","direction":"inbound","from_name":"Ann","from_uri":"sip:a@b","to_uri":"sip:c@d","diverted_from":"+13140000000","privacy":["id","critical"],"stir_verstat":"TN-Validation-Passed","source":{"trunk":"carrier","ip":"192.0.2.7:5060","transport":"udp"},"headers":{"x-a":"b"},"menu":{"name":"main","digits":"1","attempt":1},"attempt":{"n":1,"member":"ann","disposition":"busy","sip_code":486,"q850":17,"ring_ms":1200},"queue":{"name":"support","position":2,"wait_ms":3000,"size":4},"recording":{"url":"a.wav","duration_ms":1500},"attributes":{"tier":"gold"},"tags":["known","vip"],"deadline_ms":1500}"#;
    for kind in kinds {
        let text = EVENT.replace("incoming_call", kind);
        let text = format!("{}{rest}", text.trim_end_matches('}'));
        let event =
            Event::from_json(text.as_bytes()).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(event.to_json(), text);
        assert_eq!(event.kind.as_str(), kind);
    }
}

/// What no answer needs is refused before it costs anything: size, nesting, members, doubles.
#[test]
fn bounds_are_clear_errors() {
    let long = format!(r#"{{"action":"say","text":"{}"}}"#, "x".repeat(64 * 1024));
    let found = long.len();
    assert_eq!(
        fault(&long),
        format!("$: a document has at most 65536 bytes, found {found}")
    );
    let nested = |depth: usize| {
        let open = r#"{"action":"say","text":"x","on":{"failed":"#.repeat(depth);
        format!("{open}\"a\"{}", "}}".repeat(depth))
    };
    assert!(Actions::from_json(nested(16).as_bytes()).is_ok());
    assert_eq!(
        fault(&nested(17)),
        "$: a document is nested at most 32 deep"
    );
    let brackets = format!(r#"{{"action":"say","text":"{}\"{{"}}"#, "[{".repeat(100));
    assert!(
        Actions::from_json(brackets.as_bytes()).is_ok(),
        "brackets in a text are text"
    );
    let members = vec![r#""a""#; 1_001].join(",");
    assert_eq!(
        fault(&format!(
            r#"{{"action":"forward","destination":{{"type":"ring_group","members":[{members}]}}}}"#
        )),
        "$.destination.members: at most 1000 members are allowed"
    );
    for (doubled, expected) in [
        (
            r#"{"action":"menu","options":{"1":"a","1":"b"}}"#,
            "$.options: `1` stands here twice",
        ),
        (
            r#"{"action":"say","text":"x","on":{"no_answer":"a","noanswer":"b"}}"#,
            "$.on: `no_answer` stands here twice",
        ),
        (
            r#"{"action":"say","text":"x","text":"y"}"#,
            "$: duplicate field `text`",
        ),
        (
            r#"{"text":"x","action":"say","action":"busy"}"#,
            "$: duplicate field `action`",
        ),
        (
            r#"{"action":"set","attributes":{"a":"1","a":"2"}}"#,
            "$.attributes: `a` stands here twice",
        ),
    ] {
        assert_eq!(fault(doubled), expected);
    }
}

/// Numbers are masked in `Debug`, wherever they stand.
#[test]
fn debug_masks_numbers() {
    let mut event = Event::from_json(EVENT.as_bytes()).unwrap();
    event.from_uri = Some("sip:+14155550123@example.com".to_owned());
    let answer = Actions::from_json(RING_GROUP.as_bytes()).unwrap();
    let uri =
        r#"{"action":"forward","destination":{"type":"sip","uri":"sip:+14155550123@pbx.example"}}"#;
    let uri = Actions::from_json(uri.as_bytes()).unwrap();
    let shown = format!("{event:?} {answer:?} {uri:?}");
    for hidden in ["5550123", "2306467", "5551234"] {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
    assert!(shown.contains("+1415•••0123"), "{shown}");
    assert!(shown.contains("sip:+1415•••0123@pbx.example"), "{shown}");
}

/// What is read from a text as such is what stands on the wire.
#[test]
fn words_and_texts_are_parsed_as_they_are_read() {
    for word in Disposition::WORDS {
        assert_eq!(word.word.parse(), Ok(word.value));
        for alias in word.aliases {
            assert_eq!(alias.parse(), Ok(word.value), "{alias}");
        }
    }
    let unknown = "answerd".parse::<Disposition>().unwrap_err().to_string();
    assert!(
        unknown.starts_with("`answerd` is none of answered, "),
        "{unknown}"
    );
    assert_eq!(
        "sip:ann@pbx.example".parse::<SipUri>().unwrap().as_ref(),
        "sip:ann@pbx.example"
    );
    assert_eq!("main".parse::<MenuName>().unwrap().as_ref(), "main");
    assert!("ann@pbx".parse::<SipUri>().is_err() && "a b".parse::<MenuName>().is_err());
}
