//! The nine forms of an interval over tuples: between whole keys, and between leading elements, which stand for all keys
//! that begin with them.

use crate::common::intervals;
use mapleaf::Result;

type Key = (u8, &'static str, u16);

fn pool() -> Vec<(u8, String, u16)> {
    let keys =
        [(1, "", 0), (1, "a", 9), (7, "", 5), (7, "a", 0), (7, "a", 9), (7, "a\0", 1), (7, "b", 2), (255, "z", 0)];
    keys.map(|(first, second, third)| (first, second.to_owned(), third)).into()
}

fn arg((first, second, third): &(u8, String, u16)) -> (u8, &str, u16) {
    (*first, second, *third)
}

#[test]
fn every_form_over_whole_tuples_contains_what_lies_between_its_bounds() -> Result<()> {
    let ends = [(0, "", 0), (1, "", 0), (1, "a", 8), (7, "", 5), (7, "a", 0), (7, "a", 5), (7, "aa", 0), (255, "z", 1)];
    intervals::agree::<Key, Key>(&pool(), arg, &ends, |key, end| arg(key).cmp(end))
}

#[test]
fn one_leading_element_as_a_bound_includes_or_excludes_all_its_tuples() -> Result<()> {
    let ends = [(0,), (1,), (3,), (7,), (8,), (254,), (255,)];
    intervals::agree::<Key, (u8,)>(&pool(), arg, &ends, |key, end| key.0.cmp(&end.0))
}

#[test]
fn two_leading_elements_as_a_bound_include_or_exclude_all_their_tuples() -> Result<()> {
    let ends = [(1, ""), (1, "a"), (1, "b"), (7, ""), (7, "a"), (7, "a\0"), (7, "aa"), (7, "z"), (255, "z")];
    intervals::agree::<Key, (u8, &str)>(&pool(), arg, &ends, |key, end| (key.0, key.1.as_str()).cmp(end))
}
