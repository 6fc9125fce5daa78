//! After a failed flush, no call succeeds that promises durability until the file was rewritten: the system may mark
//! pages as written that are not.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, SystemTime};

use mapleaf::{Dbi, Durability, Env, Error, ErrorKind, Result};
use nix::libc::{EIO, ENOSPC};

use crate::common::errors::refused;
use crate::common::shim::{self, Control, FLUSH, Fault, How, MAP, META, NAME, OPEN, PAGES, SPACE, Tally};

fn open(path: &Path, durability: Durability) -> Result<(Env, Dbi<u32, u32>)> {
    let env = Env::options().map_size(1 << 20).max_readers(16).durability(durability).open(path)?;
    let rows = env.dbi("rows")?;
    Ok((env, rows))
}

/// Whether the record says that a flush failed.
fn is_remembered(path: &Path) -> Result<bool> {
    Ok(std::fs::read(path.join("mapleaf.lock")).map_err(Error::other)?[11] & 1 == 1)
}

/// The number of calls of `classes` that an opening makes on the data file.
fn opening(control: &Control, path: &Path, classes: u64) -> Result<Tally> {
    control.aim(&path.join("data.mdb"))?;
    control.arm(Fault { classes, nth: 0, errno: EIO, how: How::Once })?;
    let opened = Env::options().map_size(1 << 20).max_readers(16).open(path);
    let tally = control.disarm()?;
    opened.map(|_| tally)
}

#[test]
fn a_second_sync_after_a_failed_one_does_not_succeed() -> Result<()> {
    shim::apart("failed_flushes_are_remembered::a_second_sync_after_a_failed_one_does_not_succeed", |control, cases| {
        for durability in [Durability::Immediate, Durability::Eventual, Durability::Process] {
            let path = cases.join(format!("{durability:?}"));
            let (env, rows) = open(&path, durability)?;
            env.transact(|txn| rows.put(txn, 1, 1))?;
            control.aim(&path.join("data.mdb"))?;
            control.arm(Fault { classes: FLUSH, nth: 1, errno: EIO, how: How::Once })?;
            refused(env.sync(), ErrorKind::CommitOutcomeUnknown);
            control.disarm()?;
            for _ in 0..2 {
                refused(env.sync(), ErrorKind::CommitOutcomeUnknown);
                refused(env.transact(|txn| rows.put(txn, 2, 2)), ErrorKind::CommitOutcomeUnknown);
                refused(env.snapshot(), ErrorKind::CommitOutcomeUnknown);
            }
            assert!(is_remembered(&path)?);
            drop((env, rows));
            assert!(is_remembered(&path)?, "closing proves nothing");
            let length = std::fs::metadata(path.join("data.mdb")).map_err(Error::other)?.len();
            let written = opening(control, &path, PAGES | META)?;
            assert!(written.calls * (1 << 20) >= length, "{written:?} writes for {length} bytes");
            assert!(!is_remembered(&path)?);
            assert_eq!(opening(control, &path, PAGES | META)?.calls, 0, "once is enough");
            let (env, rows) = open(&path, durability)?;
            assert_eq!(rows.get(&env.snapshot()?, 1)?, Some(1));
            env.transact(|txn| rows.put(txn, 3, 3))?;
            env.sync()?;
        }
        Ok(())
    })
}

#[test]
fn failed_flushes_of_commits_and_openings_are_remembered() -> Result<()> {
    shim::apart(
        "failed_flushes_are_remembered::failed_flushes_of_commits_and_openings_are_remembered",
        |control, cases| {
            for nth in 1.. {
                let path = cases.join(format!("{nth}"));
                control.aim(&path)?;
                control.arm(Fault { classes: FLUSH, nth, errno: EIO, how: How::Once })?;
                let worked = (|| {
                    let (env, rows) = open(&path, Durability::Immediate)?;
                    env.transact(|txn| rows.put(txn, 1, 1))
                })();
                let tally = control.disarm()?;
                let Err(error) = worked else {
                    assert_eq!(tally.failed, 0, "flush {nth} failed, and nothing said so");
                    assert!(nth > 6, "few flushes: {nth}");
                    return Ok(());
                };
                assert_eq!(error.kind(), ErrorKind::CommitOutcomeUnknown, "flush {nth}: {error:?}");
                assert!(is_remembered(&path)?, "flush {nth}");
                if path.join("data.mdb").exists() {
                    let flushed = opening(control, &path, FLUSH)?;
                    assert!(flushed.calls > 0, "flush {nth}: {flushed:?}");
                }
                let (env, rows) = open(&path, Durability::Immediate)?;
                env.transact(|txn| rows.put(txn, 2, 2))?;
                assert!(env.verify()?.is_clean());
                drop((env, rows));
                assert!(!is_remembered(&path)?, "flush {nth}");
            }
            Ok(())
        },
    )
}

