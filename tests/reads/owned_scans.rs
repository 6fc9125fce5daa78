//! Iterators that own their snapshot return what the borrowed ones do, from both ends, whatever happens to the
//! environment, its handles and its rows in the meantime.

use std::collections::VecDeque;
use std::thread;

use mapleaf::{Dbi, Durability, Env, ErrorKind, Msgpack, Result};
use proptest::collection::vec;
use proptest::prelude::*;

/// Lengths around the one from which on a value is not copied ahead, 32 KiB.
const LENGTHS: [usize; 6] = [0, 5, 300, 32 << 10, (32 << 10) + 1, 100_000];

fn value(n: u32, kind: usize) -> Vec<u8> {
    vec![n.to_le_bytes()[0]; LENGTHS[kind % LENGTHS.len()]]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn a_model_agrees(
        rows in 0..1500_u32,
        // Which rows are long: those whose number is a multiple of the first.
        (every, kind) in (1..200_u32, 0..LENGTHS.len()),
        (from, to) in (0..1500_u32, 0..1500_u32),
        // Runs of entries, each from one end.
        runs in vec((any::<bool>(), 1..400_usize), 1..12),
    ) {
        let env = Env::options().durability(Durability::Process).temporary()?;
        let dbi: Dbi<u32, Vec<u8>> = env.dbi("rows")?;
        let all = (0..rows).map(|n| (n, value(n, if n % every == 0 { kind.min(usize::from(every > 20) * 5 + 3) } else { 1 })));
        let all: Vec<_> = all.collect();
        env.transact(|txn| dbi.load(txn, all.iter().map(|(n, value)| (*n, value))))?;
        let mut model: VecDeque<_> = all.into_iter().filter(|(n, _)| (from..to).contains(n)).collect();
        let mut entries = dbi.range_owned(env.snapshot()?, from..to)?;
        for (at, (is_back, count)) in runs.into_iter().cycle().take(40).enumerate() {
            if at == 1 {
                env.transact(|txn| dbi.clear(txn))?;
            }
            for _ in 0..count {
                let (found, expected) =
                    if is_back { (entries.next_back(), model.pop_back()) } else { (entries.next(), model.pop_front()) };
                prop_assert_eq!(found.transpose()?, expected);
            }
        }
        for entry in entries {
            prop_assert_eq!(Some(entry?), model.pop_front());
        }
        prop_assert!(model.is_empty());
    }
}

#[test]
fn it_outlives_the_environment_the_handle_and_its_thread() -> Result<()> {
    let env = Env::temporary()?;
    let names: Dbi<&str, &str> = env.dbi("names")?;
    env.transact(|txn| names.load(txn, [("ann", "Ann"), ("bob", "Bob"), ("cyd", "Cyd")]))?;
    let mut entries = names.prefix_owned(env.snapshot()?, "")?;
    assert_eq!(entries.next().transpose()?, Some(("ann".to_owned(), "Ann".to_owned())));
    env.transact(|txn| names.clear(txn))?;
    drop((names, env));
    let rest = thread::spawn(move || entries.collect::<Result<Vec<_>>>()).join().expect("it does not panic")?;
    assert_eq!(rest, [("bob".to_owned(), "Bob".to_owned()), ("cyd".to_owned(), "Cyd".to_owned())]);
    Ok(())
}

#[test]
fn an_entry_that_does_not_decode_is_an_error_of_its_own() -> Result<()> {
    let env = Env::temporary()?;
    let texts: Dbi<u32, Msgpack<String>> = env.dbi("mixed")?;
    let numbers: Dbi<u32, Msgpack<u64>> = env.dbi("mixed")?;
    env.transact(|txn| {
        texts.load(txn, (0..10).map(|n| (n, n.to_string())))?;
        texts.put(txn, 7, &"long".repeat(20_000))?;
        numbers.load(txn, [(3, 3), (8, 8)])
    })?;
    let entries = texts.iter_owned(env.snapshot()?)?;
    let mut wrong = Vec::new();
    let right = entries.enumerate().filter(|(n, entry)| {
        if let Err(error) = entry {
            assert_eq!(
                (error.kind(), error.operation(), error.dbi()),
                (ErrorKind::Decode, Some("iter_owned"), Some("mixed"))
            );
            wrong.push(*n);
        }
        entry.is_ok()
    });
    assert_eq!(right.count(), 8);
    assert_eq!(wrong, [3, 8]);
    // A long value is read and decoded late.
    assert_eq!(
        numbers.range_owned(env.snapshot()?, 7..)?.map(|entry| entry.is_ok()).collect::<Vec<_>>(),
        [false, true, false]
    );
    Ok(())
}

#[test]
fn a_handle_of_another_environment_or_of_a_dropped_dbi_is_refused_at_once() -> Result<()> {
    let (env, other) = (Env::temporary()?, Env::temporary()?);
    let dbi: Dbi<&str, u32> = env.dbi("d")?;
    let opened =
        dbi.iter_owned(other.snapshot()?).map_err(|error| (error.kind(), error.operation().map(str::to_owned)));
    assert_eq!(opened.err(), Some((ErrorKind::InvalidArgument, Some("iter_owned".to_owned()))));
    env.drop_dbi("d")?;
    let opened =
        dbi.range_owned(env.snapshot()?, "a"..).map_err(|error| (error.kind(), error.dbi().map(str::to_owned)));
    assert_eq!(opened.err(), Some((ErrorKind::NotFound, Some("d".to_owned()))));
    let floats: Dbi<f64, u32> = env.dbi("f")?;
    assert_eq!(
        floats.range_owned(env.snapshot()?, f64::NAN..).map_err(|error| error.kind()).err(),
        Some(ErrorKind::InvalidKey)
    );
    Ok(())
}

#[cfg(feature = "futures")]
mod streams {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    use futures_core::stream::{FusedStream, Stream};

    use super::{Dbi, Env, Result};

    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_stream_has_the_entries_and_lets_others_run() -> Result<()> {
        let env = Env::temporary()?;
        let dbi: Dbi<u32, u32> = env.dbi("rows")?;
        env.transact(|txn| dbi.load(txn, (0..1000).map(|n| (n, n))))?;
        let mut stream = pin!(dbi.range_owned(env.snapshot()?, 100..)?.into_stream());
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut task = Context::from_waker(&waker);
        let (mut found, mut pauses) = (Vec::new(), 0);
        loop {
            assert!(!stream.is_terminated());
            match stream.as_mut().poll_next(&mut task) {
                Poll::Ready(Some(row)) => found.push(row?),
                Poll::Ready(None) => break,
                // Whoever pauses must have asked to be polled again.
                Poll::Pending => {
                    pauses += 1;
                    assert_eq!(woken.0.load(Ordering::Relaxed), pauses);
                }
            }
        }
        assert!(stream.is_terminated());
        assert_eq!(found, (100..1000).map(|n| (n, n)).collect::<Vec<_>>());
        assert_eq!(pauses, 900 / 256, "after every 256 entries");
        Ok(())
    }
}
