//! A look-up of many keys gives the same as single look-ups.

use std::cell::Cell;

use mapleaf::{Read, Result};

use crate::common::states::{Law, Numbered, in_every_state, number};

struct Batches {
    random: Cell<u64>,
}

impl Batches {
    fn below(&self, limit: usize) -> usize {
        self.random
            .set(self.random.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
        usize::try_from(self.random.get() >> 33).expect("31 bits") % limit
    }
}

impl Law<&'static str> for Batches {
    fn holds<R: Read>(&self, dbi: &Numbered<&'static str>, state: &R, present: &[usize]) -> Result<()> {
        // Numbers of keys around the size of one interleaved group; keys in any order, repeated, and absent.
        for size in (0..=40).chain([63, 64, 65, 200]) {
            let keys: Vec<String> = (0..size).map(|_| key_of(self.below(POOL * 2))).collect();
            let found = dbi.get_many(state, &keys)?;
            assert_eq!(found.len(), size);
            for (key, value) in keys.iter().zip(found) {
                let there = present.iter().copied().find(|n| key_of(*n) == *key);
                assert_eq!(value.map(number), there, "{key}");
                assert_eq!(dbi.get(state, key)?.map(number), there, "{key}");
            }
        }
        Ok(())
    }
}

const POOL: usize = 90;

/// Keys outside the pool sort between, before and after those in it.
fn key_of(n: usize) -> String {
    let base = format!("{:03}", n % POOL);
    if n < POOL { base } else { base + "!" }
}

#[test]
fn get_many_answers_in_the_order_asked_with_none_for_what_is_absent() -> Result<()> {
    let pool: Vec<String> = (0..POOL).map(key_of).collect();
    in_every_state::<&str>(&pool, |key| key, &Batches { random: Cell::new(7) })
}
