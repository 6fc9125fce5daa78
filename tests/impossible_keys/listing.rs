//! Listings: pages that start at cursors that are no keys, and a limit of zero, which would never end.

use mapleaf::{Dbi, Env, ErrorKind, ListCursor, ListOptions, Result};

use crate::bytes::{LONG, MAX, stored};
use crate::common::errors::{refused, refused_with};

/// A cursor at `key`.
fn cursor(key: &[u8]) -> ListCursor {
    let text = key.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    text.parse().expect("hexadecimal digits")
}

#[test]
fn a_listing_continues_after_a_cursor_of_any_length() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<&[u8], u32> = env.dbi("d")?;
    let keys = stored();
    env.transact(|txn| keys.iter().step_by(2).try_for_each(|key| dbi.put(txn, key, 1)))?;
    env.transact(|txn| {
        keys.iter().skip(1).step_by(2).try_for_each(|key| dbi.put(txn, key, 1))?;
        let mut cursors: Vec<Vec<u8>> = [0, b'c', b'm', 0xFF].into_iter().map(|byte| vec![byte; MAX + 1]).collect();
        cursors.extend([vec![b'm'; LONG], vec![0xFF; LONG], vec![0; 70_000]]);
        for after in &cursors {
            for reverse in [false, true] {
                let mut expected: Vec<&[u8]> = keys
                    .iter()
                    .filter(|key| if reverse { *key < after } else { *key > after })
                    .map(|key| &key[..])
                    .collect();
                if reverse {
                    expected.reverse();
                }
                let options = ListOptions::default().limit(7).reverse(reverse);
                let mut found: Vec<&[u8]> = Vec::new();
                let mut at = Some(cursor(after));
                loop {
                    let page = dbi.list(txn, options.clone().after(at))?;
                    found.extend(page.items.iter().map(|(key, _)| *key));
                    if !page.has_more {
                        break;
                    }
                    at = page.cursor;
                }
                assert_eq!(found, expected, "behind {} bytes of {}", after.len(), after[0]);
            }
        }
        Ok(())
    })
}

#[test]
fn a_prefix_that_no_key_can_have_lists_nothing() -> Result<()> {
    let env = Env::temporary()?;
    let bytes: Dbi<&[u8], u32> = env.dbi("bytes")?;
    let tuples: Dbi<(&str, u8), u32> = env.dbi("tuples")?;
    env.transact(|txn| {
        bytes.put(txn, b"m", 1)?;
        bytes.put(txn, &[b'm'; MAX], 2)?;
        tuples.put(txn, ("m", 1), 1)
    })?;
    let snap = env.snapshot()?;
    for len in [MAX + 1, LONG] {
        let page = bytes.list(&snap, ListOptions::default().prefix(&vec![b'm'; len][..]))?;
        assert_eq!((page.items.len(), page.cursor, page.has_more), (0, None, false));
        let page = tuples.list(&snap, ListOptions::default().prefix(("m".repeat(len),)).reverse(true))?;
        assert_eq!((page.items.len(), page.has_more), (0, false));
    }
    let page = bytes.list(&snap, ListOptions::default().prefix(&b""[..]))?;
    assert_eq!(page.items, [(&b"m"[..], 1), (&[b'm'; MAX][..], 2)], "all begin with nothing");
    Ok(())
}

#[test]
fn a_limit_of_zero_is_refused() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<&str, u32> = env.dbi("d")?;
    let none = ListOptions::default().limit(0);
    refused_with(dbi.list(&env.snapshot()?, none.clone()), ErrorKind::InvalidArgument, &["list: ", "limit", "\"d\""]);
    env.transact(|txn| {
        dbi.put(txn, "a", 1)?;
        refused(dbi.list(txn, none.clone().prefix("a")), ErrorKind::InvalidArgument);
        refused(dbi.list(txn, none.after(cursor(b"a")).reverse(true)), ErrorKind::InvalidArgument);
        assert_eq!(dbi.list(txn, ListOptions::default().limit(1))?.items, [("a", 1)]);
        assert_eq!(dbi.list(txn, ListOptions::default().limit(usize::MAX))?.items, [("a", 1)]);
        Ok(())
    })
}
