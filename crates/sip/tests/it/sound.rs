//! What a caller hears, presses and leaves.

use std::sync::Arc;
use std::time::Duration;

use callroute_audio::level::{rms, tone_share};
use callroute_audio::prompts::Prompts;
use callroute_audio::speech::{Speech, SpeechServer};
use callroute_audio::tone::Tones;
use callroute_audio::wav;
use callroute_media::{
    Adapter, Command, Line, Notice, PlayEnd, PlayId, RecordingId, RecoveredRecording, Sound,
};
use callroute_schema::Digit;
use callroute_sip::phone::{AnswerMode, Phone, PhoneCall};
use callroute_sip::{Config, SipAdapter, SipLine};

use crate::support::{
    CALLER, LONG, answer, config, ended, expect, next_call, notice, phone, share, uri,
};

struct Answered {
    line: SipLine,
    call: PhoneCall,
    _held: (SipAdapter, Phone),
}

async fn answered(net: &str, config: Config) -> Answered {
    let mut adapter = SipAdapter::bind(config).await.unwrap();
    let phone = phone(&format!("{net}.2"), AnswerMode::Ring).await;
    let call = phone.call(&uri(adapter.local_addr()), "ann").await.unwrap();
    let mut line = next_call(&mut adapter).await.line;
    answer(&mut line).await;
    call.wait_answered(LONG).await.unwrap();
    Answered {
        line,
        call,
        _held: (adapter, phone),
    }
}

fn play(line: &mut SipLine, play: u32, sound: Sound) {
    line.perform(Command::Play {
        leg: CALLER,
        play: PlayId(play),
        sound,
    });
}

async fn played(line: &mut SipLine, play: u32, end: PlayEnd) {
    expect(
        line,
        Notice::PlayEnded {
            leg: CALLER,
            play: PlayId(play),
            end,
        },
    )
    .await;
}

#[tokio::test]
async fn a_beep_and_a_prompt_are_heard_whole() {
    let mut a = answered("127.23.1", config("127.23.1.1")).await;
    play(&mut a.line, 1, Sound::Beep);
    played(&mut a.line, 1, PlayEnd::Finished).await;
    assert!(a.call.wait_heard(Duration::from_millis(400), LONG).await);
    assert!(share(&a.call.heard()[..3200], 1000.0) > 0.95);
    a.call.forget_heard();
    let prompt = Prompts::builtin().get("goodbye").unwrap();
    play(&mut a.line, 2, Sound::Prompt("goodbye".to_owned()));
    played(&mut a.line, 2, PlayEnd::Finished).await;
    assert!(
        a.call
            .wait_heard(Duration::from_millis(prompt.duration_ms()), LONG)
            .await
    );
}

/// The tones of the country that is set, under their names.
#[tokio::test]
async fn the_network_sounds_as_in_its_country() {
    let config = Config {
        tones: Tones::of("de").unwrap(),
        ..config("127.23.21.1")
    };
    let mut a = answered("127.23.21", config).await;
    play(&mut a.line, 1, Sound::Prompt("tone/busy".to_owned()));
    assert!(a.call.wait_heard(Duration::from_secs(4), LONG).await);
    // 480 ms on, 480 ms off; before it there may be silence.
    let heard = a.call.heard();
    let loud = |part: &[i16]| rms(part) > 500.0;
    let first = heard.chunks_exact(80).position(loud).unwrap();
    let heard = &heard[first * 80..];
    let share = tone_share(heard, 425.0);
    assert!(share > 0.9, "{share}");
    let loud = heard.chunks_exact(80).filter(|part| loud(part));
    let loud = loud.count() as f32 / (heard.len() / 80) as f32;
    assert!((0.4..0.65).contains(&loud), "{loud}");
}

