//! The content of an environment: the number of operations of each thread, after a check that there is nothing else.

use std::collections::BTreeMap;
use std::fmt;

use mapleaf::{Dbi, Env, Error, Result, Snapshot};

use super::promise::Counts;
use super::work::{EXTRA, FIRST, Kind, changes, has_extra, kind, pairs};

/// What is wrong with the result of a power cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Something is missing that was promised.
    Lost(String),
    /// Something is there that is impossible, or cannot be read.
    Wrong(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(why) => write!(f, "lost: {why}"),
            Self::Wrong(why) => write!(f, "wrong: {why}"),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Wrong(format!("{error:?}"))
    }
}

/// The operations that are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Whether the databases exist; otherwise there are no operations.
    pub ready: bool,
    pub counts: Counts,
    /// Transactions in order: thread and number.
    pub order: Vec<(u32, u64)>,
}

impl Found {
    pub fn count(&self, thread: u32) -> u64 {
        self.counts.get(&thread).copied().unwrap_or(0)
    }
}

/// The rows of one state.
struct Rows {
    marks: BTreeMap<u32, u64>,
    order: Vec<(u64, u64)>,
    data: BTreeMap<(u32, u32), Vec<u8>>,
    pairs: Vec<(u32, u64)>,
    extra: Option<Vec<u64>>,
}

const NAMES: [&str; 4] = ["marks", "order", "data", "pairs"];

fn read(env: &Env, snap: &Snapshot, has_extra: bool) -> Result<Rows> {
    let data: Dbi<(u32, u32), &[u8]> = env.dbi("data")?;
    Ok(Rows {
        marks: env.dbi::<u32, u64>("marks")?.iter(snap)?.collect::<Result<_>>()?,
        order: env.dbi::<u64, u64>("order")?.iter(snap)?.collect::<Result<_>>()?,
        data: data.iter(snap)?.map(|row| row.map(|(key, value)| (key, value.to_vec()))).collect::<Result<_>>()?,
        pairs: env.multi_dbi::<u32, u64>("pairs")?.pairs(snap)?.collect::<Result<_>>()?,
        extra: has_extra.then(|| extra_rows(env, snap)).transpose()?,
    })
}

fn extra_rows(env: &Env, snap: &Snapshot) -> Result<Vec<u64>> {
    env.dbi_options().create(false).open::<u64, &[u8]>(EXTRA)?.keys(snap)?.collect()
}

fn names(env: &Env) -> Result<Vec<String>> {
    Ok(env.dbis()?.into_iter().map(|dbi| dbi.name.clone()).collect())
}

/// The number of operations of a thread that is idle. Threads of other processes may be active.
pub fn count(env: &Env, seed: u64, thread: u32) -> Result<u64> {
    let there = names(env)?;
    let snap = env.snapshot()?;
    let marked = env.dbi::<u32, u64>("marks")?.get(&snap, thread)?.unwrap_or(0);
    if thread != FIRST || has_trace(kind(seed, thread, marked + 1)) {
        return Ok(marked);
    }
    let rows = there.iter().any(|name| name == EXTRA).then(|| extra_rows(env, &snap)).transpose()?;
    Ok(if rows == extra(seed, marked) { marked } else { marked + 1 })
}

fn has_trace(kind: Kind) -> bool {
    matches!(kind, Kind::Transact | Kind::Apply | Kind::Submit)
}

/// The content of the environment. If the last operation leaves no trace, there are two answers.
pub fn found(env: &Env, seed: u64) -> Result<Vec<Found>, Fault> {
    let there = names(env)?;
    let snap = env.snapshot()?;
    let missing = NAMES.iter().filter(|name| !there.iter().any(|there| there == *name)).count();
    if missing > 0 {
        return if there.iter().zip(NAMES).all(|(there, _)| NAMES.contains(&&**there)) && is_empty(env, &snap, &there)? {
            Ok(vec![Found::default()])
        } else {
            Err(Fault::Wrong(format!("only the databases {there:?} are there, and not empty")))
        };
    }
    let rows = read(env, &snap, there.iter().any(|name| name == EXTRA))?;
    let counts: Counts = rows.marks.clone();
    let first = counts.get(&FIRST).copied().unwrap_or(0);
    let mut candidates = vec![first];
    if !has_trace(kind(seed, FIRST, first + 1)) {
        candidates.push(first + 1);
    }
    let mut out = Vec::new();
    let mut why = String::new();
    for first in candidates {
        let mut counts = counts.clone();
        if first > 0 {
            counts.insert(FIRST, first);
        }
        match compare(&rows, &counts, seed) {
            Ok(order) => out.push(Found { ready: true, counts, order }),
            Err(error) => why = format!("{why} as of {counts:?}: {error};"),
        }
    }
    if out.is_empty() { Err(Fault::Wrong(why)) } else { Ok(out) }
}

