//! Sound that changes on its way: other codecs, other packets, and what is told of it (B36).

use std::time::Duration;

use bytes::Bytes;
use callroute_audio::codec::{Band, Codec, Decoder, Encoder};
use callroute_audio::level::tone_share;
use callroute_audio::tone::Tone;
use callroute_audio::{Prompts, Recorder};
use callroute_media::{Command, EndCause, Line, Notice, PlayId, RecordOptions, RecordingId, Sound};
use callroute_sip::phone::{AnswerMode, Phone, PhoneCall, PhoneConfig};
use sipx_rtp::rtcp::{ReceiverReport, ReportBlock, Rtcp};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::raw::SDP;
use crate::rtp::{Answered, answered, answered_by, hears, packet};
use crate::support::{CALLEE, CALLER, LONG, any_notice, config, dial, expect, phone_with, uri};

/// A raw caller that is bridged to a phone which speaks PCMU alone.
async fn bridged(net: &str, sdp: &str) -> (Answered, Phone, PhoneCall) {
    let mut a = answered(net, sdp).await;
    let config = PhoneConfig {
        codecs: vec![Codec::Pcmu],
        answer: AnswerMode::After(Duration::ZERO),
        ..PhoneConfig::default()
    };
    let phone = phone_with(&format!("{net}.3"), config).await;
    dial(&mut a.line, CALLEE, &uri(phone.local_addr()));
    expect(&mut a.line, Notice::LegRinging { leg: CALLEE }).await;
    expect(&mut a.line, Notice::LegAnswered { leg: CALLEE }).await;
    let (one, other) = (CALLER, CALLEE);
    a.line.perform(Command::Bridge { a: one, b: other });
    let call = phone.next_call().await.unwrap();
    (a, phone, call)
}

#[tokio::test]
async fn another_source_and_another_codec_in_mid_call_are_heard() {
    let (a, _phone, call) = bridged("127.27.11", SDP).await;
    let socket = UdpSocket::bind("127.27.11.2:0").await.unwrap();
    let mut sent = 0;
    // The last goes on where the one before it ends.
    let parts = [
        (7, Codec::Pcmu, 400, 0),
        (8, Codec::Pcma, 700, 0),
        (9, Codec::G722, 1000, 0),
        (9, Codec::Pcmu, 1300, 25),
    ];
    for (ssrc, codec, hz, first) in parts {
        let mut encoder = Encoder::new(codec);
        let tone = Tone::Sine { hz }.render(500);
        for (n, frame) in (first..).zip(tone.samples().chunks(160)) {
            let mut payload = Vec::new();
            let narrow = Band::Narrow;
            encoder.encode(narrow, frame, &mut payload).unwrap();
            let sequence = (ssrc * 1000) as u16 + n;
            let stamp = ssrc * 77_777 + u32::from(n) * 160;
            let bytes = packet(codec.payload_type(), sequence, stamp, ssrc, &payload);
            socket.send_to(&bytes, a.media).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
            sent += 20;
        }
    }
    // All of it arrives, each in its turn; between two, and where the sender is late, there may be both.
    assert!(
        call.wait_heard(Duration::from_millis(sent - 100), LONG)
            .await
    );
    let heard = call.heard();
    let which = |block: &[i16]| {
        let is = |(_, _, hz, _): &(u32, Codec, u16, u16)| tone_share(block, f32::from(*hz)) > 0.9;
        parts.iter().position(is)
    };
    let mut turns: Vec<usize> = heard.chunks_exact(400).filter_map(which).collect();
    for (at, part) in parts.iter().enumerate() {
        let blocks = turns.iter().filter(|turn| **turn == at).count();
        assert!(blocks >= 7, "{part:?}: {blocks} of 10 blocks of 50 ms");
    }
    turns.dedup();
    assert_eq!(turns, [0, 1, 2, 3]);
}

