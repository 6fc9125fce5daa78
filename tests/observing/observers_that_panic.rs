//! A subscriber and a recorder that panic change nothing of what the engine does.

use std::panic::{self, UnwindSafe};

use mapleaf::{Dbi, Env, Error, Result};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit, with_local_recorder};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Subscriber};

use crate::common::errors::directory;

/// Panics in this call, and accepts the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Span,
    Record,
    Enter,
    Exit,
    Close,
    Describe,
    Register,
}

struct Panics(At);

impl Panics {
    fn at(&self, at: At) {
        assert!(self.0 != at, "an observer that panics");
    }
}

impl Subscriber for Panics {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        self.at(At::Span);
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {
        self.at(At::Record);
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {
        self.at(At::Enter);
    }
    fn exit(&self, _: &Id) {
        self.at(At::Exit);
    }
    fn try_close(&self, _: Id) -> bool {
        self.at(At::Close);
        true
    }
}

impl Recorder for Panics {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {
        self.at(At::Describe);
    }
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        self.at(At::Register);
        Counter::noop()
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

fn work() -> Result<()> {
    let dir = directory()?;
    let env = Env::options().map_size(1 << 20).open(dir.path())?;
    let rows: Dbi<u64, &[u8]> = env.dbi("rows")?;
    env.transact(|txn| rows.put(txn, 1, &vec![7; 3 << 20]))?;
    env.transact(|txn| rows.put(txn, 2, b"two"))?;
    env.compact()?;
    let snap = env.snapshot()?;
    assert_eq!((rows.get(&snap, 1)?.map(<[u8]>::len), rows.get(&snap, 2)?), (Some(3 << 20), Some(&b"two"[..])));
    drop(snap);
    assert!(env.verify()?.is_clean());
    env.close()
}

fn quietly<T>(run: impl FnOnce() -> Result<T> + UnwindSafe) -> Result<T> {
    panic::catch_unwind(run).unwrap_or_else(|_| Err(Error::other("the panic reached the caller")))
}

#[test]
fn a_panic_of_an_observer_reaches_nobody() -> Result<()> {
    for at in [At::Span, At::Record, At::Enter, At::Exit, At::Close] {
        quietly(|| with_default(Panics(at), work)).map_err(|error| Error::other(format!("{at:?}: {error}")))?;
    }
    for at in [At::Describe, At::Register] {
        quietly(|| with_local_recorder(&Panics(at), work)).map_err(|error| Error::other(format!("{at:?}: {error}")))?;
    }
    Ok(())
}
