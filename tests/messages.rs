//! Voicemail: what the caller says is in the file.

use std::net::SocketAddr;

use callroute_audio::law::Law;
use callroute_audio::level::{rms, tone_share};
use callroute_audio::tone::Tone;
use callroute_audio::wav;
use callroute_schema::EventKind;
use callroute_session::Note;
use callroute_sip::phone::{Phone, PhoneConfig};

use crate::common::sound::hears_prompt;
use crate::common::wait::PATIENCE;
use crate::common::{Bench, peer};

/// The box's greeting is a prompt of a second and a half, so that the test need not wait longer.
const VOICEMAIL: &str = r#"
version: 1
default: { action: voicemail, message: message }
"#;

/// A7, B13, B22: greeting, beep, and the caller's own sound in a WAV file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_recorded() {
    if !peer("sipp") {
        return;
    }
    let bench = Bench::new();
    let mut raw = Vec::new();
    Law::Mu.encode(Tone::Sine { hz: 700 }.render(2_000).samples(), &mut raw);
    let sound = bench.path().join("tone.ul");
    std::fs::write(&sound, raw).unwrap();
    let router = bench.router(VOICEMAIL, &[]).await;
    let variables = [("sound", sound.to_str().unwrap()), ("talk_ms", "5000")];
    bench
        .uac(&router, "uac_speaks", &variables)
        .went_well(&router)
        .await;
    router.settled(1).await;

    assert!(
        router
            .seen
            .has(|note| matches!(note, Note::Recorded { .. })),
        "{}",
        router.seen.trace()
    );
    let event = &router.seen.events(EventKind::VoicemailRecorded)[0];
    let recording = event.recording.clone().unwrap();
    let file = bench
        .recordings()
        .join("message")
        .join(format!("{}.wav", event.call_id));
    let pcm = wav::read_file(&file).unwrap_or_else(|error| panic!("{error}; {recording:?}"));
    assert!(
        recording.url.ends_with(&format!("{}.wav", event.call_id)),
        "{}",
        recording.url
    );
    assert!(pcm.duration_ms() > 1_000, "{} ms", pcm.duration_ms());
    assert!(
        rms(pcm.samples()) > 1_000.0,
        "silence: level {}",
        rms(pcm.samples())
    );
    let share = tone_share(pcm.samples(), 700.0);
    assert!(share > 0.8, "the caller's tone has a share of {share}");
}

/// A29: a number that is a pure information line: a prompt is heard, then the router hangs up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_information_line_plays_and_hangs_up() {
    let bench = Bench::new();
    let table = r#"
version: 1
default: { action: reject }
numbers:
  "+13146523057":
    - { name: hours, then: [{ action: play, prompt: goodbye }, { action: hangup }] }
"#;
    let router = bench.router(table, &[]).await;
    let addr = SocketAddr::new(bench.ip.into(), bench.free_port());
    let phone = Phone::bind(addr, PhoneConfig::default()).await.unwrap();
    let to = format!("sip:+13146523057@{}", router.addr);
    let call = phone.call(&to, "+14155550123").await.unwrap();
    call.wait_ended(PATIENCE).await.expect("a BYE");
    hears_prompt(&call, "goodbye", &router).await;
    router.settled(1).await;
    assert!(
        !router.seen.has(|note| matches!(note, Note::Dialing { .. })),
        "somebody was rung"
    );
    assert!(!router.seen.has(|note| matches!(note, Note::CallerGone)));
}
