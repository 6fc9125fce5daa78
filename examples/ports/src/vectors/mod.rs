//! A graph of nearest vectors, as a vector index builds it: threads read what their transaction has put and not yet
//! committed.

use std::path::Path;

use crate::Result;

pub mod heed;
pub mod mapleaf;
#[cfg(test)]
mod tests;

/// How many threads link the items of one transaction.
pub const THREADS: usize = 4;

/// An index of vectors, all of one length.
pub trait Index: Sized {
    /// Opens the index in a directory, or creates it.
    fn open(path: &Path) -> Result<Self>;

    /// Stores items, and links each item of the index, new or not, with those nearest to it: all or nothing.
    fn add(&self, items: &[(u32, Vec<f32>)]) -> Result<()>;

    /// The items nearest to one, the nearest first.
    fn nearest(&self, id: u32) -> Result<Option<Vec<u32>>>;
}

/// A vector as it is stored.
#[must_use]
pub fn bytes_of(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes))
}

/// The nearest items to a vector, of those that are offered.
#[derive(Debug)]
pub struct Nearest<'v> {
    vector: &'v [u8],
    found: Vec<(f32, u32)>,
}

impl<'v> Nearest<'v> {
    /// How many are kept.
    pub const COUNT: usize = 8;

    /// Of a stored vector.
    #[must_use]
    pub fn new(vector: &'v [u8]) -> Self {
        Self { vector, found: Vec::with_capacity(Self::COUNT + 1) }
    }

    /// Looks at an item, which has a stored vector.
    pub fn offer(&mut self, id: u32, vector: &[u8]) {
        let distance = numbers(self.vector).zip(numbers(vector)).map(|(a, b)| (a - b) * (a - b)).sum();
        let place = self.found.partition_point(|found| found.0.total_cmp(&distance).then(found.1.cmp(&id)).is_lt());
        self.found.insert(place, (distance, id));
        self.found.truncate(Self::COUNT);
    }

    /// Their ids, the nearest first.
    #[must_use]
    pub fn ids(self) -> Vec<u32> {
        self.found.into_iter().map(|(_, id)| id).collect()
    }
}
