//! What a caller's switch is told, action by action.

use std::collections::{BTreeMap, HashMap};

use callroute_media::OfferedCall;
use callroute_schema::{Actions, Address, Caller, Number, Party, SipUri, SourceInfo};

use super::Places;
use crate::redirect::Verdict;

fn offer() -> OfferedCall {
    OfferedCall {
        from: Caller::Withheld,
        to: Address::new("+13146523057").unwrap(),
        from_name: None,
        from_uri: None,
        to_uri: Some("sip:+13146523057@pbx.example;transport=udp".to_owned()),
        source: SourceInfo::default(),
        headers: BTreeMap::new(),
    }
}

fn places() -> Places {
    Places {
        trunk: Some("sip:gw.example:5070".to_owned()),
        trunks: HashMap::from([("carrier".to_owned(), "sip:carrier.example".to_owned())]),
        contacts: HashMap::from([
            ("+16822306467".to_owned(), "sip:ann@192.0.2.7".to_owned()),
            ("bob".to_owned(), "sip:bob@192.0.2.8".to_owned()),
        ]),
        answering: None,
    }
}

/// Contacts, or `!STATUS/Q.850`, of the first that comes to either.
fn told(places: &Places, actions: &str) -> String {
    let actions = Actions::from_json(actions.as_bytes()).unwrap();
    let mut actions = actions.as_slice().iter();
    match actions.find_map(|action| places.verdict(action, &offer(), &reach)) {
        Some(Verdict::Redirect { contacts }) => contacts.join(" "),
        Some(Verdict::Refuse { status, q850 }) => format!("!{status}/{}", q850.unwrap_or(0)),
        None => String::new(),
    }
}

/// The agents of a routing file.
fn reach(name: &str) -> Option<Party> {
    match name {
        "bob" => Some(Party::Sip(
            SipUri::new("sip:bob@elsewhere.example").unwrap(),
        )),
        "carl" => Some(Party::Sip(SipUri::new("sip:carl@192.0.2.9").unwrap())),
        "dora" => Some(Party::Number(Number::new("+16822306467").unwrap())),
        _ => None,
    }
}

fn forward(destination: &str) -> String {
    format!(r#"{{"action":"forward","destination":{destination}}}"#)
}

/// A router that answers takes what a redirector cannot do; the rest does not depend on it.
#[test]
fn each_destination_has_its_place() {
    let (alone, mut with) = (places(), places());
    with.answering = Some("sip:router.example:5080;transport=tcp".to_owned());
    let there = "sip:+13146523057@router.example:5080;transport=tcp";
    for (destination, expected, expected_with) in [
        (
            r#"{"type":"number","number":"+15550100200"}"#,
            "sip:+15550100200@gw.example:5070",
            None,
        ),
        (
            r#"{"type":"number","number":"+16822306467"}"#,
            "sip:ann@192.0.2.7",
            None,
        ),
        (
            r#"{"type":"sip","uri":"sip:desk@pbx.example"}"#,
            "sip:desk@pbx.example",
            None,
        ),
        (r#"{"type":"user","name":"bob"}"#, "sip:bob@192.0.2.8", None),
        (
            r#"{"type":"agent","name":"bob"}"#,
            "sip:bob@192.0.2.8",
            None,
        ),
        (
            r#"{"type":"agent","name":"carl"}"#,
            "sip:carl@192.0.2.9",
            None,
        ),
        (
            r#"{"type":"agent","name":"dora"}"#,
            "sip:ann@192.0.2.7",
            None,
        ),
        (r#"{"type":"agent","name":"eve"}"#, "", Some(there)),
        (r#"{"type":"user","name":"carl"}"#, "", Some(there)),
        (r#"{"type":"user","name":"eve"}"#, "", Some(there)),
        (r#"{"type":"queue","name":"sales"}"#, "", Some(there)),
        (
            r#"{"type":"trunk","name":"carrier"}"#,
            "sip:+13146523057@carrier.example",
            None,
        ),
        (
            r#"{"type":"trunk","name":"carrier","number":"+15550100200"}"#,
            "sip:+15550100200@carrier.example",
            None,
        ),
        (r#"{"type":"trunk","name":"other"}"#, "", Some(there)),
        (
            r#"{"type":"ring_group","members":["carl","+16822306467","sip:desk@pbx.example","eve"]}"#,
            "sip:carl@192.0.2.9 sip:ann@192.0.2.7 sip:desk@pbx.example",
            Some(there),
        ),
    ] {
        let action = forward(destination);
        assert_eq!(told(&alone, &action), expected, "{destination}");
        let expected = expected_with.unwrap_or(expected);
        assert_eq!(told(&with, &action), expected, "{destination}");
    }
}

#[test]
fn what_is_no_forward() {
    let (alone, mut with) = (places(), places());
    with.answering = Some("sip:router.example".to_owned());
    let there = "sip:+13146523057@router.example";
    for (actions, expected, expected_with) in [
        (r#"{"action":"busy"}"#, "!486/17", None),
        (
            r#"{"action":"reject","cause":"unallocated_number"}"#,
            "!404/1",
            None,
        ),
        (r#"{"action":"hangup"}"#, "!603/21", None),
        (
            r#"{"action":"redirect","contacts":["carl","+16822306467","sip:desk@pbx.example"]}"#,
            "sip:carl@192.0.2.9 sip:ann@192.0.2.7 sip:desk@pbx.example",
            None,
        ),
        (
            r#"{"action":"voicemail","message":"general"}"#,
            "",
            Some(there),
        ),
        // Who cannot say it sends the caller on all the same.
        (
            r#"[{"action":"say","text":"Hello"},{"action":"busy"}]"#,
            "!486/17",
            Some(there),
        ),
        (
            r#"[{"action":"set","attributes":{"vip":"yes"}},{"action":"busy"}]"#,
            "!486/17",
            None,
        ),
    ] {
        assert_eq!(told(&alone, actions), expected, "{actions}");
        let expected = expected_with.unwrap_or(expected);
        assert_eq!(told(&with, actions), expected, "{actions}");
    }
    // Without a trunk a number is left to the caller's switch, where it is redirected, as there
    // is nobody else who could reach it; but a call that is forwarded goes to no such number.
    let nowhere = Places::default();
    let redirect = r#"{"action":"redirect","contacts":["+15550100200"]}"#;
    let left = "sip:+15550100200@pbx.example;transport=udp";
    assert_eq!(told(&nowhere, redirect), left);
    let number = forward(r#"{"type":"number","number":"+15550100200"}"#);
    assert_eq!(told(&nowhere, &number), "");
}

#[test]
fn what_is_no_uri_is_found_before_anybody_calls() {
    places().check().unwrap();
    let mut wrong = places();
    wrong.answering = Some("router.example".to_owned());
    let error = wrong.check().unwrap_err().to_string();
    assert!(error.contains("answering"), "{error}");
    assert!(error.contains("router.example"), "{error}");
}
