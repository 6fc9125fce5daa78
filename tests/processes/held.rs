//! A transaction that another process holds is waited for, or named by the error of those who do not wait; it ends
//! with its process.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::common::errors::{directory, refused_with};
use crate::common::process;
use mapleaf::{Dbi, Durability, Env, ErrorKind, Result};

fn open(path: &Path, durability: &str) -> Result<(Env, Dbi<u32, u32>)> {
    let durability = if durability == "process" { Durability::Process } else { Durability::Immediate };
    let env = Env::options().durability(durability).open(path)?;
    let dbi = env.dbi("d")?;
    Ok((env, dbi))
}

/// The child: holds a transaction until the parent speaks, then commits it.
fn hold(path: &Path, durability: &str) -> Result<()> {
    let (env, dbi) = open(path, durability)?;
    let mut txn = env.begin()?;
    dbi.put(&mut txn, 1, 100)?;
    process::tell("held");
    process::hear()?;
    txn.commit()?;
    process::tell("committed");
    process::hear().map(drop)
}

#[test]
fn who_waits_for_another_process_learns_which_and_a_killed_one_holds_nothing() -> Result<()> {
    const NAME: &str = "who_waits_for_another_process_learns_which_and_a_killed_one_holds_nothing";
    if let Some(arguments) = process::arguments() {
        return hold(Path::new(&arguments[0]), &arguments[1]);
    }
    for durability in ["process", "immediate"] {
        let dir = directory()?;
        let (env, dbi) = open(dir.path(), durability)?;
        let arguments = [&*dir.path().to_string_lossy(), durability];
        let mut child = process::spawn(NAME, &arguments)?;
        child.expect("held");
        let holder = format!("process {}", child.id());
        refused_with(env.try_begin().map(drop), ErrorKind::Busy, &[&holder, "try_begin"]);
        let began = Instant::now();
        let limit = Duration::from_millis(60);
        refused_with(env.begin_timeout(limit).map(drop), ErrorKind::Timeout, &[&holder, "begin_timeout"]);
        assert!(began.elapsed() >= limit);
        assert_eq!(env.info()?.writer.map(|writer| writer.process), Some(child.id()));
        assert_eq!(dbi.get(&env.snapshot()?, 1)?, None);

        // It commits, and those who waited go on after it.
        child.say("commit")?;
        child.expect("committed");
        let txn = env.begin_timeout(Duration::from_secs(30))?;
        assert_eq!(dbi.get(&txn, 1)?, Some(100));
        txn.abort();
        drop(child);

        let mut child = process::spawn(NAME, &arguments)?;
        child.expect("held");
        child.kill()?;
        let mut txn = env.begin_timeout(Duration::from_secs(30))?;
        dbi.put(&mut txn, 1, 7)?;
        txn.commit()?;
        assert_eq!(env.info()?.writer, None);
        assert_eq!(dbi.get(&env.snapshot()?, 1)?, Some(7));
        assert!(env.verify()?.is_clean());
    }
    Ok(())
}
