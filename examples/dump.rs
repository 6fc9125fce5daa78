//! Dumps every DBI of an environment as text and restores the dump, and knows none of their types.
//!
//! ```text
//! cargo run --release --example dump
//! ```

use std::io::{BufRead, Write};

use mapleaf::{Dbi, DbiKind, Env, Error, ErrorKind, Key, Msgpack, MultiDbi, RawDbi, Result, Snapshot, key, value};

/// The first line of a DBI: its name, whether it is a `MultiDbi`, and its types.
type Header = (&'static str, bool, &'static str, &'static str);
/// The line of an entry: key and value.
type Row = (&'static [u8], &'static [u8]);

/// Fields as the text of a tuple, which is one line whatever they hold.
fn line<K: Key>(fields: K::Arg<'_>) -> Result<String> {
    let (mut name, mut buf) = (String::new(), key::KeyBuf::new());
    K::name(&mut name);
    key::display(&name, K::encode(&fields, &mut buf)?)
}

/// Reverses [`line`].
fn fields<K: Key>(line: &str) -> Result<K::Owned> {
    let mut name = String::new();
    K::name(&mut name);
    K::decode(&key::parse(&name, line)?).map(K::own)
}

/// The DBIs of a state that mapleaf can read. The others, which other software made with flags of LMDB, are named on
/// the standard error output.
fn readable(env: &Env, snap: &Snapshot) -> Result<Vec<RawDbi>> {
    let mut dbis = Vec::new();
    for info in snap.dbis()? {
        if info.kind == DbiKind::Unsupported {
            eprintln!("skipped {:?}: mapleaf does not read DBIs with flags of LMDB; use its mdb_dump", info.name);
            continue;
        }
        dbis.push(env.raw_dbi(&info.name)?);
    }
    Ok(dbis)
}

/// Writes all DBIs of one state: a header, the entries, an empty line.
pub(crate) fn dump(env: &Env, out: &mut impl Write) -> Result<()> {
    let snap = env.snapshot()?;
    for raw in readable(env, &snap)? {
        let header = (raw.name(), raw.kind() == DbiKind::Multi, raw.key_type(), raw.value_type());
        writeln!(out, "{}", line::<Header>(header)?).map_err(Error::other)?;
        for entry in raw.iter(&snap)? {
            writeln!(out, "{}", line::<Row>(entry?)?).map_err(Error::other)?;
        }
        writeln!(out).map_err(Error::other)?;
    }
    Ok(())
}

/// Creates the DBIs of a dump, with their types, and stores their entries: each DBI in one transaction.
pub(crate) fn restore(env: &Env, dump: impl BufRead) -> Result<()> {
    let mut lines = dump.lines().map(|line| line.map_err(Error::other));
    while let Some(header) = lines.next().transpose()? {
        let (name, is_multi, key_type, value_type) = fields::<Header>(&header)?;
        let kind = if is_multi { DbiKind::Multi } else { DbiKind::Plain };
        let raw = env.create_raw_dbi(&name, kind, &key_type, &value_type)?;
        env.transact(|txn| {
            for line in lines.by_ref() {
                let line = line?;
                if line.is_empty() {
                    return Ok(());
                }
                let (key, value) = fields::<Row>(&line)?;
                raw.put(txn, &key, &value)?;
            }
            Err(Error::new(ErrorKind::InvalidArgument, "the dump is cut; dump again"))
        })?;
    }
    Ok(())
}

/// Prints all entries as people read them; what has no text is shown as bytes.
fn inspect(env: &Env) -> Result<()> {
    let snap = env.snapshot()?;
    for raw in readable(env, &snap)? {
        println!("{raw:?}: {} entries", raw.len(&snap)?);
        for entry in raw.iter(&snap)? {
            let (stored_key, stored_value) = entry?;
            let key = key::display(&raw.stored_key_type(), stored_key);
            let value = value::display(raw.stored_value_type(), stored_value);
            let bytes = |_| value::display("bytes", stored_key);
            println!("  {} = {}", key.or_else(bytes)?, value.or_else(|_| value::display("bytes", stored_value))?);
        }
    }
    Ok(())
}

fn main() -> Result<()> {
    let env = Env::temporary()?;
    let visits: Dbi<(u32, &str), u64> = env.dbi("visits")?;
    let users: Dbi<u32, Msgpack<(String, bool)>> = env.dbi("users")?;
    let tags: MultiDbi<&str, u32> = env.multi_dbi("tags")?;
    env.transact(|txn| {
        visits.put(txn, (1, "home"), 7)?;
        users.put(txn, 1, &("Ann".into(), true))?;
        tags.insert(txn, "early", 1)?;
        Ok(())
    })?;
    inspect(&env)?;

    let mut text = Vec::new();
    dump(&env, &mut text)?;
    print!("\n{}", String::from_utf8_lossy(&text));

    let copy = Env::temporary()?;
    restore(&copy, &text[..])?;
    assert_eq!(copy.dbis()?, env.dbis()?);
    let users: Dbi<u32, Msgpack<(String, bool)>> = copy.dbi("users")?;
    assert_eq!(users.get(&copy.snapshot()?, 1)?, Some(("Ann".into(), true)));
    Ok(())
}
