//! How long a recording gets, whatever a far end says of its sound.

use std::time::{Duration, Instant};

use callroute_media::{Command, Line, Notice, RecordOptions, RecordingId};
use callroute_sip::SipAdapter;
use tokio::net::UdpSocket;

use crate::raw::SDP;
use crate::rtp::{Answered, answered_by, packet};
use crate::support::{CALLER, config, notice};

/// A caller who is recorded so.
async fn recorded(net: &str, options: RecordOptions) -> (Answered, UdpSocket, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let config = callroute_sip::Config {
        recordings: folder.path().to_owned(),
        ..config(&format!("{net}.1"))
    };
    let mut a = answered_by(SipAdapter::bind(config).await.unwrap(), net, SDP).await;
    a.line.perform(Command::Record {
        leg: CALLER,
        recording: RecordingId(1),
        name: "long".to_owned(),
        options,
    });
    let socket = UdpSocket::bind(format!("{net}.2:0")).await.unwrap();
    (a, socket, folder)
}

/// The length of the recording, which ends now.
async fn length(a: &mut Answered) -> Duration {
    match notice(&mut a.line).await {
        Some(Notice::RecordEnded {
            url: Some(url),
            duration_ms,
            error: None,
            ..
        }) => {
            let bytes = std::fs::metadata(url).unwrap().len();
            assert_eq!((bytes - 44) / 16, duration_ms);
            Duration::from_millis(duration_ms)
        }
        other => panic!("{other:?}"),
    }
}

/// Each packet says that a minute has gone by, or there are a hundred times as many as there is time.
#[tokio::test]
async fn a_sender_does_not_make_time() {
    for (net, step) in [("127.27.41", 479_900), ("127.27.42", 160)] {
        let began = Instant::now();
        let (mut a, socket, _folder) = recorded(net, RecordOptions::default()).await;
        for n in 0..400u16 {
            let packet = packet(0, n, u32::from(n) * step, 7, &[0x20; 160]);
            socket.send_to(&packet, a.media).await.unwrap();
            if n % 20 == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        a.line.perform(Command::StopRecord {
            leg: CALLER,
            recording: RecordingId(1),
        });
        let length = length(&mut a).await;
        let most = began.elapsed() + Duration::from_secs(1);
        assert!(length <= most, "{length:?} in {most:?}");
        assert!(length >= Duration::from_millis(500), "{length:?}");
    }
}

#[tokio::test]
async fn a_recording_ends_when_it_is_as_long_as_it_may_be() {
    let options = RecordOptions {
        max_ms: Some(600),
        ..RecordOptions::default()
    };
    let (mut a, socket, _folder) = recorded("127.27.43", options).await;
    for n in 0..50u16 {
        let packet = packet(0, n, u32::from(n) * 160, 7, &[0x20; 160]);
        socket.send_to(&packet, a.media).await.unwrap();
    }
    // Nobody stops it.
    let length = length(&mut a).await;
    let wanted = Duration::from_millis(500)..=Duration::from_millis(600);
    assert!(wanted.contains(&length), "{length:?}");
}
