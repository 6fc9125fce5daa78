//! Batches: built from numbers through the typed handles, and the reports of failed conditions.

use mapleaf::key::KeyBuf;
use mapleaf::{Batch, Conflicts, Dbi, ErrorKind, Expect, Key, Result};

use crate::actions::{Change, Changes};
use crate::handles::{Handles, NAMES};
use crate::kinds::{Kind, Numbers, Tails, Texts, Tuples, key, value};
use crate::writes::ends;

/// A failed condition as it is reported: the entry, the database, and the encoded key.
pub type Failed = (usize, String, Vec<u8>);

fn add<D: Kind>(batch: &mut Batch, dbi: &Dbi<D::K, D::V>, change: &Change<Expect<u16>>) -> Result<()> {
    let expected = |expect: &Expect<u16>| match expect {
        Expect::Any => Expect::Any,
        Expect::Absent => Expect::Absent,
        Expect::Present => Expect::Present,
        Expect::Value(v) => Expect::Value(value::<D>(*v)),
    };
    let added = match change {
        // Two methods with the same effect.
        Change::Put(k, v, Expect::Any) => batch.put(dbi, key::<D>(*k), value::<D>(*v)),
        Change::Put(k, v, expect) => batch.put_if(dbi, key::<D>(*k), value::<D>(*v), expected(expect)),
        Change::Insert(k, v) => batch.insert(dbi, key::<D>(*k), value::<D>(*v)),
        Change::Delete(k, Expect::Any) => batch.delete(dbi, key::<D>(*k)),
        Change::Delete(k, expect) => batch.delete_if(dbi, key::<D>(*k), expected(expect)),
        Change::DeleteRange(range) => batch.delete_range(dbi, ends::<D>(*range)),
        Change::Check(k, expect) => batch.check(dbi, key::<D>(*k), expected(expect)),
    };
    added.map(drop)
}

fn encoded<D: Kind>(k: u16) -> Result<Vec<u8>> {
    Ok(<D::K as Key>::encode(&key::<D>(k), &mut KeyBuf::new())?.to_vec())
}

/// Builds the batch for the engine.
pub fn batch(handles: &Handles, changes: &Changes<Expect<u16>>) -> Result<Batch> {
    let mut batch = Batch::new();
    for (which, change) in changes {
        match which {
            0 => add::<Texts>(&mut batch, &handles.texts, change)?,
            1 => add::<Numbers>(&mut batch, &handles.numbers, change)?,
            2 => add::<Tuples>(&mut batch, &handles.tuples, change)?,
            _ => add::<Tails>(&mut batch, &handles.tails, change)?,
        }
    }
    assert_eq!(batch.len(), changes.len());
    Ok(batch)
}

/// The expected report for the entries at `indexes`, whose conditions fail.
pub fn failed(changes: &Changes<Expect<u16>>, indexes: &[usize]) -> Result<Vec<Failed>> {
    let failed = |index: &usize| {
        let (which, change) = &changes[*index];
        let (Change::Put(k, ..) | Change::Insert(k, _) | Change::Delete(k, _) | Change::Check(k, _)) = change else {
            panic!("a range has no condition");
        };
        let key = match which {
            0 => encoded::<Texts>(*k)?,
            1 => encoded::<Numbers>(*k)?,
            2 => encoded::<Tuples>(*k)?,
            _ => encoded::<Tails>(*k)?,
        };
        Ok((*index, NAMES[*which].to_owned(), key))
    };
    indexes.iter().map(failed).collect()
}

/// The reported failed conditions. Any other error is returned as it is.
pub fn told(outcome: Result<()>) -> Result<Vec<Failed>> {
    let Err(error) = outcome else { return Ok(Vec::new()) };
    if error.kind() != ErrorKind::Conflict {
        return Err(error);
    }
    assert!(error.is_retryable());
    let first = (error.dbi().map(str::to_owned), error.key().map(<[u8]>::to_vec));
    let failed: Conflicts = error.downcast()?;
    let failed: Vec<Failed> =
        failed.iter().map(|failed| (failed.index, failed.dbi.to_string(), failed.key.to_vec())).collect();
    assert!(!failed.is_empty(), "a conflict about nothing");
    assert_eq!(first, (Some(failed[0].1.clone()), Some(failed[0].2.clone())), "the error names the first");
    Ok(failed)
}
