//! Sequence numbers and timestamps of what a leg sends: one unbroken stream, whoever fills it; pure.

use std::time::Duration;

/// How long the packet before a pause is taken to last.
const PACKET: Duration = Duration::from_millis(20);
/// A pause longer than this moves the timestamp on by the time that passed, with a marker.
const PAUSE: Duration = Duration::from_millis(60);
/// The same for sound of our own, whose pacer makes up for delays up to this by itself.
const PACED_PAUSE: Duration = Duration::from_millis(250);
/// A jump of a relayed stream by more packets than this is a new stream.
const MAX_SEQUENCE_JUMP: u16 = 1000;
/// A jump of a relayed stream by more milliseconds than this is a new stream.
const MAX_TIMESTAMP_JUMP: u32 = 10_000;

/// The header fields of one packet to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
}

/// The outgoing stream of one leg.
#[derive(Debug)]
pub(crate) struct OutClock {
    /// The next sequence number and timestamp that are free.
    sequence: u16,
    timestamp: u32,
    /// When the timestamp moved on last, by a packet that begins then. Packets of a relayed key do
    /// not move it, however long they go on.
    moved_at: Option<Duration>,
    relayed: Option<Relayed>,
    key: Option<u32>,
    /// A key that is relayed while the sound is encoded anew: its source and timestamp, and ours.
    relayed_key: Option<(u32, u32, u32)>,
    /// The last packet was of our own pacer.
    paced: bool,
    /// The last packet was comfort noise: whatever comes next begins anew.
    hushed: bool,
    /// Ticks in a millisecond.
    per_ms: u32,
}

/// A stream that is being relayed, and how its numbers become ours.
#[derive(Debug, Clone, Copy)]
struct Relayed {
    ssrc: u32,
    first: u16,
    sequence_shift: u16,
    timestamp_shift: u32,
}

impl OutClock {
    /// The next sequence number that is free.
    pub(crate) fn next(&self) -> u16 {
        self.sequence
    }

    /// A stream that begins at these (random) numbers.
    pub(crate) fn new(sequence: u16, timestamp: u32) -> Self {
        Self {
            sequence,
            timestamp,
            moved_at: None,
            relayed: None,
            key: None,
            relayed_key: None,
            paced: false,
            hushed: false,
            per_ms: 8,
        }
    }

    /// From now on there are so many ticks in a second.
    pub(crate) fn set_clock(&mut self, clock: u32) {
        if self.per_ms != clock / 1000 {
            self.per_ms = clock / 1000;
            self.relayed = None;
        }
    }

    /// The stamp of a key that is relayed while the sound is encoded anew: all packets of one key
    /// share a timestamp, whatever sound comes between them.
    pub(crate) fn relay_key(&mut self, now: Duration, ssrc: u32, timestamp: u32) -> Stamp {
        self.relayed = None;
        // Sound that was not there meanwhile is no delay that a pacer makes up for.
        self.paced = false;
        let known = self
            .relayed_key
            .filter(|key| (key.0, key.1) == (ssrc, timestamp));
        let (ours, begins) = match known {
            Some((.., ours)) => (ours, false),
            None => {
                self.catch_up(now, PAUSE);
                self.relayed_key = Some((ssrc, timestamp, self.timestamp));
                (self.timestamp, true)
            }
        };
        let stamp = self.take(now, 0, begins);
        Stamp {
            timestamp: ours,
            ..stamp
        }
    }

    /// The stamp of comfort noise of our own. The sound after it begins with a marker, at the time
    /// that it is then (RFC 3389, section 4).
    pub(crate) fn hush(&mut self, now: Duration, samples: u32) -> Stamp {
        self.relayed = None;
        self.key = None;
        self.catch_up(now, Duration::ZERO);
        let stamp = self.take(now, samples, false);
        self.hushed = true;
        stamp
    }

