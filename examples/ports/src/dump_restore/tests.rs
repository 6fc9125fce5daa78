//! Environments of typed databases come back from their dumps.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use heed::byteorder::BigEndian;
use heed::types::{Bytes, SerdeRmp, Str, U32, U64};
use heed::{CommitOrAbort, DatabaseFlags};
use mapleaf::{Dbi, ErrorKind, Msgpack, MultiDbi};

use super::{Dump, Line};
use crate::Result;
use crate::tests::for_both;

for_both! {
    a_restored_environment_is_the_dumped_one
    a_dump_is_of_the_state_at_its_beginning
    an_empty_environment_has_an_empty_dump
    lines_out_of_place_are_errors
}

/// A change of an environment, with what it needs of it.
type Change<'e> = Box<dyn FnOnce() -> Result<()> + 'e>;

/// An environment of a program that knows its types.
trait Typed: Dump {
    /// Creates and fills the databases.
    fn fill(&self) -> Result<()>;

    /// What will change the entries of two of them at once.
    fn change(&self) -> Result<Change<'_>>;

    /// What is read from them with their types.
    fn contents(&self) -> Result<Vec<String>>;
}

fn dumped(env: &impl Dump) -> Result<Vec<u8>> {
    let mut dump = Vec::new();
    env.dump(&mut dump)?;
    Ok(dump)
}

fn a_restored_environment_is_the_dumped_one<S: Typed>(path: &Path) -> Result<()> {
    let (env, copy) = (S::open(&made(path, "env")?)?, S::open(&made(path, "copy")?)?);
    env.fill()?;
    let dump = dumped(&env)?;
    copy.restore(&dump[..])?;
    let contents = copy.contents()?;
    assert_eq!(contents, env.contents()?);
    assert!(contents.len() > 10, "{contents:?}");
    assert_eq!(dumped(&copy)?, dump);
    assert!(Line::read(&dump[..]).collect::<Result<Vec<_>>>()?.len() > 10);
    Ok(())
}

fn made(path: &Path, name: &str) -> Result<PathBuf> {
    let path = path.join(name);
    fs::create_dir(&path)?;
    Ok(path)
}

/// Runs a change when the first bytes are written to it.
struct Meanwhile<'e> {
    change: Option<Change<'e>>,
    out: Vec<u8>,
}

impl Write for Meanwhile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(change) = self.change.take() {
            change().map_err(io::Error::other)?;
        }
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn a_dump_is_of_the_state_at_its_beginning<S: Typed>(path: &Path) -> Result<()> {
    let env = S::open(path)?;
    env.fill()?;
    let before = dumped(&env)?;
    let mut meanwhile = Meanwhile { change: Some(env.change()?), out: Vec::new() };
    env.dump(&mut meanwhile)?;
    assert_eq!(meanwhile.out, before);
    assert_ne!(dumped(&env)?, before);
    Ok(())
}

fn an_empty_environment_has_an_empty_dump<S: Typed>(path: &Path) -> Result<()> {
    let env = S::open(path)?;
    assert_eq!(dumped(&env)?, b"");
    env.restore(&b""[..])
}

fn lines_out_of_place_are_errors<S: Typed>(path: &Path) -> Result<()> {
    let env = S::open(path)?;
    assert!(env.restore(&b"{\"Row\":[[1],[2]]}\n"[..]).is_err());
    assert!(env.restore(&b"{\"Dbi\":{\"name\":\"cut"[..]).is_err());
    Ok(())
}

impl Typed for super::mapleaf::Store {
    fn fill(&self) -> Result<()> {
        let visits: Dbi<(u32, &str), u64> = self.env.dbi("visits")?;
        let users: Dbi<u32, Msgpack<(String, bool)>> = self.env.dbi("users")?;
        let tags: MultiDbi<&str, u32> = self.env.multi_dbi("tags")?;
        let blobs: Dbi<i64, &[u8]> = self.env.dbi("blobs")?;
        self.env.dbi::<f64, bool>("nothing")?;
        self.env.transact(|txn| {
            visits.load(txn, [((1, "home"), 7), ((1, "nul \0 inside"), 8), ((2, ""), 9)])?;
            users.put(txn, 1, &("Ann".into(), true))?;
            tags.insert(txn, "early", 1)?;
            tags.insert(txn, "early", 2)?;
            tags.insert(txn, "late\n", 1)?;
            blobs.put(txn, -1, &[0; 10_000])?;
            blobs.put(txn, 1, &[])
        })?;
        Ok(())
    }

