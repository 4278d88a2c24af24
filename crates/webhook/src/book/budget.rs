//! What second uses of the same endpoint may cost: a fifth of its first uses, and 10 a second.
//! Pure: time comes in as an argument.
//!
//! First uses are free, whichever endpoint they go to: a budget that gates failover to a healthy
//! endpoint loses calls. Only asking the same server again adds to its load when it fails.

use std::time::Duration;

/// One second use, in thousandths.
const ONE: u64 = 1000;
/// What each first use adds.
const SHARE: u64 = ONE / 5;
/// What each second adds, and the most that is saved up.
const EACH_SECOND: u64 = 10 * ONE;

/// The budget of one endpoint. All times count from one fixed moment.
#[derive(Debug)]
pub(crate) struct Budget {
    saved: u64,
    /// In tenths of a millisecond, each of which adds one thousandth.
    counted: u64,
}

impl Budget {
    pub(crate) fn new(now: Duration) -> Self {
        Self {
            saved: EACH_SECOND,
            counted: tenths(now),
        }
    }

    /// A first use went out.
    pub(crate) fn earn(&mut self, now: Duration) {
        self.count(now);
        self.saved = (self.saved + SHARE).min(EACH_SECOND);
    }

    /// Pays for a second use, if that can be paid.
    pub(crate) fn spend(&mut self, now: Duration) -> bool {
        self.count(now);
        match self.saved.checked_sub(ONE) {
            Some(rest) => {
                self.saved = rest;
                true
            }
            None => false,
        }
    }

    fn count(&mut self, now: Duration) {
        let now = tenths(now);
        let earned = now.saturating_sub(self.counted);
        self.saved = self.saved.saturating_add(earned).min(EACH_SECOND);
        self.counted = self.counted.max(now);
    }
}

/// Whole tenths of a millisecond.
fn tenths(time: Duration) -> u64 {
    let seconds = time.as_secs().saturating_mul(EACH_SECOND);
    seconds.saturating_add(u64::from(time.subsec_nanos() / 100_000))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::Budget;

    #[test]
    fn a_quiet_endpoint_may_be_asked_again_ten_times_a_second() {
        let mut budget = Budget::new(Duration::ZERO);
        let spent = |budget: &mut Budget, now| (0..50).filter(|_| budget.spend(now)).count();
        assert_eq!(spent(&mut budget, Duration::ZERO), 10);
        assert_eq!(spent(&mut budget, Duration::from_millis(99)), 0);
        assert_eq!(spent(&mut budget, Duration::from_millis(100)), 1);
        assert_eq!(spent(&mut budget, Duration::from_secs(3600)), 10);
    }

    #[test]
    fn five_first_uses_pay_for_a_second_one() {
        let mut budget = Budget::new(Duration::ZERO);
        while budget.spend(Duration::ZERO) {}
        for _ in 0..4 {
            budget.earn(Duration::ZERO);
        }
        assert!(!budget.spend(Duration::ZERO));
        budget.earn(Duration::ZERO);
        assert!(budget.spend(Duration::ZERO));
        assert!(!budget.spend(Duration::ZERO));
    }

    #[test]
    fn no_more_than_ten_are_saved_up() {
        let mut budget = Budget::new(Duration::ZERO);
        for _ in 0..1000 {
            budget.earn(Duration::ZERO);
        }
        assert_eq!((0..50).filter(|_| budget.spend(Duration::ZERO)).count(), 10);
    }

    proptest! {
        /// Never more than a fifth of the first uses, 10 a second, and the 10 saved up; and a
        /// steady demand of that size is met.
        #[test]
        fn extra_load_stays_within_the_budget(
            uses in proptest::collection::vec((any::<bool>(), 0_u64..200_000), 1..400),
        ) {
            let mut budget = Budget::new(Duration::ZERO);
            let (mut now, mut firsts, mut seconds) = (Duration::ZERO, 0.0_f64, 0.0_f64);
            for (first, wait) in uses {
                now += Duration::from_micros(wait);
                if first {
                    budget.earn(now);
                    firsts += 1.0;
                } else if budget.spend(now) {
                    seconds += 1.0;
                }
                prop_assert!(seconds <= firsts * 0.2 + now.as_secs_f64() * 10.0 + 10.0 + 1e-6);
            }
        }
    }
}
