//! A buffer gives its rows in order, each key once with its newest value.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::dbi::loader::buffer::Buffer;
use crate::dbi::loader::record::{Row, Stored};
use crate::dbi::loader::row_index::RowIndex;
use crate::dbi::loader::tests::{Name, Rows};

fn all(buffer: &Buffer) -> Vec<(Name, Vec<u8>)> {
    let mut index = buffer.settle(RowIndex::default());
    let mut rows = Vec::new();
    while let Some(Row { dbi, key, value: Stored::Here(value) }) = buffer.row(index) {
        rows.push(((dbi, key.to_vec()), value.to_vec()));
        index = buffer.settle(RowIndex { entry: index.entry + 1, ..index });
    }
    rows
}

proptest! {
    #[test]
    fn a_sorted_buffer_holds_what_a_map_would_in_every_round(
        rounds in vec(vec((0..4_u32, vec(0..3_u8, 1..12), vec(any::<u8>(), 0..40)), 0..120), 1..4),
        ascending in any::<bool>(),
    ) {
        let mut buffer = Buffer::new(1 << 16);
        for mut rows in rounds {
            if ascending {
                rows.sort();
            }
            let mut model = Rows::new();
            for (dbi, key, value) in rows {
                let taken = buffer.push(&Row { dbi, key: &key, value: Stored::Here(&value) });
                prop_assert!(taken);
                model.insert((dbi, key), value);
            }
            buffer.sort();
            prop_assert_eq!(all(&buffer), model.into_iter().collect::<Vec<_>>());
            buffer.clear();
            prop_assert!(buffer.is_empty());
        }
    }
}

#[test]
fn a_row_that_does_not_fit_changes_nothing() {
    let mut buffer = Buffer::new(10_000);
    let value = vec![1; 3_000];
    let row = |key| Row { dbi: 2, key, value: Stored::Here(&value) };
    let fits = [b"a", b"b", b"c"].map(|key| buffer.push(&row(key)));
    assert_eq!(fits, [true, true, false]);
    assert!(buffer.push(&Row { dbi: 0, key: b"d", value: Stored::Here(b"small") }), "there is room for less");
    buffer.sort();
    let keys: Vec<_> = all(&buffer).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, [(0, b"d".to_vec()), (2, b"a".to_vec()), (2, b"b".to_vec())]);
}
