//! What a leg's media makes of packets, without a network.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use callroute_audio::codec::{Band, Codec};
use callroute_audio::prompts::Prompts;
use callroute_audio::speech::Speech;
use callroute_audio::tone::Tones;
use callroute_media::{LegId, Notice, PlayId, RecordOptions, RecordingId};
use futures_util::FutureExt;
use sipx_rtp::packet::Packet;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use super::{PlayState, Playing, Stream};
use crate::notices::Notices;
use crate::rtp::command::MediaCommand;
use crate::rtp::media::Sounds;
use crate::rtp::out::RtpOut;
use crate::rtp::play::Source;
use crate::rtp::ports::{Ports, RtpSocket};
use crate::rtp::room::Rooms;
use crate::rtp::voice::Voice;
use crate::rtp::web::Web;
use crate::sdp::{Event, Remote};

fn socket(net: &str) -> RtpSocket {
    let ports = Ports::new(net.parse().unwrap(), &(20_000..=20_020), Arc::default());
    ports.unwrap().bind().unwrap()
}

/// A far end that hears there, and speaks PCMU.
fn remote(hears: &str, more: &str) -> Remote {
    let (ip, port) = hears.split_once(':').unwrap();
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 0\r\n{more}"
    );
    crate::sdp::read(sdp.as_bytes(), &[Codec::Pcmu]).unwrap()
}

/// A leg's media that is not served, and what it tells.
fn stream(net: &str) -> (Stream, mpsc::Receiver<Box<Notice>>) {
    let sounds = Sounds {
        prompts: Arc::new(Prompts::builtin()),
        speech: Arc::new(Speech::none()),
        tones: Tones::default(),
        web: Arc::new(Web::new(Vec::new(), Arc::default())),
    };
    let (sender, told) = mpsc::channel(100);
    let out = Arc::new(RtpOut::new(socket(net), 7));
    let stream = Stream::new(LegId(1), out, sounds, Notices::new(sender));
    (stream, told)
}

#[tokio::test]
async fn sound_behind_what_is_no_sound_is_heard_at_once_and_as_it_is() {
    let (mut stream, _told) = stream("127.27.91.1");
    stream.payloads.hears_keys(Event {
        payload: 101,
        clock: 8000,
    });
    let heard = Arc::new(Mutex::new(Vec::new()));
    stream.perform(MediaCommand::Tap(Arc::clone(&heard))).await;
    let mut sequence = 0;
    let mut came = async |payload_type: u8, timestamp: u32, payload: &[u8]| {
        let payload = Bytes::copy_from_slice(payload);
        let packet = Packet::new(payload_type, sequence, timestamp, 9, payload);
        sequence += 1;
        let from = "127.27.91.2:4000".parse().unwrap();
        stream.packet(from, packet.encode()).await;
        heard.lock().unwrap().len()
    };
    // A stranger is followed once three packets have come.
    for n in 0..5 {
        came(0, n * 160, &[0x20; 160]).await;
    }
    // A key, comfort noise, and something that nobody has agreed on.
    let mut timestamp = 5 * 160;
    for (payload_type, payload) in [(101, &[5, 0x8a, 3, 0x20][..]), (13, &[70]), (99, &[1; 9])] {
        for _ in 0..6 {
            let before = came(payload_type, timestamp, payload).await;
            assert_eq!(before, timestamp as usize - 2 * 160);
        }
        timestamp += 1600;
        let after = came(0, timestamp, &[0x20; 160]).await;
        timestamp += 160;
        assert_eq!(after, timestamp as usize - 2 * 160, "{payload_type}");
        let heard = heard.lock().unwrap();
        let pause = &heard[after - 1760..after - 160];
        assert!(pause.iter().all(|sample| *sample == 0), "{payload_type}");
    }
}