/// RFC 3264, section 8.3.2: from its answer on, what a new offer says is spoken.
#[tokio::test]
async fn another_codec_by_a_new_offer_is_spoken_from_then_on() {
    let mut a = answered("127.27.21", SDP).await;
    let socket = UdpSocket::bind("127.27.21.2:0").await.unwrap();
    let hello = packet(0, 1, 160, 7, &[0xff; 160]);
    socket.send_to(&hello, a.media).await.unwrap();
    let (leg, play, sound) = (CALLER, PlayId(1), Sound::Music);
    a.line.perform(Command::Play { leg, play, sound });
    assert_eq!(hears(&socket).await[1] & 0x7f, 0);
    let raw = &mut a.held.1;
    let law = SDP.replace("AVP 0 101", "AVP 8 101");
    raw.send(&raw.request("INVITE", "r", 2, &a.tag, "", &law))
        .await;
    let ok = raw.until("SIP/2.0 200").await;
    assert!(ok.contains("RTP/AVP 8 101"), "{ok}");
    raw.send(&raw.request("ACK", "ra", 2, &a.tag, "", "")).await;
    // What was sent before it may still come.
    let changed = async { while hears(&socket).await[1] & 0x7f != 8 {} };
    timeout(LONG, changed).await.expect("the new codec");
    for _ in 0..10 {
        assert_eq!(hears(&socket).await[1] & 0x7f, 8);
    }
}