    /// The stamp of a packet of our own with so many samples.
    pub(crate) fn own(&mut self, now: Duration, samples: u32) -> Stamp {
        self.relayed = None;
        self.key = None;
        let marker = self.catch_up(now, if self.paced { PACED_PAUSE } else { PAUSE });
        self.paced = true;
        self.take(now, samples, marker)
    }

    /// The stamp of a packet of a key of our own: all of one key share its timestamp.
    pub(crate) fn key(&mut self, now: Duration, begins: bool, samples: u32) -> Stamp {
        self.relayed = None;
        if begins || self.key.is_none() {
            self.catch_up(now, if self.paced { PACED_PAUSE } else { PAUSE });
            self.key = Some(self.timestamp);
        }
        self.paced = true;
        let stamp = self.take(now, samples, begins);
        Stamp {
            timestamp: self.key.unwrap_or(stamp.timestamp),
            ..stamp
        }
    }

    /// The stamp of a packet that is relayed: its gaps and its order stay what they are.
    /// `None` for a packet from before the relay began, which has no number left.
    pub(crate) fn relay(
        &mut self,
        now: Duration,
        ssrc: u32,
        sequence: u16,
        timestamp: u32,
        samples: u32,
        marker: bool,
    ) -> Option<Stamp> {
        self.key = None;
        self.paced = false;
        let jump = MAX_TIMESTAMP_JUMP * self.per_ms;
        let known = self.relayed.filter(|relayed| {
            let ours = timestamp.wrapping_add(relayed.timestamp_shift);
            relayed.ssrc == ssrc
                && near(sequence.wrapping_add(relayed.sequence_shift), self.sequence)
                && (ours.wrapping_sub(self.timestamp) <= jump
                    || self.timestamp.wrapping_sub(ours) <= jump)
        });
        let (relayed, begins) = match known {
            Some(relayed) => (relayed, false),
            None => {
                self.catch_up(now, PAUSE);
                let relayed = Relayed {
                    ssrc,
                    first: self.sequence,
                    sequence_shift: self.sequence.wrapping_sub(sequence),
                    timestamp_shift: self.timestamp.wrapping_sub(timestamp),
                };
                self.relayed = Some(relayed);
                (relayed, true)
            }
        };
        let ours = sequence.wrapping_add(relayed.sequence_shift);
        if is_before(ours, relayed.first) && near(ours, relayed.first) {
            return None;
        }
        let timestamp = timestamp.wrapping_add(relayed.timestamp_shift);
        if !is_before(ours, self.sequence) {
            self.sequence = ours.wrapping_add(1);
        }
        let next = timestamp.wrapping_add(samples);
        if (1..1 << 31).contains(&next.wrapping_sub(self.timestamp)) {
            self.moved(now, samples);
            self.timestamp = next;
        }
        Some(Stamp {
            sequence: ours,
            timestamp,
            marker: marker || begins,
        })
    }

    /// Of what was stamped lately nothing was sent: the numbers go on with this one.
    pub(crate) fn go_on(&mut self, sequence: u16) {
        self.sequence = sequence;
        self.relayed = None;
    }

    fn take(&mut self, now: Duration, samples: u32, marker: bool) -> Stamp {
        let stamp = Stamp {
            sequence: self.sequence,
            timestamp: self.timestamp,
            marker,
        };
        self.sequence = self.sequence.wrapping_add(1);
        if samples > 0 {
            self.moved(now, samples);
        }
        self.timestamp = self.timestamp.wrapping_add(samples);
        stamp
    }

    /// The timestamp has moved on, behind a packet with so many samples.
    fn moved(&mut self, now: Duration, samples: u32) {
        let begins = if samples > 0 {
            now
        } else {
            now.saturating_sub(PACKET)
        };
        self.moved_at = Some(begins);
    }