#[test]
fn a_file_is_rewritten_after_a_failed_flush_beside_another_process() -> Result<()> {
    if let Some(arguments) = crate::common::process::arguments()
        && arguments.len() > 1
    {
        // The other process; it meets no fault.
        let (env, rows) = open(Path::new(&arguments[0]), Durability::Immediate)?;
        crate::common::process::tell("open");
        crate::common::process::hear()?;
        env.transact(|txn| rows.put(txn, 9, 9))?;
        assert_eq!(rows.get(&env.snapshot()?, 1)?, Some(1));
        return Ok(());
    }
    let name = "failed_flushes_are_remembered::a_file_is_rewritten_after_a_failed_flush_beside_another_process";
    shim::apart(name, |control, cases| {
        let path = cases.join("env");
        let (env, rows) = open(&path, Durability::Immediate)?;
        env.transact(|txn| rows.put(txn, 1, 1))?;
        let mut other = crate::common::process::spawn(name, &[&path.to_string_lossy(), "other"])?;
        other.expect("open");
        control.aim(&path.join("data.mdb"))?;
        control.arm(Fault { classes: FLUSH, nth: 1, errno: EIO, how: How::Once })?;
        refused(env.sync(), ErrorKind::CommitOutcomeUnknown);
        control.disarm()?;
        drop((env, rows));
        assert!(is_remembered(&path)?);
        assert!(opening(control, &path, PAGES | META)?.calls > 0);
        assert!(!is_remembered(&path)?);
        other.say("go on")?;
        other.passes()?;
        let (env, rows) = open(&path, Durability::Immediate)?;
        assert_eq!((rows.get(&env.snapshot()?, 1)?, rows.get(&env.snapshot()?, 9)?), (Some(1), Some(9)));
        Ok(())
    })
}

/// The file in which the system names the boot of the machine.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// Whether an opening writes the data file, by its modification time.
fn is_written(path: &Path) -> Result<bool> {
    let data = OpenOptions::new().write(true).open(path.join("data.mdb")).map_err(Error::other)?;
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_hours(24);
    data.set_modified(long_ago).map_err(Error::other)?;
    let (env, rows) = open(path, Durability::Immediate)?;
    assert_eq!(rows.get(&env.snapshot()?, 1)?, Some(1));
    let changed = data.metadata().and_then(|metadata| metadata.modified()).map_err(Error::other)?;
    Ok(changed != long_ago)
}

#[test]
fn a_file_is_rewritten_if_the_boot_of_the_machine_is_not_known() -> Result<()> {
    let name = "failed_flushes_are_remembered::a_file_is_rewritten_if_the_boot_of_the_machine_is_not_known";
    shim::apart(name, |control, cases| {
        let path = cases.join("env");
        let (env, rows) = open(&path, Durability::Immediate)?;
        env.transact(|txn| rows.put(txn, 1, 1))?;
        drop((env, rows));
        let lock = OpenOptions::new().write(true).open(path.join("mapleaf.lock")).map_err(Error::other)?;
        let own = std::fs::read(BOOT).map_err(Error::other)?;
        let other = [b'x'; 36];
        // The boot in the record, whether the system names the present boot, and whether pages may be in memory only.
        // They are not only if the boot is known to be a different one.
        let cases: [(&[u8], bool, bool); 5] = [
            (&own[..36], true, true),
            (&[0; 36], true, true),
            (&[0; 36], false, true),
            (&other, false, true),
            (&other, true, false),
        ];
        for (boot, tells, written) in cases {
            lock.write_all_at(&[1], 11).and_then(|()| lock.write_all_at(boot, 16)).map_err(Error::other)?;
            control.aim(Path::new(BOOT))?;
            control.arm(Fault { classes: OPEN, nth: u64::from(!tells), errno: EIO, how: How::ForEver })?;
            assert_eq!(File::open(BOOT).is_ok(), tells);
            let found = is_written(&path);
            control.disarm()?;
            assert_eq!(found?, written, "boot {boot:?}, told: {tells}");
            assert!(!is_remembered(&path)?);
        }
        Ok(())
    })
}

