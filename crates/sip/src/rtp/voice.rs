//! What one says, on its way to where it is needed every 20 ms: a mix, a recording, or another
//! codec; pure.
//!
//! The second half of the jitter buffer, and the part that has a delay. It begins with two
//! packets; when it runs dry, what is missing is concealed and by that much the delay has grown;
//! when for five seconds more was waiting than was needed, 20 ms are left out, in a pause if there
//! is one. More than 240 ms never wait.

use std::collections::VecDeque;

use callroute_audio::band::Converter;
use callroute_audio::codec::Band;
use callroute_audio::conceal::Concealer;
use callroute_audio::noise::Noise;

use crate::rtp::FRAME_MS;
use crate::rtp::heard::{TimeLine, samples_of, ticks};
use crate::rtp::shape::is_silent;

/// Frames that must be there once somebody begins to speak: two packets, against jitter.
pub(crate) const AHEAD: usize = 2;
/// More frames than this are late; the oldest of it is left out.
pub(crate) const LATE: usize = 12;
/// Gaps up to this, in samples of 8 kHz, are filled with silence: a lost packet, not a pause.
const GAP: u32 = 3 * 160;
/// Frames that are concealed when nothing is there; then it is a pause.
const CONCEALED: u32 = 3;
/// Frames after which it is checked whether less delay would do: 5 s.
const WINDOW: u32 = 250;
/// Frames for which a pause is waited for, to leave out 20 ms where nobody hears it: 2 s.
const PATIENCE: u32 = 100;

/// 20 ms of sound, in the band of its voice.
pub(crate) type Frame = Vec<i16>;

/// What waits to be taken.
#[derive(Debug)]
pub(crate) struct Voice {
    line: TimeLine,
    converter: Converter,
    waiting: VecDeque<i16>,
    speaks: bool,
    concealer: Concealer,
    /// Frames concealed since something was there.
    missed: u32,
    /// What a pause sounds like, and how loud it is.
    noise: Option<(Noise, u8)>,
    /// What was taken last was a pause.
    paused: bool,
    /// Frames of this window, and the least that waited in it.
    window: (u32, usize),
    /// So many frames are left in which to leave one out.
    shed: Option<u32>,
}

impl Voice {
    /// One that is taken in this band, whatever band it comes in.
    pub(crate) fn new(band: Band) -> Self {
        Self {
            line: TimeLine::default(),
            converter: Converter::new(band),
            waiting: VecDeque::new(),
            speaks: false,
            concealer: Concealer::new(band),
            missed: 0,
            noise: None,
            paused: false,
            window: (0, usize::MAX),
            shed: None,
        }
    }

    /// The band in which it is taken.
    pub(crate) fn band(&self) -> Band {
        self.converter.band()
    }

    fn frame(&self) -> usize {
        self.band().samples_in(FRAME_MS)
    }

    /// Sound has come, that began at this time in samples of 8 kHz.
    pub(crate) fn push(&mut self, source: u32, at: u32, band: Band, samples: &[i16]) {
        let Some(gap) = self.line.place(source, at, ticks(band, samples.len())) else {
            return;
        };
        self.noise = None;
        if gap <= GAP && self.speaks {
            let silent = self.waiting.len() + samples_of(self.band(), gap);
            self.waiting.resize(silent, 0);
        }
        let converted = self.converter.convert(band, samples);
        self.waiting.extend(converted.iter());
        if self.waiting.len() > LATE * self.frame() {
            let late = self.waiting.len() - AHEAD * self.frame();
            self.waiting.drain(..late);
        }
    }

    /// The far end pauses, and says how loud its silence is (RFC 3389).
    pub(crate) fn pause(&mut self, level: u8) {
        // What it sounds like goes on where only its beginning is told again.
        if self.noise.as_ref().is_none_or(|(_, known)| *known != level) {
            self.noise = Some((Noise::new(level), level));
        }
    }

    /// The level of the pause that was taken last, if it was one.
    pub(crate) fn paused(&self) -> Option<u8> {
        let level = self.noise.as_ref().map(|(_, level)| *level);
        level.filter(|_| self.paused)
    }

    /// The next 20 ms, if there are any.
    pub(crate) fn take(&mut self) -> Option<Frame> {
        let needed = if self.speaks { 1 } else { AHEAD };
        self.paused = false;
        if self.waiting.len() < needed * self.frame() {
            return self.without();
        }
        self.speaks = true;
        self.missed = 0;
        let mut frame = self.next();
        self.look();
        if let Some(left) = self.shed
            && self.waiting.len() >= self.frame()
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
        let most = self.frame().min(self.waiting.len());
        let mut frame: Frame = self.waiting.drain(..most).collect();
        frame.resize(self.frame(), 0);
        frame
    }

    /// Nothing is there: what was heard goes on for a little, then it is a pause.
    fn without(&mut self) -> Option<Frame> {
        self.window = (0, usize::MAX);
        let mut frame = vec![0; self.frame()];
        if let Some((noise, _)) = &mut self.noise {
            self.speaks = false;
            self.paused = true;
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
        frame.clear();
        let samples = self.frame();
        self.concealer.conceal(samples, &mut frame);
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
        if least >= AHEAD * self.frame() {
            self.shed = Some(PATIENCE);
        }
    }
}

#[cfg(test)]
mod tests;
