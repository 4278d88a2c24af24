//! Delay that is as small as the network lets it be.

use callroute_audio::codec::Band;
use callroute_audio::level::{rms, tone_share};
use callroute_audio::tone::Tone;
use proptest::prelude::*;

use super::{AHEAD, CONCEALED, Frame, LATE, Voice, WINDOW};

const FRAME: usize = 160;
const NARROW: Band = Band::Narrow;

fn frame(level: i16) -> Frame {
    vec![level; FRAME]
}

#[test]
fn it_waits_for_a_little_sound_and_is_never_far_behind() {
    let mut voice = Voice::new(NARROW);
    voice.push(1, 0, NARROW, &frame(5));
    assert_eq!(
        voice.take(),
        None,
        "one packet is not enough against jitter"
    );
    voice.push(1, 160, NARROW, &frame(5));
    assert_eq!(voice.take(), Some(frame(5)));
    assert_eq!(voice.take(), Some(frame(5)));
    for n in 0..50 {
        voice.push(1, 320 + n * 160, NARROW, &frame(6));
    }
    assert!(voice.waiting.len() <= LATE * FRAME);
    // A pause is not filled up, a lost packet is.
    let mut voice = Voice::new(NARROW);
    voice.push(1, 0, NARROW, &frame(7));
    voice.push(1, 160, NARROW, &frame(7));
    assert!(voice.take().is_some());
    voice.push(1, 480, NARROW, &frame(8));
    assert_eq!(voice.waiting.len(), 3 * FRAME);
    voice.push(1, 80_000, NARROW, &frame(9));
    assert_eq!(voice.waiting.len(), 4 * FRAME);
}

#[test]
fn what_is_late_is_concealed_and_the_delay_grows_by_it() {
    let mut voice = Voice::new(NARROW);
    for n in 0..2 {
        voice.push(1, n * 160, NARROW, &frame(4000));
    }
    voice.take().unwrap();
    voice.take().unwrap();
    // Two packets are late: something like what was before is heard meanwhile.
    for _ in 0..2 {
        assert!(rms(&voice.take().unwrap()) > 1000.0);
    }
    for n in 2..5 {
        voice.push(1, n * 160, NARROW, &frame(4000));
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
    let mut voice = Voice::new(NARROW);
    let mut at = 0;
    let mut push = |voice: &mut Voice| {
        voice.push(1, at, NARROW, &frame(300));
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
        voice.waiting.len() <= (AHEAD + 1) * FRAME,
        "{}",
        voice.waiting.len()
    );
}

#[test]
fn a_pause_sounds_as_the_far_end_says() {
    let mut voice = Voice::new(NARROW);
    for n in 0..2 {
        voice.push(1, n * 160, NARROW, &frame(3000));
    }
    voice.take();
    voice.take();
    voice.pause(40);
    for _ in 0..10 {
        let level = rms(&voice.take().unwrap());
        assert!((200.0..500.0).contains(&level), "{level}");
    }
}

#[test]
fn one_band_is_made_of_another() {
    let tone = Tone::Sine { hz: 900 }.render(1000);
    for (from, to) in [(Band::Narrow, Band::Wide), (Band::Wide, Band::Narrow)] {
        let mut voice = Voice::new(to);
        let mut other = Vec::new();
        callroute_audio::band::Doubler::default().push(tone.samples(), &mut other);
        let sound = if from == Band::Wide {
            &other
        } else {
            tone.samples()
        };
        let mut taken = Vec::new();
        for (at, part) in (0u32..).zip(sound.chunks(from.samples_in(20))) {
            voice.push(1, at * 160, from, part);
            taken.extend(voice.take().unwrap_or_default());
        }
        assert_eq!(taken.len(), to.samples_in(980));
        if to == Band::Wide {
            taken = taken.iter().step_by(2).copied().collect();
        }
        assert!(tone_share(&taken[800..], 900.0) > 0.98, "{to:?}");
    }
}

#[test]
fn a_pause_is_told_as_one_until_sound_comes() {
    let mut voice = Voice::new(NARROW);
    voice.push(1, 0, NARROW, &frame(3000));
    voice.push(1, 160, NARROW, &frame(3000));
    voice.pause(60);
    for _ in 0..2 {
        voice.take().unwrap();
        assert_eq!(voice.paused(), None, "what was said before comes first");
    }
    voice.take().unwrap();
    assert_eq!(voice.paused(), Some(60));
    voice.push(1, 8000, NARROW, &frame(3000));
    voice.push(1, 8160, NARROW, &frame(3000));
    voice.take().unwrap();
    assert_eq!(voice.paused(), None);
}

proptest! {
    /// Whatever arrives, in whatever order, no more than a little waits.
    #[test]
    fn it_is_bounded(packets in proptest::collection::vec((any::<u32>(), 0usize..800, 0u8..4), 0..60)) {
        let mut voice = Voice::new(NARROW);
        for (timestamp, count, taken) in packets {
            voice.push(1, timestamp, NARROW, &vec![1; count]);
            prop_assert!(voice.waiting.len() <= LATE * FRAME);
            for _ in 0..taken {
                voice.take();
            }
        }
    }

    /// Packets that come with jitter are given on evenly and in full: once the delay has grown to
    /// the jitter there is no hole any more, and it never grows beyond the jitter and two packets.
    #[test]
    fn jitter_is_evened_out(
        late in proptest::collection::vec(0u32..80, 400),
        wide in any::<bool>(),
    ) {
        let band = if wide { Band::Wide } else { Band::Narrow };
        let mut voice = Voice::new(band);
        let worst = late.iter().max().copied().unwrap_or(0);
        // When each packet comes: in order, as behind a queue.
        let mut come: Vec<u32> = late.iter().zip(0u32..).map(|(late, n)| n * 20 + late).collect();
        for n in 1..come.len() {
            come[n] = come[n].max(come[n - 1]);
        }
        let (mut next, mut holes, mut last) = (0, 0u32, 0);
        for now in (0..400 * 20).step_by(20) {
            while next < come.len() && come[next] <= now {
                let samples = vec![4000; band.samples_in(20)];
                voice.push(1, next as u32 * 160, band, &samples);
                next += 1;
            }
            let delay = voice.waiting.len() / band.samples_in(1);
            prop_assert!(delay <= 240, "{delay} ms wait");
            match voice.take() {
                Some(frame) => {
                    prop_assert_eq!(frame.len(), band.samples_in(20));
                    // What is concealed has faded a little.
                    if frame.iter().any(|sample| *sample < 3900) {
                        holes += 1;
                        last = now;
                    }
                }
                None => prop_assert!(now <= worst + 40, "nothing at {now} ms"),
            }
        }
        // Each hole makes the delay grow by 20 ms: as many as the jitter has packets, and one more
        // for each time that the delay was shortened since.
        prop_assert!(holes <= worst / 20 + 1 + CONCEALED + 2 * 400 / WINDOW, "{holes}, the last at {last} ms");
    }
}
