//! Each opening, commit, growth and compaction is one span, which is closed at its end and has its outcome.

use mapleaf::{Dbi, Durability, Env, ErrorKind, OpenMode, Result};
use tracing::Level;
use tracing::subscriber::with_default;

use crate::collector::{Collector, Seen};
use crate::common::errors::{directory, refused};

/// What `act` does on this thread, in spans.
fn seen<T>(act: impl FnOnce() -> Result<T>) -> (Result<T>, Vec<Seen>) {
    let collector = Collector::default();
    let outcome = with_default(collector.clone(), act);
    let seen = collector.take();
    assert!(seen.iter().all(|span| span.closed), "{seen:?}");
    (outcome, seen)
}

fn of<'s>(seen: &'s [Seen], name: &str) -> Vec<&'s Seen> {
    seen.iter().filter(|span| span.name == name).collect()
}

#[test]
fn an_opening_has_its_path_and_its_error() -> Result<()> {
    let dir = directory()?;
    let path = dir.path().join("data");
    let (missing, spans) = seen(|| Env::options().mode(OpenMode::MustExist).open(&path));
    refused(missing, ErrorKind::NotFound);
    assert_eq!((spans.len(), &spans[0].name[..], spans[0].level), (1, "open", Level::INFO));
    assert_eq!(spans[0].fields["path"], path.display().to_string());
    assert_eq!(spans[0].fields["error"], "NotFound");

    let (env, spans) = seen(|| Env::open(&path));
    let opened = of(&spans, "open");
    assert_eq!((opened.len(), opened[0].fields.get("error")), (1, None));
    // The catalogue is created by a commit, which counts no transaction.
    assert_eq!(of(&spans, "commit")[0].number("transactions"), 0);
    assert_eq!(of(&spans, "commit")[0].parent.as_deref(), Some("open"));
    env.map(drop)
}

#[test]
fn a_commit_has_its_transactions_its_bytes_and_its_durability() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    let rows: Dbi<u64, &[u8]> = env.dbi("rows")?;
    for (durability, length) in [(Durability::Immediate, 10), (Durability::Eventual, 10_000)] {
        let (put, spans) = seen(|| env.transact_with(durability, |txn| rows.put(txn, 1, &vec![7; length])));
        put?;
        let [commit] = &spans[..] else { panic!("one commit: {spans:?}") };
        assert_eq!((&commit.name[..], commit.level, commit.number("transactions")), ("commit", Level::DEBUG, 1));
        assert!((length as u64..length as u64 + 200).contains(&commit.number("bytes")), "{commit:?}");
        assert_eq!(commit.fields["durability"], format!("{durability:?}"));
        assert_eq!(commit.fields.get("error"), None);
    }
    // Reads, and transactions that change nothing or fail, are no commits.
    let (_, spans) = seen(|| {
        rows.get(&env.snapshot()?, 1)?;
        env.transact(|txn| rows.delete(txn, 99))?;
        refused(env.transact(|txn| rows.append(txn, 0, b"")), ErrorKind::InvalidArgument);
        Ok(())
    });
    assert_eq!(spans, []);
    Ok(())
}

#[test]
fn a_growth_is_inside_its_commit_and_has_both_sizes() -> Result<()> {
    let env = Env::options().map_size(1 << 20).max_map_size(1 << 23).temporary()?;
    let rows: Dbi<u64, &[u8]> = env.dbi("rows")?;
    let (put, spans) = seen(|| env.transact(|txn| rows.put(txn, 1, &vec![7; 3 << 20])));
    put?;
    let grown = of(&spans, "grow");
    assert!(!grown.is_empty(), "{spans:?}");
    for growth in &grown {
        assert_eq!((growth.parent.as_deref(), growth.level), (Some("commit"), Level::INFO));
        assert_eq!(growth.number("to"), 2 * growth.number("from"));
    }
    assert_eq!(grown.last().map(|last| last.number("to")), Some(env.info()?.map_size));

    let (full, spans) = seen(|| env.transact(|txn| rows.put(txn, 1, &vec![7; 16 << 20])));
    refused(full, ErrorKind::MapFull);
    assert_eq!(of(&spans, "commit")[0].fields["error"], "MapFull");
    Ok(())
}

#[test]
fn a_compaction_has_both_lengths_or_its_error() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    let rows: Dbi<u64, &[u8]> = env.dbi("rows")?;
    env.transact(|txn| rows.load(txn, (0..100).map(|n| (n, &[0; 5000][..]))))?;
    env.transact(|txn| rows.delete_range(txn, 10..))?;
    let snap = env.snapshot()?;
    let (busy, spans) = seen(|| env.compact_timeout(std::time::Duration::ZERO));
    refused(busy, ErrorKind::Busy);
    assert_eq!(of(&spans, "compact")[0].fields["error"], "Busy");
    drop(snap);

    let before = env.info()?.file_size;
    let (compacted, spans) = seen(|| env.compact());
    compacted?;
    let span = of(&spans, "compact")[0];
    assert_eq!(span.fields["path"], dir.path().display().to_string());
    assert_eq!((span.number("before"), span.number("after")), (before, env.info()?.file_size));
    assert!(span.number("after") < before && !span.fields.contains_key("error"));
    Ok(())
}