/// A text that the server fails at is spoken by a program, and the reason is told.
#[tokio::test]
async fn who_speaks_instead_of_the_server_is_told() {
    let programs = tokio::task::spawn_blocking(Speech::find).await.unwrap();
    if !programs.available() {
        let required = std::env::var_os("CALLROUTE_REQUIRE_PEERS").is_some();
        assert!(!required, "{}", programs.describe());
        println!("skipped: {}", programs.describe());
        return;
    }
    // Nobody listens there.
    let server = SpeechServer::new("http://127.23.22.9:9/").unwrap();
    let config = Config {
        speech: Arc::new(programs.with_server(server)),
        ..config("127.23.22.1")
    };
    let mut a = answered("127.23.22", config).await;
    let text = "Hello".to_owned();
    let speech = Sound::Speech {
        text: text.clone(),
        language: None,
        voice: None,
    };
    play(&mut a.line, 1, speech);
    match notice(&mut a.line).await {
        Some(Notice::PlaySubstituted { wanted, reason, .. }) => {
            assert_eq!(wanted, text);
            let wanted = "the speech server cannot be reached";
            assert!(reason.starts_with(wanted), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    played(&mut a.line, 1, PlayEnd::Finished).await;
    assert!(rms(&a.call.heard()) > 200.0);
}

#[tokio::test]
async fn a_new_sound_replaces_the_old_and_stopping_is_told() {
    let mut a = answered("127.23.2", config("127.23.2.1")).await;
    play(&mut a.line, 1, Sound::Ringback);
    play(&mut a.line, 2, Sound::Ringback);
    played(&mut a.line, 1, PlayEnd::Stopped).await;
    assert!(a.call.wait_heard(Duration::from_millis(500), LONG).await);
    a.line.perform(Command::StopPlay {
        leg: CALLER,
        play: PlayId(1),
    });
    a.line.perform(Command::StopPlay {
        leg: CALLER,
        play: PlayId(2),
    });
    played(&mut a.line, 2, PlayEnd::Stopped).await;
    play(&mut a.line, 3, Sound::Ringback);
    a.call.hangup();
    played(&mut a.line, 3, PlayEnd::Stopped).await;
    ended(&mut a.line, CALLER).await;
    assert_eq!(notice(&mut a.line).await, None);
}

#[tokio::test]
async fn what_cannot_be_played_has_a_stand_in() {
    let mut a = answered("127.23.3", config("127.23.3.1")).await;
    let sounds = [
        (Sound::Prompt("no_such_prompt".to_owned()), "no_such_prompt"),
        (
            Sound::Speech {
                text: "Hello".to_owned(),
                language: None,
                voice: None,
            },
            "Hello",
        ),
        (
            Sound::PromptOr {
                prompt: "no_such".to_owned(),
                text: "Good day".to_owned(),
            },
            "Good day",
        ),
    ];
    for (id, (sound, said)) in (1..).zip(sounds) {
        play(&mut a.line, id, sound);
        match notice(&mut a.line).await {
            Some(Notice::PlaySubstituted {
                play,
                wanted,
                reason,
                ..
            }) => {
                assert_eq!((play, wanted.as_str()), (PlayId(id), said));
                assert!(!reason.is_empty());
            }
            other => panic!("{other:?}"),
        }
        a.line.perform(Command::StopPlay {
            leg: CALLER,
            play: PlayId(id),
        });
        played(&mut a.line, id, PlayEnd::Stopped).await;
    }
    play(
        &mut a.line,
        9,
        Sound::PromptOr {
            prompt: "general".to_owned(),
            text: String::new(),
        },
    );
    assert!(a.call.wait_heard(Duration::from_millis(200), LONG).await);
}

#[tokio::test]
async fn keys_are_told_once_each() {
    let mut a = answered("127.23.4", config("127.23.4.1")).await;
    play(&mut a.line, 1, Sound::Ringback);
    a.call.press("1A*#0055").unwrap();
    for key in "1A*#0055".chars() {
        let digit = Digit::new(key).unwrap();
        expect(&mut a.line, Notice::Digit { leg: CALLER, digit }).await;
    }
}

#[tokio::test]
async fn a_recording_holds_what_the_caller_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config("127.23.5.1");
    config.recordings = folder.path().to_owned();
    config.prompts = Arc::new(Prompts::builtin());
    let mut a = answered("127.23.5", config).await;
    for (id, stop) in [(1, true), (2, false)] {
        let recording = RecordingId(id);
        let name = format!("../box/{id}");
        a.line.perform(Command::Record {
            leg: CALLER,
            recording,
            name,
            options: callroute_media::RecordOptions::default(),
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        a.call.send_tone(700);
        tokio::time::sleep(Duration::from_millis(1500)).await;
        a.call.send_nothing();
        if stop {
            a.line.perform(Command::StopRecord {
                leg: CALLER,
                recording,
            });
        } else {
            a.call.hangup();
        }
        match notice(&mut a.line).await {
            Some(Notice::RecordEnded {
                recording: found,
                url,
                duration_ms,
                error,
                ..
            }) => {
                assert_eq!((found, error), (recording, None));
                let wanted = folder.path().join(format!("box/{id}.wav"));
                assert_eq!(url.as_deref(), wanted.to_str());
                assert!(duration_ms > 1000, "{duration_ms} ms");
                let pcm = wav::read_file(&wanted).unwrap();
                assert!(share(&pcm.samples()[1600..8000], 700.0) > 0.95);
            }
            other => panic!("{other:?}"),
        }
    }
    ended(&mut a.line, CALLER).await;
}

#[tokio::test]
async fn a_recording_that_cannot_be_written_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    std::fs::write(&file, "no folder").unwrap();
    let mut config = config("127.23.6.1");
    config.recordings = file;
    let mut a = answered("127.23.6", config).await;
    let recording = RecordingId(1);
    a.line.perform(Command::Record {
        leg: CALLER,
        recording,
        name: "x".to_owned(),
        options: callroute_media::RecordOptions::default(),
    });
    a.line.perform(Command::StopRecord {
        leg: CALLER,
        recording,
    });
    match notice(&mut a.line).await {
        Some(Notice::RecordEnded {
            url: None,
            error: Some(error),
            ..
        }) => {
            assert!(error.contains("a-file"), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

/// What a crash has broken off is completed at the next start, and told.
#[tokio::test]
async fn a_recording_of_before_a_crash_is_completed() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("box.wav");
    let mut recorder = callroute_audio::Recorder::create(&whole).unwrap();
    recorder.push(&[100; 8000]).unwrap();
    recorder.finish().unwrap();
    std::fs::rename(&whole, folder.path().join("box.wav.part")).unwrap();
    let mut adapter = SipAdapter::bind(Config {
        recordings: folder.path().to_owned(),
        ..config("127.23.90.1")
    })
    .await
    .unwrap();
    let recovered = RecoveredRecording {
        name: "box".to_owned(),
        url: whole.display().to_string(),
        duration_ms: 1000,
    };
    assert_eq!(adapter.recovered_recordings(), [recovered]);
    assert_eq!(adapter.recovered_recordings(), [], "each once");
    assert!(whole.exists());
}
