//! Rooms, music, sounds from the web, and recordings of both sides: real calls, real sound.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use callroute_media::{
    Command, Deed, EndCause, LegId, Line, Notice, PlayEnd, PlayId, RecordOptions, RecordingId,
    Sound,
};
use callroute_sip::phone::{AnswerMode, Phone, PhoneCall};
use callroute_sip::{Config, SipAdapter, SipLine};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::signalling::bind;
use crate::support::{
    CALLER, LONG, answer, config, empty, ended, expect, next_call, notice, phone, share, uri,
};

const SECOND: Duration = Duration::from_secs(1);

struct Party {
    line: SipLine,
    call: PhoneCall,
}

/// An answered call of this phone.
async fn party(adapter: &mut SipAdapter, from: &Phone) -> Party {
    let call = from.call(&uri(adapter.local_addr()), "ann").await.unwrap();
    let mut line = next_call(adapter).await.line;
    answer(&mut line).await;
    call.wait_answered(LONG).await.unwrap();
    Party { line, call }
}

async fn join(party: &mut Party, room: &str, muted: bool) {
    party.line.perform(Command::Join {
        leg: CALLER,
        room: room.to_owned(),
        muted,
    });
    expect(&mut party.line, Notice::Joined { leg: CALLER }).await;
}

/// The shares of these frequencies in what is heard from now on.
async fn heard<const N: usize>(call: &PhoneCall, hz: [f64; N]) -> [f64; N] {
    call.forget_heard();
    assert!(
        call.wait_heard(SECOND * 3 / 2, LONG).await,
        "nothing is heard"
    );
    let heard = call.heard();
    hz.map(|hz| share(&heard[4000..12_000], hz))
}

#[tokio::test]
async fn three_hear_each_other_and_nobody_himself() {
    let mut adapter = bind(config("127.42.1.1")).await;
    let phones = [
        phone("127.42.1.2", AnswerMode::Ring).await,
        phone("127.42.1.3", AnswerMode::Ring).await,
        phone("127.42.1.4", AnswerMode::Ring).await,
    ];
    let mut parties = VecDeque::new();
    for from in &phones {
        let mut party = party(&mut adapter, from).await;
        join(&mut party, "conference", false).await;
        parties.push_back(party);
    }
    let tones = [500.0, 900.0, 1400.0];
    for (party, hz) in parties.iter().zip([500, 900, 1400]) {
        party.call.send_tone(hz);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    for (own, party) in parties.iter().enumerate() {
        let shares = heard(&party.call, tones).await;
        for (at, share) in shares.into_iter().enumerate() {
            let wanted = if at == own { 0.0..0.02 } else { 0.4..0.6 };
            assert!(wanted.contains(&share), "{own} hears {at}: {shares:?}");
        }
    }
    assert_eq!(adapter.handle().stats().rooms, 1);

    // One leaves, and hears nothing; another hangs up; the last is alone.
    let mut first = parties.pop_front().unwrap();
    first.line.perform(Command::Leave { leg: CALLER });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let shares = heard(&parties[0].call, tones).await;
    assert!(shares[0] < 0.02 && shares[2] > 0.9, "{shares:?}");
    first.call.forget_heard();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(first.call.heard().is_empty(), "who has left still hears");
    parties[1].call.hangup();
    ended(&mut parties[1].line, CALLER).await;
    let shares = heard(&parties[0].call, tones).await;
    assert!(shares.iter().all(|share| *share < 0.02), "{shares:?}");
    drop((first, parties));
    empty(|| adapter.handle().stats()).await;
}

#[tokio::test]
async fn a_muted_member_only_listens_and_hears_what_is_played_to_it_alone() {
    let mut adapter = bind(config("127.42.2.1")).await;
    let phones = [
        phone("127.42.2.2", AnswerMode::Ring).await,
        phone("127.42.2.3", AnswerMode::Ring).await,
    ];
    let mut quiet = party(&mut adapter, &phones[0]).await;
    let mut loud = party(&mut adapter, &phones[1]).await;
    join(&mut quiet, "room", true).await;
    join(&mut loud, "room", false).await;
    quiet.call.send_tone(500);
    loud.call.send_tone(900);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(heard(&quiet.call, [900.0]).await[0] > 0.9);
    assert!(heard(&loud.call, [500.0]).await[0] < 0.02);
    let (leg, play) = (CALLER, PlayId(1));
    let sound = Sound::Ringback;
    quiet.line.perform(Command::Play { leg, play, sound });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let [ringing, talk] = heard(&quiet.call, [440.0, 900.0]).await;
    assert!(ringing > 0.3 && talk < 0.02, "{ringing} {talk}");
    quiet.line.perform(Command::StopPlay { leg, play });
    let end = PlayEnd::Stopped;
    expect(&mut quiet.line, Notice::PlayEnded { leg, play, end }).await;
    assert!(heard(&quiet.call, [900.0]).await[0] > 0.9);
}

#[tokio::test]
async fn only_the_answered_join() {
    let mut adapter = bind(config("127.42.3.1")).await;
    let from = phone("127.42.3.2", AnswerMode::Ring).await;
    let _call = from.call(&uri(adapter.local_addr()), "ann").await.unwrap();
    let mut line = next_call(&mut adapter).await.line;
    let (leg, room, muted) = (CALLER, "room".to_owned(), false);
    line.perform(Command::Join { leg, room, muted });
    let told = notice(&mut line).await;
    let deed = Deed::Join;
    assert!(matches!(told, Some(Notice::NotDone { deed: found, .. }) if found == deed));
}

/// A server of one WAV file.
async fn server(wav: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.42.4.9:0").await.unwrap();
    let url = format!("http://{}/tone.wav", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 2048]).await;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", wav.len());
            let _ = stream.write_all(&[head.as_bytes(), &wav].concat()).await;
        }
    });
    url
}

