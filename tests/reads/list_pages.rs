//! The pages of a listing partition it in both directions, and continue after keys that were deleted.

use mapleaf::{Dbi, Env, ListCursor, ListOptions, Read, Result};

use crate::common::states::{Law, Numbered, in_every_state, number};

struct Pages;

impl Law<&'static str> for Pages {
    fn holds<R: Read>(&self, dbi: &Numbered<&'static str>, state: &R, present: &[usize]) -> Result<()> {
        for prefix in ["", "0", "03", "x"] {
            for reverse in [false, true] {
                let mut whole: Vec<usize> =
                    present.iter().copied().filter(|n| key_of(*n).starts_with(prefix)).collect();
                if reverse {
                    whole.reverse();
                }
                for limit in (1..=4).chain([whole.len().max(1), whole.len() + 1, usize::MAX]) {
                    let options = ListOptions::default().prefix(prefix).limit(limit).reverse(reverse);
                    let mut found = Vec::new();
                    let mut after = None;
                    loop {
                        let page = dbi.list(state, options.clone().after(after))?;
                        assert_eq!(page.items.len(), limit.min(whole.len() - found.len()), "pages are filled");
                        found.extend(page.items.iter().map(|(_, value)| number(value)));
                        assert_eq!(page.has_more, found.len() < whole.len(), "{prefix:?} {limit} {reverse}");
                        if !page.has_more {
                            break;
                        }
                        after = page.cursor;
                    }
                    assert_eq!(found, whole, "{prefix:?} {limit} {reverse}");
                }
            }
        }
        Ok(())
    }
}

fn key_of(n: usize) -> String {
    format!("{n:03}")
}

#[test]
fn pages_partition_the_listing_in_both_directions() -> Result<()> {
    let pool: Vec<String> = (0..45).map(key_of).collect();
    in_every_state::<&str>(&pool, |key| key, &Pages)
}

fn text(env: &Env, keys: &[&str]) -> Result<Dbi<&'static str, ()>> {
    let dbi: Dbi<&str, ()> = env.dbi("text")?;
    env.transact(|txn| keys.iter().try_for_each(|key| dbi.put(txn, key, ())))?;
    Ok(dbi)
}

/// The keys of a page, and its cursor.
fn page(
    dbi: &Dbi<&'static str, ()>,
    env: &Env,
    options: ListOptions<&str>,
) -> Result<(Vec<String>, Option<ListCursor>, bool)> {
    let snap = env.snapshot()?;
    let page = dbi.list(&snap, options)?;
    Ok((page.items.iter().map(|(key, ())| (*key).to_owned()).collect(), page.cursor, page.has_more))
}

#[test]
fn a_cursor_outlives_its_key_and_sees_later_inserts() -> Result<()> {
    let env = Env::temporary()?;
    let dbi = text(&env, &["a", "c", "e", "g"])?;
    for (reverse, rest) in [(false, ["d", "g"]), (true, ["c", "a"])] {
        let options = ListOptions::default().prefix("").limit(2).reverse(reverse);
        let (_, cursor, _) = page(&dbi, &env, options.clone())?;
        // The last key of the page is deleted, and another is inserted after it.
        let ended = if reverse { "e" } else { "c" };
        env.transact(|txn| {
            assert!(dbi.delete(txn, ended)?);
            assert!(dbi.delete(txn, if reverse { "d" } else { "e" })?);
            dbi.put(txn, if reverse { "c" } else { "d" }, ())
        })?;
        assert_eq!(page(&dbi, &env, options.after(cursor))?.0, rest);
        env.transact(|txn| dbi.load(txn, [("c", ()), ("e", ())]).map(drop))?;
        env.transact(|txn| dbi.put(txn, "d", ()))?;
    }
    Ok(())
}

#[test]
fn a_cursor_outside_the_prefix_skips_all_keys_or_none() -> Result<()> {
    let env = Env::temporary()?;
    let dbi = text(&env, &["a", "m1", "m2", "z"])?;
    let at = |key: &str| page(&dbi, &env, ListOptions::default().prefix(key)).map(|page| page.1);
    for (reverse, before, behind) in [(false, "a", "z"), (true, "z", "a")] {
        let options = ListOptions::default().prefix("m").reverse(reverse);
        assert_eq!(page(&dbi, &env, options.clone().after(at(before)?))?.0.len(), 2);
        let (found, cursor, has_more) = page(&dbi, &env, options.after(at(behind)?))?;
        assert_eq!((found.len(), has_more), (0, false));
        assert_eq!(cursor, at(behind)?, "an empty page ends where the one before did");
    }
    Ok(())
}

#[test]
fn an_empty_page_is_the_last_one() -> Result<()> {
    let env = Env::temporary()?;
    let dbi = text(&env, &["a"])?;
    assert_eq!(page(&dbi, &env, ListOptions::default().prefix("b").limit(1))?, (vec![], None, false));
    Ok(())
}