#[tokio::test]
async fn packets_have_the_length_that_was_asked_for() {
    for (net, asked, bytes) in [
        ("127.27.12", "ptime:30", 240),
        ("127.27.13", "maxptime:10", 80),
    ] {
        let sdp = format!("{SDP}a={asked}\r\n");
        let (mut a, _phone, call) = bridged(net, &sdp).await;
        let socket = UdpSocket::bind(format!("{net}.2:0")).await.unwrap();
        let hello = packet(0, 1, 160, 7, &[0xff; 160]);
        socket.send_to(&hello, a.media).await.unwrap();
        call.send_tone(700);
        // What is relayed: after the first few packets, in which another length may be an accident.
        let mut lengths = Vec::new();
        for _ in 0..20 {
            lengths.push(hears(&socket).await.len() - 12);
        }
        assert!(
            lengths[5..].iter().all(|length| *length == bytes),
            "{lengths:?}"
        );
        // And what is our own.
        let sound = Sound::Ringback;
        let play = PlayId(1);
        a.line.perform(Command::Play {
            leg: CALLER,
            play,
            sound,
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        for _ in 0..20 {
            assert_eq!(hears(&socket).await.len() - 12, bytes);
        }
    }
}

#[tokio::test]
async fn reports_are_sent_and_heard_and_come_into_the_record() {
    let net = "127.27.14";
    let mut a = answered(net, SDP).await;
    let (sound, reports) = loop {
        let sound = UdpSocket::bind(format!("{net}.2:0")).await.unwrap();
        let above = sound.local_addr().unwrap().port() + 1;
        if let Ok(reports) = UdpSocket::bind(format!("{net}.2:{above}")).await {
            break (sound, reports);
        }
    };
    let play = PlayId(1);
    let ringback = Sound::Ringback;
    a.line.perform(Command::Play {
        leg: CALLER,
        play,
        sound: ringback,
    });
    for sequence in (0..20u16).filter(|sequence| *sequence != 7) {
        let bytes = packet(0, sequence, u32::from(sequence) * 160, 7, &[0xff; 160]);
        sound.send_to(&bytes, a.media).await.unwrap();
    }
    let first = hears(&sound).await;
    let ssrc = u32::from_be_bytes([first[8], first[9], first[10], first[11]]);
    let mut report = ReceiverReport::new(7);
    report.reports = vec![ReportBlock {
        ssrc,
        cumulative_lost: 3,
        jitter: 80,
        ..ReportBlock::default()
    }];
    let report = Rtcp::encode_compound(&[Rtcp::Receiver(report)]);
    let mut control = a.media;
    control.set_port(control.port() + 1);
    // A stranger's words do not count.
    let stranger = UdpSocket::bind(format!("{net}.9:0")).await.unwrap();
    reports.send_to(&report, control).await.unwrap();
    stranger
        .send_to(&[0x80, 201, 0, 1, 0, 0, 0, 9], control)
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let cause = EndCause::Normal;
    a.line.perform(Command::Hangup { leg: CALLER, cause });
    let record = loop {
        match any_notice(&mut a.line).await.unwrap() {
            Notice::Sound { sound, leg } => break (sound, leg),
            Notice::LegEnded { .. } => panic!("the leg ended without a word about its sound"),
            _ => {}
        }
    };
    let (record, leg) = record;
    assert_eq!(
        (leg, record.leg, record.codec.as_str()),
        (CALLER, 0, "PCMU/8000")
    );
    assert_eq!((record.received, record.lost), (19, 1));
    assert_eq!((record.far_lost, record.far_jitter_ms), (Some(3), Some(10)));
    assert!(record.sent > 5, "{}", record.sent);
    // The goodbye comes where the report came from.
    let mut buffer = [0; 1500];
    let (length, from) = timeout(LONG, reports.recv_from(&mut buffer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(from, control);
    let packets = Rtcp::decode_compound(&Bytes::copy_from_slice(&buffer[..length])).unwrap();
    match &packets[..] {
        [
            Rtcp::Sender(report),
            Rtcp::Sdes(_),
            Rtcp::Other {
                packet_type: 203, ..
            },
        ] => {
            assert_eq!(report.ssrc, ssrc);
            assert_eq!(report.reports[0].cumulative_lost, 1);
        }
        other => panic!("{other:?}"),
    }
}

/// RFC 3389: who takes comfort noise is told how loud our silence is, instead of nothing.
#[tokio::test]
async fn our_silence_is_told_to_whom_takes_comfort_noise() {
    let net = "127.27.20";
    let sdp = SDP.replace("AVP 0 101", "AVP 0 101 13");
    let socket = UdpSocket::bind(format!("{net}.2:0")).await.unwrap();
    let port = socket.local_addr().unwrap().port().to_string();
    let sdp = sdp
        .replace("40000", &port)
        .replace("127.0.0.1", "127.27.20.2");
    let mut a = answered(net, &sdp).await;
    let first = hears(&socket).await;
    assert_eq!((first.len(), first[1]), (13, 13), "a level, no marker");
    assert!((50..100).contains(&first[12]), "{}", first[12]);
    // Sound begins with a marker, and its end is followed by noise again.
    let (leg, play, sound) = (CALLER, PlayId(1), Sound::Beep);
    a.line.perform(Command::Play { leg, play, sound });
    let stamp = |packet: &[u8]| u32::from_be_bytes(packet[4..8].try_into().unwrap());
    let mut sound = hears(&socket).await;
    while sound.len() == 13 {
        sound = hears(&socket).await;
    }
    assert_eq!((sound.len(), sound[1]), (172, 0x80));
    assert!(stamp(&sound).wrapping_sub(stamp(&first)) >= 160);
    let mut packets = 1;
    loop {
        let next = hears(&socket).await;
        if next[1] == 13 {
            break;
        }
        assert_eq!(next[1], 0);
        packets += 1;
    }
    assert_eq!(packets, 20, "400 ms");
}

/// RFC 3389: who does not take comfort noise hears what it stands for, with one codec and with two.
#[tokio::test]
async fn comfort_noise_is_made_for_whom_does_not_take_it() {
    for (net, payload_type) in [("127.27.21", 0), ("127.27.22", 8)] {
        let sdp = SDP.replace("AVP 0 101", &format!("AVP {payload_type} 101 13"));
        let (a, _phone, call) = bridged(net, &sdp).await;
        let socket = UdpSocket::bind(format!("{net}.2:0")).await.unwrap();
        // Silence, as G.711 has it, and then noise of 40 dB under overload.
        for n in 0..3u16 {
            let silence = [if payload_type == 0 { 0xFF } else { 0xD5 }; 160];
            let packet = packet(payload_type, n, u32::from(n) * 160, 7, &silence);
            socket.send_to(&packet, a.media).await.unwrap();
        }
        let noise = packet(13, 3, 480, 7, &[40]);
        socket.send_to(&noise, a.media).await.unwrap();
        assert!(call.wait_heard(Duration::from_secs(1), LONG).await);
        let heard = call.heard();
        let level = callroute_audio::level::rms(&heard[4000..8000]);
        // -40 dB of full scale are 328.
        assert!((230.0..430.0).contains(&level), "{payload_type}: {level}");
    }
}

/// The share of a frequency in what was heard at 16 kHz.
fn wide_share(samples: &[i16], hz: f32) -> f32 {
    // The meter counts 8,000 samples in a second.
    tone_share(samples, hz / 2.0)
}

/// A party in the wide band hears what a prompt has above 4 kHz, and is recorded with it.
#[tokio::test]
async fn the_wide_band_is_played_and_recorded() {
    let net = "127.27.23";
    let folder = tempfile::tempdir().unwrap();
    let tone: Vec<i16> = (0..16_000)
        .map(|n| (std::f32::consts::TAU * 5000.0 * n as f32 / 16_000.0).sin())
        .map(|sample| (8000.0 * sample) as i16)
        .collect();
    let wide = Band::Wide;
    let mut prompt = Recorder::with_format(&folder.path().join("high.wav"), 1, wide).unwrap();
    prompt.push(&tone).unwrap();
    prompt.finish().unwrap();
    let prompts = Prompts::builtin().with_folder(folder.path().into());
    let config = callroute_sip::Config {
        prompts: std::sync::Arc::new(prompts),
        recordings: folder.path().join("kept"),
        ..config(&format!("{net}.1"))
    };
    let adapter = callroute_sip::SipAdapter::bind(config).await.unwrap();
    let mut a = answered_by(adapter, net, &SDP.replace("AVP 0 101", "AVP 9 101")).await;
    let socket = UdpSocket::bind(format!("{net}.2:0")).await.unwrap();
    let (leg, recording) = (CALLER, RecordingId(1));
    let options = RecordOptions::default();
    let name = "high".to_owned();
    a.line.perform(Command::Record {
        leg,
        recording,
        name,
        options,
    });
    let (mut encoder, mut decoder) = (Encoder::new(Codec::G722), Decoder::new(Codec::G722));
    for (n, frame) in (0u16..).zip(tone.chunks(320)) {
        let mut payload = Vec::new();
        encoder.encode(wide, frame, &mut payload).unwrap();
        let packet = packet(9, n, u32::from(n) * 160, 7, &payload);
        socket.send_to(&packet, a.media).await.unwrap();
    }
    let sound = Sound::Prompt("high".to_owned());
    a.line.perform(Command::Play {
        leg,
        play: PlayId(1),
        sound,
    });
    let mut heard = Vec::new();
    while heard.len() < 14_000 {
        let packet = hears(&socket).await;
        decoder.decode(&packet[12..], &mut heard).unwrap();
    }
    assert!(wide_share(&heard[2000..], 5000.0) > 0.9);
    a.line.perform(Command::StopRecord { leg, recording });
    let file = loop {
        match any_notice(&mut a.line).await.unwrap() {
            Notice::RecordEnded { url, error, .. } => break url.ok_or(error).unwrap(),
            Notice::LegEnded { .. } => panic!("the leg ended"),
            _ => {}
        }
    };
    let bytes = std::fs::read(file).unwrap();
    assert_eq!(bytes[24..28], 16_000u32.to_le_bytes());
    let kept: Vec<i16> = bytes[44..]
        .chunks_exact(2)
        .map(|sample| i16::from_le_bytes([sample[0], sample[1]]))
        .collect();
    assert!(kept.len() > 15_000, "{}", kept.len());
    assert!(wide_share(&kept[2000..15_000], 5000.0) > 0.9);
}
