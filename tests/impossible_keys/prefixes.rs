//! Prefixes: no key begins with a prefix that is longer than a key may be.

use mapleaf::{Dbi, Env, Read, Result};

use crate::bytes::{LONG, MAX};

fn agree(texts: &Dbi<&str, u32>, tuples: &Dbi<(&str, &str), u32>, state: &impl Read) -> Result<()> {
    assert_eq!(texts.prefix(state, "")?.count(), 3, "all begin with nothing");
    assert_eq!(texts.prefix(state, "m")?.count(), 2);
    assert_eq!(tuples.prefix_text(state, ("m", ""))?.count(), 1);
    assert_eq!(tuples.prefix(state, ("",))?.count(), 1, "an empty element is one");
    for long in ["m".repeat(MAX + 1), "m".repeat(LONG), "\u{10FFFF}".repeat(MAX)] {
        assert_eq!(texts.prefix(state, &long)?.count(), 0);
        assert_eq!(tuples.prefix(state, (&long,))?.count(), 0);
        assert_eq!(tuples.prefix_text(state, ("m", &long))?.count(), 0);
        assert_eq!(tuples.prefix_text(state, (&long, "m"))?.count(), 0);
        // Leading elements that are too long bound a range where they sort: after both keys.
        assert_eq!(tuples.range(state, ..(&*long,))?.count(), 2);
        assert_eq!(tuples.range(state, (&*long,)..)?.count(), 0);
    }
    Ok(())
}

#[test]
fn no_key_begins_with_a_too_long_prefix() -> Result<()> {
    let env = Env::temporary()?;
    let (texts, tuples) = (env.dbi("texts")?, env.dbi("tuples")?);
    env.transact(|txn| {
        texts.put(txn, "m".repeat(MAX).as_str(), 1)?;
        tuples.put(txn, ("", "m"), 2)
    })?;
    env.transact(|txn| {
        texts.put(txn, "m", 3)?;
        texts.put(txn, "n", 4)?;
        tuples.put(txn, ("m", "m"), 5)?;
        agree(&texts, &tuples, txn)?;
        assert_eq!(texts.delete_prefix(txn, "m".repeat(MAX + 1))?, 0);
        assert_eq!(tuples.delete_prefix(txn, (&"m".repeat(LONG),))?, 0);
        Ok(())
    })?;
    agree(&texts, &tuples, &env.snapshot()?)
}
