//! Pairs of a `MultiDbi`: key and value together form one key, which may be too long.

use std::collections::BTreeSet;
use std::ops::Bound::{self, Excluded, Included, Unbounded};

use mapleaf::{Env, ErrorKind, MultiDbi, Read, Result};

use crate::bytes::{LONG_ELEMENT, MAX};
use crate::common::errors::refused;

type Tags = MultiDbi<&'static str, &'static str>;
type Model = BTreeSet<(String, String)>;

/// Texts as keys and as values.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = ["", "\0", "a", "m", "z"].map(str::to_owned).into();
    texts.extend(["a", "m", "\u{10FFFF}"].map(|text| text.repeat(MAX)));
    texts.push("m".repeat(LONG_ELEMENT));
    texts
}

fn agree(tags: &Tags, state: &impl Read, model: &Model) -> Result<()> {
    let texts = texts();
    for key in &texts {
        let under: Vec<&str> = model.iter().filter(|(of, _)| of == key).map(|(_, value)| &**value).collect();
        let found = tags.values(state, key)?.collect::<Result<Vec<_>>>()?;
        assert_eq!(found, under, "values of {} bytes", key.len());
        assert_eq!(tags.count(state, key)?, under.len() as u64);
        assert_eq!(tags.contains_key(state, key)?, !under.is_empty());
        for value in &texts {
            let is_there = model.contains(&(key.clone(), value.clone()));
            assert_eq!(tags.contains(state, key, value)?, is_there, "{} and {} bytes", key.len(), value.len());
            let ends: [(Bound<&str>, Bound<&str>); 6] = [
                (Included(value), Unbounded),
                (Excluded(value), Unbounded),
                (Unbounded, Included(value)),
                (Unbounded, Excluded(value)),
                (Included(value), Included(value)),
                (Included("a"), Excluded(value)),
            ];
            for (start, end) in ends {
                let inside = |text: &str| {
                    (match start {
                        Included(start) => text >= start,
                        Excluded(start) => text > start,
                        Unbounded => true,
                    }) && match end {
                        Included(end) => text <= end,
                        Excluded(end) => text < end,
                        Unbounded => true,
                    }
                };
                let expected: Vec<&str> = under.iter().copied().filter(|text| inside(text)).collect();
                let found = tags.values_range::<_, &str>(state, key, (start, end))?.collect::<Result<Vec<_>>>()?;
                assert_eq!(found, expected);
                let back = tags.values_range::<_, &str>(state, key, (start, end))?.rev().count();
                assert_eq!(back, expected.len());
            }
            let from = model.range((key.clone(), value.clone())..).count();
            assert_eq!(tags.range(state, (&**key, &**value)..)?.count(), from);
            assert_eq!(tags.range(state, ..(&**key, &**value))?.rev().count(), model.len() - from);
        }
    }
    Ok(())
}

#[test]
fn pairs_that_cannot_be_stored_are_absent_at_their_position() -> Result<()> {
    let env = Env::temporary()?;
    let tags: Tags = env.multi_dbi("tags")?;
    let mut model = Model::new();
    env.transact(|txn| {
        for key in ["", "\0", "a", "m", "z"] {
            for value in ["", "a", "b", "m", "\u{10FFFF}"] {
                tags.insert(txn, key, value)?;
                model.insert((key.to_owned(), value.to_owned()));
            }
        }
        Ok(())
    })?;
    agree(&tags, &env.snapshot()?, &model)?;
    env.transact(|txn| {
        agree(&tags, txn, &model)?;
        assert!(tags.remove(txn, "m", "b")? && tags.insert(txn, "m", "c")?);
        model.remove(&("m".to_owned(), "b".to_owned()));
        model.insert(("m".to_owned(), "c".to_owned()));
        agree(&tags, txn, &model)?;
        for long in texts().iter().filter(|text| text.len() >= MAX) {
            assert!(!tags.remove(txn, long, "a")? && !tags.remove(txn, "a", long)?);
            assert_eq!(tags.remove_all(txn, long)?, 0);
            refused(tags.insert(txn, long, "a"), ErrorKind::TooLarge);
            refused(tags.insert(txn, "a", long), ErrorKind::TooLarge);
        }
        agree(&tags, txn, &model)
    })
}