    /// After a longer pause than this, moves the timestamp to where it would be by now. Tells
    /// whether it did.
    fn catch_up(&mut self, now: Duration, pause: Duration) -> bool {
        let hushed = std::mem::take(&mut self.hushed);
        let Some(moved_at) = self.moved_at else {
            self.moved(now, 0);
            return true;
        };
        let passed = now.saturating_sub(moved_at);
        if passed <= pause && !hushed {
            return false;
        }
        self.moved(now, 0);
        let per_ms = u128::from(self.per_ms);
        let samples = passed.saturating_sub(PACKET).as_millis() * per_ms;
        let samples = u32::try_from(samples).unwrap_or(u32::MAX);
        self.timestamp = self.timestamp.wrapping_add(samples);
        true
    }
}

/// Whether `a` comes before `b` on the circle of sequence numbers (RFC 3550, appendix A.1).
pub(crate) fn is_before(a: u16, b: u16) -> bool {
    a != b && b.wrapping_sub(a) < 1 << 15
}

fn near(a: u16, b: u16) -> bool {
    a.wrapping_sub(b) <= MAX_SEQUENCE_JUMP || b.wrapping_sub(a) <= MAX_SEQUENCE_JUMP
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{OutClock, is_before};

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn play_and_relay_make_one_stream() {
        let mut clock = OutClock::new(65_534, 1000);
        let first = clock.own(at(0), 160);
        assert_eq!(
            (first.sequence, first.timestamp, first.marker),
            (65_534, 1000, true)
        );
        assert_eq!(clock.own(at(20), 160).timestamp, 1160);
        let relayed = clock.relay(at(40), 9, 500, 77_000, 160, false).unwrap();
        assert_eq!(
            (relayed.sequence, relayed.timestamp, relayed.marker),
            (0, 1320, true)
        );
        // One packet was lost on the way to us: the gap stays.
        let relayed = clock.relay(at(80), 9, 502, 77_320, 160, false).unwrap();
        assert_eq!(
            (relayed.sequence, relayed.timestamp, relayed.marker),
            (2, 1640, false)
        );
        // A late one keeps its number, and does not turn the stream back.
        let late = clock.relay(at(81), 9, 501, 77_160, 160, false).unwrap();
        assert_eq!((late.sequence, late.timestamp), (1, 1480));
        assert_eq!(clock.own(at(100), 160).sequence, 3);
    }

    #[test]
    fn a_new_source_goes_on_where_the_old_one_ended() {
        let mut clock = OutClock::new(10, 1000);
        clock.relay(at(0), 1, 100, 5000, 160, false).unwrap();
        let other = clock.relay(at(20), 2, 60_000, 9, 160, false).unwrap();
        assert_eq!(
            (other.sequence, other.timestamp, other.marker),
            (11, 1160, true)
        );
        assert_eq!(
            clock.relay(at(21), 2, 59_999, 0, 160, false),
            None,
            "from before"
        );
    }

    #[test]
    fn a_pause_moves_the_timestamp_by_the_time_that_passed() {
        let mut clock = OutClock::new(0, 0);
        clock.own(at(0), 160);
        let resumed = clock.own(at(1020), 160);
        assert_eq!(
            (resumed.sequence, resumed.timestamp, resumed.marker),
            (1, 8160, true)
        );
    }

    #[test]
    fn what_follows_comfort_noise_begins_anew_at_its_time() {
        let mut clock = OutClock::new(0, 0);
        clock.own(at(0), 160);
        let noise = clock.hush(at(100), 160);
        assert_eq!(
            (noise.sequence, noise.timestamp, noise.marker),
            (1, 800, false)
        );
        assert_eq!(clock.hush(at(2100), 160).timestamp, 16_800);
        let speech = clock.own(at(2130), 160);
        assert_eq!(
            (speech.sequence, speech.timestamp, speech.marker),
            (3, 17_040, true)
        );
        assert!(!clock.own(at(2150), 160).marker);
        clock.hush(at(2200), 160);
        let relayed = clock.relay(at(2230), 9, 500, 77_000, 160, false).unwrap();
        assert_eq!((relayed.timestamp, relayed.marker), (17_840, true));
    }

    #[test]
    fn a_delayed_pacer_leaves_no_gap() {
        let mut clock = OutClock::new(0, 0);
        clock.own(at(0), 160);
        // 180 ms late: nine frames follow at once.
        for n in 1..=9 {
            let stamp = clock.own(at(200), 160);
            assert_eq!((stamp.timestamp, stamp.marker), (n * 160, false));
        }
    }

    #[test]
    fn a_relayed_key_keeps_its_timestamp_beside_sound() {
        let mut clock = OutClock::new(0, 0);
        clock.set_clock(48_000);
        clock.own(at(0), 960);
        let first = clock.relay_key(at(20), 7, 555);
        assert_eq!(
            (first.sequence, first.timestamp, first.marker),
            (1, 960, true)
        );
        assert_eq!(clock.own(at(20), 960).timestamp, 960);
        let again = clock.relay_key(at(40), 7, 555);
        assert_eq!(
            (again.sequence, again.timestamp, again.marker),
            (3, 960, false)
        );
        assert!(clock.relay_key(at(60), 7, 999).marker, "another key");
    }

    #[test]
    fn what_follows_a_relayed_key_is_at_its_time() {
        for pressed in [100, 200, 500] {
            let after = at(20 + pressed);
            let key = |clock: &mut OutClock| {
                clock.own(at(0), 160);
                for n in 0..pressed / 50 {
                    clock.relay_key(at(20 + n * 50), 7, 555);
                }
            };
            let wanted = (20 + u32::try_from(pressed).unwrap()) * 8;
            let mut clock = OutClock::new(0, 0);
            key(&mut clock);
            assert_eq!(clock.own(after, 160).timestamp, wanted, "encoded anew");
            let mut clock = OutClock::new(0, 0);
            key(&mut clock);
            let relayed = clock.relay(after, 7, 90, 77_000, 160, false).unwrap();
            assert_eq!(relayed.timestamp, wanted, "relayed");
            let mut clock = OutClock::new(0, 0);
            key(&mut clock);
            assert_eq!(clock.relay_key(after, 7, 999).timestamp, wanted, "a key");
            let again = clock.relay_key(after + at(100), 7, 2000);
            assert_eq!(again.timestamp, wanted + 800, "and another");
        }
    }

    #[test]
    fn all_packets_of_a_key_share_a_timestamp() {
        let mut clock = OutClock::new(0, 0);
        clock.own(at(0), 160);
        let begins = clock.key(at(20), true, 160);
        let goes_on = clock.key(at(40), false, 160);
        assert_eq!((begins.timestamp, goes_on.timestamp), (160, 160));
        assert_eq!(
            (begins.marker, goes_on.marker, goes_on.sequence),
            (true, false, 2)
        );
        assert_eq!(clock.own(at(60), 160).timestamp, 480);
    }

    proptest! {
        /// Whatever fills the stream, what is freshly sent never reuses or turns back a number.
        #[test]
        fn numbers_only_go_forward(steps in proptest::collection::vec(
            (0u8..4, 1u32..4, any::<u16>(), any::<u32>()), 1..60)) {
            let mut clock = OutClock::new(65_000, u32::MAX - 500);
            let mut last: Option<u16> = None;
            let mut now = 0;
            for (kind, ssrc, sequence, timestamp) in steps {
                now += 20;
                let stamp = match kind {
                    0 => Some(clock.own(at(now), 160)),
                    1 => Some(clock.key(at(now), timestamp % 2 == 0, 160)),
                    3 => Some(clock.hush(at(now), 160)),
                    _ => clock.relay(at(now), ssrc, sequence, timestamp, 160, false)
                        .filter(|stamp| last.is_none_or(|last| !is_before(stamp.sequence, last))),
                };
                if let Some(stamp) = stamp {
                    if let Some(last) = last {
                        prop_assert!(kind == 2 || is_before(last, stamp.sequence));
                    }
                    last = Some(stamp.sequence);
                }
            }
        }
    }
}
