//! The readers of a transaction, in any number of threads, read what the transaction reads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::thread;

use mapleaf::{Dbi, Durability, Env, ErrorKind, MultiDbi, Read, Reader, Result, Transaction, WriteTxn};
use proptest::collection::vec;
use proptest::prelude::*;

type Rows = Dbi<u16, Vec<u8>>;
type Pairs = MultiDbi<u8, u16>;

/// Keys are below this number.
const KEYS: u16 = 600;
const THREADS: usize = 4;

struct Dbis {
    rows: Rows,
    pairs: Pairs,
    /// Created in the transaction.
    made: Rows,
}

#[derive(Clone, Debug)]
enum Step {
    Put(u16, usize),
    Made(u16),
    Delete(u16),
    DeleteRange(u16, u16),
    Clear,
    Insert(u8, u16),
    Remove(u8, u16),
    RemoveAll(u8),
    /// Reads by the transaction, by which the changes are sorted and counted.
    Look,
    /// These steps in a savepoint, which is kept or undone.
    Savepoint(Vec<Step>, bool),
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..KEYS;
    let leaf = prop_oneof![
        12 => (key.clone(), prop_oneof![0..40_usize, 3000..9000_usize]).prop_map(|(key, len)| Step::Put(key, len)),
        2 => key.clone().prop_map(Step::Made),
        6 => key.clone().prop_map(Step::Delete),
        4 => (key.clone(), 0..60_u16).prop_map(|(key, len)| Step::DeleteRange(key, len)),
        1 => Just(Step::Clear),
        6 => (0..6_u8, key.clone()).prop_map(|(key, value)| Step::Insert(key, value)),
        3 => (0..6_u8, key).prop_map(|(key, value)| Step::Remove(key, value)),
        1 => (0..6_u8).prop_map(Step::RemoveAll),
        2 => Just(Step::Look),
    ];
    leaf.prop_recursive(2, 24, 8, |inner| {
        (vec(inner, 0..8), any::<bool>()).prop_map(|(steps, kept)| Step::Savepoint(steps, kept))
    })
}

fn run(steps: &[Step], dbis: &Dbis, txn: &mut WriteTxn) -> Result<()> {
    for step in steps {
        match step {
            Step::Put(key, len) => dbis.rows.put(txn, *key, &vec![key.to_le_bytes()[0]; *len])?,
            Step::Made(key) => dbis.made.put(txn, *key, b"made")?,
            Step::Delete(key) => drop(dbis.rows.delete(txn, *key)?),
            Step::DeleteRange(key, len) => drop(dbis.rows.delete_range(txn, *key..key + len)?),
            Step::Clear => drop(dbis.rows.clear(txn)?),
            Step::Insert(key, value) => drop(dbis.pairs.insert(txn, *key, *value)?),
            Step::Remove(key, value) => drop(dbis.pairs.remove(txn, *key, *value)?),
            Step::RemoveAll(key) => drop(dbis.pairs.remove_all(txn, *key)?),
            Step::Look => drop((dbis.rows.len(txn)?, dbis.rows.count(txn, 100..300)?, dbis.rows.get(txn, 7)?)),
            Step::Savepoint(steps, kept) => {
                let mut guard = txn.savepoint_guard();
                run(steps, dbis, &mut guard)?;
                if *kept { guard.keep() } else { guard.undo() }
            }
        }
    }
    Ok(())
}

type Row = (u16, Vec<u8>);

/// The results of reads of every kind.
#[derive(Debug, PartialEq)]
struct Seen {
    id: u64,
    rows: Vec<Row>,
    backward: Vec<Row>,
    range: Vec<Row>,
    found: Vec<Option<Vec<u8>>>,
    many: Vec<Option<Vec<u8>>>,
    neighbours: [Option<Row>; 6],
    numbers: Vec<u64>,
    nth: Vec<Option<Row>>,
    pairs: Vec<(u8, u16)>,
    values: Vec<u16>,
    made: Vec<Row>,
}

fn pairs_of(dbis: &Dbis, state: &impl Read) -> Result<Vec<(u8, u16)>> {
    let mut pairs = Vec::new();
    for key in 0..6 {
        for value in dbis.pairs.values(state, key)? {
            pairs.push((key, value?));
        }
    }
    Ok(pairs)
}

