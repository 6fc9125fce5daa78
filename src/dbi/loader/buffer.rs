//! Rows in memory as they came, and sorted once when no more fit.

use crate::dbi::loader::place::Place;
use crate::dbi::loader::record::{self, Rank, Row};

/// A row: the first bytes of its key, and where its record begins. The later record is the newer one.
#[derive(Clone, Copy, Debug)]
struct Entry {
    head: u64,
    at: usize,
}

const ENTRY: usize = size_of::<Entry>();

/// The rows of one DBI.
#[derive(Debug)]
struct Table {
    entries: Vec<Entry>,
    /// Whether keys came in order, each once: then nothing need be sorted.
    ordered: bool,
}

impl Default for Table {
    fn default() -> Self {
        Self { entries: Vec::new(), ordered: true }
    }
}

/// Rows of any DBIs. Its memory stays below a limit: what is reserved is at most a quarter more than what is used, and
/// while it moves to a larger piece there are two of them.
#[derive(Debug)]
pub(super) struct Buffer {
    records: Vec<u8>,
    /// By the DBI's number.
    tables: Vec<Table>,
    rows: usize,
    limit: usize,
}

impl Buffer {
    /// For rows whose records and entries take so many bytes in all.
    pub(super) fn new(limit: usize) -> Self {
        Self { records: Vec::new(), tables: Vec::new(), rows: 0, limit }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Whether the row fits beside those that are there.
    #[inline]
    pub(super) fn fits(&self, row: &Row<'_>) -> bool {
        let tables = self.tables.len().max(row.dbi as usize + 1) * size_of::<Table>();
        let used = self.records.len() + (self.rows + 1) * ENTRY + tables;
        used.saturating_add(row.size()) <= self.limit
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: &Row<'_>) {
        let number = row.dbi as usize;
        if number >= self.tables.len() {
            self.tables.resize_with(number + 1, Table::default);
        }
        let entry = Entry { head: record::head(row.key), at: self.records.len() };
        reserve(&mut self.records, row.size());
        row.write(&mut self.records);
        let (records, table) = (&self.records, &mut self.tables[number]);
        if table.ordered
            && let Some(last) = table.entries.last()
        {
            table.ordered = order(records, last, &entry).is_lt();
        }
        reserve(&mut table.entries, 1);
        table.entries.push(entry);
        self.rows += 1;
    }

    /// Puts the rows in order, and leaves of each key the newest.
    pub(super) fn sort(&mut self) {
        let records = &self.records;
        for table in self.tables.iter_mut().filter(|table| !table.ordered) {
            table.entries.sort_unstable_by(|a, b| order(records, a, b).then(a.at.cmp(&b.at)));
            // The newest of one key is the last: it takes the place of those before it.
            table.entries.dedup_by(|newer, kept| {
                let same = order(records, kept, newer).is_eq();
                if same {
                    *kept = *newer;
                }
                same
            });
            table.ordered = true;
        }
        self.rows = self.tables.iter().map(|table| table.entries.len()).sum();
    }

    /// The row at a place; the rows are sorted. `None` behind the last row of the place's DBI.
    #[inline]
    pub(super) fn row(&self, place: Place) -> Option<Row<'_>> {
        let entry = self.tables.get(place.table)?.entries.get(place.entry)?;
        record::read(self.records.get(entry.at..)?).map(|(row, _)| row)
    }

    /// The first place with a row from `place` on, if there is one.
    #[inline]
    pub(super) fn settle(&self, mut place: Place) -> Place {
        while let Some(table) = self.tables.get(place.table)
            && place.entry >= table.entries.len()
        {
            place = Place { table: place.table + 1, entry: 0 };
        }
        place
    }

    /// Forgets the rows; the memory of their records is used again.
    pub(super) fn clear(&mut self) {
        self.records.clear();
        self.tables.clear();
        self.rows = 0;
    }

    /// Forgets the rows and gives their memory back.
    pub(super) fn release(&mut self) {
        *self = Self::new(self.limit);
    }

    /// How many bytes of memory it has.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        let entries: usize = self.tables.iter().map(|table| table.entries.capacity()).sum();
        self.records.capacity() + entries * ENTRY + self.tables.capacity() * size_of::<Table>()
    }
}

/// Grows by a quarter, not by doubling.
#[inline]
fn reserve<T>(of: &mut Vec<T>, more: usize) {
    if of.capacity() - of.len() < more {
        of.reserve_exact(more.max(of.len() / 4).max(64));
    }
}

/// The order of two rows of one DBI.
#[inline]
fn order(records: &[u8], one: &Entry, other: &Entry) -> std::cmp::Ordering {
    one.head.cmp(&other.head).then_with(|| rank(records, one).order(&rank(records, other)))
}

fn rank<'r>(records: &'r [u8], entry: &Entry) -> Rank<'r> {
    let row = records.get(entry.at..).and_then(record::read);
    Rank { dbi: 0, head: entry.head, key: row.map_or(&[][..], |(row, _)| row.key) }
}
