//! Any bytes as a stored record: refused by all verbs, or read by all of them as the same record.

use std::time::Duration;

use mapleaf::store::{Backend, Memory, Records, read_record};
use mapleaf::{ErrorKind, Result};

/// The key that the bytes are stored under.
const KEY: &[u8] = b"k";

/// Stores `bytes` behind the back of a store, and runs its verbs.
pub fn run(bytes: &[u8]) {
    check(bytes).expect("an engine in memory does not fail");
    // Most inputs do not begin as a record does. With its first bytes they reach the rest.
    let mut plain = bytes.to_vec();
    for (byte, good) in plain.iter_mut().zip([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) {
        *byte = good;
    }
    check(&plain).expect("an engine in memory does not fail");
}

fn check(bytes: &[u8]) -> Result<()> {
    let memory = Memory::new()?;
    let store: Records<&[u8], &[u8], _> = Records::open(&memory, "fuzzed")?;
    let space = memory.open_space("__store/fuzzed/records", "bytes", "record(bytes)")?;
    memory.transact(|txn| txn.put(&space, KEY.into(), bytes.into()))?;
    let (read, meta, get) = (read_record(bytes), store.meta(KEY), store.get(KEY));
    for error in [read.as_ref().err(), meta.as_ref().err(), get.as_ref().err()].into_iter().flatten() {
        use ErrorKind::{Corrupted, FormatVersion, Unsupported};
        assert!(matches!(error.kind(), Corrupted | FormatVersion | Unsupported), "{error}");
    }
    let Ok((read, value)) = read else {
        assert!(meta.is_err() && store.put(KEY, b"new").is_err() && store.delete(KEY).is_err());
        return Ok(());
    };
    let (meta, got) = (meta?, get?);
    assert_eq!(got.as_deref(), meta.as_ref().map(|_| value));
    // Without a time that has passed, the record is there.
    if read.expires.is_none() {
        assert_eq!(meta.as_ref(), Some(&read));
    }
    let Some(meta) = meta else { return Ok(()) };
    match store.touch(KEY, Duration::from_secs(1)) {
        Ok(touched) => {
            // Its deadline may pass in between.
            let Some(touched) = touched else { return Ok(()) };
            assert_eq!((touched.version, &touched.user, touched.created), (meta.version + 1, &meta.user, meta.created));
            assert_eq!(store.get(KEY)?.as_deref(), Some(value));
        }
        // The version cannot be raised.
        Err(error) => assert!(meta.version == u64::MAX, "{error}"),
    }
    assert_eq!(store.put(KEY, b"new").is_ok(), meta.version < u64::MAX - 1);
    Ok(())
}
