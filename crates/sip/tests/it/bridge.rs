//! Two parties hear each other.

use std::time::Duration;

use callroute_audio::codec::Codec;
use callroute_audio::level::tone_share;
use callroute_media::{Command, EndCause, Line, Notice, PlayEnd, PlayId, Sound};
use callroute_schema::Digit;
use callroute_sip::phone::{AnswerMode, Phone, PhoneCall, PhoneConfig};
use callroute_sip::{Config, SipAdapter, SipLine, Srtp};

use crate::support::{
    CALLEE, CALLER, LONG, answer, config, dial, ended, expect, hears, next_call, notice,
    phone_with, share, uri,
};

struct Bridged {
    line: SipLine,
    caller: PhoneCall,
    callee: PhoneCall,
    _held: (SipAdapter, Phone, Phone),
}

/// An adapter that speaks every codec.
async fn adapter_with_all(ip: &str, srtp: Srtp) -> SipAdapter {
    let config = Config {
        codecs: Codec::ALL.to_vec(),
        srtp,
        ..config(ip)
    };
    SipAdapter::bind(config).await.unwrap()
}

async fn bridged(net: &str, caller: &[Codec], callee: &[Codec]) -> Bridged {
    encrypted(net, [caller, callee], [Srtp::Offered; 3]).await
}

async fn encrypted(
    net: &str,
    [caller, callee]: [&[Codec]; 2],
    [of_caller, ours, of_callee]: [Srtp; 3],
) -> Bridged {
    let mut adapter = adapter_with_all(&format!("{net}.1"), ours).await;
    let speaks = |codecs: &[Codec], srtp| PhoneConfig {
        srtp,
        codecs: codecs.to_vec(),
        answer: AnswerMode::After(Duration::ZERO),
        ..PhoneConfig::default()
    };
    let a = phone_with(&format!("{net}.2"), speaks(caller, of_caller)).await;
    let b = phone_with(&format!("{net}.3"), speaks(callee, of_callee)).await;
    let call = a.call(&uri(adapter.local_addr()), "ann").await.unwrap();
    let mut line = next_call(&mut adapter).await.line;
    dial(&mut line, CALLEE, &uri(b.local_addr()));
    expect(&mut line, Notice::LegRinging { leg: CALLEE }).await;
    expect(&mut line, Notice::LegAnswered { leg: CALLEE }).await;
    answer(&mut line).await;
    line.perform(Command::Bridge {
        a: CALLER,
        b: CALLEE,
    });
    call.wait_answered(LONG).await.unwrap();
    let taken = b.next_call().await.unwrap();
    Bridged {
        line,
        caller: call,
        callee: taken,
        _held: (adapter, a, b),
    }
}

