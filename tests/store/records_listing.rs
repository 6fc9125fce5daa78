//! Pages of records: exact ends, cursors that survive, and refusals.

use std::collections::BTreeSet;

use mapleaf::scan::ListCursor;
use mapleaf::store::{Backend, RecordsOptions};
use mapleaf::{Error, ErrorKind, ListOptions, Result};

use crate::records_support::{Texts, laws, living, texts};

laws! {
    all_pages_together_are_the_live_records_in_order
    has_more_is_exact_at_the_end_of_a_page
    a_cursor_survives_the_deletion_and_the_expiry_of_its_key
    an_empty_page_keeps_the_cursor_of_the_one_before
    the_limit_is_100_unless_given_and_at_most_1000
    a_limit_of_0_and_foreign_cursors_are_refused
}

type Keys = Vec<String>;

fn keys<B: Backend>(store: &Texts<B>, prefix: &str, limit: usize, reverse: bool) -> Result<Keys> {
    let (mut all, mut after) = (Keys::new(), None::<ListCursor>);
    loop {
        let options = ListOptions::default().prefix(prefix).limit(limit).reverse(reverse).after(after);
        let page = store.list(options)?;
        assert!(page.items.len() == limit || !page.has_more);
        all.extend(page.items.iter().map(|entry| entry.key.clone()));
        for entry in &page.items {
            assert_eq!(store.entry(&entry.key)?.as_ref(), Some(entry));
        }
        if !page.has_more {
            return Ok(all);
        }
        // A cursor goes through text.
        after = page.cursor.map(|cursor| cursor.to_string().parse()).transpose()?;
    }
}

fn all_pages_together_are_the_live_records_in_order<B: Backend>(backend: &B) -> Result<()> {
    let (store, hand) = texts(backend)?;
    let mut model = BTreeSet::new();
    for n in 0..60_u32 {
        let key = format!("{}{}", ["a", "ab", "\u{10ffff}", "b"][n as usize % 4], n * 7 % 60);
        // Every third one expires; runs of them come at both ends of a page.
        if n % 3 == 0 || (20..30).contains(&n) {
            store.put_with(&key, "old", living(10))?;
        } else {
            store.put(&key, "text")?;
            model.insert(key);
        }
    }
    hand.set(2_000);
    for prefix in ["", "a", "ab", "\u{10ffff}", "b", "c", "a1"] {
        let mut wanted: Keys = model.iter().filter(|key| key.starts_with(prefix)).cloned().collect();
        for limit in [1, 2, 3, 7, 59, 1_000] {
            assert_eq!(keys(&store, prefix, limit, false)?, wanted, "{prefix:?} by {limit}");
        }
        wanted.reverse();
        for limit in [1, 5, 100] {
            assert_eq!(keys(&store, prefix, limit, true)?, wanted, "{prefix:?} back by {limit}");
        }
    }
    Ok(())
}

fn has_more_is_exact_at_the_end_of_a_page<B: Backend>(backend: &B) -> Result<()> {
    let (store, hand) = texts(backend)?;
    for key in ["a", "b", "c"] {
        store.put(key, "text")?;
    }
    store.put_with("d", "old", living(1))?;
    hand.set(2_000);
    let has_more = |limit| store.list(ListOptions::default().limit(limit)).map(|page| page.has_more);
    assert_eq!((has_more(2)?, has_more(3)?, has_more(4)?), (true, false, false));
    store.put("e", "text")?;
    assert!(has_more(3)?, "an expired record lies between");
    Ok(())
}

fn a_cursor_survives_the_deletion_and_the_expiry_of_its_key<B: Backend>(backend: &B) -> Result<()> {
    let (store, hand) = texts(backend)?;
    for key in ["a", "b", "c", "d"] {
        store.put(key, "text")?;
    }
    store.put_with("b", "text", living(100))?;
    let after = |cursor: &Option<ListCursor>| -> Result<Keys> {
        let page = store.list(ListOptions::default().after(cursor.clone()))?;
        Ok(page.items.into_iter().map(|entry| entry.key).collect())
    };
    let two = store.list(ListOptions::default().limit(2))?.cursor;
    hand.set(2_000);
    assert_eq!(after(&two)?, ["c", "d"]);
    store.delete("c")?;
    let one = store.list(ListOptions::default().limit(1))?.cursor;
    store.delete("a")?;
    assert_eq!((after(&two)?, after(&one)?), (vec!["d".to_owned()], vec!["d".to_owned()]));
    Ok(())
}

fn an_empty_page_keeps_the_cursor_of_the_one_before<B: Backend>(backend: &B) -> Result<()> {
    let (store, _) = texts(backend)?;
    let nothing = store.list(ListOptions::default())?;
    assert!(nothing.items.is_empty() && nothing.cursor.is_none() && !nothing.has_more);
    store.put("a", "text")?;
    let first = store.list(ListOptions::default())?;
    let second = store.list(ListOptions::default().after(first.cursor.clone()))?;
    assert!(second.items.is_empty() && !second.has_more && first.cursor.is_some());
    assert_eq!(second.cursor, first.cursor);
    Ok(())
}

fn the_limit_is_100_unless_given_and_at_most_1000<B: Backend>(backend: &B) -> Result<()> {
    let (store, _) = texts(backend)?;
    let names: Keys = (0..1_001).map(|n| format!("{n:04}")).collect();
    let puts = names.iter().map(|name| (&**name, "text", mapleaf::store::PutOptions::new()));
    store.put_each(puts)?;
    for (options, wanted) in [
        (ListOptions::default(), 100),
        (ListOptions::default().limit(1_000), 1_000),
        (ListOptions::default().limit(1_001), 1_000),
        (ListOptions::default().limit(usize::MAX), 1_000),
    ] {
        let page = store.list(options)?;
        assert_eq!((page.items.len(), page.has_more), (wanted, true));
    }
    Ok(())
}

fn a_limit_of_0_and_foreign_cursors_are_refused<B: Backend>(backend: &B) -> Result<()> {
    let (store, _) = texts(backend)?;
    let other: Texts<B> = RecordsOptions::new().open(backend, "other")?;
    for key in ["a", "b", "user:ann", "user:bob"] {
        store.put(key, "text")?;
        other.put(key, "text")?;
    }
    let refused = |result: std::result::Result<_, Error>| {
        let error: Error =
            result.map(|_: mapleaf::store::RecordListing<String, String>| ()).expect_err("it is refused");
        assert_eq!((error.kind(), error.operation()), (ErrorKind::InvalidArgument, Some("list")));
    };
    refused(store.list(ListOptions::default().limit(0)));
    let mine = store.list(ListOptions::default().limit(1))?.cursor;
    let foreign = other.list(ListOptions::default().limit(1))?.cursor;
    assert!(store.list(ListOptions::default().after(mine.clone())).is_ok());
    refused(store.list(ListOptions::default().after(foreign)));
    refused(store.list(ListOptions::default().prefix("user:").after(mine.clone())));
    let text = mine.expect("of a page").to_string();
    for text in ["00", "6162636465666768", &text[..16], &format!("{text}ff")] {
        refused(store.list(ListOptions::default().after(text.parse::<ListCursor>()?)));
    }
    assert!("".parse::<ListCursor>().is_err() && "xy".parse::<ListCursor>().is_err());
    Ok(())
}
