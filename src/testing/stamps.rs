//! Fields that the commit fills.

use crate::error::{ErrorKind, Result};
use crate::store::{Backend, Change, Changes, Committed, Stamp, StampField, Stamped};
use crate::testing::engines::Engines;
use crate::testing::expect::{Rows, all, fails, put, same, space};

const KEY_STAMPS: [Stamp; 1] = [Stamp { offset: 1, field: StampField::Commit }];
const VALUE_STAMPS: [Stamp; 3] = [
    Stamp { offset: 0, field: StampField::Incarnation },
    Stamp { offset: 10, field: StampField::Commit },
    Stamp { offset: 18, field: StampField::Incarnation },
];

/// The row with its fields filled: a key of 10 bytes, a value of 26.
fn filled(committed: Committed) -> Rows {
    let (id, incarnation) = (u64::from(committed.id).to_be_bytes(), committed.incarnation.to_be_bytes());
    let key = [b"k", &id[..], b"k"].concat();
    vec![(key, [&incarnation[..], b"vv", &id, &incarnation].concat())]
}

/// Fields of keys and values are filled with the id and the incarnation of the commit, in transactions and in changes that
/// are committed as data, up to the last byte. Only what is between the fields is kept. A pair of incarnation and id never
/// returns.
///
/// # Errors
/// How the law is broken.
pub fn stamps_are_filled<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let space = space(&engine, "stamps")?;
    let (key, value) = (*b"kxxxxxxxxk", *b"yyyyyyyyvvyyyyyyyyyyyyyyyy");
    let before = put(&engine, &space, b"before", b"")?;
    let clear = || Change::DeleteSpan {
        space: space.clone(),
        lower: std::ops::Bound::Unbounded,
        upper: std::ops::Bound::Unbounded,
    };
    let stamped = Change::Put {
        space: space.clone(),
        key: (key.to_vec(), KEY_STAMPS.to_vec()),
        value: (value.to_vec(), VALUE_STAMPS.to_vec()),
    };
    let data = engine.commit(Changes { conditions: Vec::new(), changes: vec![clear(), stamped] })?;
    same("the row of a commit of data", &all(&engine, &space)?, &filled(data))?;
    let ((), transacted) = engine.transact(|txn| {
        txn.delete_span(&space, (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded))?;
        let value = Stamped { bytes: &value, stamps: &VALUE_STAMPS };
        txn.put(&space, Stamped { bytes: &key, stamps: &KEY_STAMPS }, value)
    })?;
    same("the row of a transaction", &all(&engine, &space)?, &filled(transacted))?;
    let ids = [before, data, transacted].map(|committed| (committed.incarnation, committed.id));
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    same("the distinct pairs of incarnation and id", &distinct.len(), &3)
}

/// A field that does not lie inside its bytes is `InvalidArgument`, and nothing is committed.
///
/// # Errors
/// How the law is broken.
pub fn fields_outside_are_refused<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let space = space(&engine, "outside")?;
    for offset in [1, 8, usize::MAX - 3] {
        let outside = vec![Stamp { offset, field: StampField::Commit }];
        let changes = [(outside.clone(), Vec::new()), (Vec::new(), outside)].map(|(of_key, of_value)| Change::Put {
            space: space.clone(),
            key: (vec![1; 8], of_key),
            value: (vec![1; 8], of_value),
        });
        for change in changes {
            let committed = engine.commit(Changes { conditions: Vec::new(), changes: vec![change.clone()] });
            fails(&format!("a commit with a field at {offset}"), committed, ErrorKind::InvalidArgument)?;
            let transacted =
                engine.transact(|txn| Changes { conditions: Vec::new(), changes: vec![change.clone()] }.make(txn));
            fails(&format!("a transaction with a field at {offset}"), transacted, ErrorKind::InvalidArgument)?;
        }
    }
    same("the rows", &all(&engine, &space)?, &Vec::new())
}
