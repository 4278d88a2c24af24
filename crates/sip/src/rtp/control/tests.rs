//! Two ends that report to each other, and whatever else comes.

use std::time::Duration;

use bytes::Bytes;
use callroute_audio::codec::Codec;
use proptest::prelude::*;
use sipx_rtp::rtcp::Rtcp;

use super::{Control, MAX_COMPOUND, Sent, is_control};

fn at(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// So many milliseconds on a clock as NTP tells it.
fn ntp(ms: u64) -> u64 {
    ((3_900_000_000 + ms / 1000) << 32) | (((ms % 1000) << 32) / 1000)
}

fn sent(packets: u64) -> Sent {
    Sent {
        packets,
        octets: packets * 160,
        timestamp: 5,
    }
}

#[test]
fn loss_jitter_and_the_way_there_and_back_are_known_at_both_ends() {
    let (mut a, mut b) = (Control::new(1, 77), Control::new(2, 78));
    for n in 0..100u16 {
        let stamp = u32::from(n) * 160;
        let sound = Some((Codec::Pcmu, stamp));
        // Every tenth packet is lost, and every second one is 4 ms late.
        if n % 10 != 5 {
            let late = u64::from(n % 2) * 4;
            b.packet(at(u64::from(n) * 20 + late), 1, n, sound);
        }
        a.packet(at(u64::from(n) * 20), 2, n, sound);
    }
    // 30 ms there, 1 s of waiting, 30 ms back.
    let report = a.report(at(2000), ntp(2000), sent(100), false);
    assert!(is_control(&report) && report.len() <= MAX_COMPOUND);
    assert!(b.heard(at(2030), ntp(2030), &report));
    let back = b.report(at(3030), ntp(3030), sent(0), false);
    assert!(a.heard(at(3060), ntp(3060), &back));
    let record = a.record(0, Codec::Pcmu, sent(100)).unwrap();
    assert_eq!((record.received, record.lost), (100, 0));
    assert_eq!((record.far_lost, record.jitter_ms), (Some(10), 0));
    assert_eq!(record.far_jitter_ms, Some(3));
    let trip = record.round_trip_ms.unwrap();
    assert!((58..=62).contains(&trip), "{trip}");
    let record = b.record(1, Codec::Pcmu, sent(0)).unwrap();
    assert_eq!((record.received, record.lost, record.leg), (90, 10, 1));
    assert_eq!(record.far_lost, Some(0));
}

#[test]
fn reports_are_what_the_standard_says() {
    let mut control = Control::new(7, 1);
    let quiet = control.report(at(0), ntp(0), sent(0), false);
    let packets = Rtcp::decode_compound(&quiet).unwrap();
    assert!(matches!(&packets[..], [Rtcp::Receiver(_), Rtcp::Sdes(_)]));
    let goodbye = control.report(at(0), ntp(0), sent(1), true);
    let packets = Rtcp::decode_compound(&goodbye).unwrap();
    assert!(matches!(
        &packets[..],
        [
            Rtcp::Sender(_),
            Rtcp::Sdes(_),
            Rtcp::Other {
                packet_type: 203,
                count: 1,
                ..
            }
        ]
    ));
    let waits: Vec<Duration> = (0..200).map(|_| control.interval()).collect();
    let within = at(2500)..at(7500);
    assert!(waits.iter().all(|wait| within.contains(wait)));
    assert!(waits.iter().max() > waits.iter().min().map(|min| *min + at(3000)).as_ref());
}

#[test]
fn a_new_source_does_not_count_as_loss() {
    let mut control = Control::new(1, 1);
    for (ssrc, sequence) in [(5, 1), (5, 2), (5, 4), (6, 60_000), (6, 60_001), (7, 9)] {
        control.packet(at(0), ssrc, sequence, Some((Codec::Pcma, 0)));
    }
    let record = control.record(0, Codec::Pcma, sent(0)).unwrap();
    assert_eq!((record.received, record.lost), (6, 1));
    assert!(Control::new(1, 1).record(0, Codec::Pcma, sent(0)).is_none());
}

#[test]
fn sound_is_no_report() {
    for payload in [0x00, 0x80, 0x65, 0xe5, 0x6f] {
        assert!(!is_control(&[0x80, payload, 0, 1]));
    }
    assert!(is_control(&[0x80, 200, 0, 1]) && !is_control(&[0x80]) && !is_control(&[]));
}

proptest! {
    #[test]
    fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 190u8..210) {
        let mut bytes = bytes;
        if let [first, second, ..] = &mut bytes[..] {
            (*first, *second) = (0x80 | (*first & 0x1f), kind);
        }
        let mut control = Control::new(1, 3);
        let _ = control.heard(at(1), ntp(1), &Bytes::from(bytes));
        let _ = control.report(at(2), ntp(2), sent(3), true);
    }
}
