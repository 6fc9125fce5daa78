//! Files, the catalogue, pairs and list cursors have the bytes that docs/format.md specifies: old files must stay
//! readable, and other software may read them.

use std::error::Error;
use std::fs;
use std::path::Path;

use heed::types::Bytes;
use heed::{CommitOrAbort, EnvOpenOptions};
use mapleaf::{Dbi, Durability, Env, ListCursor, ListOptions, MultiDbi};

type Outcome = Result<(), Box<dyn Error>>;

/// A key and its value.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

/// The entries of a named database, or of the main one, as LMDB itself reads them.
pub(crate) fn entries(path: &Path, name: Option<&str>) -> Result<Vec<Entry>, Box<dyn Error>> {
    // SAFETY: nobody else has the file open.
    #[expect(unsafe_code, reason = "heed opens by an unsafe function")]
    let env = unsafe { EnvOpenOptions::new().max_dbs(8).open(path)? };
    let opened = env.open_databases_and_commit(env.read_txn()?, |opener, txn| {
        Ok::<_, heed::Error>(CommitOrAbort::<_, ()>::Commit(opener.open_database::<Bytes, Bytes>(txn, name)?))
    })?;
    let CommitOrAbort::Commit(Some(found)) = opened else { return Err(format!("there is no {name:?}").into()) };
    let txn = env.read_txn()?;
    let owned = found.iter(&txn)?.map(|entry| entry.map(|(key, value)| (key.to_vec(), value.to_vec())));
    Ok(owned.collect::<Result<_, _>>()?)
}

#[test]
fn the_catalogue_holds_identity_head_and_schemas() -> Outcome {
    let dir = tempfile::tempdir()?;
    let env = Env::open(dir.path())?;
    let uuid = env.uuid();
    let ages: Dbi<&str, u32> = env.dbi("ages")?;
    let tags: MultiDbi<&str, u64> = env.multi_dbi("tags")?;
    env.transact(|txn| ages.put(txn, "ann", 42))?;
    drop((env, ages, tags));
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let found = entries(dir.path(), Some("__mapleaf"))?;
    let found: Vec<_> = found.iter().map(|(key, value)| (text(key), value.as_slice())).collect();
    let head = [0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0];
    let features = u8::from(cfg!(feature = "longer-keys"));
    let identity = [&[0, 0, 0, 1, 0, 0, 0, features][..], &uuid].concat();
    let expected: [(String, &[u8]); 3] = [
        ("dbi/ages".into(), b"\x01\x00\0\0\0\x00\0\x03str\0\x03u32"),
        ("dbi/tags".into(), b"\x01\x01\0\0\0\x01\0\x03str\0\x03u64"),
        ("env".into(), &identity),
    ];
    assert_eq!(found, expected);
    let main = entries(dir.path(), None)?;
    assert_eq!(main.iter().find(|(key, _)| key == b"__mapleaf_head").map(|(_, value)| &value[..]), Some(&head[..]));
    Ok(())
}

#[test]
fn a_pair_is_a_tuple_key_with_an_empty_value() -> Outcome {
    let dir = tempfile::tempdir()?;
    let env = Env::open(dir.path())?;
    let tags: MultiDbi<&str, u64> = env.multi_dbi("tags")?;
    env.transact(|txn| tags.insert(txn, "red", 7))?;
    drop((env, tags));
    assert_eq!(entries(dir.path(), Some("tags"))?, [(b"red\x00\x01\0\0\0\0\0\0\0\x07".to_vec(), Vec::new())]);
    Ok(())
}

#[test]
fn a_list_cursor_is_the_last_key_in_hexadecimal() -> Outcome {
    let env = Env::temporary()?;
    let users: Dbi<&str, ()> = env.dbi("users")?;
    env.transact(|txn| {
        users.put(txn, "user:bob", ())?;
        users.put(txn, "user:cyd", ())
    })?;
    let snap = env.snapshot()?;
    let page = users.list(&snap, ListOptions::default().limit(1))?;
    let cursor = page.cursor.ok_or("a page of one entry has a cursor")?;
    assert_eq!(cursor.to_string(), "757365723a626f62");
    assert_eq!("757365723A626F62".parse::<ListCursor>()?, cursor);
    for wrong in ["", "7", "7g", "+7", "é7"] {
        assert!(wrong.parse::<ListCursor>().is_err(), "{wrong:?} parses");
    }
    Ok(())
}

#[test]
fn the_lock_file_records_openness_durability_and_boot() -> Outcome {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("mapleaf.lock");
    let boot = fs::read("/proc/sys/kernel/random/boot_id")?;
    let mut record = [0; 128];
    record[..11].copy_from_slice(b"mapleaf\0\x01\x01\x01");
    record[16..16 + boot.trim_ascii().len()].copy_from_slice(boot.trim_ascii());
    let env = Env::options().durability(Durability::Eventual).open(dir.path())?;
    assert_eq!(fs::read(&file)?, record);
    drop(env);
    record[9] = 0;
    assert_eq!(fs::read(&file)?, record);
    Ok(())
}

#[test]
fn an_environment_consists_of_these_files() -> Outcome {
    let dir = tempfile::tempdir()?;
    let names = |path: &Path| -> Result<Vec<String>, Box<dyn Error>> {
        let names = fs::read_dir(path)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<Result<Vec<_>, std::io::Error>>()?;
        names.sort();
        Ok(names)
    };
    let (folder, beside) = (dir.path().join("folder"), dir.path().join("beside"));
    drop(Env::open(&folder)?);
    assert_eq!(names(&folder)?, ["data.mdb", "lock.mdb", "mapleaf.lock"]);
    drop(Env::options().single_file(true).open(beside.join("notes.db"))?);
    assert_eq!(names(&beside)?, ["notes.db", "notes.db-lock", "notes.db-mapleaf.lock"]);
    Ok(())
}
