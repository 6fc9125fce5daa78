//! Whole prefixes at once: records are moved or dropped with all that is below them.

use std::ops::ControlFlow;

use crate::error::{Error, ErrorKind, Result};
use crate::key::{Key, KeyBuf, Path};
use crate::scan::{ByteBounds, KeyPrefix};
use crate::store::backend::Backend;
use crate::store::records::conflict::{RecordConflict, RecordConflicts};
use crate::store::records::handle::Records;
use crate::store::records::record_bytes::RecordBytes;
use crate::store::records::rows::Rows;
use crate::store::records::writer::Writer;
use crate::value::Value;

impl<K: Key, V: Value, B: Backend> Records<K, V, B> {
    /// Deletes all records whose keys begin with `prefix`, in one commit, and returns how many there were. With a path:
    /// its record and its subtree, and nothing beside them. Dropping again does nothing. O(records · log n), in memory
    /// O(their keys).
    ///
    /// # Errors
    /// As [`Records`] says. Nothing was deleted then.
    ///
    /// ```
    /// use mapleaf::store::Records;
    /// use mapleaf::{Env, Path};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let notes: Records<Path, &str> = env.records("notes")?;
    /// let path = Path::parse;
    /// for key in ["/a", "/a/b", "/ab"] {
    ///     notes.put(&path(key)?, "text")?;
    /// }
    /// assert_eq!(notes.drop_prefix(&path("/a")?)?, 2);
    /// assert!(notes.has(&path("/ab")?)?);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("clear", "delete_prefix", "truncate"))]
    pub fn drop_prefix(&self, prefix: impl KeyPrefix<K>) -> Result<u64> {
        self.drop_all("drop_prefix", [prefix])
    }

    /// As [`drop_prefix`](Self::drop_prefix), with many prefixes in one commit. They may overlap.
    ///
    /// # Errors
    /// As [`drop_prefix`](Self::drop_prefix).
    ///
    /// ```
    /// # use mapleaf::{Env, store::Records};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages: Records<&str, u32> = env.records("ages")?;
    /// for name in ["ann", "bob", "cyd"] {
    ///     ages.put(name, 42)?;
    /// }
    /// assert_eq!(ages.drop_prefixes(["a", "b", "bo"])?, 2);
    /// assert_eq!(ages.len()?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn drop_prefixes<P: KeyPrefix<K>>(&self, prefixes: impl IntoIterator<Item = P>) -> Result<u64> {
        self.drop_all("drop_prefixes", prefixes)
    }

    fn drop_all<P: KeyPrefix<K>>(&self, operation: &'static str, prefixes: impl IntoIterator<Item = P>) -> Result<u64> {
        let drop_all = || {
            let bounds = prefixes.into_iter().map(|prefix| prefix.prefix_bounds()).collect::<Result<Vec<_>>>()?;
            if bounds.is_empty() {
                return Ok(0);
            }
            self.change(|writer| bounds.iter().try_fold(0, |sum, bounds| Ok(sum + writer.drop_bounds(bounds)?)))
                .map(|(dropped, _)| dropped)
        };
        drop_all().map_err(|error| self.named(error, operation))
    }
}

impl<V: Value, B: Backend> Records<Path, V, B> {
    /// Moves records with their subtrees: those at and below the first path of each pair to the second one, all pairs in
    /// one commit. Returns how many records were moved. Values, tokens, versions, times, deadlines and metadata stay as
    /// they are. A pair without records moves nothing. O(records · log n), in memory O(records).
    ///
    /// # Errors
    /// As [`Records`] says. `Conflict` if a record would take the place of another one: the cause is a
    /// [`RecordConflicts`](crate::store::RecordConflicts) with all such places, and an index is that of the pair.
    /// `InvalidArgument` if two of the paths are the same or one is below another. Nothing was moved then.
    ///
    /// ```
    /// use mapleaf::store::Records;
    /// use mapleaf::{Env, Path};
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let notes: Records<Path, &str> = env.records("notes")?;
    /// let path = Path::parse;
    /// let put = notes.put(&path("/draft/one")?, "text")?;
    /// assert_eq!(notes.move_prefix([(path("/draft")?, path("/done")?)])?, 1);
    /// assert_eq!(notes.meta(&path("/done/one")?)?, Some(put));
    /// assert!(!notes.has(&path("/draft/one")?)?);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("rename"))]
    pub fn move_prefix(&self, pairs: impl IntoIterator<Item = (Path, Path)>) -> Result<u64> {
        let move_prefix = || {
            let moves: Vec<Move> = pairs.into_iter().map(|(from, to)| Move::of(&from, &to)).collect();
            refuse_overlaps(&moves)?;
            if moves.is_empty() {
                return Ok(0);
            }
            self.change(|writer| writer.move_all::<V>(&moves)).map(|(moved, _)| moved)
        };
        move_prefix().map_err(|error| self.named(error, "move_prefix"))
    }
}

