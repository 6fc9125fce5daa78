//! What a file holds of DBIs that were renamed: the bytes that docs/format.md specifies, readable by LMDB, by copies, and
//! in a file that was written once and is kept.

use std::error::Error;
use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;

use flate2::read::GzDecoder;
use heed::types::Bytes;
use heed::{CommitOrAbort, EnvOpenOptions};
use mapleaf::{Compact, Dbi, Env, ErrorKind};
use nix::unistd::{Uid, geteuid, setfsuid};

use crate::format_golden::entries;

type Outcome = Result<(), Box<dyn Error>>;

/// A key of the catalogue, as text, and its value.
type Record = (String, Vec<u8>);

/// The catalogue's records of names and numbers.
fn records(path: &Path) -> Result<Vec<Record>, Box<dyn Error>> {
    let found = entries(path, Some("__mapleaf"))?.into_iter();
    Ok(found.filter(|(key, _)| key != b"env").map(|(key, value)| (key.escape_ascii().to_string(), value)).collect())
}

/// The names of the trees.
fn trees(path: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let names = entries(path, None)?.into_iter().map(|(name, _)| String::from_utf8(name));
    Ok(names.filter(|name| !name.as_ref().is_ok_and(|name| name.starts_with("__"))).collect::<Result<_, _>>()?)
}

/// `a` is renamed to `b`, a new `a` is made and gets the tree `a#2`, and `c` is renamed and back.
fn make(path: &Path) -> mapleaf::Result<()> {
    let env = Env::open(path)?;
    let (first, other): (Dbi<&str, u32>, Dbi<u8, u8>) = (env.dbi("a")?, env.dbi("c")?);
    env.transact(|txn| first.put(txn, "in the first", 1).and_then(|()| other.put(txn, 3, 3)))?;
    env.rename_dbi("a", "b")?;
    env.transact(|txn| txn.create_dbi::<&str, u32>("a")?.put(txn, "in the second", 2))?;
    env.rename_dbi("c", "d")?;
    env.rename_dbi("d", "c")
}

#[test]
fn the_records_name_the_trees() -> Outcome {
    let dir = tempfile::tempdir()?;
    make(dir.path())?;
    let expected: [(&str, &[u8]); 5] = [
        ("dbi/a", b"\x02\0\0\0\0\x02\0\x03str\0\x03u32\0\x03a#2\x01\0\0\0\0"),
        ("dbi/a#2", b"\x02\xfe\0\0\0\x02"),
        ("dbi/b", b"\x02\0\0\0\0\0\0\x03str\0\x03u32\0\x01a\0"),
        ("dbi/c", b"\x01\0\0\0\0\x01\0\x02u8\0\x02u8"),
        ("id/\\x00\\x00\\x00\\x00", b"\x01\0\x01b\0\x01a"),
    ];
    let found = records(dir.path())?;
    let first: Vec<_> = found.iter().map(|(key, value)| (key.as_str(), value.as_slice())).take(5).collect();
    assert_eq!(first, expected);
    assert_eq!(found[5..], [("id/\\x00\\x00\\x00\\x01".to_owned(), b"\x01\0\x01c\0\x01c".to_vec())]);
    assert_eq!(trees(dir.path())?, ["a", "a#2", "c"]);
    // LMDB's own tools find the rows under the name of the tree.
    assert_eq!(entries(dir.path(), Some("a"))?[0].0, b"in the first");
    assert_eq!(entries(dir.path(), Some("a#2"))?[0].0, b"in the second");
    Ok(())
}

/// What [`make`] makes, whatever the names of the trees.
fn check(env: &Env) -> mapleaf::Result<()> {
    let names: Vec<_> = env.dbis()?.into_iter().map(|dbi| (dbi.name, dbi.entries)).collect();
    assert_eq!(names, [("a".to_owned(), 1), ("b".to_owned(), 1), ("c".to_owned(), 1)]);
    let snap = env.snapshot()?;
    assert_eq!(env.dbi::<&str, u32>("b")?.get(&snap, "in the first")?, Some(1));
    assert_eq!(env.dbi::<&str, u32>("a")?.get(&snap, "in the second")?, Some(2));
    assert_eq!(env.dbi::<u8, u8>("c")?.get(&snap, 3)?, Some(3));
    assert_eq!(env.raw_dbi("a")?.len(&snap)?, 1);
    assert!(env.verify()?.is_clean());
    Ok(())
}

