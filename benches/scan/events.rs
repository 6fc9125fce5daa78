//! Real rows: scheduled departures, keyed by time, carrier and flight, each a line of JSON.
//!
//! `MAPLEAF_DATA_DIR` names the directory of the full file, `events.jsonl.gz` or `events.jsonl`. Without it the
//! sample in examples/data is used. heed yields bytes; mapleaf decodes a number, a text and a number of each key,
//! except when it reads values alone.

use std::env;
use std::ops::{Bound, ControlFlow};
use std::path::PathBuf;

use mapleaf::{Dbi, Durability, Snapshot};

use crate::examples::{Event, read_rows, sample};
use crate::support::{Case, Lane, Outcome, Role, Sides, Suite, Tree, decoded, encoded, entry, pick, touch};

type Events = Dbi<(i64, &'static str, u16), &'static [u8]>;
/// A row's key, typed and as bytes.
type Known = ((i64, String, u16), Box<[u8]>);

/// The DBI on both sides, and its keys in order.
struct Rows {
    sides: Sides,
    events: Events,
    tree: Tree,
    keys: Vec<Known>,
}

pub(crate) fn events(suite: &mut Suite) -> Outcome {
    let names = ["for_each", "values", "100-row ranges", "get"];
    let cases = names.map(|name| Case::new(format!("{name}, events"), 1));
    if !suite.runs_any(&cases) {
        return Ok(());
    }
    let file = file();
    let rows = load(suite, &file)?;
    suite.note(format!("events: {} rows of {}", rows.keys.len(), file.display()));
    let count = u32::try_from(rows.keys.len())?;
    let (ranges, gets) = (suite.plan.work(1_000, 10), suite.plan.work(100_000, 100));
    let snap = rows.sides.mapleaf.snapshot()?;
    rows.scans(suite, &snap, count)?;
    rows.ranges(suite, &snap, ranges)?;
    rows.gets(suite, &snap, gets)
}

/// The file of the full data if it is known and exists, else the sample.
fn file() -> PathBuf {
    let full = env::var_os("MAPLEAF_DATA_DIR").map(PathBuf::from);
    let full = full.iter().flat_map(|dir| ["events.jsonl.gz", "events.jsonl"].map(|name| dir.join(name)));
    full.into_iter().find(|path| path.is_file()).unwrap_or_else(|| sample("events-sample.jsonl"))
}

fn load(suite: &Suite, file: &PathBuf) -> Outcome<Rows> {
    let mut keys: Vec<Known> = Vec::new();
    let sides = Sides::new(&suite.plan, Durability::Process, |env| {
        let events: Events = env.dbi("events")?;
        let rows = read_rows::<Event>(file).collect::<Result<Vec<_>, _>>()?;
        for some in rows.chunks(50_000) {
            env.transact(|txn| {
                for event in some {
                    let line = serde_json::to_vec(event).map_err(mapleaf::Error::other)?;
                    events.put(txn, (event.ts, &event.carrier, event.flight), &line)?;
                }
                Ok(())
            })?;
        }
        for event in rows {
            let bytes = encoded::<(i64, &str, u16)>((event.ts, &*event.carrier, event.flight))?;
            keys.push(((event.ts, event.carrier, event.flight), bytes));
        }
        Ok(())
    })?;
    keys.sort_unstable();
    Ok(Rows { events: sides.mapleaf.dbi("events")?, tree: sides.tree("events")?, sides, keys })
}

/// The time that a key's bytes hold.
fn time(key: &[u8]) -> u64 {
    decoded(key) ^ 1 << 63
}

impl Rows {
    fn scans(&self, suite: &mut Suite, snap: &Snapshot, count: u32) -> Outcome {
        let txn = self.sides.heed.read_txn()?;
        let lanes = vec![
            Lane::new(Role::Heed, || {
                self.tree.iter(&txn)?.try_fold(0, |sum, next| {
                    let (key, value) = next?;
                    Ok(entry(sum, time(key), value))
                })
            }),
            Lane::new(Role::Mapleaf, || {
                let mut sum = 0;
                let _ = self.events.for_each(snap, .., |(ts, _, _), value| {
                    sum = entry(sum, ts.cast_unsigned(), value);
                    ControlFlow::Continue(())
                })?;
                Ok(sum)
            }),
        ];
        suite.race_lanes(&Case::new("for_each, events", count), lanes)?;
        let lanes = vec![
            Lane::new(Role::Heed, || self.tree.iter(&txn)?.try_fold(0, |sum, next| Ok(entry(sum, 0, next?.1)))),
            Lane::new(Role::Mapleaf, || self.events.values(snap)?.try_fold(0, |sum, value| Ok(entry(sum, 0, value?)))),
        ];
        suite.race_lanes(&Case::new("values, events", count), lanes)
    }

    fn ranges(&self, suite: &mut Suite, snap: &Snapshot, count: u32) -> Outcome {
        let txn = self.sides.heed.read_txn()?;
        let last = u64::try_from(self.keys.len().saturating_sub(100))?.max(1);
        let ranges = (0..u64::from(count)).map(|n| {
            let start = usize::try_from(pick(n, last))?;
            let end = (start + 100).min(self.keys.len().saturating_sub(1));
            Ok((self.keys.get(start).ok_or("no rows")?, self.keys.get(end).ok_or("no rows")?))
        });
        let ranges: Vec<(&Known, &Known)> = ranges.collect::<Outcome<_>>()?;
        let heed = || {
            ranges.iter().try_fold(0, |sum, ((_, low), (_, high))| {
                let range = (Bound::Included(&**low), Bound::Excluded(&**high));
                self.tree.range(&txn, &range)?.try_fold(sum, |sum, next| {
                    let (key, value) = next?;
                    Ok(entry(sum, time(key), value))
                })
            })
        };
        let mapleaf = || {
            ranges.iter().try_fold(0, |sum, (((ts, carrier, flight), _), ((to, until, end), _))| {
                let range = (*ts, carrier.as_str(), *flight)..(*to, until.as_str(), *end);
                self.events.range(snap, range)?.try_fold(sum, |sum, next| {
                    let ((ts, _, _), value) = next?;
                    Ok(entry(sum, ts.cast_unsigned(), value))
                })
            })
        };
        let lanes = vec![Lane::new(Role::Heed, heed), Lane::new(Role::Mapleaf, mapleaf)];
        suite.race_lanes(&Case::new("100-row ranges, events", count), lanes)
    }

    fn gets(&self, suite: &mut Suite, snap: &Snapshot, count: u32) -> Outcome {
        let txn = self.sides.heed.read_txn()?;
        let picks = (0..u64::from(count)).map(|n| usize::try_from(pick(n, self.keys.len() as u64)));
        let picks: Vec<&Known> = picks.map(|at| Ok(&self.keys[at?])).collect::<Outcome<_>>()?;
        let heed = || {
            picks.iter().try_fold(0, |sum: u64, (_, key)| {
                Ok(sum.wrapping_add(touch(self.tree.get(&txn, key)?.ok_or("heed did not find a key")?)))
            })
        };
        let mapleaf = || {
            picks.iter().try_fold(0, |sum: u64, ((ts, carrier, flight), _)| {
                let value = self.events.get(snap, (*ts, carrier, *flight))?;
                Ok(sum.wrapping_add(touch(value.ok_or("mapleaf did not find a key")?)))
            })
        };
        let lanes = vec![Lane::new(Role::Heed, heed), Lane::new(Role::Mapleaf, mapleaf)];
        suite.race_lanes(&Case::new("get, events", count), lanes)
    }
}
