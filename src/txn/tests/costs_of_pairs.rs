//! The law of `costs_are_logarithmic` for pairs, and for keys that are tuples with text.

use crate::txn::tests::costs_are_logarithmic::{CALLS, ROWS, Step, check, each, scattered};
use crate::{Dbi, Env, MultiDbi, Result};

type Pairs = MultiDbi<&'static str, u64>;
type Texts = Dbi<(&'static str, u64), u64>;

const TAGS: [&str; 4] = ["amber", "blue", "crimson", "crimson dark"];
/// Values under each tag: the even ones below twice this number.
const VALUES: u64 = ROWS / 4;

/// The `n`-th pair in order.
fn at(n: u64) -> (&'static str, u64) {
    (TAGS[(n / VALUES % 4) as usize], 2 * (n % VALUES))
}

const PAIR_STATES: &[Step<Pairs>] = &[
    ("insertions", |txn, dbi, m| each(m, |n| dbi.insert(txn, at(scattered(n)).0, 2 * scattered(n) + 1).map(drop))),
    ("insertions under a tag", |txn, dbi, m| each(m, |n| dbi.insert(txn, "blue", 2 * n + 1).map(drop))),
    ("removals in front", |txn, dbi, m| each(m, |n| dbi.remove(txn, at(n).0, at(n).1).map(drop))),
    ("removals at the back", |txn, dbi, m| {
        each(m, |n| {
            let (tag, value) = at(ROWS - 1 - n);
            dbi.remove(txn, tag, value).map(drop)
        })
    }),
    ("scattered removals", |txn, dbi, m| {
        each(m, |n| dbi.remove(txn, at(scattered(n)).0, at(scattered(n)).1).map(drop))
    }),
    ("pairs that come and go under a tag", |txn, dbi, m| {
        each(m, |n| {
            dbi.insert(txn, "blue", 2 * n + 1)?;
            dbi.remove(txn, "blue", 2 * n + 1).map(drop)
        })
    }),
    ("a tag removed, and insertions under it", |txn, dbi, m| {
        dbi.remove_all(txn, "blue")?;
        each(m, |n| dbi.insert(txn, "blue", n).map(drop))
    }),
    ("a tag filled and removed, again and again", |txn, dbi, m| {
        each(m / 100, |n| {
            each(100, |value| dbi.insert(txn, "beige", 100 * n + value).map(drop))?;
            dbi.remove_all(txn, "beige").map(drop)
        })
    }),
];

const PAIR_VERBS: &[Step<Pairs>] = &[
    ("contains", |txn, dbi, i| dbi.contains(txn, "blue", 500 + i).map(drop)),
    ("contains_key", |txn, dbi, i| dbi.contains_key(txn, TAGS[(i % 4) as usize]).map(drop)),
    ("contains_key, absent", |txn, dbi, _| dbi.contains_key(txn, "beige").map(drop)),
    ("values.next", |txn, dbi, _| dbi.values(txn, "blue")?.next().transpose().map(drop)),
    ("values.next_back", |txn, dbi, _| dbi.values(txn, "blue")?.next_back().transpose().map(drop)),
    ("values_range.next", |txn, dbi, i| dbi.values_range(txn, "blue", 500 + i..)?.next().transpose().map(drop)),
    ("len", |txn, dbi, _| dbi.len(txn).map(drop)),
    ("is_empty", |txn, dbi, _| dbi.is_empty(txn).map(drop)),
    ("first", |txn, dbi, _| dbi.first(txn).map(drop)),
    ("last", |txn, dbi, _| dbi.last(txn).map(drop)),
    ("pop_first", |txn, dbi, _| dbi.pop_first(txn).map(drop)),
    ("pop_last", |txn, dbi, _| dbi.pop_last(txn).map(drop)),
    ("pairs.next", |txn, dbi, _| dbi.pairs(txn)?.next().transpose().map(drop)),
    ("pairs.next_back", |txn, dbi, _| dbi.pairs(txn)?.next_back().transpose().map(drop)),
    ("range.next", |txn, dbi, i| dbi.range(txn, ("blue", 500 + i)..)?.next().transpose().map(drop)),
    ("keys, all four", |txn, dbi, _| dbi.keys(txn)?.try_for_each(|key| key.map(drop))),
    ("insert", |txn, dbi, i| dbi.insert(txn, "blue", 501 + 7 * i).map(drop)),
    ("insert and len", |txn, dbi, i| {
        dbi.insert(txn, "crimson", 501 + 9 * i)?;
        dbi.len(txn).map(drop)
    }),
    ("remove", |txn, dbi, i| dbi.remove(txn, "blue", 501 + 7 * i).map(drop)),
    ("remove_all of few", |txn, dbi, i| {
        each(5, |n| dbi.insert(txn, "beige", 5 * i + n).map(drop))?;
        dbi.remove_all(txn, "beige").map(drop)
    }),
];

const TEXT_STATES: &[Step<Texts>] = &[
    ("puts", |txn, dbi, m| each(m, |n| dbi.put(txn, (at(scattered(n)).0, 2 * scattered(n) + 1), n))),
    ("deletions in front", |txn, dbi, m| each(m, |n| dbi.delete(txn, at(n)).map(drop))),
    ("pops at the back", |txn, dbi, m| each(m, |_| dbi.pop_last(txn).map(drop))),
    ("a queue", |txn, dbi, m| {
        each(m, |n| {
            dbi.put(txn, ("dun", n), n)?;
            dbi.pop_first(txn).map(drop)
        })
    }),
    ("removed prefixes", |txn, dbi, m| {
        dbi.delete_prefix(txn, ("blue",))?;
        each(m, |n| dbi.put(txn, ("blue", n), n))
    }),
];

const TEXT_VERBS: &[Step<Texts>] = &[
    ("get", |txn, dbi, i| dbi.get(txn, ("crimson", 500 + i)).map(drop)),
    ("prefix.next", |txn, dbi, _| dbi.prefix(txn, ("blue",))?.next().transpose().map(drop)),
    ("prefix.next_back", |txn, dbi, _| dbi.prefix(txn, ("blue",))?.next_back().transpose().map(drop)),
    ("floor", |txn, dbi, i| dbi.floor(txn, ("crimson", 500 + i)).map(drop)),
    ("higher", |txn, dbi, i| dbi.higher(txn, ("crimson", 500 + i)).map(drop)),
    ("put", |txn, dbi, i| dbi.put(txn, ("crimson", 7 * i), i)),
    ("delete", |txn, dbi, i| dbi.delete(txn, ("crimson", 2 * i)).map(drop)),
    ("pop_first", |txn, dbi, _| dbi.pop_first(txn).map(drop)),
    ("pop_last", |txn, dbi, _| dbi.pop_last(txn).map(drop)),
    ("append", |txn, dbi, i| dbi.append(txn, ("zinc", CALLS + i), i)),
    ("len", |txn, dbi, _| dbi.len(txn).map(drop)),
];

#[test]
fn are_logarithmic() -> Result<()> {
    let open = |env: &Env| {
        let dbi: Pairs = env.multi_dbi("pairs")?;
        env.transact(|txn| (0..ROWS).try_for_each(|n| dbi.insert(txn, at(n).0, at(n).1).map(drop)))?;
        Ok(dbi)
    };
    check(open, PAIR_STATES, PAIR_VERBS)
}

#[test]
fn are_logarithmic_for_tuples_with_text() -> Result<()> {
    let open = |env: &Env| {
        let dbi: Texts = env.dbi("texts")?;
        env.transact(|txn| dbi.load(txn, (0..ROWS).map(|n| (at(n), n))))?;
        Ok(dbi)
    };
    check(open, TEXT_STATES, TEXT_VERBS)
}
