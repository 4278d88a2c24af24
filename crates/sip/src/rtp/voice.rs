//! What one says, on its way to where it is needed every 20 ms: a mix, or a recording; pure.
//!
//! The second half of the jitter buffer, and the part that has a delay. It begins with two
//! packets; when it runs dry, what is missing is concealed and by that much the delay has grown;
//! when for five seconds more was waiting than was needed, 20 ms are left out, in a pause if there
//! is one.

use std::collections::VecDeque;

use callroute_audio::codec::Band;
use callroute_audio::conceal::Concealer;
use callroute_audio::noise::Noise;

use crate::rtp::heard::TimeLine;
use crate::rtp::play::FRAME;
use crate::rtp::shape::is_silent;

/// Who begins to speak is heard once so much of it is there: two packets, against jitter.
pub(crate) const AHEAD: usize = 2 * FRAME;
/// More than this is late; the oldest of it is left out.
pub(crate) const LATE: usize = 12 * FRAME;
/// Gaps up to this are filled with silence: a lost packet, not a pause.
const GAP: u32 = 3 * FRAME as u32;
/// Frames that are concealed when nothing is there; then it is a pause.
const CONCEALED: u32 = 3;
/// Frames after which it is looked whether less delay would do: 5 s.
const WINDOW: u32 = 250;
/// Frames for which a pause is waited for, to leave out 20 ms where nobody hears it: 2 s.
const PATIENCE: u32 = 100;

/// 20 ms of sound.
pub(crate) type Frame = [i16; FRAME];

/// What waits to be taken.
#[derive(Debug)]
pub(crate) struct Voice {
    line: TimeLine,
    waiting: VecDeque<i16>,
    speaks: bool,
    concealer: Concealer,
    /// Frames concealed since something was there.
    missed: u32,
    /// What a pause sounds like.
    noise: Option<Noise>,
    /// Frames of this window, and the least that waited in it.
    window: (u32, usize),
    /// So many frames are left in which to leave one out.
    shed: Option<u32>,
}

impl Default for Voice {
    fn default() -> Self {
        Self {
            line: TimeLine::default(),
            waiting: VecDeque::new(),
            speaks: false,
            concealer: Concealer::new(Band::Narrow),
            missed: 0,
            noise: None,
            window: (0, usize::MAX),
            shed: None,
        }
    }
}

impl Voice {
    /// Sound has come.
    pub(crate) fn push(&mut self, ssrc: u32, timestamp: u32, samples: &[i16]) {
        let count = u32::try_from(samples.len()).unwrap_or(u32::MAX);
        let Some(gap) = self.line.place(ssrc, timestamp, count) else {
            return;
        };
        self.noise = None;
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

    /// The far end pauses, and says how loud its silence is (RFC 3389).
    pub(crate) fn pause(&mut self, level: u8) {
        self.noise = Some(Noise::new(level));
    }

    /// The next 20 ms, if there are any.
    pub(crate) fn take(&mut self) -> Option<Frame> {
        let needed = if self.speaks { FRAME } else { AHEAD };
        if self.waiting.len() < needed {
            return self.without();
        }
        self.speaks = true;
        self.missed = 0;
        let mut frame = self.next();
        self.look();
        if let Some(left) = self.shed
            && self.waiting.len() >= FRAME
        {
            self.shed = left.checked_sub(1);
            if left == 0 || is_silent(&frame) {
                self.shed = None;
                frame = self.next();
            }
        }
        self.concealer.heard(&mut frame);
        Some(frame)
    }

    fn next(&mut self) -> Frame {
        let mut frame = [0; FRAME];
        let most = FRAME.min(self.waiting.len());
        for (out, sample) in frame.iter_mut().zip(self.waiting.drain(..most)) {
            *out = sample;
        }
        frame
    }

    /// Nothing is there: what was heard goes on for a little, then it is a pause.
    fn without(&mut self) -> Option<Frame> {
        self.window = (0, usize::MAX);
        if let Some(noise) = &mut self.noise {
            self.speaks = false;
            let mut frame = [0; FRAME];
            noise.fill(&mut frame);
            return Some(frame);
        }
        if !self.speaks {
            return None;
        }
        self.missed += 1;
        if self.missed > CONCEALED {
            self.speaks = false;
            return None;
        }
        let mut concealed = Vec::with_capacity(FRAME);
        self.concealer.conceal(FRAME, &mut concealed);
        let mut frame = [0; FRAME];
        frame.copy_from_slice(concealed.get(..FRAME)?);
        Some(frame)
    }

    /// Looks whether less delay would do.
    fn look(&mut self) {
        let (frames, least) = self.window;
        let least = least.min(self.waiting.len());
        if frames + 1 < WINDOW {
            self.window = (frames + 1, least);
            return;
        }
        self.window = (0, usize::MAX);
        if least >= AHEAD {
            self.shed = Some(PATIENCE);
        }
    }
}

#[cfg(test)]
mod tests;
