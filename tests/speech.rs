//! Sentences that a server makes for a caller, and the caller hears.

use std::sync::Arc;

use callroute_audio::level::rms;
use callroute_audio::speech::Speech;
use callroute_schema::Event;
use callroute_session::Note;
use callroute_sip::phone::{Phone, PhoneConfig};

use crate::common::sound::hears_sound;
use crate::common::wait::PATIENCE;
use crate::common::webhook::Webhook;
use crate::common::{Bench, peer};

fn sentence(from: &str) -> (&'static str, String) {
    match from {
        "+4930901820" => (
            "de",
            "Grüß Gott! Ihre Bestellung fährt über die Brücke.".to_owned(),
        ),
        from => ("en", format!("Order {} is on its way to you.", &from[8..])),
    }
}

fn said(event: &Event) -> String {
    let (language, text) = sentence(event.from.as_str());
    let say = serde_json::json!({ "action": "say", "text": text, "language": language });
    serde_json::json!([say, { "action": "hangup" }]).to_string()
}

/// A27, A28: a web server makes a sentence for each caller, in the caller's language; it is heard
/// whole and as the speech engine makes it, then the router hangs up, and nobody is rung.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_hears_a_sentence_of_his_own() {
    if !(peer("flite") && peer("espeak-ng")) {
        return;
    }
    let bench = Bench::new();
    let orders = Webhook::answering(said).await;
    let table = format!(
        r#"
version: 1
default: {{ action: reject }}
webhooks: {{ orders: {{ urls: ["http://{}/"], allow: ["127.0.0.0/8"], deadline_ms: 10000 }} }}
numbers: {{ "*": {{ action: webhook, name: orders }} }}
"#,
        orders.addr
    );
    let mut config = bench.config(&[]);
    let speech = Arc::new(Speech::find());
    config.speech = speech.clone();
    let router = bench.router_with(&table, config).await;
    let phone = Phone::bind((bench.ip, 0).into(), PhoneConfig::default());
    let phone = phone.await.unwrap();
    let to = format!("sip:+13146523057@{}", router.addr);
    for (calls, from) in ["+14155550123", "+14155550187", "+4930901820"]
        .into_iter()
        .enumerate()
    {
        let (language, text) = sentence(from);
        let wanted = speech.render(&text, Some(language), None).unwrap();
        assert!(rms(wanted.samples()) > 300.0, "silence for {text:?}");
        assert!(wanted.duration_ms() > 1_500, "too short for {text:?}");
        let call = phone.call(&to, from).await.unwrap();
        call.wait_ended(PATIENCE).await.expect("a BYE");
        hears_sound(
            &call,
            &wanted,
            &format!("{text:?}; {}", router.seen.trace()),
        )
        .await;
        // And nothing but that: half a second is for silence before and after it.
        let more = call.heard().len().saturating_sub(wanted.samples().len());
        assert!(more < 4_000, "{more} samples more than {text:?}");
        router.settled(calls + 1).await;
    }
    assert!(!router.seen.has(|note| matches!(note, Note::Dialing { .. })));
    assert_eq!(orders.asked().len(), 3);
}
