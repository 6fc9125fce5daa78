//! The race: heed and mapleaf do the same work in turn for many rounds, and their times are compared.
//!
//! They alternate, so that anything that slows the machine for a while slows both. The ratio is that of the medians;
//! its spread is the least and the greatest ratio of a single round. More lanes may run beside the two: they show
//! what the hardware allows.

use std::fmt;
use std::time::{Duration, Instant};

use super::Outcome;

/// What runs in a lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Role {
    Heed,
    Mapleaf,
    /// The same work over the same pages without a check.
    Unchecked,
    /// Consecutive loads from the mapped file, this many bytes per round. Its sum is not compared.
    Memory(u64),
    /// Another way to do the same work.
    Beside(&'static str),
}

type Timed<'a> = Box<dyn FnMut() -> Outcome<(Duration, u64)> + 'a>;

/// A participant of the race.
pub(crate) struct Lane<'a> {
    role: Role,
    work: Timed<'a>,
}

impl<'a> Lane<'a> {
    /// A lane that times all of `work`.
    pub(crate) fn new(role: Role, mut work: impl FnMut() -> Outcome<u64> + 'a) -> Self {
        Self::timing(role, move || timed(&mut work))
    }

    /// A lane whose `work` measures its own time, without its preparations.
    pub(crate) fn timing(role: Role, work: impl FnMut() -> Outcome<(Duration, u64)> + 'a) -> Self {
        Self { role, work: Box::new(work) }
    }
}

/// The times of every lane, one per round.
pub(crate) struct Race {
    lanes: Vec<(Role, Vec<Duration>)>,
}

impl Race {
    /// Runs `rounds` rounds after `warming` ones that do not count. In each round all lanes must return the same sum.
    pub(crate) fn run(rounds: u64, warming: u64, lanes: &mut [Lane<'_>]) -> Outcome<Self> {
        let mut race = Self { lanes: lanes.iter().map(|lane| (lane.role, Vec::new())).collect() };
        for round in 0..warming + rounds {
            let mut first = None;
            for (lane, (role, times)) in lanes.iter_mut().zip(&mut race.lanes) {
                let (took, sum) = (lane.work)()?;
                let first = *first.get_or_insert(sum);
                if first != sum && !matches!(role, Role::Memory(_)) {
                    return Err(format!("not the same work: one lane comes to {first}, {role:?} to {sum}").into());
                }
                if round >= warming {
                    times.push(took);
                }
            }
        }
        Ok(race)
    }

    /// A race of times that were measured elsewhere: heed's and mapleaf's, one per round.
    pub(crate) fn of(heed: Vec<Duration>, mapleaf: Vec<Duration>) -> Self {
        Self { lanes: vec![(Role::Heed, heed), (Role::Mapleaf, mapleaf)] }
    }

    pub(crate) fn times(&self, of: impl Fn(Role) -> bool) -> Option<(Role, &[Duration])> {
        self.lanes.iter().find(|(role, _)| of(*role)).map(|(role, times)| (*role, &**times))
    }

    /// The median seconds of a round.
    pub(crate) fn median_of(&self, of: impl Fn(Role) -> bool) -> Option<f64> {
        self.times(of).map(|(_, times)| median(times).as_secs_f64())
    }

    pub(crate) fn summary(&self, operations: u32) -> Summary {
        let times = |role| self.times(|other| other == role).map_or(&[][..], |(_, times)| times);
        let (heed, mapleaf) = (times(Role::Heed), times(Role::Mapleaf));
        let ratios = heed.iter().zip(mapleaf).map(|(heed, mapleaf)| ratio(*heed, *mapleaf));
        let (least, most) =
            ratios.fold((f64::INFINITY, 0.0_f64), |(least, most), ratio| (least.min(ratio), most.max(ratio)));
        let (heed, mapleaf) = (median(heed), median(mapleaf));
        let each = |time: Duration| time.as_secs_f64() / f64::from(operations.max(1));
        Summary { heed: each(heed), mapleaf: each(mapleaf), ratio: ratio(heed, mapleaf), least, most }
    }
}

/// The time of `work`, and its result.
pub(crate) fn timed(work: &mut impl FnMut() -> Outcome<u64>) -> Outcome<(Duration, u64)> {
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

/// The result of a race: times in seconds per operation; a ratio above 1 means that mapleaf is faster.
#[derive(Clone, Copy)]
pub(crate) struct Summary {
    heed: f64,
    pub(crate) mapleaf: f64,
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

/// Seconds in readable form. A `Duration` would cut the fractions of a nanosecond that a scan takes per row.
pub(crate) fn shown(seconds: f64) -> String {
    match seconds {
        s if s < 1e-6 => format!("{:.1} ns", s * 1e9),
        s if s < 1e-3 => format!("{:.2} us", s * 1e6),
        s if s < 1.0 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}