    fn change(&self) -> Result<Change<'_>> {
        let visits: Dbi<(u32, &str), u64> = self.env.dbi("visits")?;
        let tags: MultiDbi<&str, u32> = self.env.multi_dbi("tags")?;
        Ok(Box::new(move || {
            Ok(self.env.transact(|txn| {
                tags.remove(txn, "early", 1)?;
                visits.put(txn, (1, "home"), 8)
            })?)
        }))
    }

    fn contents(&self) -> Result<Vec<String>> {
        let env = &self.env;
        assert_eq!(env.dbi::<u64, u64>("visits").map_err(|error| error.kind()).err(), Some(ErrorKind::SchemaMismatch));
        let snap = env.snapshot()?;
        let mut contents: Vec<String> = env.dbis()?.into_iter().map(|dbi| format!("{dbi:?}")).collect();
        let visits: Dbi<(u32, &str), u64> = env.dbi("visits")?;
        contents.extend(visits.iter(&snap)?.map(|row| format!("{row:?}")));
        let users: Dbi<u32, Msgpack<(String, bool)>> = env.dbi("users")?;
        contents.extend(users.iter(&snap)?.map(|row| format!("{row:?}")));
        let tags: MultiDbi<&str, u32> = env.multi_dbi("tags")?;
        contents.extend(tags.pairs(&snap)?.map(|pair| format!("{pair:?}")));
        let blobs: Dbi<i64, &[u8]> = env.dbi("blobs")?;
        contents.extend(blobs.iter(&snap)?.map(|row| format!("{row:?}")));
        Ok(contents)
    }
}

impl Typed for super::heed::Store {
    fn fill(&self) -> Result<()> {
        self.env.create_databases_and_commit(self.env.write_txn()?, |opener, txn| {
            let visits = opener.create_database::<U32<BigEndian>, U64<BigEndian>>(txn, Some("visits"))?;
            let users = opener.create_database::<U32<BigEndian>, SerdeRmp<(String, bool)>>(txn, Some("users"))?;
            let mut tags = opener.database_options().types::<Str, U32<BigEndian>>();
            let tags = tags.name("tags").flags(DatabaseFlags::DUP_SORT).create(txn)?;
            let blobs = opener.create_database::<Str, Bytes>(txn, Some("blobs"))?;
            opener.create_database::<Str, Str>(txn, Some("nothing"))?;
            for (key, value) in [(1, 7), (2, 8), (3, 9)] {
                visits.put(txn, &key, &value)?;
            }
            users.put(txn, &1, &("Ann".into(), true))?;
            for (key, value) in [("early", 1), ("early", 2), ("late\n", 1)] {
                tags.put(txn, key, &value)?;
            }
            blobs.put(txn, "-1", &[0; 10_000])?;
            blobs.put(txn, "1", &[])?;
            Ok::<_, heed::Error>(CommitOrAbort::<(), ()>::Commit(()))
        })?;
        Ok(())
    }

    fn change(&self) -> Result<Change<'_>> {
        let opened = self.env.open_databases_and_commit(self.env.read_txn()?, |opener, txn| {
            let visits =
                opener.open_database::<U32<BigEndian>, U64<BigEndian>>(txn, Some("visits"))?.ok_or("visits")?;
            let mut tags = opener.database_options().types::<Str, U32<BigEndian>>();
            let tags = tags.name("tags").flags(DatabaseFlags::DUP_SORT).open(txn)?.ok_or("tags")?;
            Ok::<_, crate::Error>(CommitOrAbort::<_, ()>::Commit((visits, tags)))
        })?;
        let (visits, tags) = opened.unwrap_commit();
        Ok(Box::new(move || {
            let mut txn = self.env.write_txn()?;
            tags.delete_one_duplicate(&mut txn, "early", &1)?;
            visits.put(&mut txn, &1, &8)?;
            Ok(txn.commit()?)
        }))
    }

    fn contents(&self) -> Result<Vec<String>> {
        let mut contents = Vec::new();
        self.env.open_databases_and_commit(self.env.read_txn()?, |opener, txn| {
            let visits =
                opener.open_database::<U32<BigEndian>, U64<BigEndian>>(txn, Some("visits"))?.ok_or("visits")?;
            contents.extend(visits.iter(txn)?.map(|row| format!("{row:?}")));
            let users = opener.open_database::<U32<BigEndian>, SerdeRmp<(String, bool)>>(txn, Some("users"))?;
            contents.extend(users.ok_or("users")?.iter(txn)?.map(|row| format!("{row:?}")));
            let mut tags = opener.database_options().types::<Str, U32<BigEndian>>();
            let tags = tags.name("tags").flags(DatabaseFlags::DUP_SORT).open(txn)?.ok_or("tags")?;
            contents.extend(tags.iter(txn)?.map(|row| format!("{row:?}")));
            let early = tags.get_duplicates(txn, "early")?.ok_or("early")?;
            contents.extend(early.map(|row| format!("{row:?}")));
            let blobs = opener.open_database::<Str, Bytes>(txn, Some("blobs"))?.ok_or("blobs")?;
            contents.extend(blobs.iter(txn)?.map(|row| format!("{row:?}")));
            let nothing = opener.open_database::<Str, Str>(txn, Some("nothing"))?.ok_or("nothing")?;
            contents.push(format!("{}", nothing.len(txn)?));
            Ok::<_, crate::Error>(CommitOrAbort::<(), ()>::Abort(()))
        })?;
        Ok(contents)
    }
}
