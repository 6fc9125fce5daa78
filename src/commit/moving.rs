//! Commits that move large values into LMDB's pages, piece by piece, so that a value is in memory once.

use crate::commit::leader::commit_rows;
use crate::commit::session::Session;
use crate::durability::Durability;
use crate::error::{Error, ErrorKind, Result};
use crate::lmdb::{Applier, Failure};
use crate::write_set::{LargeValue, WriteSet};

/// With more changes than this, the large ones included, values are not moved: how much room those need is not known
/// well enough.
const FEW: usize = 1024;

/// How many pages a change may need beside its bytes, whatever it is: a path of pages, copied and split.
const OF_CHANGE: usize = 16;

/// What the end of a commit may need beside the changes.
const OF_COMMIT: usize = 4 << 20;

/// As [`commit`](crate::commit::leader::commit), where a value that was moved cannot be applied again. So the map is
/// made large enough first; if that is not possible, nothing is moved. Nobody else reads the set: the caller holds the
/// transaction lock until this returns.
pub(crate) fn commit_moving(
    session: &mut Session<'_>,
    set: &mut WriteSet,
    transactions: u64,
    durability: Durability,
) -> Result<()> {
    let bytes = set.bytes();
    let changes: usize = set.dbis().map(|of| of.changes.len()).sum();
    let removes = set.dbis().any(|of| !of.changes.gaps().is_empty() || of.changes.deletions() > 0);
    let is_moved = changes <= FEW && session.reserve_map(room_for(session, bytes, changes, removes))?;
    let moved = if is_moved { set.take_large() } else { Vec::new() };
    commit_rows(session, set, moved, bytes, transactions, durability)
}

/// How many bytes the file may grow by in a commit of these changes, which take `bytes` in memory. If they remove rows,
/// trees may be rewritten.
fn room_for(session: &Session<'_>, bytes: usize, changes: usize, removes: bool) -> usize {
    let page_size = usize::try_from(session.base().meta().page_size).unwrap_or(usize::MAX);
    // LMDB's free list takes 8 bytes for each free page, and LMDB may write the list more than once in a commit. This
    // is room for four lists in a file of nothing but free pages of 4 KiB.
    let free_list = session.used() / 128;
    let paths = changes.saturating_mul(OF_CHANGE).saturating_mul(page_size);
    let rewritten = if removes { session.used() } else { 0 };
    bytes.saturating_add(paths).saturating_add(free_list).saturating_add(rewritten).saturating_add(OF_COMMIT)
}

/// Moves the values into LMDB's pages.
pub(super) fn apply_moving(values: &mut [LargeValue], applier: &mut Applier<'_, '_, '_>) -> Result<(), Failure> {
    values.iter_mut().try_for_each(|value| {
        let tree = applier.tree(value.dbi.tree())?;
        let (key, len) = (value.key.clone(), value.len());
        let bytes = value.bytes_to_move().ok_or_else(lost)?;
        applier.put_from_end(tree, &key, bytes, len)
    })
}

#[cold]
fn lost() -> Error {
    let why = "the map was full although room for the large values was made; nothing was committed, run the transaction again";
    Error::new(ErrorKind::MapFull, why)
}
