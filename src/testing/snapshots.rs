//! Snapshots: they stay as they are.

use crate::error::Result;
use crate::store::{Backend, BackendRead, Change, Changes, Order};
use crate::testing::engines::Engines;
use crate::testing::expect::{ALL, Rows, change, collect, holds, put, same, space};

/// A snapshot shows one state for ever, and so do its clones, in other threads too: later puts, deletions and spans change
/// nothing in it. Its id is that of the last commit, and ids rise with each commit.
///
/// # Errors
/// How the law is broken.
pub fn snapshots_are_stable<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let space = space(&engine, "snapshots")?;
    let mut kept = Vec::new();
    for n in 0..20_u8 {
        let mut changes = vec![change(&space, b"same", &[n]), change(&space, &[b'k', n], &[n])];
        if n % 5 == 4 {
            let lower = std::ops::Bound::Included(vec![b'k', n - 3]);
            changes.push(Change::DeleteSpan {
                space: space.clone(),
                lower,
                upper: std::ops::Bound::Excluded(vec![b'k', n]),
            });
        }
        let committed = engine.commit(Changes { conditions: Vec::new(), changes })?;
        let snapshot = engine.snapshot()?;
        same("the id of the state after a commit", &snapshot.id(), &committed.id)?;
        same("the incarnation of the state", &snapshot.incarnation(), &committed.incarnation)?;
        let rows = collect(usize::MAX, |each| snapshot.scan(&space, ALL, Order::Ascending, usize::MAX, each))?;
        kept.push((snapshot, n, rows));
    }
    let check = |kept: &[(B::Snapshot, u8, Rows)]| {
        for (snapshot, n, rows) in kept {
            same("the value in a snapshot", &snapshot.get(&space, b"same")?.map(Vec::from), &Some(vec![*n]))?;
            let again = collect(usize::MAX, |each| snapshot.scan(&space, ALL, Order::Ascending, usize::MAX, each))?;
            same("the rows in a snapshot", &again, rows)?;
        }
        holds(kept.windows(2).all(|pair| pair[0].0.id() < pair[1].0.id()), || "ids do not rise with commits".into())
    };
    check(&kept)?;
    let clones: Vec<_> = kept.iter().map(|(snapshot, n, rows)| (snapshot.clone(), *n, rows.clone())).collect();
    drop(kept);
    std::thread::scope(|scope| scope.spawn(|| check(&clones)).join())
        .unwrap_or_else(|_| holds(false, || "reading a snapshot in another thread panics".into()))
}

/// A space is empty in states that are older than it.
///
/// # Errors
/// How the law is broken.
pub fn spaces_are_empty_in_older_states<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let first = space(&engine, "first")?;
    put(&engine, &first, b"key", b"value")?;
    let before = engine.snapshot()?;
    let later = space(&engine, "later")?;
    put(&engine, &later, b"key", b"value")?;
    same("the value in an older state", &before.get(&later, b"key")?.map(Vec::from), &None)?;
    same("the count in an older state", &before.count(&later, ALL)?, &0)?;
    let rows = collect(usize::MAX, |each| before.scan(&later, ALL, Order::Descending, usize::MAX, each))?;
    same("the rows in an older state", &rows, &Vec::new())?;
    same("the older space", &before.get(&first, b"key")?.map(Vec::from), &Some(b"value".to_vec()))
}
