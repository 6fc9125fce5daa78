//! A database that was dropped beside another process leaves an empty tree. A program that uses LMDB alone may then
//! create a database of that name. It belongs to that program, and no later creation or compaction removes it.

use std::path::Path;

use mapleaf::{Dbi, DbiKind, Durability, Env, Result};

use crate::common::errors::directory;
use crate::common::process;
use crate::{foreign, rows};

/// The child: the other program, or a process of mapleaf that has the environment open.
fn plays(arguments: &[String]) -> Result<()> {
    let path = Path::new(&arguments[0]);
    if arguments[1] == "foreign" {
        return foreign::serve(path);
    }
    let opened = rows::open(path, Durability::Process)?;
    process::tell("open");
    process::hear()?;
    drop(opened);
    Ok(())
}

/// Leaves the tree `foreign` by a drop beside another process. With `compacts`, a compaction then removes it.
fn check(name: &str, compacts: bool) -> Result<()> {
    if let Some(arguments) = process::arguments() {
        return plays(&arguments);
    }
    let dir = directory()?;
    let path = dir.path().to_string_lossy();
    let (env, _) = rows::written(dir.path(), Durability::Process, 1)?;
    let mut holding = process::spawn(name, &[&path, "holds"])?;
    holding.expect("open");
    env.dbi::<u32, u32>("foreign")?;
    env.drop_dbi("foreign")?;
    // From here on the tree is known as a leftover.
    env.dbi::<u32, u32>("another")?;
    holding.say("end")?;
    holding.passes()?;
    if compacts {
        env.compact()?;
    }
    let mut other = process::spawn(name, &[&path, "foreign"])?;
    let mut ask = |word: &str, answer: &str| -> Result<()> {
        other.say(word)?;
        other.expect(answer);
        Ok(())
    };
    ask("open", "open")?;
    ask("count", "counted 1")?;
    let kinds: Vec<_> = env.dbis()?.into_iter().map(|info| (info.name, info.kind)).collect();
    assert!(kinds.contains(&("foreign".into(), DbiKind::Foreign)), "{kinds:?}");
    let ours: Dbi<&[u8], &[u8]> = env.dbi("foreign")?;
    env.transact(|txn| ours.put(txn, b"ours", b"too"))?;
    env.dbi::<u32, u32>("the next one")?;
    ask("count", "counted 2")?;
    ask("close", "closed")?;
    env.compact()?;
    assert_eq!(foreign::counted(&env)?, 2);
    assert_eq!(ours.get(&env.snapshot()?, b"ours")?, Some(&b"too"[..]));
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn foreign_data_in_a_leftover_tree_is_kept() -> Result<()> {
    check("foreign_trees_are_kept::foreign_data_in_a_leftover_tree_is_kept", false)
}

#[test]
fn foreign_data_in_a_tree_of_that_name_is_kept_after_a_compaction() -> Result<()> {
    check("foreign_trees_are_kept::foreign_data_in_a_tree_of_that_name_is_kept_after_a_compaction", true)
}

#[test]
fn an_empty_leftover_tree_is_removed_when_no_other_process_has_it_open() -> Result<()> {
    let name = "foreign_trees_are_kept::an_empty_leftover_tree_is_removed_when_no_other_process_has_it_open";
    if let Some(arguments) = process::arguments() {
        return plays(&arguments);
    }
    let dir = directory()?;
    // Two databases use all handles; each leftover tree takes one, too.
    let options = Env::options().max_dbis(2).durability(Durability::Process);
    let env = options.open(dir.path())?;
    env.dbi::<u32, Vec<u8>>("rows")?;
    for round in 0..8 {
        env.dbi::<u32, u32>(&format!("passing {round}"))?;
        let mut holding = process::spawn(name, &[&dir.path().to_string_lossy(), "holds"])?;
        holding.expect("open");
        env.drop_dbi(&format!("passing {round}"))?;
        holding.say("end")?;
        holding.passes()?;
    }
    assert_eq!(env.dbis()?.len(), 1);
    Ok(())
}
