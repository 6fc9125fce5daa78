//! Many puts by one cursor.
#![expect(unsafe_code, reason = "heed puts and removes by a cursor in unsafe calls")]

use heed::PutFlags;
use heed::types::Bytes;

use crate::error::Result;
use crate::lmdb::failure::Failure;
use crate::page::{LeafFill, NextLeaf, TreeRecord};

/// The flag of a node whose value is the record of a tree. LMDB's cursors pass it on to the node that they add.
const TREE_NODE: u32 = 0x02;

/// Puts into one DBI through one LMDB cursor. The cursor stays on its leaf. So a key that belongs there needs no
/// descent, and no ascending key above the tree's last one does: these fill leaf after leaf.
pub(crate) struct Puts<'x> {
    cursor: heed::RwIter<'x, Bytes, Bytes>,
    filling: Option<LeafFill>,
}

impl<'x> Puts<'x> {
    pub(super) fn new(cursor: heed::RwIter<'x, Bytes, Bytes>, filling: Option<LeafFill>) -> Self {
        Self { cursor, filling }
    }
}

impl Puts<'_> {
    /// Stores `value` under `key`.
    #[inline]
    pub(crate) fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        match self.filling.as_mut().map(|filling| filling.begins_leaf(key, value)) {
            None | Some(NextLeaf::No) => self.put_flagged(PutFlags::empty(), key, value),
            Some(NextLeaf::Full) => self.append(key, value, None),
            Some(NextLeaf::Early(padding)) => self.begin_early(key, value, padding),
        }
    }

    #[inline]
    fn put_flagged(&mut self, flags: PutFlags, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        // SAFETY: key and value must not be in LMDB's own pages, which the put moves: nothing is ever read through
        // them here. The contents of other pages, also those in mapleaf's map of the base, stay in place.
        unsafe { self.cursor.put_current_with_options::<Bytes>(flags, key, value) }.map_err(Failure::of)
    }

    /// Puts a key that begins a new leaf, as an append. If the key is not above all others, as when changes are
    /// applied a second time, it is put like any other.
    #[cold]
    fn append(&mut self, key: &[u8], value: &[u8], padding: Option<&[u8]>) -> Result<(), Failure> {
        // SAFETY: as in `put_flagged`.
        let appended =
            unsafe { self.cursor.put_current_with_options::<Bytes>(PutFlags::APPEND, key, padding.unwrap_or(value)) };
        match appended {
            Ok(()) if padding.is_none() => Ok(()),
            Ok(()) | Err(heed::Error::Mdb(heed::MdbError::KeyExist)) => self.put_flagged(PutFlags::empty(), key, value),
            Err(error) => Err(Failure::of(error)),
        }
    }

    /// Begins a new leaf although the last one has room: first with a padded value that does not fit there, then with
    /// the real value.
    #[cold]
    fn begin_early(&mut self, key: &[u8], value: &[u8], padding: usize) -> Result<(), Failure> {
        let Some(filling) = self.filling.take() else { return self.put_flagged(PutFlags::empty(), key, value) };
        let begun = self.append(key, value, Some(filling.padding(padding)));
        self.filling = Some(filling);
        begun
    }

    /// Makes an empty tree, by a cursor of the main tree. If there is one, it stays as it is.
    ///
    /// LMDB makes a tree in the same way when its handle is opened: it puts the record of an empty tree by a cursor,
    /// with the flag of the node.
    pub(super) fn make_tree(&mut self, name: &str) -> Result<(), Failure> {
        let flags = PutFlags::NO_OVERWRITE | PutFlags::from_bits_retain(TREE_NODE);
        let record = TreeRecord::EMPTY.to_bytes();
        // SAFETY: as in `put_flagged`. The value is the record of a tree, as the flag says.
        match unsafe { self.cursor.put_current_with_options::<Bytes>(flags, name.as_bytes(), &record) } {
            Ok(()) | Err(heed::Error::Mdb(heed::MdbError::KeyExist)) => Ok(()),
            Err(error) => Err(Failure::of(error)),
        }
    }

    /// Stores the record of a tree, by a cursor of the main tree, as LMDB does at the end of a commit. No handle of the
    /// tree may be in use.
    pub(super) fn put_tree(&mut self, name: &str, record: &[u8]) -> Result<(), Failure> {
        self.put_flagged(PutFlags::from_bits_retain(TREE_NODE), name.as_bytes(), record)
    }

    /// Stores the values of these keys, or removes the keys.
    pub(super) fn change_all(&mut self, changes: &[(Vec<u8>, Option<Vec<u8>>)]) -> Result<(), Failure> {
        changes.iter().try_for_each(|(key, value)| match value {
            Some(value) => self.put(key, value),
            None => self.delete(key),
        })
    }

    /// Removes `key`, if it exists.
    #[inline]
    pub(crate) fn delete(&mut self, key: &[u8]) -> Result<(), Failure> {
        // LMDB's cursor moves to a key only by a put. So put the key without permission to overwrite: if the entry
        // exists, the put is refused and leaves the cursor there; if not, the put inserts one. Then remove the entry at
        // the cursor.
        // SAFETY: as in `put_flagged`. Nothing refers to what is removed, since nothing is ever read by this cursor.
        let found = unsafe { self.cursor.put_current_with_options::<Bytes>(PutFlags::NO_OVERWRITE, key, &[]) };
        match found {
            Ok(()) | Err(heed::Error::Mdb(heed::MdbError::KeyExist)) => {}
            Err(error) => return Err(Failure::of(error)),
        }
        // SAFETY: as above.
        unsafe { self.cursor.del_current() }.map(drop).map_err(Failure::of)
    }
}