#[test]
fn one_of_two_concurrent_syncs_waits_for_the_other() -> Result<()> {
    shim::apart("failed_flushes_are_remembered::one_of_two_concurrent_syncs_waits_for_the_other", |control, cases| {
        let path = cases.join("env");
        let (env, rows) = open(&path, Durability::Eventual)?;
        env.transact(|txn| rows.put(txn, 1, 1))?;
        let held = control.hold(&path.join("data.mdb"), FLUSH, 1)?;
        let (told, calls) = channel();
        let sync = || {
            told.clone().send(()).expect("it is heard");
            env.sync()
        };
        thread::scope(|scope| {
            let syncs: Vec<_> = (0..2).map(|_| scope.spawn(sync)).collect();
            held.wait()?;
            (0..2).for_each(|_| calls.recv().expect("both call"));
            // Time for the other thread to flush, too: the system would report a failed write to only one of them.
            thread::sleep(Duration::from_millis(100));
            let begun = control.disarm()?.calls;
            held.let_go()?;
            syncs.into_iter().try_for_each(|sync| sync.join().expect("no panic"))?;
            assert_eq!(begun, 1);
            Ok(())
        })
    })
}

#[test]
fn a_failed_opening_records_no_file_as_closed() -> Result<()> {
    let name = "failed_flushes_are_remembered::a_failed_opening_records_no_file_as_closed";
    shim::apart(name, |control, cases| {
        let (mut refused, classes) = (0, PAGES | META | FLUSH | SPACE | MAP | OPEN | NAME);
        for errno in [EIO, ENOSPC] {
            for nth in 1.. {
                let path = cases.join(format!("{errno}-{nth}"));
                control.aim(&path)?;
                control.arm(Fault { classes, nth, errno, how: How::Once })?;
                let opened = Env::options().map_size(1 << 20).max_readers(16).open(&path);
                let met = control.disarm()?.failed > 0;
                if !met {
                    break;
                }
                // The byte that says that the environment is open, if there is a record.
                let record = std::fs::read(path.join("mapleaf.lock")).unwrap_or_default();
                if opened.is_err() && record.starts_with(b"mapleaf") {
                    refused += 1;
                    assert_eq!(record[9], 1, "call {nth}: {opened:?}");
                }
            }
        }
        assert!(refused > 8, "{refused} openings failed");
        Ok(())
    })
}

/// The offset in `mapleaf.lock` of the id of the writing process, and an id that no process has.
const WRITER: u64 = 68;
const NOBODY: u32 = u32::MAX - 1;

/// Sets the word as a process leaves it that was killed during a commit and did not record the outcome.
fn leave_mark(path: &Path) -> Result<()> {
    let lock = OpenOptions::new().write(true).open(path.join("mapleaf.lock")).map_err(Error::other)?;
    lock.write_all_at(&NOBODY.to_ne_bytes(), WRITER).map_err(Error::other)
}

#[test]
fn a_writer_killed_during_a_commit_counts_as_a_failed_flush() -> Result<()> {
    let name = "failed_flushes_are_remembered::a_writer_killed_during_a_commit_counts_as_a_failed_flush";
    shim::apart(name, |control, cases| {
        for (durability, expected) in [(Durability::Immediate, [2, 1]), (Durability::Process, [1, 1])] {
            let path = cases.join(format!("{durability:?}"));
            let (env, rows) = open(&path, durability)?;
            env.transact(|txn| rows.put(txn, 1, 1))?;
            leave_mark(&path)?;
            // The meta pages are rewritten before the commit, and only once.
            for expected in expected {
                control.aim(&path.join("data.mdb"))?;
                control.arm(Fault { classes: META, nth: 0, errno: EIO, how: How::Once })?;
                env.transact(|txn| rows.put(txn, 1, 2))?;
                assert_eq!(control.disarm()?.calls, expected, "{durability:?}");
            }
        }
        Ok(())
    })
}

#[test]
fn no_commit_is_made_if_the_meta_pages_cannot_be_rewritten() -> Result<()> {
    let name = "failed_flushes_are_remembered::no_commit_is_made_if_the_meta_pages_cannot_be_rewritten";
    shim::apart(name, |control, cases| {
        for classes in [FLUSH, META] {
            let path = cases.join(format!("{classes}"));
            let (env, rows) = open(&path, Durability::Immediate)?;
            env.transact(|txn| rows.put(txn, 1, 1))?;
            leave_mark(&path)?;
            control.aim(&path.join("data.mdb"))?;
            control.arm(Fault { classes, nth: 1, errno: EIO, how: How::Once })?;
            let mut ran = false;
            let first = env.transact(|txn| {
                ran = true;
                rows.put(txn, 1, 2)
            });
            control.disarm()?;
            refused(first, ErrorKind::CommitOutcomeUnknown);
            assert!(!ran && is_remembered(&path)?);
            refused(env.transact(|txn| rows.put(txn, 1, 3)), ErrorKind::CommitOutcomeUnknown);
            drop((env, rows));
            let (env, rows) = open(&path, Durability::Immediate)?;
            assert_eq!(rows.get(&env.snapshot()?, 1)?, Some(1));
        }
        Ok(())
    })
}
