//! A copy of a damaged file is refused, with nothing left behind, or reads as the file does; never does it end the process.

#[path = "common/damage.rs"]
mod damage;
#[path = "common/held.rs"]
mod held;
#[path = "common/process.rs"]
mod process;

use std::fs;
use std::path::Path;

use damage::{PAGE, Random, options, typed};
use held::{Content, read, sample};
use mapleaf::{Compact, Env, Error, ErrorKind, Result};

/// Overwrites a few bytes or a page.
fn hurt(bytes: &mut [u8], random: &mut Random) {
    let page = 2 + random.below(bytes.len() / PAGE - 2);
    let (from, to) = (page * PAGE, (page + 1) * PAGE);
    match random.below(5) {
        0 => bytes[from..to].fill(0),
        1 => {
            let other = 2 + random.below(bytes.len() / PAGE - 2);
            bytes.copy_within(other * PAGE..(other + 1) * PAGE, from);
        }
        2 => bytes[from + random.below(64)] ^= 1 << random.below(8),
        3 => bytes[from + random.below(PAGE)] ^= 1 << random.below(8),
        // A child or a run that is another page's number.
        _ => bytes[from + 16 + random.below(PAGE - 24)] = u8::try_from(random.below(256)).unwrap_or(0),
    }
}

fn content(env: &Env) -> Option<Content> {
    read(env).map_err(|error| typed(&error)).ok()
}

/// Copies what is at `env` to `target`; whether it could be copied.
fn copied(env: &Env, target: &Path, compact: Compact) -> Result<bool> {
    match env.copy_to(target, compact) {
        Ok(()) => Ok(true),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Corrupted, "{error:?}");
            assert_eq!((compact, error.operation()), (Compact::Yes, Some("copy_to")), "{error:?}");
            assert!(!target.join("data.mdb").exists(), "what was written of it is removed");
            fs::remove_dir(target).map_err(Error::other)?;
            Ok(false)
        }
    }
}

#[test]
fn refused_or_read_as_the_file_is() -> Result<()> {
    process::apart("refused_or_read_as_the_file_is", || {
        let dir = tempfile::tempdir().map_err(Error::other)?;
        let (path, target) = (dir.path().join("env"), dir.path().join("copy"));
        let (bytes, _) = sample()?;
        let (mut refused, mut whole) = (0, 0);
        for seed in 0..300_u64 {
            println!("seed {seed}");
            let mut damaged = bytes.clone();
            hurt(&mut damaged, &mut Random(seed << 32 | 2));
            fs::create_dir(&path).and_then(|()| fs::write(path.join("data.mdb"), &damaged)).map_err(Error::other)?;
            if let Ok(env) = options().open(&path) {
                let (clean, held) = (env.verify()?.is_clean(), content(&env));
                for compact in [Compact::No, Compact::Yes] {
                    if !copied(&env, &target, compact)? {
                        assert!(!clean, "seed {seed}: a healthy file is refused");
                        refused += 1;
                        let compacted = env.compact().map_err(|error| error.kind());
                        assert!(compacted == Err(ErrorKind::Corrupted), "{compacted:?}");
                        assert!(!path.join("data.mdb-compact").exists());
                        assert!(content(&env) == held, "the file is as it was");
                        continue;
                    }
                    let copy = options().open(&target)?;
                    assert!(content(&copy) == held, "seed {seed}, {compact:?}");
                    assert!(!clean || copy.verify()?.is_clean(), "seed {seed}, {compact:?}");
                    whole += 1;
                    drop(copy);
                    fs::remove_dir_all(&target).map_err(Error::other)?;
                }
            }
            fs::remove_dir_all(&path).map_err(Error::other)?;
        }
        assert!(refused > 30 && whole > 200, "{refused} refused, {whole} copied");
        Ok(())
    })
}
