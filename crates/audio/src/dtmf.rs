//! DTMF in the sound itself (ITU-T Q.23 and Q.24), for peers without RFC 4733 events.

use crate::goertzel::Goertzel;
use crate::pcm::{Pcm, RATE, samples_in};
use std::f32::consts::TAU;

/// Row frequencies in Hz, low group.
const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
/// Column frequencies in Hz, high group.
const COLUMNS: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
/// The keypad, row by row.
const KEYS: [[char; 4]; 4] = [
    ['1', '2', '3', 'A'],
    ['4', '5', '6', 'B'],
    ['7', '8', '9', 'C'],
    ['*', '0', '#', 'D'],
];

/// Samples in a block (12.75 ms): two whole ones fit into 40 ms however they lie.
const BLOCK: usize = 102;
/// The least mean square of a block that is looked at: about -46 dBFS.
const QUIET: f32 = 160.0 * 160.0;
/// The pair's least share of the block's energy; a clean pair has nearly 1, and speech, which
/// has overtones, seldom this much.
const SHARE: f32 = 0.68;
/// How many times stronger the best of a group must be than each of its neighbours (8 dB).
const LEAD: f32 = 6.3;
/// How many times stronger one group may measure than the other (10 dB): a line's twist of 6 dB,
/// and what the stronger one spills over into the filters of the weaker.
const TWIST: f32 = 10.0;
/// Peak of each of the two frequencies that are rendered: about -10 dBFS together.
const AMPLITUDE: f32 = 7000.0;

/// The sound of a key for `ms` milliseconds (at most a minute).
///
/// `digit` is one of `0`-`9`, `*`, `#`, `A`-`D` (either case); `None` for anything else.
/// Receivers need at least 40 ms, and as much silence between two digits.
#[must_use]
pub fn render(digit: char, ms: u32) -> Option<Pcm> {
    let digit = digit.to_ascii_uppercase();
    let (row, keys) = ROWS
        .iter()
        .zip(KEYS)
        .find(|(_, keys)| keys.contains(&digit))?;
    let (column, _) = COLUMNS.iter().zip(keys).find(|(_, key)| *key == digit)?;
    let wave = |hz: f32, n: usize| (TAU * (hz * n as f32 / RATE as f32).fract()).sin();
    let samples = (0..samples_in(ms.min(60_000)))
        .map(|n| (AMPLITUDE * (wave(*row, n) + wave(*column, n))).round() as i16)
        .collect();
    Some(Pcm::new(samples))
}

/// Hears digits in a stream of samples.
///
/// A digit is reported once, when it has been heard in two blocks running (25 ms), and has ended
/// when two blocks running are without it. So a digit needs 40 ms of sound and 40 ms of pause
/// (Q.24), a gap of one lost packet does not double it, and speech hardly ever makes one.
#[derive(Debug, Clone)]
pub struct Detector {
    rows: [Goertzel; 4],
    columns: [Goertzel; 4],
    energy: f32,
    filled: usize,
    /// What the block before this one held.
    last: Option<char>,
    /// The digit that is being held down.
    current: Option<char>,
    misses: u8,
}

impl Default for Detector {
    fn default() -> Self {
        Self::new()
    }
}

impl Detector {
    /// A detector that has heard nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            rows: ROWS.map(Goertzel::new),
            columns: COLUMNS.map(Goertzel::new),
            energy: 0.0,
            filled: 0,
            last: None,
            current: None,
            misses: 0,
        }
    }

    /// Takes the next samples, in pieces of any size; returns the digits that began in them.
    pub fn push(&mut self, samples: &[i16]) -> Vec<char> {
        let mut digits = Vec::new();
        let mut rest = samples;
        while !rest.is_empty() {
            let take = rest.len().min(BLOCK - self.filled);
            let Some((piece, after)) = rest.split_at_checked(take) else {
                break;
            };
            self.feed(piece);
            rest = after;
            if self.filled == BLOCK {
                let heard = self.judge();
                digits.extend(self.step(heard));
                self.clear();
            }
        }
        digits
    }

    fn feed(&mut self, piece: &[i16]) {
        for &sample in piece {
            let sample = f32::from(sample);
            self.energy += sample * sample;
            for filter in self.rows.iter_mut().chain(&mut self.columns) {
                filter.push(sample);
            }
        }
        self.filled += piece.len();
    }

    fn clear(&mut self) {
        for filter in self.rows.iter_mut().chain(&mut self.columns) {
            filter.reset();
        }
        self.energy = 0.0;
        self.filled = 0;
    }

    /// The digit in the full block, if it is one.
    fn judge(&self) -> Option<char> {
        let block = BLOCK as f32;
        if self.energy < QUIET * block {
            return None;
        }
        let (row, low) = strongest(&self.rows)?;
        let (column, high) = strongest(&self.columns)?;
        let pair = low + high;
        let pure = 2.0 * pair >= SHARE * block * self.energy;
        let level = low <= high * TWIST && high <= low * TWIST;
        if pure && level {
            KEYS.get(row)?.get(column).copied()
        } else {
            None
        }
    }

    /// Two hits begin a digit, two misses end it.
    fn step(&mut self, heard: Option<char>) -> Option<char> {
        let twice = heard.is_some() && heard == self.last;
        self.last = heard;
        if heard.is_some() && heard == self.current {
            self.misses = 0;
            return None;
        }
        if self.current.is_some() {
            self.misses += 1;
            if self.misses < 2 {
                return None;
            }
            self.current = None;
        }
        if twice {
            self.current = heard;
            self.misses = 0;
            return heard;
        }
        None
    }
}

/// The strongest of a group and its power, if it stands out from the others.
fn strongest(group: &[Goertzel; 4]) -> Option<(usize, f32)> {
    let powers = group.map(|filter| filter.power());
    let (best, &power) = powers
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1))?;
    let alone = powers
        .iter()
        .enumerate()
        .all(|(n, &other)| n == best || other * LEAD <= power);
    alone.then_some((best, power))
}

#[cfg(test)]
mod tests;
