//! How long an endpoint takes: the 95th percentile of its last answers, for the hedge delay.

use std::time::Duration;

/// Times that are remembered.
const KEPT: usize = 100;
/// Times from which on the percentile counts.
const ENOUGH: usize = 20;
/// Times after which it is looked at again.
const EVERY: usize = 20;
/// Shortest hedge delay.
const SHORTEST: Duration = Duration::from_millis(50);
/// Longest hedge delay.
const LONGEST: Duration = Duration::from_millis(400);

/// The last times of one endpoint.
#[derive(Debug, Default)]
pub(crate) struct Latency {
    /// In microseconds; the oldest is overwritten.
    times: Vec<u32>,
    next: usize,
    p95: Option<Duration>,
}

impl Latency {
    /// An answer took so long, or did not come within it.
    pub(crate) fn add(&mut self, time: Duration) {
        let time = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        match self.times.get_mut(self.next) {
            Some(old) => *old = time,
            None => self.times.push(time),
        }
        self.next = (self.next + 1) % KEPT;
        let due = self.p95.is_none() || self.next.is_multiple_of(EVERY);
        if self.times.len() >= ENOUGH && due {
            let mut times = self.times.clone();
            let rank = (times.len() * 95).div_ceil(100).saturating_sub(1);
            // Only this one has to be in its place.
            let (_, p95, _) = times.select_nth_unstable(rank);
            self.p95 = Some(Duration::from_micros(u64::from(*p95)));
        }
    }

    /// How long to wait for this endpoint before the next is asked beside it; until enough is
    /// known, `first`.
    pub(crate) fn hedge(&self, first: Duration) -> Duration {
        match self.p95 {
            Some(p95) => p95.clamp(SHORTEST, LONGEST),
            None => first,
        }
    }

    /// How long this endpoint may be silent on a kept connection until it is more likely that the
    /// connection is dead; `None` until enough is known.
    pub(crate) fn doubt(&self) -> Option<Duration> {
        Some(self.p95?.saturating_mul(2).max(SHORTEST))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Latency;

    const FIRST: Duration = ms(300);

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn hedge_after(times: impl IntoIterator<Item = u64>) -> Duration {
        let mut latency = Latency::default();
        for time in times {
            latency.add(ms(time));
        }
        latency.hedge(FIRST)
    }

    #[test]
    fn the_hedge_delay_is_the_p95_when_enough_is_known() {
        assert_eq!(hedge_after([]), FIRST);
        assert_eq!(hedge_after([100; 19]), FIRST);
        assert_eq!(hedge_after([100; 20]), ms(100));
        assert_eq!(hedge_after(101..=200), ms(195));
        assert_eq!(hedge_after((101..=200).rev()), ms(195));
    }

    #[test]
    fn it_lies_between_50_and_400_ms() {
        assert_eq!(hedge_after([1; 30]), ms(50));
        assert_eq!(hedge_after([900; 30]), ms(400));
        assert_eq!(hedge_after([u64::MAX; 30]), ms(400));
    }

    #[test]
    fn silence_of_twice_the_usual_time_is_in_doubt() {
        let mut latency = Latency::default();
        assert_eq!(latency.doubt(), None);
        (0..20).for_each(|_| latency.add(ms(900)));
        assert_eq!(latency.doubt(), Some(ms(1800)));
        (0..100).for_each(|_| latency.add(ms(1)));
        assert_eq!(latency.doubt(), Some(ms(50)));
    }

    #[test]
    fn what_is_long_past_is_forgotten() {
        assert_eq!(hedge_after([[350; 100], [80; 100]].concat()), ms(80));
        let few_slow = (0..100).map(|n| if n % 25 == 0 { 399 } else { 60 });
        assert_eq!(hedge_after(few_slow), ms(60), "4 % are not 5 %");
    }
}