#[test]
fn copies_keep_what_each_name_stands_for() -> Outcome {
    let dir = tempfile::tempdir()?;
    make(&dir.path().join("data"))?;
    let env = Env::open(dir.path().join("data"))?;
    for (compact, name) in [(Compact::No, "plain"), (Compact::Yes, "compacted")] {
        env.copy_to(dir.path().join(name), compact)?;
        check(&Env::open(dir.path().join(name))?)?;
    }
    assert_eq!(trees(&dir.path().join("plain"))?, ["a", "a#2", "c"]);
    assert_eq!(trees(&dir.path().join("compacted"))?, ["a", "b", "c"]);
    let of_names = records(&dir.path().join("compacted"))?.into_iter().filter(|(key, _)| key.starts_with("dbi/"));
    let expected: [(String, Vec<u8>); 3] = [
        ("dbi/a".into(), b"\x01\0\0\0\0\x02\0\x03str\0\x03u32".into()),
        ("dbi/b".into(), b"\x01\0\0\0\0\0\0\x03str\0\x03u32".into()),
        ("dbi/c".into(), b"\x01\0\0\0\0\x01\0\x02u8\0\x02u8".into()),
    ];
    assert_eq!(of_names.collect::<Vec<_>>(), expected, "every build reads them");
    let mut stream = Vec::new();
    env.copy_to_writer(&mut stream, Compact::Yes)?;
    fs::create_dir(dir.path().join("stream"))?;
    fs::write(dir.path().join("stream/data.mdb"), stream)?;
    check(&Env::open(dir.path().join("stream"))?)?;
    // Handles of this process find the trees under their new names.
    let (first, second): (Dbi<&str, u32>, Dbi<&str, u32>) = (env.dbi("b")?, env.dbi("a")?);
    env.transact(|txn| first.put(txn, "before", 9).and_then(|()| first.delete(txn, "before").map(drop)))?;
    env.compact()?;
    check(&env)?;
    env.transact(|txn| first.put(txn, "after", 9).and_then(|()| second.put(txn, "after", 8)))?;
    let snap = env.snapshot()?;
    assert_eq!((first.get(&snap, "after")?, second.get(&snap, "after")?), (Some(9), Some(8)));
    assert_eq!((env.dbi::<&str, u32>("b")?.len(&snap)?, env.dbi::<&str, u32>("a")?.len(&snap)?), (2, 2));
    assert!(env.verify()?.is_clean());
    drop((snap, first, second));
    env.close()?;
    assert_eq!(trees(&dir.path().join("data"))?, ["a", "b", "c"]);
    Ok(())
}

/// Other software makes a tree under the name of a renamed DBI, whose own tree then keeps its name in copies too, and so
/// does the tree that waits for that name.
#[test]
fn a_tree_of_other_software_keeps_its_name_in_copies() -> Outcome {
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    make(&data)?;
    put_by_heed(&data, "b", b"of other software", b"1")?;
    let env = Env::open(&data)?;
    check(&env)?;
    env.copy_to(dir.path().join("copy"), Compact::Yes)?;
    env.compact()?;
    check(&env)?;
    drop(env);
    for path in [data, dir.path().join("copy")] {
        check(&Env::open(&path)?)?;
        assert_eq!(trees(&path)?, ["a", "a#2", "b", "c"]);
        assert_eq!(entries(&path, Some("b"))?, [(b"of other software".to_vec(), b"1".to_vec())]);
    }
    Ok(())
}

