//! A program that writes through LMDB alone, without mapleaf's lock files, loses no commit and sees no false state
//! while the file is rewritten after a failed flush, or replaced by `compact`.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use mapleaf::{Durability, ErrorKind, Result};

use crate::common::errors::{io, refused};
use crate::common::process;
use crate::common::process::{Child, Next};
use crate::common::shim::{self, FLUSH, META, NAME, OPEN, PAGES};
use crate::{foreign, rows};

/// The offset of the flag in `mapleaf.lock` that says that a flush failed.
const FLUSH_FAILED: u64 = 11;

/// Runs the other program's part of the test, if this process is the child.
fn plays_foreign() -> Option<Result<()>> {
    let arguments = process::arguments().filter(|arguments| arguments.len() > 1)?;
    Some(foreign::serve(Path::new(&arguments[0])))
}

fn start(name: &str, path: &Path) -> Result<Child> {
    process::spawn(&format!("foreign_writers_lose_nothing::{name}"), &[&path.to_string_lossy(), "foreign"])
}

/// Sends the child a command, whose result must be `answer`.
#[track_caller]
fn ask(child: &mut Child, word: &str, answer: &str) -> Result<()> {
    child.say(word)?;
    child.expect(answer);
    Ok(())
}

#[test]
fn a_foreign_writer_loses_nothing_while_the_file_is_rewritten() -> Result<()> {
    if let Some(played) = plays_foreign() {
        return played;
    }
    shim::apart(
        "foreign_writers_lose_nothing::a_foreign_writer_loses_nothing_while_the_file_is_rewritten",
        |control, cases| {
            let path = cases.join("env");
            let (env, _) = rows::written(&path, Durability::Immediate, 1)?;
            env.close()?;
            let mut other = start("a_foreign_writer_loses_nothing_while_the_file_is_rewritten", &path)?;
            ask(&mut other, "open", "open")?;
            ask(&mut other, "count", "counted 1")?;
            let lock = io(OpenOptions::new().write(true).open(path.join("mapleaf.lock")))?;
            io(lock.write_all_at(&[1], FLUSH_FAILED))?;
            // Part of the file, with its meta pages, was read and is about to be written back.
            let held = control.hold(&path.join("data.mdb"), PAGES | META, 1)?;
            thread::scope(|scope| {
                let opening = scope.spawn(|| rows::open(&path, Durability::Immediate));
                held.wait()?;
                other.say("count")?;
                // The other program waits for the lock. If it did not, its commit would have to come before that write.
                let early = other.next_line(Duration::from_millis(300));
                held.let_go()?;
                let (env, rows) = opening.join().expect("it does not panic")?;
                if early == Next::Silent {
                    other.expect("counted 2");
                }
                assert_eq!(foreign::counted(&env)?, 2, "{early:?}");
                assert_eq!(rows::round(&rows, &env.snapshot()?)?, 1);
                rows::write(&env, &rows, 2)?;
                ask(&mut other, "count", "counted 3")?;
                assert!(env.verify()?.is_clean());
                Ok::<_, mapleaf::Error>(())
            })?;
            other.say("end")?;
            other.passes()
        },
    )
}

/// Waits until a process waits for a lock on `file`, according to the system's list; only briefly where there is no
/// list.
fn wait_for_waiter(file: &Path) -> Result<()> {
    let inode = format!(":{} ", io(fs::metadata(file))?.ino());
    let began = Instant::now();
    let is_waited_for = || {
        let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
        locks.lines().any(|line| line.contains("-> ") && line.contains(&inode))
    };
    while !is_waited_for() && began.elapsed() < Duration::from_secs(2) {
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

#[test]
fn a_foreign_program_that_opens_during_a_compaction_loses_nothing() -> Result<()> {
    if let Some(played) = plays_foreign() {
        return played;
    }
    shim::apart(
        "foreign_writers_lose_nothing::a_foreign_program_that_opens_during_a_compaction_loses_nothing",
        |control, cases| {
            // The newest state is in one meta page, then in the other.
            for commits in 1..=2 {
                let path = cases.join(format!("{commits}"));
                let (env, rows) = rows::open(&path, Durability::Immediate)?;
                let mut other = start("a_foreign_program_that_opens_during_a_compaction_loses_nothing", &path)?;
                ask(&mut other, "open", "open")?;
                ask(&mut other, "count", "counted 1")?;
                ask(&mut other, "close", "closed")?;
                for round in 1..=commits {
                    rows::write(&env, &rows, round)?;
                }
                let held = control.hold(&path.join("data.mdb"), NAME, 1)?;
                let opened = thread::scope(|scope| {
                    let compacting = scope.spawn(|| env.compact());
                    held.wait()?;
                    // If the process is killed from here on, no lock file remains that continues the numbers of the old
                    // file.
                    assert_eq!(io(fs::read(path.join("lock.mdb")))?[..128], [0; 128]);
                    other.say("open")?;
                    wait_for_waiter(&path.join("lock.mdb"))?;
                    // The other program gets the lock before this process opens the files again.
                    let held = held.and_then(&path.join("lock.mdb"), OPEN)?;
                    held.wait()?;
                    let opened = other.line();
                    held.let_go()?;
                    compacting.join().expect("it does not panic").map(|()| opened)
                })?;
                if opened.as_deref() != Some("open") {
                    assert_eq!(opened.as_deref(), Some("refused"));
                    ask(&mut other, "open", "open")?;
                }
                ask(&mut other, "count", "counted 2")?;
                rows::write(&env, &rows, 7)?;
                ask(&mut other, "count", "counted 3")?;
                assert_eq!(rows::round(&rows, &env.snapshot()?)?, 7);
                assert_eq!(foreign::counted(&env)?, 3);
                assert!(env.verify()?.is_clean());
                other.say("end")?;
                other.passes()?;
            }
            Ok(())
        },
    )
}

#[test]
fn a_foreign_commit_during_a_compaction_is_kept() -> Result<()> {
    if let Some(played) = plays_foreign() {
        return played;
    }
    shim::apart("foreign_writers_lose_nothing::a_foreign_commit_during_a_compaction_is_kept", |control, cases| {
        // While the copy is flushed; and after it was found to be of the newest state, before others are locked out.
        for (file, class) in [("data.mdb-compact", FLUSH), ("lock.mdb", OPEN)] {
            let path = cases.join(file);
            let (env, rows) = rows::written(&path, Durability::Immediate, 1)?;
            let mut other = start("a_foreign_commit_during_a_compaction_is_kept", &path)?;
            let held = control.hold(&path.join(file), class, 1)?;
            let compacted = thread::scope(|scope| {
                let compacting = scope.spawn(|| env.compact());
                held.wait()?;
                ask(&mut other, "open", "open")?;
                ask(&mut other, "count", "counted 1")?;
                ask(&mut other, "close", "closed")?;
                held.let_go()?;
                Ok::<_, mapleaf::Error>(compacting.join().expect("it does not panic"))
            })?;
            refused(compacted, ErrorKind::Busy);
            assert_eq!(foreign::counted(&env)?, 1, "{file}");
            rows::write(&env, &rows, 2)?;
            env.compact()?;
            assert_eq!(foreign::counted(&env)?, 1, "{file}");
            assert_eq!(rows::round(&rows, &env.snapshot()?)?, 2);
            other.say("end")?;
            other.passes()?;
        }
        Ok(())
    })
}
