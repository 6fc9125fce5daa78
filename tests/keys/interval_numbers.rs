//! The nine forms of an interval over numbers.

use crate::common::intervals;
use mapleaf::Result;

#[test]
fn every_form_over_numbers_contains_what_lies_between_its_bounds() -> Result<()> {
    let pool: Vec<u64> = (1..=9).map(|n| n * 10).collect();
    let ends: Vec<u64> = (0..=19).map(|n| n * 5).chain([u64::MAX]).collect();
    intervals::agree::<u64, u64>(&pool, |key| *key, &ends, u64::cmp)
}

#[test]
fn every_form_over_signed_numbers_contains_what_lies_between_its_bounds() -> Result<()> {
    let pool = [i32::MIN, -40, -1, 0, 1, 300, i32::MAX];
    let ends = [i32::MIN, -41, -40, -2, -1, 0, 1, 2, 299, 300, i32::MAX];
    intervals::agree::<i32, i32>(&pool, |key| *key, &ends, i32::cmp)
}
