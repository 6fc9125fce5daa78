//! The changes of a closure are committed together or not at all.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use mapleaf::{Dbi, Env, Error, ErrorKind, Result, WriteTxn};

struct Db {
    env: Env,
    names: Dbi<u32, &'static str>,
    counts: Dbi<&'static str, u64>,
}

fn open() -> Result<Db> {
    let env = Env::temporary()?;
    let db = Db { names: env.dbi("names")?, counts: env.dbi("counts")?, env };
    db.env.transact(|txn| {
        db.names.put(txn, 1, "ann")?;
        db.counts.put(txn, "names", 1)
    })?;
    Ok(db)
}

impl Db {
    fn change_all(&self, txn: &mut WriteTxn) -> Result<()> {
        self.names.clear(txn)?;
        self.names.put(txn, 2, "bob")?;
        self.counts.put(txn, "names", 7)?;
        assert_eq!(self.counts.get(txn, "names")?, Some(7), "it reads its own changes");
        Ok(())
    }

    fn is_as_it_was(&self, id: u64) -> Result<()> {
        let snap = self.env.snapshot()?;
        assert_eq!(snap.id(), id);
        assert_eq!(self.names.iter(&snap)?.collect::<Result<Vec<_>>>()?, [(1, "ann")]);
        assert_eq!(self.counts.iter(&snap)?.collect::<Result<Vec<_>>>()?, [("names", 1)]);
        Ok(())
    }
}

#[test]
fn an_error_commits_nothing_and_is_returned() -> Result<()> {
    let db = open()?;
    let before = db.env.snapshot()?.id();
    let failed: Result<()> = db.env.transact(|txn| {
        db.change_all(txn)?;
        Err(Error::other(std::fmt::Error))
    });
    let error = failed.expect_err("the closure failed");
    assert_eq!(error.kind(), ErrorKind::Other);
    assert!(error.downcast::<std::fmt::Error>().is_ok());
    db.is_as_it_was(before)
}

#[test]
fn a_panic_commits_nothing_and_the_next_transaction_works() -> Result<()> {
    let db = open()?;
    let before = db.env.snapshot()?.id();
    for _ in 0..3 {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            db.env.transact(|txn| -> Result<()> {
                db.change_all(txn)?;
                resume_unwind(Box::new("as it is meant"))
            })
        }));
        assert_eq!(panicked.expect_err("it panicked").downcast_ref(), Some(&"as it is meant"));
        db.is_as_it_was(before)?;
    }
    db.env.transact(|txn| db.change_all(txn))?;
    let snap = db.env.snapshot()?;
    assert_eq!(snap.id(), before + 1);
    assert_eq!(db.names.iter(&snap)?.collect::<Result<Vec<_>>>()?, [(2, "bob")]);
    assert!(db.env.verify()?.is_clean());
    Ok(())
}

#[test]
fn an_error_of_the_callers_own_type_commits_nothing() -> Result<()> {
    #[derive(Debug)]
    enum Failed {
        Own(u8),
        Store(ErrorKind),
    }
    impl From<Error> for Failed {
        fn from(error: Error) -> Self {
            Self::Store(error.kind())
        }
    }

    let db = open()?;
    let before = db.env.snapshot()?.id();
    let own = db.env.transact_or(|txn| -> Result<(), Failed> {
        db.change_all(txn)?;
        Err(Failed::Own(7))
    });
    assert!(matches!(own, Err(Failed::Own(7))));
    let store = db.env.transact_or(|txn| -> Result<(), Failed> {
        db.change_all(txn)?;
        Ok(db.counts.put(txn, "", 1)?)
    });
    assert!(matches!(store, Err(Failed::Store(ErrorKind::InvalidKey))));
    db.is_as_it_was(before)
}

#[test]
fn a_transaction_has_the_id_of_the_state_that_it_makes() -> Result<()> {
    let db = open()?;
    let before = db.env.snapshot()?.id();
    let id = db.env.transact(|txn| {
        db.counts.put(txn, "more", 2)?;
        assert_eq!(mapleaf::Read::id(txn), txn.id());
        Ok(txn.id())
    })?;
    assert_eq!((id, db.env.snapshot()?.id()), (before + 1, before + 1));

    // A transaction that only reads, or deletes an absent key, makes no state.
    db.env.transact(|txn| {
        assert!(!db.counts.delete(txn, "absent")?);
        assert_eq!(db.counts.delete_range(txn, "x"..)?, 0);
        assert_eq!(db.names.len(txn)?, 1);
        Ok(())
    })?;
    assert_eq!(db.env.snapshot()?.id(), before + 1);
    Ok(())
}