fn tone(folder: &Path, name: &str, hz: u16, ms: u32) -> Vec<u8> {
    let path = folder.join(name);
    let mut recorder = callroute_audio::Recorder::create(&path).unwrap();
    let pcm = callroute_audio::Tone::Sine { hz }.render(ms);
    recorder.push(pcm.samples()).unwrap();
    recorder.finish().unwrap();
    std::fs::read(path).unwrap()
}

#[tokio::test]
async fn music_loops_and_sounds_of_the_web_are_heard() {
    let folder = tempfile::tempdir().unwrap();
    tone(folder.path(), "again.wav", 700, 200);
    let url = server(tone(folder.path(), "web.wav", 1100, 1500)).await;
    let prompts = callroute_audio::Prompts::builtin().with_folder(folder.path().to_owned());
    let mut adapter = bind(Config {
        prompts: std::sync::Arc::new(prompts),
        sounds: vec!["127.42.4.9".parse().unwrap()],
        ..config("127.42.4.1")
    })
    .await;
    let from = phone("127.42.4.2", AnswerMode::Ring).await;
    let mut party = party(&mut adapter, &from).await;
    let mut play = |play: u32, sound: Sound| {
        let (leg, play) = (CALLER, PlayId(play));
        party.line.perform(Command::Play { leg, play, sound });
    };
    play(1, Sound::Music);
    party.call.forget_heard();
    assert!(party.call.wait_heard(SECOND * 2, LONG).await);
    let music = party.call.heard();
    assert!(
        callroute_audio::level::rms(&music[4000..]) > 300.0,
        "no music"
    );
    play(2, Sound::Loop("again".to_owned()));
    tokio::time::sleep(Duration::from_millis(200)).await;
    let looped = heard(&party.call, [700.0]).await[0];
    assert!(looped > 0.8, "{looped}");
    play(3, Sound::Url(url));
    tokio::time::sleep(Duration::from_millis(200)).await;
    party.call.forget_heard();
    assert!(party.call.wait_heard(SECOND, LONG).await);
    let web = share(&party.call.heard()[..6000], 1100.0);
    assert!(web > 0.9, "{web}");
    let (leg, stopped) = (CALLER, PlayEnd::Stopped);
    for id in [1, 2] {
        let play = PlayId(id);
        expect(
            &mut party.line,
            Notice::PlayEnded {
                leg,
                play,
                end: stopped,
            },
        )
        .await;
    }
    let (play, end) = (PlayId(3), PlayEnd::Finished);
    expect(&mut party.line, Notice::PlayEnded { leg, play, end }).await;
    // What is not there is told, and something stands in for it.
    for (id, sound) in [
        (4, Sound::Url("http://127.42.4.8:9/nobody.wav".to_owned())),
        (5, Sound::Loop("no such".to_owned())),
    ] {
        let play = PlayId(id);
        party.line.perform(Command::Play { leg, play, sound });
        let told = notice(&mut party.line).await;
        assert!(
            matches!(told, Some(Notice::PlaySubstituted { play: found, .. }) if found == play),
            "{told:?}"
        );
        party.line.perform(Command::StopPlay { leg, play });
        expect(
            &mut party.line,
            Notice::PlayEnded {
                leg,
                play,
                end: stopped,
            },
        )
        .await;
    }
}