fn look(dbis: &Dbis, state: &impl Read) -> Result<Seen> {
    let rows = &dbis.rows;
    let keys = (0..KEYS).step_by(7);
    Ok(Seen {
        id: state.id(),
        rows: rows.iter(state)?.collect::<Result<_>>()?,
        backward: rows.iter(state)?.rev().collect::<Result<_>>()?,
        range: rows.range(state, 90..=400)?.collect::<Result<_>>()?,
        found: keys.clone().map(|key| rows.get(state, key)).collect::<Result<_>>()?,
        many: rows.get_many(state, keys)?,
        neighbours: [
            rows.first(state)?,
            rows.last(state)?,
            rows.floor(state, 200)?,
            rows.ceiling(state, 200)?,
            rows.lower(state, 400)?,
            rows.higher(state, 400)?,
        ],
        numbers: vec![
            rows.len(state)?,
            rows.count(state, 50..350)?,
            rows.rank(state, 333)?,
            dbis.pairs.len(state)?,
            dbis.pairs.count(state, 3)?,
            rows.len(state)?,
        ],
        nth: [0, 5, 100, 5000].map(|n| rows.nth(state, n)).into_iter().collect::<Result<_>>()?,
        pairs: pairs_of(dbis, state)?,
        values: dbis.pairs.values(state, 2)?.collect::<Result<_>>()?,
        made: dbis.made.iter(state)?.collect::<Result<_>>()?,
    })
}

