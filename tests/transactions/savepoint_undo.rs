//! A savepoint undoes all of its own changes, and no others.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use mapleaf::{Dbi, Env, Error, ErrorKind, MultiDbi, Result, WriteTxn};

struct Db {
    env: Env,
    ages: Dbi<&'static str, u32>,
    tags: MultiDbi<u8, u8>,
}

/// One entry and one pair are already committed.
fn open() -> Result<Db> {
    let env = Env::temporary()?;
    let db = Db { ages: env.dbi("ages")?, tags: env.multi_dbi("tags")?, env };
    db.env.transact(|txn| {
        db.ages.put(txn, "old", 1)?;
        db.tags.insert(txn, 1, 1).map(drop)
    })?;
    Ok(db)
}

impl Db {
    fn ages(&self, txn: &WriteTxn) -> Result<Vec<(String, u32)>> {
        self.ages.iter(txn)?.map(|entry| entry.map(|(name, age)| (name.to_owned(), age))).collect()
    }

    /// Changes of every kind.
    fn meddle(&self, txn: &mut WriteTxn) -> Result<()> {
        self.ages.put(txn, "old", 99)?;
        self.ages.put(txn, "new", 98)?;
        self.ages.delete(txn, "mine")?;
        self.ages.clear(txn)?;
        self.ages.put(txn, "after", 97)?;
        self.ages.put(txn, "old", 96)?;
        self.ages.clear(txn)?;
        self.ages.put(txn, "last", 95)?;
        self.tags.remove_all(txn, 1)?;
        self.tags.insert(txn, 2, 2).map(drop)
    }
}

fn failed<T>() -> Result<T> {
    Err(Error::new(ErrorKind::Conflict, "thought better of it"))
}

#[test]
fn an_undone_savepoint_takes_back_what_append_knew() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    env.transact(|txn| (1..=100).try_for_each(|key| dbi.put(txn, key, 1)))?;
    env.transact(|txn| {
        assert_eq!(dbi.len(txn)?, 100);
        let undone = txn.savepoint(|txn| {
            dbi.delete_range(txn, 50..)?;
            dbi.append(txn, 60, 1)?;
            Err::<(), _>(Error::other("on purpose"))
        });
        assert!(undone.is_err());
        assert_eq!(dbi.append(txn, 70, 7).map_err(|error| error.kind()), Err(ErrorKind::InvalidArgument));
        assert_eq!((dbi.get(txn, 70)?, dbi.len(txn)?), (Some(1), 100));
        dbi.append(txn, 101, 1)
    })
}

#[test]
fn an_error_or_a_panic_undoes_the_changes_of_the_savepoint_and_no_others() -> Result<()> {
    let db = open()?;
    let mine = [("mine".to_owned(), 2), ("old".to_owned(), 1)];
    db.env.transact(|txn| {
        db.ages.put(txn, "mine", 2)?;
        let undone: Result<()> = txn.savepoint(|txn| {
            db.meddle(txn)?;
            failed()
        });
        assert_eq!(undone.map_err(|error| error.kind()), Err(ErrorKind::Conflict), "the error comes through");
        assert_eq!(db.ages(txn)?, mine);

        let panicked = catch_unwind(AssertUnwindSafe(|| {
            txn.savepoint(|txn| -> Result<()> {
                db.meddle(txn)?;
                resume_unwind(Box::new("as it is meant"))
            })
        }));
        assert!(panicked.is_err());
        assert_eq!(db.ages(txn)?, mine);
        assert_eq!(db.tags.pairs(txn)?.collect::<Result<Vec<_>>>()?, [(1, 1)]);
        Ok(())
    })?;
    let snap = db.env.snapshot()?;
    assert_eq!(db.ages.iter(&snap)?.collect::<Result<Vec<_>>>()?, [("mine", 2), ("old", 1)]);
    assert_eq!(db.tags.pairs(&snap)?.collect::<Result<Vec<_>>>()?, [(1, 1)]);
    Ok(())
}

#[test]
fn undoing_an_outer_savepoint_undoes_the_inner_ones() -> Result<()> {
    let db = open()?;
    db.env.transact(|txn| {
        let undone: Result<()> = txn.savepoint(|txn| {
            db.ages.put(txn, "outer", 1)?;
            assert_eq!(txn.savepoint(|txn| db.meddle(txn).map(|()| 7))?, 7, "the value comes through");
            assert_eq!(db.ages(txn)?, [("last".to_owned(), 95)]);
            db.ages.put(txn, "last", 94)?;
            failed()
        });
        assert!(undone.is_err());
        assert_eq!(db.ages(txn)?, [("old".to_owned(), 1)]);

        txn.savepoint(|txn| {
            db.ages.put(txn, "outer", 1)?;
            let undone: Result<()> = txn.savepoint(|txn| {
                db.meddle(txn)?;
                failed()
            });
            assert!(undone.is_err());
            db.ages.put(txn, "outer", 2)
        })?;
        assert_eq!(db.ages(txn)?, [("old".to_owned(), 1), ("outer".to_owned(), 2)]);
        txn.savepoint(|_| Ok(()))
    })?;
    let snap = db.env.snapshot()?;
    assert_eq!(db.ages.iter(&snap)?.collect::<Result<Vec<_>>>()?, [("old", 1), ("outer", 2)]);
    Ok(())
}

#[test]
fn a_failing_transaction_undoes_its_savepoints() -> Result<()> {
    let db = open()?;
    let before = db.env.snapshot()?.id();
    let failing: Result<()> = db.env.transact(|txn| {
        txn.savepoint(|txn| db.meddle(txn))?;
        failed()
    });
    assert!(failing.is_err());
    let snap = db.env.snapshot()?;
    assert_eq!((snap.id(), db.ages.iter(&snap)?.collect::<Result<Vec<_>>>()?), (before, vec![("old", 1)]));
    Ok(())
}

#[test]
fn a_transaction_whose_changes_are_all_undone_commits_nothing() -> Result<()> {
    let db = open()?;
    let before = db.env.snapshot()?.id();
    db.env.transact(|txn| {
        let undone: Result<()> = txn.savepoint(|txn| {
            db.meddle(txn)?;
            failed()
        });
        assert!(undone.is_err());
        Ok(())
    })?;
    assert_eq!(db.env.snapshot()?.id(), before);
    Ok(())
}