/// Each hears the other's tone. A machine that stalls tears holes in the sound, so it is waited until
/// there is a stretch without any; a codec that spoils the tone never has one.
async fn both_hear(bridged: &Bridged) {
    bridged.caller.send_tone(400);
    bridged.callee.send_tone(1000);
    for (who, call, hz) in [
        ("callee", &bridged.callee, 400.0),
        ("caller", &bridged.caller, 1000.0),
    ] {
        let mut best = 0.0;
        let clean = async {
            loop {
                let heard = call.heard();
                let stretches = heard.get(1600..).unwrap_or_default().chunks_exact(6400);
                best = stretches.map(|it| tone_share(it, hz)).fold(0.0, f32::max);
                if best > 0.95 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let in_time = tokio::time::timeout(LONG, clean).await.is_ok();
        let count = call.heard().len();
        assert!(
            in_time,
            "of {count} samples that the {who} hears, {best} are {hz} Hz"
        );
    }
}

#[tokio::test]
async fn tones_pass_both_ways_with_one_codec() {
    let both = [Codec::Pcmu, Codec::Pcma];
    both_hear(&bridged("127.22.1", &both, &both).await).await;
}

#[tokio::test]
async fn tones_pass_both_ways_between_the_two_laws() {
    both_hear(&bridged("127.22.2", &[Codec::Pcmu], &[Codec::Pcma]).await).await;
}

/// B36: whatever the two speak.
#[tokio::test]
async fn tones_pass_both_ways_between_any_two_codecs() {
    let mut net = 0;
    for &a in Codec::ALL {
        for &b in Codec::ALL {
            net += 1;
            let bridged = bridged(&format!("127.22.{}", 100 + net), &[a], &[b]).await;
            both_hear(&bridged).await;
            bridged.caller.press("5").unwrap();
            assert_eq!(
                bridged.callee.wait_digits(1, LONG).await,
                "5",
                "{a:?} {b:?}"
            );
        }
    }
}

/// RFC 3711, RFC 4568: one leg is encrypted, or both, and what is relayed is opened and sealed.
#[tokio::test]
async fn encrypted_legs_meet_plain_ones() {
    let both: &[Codec] = &[Codec::Pcmu, Codec::G722];
    let (relayed, coded) = ([both, both], [&[Codec::Pcma][..], &[Codec::G722]]);
    // Ours offers keys to whom it calls; the caller does, or not.
    for (net, caller, codecs) in [
        (131, Srtp::Always, relayed),
        (132, Srtp::Always, coded),
        (134, Srtp::Offered, relayed),
        (135, Srtp::Offered, coded),
    ] {
        let srtp = [caller, Srtp::Always, Srtp::Always];
        let bridged = encrypted(&format!("127.22.{net}"), codecs, srtp).await;
        both_hear(&bridged).await;
        bridged.caller.press("7").unwrap();
        assert_eq!(bridged.callee.wait_digits(1, LONG).await, "7");
    }
}

/// Who offers keys where they are not taken is refused, and told why.
#[tokio::test]
async fn keys_in_the_clear_are_refused_unless_wanted() {
    let mut adapter = SipAdapter::bind(config("127.22.133.1")).await.unwrap();
    let srtp = Srtp::Always;
    let speaks = PhoneConfig {
        srtp,
        ..PhoneConfig::default()
    };
    let phone = phone_with("127.22.133.2", speaks).await;
    let call = phone.call(&uri(adapter.local_addr()), "ann").await.unwrap();
    let cause = call.wait_answered(LONG).await.unwrap_err();
    assert_eq!(cause.sip_code, Some(488));
    let plain = phone_with("127.22.133.3", PhoneConfig::default()).await;
    let call = plain.call(&uri(adapter.local_addr()), "ann").await.unwrap();
    let mut line = next_call(&mut adapter).await.line;
    answer(&mut line).await;
    call.wait_answered(LONG).await.unwrap();
}

#[tokio::test]
async fn keys_pass_the_bridge_and_are_told() {
    let mut bridged = bridged("127.22.3", &[Codec::Pcma, Codec::Pcmu], &[Codec::Pcma]).await;
    bridged.caller.press("12#").unwrap();
    assert_eq!(bridged.callee.wait_digits(3, LONG).await, "12#");
    for key in ['1', '2', '#'] {
        let digit = Digit::new(key).unwrap();
        expect(&mut bridged.line, Notice::Digit { leg: CALLER, digit }).await;
    }
    bridged.callee.press("9").unwrap();
    assert_eq!(bridged.caller.wait_digits(1, LONG).await, "9");
}

#[tokio::test]
async fn a_bridge_ends_what_plays_and_outlives_one_leg() {
    let mut bridged = bridged("127.22.4", &[Codec::Pcmu], &[Codec::Pcmu]).await;
    let line = &mut bridged.line;
    // Played over the bridge: the caller hears it in place of the callee.
    bridged.callee.send_tone(1000);
    line.perform(Command::Play {
        leg: CALLER,
        play: PlayId(1),
        sound: Sound::Ringback,
    });
    // The callee is not heard over the tone.
    hears(&bridged.caller, |heard| share(heard, 1000.0) < 0.05).await;
    line.perform(Command::Bridge {
        a: CALLER,
        b: CALLEE,
    });
    let stopped = PlayEnd::Stopped;
    expect(
        line,
        Notice::PlayEnded {
            leg: CALLER,
            play: PlayId(1),
            end: stopped,
        },
    )
    .await;
    bridged.callee.hangup();
    ended(line, CALLEE).await;
    // The caller is free again.
    line.perform(Command::Play {
        leg: CALLER,
        play: PlayId(2),
        sound: Sound::Beep,
    });
    let finished = PlayEnd::Finished;
    expect(
        line,
        Notice::PlayEnded {
            leg: CALLER,
            play: PlayId(2),
            end: finished,
        },
    )
    .await;
    line.perform(Command::Hangup {
        leg: CALLER,
        cause: EndCause::Normal,
    });
    ended(line, CALLER).await;
    assert_eq!(notice(line).await, None);
}
