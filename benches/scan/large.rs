//! Whole scans of ten times as many rows, of a tree that grew at random and of one loaded in key order, compared with
//! the memory bandwidth and with a reader without checks.

use std::ops::ControlFlow;
use std::thread;

use crate::support::{
    Case, Lane, Mapped, Numbers, Order, Outcome, Role, Sides, Suite, Target, Tree, Unchecked, decoded, entry, short,
};

/// Threads of a parallel scan.
const CORES: usize = 2;

/// One file and its cases.
struct Large {
    sides: Sides,
    numbers: Numbers,
    tree: Tree,
    mapped: Mapped,
    bare: Unchecked,
}

pub(crate) fn large(suite: &mut Suite, order: Order) -> Outcome {
    let rows = suite.plan.large;
    let (name, count) = (format!("{} {}", short(rows), order.tree()), u32::try_from(rows)?);
    let grown = order == Order::Random;
    let target = if grown { Target::Ratio(2.6) } else { Target::RatioOrMemory(1.8, 0.85) };
    let mut for_each = Case::new(format!("for_each, {name}"), count).must(target);
    if grown {
        for_each = for_each.must(Target::Checks(0.10));
    }
    let entries = Case::new(format!("iter, {name}"), count).target(if grown { 2.0 } else { 1.5 });
    // Nine tenths of the memory bandwidth count as reaching it.
    let par_scan =
        Case::new(format!("par_scan, {CORES} threads, {name}"), count).must(Target::BesideOrMemory(1.8, 0.9));
    if !suite.runs_any(&[for_each.clone(), entries.clone(), par_scan.clone()]) {
        return Ok(());
    }
    let sides = Sides::kept(&suite.plan, order)?;
    let large = Large {
        numbers: sides.mapleaf.dbi("numbers")?,
        tree: sides.tree("numbers")?,
        mapped: Mapped::open(&sides.file)?,
        bare: Unchecked::open(&sides.file)?,
        sides,
    };
    large.scans(suite, for_each, entries, par_scan)
}

impl Large {
    fn scans(&self, suite: &mut Suite, for_each: Case, entries: Case, par_scan: Case) -> Outcome {
        let (txn, snap) = (self.sides.heed.read_txn()?, self.sides.mapleaf.snapshot()?);
        let stat = self.numbers.stat(&snap)?;
        let bytes = (stat.leaf_pages + stat.branch_pages) * u64::from(stat.page_size);
        let heed = || {
            self.tree.iter(&txn)?.try_fold(0, |sum, next| {
                let (key, value) = next?;
                Ok(entry(sum, decoded(key), value))
            })
        };
        let each = || {
            let mut sum = 0;
            let _ = self.numbers.for_each(&snap, .., |key, value| {
                sum = entry(sum, key, value);
                ControlFlow::Continue(())
            })?;
            Ok(sum)
        };
        let unchecked = || {
            let mut sum = 0;
            self.bare.for_each(|key, value| sum = entry(sum, key, value));
            Ok(sum)
        };
        let lanes = vec![
            Lane::new(Role::Heed, heed),
            Lane::new(Role::Mapleaf, each),
            Lane::new(Role::Unchecked, unchecked),
            self.mapped.lane(),
        ];
        suite.race_lanes(&for_each.touching(bytes), lanes)?;

        let iter = || {
            self.numbers.iter(&snap)?.try_fold(0, |sum, next| {
                let (key, value) = next?;
                Ok(entry(sum, key, value))
            })
        };
        suite.race_lanes(&entries, vec![Lane::new(Role::Heed, heed), Lane::new(Role::Mapleaf, iter)])?;

        let parallel = || {
            let parts = self.numbers.par_scan(&snap, .., CORES)?;
            thread::scope(|scope| {
                let scans = parts.into_iter().map(|mut part| {
                    scope.spawn(move || -> mapleaf::Result<u64> {
                        part.try_fold(0, |sum, next| {
                            let (key, value) = next?;
                            Ok(entry(sum, key, value))
                        })
                    })
                });
                let running: Vec<_> = scans.collect();
                running.into_iter().try_fold(0, |sum: u64, part| {
                    let part = part.join().map_err(|_| "a scan panicked")??;
                    Ok(sum.wrapping_add(part))
                })
            })
        };
        let lanes = vec![
            Lane::new(Role::Heed, heed),
            Lane::new(Role::Mapleaf, parallel),
            Lane::new(Role::Beside("for_each"), each),
            self.mapped.lane_of(CORES),
        ];
        suite.race_lanes(&par_scan.touching(bytes), lanes)
    }
}