/// A copy has the permissions of its source, by which it may not be opened for writing. Its trees are named before.
#[test]
fn a_file_that_may_not_be_written_is_copied_with_the_right_names() -> Outcome {
    let dir = tempfile::tempdir()?;
    make(&dir.path().join("data"))?;
    fs::set_permissions(dir.path(), Permissions::from_mode(0o777))?;
    fs::set_permissions(dir.path().join("data/data.mdb"), Permissions::from_mode(0o444))?;
    let env = Env::options().read_only(true).assume_immutable(true).open(dir.path().join("data"))?;
    let copied = thread::scope(|scope| {
        let copy = || {
            if geteuid().is_root() {
                // For this thread alone: root may write to any file.
                setfsuid(Uid::from_raw(65534));
            }
            env.copy_to(dir.path().join("copy"), Compact::Yes)
        };
        scope.spawn(copy).join()
    });
    copied.map_err(|_| "the copy panicked")??;
    let copy = dir.path().join("copy/data.mdb");
    assert_eq!(fs::metadata(&copy)?.permissions().mode() & 0o777, 0o444);
    fs::set_permissions(&copy, Permissions::from_mode(0o644))?;
    check(&Env::open(dir.path().join("copy"))?)?;
    assert_eq!(trees(&dir.path().join("copy"))?, ["a", "b", "c"]);
    Ok(())
}

/// Puts a row by LMDB alone, into a database that is created if it is absent.
#[expect(unsafe_code, reason = "heed opens by an unsafe function")]
fn put_by_heed(path: &Path, name: &str, key: &[u8], value: &[u8]) -> Outcome {
    // SAFETY: nobody else has the environment open.
    let heed = unsafe { EnvOpenOptions::new().max_dbs(8).open(path)? };
    heed.create_databases_and_commit(heed.write_txn()?, |opener, txn| {
        let dbi = opener.create_database::<Bytes, Bytes>(txn, Some(name))?;
        dbi.put(txn, key, value)?;
        Ok::<_, heed::Error>(CommitOrAbort::<(), ()>::Commit(()))
    })?;
    Ok(())
}

#[test]
fn a_record_that_names_the_tree_of_another_is_damage() -> Outcome {
    for (key, record) in [
        (&b"dbi/a"[..], &b"\x02\0\0\0\0\x02\0\x03str\0\x03u32\0\x01c\x01\0\0\0\0"[..]),
        (b"dbi/a#2", b"\x02\xfe\0\0\0\x09"),
    ] {
        let dir = tempfile::tempdir()?;
        make(dir.path())?;
        put_by_heed(dir.path(), "__mapleaf", key, record)?;
        let env = Env::open(dir.path())?;
        let kind = |outcome: mapleaf::Result<()>| outcome.map_err(|error| error.kind());
        assert_eq!(kind(env.dbi::<&str, u32>("a").map(drop)), Err(ErrorKind::Corrupted));
        assert_eq!(kind(env.drop_dbi("a")), Err(ErrorKind::Corrupted));
        assert_eq!(kind(env.rename_dbi("a", "z")), Err(ErrorKind::Corrupted));
        let snap = env.snapshot()?;
        assert_eq!(env.dbi::<&str, u32>("b")?.get(&snap, "in the first")?, Some(1));
        assert_eq!(env.dbi::<u8, u8>("c")?.get(&snap, 3)?, Some(3));
    }
    Ok(())
}

/// The file was written by the first version that renames DBIs, as [`make`] does, and compressed.
#[test]
fn a_file_of_the_first_version_that_renames_opens() -> Outcome {
    let dir = tempfile::tempdir()?;
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/kept/renamed.mdb.gz");
    let mut data = Vec::new();
    GzDecoder::new(fs::File::open(kept)?).read_to_end(&mut data)?;
    fs::write(dir.path().join("data.mdb"), data)?;
    let env = Env::open(dir.path())?;
    check(&env)?;
    env.rename_dbi("b", "e")?;
    env.drop_dbi("a")?;
    let names: Vec<_> = env.dbis()?.into_iter().map(|dbi| dbi.name).collect();
    assert_eq!(names, ["c", "e"]);
    drop(env);
    assert_eq!(trees(dir.path())?, ["a", "c"]);
    Ok(())
}
