//! A scan inside a transaction shows each row once with the transaction's changes: changes between rows, changes of a
//! row, and no changes.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use mapleaf::{Dbi, Env, Error, ErrorKind, Result};

type Rows = Dbi<Vec<u8>, Vec<u8>>;

/// Ascending keys: of one length up to a word, up to two words, and longer, equal in all but the end; of any length;
/// and each a prefix of the next few.
const KEYS: [fn(u32) -> Vec<u8>; 6] = [
    |n| n.to_be_bytes().to_vec(),
    |n| u64::from(n).to_be_bytes().to_vec(),
    |n| format!("eight by{n:08}").into_bytes(),
    |n| format!("a common beginning of words {n:08}").into_bytes(),
    |n| [format!("{n:08}").into_bytes(), vec![b'x'; n as usize % 20]].concat(),
    |n| [format!("{:08}", n / 8).into_bytes(), vec![0; n as usize % 8]].concat(),
];

#[test]
fn rows_and_pending_changes_are_scanned_once_and_in_order() -> Result<()> {
    for key in KEYS {
        // Rows have the multiples of `every`; changes have those of `changed`, and a third of them are deletions.
        for (every, changed) in [(2, 1), (2, 3), (1, 7), (7, 2), (40, 1), (3000, 2)] {
            let env = Env::temporary()?;
            let rows: Rows = env.dbi("rows")?;
            let mut model = BTreeMap::new();
            env.transact(|txn| {
                for n in (0..3000).step_by(every) {
                    rows.put(txn, &key(n), b"row")?;
                    model.insert(key(n), b"row".to_vec());
                }
                Ok(())
            })?;
            let looked: Result<()> = env.transact(|txn| {
                for n in (0..3000).rev().step_by(changed) {
                    if n % 3 == 0 {
                        rows.delete(txn, &key(n))?;
                        model.remove(&key(n));
                    } else {
                        rows.put(txn, &key(n), &n.to_le_bytes())?;
                        model.insert(key(n), n.to_le_bytes().to_vec());
                    }
                }
                let expected: Vec<_> = model.clone().into_iter().collect();
                let mut found = Vec::new();
                let flow = rows.for_each(txn, .., |key, value| {
                    found.push((key, value));
                    ControlFlow::<()>::Continue(())
                })?;
                assert!(flow.is_continue());
                assert!(found == expected, "for_each, rows at {every}, changes at {changed}, {:?}", key(1));
                assert!(rows.iter(txn)?.collect::<Result<Vec<_>>>()? == expected, "iter, {:?}", key(1));
                // Stopped at each position, and continued by a new scan after it.
                for at in (0..expected.len()).step_by(101) {
                    let mut left = at;
                    let flow = rows.for_each(txn, .., |key, _| {
                        left = left.wrapping_sub(1);
                        if left == usize::MAX {
                            ControlFlow::Break(())
                        } else {
                            drop(key);
                            ControlFlow::Continue(())
                        }
                    })?;
                    assert!(flow.is_break(), "at {at}");
                    let rest = rows.range(txn, &expected[at].0..)?.collect::<Result<Vec<_>>>()?;
                    assert!(rest == expected[at..], "from {at}");
                }
                Err(Error::new(ErrorKind::Other, "enough"))
            });
            assert_eq!(looked.map_err(|error| error.kind()), Err(ErrorKind::Other));
        }
    }
    Ok(())
}
