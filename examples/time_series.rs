//! A time series: a day, a window, the last entries, hourly averages, and the deletion of old entries.
//!
//! ```text
//! cargo run --release --example time_series
//! ```
//!
//! The order comes from the key: `(origin, ts, carrier, flight)` keeps each airport's departures together, in order
//! of time, and the flight makes it unique. Every query for one airport and a span of time is one range.

mod support;

use std::collections::BTreeMap;
use std::error::Error;
use std::ops::ControlFlow;

use mapleaf::{Dbi, Env, Result, Snapshot};
use support::{Event, read_rows, sample};

/// Airport, Unix seconds, carrier, flight; the delay in minutes, or `CANCELLED` if it did not depart. A value need
/// not be a whole row: the field that most queries need fits in four bytes.
type Departures = Dbi<(&'static str, i64, &'static str, u16), i32>;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// 1 July 2013, 00:00 in New York.
const JULY: i64 = 1_372_651_200;
/// Stands for "did not depart".
const CANCELLED: i32 = i32::MAX;

fn load(env: &Env, departures: &Departures) -> std::result::Result<u64, Box<dyn Error>> {
    let events = read_rows::<Event>(sample("events-sample.jsonl")).collect::<std::result::Result<Vec<_>, _>>()?;
    // `transact_or` is `transact` for closures with their own error type.
    env.transact_or(|txn| {
        for event in &events {
            let key = (&*event.origin, event.ts, &*event.carrier, event.flight);
            departures.put(txn, key, event.dep_delay.map_or(CANCELLED, i32::from))?;
        }
        Ok(departures.len(txn)?)
    })
}

/// Mean delay of the flights that departed, by slot of time: one pass that keeps only the sums.
fn downsample(
    departures: &Departures,
    snap: &Snapshot,
    origin: &str,
    (from, to): (i64, i64),
    slot: i64,
) -> Result<BTreeMap<i64, (i64, i64)>> {
    let mut slots = BTreeMap::new();
    // `for_each` is the fastest scan: a loop over whole leaves.
    let _ = departures.for_each(snap, (origin, from)..(origin, to), |(_, ts, _, _), delay| {
        if delay != CANCELLED {
            let (count, sum) = slots.entry((ts - from) / slot).or_insert((0, 0));
            *count += 1;
            *sum += i64::from(delay);
        }
        ControlFlow::Continue(())
    })?;
    Ok(slots)
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let env = Env::temporary()?;
    let departures: Departures = env.dbi("departures")?;
    let total = load(&env, &departures)?;
    let snap = env.snapshot()?;
    println!("{total} departures");

    // A day: half open, so that midnight belongs to one day only. Tuple ranges take leading elements.
    let day = JULY + 16 * DAY;
    let departed = departures.range(&snap, ("JFK", day)..("JFK", day + DAY))?.collect::<Result<Vec<_>>>()?;
    println!("\nJFK, 17 July:");
    for ((_, ts, carrier, flight), delay) in &departed {
        let (hour, minute) = ((ts - day) / HOUR, (ts - day) % HOUR / 60);
        let delay = if *delay == CANCELLED { "cancelled".to_owned() } else { format!("{delay} min") };
        println!("  {hour:02}:{minute:02} {carrier} {flight:<4} {delay}");
    }
    assert_eq!(departed.len(), 5);
    assert!(departed.is_sorted_by_key(|((_, ts, ..), _)| *ts), "a range is in order of time");

    // A window of 31 days. `count` reads page headers only.
    let july = ("JFK", JULY)..=("JFK", JULY + 31 * DAY - 1);
    assert_eq!(departures.count(&snap, july)?, 56);

    // The last three before a moment: a range taken from its end, which stops after three.
    println!("\nthe last three from LGA before July:");
    for entry in departures.range(&snap, ("LGA", i64::MIN)..("LGA", JULY))?.rev().take(3) {
        let ((_, ts, carrier, flight), _) = entry?;
        println!("  {carrier} {flight:<4} {:.1} hours earlier", f64::from(i32::try_from(JULY - ts)?) / 3_600.0);
    }

    println!("\nmean delay from EWR in July, by ten days:");
    let slots = downsample(&departures, &snap, "EWR", (JULY, JULY + 31 * DAY), 10 * DAY)?;
    for (slot, (count, sum)) in &slots {
        println!("  from day {:>2}: {:>3} min ({count} departures)", 1 + slot * 10, sum / count);
    }

    // Retention: departures before July are deleted, airport by airport, in one transaction.
    let deleted = env.transact(|txn| {
        let mut deleted = 0;
        for origin in ["EWR", "JFK", "LGA"] {
            deleted += departures.delete_range(txn, (origin, i64::MIN)..(origin, JULY))?;
        }
        Ok(deleted)
    })?;
    println!("\n{deleted} departures before July deleted, {} left", departures.len(&env.snapshot()?)?);
    assert_eq!(departures.len(&env.snapshot()?)? + deleted, total);
    // The snapshot from before still has them.
    assert_eq!(departures.len(&snap)?, total);
    Ok(())
}
