//! Rows in memory in arrival order, sorted once when the buffer is full.

use crate::dbi::loader::record::{Row, Stored};
use crate::dbi::loader::row_index::RowIndex;
use crate::write_set::{Arena, Entry, nearly_all, record_len, sort};

const ENTRY: usize = size_of::<Entry>();
/// How many rows ahead a record is prefetched; its header is prefetched twice as far ahead.
const AHEAD: usize = 12;
/// Bytes counted for a DBI besides its rows: the minimum that an arena reserves.
const DBI_OVERHEAD: usize = 640;

/// The rows of one DBI.
#[derive(Debug, Default)]
struct DbiRows {
    arena: Arena,
    entries: Vec<Entry>,
}

/// Whether the rows of a DBI arrived in key order, over all buffers of the load.
#[derive(Clone, Debug, Default)]
struct Order {
    /// The middle key of the last sorted buffer. The middle, because a few rows may be out of order.
    middle: Vec<u8>,
    is_mixed: bool,
}

/// Rows of several DBIs. Its memory stays below a limit, except for what an arena reserves ahead (an eighth) and for
/// the index, which grows by a quarter and is held twice while it is moved.
#[derive(Debug)]
pub(super) struct Buffer {
    /// Indexed by the DBI's number.
    dbis: Vec<DbiRows>,
    /// Indexed like `dbis`.
    orders: Vec<Order>,
    used: usize,
    limit: usize,
}

impl Buffer {
    /// Creates a buffer whose records and index entries take at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { dbis: Vec::new(), orders: Vec::new(), used: 0, limit }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// Adds a row. Returns `false` if it does not fit into the remaining space.
    #[inline]
    pub(super) fn push(&mut self, row: &Row<'_>) -> bool {
        let (number, Stored::Here(value)) = (row.dbi as usize, row.value) else { return false };
        let new = (number + 1).saturating_sub(self.dbis.len()).saturating_mul(DBI_OVERHEAD);
        let bytes = record_len(row.key, Some(value)).saturating_add(ENTRY).saturating_add(new);
        if bytes > self.limit - self.used {
            return false;
        }
        if new > 0 {
            self.dbis.resize_with(number + 1, DbiRows::default);
        }
        let rows = &mut self.dbis[number];
        // The arena refuses only keys and values that are too long. Both lengths were checked before, so this does not
        // fail.
        let Ok(record) = rows.arena.push(row.key, Some(value)) else { return false };
        if rows.entries.len() == rows.entries.capacity() {
            rows.entries.reserve_exact((rows.entries.len() / 4).max(16));
        }
        rows.entries.push(Entry::new(row.key, 0, record));
        self.used += bytes;
        true
    }

    /// Sorts the rows, and keeps only the newest of each key.
    pub(super) fn sort(&mut self) {
        self.orders.resize_with(self.dbis.len().max(self.orders.len()), Order::default);
        for (DbiRows { arena, entries }, order) in self.dbis.iter_mut().zip(&mut self.orders) {
            let came_in_order = came_in_order(arena, entries);
            sort(entries, arena, 0);
            if let Some((first, middle)) = entries.first().zip(entries.get(entries.len() / 2)) {
                order.is_mixed |= !came_in_order || arena.key(first.record) < &order.middle[..];
                order.middle.clear();
                order.middle.extend_from_slice(arena.key(middle.record));
            }
            // Of rows with equal keys, the last one is the newest, and replaces those before it.
            entries.dedup_by(|newer, kept| {
                let same = newer.compare(arena, *kept).is_eq();
                if same {
                    *kept = *newer;
                }
                same
            });
        }
    }

    /// For each DBI, by number: whether its rows arrived in key order, except for a few. Covers the rows sorted so
    /// far.
    pub(super) fn came_in_order(&self) -> Vec<bool> {
        self.orders.iter().map(|order| !order.is_mixed).collect()
    }

    /// The row at `index`. The rows must be sorted. `None` after the last row of that DBI.
    #[inline]
    pub(super) fn row(&self, index: RowIndex) -> Option<Row<'_>> {
        let rows = self.dbis.get(index.dbi)?;
        let (key, value) = rows.arena.record(rows.entries.get(index.entry)?.record);
        let dbi = u32::try_from(index.dbi).ok()?;
        Some(Row { dbi, key, value: Stored::Here(value?) })
    }

    /// The first position with a row at or after `index`, if there is one. Prefetches the rows after it: they are in
    /// memory in arrival order, not in key order.
    #[inline]
    pub(super) fn settle(&self, mut index: RowIndex) -> RowIndex {
        if let Some(rows) = self.dbis.get(index.dbi) {
            if let Some(farther) = rows.entries.get(index.entry + 2 * AHEAD) {
                rows.arena.prefetch_header(farther.record);
            }
            if let Some(ahead) = rows.entries.get(index.entry + AHEAD) {
                rows.arena.prefetch_record(ahead.record);
            }
        }
        while let Some(rows) = self.dbis.get(index.dbi)
            && index.entry >= rows.entries.len()
        {
            index = RowIndex { dbi: index.dbi + 1, entry: 0 };
        }
        index
    }

    /// Removes all rows, and frees their memory.
    pub(super) fn clear(&mut self) {
        *self = Self { orders: std::mem::take(&mut self.orders), ..Self::new(self.limit) };
    }
}

/// Whether the rows arrived in key order, except for a few.
fn came_in_order(arena: &Arena, entries: &[Entry]) -> bool {
    nearly_all(entries.len(), entries.windows(2).map(|pair| pair[0].compare(arena, pair[1]).is_le()))
}
