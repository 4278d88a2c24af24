//! What one says, on its way to where it is needed every 20 ms: a mix, or a recording; pure.

use std::collections::VecDeque;

use crate::rtp::heard::TimeLine;
use crate::rtp::play::FRAME;

/// Who begins to speak is heard once so much of it is there: two packets, against jitter.
pub(crate) const AHEAD: usize = 2 * FRAME;
/// More than this is late; the oldest of it is left out.
pub(crate) const LATE: usize = 12 * FRAME;
/// Gaps up to this are filled with silence: a lost packet, not a pause.
const GAP: u32 = 3 * FRAME as u32;

/// 20 ms of sound.
pub(crate) type Frame = [i16; FRAME];

/// What waits to be taken.
#[derive(Debug, Default)]
pub(crate) struct Voice {
    line: TimeLine,
    waiting: VecDeque<i16>,
    speaks: bool,
}

impl Voice {
    /// A packet has come.
    pub(crate) fn push(&mut self, ssrc: u32, timestamp: u32, samples: &[i16]) {
        let count = u32::try_from(samples.len()).unwrap_or(u32::MAX);
        let Some(gap) = self.line.place(ssrc, timestamp, count) else {
            return;
        };
        if gap <= GAP && self.speaks {
            let silent = self.waiting.len() + gap as usize;
            self.waiting.resize(silent, 0);
        }
        self.waiting.extend(samples);
        if self.waiting.len() > LATE {
            let late = self.waiting.len() - AHEAD;
            self.waiting.drain(..late);
        }
    }

    /// The next 20 ms, if there are any.
    pub(crate) fn take(&mut self) -> Option<Frame> {
        let needed = if self.speaks { FRAME } else { AHEAD };
        self.speaks = self.waiting.len() >= needed;
        if !self.speaks {
            return None;
        }
        let mut frame = [0; FRAME];
        for (out, sample) in frame.iter_mut().zip(self.waiting.drain(..FRAME)) {
            *out = sample;
        }
        Some(frame)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{AHEAD, FRAME, Frame, LATE, Voice};

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
        assert_eq!(voice.take(), None);
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

    proptest! {
        /// Whatever arrives, in whatever order, no more than a little waits.
        #[test]
        fn it_is_bounded(packets in proptest::collection::vec((any::<u32>(), 0usize..800), 0..60)) {
            let mut voice = Voice::default();
            for (timestamp, count) in packets {
                voice.push(1, timestamp, &vec![1; count]);
                prop_assert!(voice.waiting.len() <= LATE.max(AHEAD));
            }
        }
    }
}
