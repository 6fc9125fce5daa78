//! A copy and a compacted file have the permissions of the original data file, whatever the umask is.

use std::error::Error;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use mapleaf::{Compact, Dbi, Env};

fn mode(path: &Path) -> std::io::Result<u32> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o777)
}

#[test]
fn copies_and_compaction_keep_the_mode_of_the_data_file() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let (path, copy) = (dir.path().join("data"), dir.path().join("copy"));
    let env = Env::open(&path)?;
    let notes: Dbi<u64, &str> = env.dbi("notes")?;
    env.transact(|txn| notes.put(txn, 1, "private"))?;
    let data = path.join("data.mdb");
    assert_eq!(mode(&data)?, 0o600);
    for shared in [0o600, 0o640] {
        fs::set_permissions(&data, Permissions::from_mode(shared))?;
        env.copy_to(&copy, Compact::No)?;
        assert_eq!(mode(&copy.join("data.mdb"))?, shared);
        fs::remove_dir_all(&copy)?;
        env.compact()?;
        assert_eq!(mode(&data)?, shared);
    }
    Ok(())
}
