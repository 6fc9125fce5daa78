//! An iterator that owns its snapshot searches once for each block of entries, and reads no page more than a borrowed
//! one but for that, by the pages that it looks at.

use crate::durability::Durability;
use crate::page::steps::pages_of;
use crate::{Dbi, Env, Result};

fn pages(rows: u64, take: usize) -> Result<[u64; 2]> {
    let env = Env::options().durability(Durability::Process).temporary()?;
    let dbi: Dbi<u64, u64> = env.dbi("rows")?;
    env.transact(|txn| dbi.load(txn, (0..rows).map(|n| (n, n))))?;
    let snap = env.snapshot()?;
    // The root is looked up once for a snapshot.
    dbi.len(&snap)?;
    let (borrowed, pages) = pages_of(|| dbi.iter(&snap)?.rev().take(take).collect::<Result<Vec<_>>>());
    let (owned, pages_owned) = pages_of(|| dbi.iter_owned(snap.clone())?.rev().take(take).collect::<Result<Vec<_>>>());
    assert_eq!(owned?, borrowed?);
    Ok([pages, pages_owned])
}

#[test]
fn one_entry_costs_a_search_and_all_cost_a_search_for_each_block() -> Result<()> {
    let [borrowed, owned] = pages(100_000, 1)?;
    assert_eq!(owned, borrowed, "one entry");
    let [borrowed, owned] = pages(100_000, 5)?;
    assert!(owned <= 3 * borrowed, "five entries: {owned} pages, {borrowed} by a borrowed iterator");
    let [borrowed, owned] = pages(100_000, usize::MAX)?;
    // 9 small blocks and 390 large ones; a search reads a page on each of three levels, and may read one beside it.
    assert!(owned <= borrowed + 400 * 4, "all: {owned} pages, {borrowed} by a borrowed iterator");
    Ok(())
}
