//! The common prefix of keys is found, and shortened when a key comes that lacks it.

use proptest::test_runner::TestCaseError;

use crate::write_set::changes::DbiChanges;
use crate::write_set::tests::model::{Act, Model, act, look, look_at};

const OTHERS: [&[u8]; 8] =
    [b"", b"a", b"zz", b"a common beginning", b"a common beginning ", b"a common beginninh", b"a commo", b"a common c"];

fn put(changes: &mut DbiChanges, model: &mut Model, key: &[u8]) -> Result<(), TestCaseError> {
    let made = Act::Put(key.to_vec(), b"value".to_vec());
    act(changes, model, &made).map_err(|error| TestCaseError::fail(error.to_string()))
}

#[test]
fn keys_without_the_common_prefix_may_come_at_any_time() -> Result<(), TestCaseError> {
    // One by one with a read after each, or all at once.
    for each in [true, false] {
        for (first, other) in OTHERS.into_iter().enumerate() {
            let (mut changes, mut model) = (DbiChanges::new(), Model::default());
            for n in 0..700_u32 {
                let key = format!("a common beginning {:04}", n.wrapping_mul(7919) % 1000);
                put(&mut changes, &mut model, key.as_bytes())?;
                if (each && n % 50 == 0) || n == 300 {
                    look_at(&changes, &model, key.as_bytes())?;
                    OTHERS.iter().try_for_each(|key| look_at(&changes, &model, key))?;
                }
                if n == 400 {
                    put(&mut changes, &mut model, other)?;
                    look(&changes, &model)?;
                }
            }
            put(&mut changes, &mut model, OTHERS[7 - first])?;
            look(&changes, &model)?;
            let keys: Vec<_> = model.changes.keys().cloned().collect();
            keys.iter().try_for_each(|key| look_at(&changes, &model, key))?;
        }
    }
    Ok(())
}

#[test]
fn gaps_that_touch_become_one() {
    let mut changes = DbiChanges::new();
    changes.gap(b"c", Some(b"f"));
    changes.gap(b"h", None);
    assert_eq!(changes.gaps().iter().collect::<Vec<_>>(), [(&b"c"[..], Some(&b"f"[..])), (b"h", None)]);
    changes.gap(b"f", Some(b"h"));
    assert_eq!(changes.gaps().iter().collect::<Vec<_>>(), [(&b"c"[..], None)]);
    assert!(!changes.gaps().is_full());
    changes.gap(b"", Some(b"c"));
    assert!(changes.gaps().is_full() && changes.bytes() < 200);
    changes.gap(b"x", Some(b"a"));
    assert!(changes.gaps().is_full(), "a reversed range is none");
}
