//! Any bytes as a data file, opened and read by every verb. Each read must end, with correct data or a typed error.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use mapleaf::{Dbi, Env, Error, ErrorKind, Msgpack, MultiDbi, Result, Verify, WriteTxn};
use tempfile::TempDir;

use crate::damage::{PAGE, Random, options, typed};
use crate::drive::{Drive, Known, Probe, VERBS};
use crate::pairs;

/// The path of the file: in memory if the system supports that.
fn place() -> &'static Path {
    static PLACE: OnceLock<TempDir> = OnceLock::new();
    let made = || if Path::new("/dev/shm").is_dir() { tempfile::tempdir_in("/dev/shm") } else { tempfile::tempdir() };
    PLACE.get_or_init(|| made().expect("a directory of one's own")).path()
}

fn lay(bytes: &[u8]) -> std::io::Result<PathBuf> {
    let path = place().join("env");
    let _ = fs::remove_dir_all(&path);
    fs::create_dir(&path)?;
    fs::write(path.join("data.mdb"), bytes)?;
    Ok(path)
}

/// Opens `bytes` as a data file and drives every read verb. The last bytes choose how it is opened.
pub fn run(bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let path = lay(bytes).expect("the file can be written");
    let choice = bytes.iter().rev().take(8).fold(0, |word, byte| word << 8 | u64::from(*byte));
    let verify = [Verify::Meta, Verify::Meta, Verify::Fast, Verify::Full][(choice % 4) as usize];
    match options().verify(verify).read_only(choice & 4 == 0).open(&path) {
        Ok(env) => read(&env, bytes.len(), &mut Random(choice)),
        Err(error) => typed(&error),
    }
    let after = fs::read(path.join("data.mdb")).expect("the file can be read");
    assert!(after == bytes, "reading changed the file");
}

fn read(env: &Env, len: usize, random: &mut Random) {
    let clean = env.verify().map_err(|error| typed(&error)).is_ok_and(|report| report.is_clean());
    let Ok(snap) = env.snapshot().map_err(|error| typed(&error)) else { return };
    for outcome in [env.info().map(drop), env.readers().map(drop), snap.lag().map(drop)] {
        outcome.unwrap_or_else(|error| typed(&error));
    }
    let names: Vec<String> = match env.dbis() {
        Ok(dbis) => dbis.into_iter().map(|dbi| dbi.name).collect(),
        Err(error) => {
            typed(&error);
            ["small", "large", "lists", "pairs", "foreign"].map(str::to_owned).into()
        }
    };
    let reading = Reading { env, snap: &snap, clean, most: len / PAGE * (PAGE - 16) / 2 };
    // Nobody can open reserved names.
    for name in names.iter().filter(|name| !name.starts_with("__")).take(12) {
        reading.typed::<u32, &[u8]>(name, &[0, 3, 40, 77, 4000], random);
        reading.typed::<&str, &[u8]>(name, &["large 1", "same", "a", "z"].map(str::to_owned), random);
        reading.typed::<u32, Msgpack<Vec<u32>>>(name, &[0, 1, 9], random);
        reading.typed::<&[u8], &[u8]>(name, &[vec![0; 4], b"key 7".to_vec(), vec![255; 400]], random);
        let set: Result<MultiDbi<u16, u32>> = env.dbi_options().create(false).open_multi(name);
        match set {
            Ok(set) => pairs::run(&set, &snap, clean, reading.most),
            Err(error) => refused(&error),
        }
    }
}

/// A name that a mutation changed may be invalid for a database.
fn refused(error: &Error) {
    if error.kind() != ErrorKind::InvalidArgument {
        typed(error);
    }
}

/// The newest state of one file.
struct Reading<'r> {
    env: &'r Env,
    snap: &'r mapleaf::Snapshot,
    clean: bool,
    most: usize,
}

impl Reading<'_> {
    fn typed<K: Probe, V: Known>(&self, name: &str, keys: &[K::Owned], random: &mut Random)
    where
        for<'t> V::Ref<'t>: std::fmt::Debug,
    {
        match self.env.dbi_options().create(false).open::<K, V>(name) {
            Ok(dbi) => {
                Drive::run(&dbi, self.snap, keys, (self.clean, self.most), (VERBS, random.clone()));
                self.uncommitted(&dbi, keys);
            }
            Err(error) => refused(&error),
        }
    }

    /// Changes laid over the file, read and never written.
    fn uncommitted<K: Probe, V: Known>(&self, dbi: &Dbi<K, V>, keys: &[K::Owned]) {
        let undone = self.env.transact(|txn| {
            let outcome = changes(txn, dbi, keys, self.most);
            outcome.unwrap_or_else(|error| typed(&error));
            Err::<(), _>(Error::new(ErrorKind::Conflict, "nothing of this is kept"))
        });
        let kind = undone.map_err(|error| error.kind());
        assert!(matches!(kind, Err(ErrorKind::Conflict | ErrorKind::ReadOnly | ErrorKind::Corrupted)), "{kind:?}");
    }
}

fn changes<K: Probe, V: Known>(txn: &mut WriteTxn, dbi: &Dbi<K, V>, keys: &[K::Owned], most: usize) -> Result<()> {
    for key in keys.iter().step_by(2) {
        dbi.delete(txn, K::arg(key))?;
    }
    let _ = dbi.len(txn)?;
    assert!(dbi.iter(txn)?.take(most + 1).filter_map(Result::ok).count() <= most, "a scan without end");
    assert!(dbi.iter(txn)?.rev().take(most + 1).filter_map(Result::ok).count() <= most, "a scan without end");
    if let [low, .., high] = keys {
        dbi.delete_range(txn, K::arg(low)..K::arg(high))?;
        let _ = dbi.rank(txn, K::arg(high))?;
    }
    let _ = dbi.pop_first(txn)?;
    dbi.clear(txn)?;
    assert_eq!(dbi.iter(txn)?.count(), 0);
    Ok(())
}
