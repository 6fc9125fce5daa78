//! Many keys in one buffer.

/// A sequence of keys. Each has a flag: whether it follows the key before it with nothing between them.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    bytes: Vec<u8>,
    /// Where each key ends, and its flag.
    ends: Vec<(usize, bool)>,
}

impl Keys {
    pub(crate) fn push(&mut self, key: &[u8], meets: bool) {
        self.bytes.extend_from_slice(key);
        self.ends.push((self.bytes.len(), meets));
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of all keys together.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The first key and the last one.
    pub(crate) fn both_ends(&self) -> Option<(&[u8], &[u8])> {
        let (first, _) = *self.ends.first()?;
        let last = self.ends.len().checked_sub(2).map_or(0, |before| self.ends[before].0);
        Some((&self.bytes[..first], &self.bytes[last..]))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], bool)> {
        let mut start = 0;
        self.ends.iter().map(move |(end, meets)| {
            let key = &self.bytes[start..*end];
            start = *end;
            (key, *meets)
        })
    }
}
