//! When one process renames DBIs, the handles of every other process go on with the right trees. One that is dropped
//! there under another name is not found, and its name is free.

use crate::common::errors::{directory, refused};
use crate::common::process;
use mapleaf::{Dbi, Env, ErrorKind, Result};

/// The child: carries out the parent's commands until the parent tells it to end.
fn serve(path: &str) -> Result<()> {
    let env = Env::open(path)?;
    // The first write opens LMDB's handle.
    let old: Dbi<&str, u32> = env.dbi("a")?;
    env.transact(|txn| old.put(txn, "child", 1))?;
    process::tell("ready");
    loop {
        let command = process::hear()?;
        match command.split(' ').collect::<Vec<_>>()[..] {
            ["rename", from, to] => env.rename_dbi(from, to)?,
            ["exchange"] => env.transact(|txn| {
                txn.rename_dbi("a", "tmp")?;
                txn.rename_dbi("b", "a")?;
                txn.rename_dbi("tmp", "b")
            })?,
            ["drop", name] => env.transact(|txn| txn.drop_dbi(name))?,
            ["put", key] => env.transact(|txn| old.put(txn, key, 2))?,
            ["migrate", name] => env.migrate(name, |txn, old: &Dbi<&str, u32>, new: &Dbi<&str, u64>| {
                let len = old.len(txn)?;
                new.put(txn, "len", len)
            })?,
            _ => return Ok(()),
        }
        process::tell("done");
    }
}

fn does(child: &mut process::Child, what: &str) -> Result<()> {
    child.say(what)?;
    child.expect("done");
    Ok(())
}

#[test]
fn handles_of_other_processes_go_on_with_the_right_trees() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return serve(&arguments[0]);
    }
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    let (a, b): (Dbi<&str, u32>, Dbi<&str, u32>) = (env.dbi("a")?, env.dbi("b")?);
    env.transact(|txn| a.put(txn, "in a", 1).and_then(|()| b.put(txn, "in b", 1)))?;
    let mut child =
        process::spawn("handles_of_other_processes_go_on_with_the_right_trees", &[&dir.path().to_string_lossy()])?;
    child.expect("ready");
    let keys = |dbi: &Dbi<&str, u32>| -> Result<Vec<String>> {
        dbi.keys(&env.snapshot()?)?.map(|key| key.map(str::to_owned)).collect()
    };
    let before = env.snapshot()?;

    does(&mut child, "rename a c")?;
    assert_eq!(keys(&a)?, ["child", "in a"]);
    env.transact(|txn| a.put(txn, "later", 2))?;
    assert_eq!(keys(&env.dbi("c")?)?, ["child", "in a", "later"]);
    refused(env.dbi_options().create(false).open::<&str, u32>("a"), ErrorKind::NotFound);
    // The name is free, and the tree of that name is taken.
    let new: Dbi<u8, u8> = env.dbi("a")?;
    env.transact(|txn| new.put(txn, 1, 1))?;
    does(&mut child, "put again")?;
    assert_eq!(keys(&a)?, ["again", "child", "in a", "later"]);
    assert_eq!(new.len(&env.snapshot()?)?, 1);

    env.drop_dbi("a")?;
    does(&mut child, "rename c a")?;
    does(&mut child, "exchange")?;
    assert_eq!((keys(&a)?.len(), keys(&b)?.len()), (4, 1));
    assert_eq!((keys(&env.dbi("b")?)?.len(), keys(&env.dbi("a")?)?.len()), (4, 1));
    refused(new.get(&env.snapshot()?, 1), ErrorKind::NotFound);

    // Dropped beside this process, whose handles of LMDB are open: the trees stay, empty.
    does(&mut child, "drop b")?;
    refused(a.get(&env.snapshot()?, "in a"), ErrorKind::NotFound);
    refused(env.transact(|txn| a.put(txn, "in a", 2)), ErrorKind::NotFound);
    let (catalogue, snap) = (env.raw_dbi("__mapleaf")?, env.snapshot()?);
    assert_eq!(catalogue.get(&snap, b"dbi/a")?.and_then(|record| record.last()), Some(&0xff), "the tree a is left");
    assert_eq!(catalogue.get(&snap, b"dbi/b")?, Some(&b"\x02\xfe\0\0\0\x01"[..]), "the tree b is that of the DBI a");
    drop(snap);
    let again: Dbi<&str, u32> = env.dbi("b")?;
    assert_eq!((keys(&again)?.len(), keys(&b)?.len()), (0, 1));
    env.transact(|txn| again.put(txn, "again", 1))?;
    does(&mut child, "migrate a")?;
    refused(b.get(&env.snapshot()?, "in b"), ErrorKind::NotFound);
    let migrated: Dbi<&str, u64> = env.dbi("a")?;
    assert_eq!(migrated.get(&env.snapshot()?, "len")?, Some(1));
    assert_eq!((a.len(&before)?, b.len(&before)?), (2, 1), "older snapshots go on");
    assert!(env.verify()?.is_clean());

    child.say("end")?;
    child.passes()?;
    drop(before);
    env.compact()?;
    let names: Vec<_> = env.dbis()?.into_iter().map(|dbi| (dbi.name, dbi.entries)).collect();
    assert_eq!(names, [("a".to_owned(), 1), ("b".to_owned(), 1)]);
    assert_eq!(again.get(&env.snapshot()?, "again")?, Some(1));
    env.transact(|txn| again.put(txn, "after", 1))?;
    assert_eq!(keys(&env.dbi("b")?)?, ["after", "again"]);
    Ok(())
}

/// Databases that take turns under a name, each filled before it takes the name of the last one, which is dropped. Beside
/// another process the trees of those stay, empty, and are used again: else each turn would leave one more, until LMDB has
/// no more handles.
#[test]
fn databases_that_take_turns_under_a_name_leave_no_more_trees() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return serve(&arguments[0]);
    }
    let dir = directory()?;
    let env = Env::options().max_dbis(4).open(dir.path())?;
    let name = "databases_that_take_turns_under_a_name_leave_no_more_trees";
    let mut child = process::spawn(name, &[&dir.path().to_string_lossy()])?;
    child.expect("ready");
    let (catalogue, mut records) = (env.raw_dbi("__mapleaf")?, Vec::new());
    for turn in 0..50 {
        // In an even turn by a commit that is made for it, in an odd one inside a transaction.
        let next: Dbi<u32, u32> =
            if turn % 2 == 0 { env.dbi("next")? } else { env.transact(|txn| txn.create_dbi("next"))? };
        env.transact(|txn| next.put(txn, turn, turn))?;
        env.transact(|txn| {
            txn.drop_dbi("a")?;
            txn.rename_dbi("next", "a")
        })?;
        let (a, snap): (Dbi<u32, u32>, _) = (env.dbi("a")?, env.snapshot()?);
        assert_eq!(a.iter(&snap)?.collect::<Result<Vec<_>>>()?, [(turn, turn)]);
        records.push(catalogue.len(&snap)?);
    }
    assert_eq!(records[4..].iter().max(), records[..4].iter().max(), "{records:?}");
    assert!(env.verify()?.is_clean());
    child.say("end")?;
    child.passes()
}