/// What is done about a recording never waits for the disk, nor for who is told.
#[tokio::test]
async fn the_end_of_a_recording_holds_up_nothing() {
    let (mut stream, mut told) = stream("127.27.91.4");
    let folder = tempfile::tempdir().unwrap();
    for n in 0..2 {
        let path = folder.path().join(format!("{n}.wav"));
        let record = MediaCommand::Record(RecordingId(n), path, RecordOptions::default());
        stream.perform(record).await;
        let stop = stream.perform(MediaCommand::StopRecord(RecordingId(n)));
        assert!(stop.now_or_never().is_some(), "it waits");
    }
    let mut ended = Vec::new();
    stream.written().await;
    while let Ok(notice) = told.try_recv() {
        match *notice {
            Notice::RecordEnded { recording, .. } => ended.push(recording.0),
            other => panic!("{other:?}"),
        }
    }
    ended.sort_unstable();
    assert_eq!(ended, [0, 1]);
}

/// Of packets of 60 ms, what plays fills one and a third.
#[tokio::test]
async fn what_does_not_fill_a_packet_is_heard_now_or_never() {
    let (mut stream, _told) = stream("127.27.91.5");
    stream
        .out
        .agree(&remote("127.27.91.6:4000", "a=ptime:60\r\n"));
    let voice = Arc::new(Mutex::new(Voice::new(Band::Narrow)));
    stream.out.tap(Some(Arc::clone(&voice)));
    let heard = || -> Vec<i16> {
        let mut voice = voice.lock().unwrap();
        let frames = std::iter::from_fn(|| voice.take());
        let heard = frames.map(|frame| frame[80]).collect();
        *voice = Voice::new(Band::Narrow);
        heard
    };
    let play = |stream: &mut Stream| {
        for level in [1000, 2000, 3000, 4000] {
            stream.out.samples(Band::Narrow, &[level; 160]);
        }
        stream.playing = Some(Playing {
            id: PlayId(1),
            state: PlayState::Heard(Source::Samples(Arc::default(), 0)),
        });
    };
    play(&mut stream);
    stream.frame().await;
    assert!(stream.playing.is_none(), "it has ended");
    assert_eq!(heard()[..6], [1000, 2000, 3000, 4000, 0, 0]);
    let other = || Arc::downgrade(&Arc::new(RtpOut::new(socket("127.27.91.7"), 8)));
    let ends = [
        MediaCommand::StopPlay(PlayId(1)),
        MediaCommand::Bridge(other()),
        MediaCommand::Unbridge,
        MediaCommand::Join(
            Arc::new(Rooms::default())
                .join("a", other(), false)
                .unwrap(),
        ),
        MediaCommand::Leave,
    ];
    for end in ends {
        let told = format!("{end:?}");
        play(&mut stream);
        stream.perform(end).await;
        heard();
        for _ in 0..3 {
            stream.out.samples(Band::Narrow, &[9000; 160]);
        }
        assert_eq!(heard()[..3], [9000; 3], "{told}");
    }
}

#[tokio::test]
async fn a_hold_wears_out_no_numbers() {
    let far = UdpSocket::bind("127.27.91.9:0").await.unwrap();
    let out = RtpOut::new(socket("127.27.91.8"), 7);
    let listens = remote(&far.local_addr().unwrap().to_string(), "");
    let mut held = listens.clone();
    held.listens = false;
    let relay = |n: u16| {
        let payload = Bytes::from_static(&[0x20; 160]);
        let packet = Packet::new(0, n, u32::from(n) * 160, 9, payload);
        assert!(out.relay_sound(&packet, Codec::Pcmu));
    };
    let heard = async || {
        let mut packet = [0; 1500];
        let length = far.recv(&mut packet).await.unwrap();
        Packet::decode(&Bytes::copy_from_slice(&packet[..length])).unwrap()
    };
    out.agree(&listens);
    relay(0);
    let before = heard().await;
    out.agree(&held);
    (1..40_000).for_each(relay);
    out.agree(&listens);
    relay(40_000);
    let after = heard().await;
    assert_eq!(after.sequence, before.sequence.wrapping_add(1));
    // Its time has gone by nevertheless.
    let passed = after.timestamp.wrapping_sub(before.timestamp);
    assert!(after.marker && passed >= 40_000 * 160, "{passed}");
}
