//! Looking up a key that cannot be stored gives the same errors as any other key, if the database cannot be read.

use mapleaf::{Batch, Dbi, Env, ErrorKind, Expect, Path, Result};

use crate::bytes::MAX;
use crate::common::errors::{refused, refused_with};

#[test]
fn a_wrong_environment_or_dropped_database_is_refused_for_any_key() -> Result<()> {
    let (env, other) = (Env::temporary()?, Env::temporary()?);
    let dbi: Dbi<&str, u32> = env.dbi("d")?;
    let foreign = other.snapshot()?;
    let long = "k".repeat(MAX + 1);
    for key in ["", &long] {
        refused(dbi.get(&foreign, key), ErrorKind::InvalidArgument);
        refused(dbi.contains(&foreign, key), ErrorKind::InvalidArgument);
        refused(dbi.get_many(&foreign, [key]), ErrorKind::InvalidArgument);
        refused(dbi.ceiling(&foreign, key), ErrorKind::InvalidArgument);
        refused(dbi.rank(&foreign, key), ErrorKind::InvalidArgument);
        refused(other.transact(|txn| dbi.delete(txn, key)), ErrorKind::InvalidArgument);
        let mut batch = Batch::new();
        batch.check(&dbi, key, Expect::Absent)?;
        refused(other.apply(batch), ErrorKind::InvalidArgument);
    }
    env.drop_dbi("d")?;
    let snap = env.snapshot()?;
    for key in ["", &long] {
        refused(dbi.get(&snap, key), ErrorKind::NotFound);
        refused(dbi.floor(&snap, key), ErrorKind::NotFound);
        refused(env.transact(|txn| dbi.take(txn, key)), ErrorKind::NotFound);
    }
    Ok(())
}

#[test]
fn a_method_that_stores_says_what_is_wrong_with_the_key() -> Result<()> {
    let env = Env::temporary()?;
    let (texts, paths): (Dbi<&str, u32>, Dbi<Path, u32>) = (env.dbi("texts")?, env.dbi("paths")?);
    let long = "k".repeat(MAX + 1);
    env.transact(|txn| {
        refused_with(texts.put(txn, "", 1), ErrorKind::InvalidKey, &["put: ", "empty text", "tuple", "\"texts\""]);
        let updated = texts.update(txn, "", |_| Some(1));
        refused_with(updated, ErrorKind::InvalidKey, &["update: ", "empty text", "tuple", "\"texts\""]);
        let words = [&MAX.to_string()[..], &(MAX + 1).to_string(), "\"texts\"", "kkk"];
        let error = refused_with(texts.put(txn, &long, 1), ErrorKind::TooLarge, &words);
        assert_eq!(error.key(), Some(long.as_bytes()));
        refused_with(texts.update(txn, &long, |_| Some(1)), ErrorKind::TooLarge, &words);
        refused_with(paths.put(txn, &Path::new(), 1), ErrorKind::InvalidKey, &["empty path"]);
        refused_with(paths.update(txn, &Path::new(), |_| Some(1)), ErrorKind::InvalidKey, &["empty path"]);
        Ok(())
    })
}