fn is_empty(env: &Env, snap: &Snapshot, there: &[String]) -> Result<bool> {
    let mut empty = true;
    for name in there {
        empty &= match &**name {
            "marks" => env.dbi::<u32, u64>(name)?.is_empty(snap)?,
            "order" => env.dbi::<u64, u64>(name)?.is_empty(snap)?,
            "data" => env.dbi::<(u32, u32), &[u8]>(name)?.is_empty(snap)?,
            _ => env.multi_dbi::<u32, u64>(name)?.is_empty(snap)?,
        };
    }
    Ok(empty)
}

/// Compares the rows with those that these operations leave. Returns the order of transactions.
fn compare(rows: &Rows, counts: &Counts, seed: u64) -> Result<Vec<(u32, u64)>, String> {
    let order = order(rows, counts, seed)?;
    let mut data: BTreeMap<(u32, u32), Vec<u8>> = BTreeMap::new();
    let mut expected = Vec::new();
    for (thread, count) in counts {
        for number in (1..=*count).filter(|number| has_trace(kind(seed, *thread, *number))) {
            for (key, value) in changes(seed, *thread, number) {
                match value {
                    Some(value) => data.insert((*thread, key), value),
                    None => data.remove(&(*thread, key)),
                };
            }
        }
        expected.extend(pairs(seed, *thread, *count));
    }
    if data != rows.data {
        let key = data.iter().zip(&rows.data).find(|(one, other)| one != other).map(|(one, _)| *one.0);
        return Err(format!("{} rows are there, not {}; they differ at {key:?}", rows.data.len(), data.len()));
    }
    expected.sort_unstable();
    if expected != rows.pairs {
        return Err(format!("the pairs are {:?}, not {expected:?}", rows.pairs));
    }
    let extra = extra(seed, counts.get(&FIRST).copied().unwrap_or(0));
    if extra != rows.extra {
        return Err(format!("the extra database holds {:?}, not {extra:?}", rows.extra));
    }
    Ok(order)
}

/// The order of transactions, after a check that it has no gaps and agrees with the order of each thread.
fn order(rows: &Rows, counts: &Counts, seed: u64) -> Result<Vec<(u32, u64)>, String> {
    let mut order: Vec<(u32, u64)> = Vec::new();
    let mut of_threads: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for (at, (place, operation)) in rows.order.iter().enumerate() {
        if *place != at as u64 {
            return Err(format!("the order has no place {at}"));
        }
        let (thread, number) = (u32::try_from(operation >> 32).unwrap_or(u32::MAX), operation & 0xFFFF_FFFF);
        of_threads.entry(thread).or_default().push(number);
        order.push((thread, number));
    }
    for (thread, numbers) in &of_threads {
        let count = counts.get(thread).copied().unwrap_or(0);
        let expected = (1..=count).filter(|number| kind(seed, *thread, *number) == Kind::Transact);
        if !expected.eq(numbers.iter().copied()) {
            return Err(format!("of thread {thread}, with {count} operations, the order has {numbers:?}"));
        }
    }
    let missing = |(thread, count): (&u32, &u64)| {
        let transacts = (1..=*count).any(|number| kind(seed, *thread, number) == Kind::Transact);
        transacts && !of_threads.contains_key(thread)
    };
    if counts.iter().any(missing) { Err(format!("the order misses threads of {counts:?}")) } else { Ok(order) }
}

/// The keys of the extra database after this many operations of the first thread; `None` if it does not exist.
fn extra(seed: u64, count: u64) -> Option<Vec<u64>> {
    if !has_extra(count) {
        return None;
    }
    let since = (1..=count).rev().find(|number| matches!(kind(seed, FIRST, *number), Kind::Make | Kind::Clear));
    let transacts = |number: &u64| kind(seed, FIRST, *number) == Kind::Transact;
    Some((since.unwrap_or(0) + 1..=count).filter(transacts).collect())
}
