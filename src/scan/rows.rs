//! Copied rows, in one buffer.

/// A block of rows that is copied at once ends at this many rows, or when they have this many bytes.
pub(crate) const BLOCK_ROWS: usize = 256;
pub(crate) const BLOCK_BYTES: usize = 32 << 10;

/// A sequence of keys and values.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    bytes: Vec<u8>,
    /// For each row, where its key and its value end in `bytes`.
    ends: Vec<(usize, usize)>,
}

impl Rows {
    /// With memory for this many bytes and rows.
    pub(crate) fn with_capacity(bytes: usize, rows: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ends: Vec::with_capacity(rows) }
    }

    pub(crate) fn push(&mut self, key: &[u8], value: &[u8]) {
        self.bytes.extend_from_slice(key);
        let key_end = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.ends.push((key_end, self.bytes.len()));
    }

    /// Forgets all rows, and keeps their memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of all keys and values together.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The key and the value of a row.
    pub(crate) fn at(&self, at: usize) -> Option<(&[u8], &[u8])> {
        let (key_end, end) = *self.ends.get(at)?;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before].1);
        Some((&self.bytes[start..key_end], &self.bytes[key_end..end]))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        (0..self.ends.len()).filter_map(|at| self.at(at))
    }

    pub(crate) fn last_key(&self) -> Option<&[u8]> {
        Some(self.at(self.ends.len().checked_sub(1)?)?.0)
    }
}
