//! A buffer gives its rows in order, each key once with its newest value, and stays within its memory.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::dbi::loader::buffer::Buffer;
use crate::dbi::loader::place::Place;
use crate::dbi::loader::record::{Row, Stored};
use crate::dbi::loader::tests::Rows;

fn all(buffer: &Buffer) -> Vec<((u32, Vec<u8>), Vec<u8>)> {
    let mut place = buffer.settle(Place::default());
    let mut rows = Vec::new();
    while let Some(Row { dbi, key, value: Stored::Here(value) }) = buffer.row(place) {
        rows.push(((dbi, key.to_vec()), value.to_vec()));
        place = buffer.settle(Place { entry: place.entry + 1, ..place });
    }
    rows
}

proptest! {
    #[test]
    fn rows_come_out_as_of_a_map_again_and_again(
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
                buffer.push(&Row { dbi, key: &key, value: Stored::Here(&value) });
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
fn what_it_reserves_is_at_most_a_quarter_over_its_limit() {
    for (limit, length) in [(26_000, 1), (26_000, 300), (26_000, 9_000), (1 << 20, 20), (1 << 20, 5_000)] {
        let mut buffer = Buffer::new(limit);
        let value = vec![1; length];
        let mut rows = 0_u32;
        loop {
            let key = rows.wrapping_mul(0x9E37_79B9).to_be_bytes();
            let row = Row { dbi: rows % 3, key: &key, value: Stored::Here(&value) };
            if !buffer.fits(&row) {
                break;
            }
            buffer.push(&row);
            rows += 1;
            // Small pieces are not worth a quarter: 64 entries of each of three databases at most.
            assert!(buffer.memory() <= limit + limit / 4 + 3 * 64 * 16, "{} of {limit}", buffer.memory());
        }
        assert!(buffer.memory() > limit / 2, "a buffer that is full uses its memory");
    }
}
