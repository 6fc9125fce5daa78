//! Errors of failing and full disks, at each system call of an operation.

use std::path::Path;

use mapleaf::{Compact, Durability, Env, ErrorKind, Result};
use nix::libc::{EIO, ENOMEM, ENOSPC};

use super::told;
use crate::common::shim::{self, FLUSH, Fault, How, MAP, META, NAME, OPEN, PAGES, SPACE};
use crate::rows;

type Act = fn(&Path) -> Result<()>;

fn open(path: &Path) -> Result<(Env, rows::Rows)> {
    let env = Env::options().map_size(1 << 20).max_readers(16).durability(Durability::Immediate).open(path)?;
    let rows = env.dbi("rows")?;
    Ok((env, rows))
}

/// The operations beside the failing disk; each makes calls of several classes.
const ACTS: [(&str, Act); 4] = [
    ("open", |path| Env::options().map_size(1 << 20).max_readers(16).open(path).map(drop)),
    ("write", |path| {
        let (env, rows) = open(path)?;
        rows::write(&env, &rows, 2)?;
        env.sync()
    }),
    ("compact", |path| {
        let (env, _) = open(path)?;
        env.compact()
    }),
    ("copy", |path| {
        let (env, _) = open(path)?;
        env.copy_to(path.join("copied"), Compact::Yes)
    }),
];

#[test]
fn errors_of_every_failing_system_call_say_what_to_do() -> Result<()> {
    shim::apart("errors_say_what_to_do::disks::errors_of_every_failing_system_call_say_what_to_do", |control, cases| {
        let classes = [(PAGES | META | SPACE, ENOSPC), (PAGES | META | FLUSH, EIO), (OPEN | NAME, EIO), (MAP, ENOMEM)];
        let mut kinds = Vec::new();
        for (class, (classes, errno)) in classes.into_iter().enumerate() {
            for (name, act) in ACTS {
                for nth in 1..=40 {
                    let path = cases.join(format!("{name}-{class}-{nth}"));
                    if name != "open" {
                        let (env, rows) = open(&path)?;
                        rows::write(&env, &rows, 1)?;
                    }
                    control.aim(&path)?;
                    control.arm(Fault { classes, nth, errno, how: How::Once })?;
                    let outcome = act(&path);
                    let failed = control.disarm()?.failed;
                    if let Err(error) = outcome {
                        let kind = error.kind();
                        kinds.push(kind);
                        let file = path.to_string_lossy();
                        // Without address space, the error names the option.
                        let concerned = if classes == MAP { &[][..] } else { &[&*file][..] };
                        told::<()>(Err(error), kind, concerned);
                    }
                    if failed == 0 {
                        break;
                    }
                }
            }
        }
        for kind in [ErrorKind::DiskFull, ErrorKind::CommitOutcomeUnknown, ErrorKind::Io] {
            assert!(kinds.iter().filter(|found| **found == kind).count() >= 3, "{kind:?}: {kinds:?}");
        }
        Ok(())
    })
}
