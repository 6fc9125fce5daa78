//! Changes: their order, and values of all sizes.

use std::ops::Bound;

use crate::error::Result;
use crate::store::{Backend, Change, Changes};
use crate::testing::engines::Engines;
use crate::testing::expect::{all, change, get, put, same, space};

/// Values read back as they were put: empty ones, those larger than a page, those of a mebibyte. So does the longest key.
///
/// # Errors
/// How the law is broken.
pub fn values_of_all_sizes_read_back<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let space = space(&engine, "values")?;
    let limits = engine.capabilities();
    for size in [0, 1, 100, 2000, 5000, 70_000, 1 << 20].into_iter().filter(|size| *size <= limits.max_value_len) {
        let value: Vec<u8> = (0..size).map(|n| u8::try_from(n % 251).unwrap_or(0)).collect();
        put(&engine, &space, b"key", &value)?;
        same(&format!("a value of {size} bytes"), &get(&engine, &space, b"key")?, &Some(value))?;
    }
    let longest = vec![b'k'; limits.max_key_len];
    put(&engine, &space, &longest, b"value")?;
    same("the value of the longest key", &get(&engine, &space, &longest)?, &Some(b"value".to_vec()))
}

/// Changes are made in order, so that the newest of a key wins: a put after the deletion of a span stays, and one before
/// it does not. Deleting what is absent does nothing.
///
/// # Errors
/// How the law is broken.
pub fn newest_change_of_a_key_wins<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let space = space(&engine, "changes")?;
    let delete = |key: &[u8]| Change::Delete { space: space.clone(), key: key.to_vec() };
    let delete_span = |lower: &[u8], upper: &[u8]| Change::DeleteSpan {
        space: space.clone(),
        lower: Bound::Included(lower.to_vec()),
        upper: Bound::Excluded(upper.to_vec()),
    };
    let changes = vec![
        change(&space, b"a", b"1"),
        change(&space, b"b", b"1"),
        change(&space, b"b", b"2"),
        change(&space, b"c", b"1"),
        delete(b"c"),
        delete(b"d"),
        change(&space, b"d", b"1"),
        change(&space, b"e", b"1"),
        delete_span(b"e", b"g"),
        delete_span(b"z", b"y"),
        change(&space, b"f", b"1"),
        change(&space, b"g", b"1"),
        delete(b"absent"),
    ];
    engine.commit(Changes { conditions: Vec::new(), changes })?;
    let expected = [(b"a", b"1"), (b"b", b"2"), (b"d", b"1"), (b"f", b"1"), (b"g", b"1")];
    let expected = expected.map(|(key, value)| (key.to_vec(), value.to_vec())).to_vec();
    same("the rows", &all(&engine, &space)?, &expected)?;
    let everything = Change::DeleteSpan { space: space.clone(), lower: Bound::Unbounded, upper: Bound::Unbounded };
    engine.commit(Changes { conditions: Vec::new(), changes: vec![everything] })?;
    same("the rows after all were deleted", &all(&engine, &space)?, &Vec::new())
}