/// What each of some threads sees at the same time.
fn look_in_threads(dbis: &Dbis, reader: Reader<'_>) -> Result<Vec<Seen>> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(move || look(dbis, &reader))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

/// Threads and the transaction see the same, whoever reads the changes first and so sorts them.
fn check(dbis: &Dbis, txn: &WriteTxn, txn_first: bool) -> Result<()> {
    let before = if txn_first { Some(look(dbis, txn)?) } else { None };
    let seen = look_in_threads(dbis, txn.reader())?;
    let own = look(dbis, txn)?;
    assert!(before.is_none_or(|before| before == own));
    for seen in seen {
        assert_eq!(seen, own);
    }
    let reader = txn.reader();
    let parts = dbis.rows.par_scan(&reader, .., THREADS)?;
    let rows = thread::scope(|scope| {
        let read = |part: mapleaf::Entries<'_, _, _, _>| part.collect::<Result<Vec<Row>>>();
        let threads: Vec<_> = parts.into_iter().map(|part| scope.spawn(move || read(part))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Result<Vec<_>>>()
    })?;
    assert!(rows.concat() == own.rows);
    #[cfg(feature = "rayon")]
    {
        use rayon::iter::ParallelIterator;
        assert_eq!(dbis.rows.par_iter(&txn.reader(), ..)?.collect::<Result<Vec<Row>>>()?, own.rows);
    }
    Ok(())
}

fn opened(options: mapleaf::EnvOptions) -> Result<(Env, Rows, Pairs)> {
    let env = options.temporary()?;
    let (rows, pairs): (Rows, Pairs) = (env.dbi("rows")?, env.multi_dbi("pairs")?);
    env.transact(|txn| {
        (0..KEYS).step_by(2).try_for_each(|key| rows.put(txn, key, &vec![9; usize::from(key)]))?;
        (0..KEYS).step_by(5).try_for_each(|value| pairs.insert(txn, value.to_le_bytes()[0] % 6, value).map(drop))
    })?;
    Ok((env, rows, pairs))
}

/// Makes the changes in a closure, and in a transaction that is held.
fn run_and_check(first: &[Step], then: &[Step], txn_first: bool) -> Result<()> {
    let (env, rows, pairs) = opened(Env::options())?;
    let both = |txn: &mut WriteTxn| {
        let dbis = Dbis { rows: rows.clone(), pairs: pairs.clone(), made: txn.create_dbi("made")? };
        run(first, &dbis, txn)?;
        check(&dbis, txn, txn_first)?;
        run(then, &dbis, txn)?;
        let mut guard = txn.savepoint_guard();
        run(first, &dbis, &mut guard)?;
        check(&dbis, &guard, !txn_first)?;
        guard.undo();
        check(&dbis, txn, !txn_first)
    };
    let undone = env.transact(|txn| {
        both(txn)?;
        Err::<(), _>(mapleaf::Error::other("on purpose"))
    });
    assert_eq!(undone.map_err(|error| error.message().to_owned()), Err("on purpose".to_owned()));
    let mut txn = env.begin()?;
    both(&mut txn)?;
    txn.commit()?;
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn readers_in_threads_read_what_the_transaction_reads(
        first in vec(step(), 0..80),
        then in vec(step(), 0..12),
        txn_first: bool,
    ) {
        run_and_check(&first, &then, txn_first).expect("no error");
    }
}

#[test]
fn a_thread_that_panics_while_it_reads_harms_nobody() -> Result<()> {
    let (env, rows, _) = opened(Env::options())?;
    let mut txn = env.begin()?;
    (0..KEYS).try_for_each(|key| rows.put(&mut txn, key, &[1]))?;
    let reader = txn.reader();
    thread::scope(|scope| {
        for nth in 0..THREADS {
            let rows = &rows;
            scope.spawn(move || {
                let read = catch_unwind(AssertUnwindSafe(|| {
                    for (n, row) in rows.iter(&reader).expect("it opens").enumerate() {
                        row.expect("it is read");
                        assert!(n < 100 * nth, "on purpose");
                    }
                }));
                assert!(read.is_err());
            });
        }
        assert_eq!(rows.len(&reader)?, u64::from(KEYS));
        Ok::<_, mapleaf::Error>(())
    })?;
    rows.put(&mut txn, KEYS, &[2])?;
    assert_eq!(rows.len(&txn.reader())?, u64::from(KEYS) + 1);
    txn.commit()?;
    assert_eq!(rows.len(&env.snapshot()?)?, u64::from(KEYS) + 1);
    Ok(())
}

/// What was counted for one reader is not what the next one finds.
#[test]
fn a_reader_counts_the_changes_since_the_last_one() -> Result<()> {
    let (env, rows, _) = opened(Env::options())?;
    env.transact(|txn| {
        let before = rows.len(&txn.reader())?;
        rows.put(txn, 1, &[1])?;
        assert_eq!(rows.len(&txn.reader())?, before + 1);
        rows.delete_range(txn, ..100)?;
        let reader = txn.reader();
        assert_eq!(rows.len(&reader)?, before - 50);
        assert_eq!((rows.len(txn)?, rows.len(&reader)?), (before - 50, before - 50));
        rows.clear(txn)?;
        assert_eq!(rows.len(&txn.reader())?, 0);
        Ok(())
    })
}

/// A transaction that is leaked gives its locks back when its thread ends, and its readers live on.
#[test]
fn readers_of_a_leaked_transaction_keep_its_state() -> Result<()> {
    for durability in [Durability::Process, Durability::Immediate] {
        let (env, rows, _) = opened(Env::options().durability(durability))?;
        let (sender, readers) = channel();
        let of_thread = (env.clone(), rows.clone());
        let ended = thread::spawn(move || {
            let (env, rows) = of_thread;
            let mut txn = env.begin().expect("it begins");
            rows.put(&mut txn, 1, &[1]).expect("it is put");
            let txn: &'static Transaction = Box::leak(Box::new(txn));
            sender.send(txn.reader()).expect("the test waits");
        });
        let reader = readers.recv().expect("it is sent");
        ended.join().expect("no panic");
        // Each commit replaces all pages, so the second one would reuse those of the state.
        for round in 0..6 {
            env.transact(|txn| (0..KEYS).try_for_each(|key| rows.put(txn, key, &vec![round; 500])))?;
        }
        let found = rows.iter(&reader)?.collect::<Result<Vec<_>>>()?;
        let expected = (0..KEYS).filter(|key| key % 2 == 0 || *key == 1);
        let value = |key: u16| if key == 1 { vec![1] } else { vec![9; usize::from(key)] };
        assert!(found == expected.map(|key| (key, value(key))).collect::<Vec<_>>());
    }
    Ok(())
}

#[test]
fn without_a_reader_slot_reads_by_a_reader_fail_and_the_transaction_goes_on() -> Result<()> {
    let (env, rows, _) = opened(Env::options().max_readers(1))?;
    let mut held = Vec::new();
    // The number of slots is rounded up to what fits a page.
    while let Ok(snapshot) = env.snapshot() {
        held.push(snapshot);
        env.transact(|txn| rows.put(txn, 1, &held.len().to_le_bytes()))?;
    }
    let mut txn = env.begin()?;
    rows.put(&mut txn, 3, &[3])?;
    let reader = txn.reader();
    assert_eq!(rows.get(&reader, 3).map_err(|error| error.kind()), Err(ErrorKind::ReadersFull));
    assert_eq!(rows.iter(&reader).map(drop).map_err(|error| error.kind()), Err(ErrorKind::ReadersFull));
    assert_eq!(rows.get(&txn, 3)?, Some(vec![3]));
    txn.commit()?;
    // The closure's locks are given back after its readers are gone: they need no slot.
    env.transact(|txn| {
        assert_eq!(rows.get(&txn.reader(), 3)?, Some(vec![3]));
        Ok(())
    })?;
    drop(held);
    let txn = env.begin()?;
    assert_eq!(rows.get(&txn.reader(), 3)?, Some(vec![3]));
    Ok(())
}
