//! Mounts a small file system for one test, where the machine allows it.

use std::path::Path;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

const NONE: Option<&Path> = None;

/// In a child process: mounts a file system of `bytes` at `path`; the mount ends with the process. Returns false and
/// prints a note where mounting is not allowed (it needs root).
pub fn small_disk(path: &Path, bytes: usize) -> bool {
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    let mounted =
        unshare(CloneFlags::CLONE_NEWNS).and_then(|()| mount(NONE, "/", NONE, private, NONE)).and_then(|()| {
            let options = format!("size={bytes}");
            mount(Some("tmpfs"), path, Some("tmpfs"), MsFlags::empty(), Some(options.as_str()))
        });
    match mounted {
        Ok(()) => true,
        Err(errno) => {
            println!("no file system can be mounted here ({errno}): this part is not checked");
            false
        }
    }
}

/// Makes the file system at `path` read-only.
pub fn freeze(path: &Path) -> nix::Result<()> {
    mount(NONE, path, NONE, MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY, NONE)
}
