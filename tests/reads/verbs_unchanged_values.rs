//! A method that reads before it writes changes nothing if it would write the value that it read, and then nothing is
//! committed.

use mapleaf::{Dbi, Env, MultiDbi, Result};

#[test]
fn writing_the_value_that_was_read_commits_nothing() -> Result<()> {
    let env = Env::temporary()?;
    let ages: Dbi<&str, u32> = env.dbi("ages")?;
    let tags: MultiDbi<&str, u32> = env.multi_dbi("tags")?;
    env.transact(|txn| {
        ages.put(txn, "ann", 42)?;
        tags.insert(txn, "red", 7).map(drop)
    })?;
    let before = env.snapshot()?.id();
    env.transact(|txn| {
        assert_eq!(ages.update(txn, "ann", |age| age)?, Some(42));
        assert_eq!(ages.update(txn, "bob", |age| age)?, None);
        assert_eq!(ages.replace(txn, "ann", 42)?, Some(42));
        assert_eq!(ages.get_or_put(txn, "ann", || 7)?, 42);
        assert!(!ages.insert(txn, "ann", 7)? && !tags.insert(txn, "red", 7)?);
        assert!(!ages.delete(txn, "bob")? && ages.take(txn, "bob")?.is_none());
        assert_eq!((ages.delete_range(txn, "b".."c")?, ages.delete_prefix(txn, "b")?), (0, 0));
        Ok(())
    })?;
    assert_eq!(env.snapshot()?.id(), before);
    Ok(())
}

#[test]
fn a_different_value_is_written() -> Result<()> {
    let env = Env::temporary()?;
    let names: Dbi<u32, &str> = env.dbi("names")?;
    env.transact(|txn| names.put(txn, 1, "ann"))?;
    env.transact(|txn| {
        assert_eq!(names.replace(txn, 1, "anna")?, Some("ann".to_owned()));
        assert_eq!(names.replace(txn, 2, "")?, None, "an empty value is not an absent one");
        assert_eq!(names.update(txn, 1, |name| name.map(|name| name.replace("nna", "nne")))?, Some("anne".to_owned()));
        // Back to the value in the file: this still undoes the change in between.
        assert_eq!(names.update(txn, 1, |_| Some("ann".to_owned()))?, Some("ann".to_owned()));
        Ok(())
    })?;
    let snap = env.snapshot()?;
    assert_eq!((names.get(&snap, 1)?, names.get(&snap, 2)?), (Some("ann"), Some("")));
    env.transact(|txn| names.update(txn, 1, |_| None).map(drop))?;
    assert_eq!(names.get(&env.snapshot()?, 1)?, None);
    Ok(())
}
