//! The scans: ranges with each kind of end, prefixes, and whole DBIs.

use std::fmt::Display;
use std::ops::Bound::{self, Excluded, Included};

use mapleaf::key::Key;
use mapleaf::scan::RangeEnd;
use mapleaf::{Dbi, Snapshot};

use super::Outcome;
use super::report::Report;
use super::tables::Tables;

/// How many entries a scan finds: in the full file, and in its sample.
type Counts = (u64, u64);

/// Which of the known files was loaded, recognized by its number of rows.
#[derive(Clone, Copy)]
enum Known {
    Full,
    Sample,
    Neither,
}

impl Known {
    fn of(rows: u64, (full, sample): Counts) -> Self {
        if rows == full {
            Self::Full
        } else if rows == sample {
            Self::Sample
        } else {
            Self::Neither
        }
    }

    fn count(self, (full, sample): Counts) -> Option<u64> {
        match self {
            Self::Full => Some(full),
            Self::Sample => Some(sample),
            Self::Neither => None,
        }
    }
}

pub(crate) fn scan_places(report: &mut Report<'_>, tables: &Tables, snap: &Snapshot, rows: u64) -> Outcome {
    let known = Known::of(rows, (135_233, 1_938));

    // Leading elements make a range: all ids of a population are in it, or none.
    report.heading(tables.by_population.name())?;
    let towns = Interval { first: "BR", column: "population", low: 10_000, high: 20_000 };
    towns.scan(report, &tables.by_population, snap, known, &[(714, 7), (713, 7), (712, 7), (711, 7)])?;

    // `prefix` takes whole elements; for `prefix_text` the last element may be incomplete.
    report.heading(tables.by_name.name())?;
    for (prefix, counts) in [("San ", (2_928, 33)), ("Ō", (41, 1))] {
        let what = format!("prefix {prefix:?}");
        report.scan(&what, known.count(counts), || tables.by_name.prefix_text(snap, (prefix,)))?;
    }

    // Places near each other share the beginning of their geohash: an area is one prefix.
    report.heading(tables.by_geohash.name())?;
    for (prefix, counts) in [("u33", (198, 2)), ("u33d", (47, 2)), ("u0", (12_684, 163))] {
        let what = format!("prefix {prefix:?}");
        report.scan(&what, known.count(counts), || tables.by_geohash.prefix_text(snap, (prefix,)))?;
    }
    Ok(())
}

pub(crate) fn scan_events(report: &mut Report<'_>, tables: &Tables, snap: &Snapshot, rows: u64) -> Outcome {
    let known = Known::of(rows, (336_776, 1_986));

    report.heading(tables.by_origin.name())?;
    // 06:00 to 09:00 local time on 4 July, then all of July.
    let morning = Interval { first: "JFK", column: "ts", low: 1_372_932_000_i64, high: 1_372_942_800 };
    morning.scan(report, &tables.by_origin, snap, known, &[(64, 0), (61, 0), (62, 0), (59, 0)])?;
    let july = Interval { first: "JFK", column: "ts", low: 1_372_651_200_i64, high: 1_375_329_599 };
    july.scan(report, &tables.by_origin, snap, known, &[(10_023, 56)])?;

    report.heading(tables.by_tail.name())?;
    // From its first departure in March to its last.
    let march = Interval { first: "N725MQ", column: "ts", low: 1_362_139_500_i64, high: 1_364_778_000 };
    march.scan(report, &tables.by_tail, snap, known, &[(71, 1), (70, 1), (70, 1), (69, 1)])?;

    // Negative numbers come before positive ones.
    report.heading(tables.by_delay.name())?;
    let punctual = Interval { first: "HA", column: "dep_delay", low: -5_i16, high: 5 };
    punctual.scan(report, &tables.by_delay, snap, known, &[(193, 5), (190, 4), (157, 3), (154, 2)])?;
    let early = Interval { first: "DL", column: "dep_delay", low: -10_i16, high: -1 };
    early.scan(report, &tables.by_delay, snap, known, &[(29_243, 158)])
}

/// Every DBI from end to end, values decoded. The tree holds the expected lengths, without a scan.
pub(crate) fn full_scans(report: &mut Report<'_>, tables: &Tables, snap: &Snapshot) -> Outcome {
    report.heading("whole DBIs")?;
    macro_rules! scan_all {
        ($($dbi:ident)+) => {$(
            let len = tables.$dbi.len(snap)?;
            report.scan(tables.$dbi.name(), Some(len), || tables.$dbi.iter(snap))?;
        )+};
    }
    scan_all!(places by_population by_name by_geohash events by_origin by_tail by_delay);
    Ok(())
}

/// The keys that begin with `first` and have the next element between `low` and `high`.
struct Interval<T> {
    first: &'static str,
    column: &'static str,
    low: T,
    high: T,
}

impl<T: Copy + Display> Interval<T> {
    /// Scans it with both ends included, then, as far as `counts` go, without the high end, the low end, and both.
    fn scan<K: Key>(
        &self,
        report: &mut Report<'_>,
        dbi: &Dbi<K, ()>,
        snap: &Snapshot,
        known: Known,
        counts: &[Counts],
    ) -> Outcome
    where
        (&'static str, T): RangeEnd<K>,
        for<'t> K::Ref<'t>: PartialEq,
    {
        let Self { first, column, low, high } = *self;
        let (low_end, high_end) = ((first, low), (first, high));
        let forms: [((Bound<_>, Bound<_>), _, _); 4] = [
            ((Included(low_end), Included(high_end)), '[', ']'),
            ((Included(low_end), Excluded(high_end)), '[', ')'),
            ((Excluded(low_end), Included(high_end)), '(', ']'),
            ((Excluded(low_end), Excluded(high_end)), '(', ')'),
        ];
        for ((bounds, open, close), counts) in forms.into_iter().zip(counts) {
            let what = format!("{first}, {column} {open}{low}, {high}{close}");
            report.scan(&what, known.count(*counts), || dbi.range(snap, bounds))?;
        }
        Ok(())
    }
}
