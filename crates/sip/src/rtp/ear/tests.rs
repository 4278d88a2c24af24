//! Order, loss and doubles, whatever the network does.

use bytes::Bytes;
use callroute_audio::codec::Codec;
use callroute_audio::law::Law;
use proptest::prelude::*;
use sipx_rtp::packet::Packet;

use super::{Ear, HOLD, Heard};

fn packet(sequence: u16, level: i16) -> Packet {
    let mut payload = Vec::new();
    Law::Mu.encode(&[level; 160], &mut payload);
    let timestamp = u32::from(sequence).wrapping_mul(160);
    Packet::new(0, sequence, timestamp, 7, Bytes::from(payload))
}

fn hear(ear: &mut Ear, sequences: &[u16]) -> Vec<Heard> {
    let level = |sequence: u16| 1000 + i16::try_from(sequence % 8).unwrap() * 2000;
    let mut heard = Vec::new();
    for &sequence in sequences {
        heard.extend(ear.push(&packet(sequence, level(sequence)), Codec::Pcmu));
    }
    heard.extend(ear.rest());
    heard
}

fn whole(heard: &[Heard]) -> Vec<i16> {
    heard
        .iter()
        .flat_map(|heard| heard.samples.clone())
        .collect()
}

#[test]
fn packets_out_of_order_and_twice_are_heard_in_order_and_once() {
    let mut ordered = Ear::default();
    let wanted = whole(&hear(&mut ordered, &[1, 2, 3, 4, 5, 6, 7, 8]));
    let mut ear = Ear::default();
    let heard = hear(&mut ear, &[1, 3, 2, 2, 4, 7, 6, 5, 5, 8, 1]);
    assert_eq!(whole(&heard), wanted);
    assert_eq!((ear.tally().late, ear.tally().lost), (3, 0));
}

#[test]
fn what_is_in_order_is_not_held_back() {
    let mut ear = Ear::default();
    for sequence in [65_534, 65_535, 0, 1] {
        assert_eq!(ear.push(&packet(sequence, 9), Codec::Pcmu).len(), 1);
    }
}

#[test]
fn what_is_lost_is_concealed_in_its_length() {
    let mut ear = Ear::default();
    let heard = hear(&mut ear, &[1, 2, 3, 5, 6, 7, 8, 9]);
    assert_eq!(ear.tally().lost, 1);
    assert_eq!(whole(&heard).len(), 9 * 160);
    let concealed = &whole(&heard)[3 * 160..4 * 160];
    assert!(concealed.iter().any(|sample| *sample != 0));
}

#[test]
fn a_pause_moves_the_time_line() {
    let mut ear = Ear::default();
    let first = ear.push(&packet(1, 5), Codec::Pcmu);
    let mut later = packet(2, 5);
    later.timestamp = 160 + 160 + 8000;
    let after = ear.push(&later, Codec::Pcmu);
    assert_eq!(after[0].at - first[0].at, 160 + 8000);
}

/// Keys and comfort noise share the numbers of the sound.
#[test]
fn sound_behind_a_key_is_neither_late_nor_lost() {
    let mut ear = Ear::default();
    let first = ear.push(&packet(1, 5), Codec::Pcmu);
    for sequence in [2, 4, 3, 3] {
        assert!(ear.skip(&packet(sequence, 5)).is_empty());
    }
    let mut later = packet(5, 5);
    later.timestamp = 2 * 160 + 4000;
    let after = ear.push(&later, Codec::Pcmu);
    assert_eq!(after.len(), 1, "nothing is waited for");
    assert_eq!(after[0].samples.len(), 160, "and nothing concealed");
    assert_eq!(after[0].at - first[0].at, 160 + 4000);
    assert_eq!((ear.tally().late, ear.tally().lost), (0, 0));
    // A number that only comes late is waited for as ever, and one of another source is nobody's.
    let mut other = packet(6, 5);
    other.ssrc = 8;
    assert!(ear.skip(&other).is_empty());
    later.timestamp += 320;
    later.sequence = 7;
    assert!(ear.push(&later, Codec::Pcmu).is_empty());
    assert_eq!(ear.skip(&packet(6, 5)).len(), 1);
}

#[test]
fn another_source_and_another_codec_go_on() {
    let mut ear = Ear::default();
    hear(&mut ear, &[1, 2]);
    let mut other = packet(60_000, 5);
    other.ssrc = 8;
    let heard = ear.push(&other, Codec::Pcmu);
    assert_eq!((heard.len(), heard[0].at), (1, 320));
    let mut other = packet(60_001, 5);
    other.ssrc = 8;
    assert_eq!(ear.push(&other, Codec::Pcma)[0].at, 480);
    other.sequence = 60_002;
    let wide = ear.push(&other, Codec::G722);
    assert_eq!((wide[0].at, wide[0].samples.len()), (640, 320));
}

proptest! {
    /// Whatever the order, losses and doubles: no more is held than a few packets, and what is
    /// heard never goes back in time.
    #[test]
    fn time_goes_forward_and_little_waits(packets in proptest::collection::vec(
        (0u16..400, any::<bool>(), 0u32..2, 0usize..400), 0..120)) {
        let mut ear = Ear::default();
        let mut end: Option<u32> = None;
        for (sequence, odd, ssrc, length) in packets {
            let timestamp = if odd { u32::from(sequence) * 977 } else { u32::from(sequence) * 160 };
            let payload = Bytes::from(vec![0x55; length]);
            let packet = Packet::new(0, sequence, timestamp, ssrc, payload);
            let heard = match length % 5 {
                0 => ear.skip(&packet),
                _ => ear.push(&packet, Codec::Pcmu),
            };
            for heard in heard {
                prop_assert!(end.is_none_or(|end| heard.at >= end));
                end = Some(heard.at + u32::try_from(heard.samples.len()).unwrap());
            }
            prop_assert!(ear.stream.as_ref().is_none_or(|stream| stream.held.len() <= HOLD));
        }
    }

    /// Any order within the reach of the buffer is put right.
    #[test]
    fn small_disorder_is_put_right(swaps in proptest::collection::vec(0usize..2, 40)) {
        let mut order: Vec<u16> = (0..42).collect();
        for (at, swap) in swaps.iter().enumerate().skip(1).step_by(3) {
            order.swap(at, at + swap);
        }
        let wanted = whole(&hear(&mut Ear::default(), &(0..42).collect::<Vec<_>>()));
        prop_assert_eq!(whole(&hear(&mut Ear::default(), &order)), wanted);
    }
}
