//! The race: the same work by heed and by mapleaf in turn, many rounds, and the ratio of their times.
//!
//! In turn, so that whatever slows the machine down for a while slows both. The ratio is that of the medians; its spread
//! is the least and the greatest ratio of a single round.

use std::fmt;
use std::time::{Duration, Instant};

use super::Outcome;

/// The times of both sides, a pair a round.
pub(crate) struct Race {
    heed: Vec<Duration>,
    mapleaf: Vec<Duration>,
}

impl Race {
    /// Runs `rounds` rounds after one that warms up. The sides must come to the same sum in each.
    pub(crate) fn run(
        rounds: u64,
        heed: &mut impl FnMut() -> Outcome<u64>,
        mapleaf: &mut impl FnMut() -> Outcome<u64>,
    ) -> Outcome<Self> {
        let mut race = Self { heed: Vec::new(), mapleaf: Vec::new() };
        for round in 0..=rounds {
            let (heed_took, heed_sum) = timed(heed)?;
            let (mapleaf_took, mapleaf_sum) = timed(mapleaf)?;
            if heed_sum != mapleaf_sum {
                return Err(format!("not the same work: heed comes to {heed_sum}, mapleaf to {mapleaf_sum}").into());
            }
            if round > 0 {
                race.heed.push(heed_took);
                race.mapleaf.push(mapleaf_took);
            }
        }
        Ok(race)
    }

    pub(crate) fn summary(&self, operations: u32) -> Summary {
        let ratios = self.heed.iter().zip(&self.mapleaf).map(|(heed, mapleaf)| ratio(*heed, *mapleaf));
        let (least, most) =
            ratios.fold((f64::INFINITY, 0.0_f64), |(least, most), ratio| (least.min(ratio), most.max(ratio)));
        let (heed, mapleaf) = (median(&self.heed), median(&self.mapleaf));
        let each = |time: Duration| time.as_secs_f64() / f64::from(operations.max(1));
        Summary { heed: each(heed), mapleaf: each(mapleaf), ratio: ratio(heed, mapleaf), least, most }
    }
}

fn timed(work: &mut impl FnMut() -> Outcome<u64>) -> Outcome<(Duration, u64)> {
    let began = Instant::now();
    let sum = work()?;
    Ok((began.elapsed(), sum))
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ratio(heed: Duration, mapleaf: Duration) -> f64 {
    heed.as_secs_f64() / mapleaf.as_secs_f64().max(1e-9)
}

/// What a race came to: times are seconds of one operation, and a ratio above 1 says that mapleaf is the faster.
pub(crate) struct Summary {
    heed: f64,
    mapleaf: f64,
    pub(crate) ratio: f64,
    least: f64,
    most: f64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { heed, mapleaf, ratio, least, most } = self;
        write!(f, "{:>10} {:>10} {ratio:>6.2}x  {least:.2} - {most:.2}", shown(*heed), shown(*mapleaf))
    }
}

/// Seconds for people. A `Duration` would cut the fractions of a nanosecond that a scan spends on a row.
fn shown(seconds: f64) -> String {
    match seconds {
        s if s < 1e-6 => format!("{:.1} ns", s * 1e9),
        s if s < 1e-3 => format!("{:.2} us", s * 1e6),
        s => format!("{:.2} ms", s * 1e3),
    }
}
