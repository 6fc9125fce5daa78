//! What the laws of records share: a clock to set, stores of text, and their rows as bytes.

use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mapleaf::store::{
    Backend, BackendRead, Clock, Expect, Order, PutOptions, Records, RecordsOptions, Ttl, read_record,
};
use mapleaf::{ErrorKind, Result};

/// Records of text, the form of most laws.
pub type Texts<B> = Records<&'static str, &'static str, B>;

/// A clock that shows what it was set to.
#[derive(Debug)]
pub struct Hand(AtomicU64);

impl Hand {
    pub fn at(time: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(time)))
    }

    pub fn set(&self, time: u64) {
        self.0.store(time, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The store `texts`, with a clock that shows 1,000.
pub fn texts<B: Backend>(backend: &B) -> Result<(Texts<B>, Arc<Hand>)> {
    let hand = Hand::at(1_000);
    Ok((RecordsOptions::new().clock(hand.clone()).open(backend, "texts")?, hand))
}

pub fn expecting(expect: Expect) -> PutOptions {
    PutOptions::new().expect(expect)
}

/// To live for so many nanoseconds.
pub fn living(time: u64) -> PutOptions {
    PutOptions::new().ttl(Duration::from_nanos(time))
}

pub fn keeping() -> PutOptions {
    PutOptions::new().ttl(Ttl::Keep)
}

pub fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

pub type Rows = Vec<(Vec<u8>, Vec<u8>)>;

/// All rows of a store, as bytes: records, expiry index, clock.
pub fn rows<B: Backend>(store: &Texts<B>, backend: &B) -> Result<[Rows; 3]> {
    rows_of(backend, store.name(), ("str", "str"))
}

/// Those of a store with other types.
pub fn rows_of<B: Backend>(backend: &B, name: &str, (key, value): (&str, &str)) -> Result<[Rows; 3]> {
    let record = format!("record({value})");
    let snapshot = backend.snapshot()?;
    let mut all = [Rows::new(), Rows::new(), Rows::new()];
    let parts = [("records", key, &*record), ("expiry", "bytes", "()"), ("meta", "str", "bytes")];
    for (rows, (part, key, value)) in all.iter_mut().zip(parts) {
        let space = backend.open_space(&format!("__store/{name}/{part}"), key, value)?;
        snapshot.scan(
            &space,
            (Bound::Unbounded, Bound::Unbounded),
            Order::Ascending,
            usize::MAX,
            &mut |key, value| {
                rows.push((key.to_vec(), value.to_vec()));
                std::ops::ControlFlow::Continue(())
            },
        )?;
    }
    Ok(all)
}

/// Checks that the expiry index has a row for each record that expires, and no other.
#[track_caller]
pub fn assert_indexed([records, expiry, _]: &[Rows; 3]) {
    let mut wanted: Vec<Vec<u8>> = Vec::new();
    for (key, row) in records {
        let (meta, _) = read_record(row).expect("a record");
        wanted.extend(meta.expires.map(|deadline| [&deadline.to_be_bytes()[..], key].concat()));
    }
    wanted.sort();
    let indexed: Vec<Vec<u8>> = expiry.iter().map(|(key, _)| key.clone()).collect();
    assert_eq!(indexed, wanted);
    assert!(expiry.iter().all(|(_, value)| value.is_empty()));
}

/// Makes a test of each law, over each backend.
macro_rules! laws {
    ($($law:ident)*) => {
        mod env {
            $(#[test]
            fn $law() -> mapleaf::Result<()> {
                super::$law(&mapleaf::Env::temporary()?)
            })*
        }
        mod memory {
            $(#[test]
            fn $law() -> mapleaf::Result<()> {
                super::$law(&mapleaf::store::Memory::new()?)
            })*
        }
        mod messages {
            $(#[test]
            fn $law() -> mapleaf::Result<()> {
                super::$law(&crate::message_backend::MessageBackend::new()?)
            })*
        }
        mod optimistic {
            $(#[test]
            fn $law() -> mapleaf::Result<()> {
                super::$law(&crate::optimistic::Optimistic(mapleaf::Env::temporary()?))
            })*
        }
    };
}
pub(crate) use laws;
