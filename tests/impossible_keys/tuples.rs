//! Tuples with text, which is escaped and terminated, so that it is longer in the file than in memory.

use mapleaf::{Dbi, Env, ErrorKind, Result};

use crate::bytes::{LONG, LONG_ELEMENT, MAX};
use crate::law::{Case, holds};
use crate::texts::repeated;

type Owned = (u16, String);

/// The length of a key: two bytes, each byte of the text and one more for each zero, and two at the end.
fn len((_, text): &Owned) -> usize {
    4 + text.len() + text.bytes().filter(|byte| *byte == 0).count()
}

fn refusal(key: &Owned) -> Option<ErrorKind> {
    (len(key) > MAX).then_some(ErrorKind::TooLarge)
}

fn stored() -> Vec<Owned> {
    let mut stored = Vec::new();
    for group in [0, 1, 7, u16::MAX] {
        stored.extend(["", "\0", "a", "m", "mm", "\u{10FFFF}"].map(|text| (group, text.to_owned())));
        stored.push((group, "m".repeat(MAX - 4)));
        stored.push((group, "\0".repeat((MAX - 4) / 2)));
    }
    stored
}

#[test]
fn tuples_that_cannot_be_stored_are_absent_at_their_position() -> Result<()> {
    let mut ends: Vec<Owned> =
        [(0, ""), (1, "a"), (6, "x"), (u16::MAX, "\u{10FFFF}")].map(|(n, text)| (n, text.into())).into();
    ends.extend([0, 1, u16::MAX].map(|group| (group, "m".repeat(MAX - 3))));
    ends.push((1, "\0".repeat((MAX - 4) / 2 + 1)));
    ends.push((u16::MAX, repeated("\u{10FFFF}", MAX)));
    let mut probes: Vec<Owned> =
        [(1, "m"), (u16::MAX, "\u{10FFFF}")].map(|(n, text)| (n, repeated(text, LONG_ELEMENT))).into();
    probes.push((0, "\0".repeat(3_000)));
    probes.push((1, "m".repeat(MAX - 4)));
    let case = Case::<(u16, &str), Owned> {
        stored: stored(),
        probes,
        ends,
        arg: |(n, text)| (*n, text),
        order: Clone::clone,
        refusal,
    };
    holds::<(u16, &str), Owned>(&case)
}

#[test]
fn tuples_with_leading_text_that_cannot_be_stored_are_absent_at_their_position() -> Result<()> {
    type Owned = (String, Option<u8>);
    let mut stored = Vec::new();
    for text in ["", "a", "m", "z"] {
        stored.extend([None, Some(0), Some(7)].map(|n| (text.to_owned(), n)));
    }
    let long = |text: &str, n| (text.repeat(MAX - 2), n);
    let ends =
        vec![(String::new(), None), ("m".into(), Some(3)), long("m", None), long("z", Some(255)), long("a", Some(0))];
    let probes = vec![("m".repeat(LONG_ELEMENT), None)];
    let refusal = |(text, n): &Owned| {
        let len = text.len() + 3 + usize::from(n.is_some());
        (len > MAX).then_some(ErrorKind::TooLarge)
    };
    let case = Case::<(&str, Option<u8>), Owned> {
        stored,
        probes,
        ends,
        arg: |(text, n)| (&**text, *n),
        order: Clone::clone,
        refusal,
    };
    holds::<(&str, Option<u8>), Owned>(&case)
}

#[test]
fn reversed_text_that_cannot_be_stored_is_absent_at_its_position() -> Result<()> {
    use std::cmp::Reverse;
    let stored: Vec<Reverse<String>> =
        ["", "\0", "a", "m", "mm", "z", "\u{10FFFF}"].map(|text| Reverse(text.to_owned())).into();
    let ends = vec![
        Reverse(String::new()),
        Reverse("b".into()),
        Reverse("m".repeat(MAX - 1)),
        Reverse("\0".repeat(MAX)),
        Reverse(repeated("\u{10FFFF}", MAX)),
    ];
    let probes = vec![Reverse("m".repeat(LONG_ELEMENT))];
    // A terminated text alone.
    let refusal = |key: &Reverse<String>| (len(&(0, key.0.clone())) - 2 > MAX).then_some(ErrorKind::TooLarge);
    let case = Case::<Reverse<&str>, Reverse<String>> {
        stored,
        probes,
        ends,
        arg: |key| Reverse(&*key.0),
        order: Clone::clone,
        refusal,
    };
    holds::<Reverse<&str>, Reverse<String>>(&case)
}

#[test]
fn an_element_of_megabytes_is_absent_at_its_position() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<(u16, &str), u32> = env.dbi("d")?;
    env.transact(|txn| (0..9).try_for_each(|n| dbi.put(txn, (n, "m"), u32::from(n))))?;
    let (low, high) = ("l".repeat(LONG), "\0".repeat(70_000));
    env.transact(|txn| {
        dbi.put(txn, (4, "n"), 40)?;
        assert_eq!(dbi.get(txn, (4, &low))?, None);
        assert_eq!(dbi.ceiling(txn, (4, &low))?.map(|(_, n)| n), Some(4));
        assert_eq!(dbi.floor(txn, (4, &high))?.map(|(_, n)| n), Some(3));
        assert_eq!(dbi.rank(txn, (4, &low))?, 4);
        assert_eq!(dbi.range(txn, (2, &*high)..=(4, &*low))?.count(), 2);
        assert!(!dbi.delete(txn, (4, &low))?);
        assert_eq!(dbi.delete_range(txn, (2, &*low)..(4, &*high))?, 2);
        assert_eq!(dbi.put(txn, (4, &low), 1).map_err(|error| error.kind()), Err(ErrorKind::TooLarge));
        Ok(())
    })?;
    assert_eq!(dbi.len(&env.snapshot()?)?, 8);
    Ok(())
}
