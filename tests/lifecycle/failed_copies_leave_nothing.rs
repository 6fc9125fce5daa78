//! A copy that fails removes what it made: the file, and new directories.

use std::fs;

use mapleaf::{Compact, Durability, Env, ErrorKind, Result};
use nix::libc::EIO;

use crate::common::errors::{directory, io, refused};
use crate::common::shim::{self, FLUSH, Fault, How};
use crate::rows;

#[test]
fn a_copy_leaves_nothing_whichever_flush_fails() -> Result<()> {
    shim::apart("failed_copies_leave_nothing::a_copy_leaves_nothing_whichever_flush_fails", |control, cases| {
        for single_file in [false, true] {
            let options = Env::options().single_file(single_file).durability(Durability::Process);
            let env = options.open(cases.join(format!("env {single_file}")))?;
            assert_eq!(rows::count(&env)?, 1);
            let above = cases.join("above");
            for (there, compact) in [(false, Compact::Yes), (true, Compact::No)] {
                if there {
                    io(fs::create_dir_all(above.join("a")))?;
                }
                for nth in 1.. {
                    control.aim(&above)?;
                    control.arm(Fault { classes: FLUSH, nth, errno: EIO, how: How::Once })?;
                    let copied = env.copy_to(above.join("a/copy"), compact);
                    let failed = control.disarm()?.failed;
                    if failed == 0 {
                        copied?;
                        assert!(nth > 4, "few flushes: {nth}");
                        io(fs::remove_dir_all(&above))?;
                        break;
                    }
                    refused(copied, ErrorKind::Io);
                    if there {
                        assert_eq!(io(fs::read_dir(above.join("a")))?.count(), 0, "flush {nth}");
                    } else {
                        assert!(!above.exists(), "flush {nth}");
                    }
                }
            }
        }
        Ok(())
    })
}

#[test]
fn a_failed_copy_keeps_existing_directories() -> Result<()> {
    let dir = directory()?;
    let (env, _) = rows::open(&dir.path().join("env"), Durability::Process)?;
    let (empty, full) = (dir.path().join("empty"), dir.path().join("full"));
    io(fs::create_dir(&empty))?;
    env.copy_to(&empty, Compact::Yes)?;
    io(fs::create_dir(&full))?;
    io(fs::write(full.join("mine"), b"mine"))?;
    refused(env.copy_to(&full, Compact::Yes), ErrorKind::AlreadyExists);
    refused(env.copy_to(full.join("mine/below/it"), Compact::Yes), ErrorKind::AlreadyExists);
    assert_eq!(io(fs::read_dir(&full))?.count(), 1);
    Ok(())
}
