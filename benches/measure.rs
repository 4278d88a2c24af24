//! Times small deeds in turn, and prints them as ratios to the first.

use std::time::Instant;

use hdrhistogram::Histogram;

type Failure = Box<dyn std::error::Error>;

const ROUNDS: u32 = 200;
const SAMPLES_A_ROUND: u32 = 500;
/// Deeds timed together, so that reading the clock does not drown them.
const BATCH: u32 = 16;

/// One deed and its times.
pub(crate) struct Measured<'a> {
    name: &'static str,
    work: Box<dyn FnMut() + 'a>,
    histogram: Histogram<u64>,
}

impl<'a> Measured<'a> {
    pub(crate) fn new(name: &'static str, work: impl FnMut() + 'a) -> Result<Self, Failure> {
        Ok(Self {
            name,
            work: Box::new(work),
            histogram: Histogram::new_with_bounds(1, 1_000_000_000, 3)?,
        })
    }

    /// A batch's time is shared among its deeds.
    fn round(&mut self) -> Result<(), Failure> {
        for _ in 0..SAMPLES_A_ROUND {
            let start = Instant::now();
            for _ in 0..BATCH {
                (self.work)();
            }
            let each = start.elapsed().as_nanos() / u128::from(BATCH);
            self.histogram.record(u64::try_from(each)?.max(1))?;
        }
        Ok(())
    }

    fn print(&self, baseline: u64) {
        let at = |quantile| self.histogram.value_at_quantile(quantile);
        #[expect(
            clippy::cast_precision_loss,
            reason = "nanoseconds fit in a float's mantissa"
        )]
        let ratio = at(0.5) as f64 / baseline.max(1) as f64;
        println!(
            "{:<34} p50 {:>7} ns   p99 {:>7} ns   p99.9 {:>7} ns   {ratio:>6.2} x baseline",
            self.name,
            at(0.5),
            at(0.99),
            at(0.999),
        );
    }
}

/// Measures all in turn, round by round, so that what disturbs one disturbs all; the first is the
/// baseline. `--test` and `--quick` only see that it runs.
pub(crate) fn measure(title: &str, mut all: Vec<Measured<'_>>) -> Result<(), Failure> {
    let quick = std::env::args().any(|arg| arg == "--test" || arg == "--quick");
    let rounds = if quick { 2 } else { ROUNDS };
    for _ in 0..rounds {
        for measured in &mut all {
            measured.round()?;
        }
    }
    let samples = rounds * SAMPLES_A_ROUND;
    println!("{title}: {samples} samples of {BATCH} each, in turn");
    let baseline = all
        .first()
        .map_or(1, |first| first.histogram.value_at_quantile(0.5));
    for measured in &all {
        measured.print(baseline);
    }
    Ok(())
}