async fn record(line: &mut SipLine, leg: LegId, options: RecordOptions) {
    line.perform(Command::Record {
        leg,
        recording: RecordingId(1),
        name: "box/call".to_owned(),
        options,
    });
}

async fn recorded(line: &mut SipLine) -> (String, u64) {
    match notice(line).await {
        Some(Notice::RecordEnded {
            url: Some(url),
            duration_ms,
            error: None,
            ..
        }) => (url, duration_ms),
        other => panic!("{other:?}"),
    }
}

/// What the two channels of a file hold.
fn channels(path: &str) -> (Vec<i16>, Vec<i16>) {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(bytes[22], 2, "two channels");
    let samples: Vec<i16> = bytes[44..]
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    let of = |at: usize| samples.iter().skip(at).step_by(2).copied().collect();
    (of(0), of(1))
}

#[tokio::test]
async fn both_sides_are_recorded_each_on_its_channel() {
    let folder = tempfile::tempdir().unwrap();
    let mut adapter = bind(Config {
        recordings: folder.path().to_owned(),
        ..config("127.42.5.1")
    })
    .await;
    let from = phone("127.42.5.2", AnswerMode::Ring).await;
    let mut party = party(&mut adapter, &from).await;
    let both = RecordOptions {
        both: true,
        ..RecordOptions::default()
    };
    record(&mut party.line, CALLER, both).await;
    party.call.send_tone(600);
    let (leg, play) = (CALLER, PlayId(1));
    let sound = Sound::Music;
    party.line.perform(Command::Play { leg, play, sound });
    party.call.forget_heard();
    assert!(party.call.wait_heard(SECOND * 2, LONG).await);
    party.line.perform(Command::StopRecord {
        leg,
        recording: RecordingId(1),
    });
    let (url, duration_ms) = recorded(&mut party.line).await;
    assert!((1800..3500).contains(&duration_ms), "{duration_ms}");
    let (says, hears) = channels(&url);
    assert_eq!(says.len(), hears.len());
    let middle = 4000..12_000;
    assert!(share(&says[middle.clone()], 600.0) > 0.95);
    let level = callroute_audio::level::rms(&hears[middle.clone()]);
    assert!(
        level > 300.0 && share(&hears[middle], 600.0) < 0.02,
        "{level}"
    );
}

#[tokio::test]
async fn silence_ends_a_recording_and_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let mut adapter = bind(Config {
        recordings: folder.path().to_owned(),
        ..config("127.42.6.1")
    })
    .await;
    let from = phone("127.42.6.2", AnswerMode::Ring).await;
    let mut party = party(&mut adapter, &from).await;
    let options = RecordOptions {
        trim: true,
        silence_ms: Some(1500),
        ..RecordOptions::default()
    };
    record(&mut party.line, CALLER, options).await;
    let silence = vec![0; 4000];
    let tone = callroute_audio::Tone::Sine { hz: 600 }.render(1000);
    let said = [
        silence.as_slice(),
        tone.samples(),
        &silence,
        tone.samples(),
        &silence,
    ]
    .concat();
    party.call.send_pcm(said);
    // Nobody stops it: it is over after the silence at the end.
    let (url, duration_ms) = recorded(&mut party.line).await;
    assert!((2600..2900).contains(&duration_ms), "{duration_ms}");
    let kept = callroute_audio::wav::read_file(Path::new(&url)).unwrap();
    assert!(share(&kept.samples()[1000..8000], 600.0) > 0.95);
    assert!(!Path::new(&format!("{url}.part")).exists());
    party.line.perform(Command::Hangup {
        leg: CALLER,
        cause: EndCause::Normal,
    });
    ended(&mut party.line, CALLER).await;
}
