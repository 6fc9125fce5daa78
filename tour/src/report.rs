//! The output of the tour: one line per scan, run forward and in reverse.

use std::fmt::Write as _;
use std::io::Write;
use std::time::{Duration, Instant};

use mapleaf::key::Key;
use mapleaf::value::Value;
use mapleaf::{Entries, Env, Result, Snapshot};

use super::Outcome;
use super::support::line;

/// Prints scans and their totals.
pub(crate) struct Report<'o> {
    out: &'o mut dyn Write,
    scans: u64,
    checked: u64,
    forward: (u64, Duration),
    reverse: (u64, Duration),
}

impl<'o> Report<'o> {
    pub(crate) fn new(out: &'o mut dyn Write) -> Self {
        let nothing = (0, Duration::ZERO);
        Self { out, scans: 0, checked: 0, forward: nothing, reverse: nothing }
    }

    /// Starts the section of a DBI.
    pub(crate) fn heading(&mut self, what: &str) -> Outcome {
        let (count, forward, reverse) = ("count", "forward", "reverse");
        Ok(writeln!(self.out, "\n{what:<52} {count:>8} {forward:>10} {reverse:>10}")?)
    }

    /// Runs a scan both ways and prints the result. Fails if the two ways differ, or if the count is not `known`.
    pub(crate) fn scan<'t, K: Key, V: Value>(
        &mut self,
        what: &str,
        known: Option<u64>,
        open: impl Fn() -> Result<Entries<'t, Snapshot, K, V>>,
    ) -> Outcome
    where
        K::Ref<'t>: PartialEq,
    {
        let began = Instant::now();
        let count = open()?.try_fold(0, |count, entry| entry.map(|_| count + 1))?;
        let forward = began.elapsed();
        let began = Instant::now();
        let backward = open()?.rev().try_fold(0, |count, entry| entry.map(|_| count + 1))?;
        let reverse = began.elapsed();

        // Once more with the keys kept, without timing: the same keys, from the other end.
        let keys = open()?.keys().collect::<Result<Vec<_>>>()?;
        let mut reversed = open()?.keys().rev().collect::<Result<Vec<_>>>()?;
        reversed.reverse();
        if keys != reversed || count != backward || count != keys.len() as u64 {
            return Err(format!("{what}: {count} entries forward, {backward} in reverse, or not the same ones").into());
        }
        if let Some(known) = known.filter(|known| *known != count) {
            return Err(format!("{what}: {count} entries, and the data holds {known}").into());
        }

        self.scans += 1;
        self.checked += u64::from(known.is_some());
        self.forward = (self.forward.0 + count, self.forward.1 + forward);
        self.reverse = (self.reverse.0 + count, self.reverse.1 + reverse);
        let (forward, reverse) = (format!("{forward:.1?}"), format!("{reverse:.1?}"));
        let mut text = format!("  {what:<50} {count:>8} {forward:>10} {reverse:>10}");
        match &keys[..] {
            [] => {}
            [only] => write!(text, "\n    {only:?}")?,
            [first, .., last] => write!(text, "\n    {first:?} to {last:?}")?,
        }
        Ok(writeln!(self.out, "{text}")?)
    }

    /// Prints the totals.
    pub(crate) fn finish(self, env: &Env) -> Outcome {
        let Self { out, scans, checked, forward, reverse } = self;
        writeln!(out, "\n{scans} scans, each the same in reverse; {checked} counts checked against the known ones")?;
        writeln!(out, "  {}", line("forward", forward.0, "entries", forward.1))?;
        writeln!(out, "  {}", line("reverse", reverse.0, "entries", reverse.1))?;
        let kib = env.info()?.file_size >> 10;
        Ok(writeln!(out, "  {kib} KiB in one file, {} DBIs", env.dbis()?.len())?)
    }
}
