//! A copy that is killed at any point is no environment: what it left does not open.

use crate::common::process;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::common::errors::{directory, refused};
use mapleaf::{Compact, Dbi, Durability, Env, EnvOptions, ErrorKind, Result};

fn options() -> EnvOptions {
    Env::options().durability(Durability::Process)
}

/// The child: copies when the parent says so.
fn serve(path: &Path, target: &Path, compact: Compact) -> Result<()> {
    let env = options().open(path)?;
    process::tell("ready");
    process::hear()?;
    env.copy_to(target, compact)?;
    process::tell("copied");
    Ok(())
}

#[test]
fn the_rest_of_a_killed_copy_does_not_open() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        let compact = if arguments[2] == "Yes" { Compact::Yes } else { Compact::No };
        return serve(Path::new(&arguments[0]), Path::new(&arguments[1]), compact);
    }
    let dir = directory()?;
    let path = dir.path().join("env");
    let env = options().open(&path)?;
    let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
    (0..100).try_for_each(|n| env.transact(|txn| dbi.put(txn, n, &vec![1; 1 << 20])))?;
    drop((dbi, env));
    let mut cut = [0, 0];
    for round in 0..40_u64 {
        let compact = [Compact::No, Compact::Yes][usize::from(round % 2 == 1)];
        let target = dir.path().join(format!("copy {round}"));
        let arguments = [path.to_string_lossy(), target.to_string_lossy(), format!("{compact:?}").into()];
        let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        let mut child = process::spawn("the_rest_of_a_killed_copy_does_not_open", &arguments)?;
        child.expect("ready");
        child.say("copy")?;
        let data = target.join("data.mdb");
        while !fs::metadata(&data).is_ok_and(|metadata| metadata.len() > 0) {
            thread::sleep(Duration::from_micros(200));
        }
        thread::sleep(Duration::from_millis(round / 2 * 3));
        child.kill()?;
        // A copy killed after its last page may be complete; then it opens.
        let whole = fs::read(&data).is_ok_and(|bytes| bytes.iter().take(4096).any(|byte| *byte != 0));
        if child.line().is_some() || whole {
            let copy = options().open(&target)?;
            assert!(copy.verify()?.is_clean() && copy.dbi::<u32, &[u8]>("d")?.len(&copy.snapshot()?)? == 100);
        } else {
            refused(options().open(&target), ErrorKind::Corrupted);
            cut[usize::from(compact == Compact::Yes)] += 1;
        }
        let _ = fs::remove_dir_all(&target);
    }
    assert!(cut.iter().all(|count| *count > 0), "none was cut short: {cut:?}");
    Ok(())
}
