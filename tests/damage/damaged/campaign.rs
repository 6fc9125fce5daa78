//! Many cases in child processes: a signal, an abort, a panic or a hang is seen, and named with the case that it came with.

use std::cell::Cell;
use std::env;
use std::ops::Range;

use mapleaf::{Error, Result};

use crate::common::process;

/// Other cases than the usual ones, as `from..to`: a longer run, or one case again.
const CASES: &str = "MAPLEAF_DAMAGE_CASES";
/// A child that goes on for longer than this many cases would be slow to tell of a first failure.
const CASES_OF_A_CHILD: u64 = 2500;
const DONE: &str = "done";

/// Names the case that was begun last, if a panic ends it.
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

/// What became of the cases: how many came to each of the outcomes that the test counts.
pub type Tally<const N: usize> = [u64; N];

/// Runs `case` for each number below `usual`, in child processes that run the test `name`, whose whole body this call is.
/// Each case gives the outcome that it came to. `None` in a child, whose parent counts.
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
    // What a run of other cases comes to is nobody's promise.
    Ok(asked.is_none().then_some(tally))
}

fn parse(range: &str) -> Result<Range<u64>> {
    let numbers = range.split_once("..").map(|(from, to)| Ok::<_, std::num::ParseIntError>(from.parse()?..to.parse()?));
    numbers.ok_or_else(|| Error::other(format!("not a range: {range}")))?.map_err(Error::other)
}
