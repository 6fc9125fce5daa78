//! The law for generated keys: few different bytes, and lengths around the greatest one, so that keys often have common
//! prefixes.

use mapleaf::ErrorKind;
use proptest::prelude::*;

use crate::bytes::{MAX, refusal};
use crate::law::{Case, holds};

/// Some repeated bytes, followed by others.
fn key(long: usize) -> impl Strategy<Value = Vec<u8>> {
    let byte = || prop::sample::select(vec![0, 1, b'm', 0xFE, 0xFF]);
    let len = prop_oneof![4 => 0..4_usize, 4 => 7..10_usize, 8 => MAX - 2..MAX + 4, 1 => Just(long)];
    (byte(), len, prop::collection::vec(byte(), 0..4)).prop_map(|(byte, len, more)| {
        let mut key = vec![byte; len];
        key.truncate(len.saturating_sub(more.len() % 3));
        key.extend(more);
        key
    })
}

/// The same for text with characters of one to four bytes.
fn text() -> impl Strategy<Value = String> {
    key(1_200).prop_map(|key| {
        let character = |byte: &u8| match byte {
            0xFE => 'é',
            0xFF => '\u{10FFFF}',
            other => char::from(*other),
        };
        let text: String = key.iter().map(character).collect();
        let cut = text.floor_char_boundary(key.len());
        text[..cut].to_owned()
    })
}

fn ended(text: &str) -> usize {
    text.len() + text.bytes().filter(|byte| *byte == 0).count() + 2
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, ..ProptestConfig::default() })]

    #[test]
    fn generated_byte_keys_follow_the_law(
        keys in prop::collection::btree_set(key(66_000), 1..40),
        probes in prop::collection::vec(key(66_000), 1..5),
        ends in prop::collection::vec(key(66_000), 2..5),
    ) {
        let stored = keys.into_iter().filter(|key| refusal(key, MAX).is_none()).collect();
        let case = Case::<&[u8], Vec<u8>> { stored, probes, ends, arg: |key| key, order: Clone::clone, refusal: |key| refusal(key, MAX) };
        holds(&case).expect("the engine answers");
    }

    #[test]
    fn generated_tuple_keys_follow_the_law(
        keys in prop::collection::btree_set((text(), text()), 1..25),
        probes in prop::collection::vec((text(), text()), 1..3),
        ends in prop::collection::vec((text(), text()), 2..4),
    ) {
        let refusal = |(a, b): &(String, String)| (ended(a) + ended(b) > MAX).then_some(ErrorKind::TooLarge);
        let stored = keys.into_iter().filter(|key| refusal(key).is_none()).collect();
        let case = Case::<(&str, &str), (String, String)> {
            stored,
            probes,
            ends,
            arg: |(a, b)| (a, b),
            order: Clone::clone,
            refusal,
        };
        holds(&case).expect("the engine answers");
    }
}