/// What all keys of a subtree begin with, before and after it is moved.
struct Move {
    from: KeyBuf,
    to: KeyBuf,
}

impl Move {
    fn of(from: &Path, to: &Path) -> Self {
        Self { from: from.subtree_bytes(), to: to.subtree_bytes() }
    }
}

/// Refuses paths of which one is below another or the same.
fn refuse_overlaps(moves: &[Move]) -> Result<()> {
    let mut trees: Vec<&[u8]> = moves.iter().flat_map(|pair| [&pair.from[..], &pair.to[..]]).collect();
    // All keys between a prefix and one that begins with it begin with it too, so neighbours show every overlap.
    trees.sort_unstable();
    match trees.windows(2).find(|pair| pair[1].starts_with(pair[0])) {
        None => Ok(()),
        Some(pair) => {
            let why = "two paths of a move are the same, or one is below the other; move in steps";
            Err(Error::new(ErrorKind::InvalidArgument, why).at_key(pair[1]))
        }
    }
}

impl<S> Writer<'_, S> {
    /// The keys of all rows between two keys, of expired records too.
    fn keys(&self, bounds: &ByteBounds) -> Result<Vec<Box<[u8]>>> {
        let mut keys = Vec::new();
        self.rows().each(&self.core().records, bounds.as_refs(), usize::MAX, &mut |key, _| {
            keys.push(key.into());
            ControlFlow::Continue(())
        })?;
        Ok(keys)
    }

    /// Deletes the records between two keys and returns how many had not expired.
    fn drop_bounds(&mut self, bounds: &ByteBounds) -> Result<u64> {
        let mut dropped = 0;
        for key in self.keys(bounds)? {
            let found = self.find(&key)?;
            dropped += u64::from(found.live().is_some());
            self.remove(&key, &found)?;
        }
        Ok(dropped)
    }

    /// Moves subtrees that do not overlap. Nothing changes if any of the new places is taken.
    fn move_all<V: Value>(&mut self, moves: &[Move]) -> Result<u64> {
        let (mut keys, mut conflicts) = (Vec::new(), Vec::new());
        for (index, Move { from, to }) in moves.iter().enumerate() {
            for old in self.keys(&ByteBounds::prefix(from))? {
                // What has expired stays behind for the sweep.
                if self.find(&old)?.live().is_none() {
                    continue;
                }
                let new = [&to[..], &old[from.len()..]].concat();
                if let Some(taken) = self.find(&new)?.live() {
                    conflicts.push(RecordConflict::new(index, &new, Some(taken.token())));
                }
                keys.push((old, new));
            }
        }
        if !conflicts.is_empty() {
            return Err(RecordConflicts(conflicts).into_error());
        }
        for (old, new) in &keys {
            self.move_record::<V>(old, new)?;
        }
        Ok(keys.len() as u64)
    }

    fn move_record<V: Value>(&mut self, old: &[u8], new: &[u8]) -> Result<()> {
        let (found, header, mut record) = {
            let (found, row) = self.open(old)?;
            let (Some(row), Some(header)) = (row, found.live().copied()) else { return Ok(()) };
            // A value may be bound to its key, so it is encoded again.
            let value = V::own(self.core().decode::<V>(old, &row[header.value_at()..])?);
            let user = &row[header.len()..header.value_at()];
            (found, header, RecordBytes::of::<V, S>(self.core(), new, &V::as_arg(&value), user)?)
        };
        let taken = self.find(new)?;
        self.remove(new, &taken)?;
        self.keep(new, &header, &mut record)?;
        self.remove(old, &found)
    }
}
