//! The verifier's shortcuts give the same results as the full computations.

use std::cmp::Ordering;

use proptest::prelude::*;

use crate::page::page_no::PageNo;
use crate::page::verify::bitmap::Bitmap;
use crate::page::verify::order::Order;

/// Keys that often share their beginning or end, with lengths around the eight bytes that are compared first.
fn key() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(255), any::<u8>()], 0..20)
}

/// `right`, with the first or the last bytes replaced by those of `left`.
fn alike(left: &[u8], right: &[u8], from: usize) -> [Vec<u8>; 2] {
    let from = from.min(left.len());
    [[&left[..from], right].concat(), [right, &left[from..]].concat()]
}

fn orders(left: &[u8], right: &[u8]) -> [Ordering; 2] {
    [Order::Forward, Order::Backward].map(|order| order.compare(order.prepare(left), order.prepare(right)))
}

proptest! {
    #[test]
    fn ranked_keys_compare_like_their_bytes(left in key(), right in key(), from in 0_usize..20) {
        for right in [right.clone()].into_iter().chain(alike(&left, &right, from)) {
            let backward = left.iter().rev().cmp(right.iter().rev());
            prop_assert_eq!(orders(&left, &right), [left.cmp(&right), backward]);
        }
        prop_assert_eq!(orders(&left, &left), [Ordering::Equal; 2]);
    }

    #[test]
    fn marking_a_run_equals_marking_its_pages(runs in prop::collection::vec((0_u64..300, 1_u64..140), 1..8)) {
        const PAGES: u64 = 290;
        let (mut at_once, mut one_by_one) = (Bitmap::new(PAGES), Bitmap::new(PAGES));
        for (first, count) in runs {
            let fresh = (first..first + count).fold(true, |fresh, page| fresh & one_by_one.mark(PageNo(page)));
            prop_assert_eq!(at_once.mark_run(PageNo(first), PageNo(first + count)), fresh, "{} and {} more", first, count);
            prop_assert_eq!(at_once.unmarked(), one_by_one.unmarked());
        }
        for page in (0..PAGES).map(PageNo) {
            prop_assert_eq!(at_once.mark(page), one_by_one.mark(page));
        }
    }
}
