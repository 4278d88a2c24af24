//! Tests of webhooks' security and of what may be dialed.

use callroute_schema::Actions;

use crate::engine::{AnswerError, SecretSource};
use crate::{ChronoTz, Engine, load};

const HEAD: &str = "version: 1\ndefault: { action: voicemail, message: general }\n";

fn loaded(body: &str) -> Result<Engine, String> {
    load("routes.yaml", &format!("{HEAD}{body}"), &(), &ChronoTz)
        .map_err(|faults| faults.to_string())
}

#[test]
fn secrets_come_from_three_places_and_two_at_a_time() {
    let secret = |text: &str| {
        let body =
            format!("webhooks: {{ a: {{ urls: [\"https://a.example/\"], secret: {text} }} }}\n");
        loaded(&body).map(|engine| engine.webhook("a").unwrap().secrets.clone())
    };
    let (env, file) = (
        SecretSource::Env("KEY".into()),
        SecretSource::File("keys/sales".into()),
    );
    assert_eq!(secret("{ env: KEY }").unwrap(), std::slice::from_ref(&env));
    assert_eq!(
        secret("{ file: keys/sales }").unwrap(),
        std::slice::from_ref(&file)
    );
    assert_eq!(
        secret("[{ env: KEY }, { file: keys/sales }]").unwrap(),
        [env, file]
    );
    for (text, told) in [
        (
            "[a, b, c]",
            "3 secrets; while they are changed there are two",
        ),
        (
            "{ env: KEY, file: x }",
            "a secret has either `env` or `file`",
        ),
        ("{ file: \"\" }", "the name of a file must not be empty"),
    ] {
        let faults = secret(text).unwrap_err();
        assert!(faults.contains(told), "{text}: {faults}");
        assert!(!format!("{:?}", loaded("")).contains("KEY"));
    }
}

#[test]
fn a_certificate_needs_its_key() {
    let with = |rest: &str| {
        loaded(&format!(
            "webhooks: {{ a: {{ urls: [\"https://a.example/\"], {rest} }} }}\n"
        ))
    };
    let engine = with("ca: ca.pem, cert: us.pem, key: us.key, last_good: true").unwrap();
    let spec = engine.webhook("a").unwrap();
    assert_eq!(spec.ca.as_deref(), Some("ca.pem"));
    assert_eq!(
        spec.identity,
        Some(("us.pem".to_owned(), "us.key".to_owned()))
    );
    assert!(spec.last_good);
    assert!(
        with("cert: us.pem")
            .unwrap_err()
            .contains("a certificate needs its `key`")
    );
    assert!(
        with("key: us.key")
            .unwrap_err()
            .contains("a key needs its certificate")
    );
}

/// What may be dialed binds the file, wherever it dials, and what comes from outside.
#[test]
fn destinations_bind_the_file_and_answers() {
    const POLICY: &str =
        "destinations: { allow: [\"+1*\", \"sip:*@pbx.example\"], deny: [\"+1900*\"] }\n";
    let forward =
        |to: &str| format!("targets: {{ a: {{ action: forward, destination: {to} }} }}\n");
    for (rest, place) in [
        (
            forward("{ type: number, number: \"+442079460000\" }"),
            "routes.yaml:4:71",
        ),
        (
            forward("{ type: ring_group, strategy: sequential, members: [\"+1314\", \"+19005\"] }"),
            "routes.yaml:4:",
        ),
        (
            "agents: { ann: { to: \"sip:ann@elsewhere.example\" } }\n".to_owned(),
            "routes.yaml:4:",
        ),
    ] {
        let faults = loaded(&format!("{POLICY}{rest}")).unwrap_err();
        assert!(
            faults.contains("not among the destinations that may be dialed"),
            "{faults}"
        );
        assert!(faults.contains(place), "{faults}");
        assert!(
            loaded(&rest).is_ok(),
            "without the section all may be dialed: {rest}"
        );
    }
    let engine = loaded(POLICY).unwrap();
    let accept = |text: &str| engine.accept(&Actions::from_json(text.as_bytes()).unwrap());
    let fraud = r#"[{"action":"say","text":"x"},{"action":"forward","destination":{"type":"number","number":"+1314"},"on":{"busy":{"action":"forward","destination":{"type":"sip","uri":"sip:%2B1900555@pbx.example"}}}}]"#;
    let Err(AnswerError::NotAllowed(refused)) = accept(fraud) else {
        panic!("{:?}", accept(fraud));
    };
    assert_eq!(refused.path, "$[1].on.busy.destination.uri");
    let accepted = accept(&fraud.replace("1900", "1314")).unwrap();
    assert_eq!(accepted.len(), 2);
    // Names and bounds are looked at as well.
    let unknown = accept("\"nobody\"");
    assert!(
        matches!(unknown, Err(AnswerError::Unknown(_))),
        "{unknown:?}"
    );
    let invalid = accept(r#"{"action":"say","text":"{from}"}"#);
    assert!(
        matches!(invalid, Err(AnswerError::Invalid(_))),
        "{invalid:?}"
    );
}

#[test]
fn entries_that_are_none_are_faults_with_their_place() {
    let faults =
        loaded("destinations: { allow: [\"+1*\", ann], deny: [\"sip:x\"] }\n").unwrap_err();
    assert!(
        faults.contains("`ann` is no number and no prefix"),
        "{faults}"
    );
    assert!(faults.contains("`sip:x` names no host"), "{faults}");
}

/// A variable may bring anything: what it makes is judged before it is dialed.
#[test]
fn variables_do_not_get_around_the_policy() {
    let engine = loaded(
        "destinations: { allow: [\"+1*\"], deny: [\"+1900*\"] }\n\
         numbers: { \"*\": { action: forward, destination: { type: number, number: \"{attributes.to}\" } } }\n",
    )
    .unwrap();
    let actions = |to: &str| {
        let mut event = callroute_schema::Event::from_json(
            br#"{"event":"incoming_call","from":"+14155550123","to":"+13146523057","timestamp":"2026-04-21T14:32:00Z","call_id":"c1"}"#,
        )
        .unwrap();
        event.attributes.insert("to".to_owned(), to.to_owned());
        match engine.decide(&event, &crate::Facts::default()) {
            crate::Outcome::Decided(decision) => decision.to_json().into_owned(),
            crate::Outcome::Need(need) => panic!("{need:?}"),
        }
    };
    assert!(actions("+13145550000").contains("+13145550000"));
    assert!(actions("+19005550000").contains("voicemail"), "the default");
}
