//! Runs many cases in child processes, so that a signal, an abort, a panic or a hang is detected and attributed to its
//! case.

use std::cell::Cell;
use std::env;
use std::ops::Range;

use mapleaf::{Error, Result};

use crate::common::process;

/// The variable that selects other cases, as `from..to`: for a longer run, or to repeat one case.
const CASES: &str = "MAPLEAF_DAMAGE_CASES";
/// A child runs at most this many cases, so that the first failure is reported soon.
const CASES_OF_A_CHILD: u64 = 2500;
const DONE: &str = "done";

/// Prints the case that was begun last if a panic ends it.
struct Last {
    name: &'static str,
    case: Cell<u64>,
}

impl Drop for Last {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (name, case) = (self.name, self.case.get());
            eprintln!("case {case} of {name}; run it again with {CASES}={case}..{}", case + 1);
        }
    }
}

/// The number of cases with each of the outcomes that the test counts.
pub type Tally<const N: usize> = [u64; N];

/// Runs `case` for each number below `usual`, in child processes that run the test `name`; this call must be the whole
/// body of that test. Each case returns its outcome. Returns `None` in a child; the parent counts.
#[track_caller]
pub fn run<const N: usize>(
    name: &'static str,
    usual: u64,
    mut case: impl FnMut(u64) -> Result<usize>,
) -> Result<Option<Tally<N>>> {
    if let Some(arguments) = process::arguments() {
        let range = parse(&arguments[0])?;
        let mut tally = [0; N];
        for number in range {
            process::tell(&number.to_string());
            tally[case(number)?] += 1;
        }
        for count in tally {
            process::tell(&format!("{DONE} {count}"));
        }
        return Ok(None);
    }
    let asked = env::var(CASES).ok();
    let range = asked.as_deref().map_or(Ok(0..usual), parse)?;
    let last = Last { name, case: Cell::new(range.start) };
    let mut tally = [0; N];
    let mut from = range.start;
    while from < range.end {
        let to = range.end.min(from + CASES_OF_A_CHILD);
        let child = process::spawn(name, &[&format!("{from}..{to}")])?;
        let mut counts = Vec::new();
        while let Some(line) = child.line() {
            match line.strip_prefix(DONE) {
                Some(count) => counts.push(count.trim().parse::<u64>().map_err(Error::other)?),
                None => last.case.set(line.parse().map_err(Error::other)?),
            }
        }
        child.passes()?;
        assert_eq!(counts.len(), N, "the child did not come to its end");
        tally.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        from = to;
    }
    // The counts of a run of other cases are not checked.
    Ok(asked.is_none().then_some(tally))
}

fn parse(range: &str) -> Result<Range<u64>> {
    let numbers = range.split_once("..").map(|(from, to)| Ok::<_, std::num::ParseIntError>(from.parse()?..to.parse()?));
    numbers.ok_or_else(|| Error::other(format!("not a range: {range}")))?.map_err(Error::other)
}
