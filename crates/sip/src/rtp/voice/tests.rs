//! Delay that is as small as the network lets it be.

use callroute_audio::level::rms;
use proptest::prelude::*;

use super::{AHEAD, FRAME, Frame, LATE, Voice, WINDOW};

fn frame(level: i16) -> Frame {
    [level; FRAME]
}

#[test]
fn it_waits_for_a_little_sound_and_is_never_far_behind() {
    let mut voice = Voice::default();
    voice.push(1, 0, &frame(5));
    assert_eq!(
        voice.take(),
        None,
        "one packet is not enough against jitter"
    );
    voice.push(1, 160, &frame(5));
    assert_eq!(voice.take(), Some(frame(5)));
    assert_eq!(voice.take(), Some(frame(5)));
    for n in 0..50 {
        voice.push(1, 320 + n * 160, &frame(6));
    }
    assert!(voice.waiting.len() <= LATE);
    // A pause is not filled up, a lost packet is.
    let mut voice = Voice::default();
    voice.push(1, 0, &frame(7));
    voice.push(1, 160, &frame(7));
    assert!(voice.take().is_some());
    voice.push(1, 480, &frame(8));
    assert_eq!(voice.waiting.len(), 3 * FRAME);
    voice.push(1, 80_000, &frame(9));
    assert_eq!(voice.waiting.len(), 4 * FRAME);
}

#[test]
fn what_is_late_is_concealed_and_the_delay_grows_by_it() {
    let mut voice = Voice::default();
    for n in 0..2 {
        voice.push(1, n * 160, &frame(4000));
    }
    voice.take().unwrap();
    voice.take().unwrap();
    // Two packets are late: something like what was before is heard meanwhile.
    for _ in 0..2 {
        assert!(rms(&voice.take().unwrap()) > 1000.0);
    }
    for n in 2..5 {
        voice.push(1, n * 160, &frame(4000));
    }
    assert_eq!(voice.waiting.len(), 3 * FRAME, "nothing of it is left out");
    // Nothing any more: a pause.
    for _ in 0..6 {
        voice.take();
    }
    assert_eq!(voice.take(), None);
}

#[test]
fn delay_that_is_not_needed_any_more_goes() {
    let mut voice = Voice::default();
    let mut at = 0;
    let mut push = |voice: &mut Voice| {
        voice.push(1, at, &frame(300));
        at += 160;
    };
    for _ in 0..8 {
        push(&mut voice);
    }
    for _ in 0..20 * WINDOW {
        push(&mut voice);
        assert!(voice.take().is_some());
    }
    assert!(
        voice.waiting.len() <= AHEAD + FRAME,
        "{}",
        voice.waiting.len()
    );
}

#[test]
fn a_pause_sounds_as_the_far_end_says() {
    let mut voice = Voice::default();
    for n in 0..2 {
        voice.push(1, n * 160, &frame(3000));
    }
    voice.take();
    voice.take();
    voice.pause(40);
    for _ in 0..10 {
        let level = rms(&voice.take().unwrap());
        assert!((200.0..500.0).contains(&level), "{level}");
    }
}

proptest! {
    /// Whatever arrives, in whatever order, no more than a little waits.
    #[test]
    fn it_is_bounded(packets in proptest::collection::vec((any::<u32>(), 0usize..800, 0u8..4), 0..60)) {
        let mut voice = Voice::default();
        for (timestamp, count, taken) in packets {
            voice.push(1, timestamp, &vec![1; count]);
            prop_assert!(voice.waiting.len() <= LATE.max(AHEAD));
            for _ in 0..taken {
                voice.take();
            }
        }
    }
}
