//! An index in another system that follows a store: it reads the changes since it looked last, keeps up to which revision
//! it has come, and begins anew if it was away for too long.
//!
//! ```text
//! cargo run --release --example change_feed
//! ```

use std::collections::BTreeMap;

use mapleaf::store::{FeedTrimmed, Records, RecordsOptions, Retain, Revision};
use mapleaf::{Env, Result};

type Books = Records<u64, &'static str>;

/// The other system: titles by book, and how far it has come. A real one stores both in one transaction of its own.
#[derive(Default)]
struct Index {
    titles: BTreeMap<u64, String>,
    at: Option<Revision>,
}

impl Index {
    /// Makes the changes since the last call. Returns how many there were.
    fn follow(&mut self, books: &Books, all: &[u64]) -> Result<usize> {
        let mut followed = 0;
        loop {
            let Some(at) = self.at else {
                self.begin(books, all)?;
                continue;
            };
            // In pages, so that memory is bounded however far behind it is.
            let page = match books.changes_since(at, 100) {
                Ok(page) => page,
                Err(error) => match error.downcast::<FeedTrimmed>() {
                    // The changes in between are no longer kept.
                    Ok(_) => {
                        self.at = None;
                        continue;
                    }
                    Err(error) => return Err(error),
                },
            };
            for event in &page.events {
                match &event.current {
                    Some(book) => self.titles.insert(event.key, book.value.clone()),
                    None => self.titles.remove(&event.key),
                };
            }
            followed += page.events.len();
            self.at = Some(page.next);
            if !page.has_more {
                return Ok(followed);
            }
        }
    }

    /// Reads all records. The revision is taken first: changes that are committed meanwhile are then read twice, but none
    /// is missed.
    fn begin(&mut self, books: &Books, all: &[u64]) -> Result<()> {
        let at = books.revision()?;
        let titles = books.get_many(all.iter().copied())?;
        self.titles = all.iter().copied().zip(titles).filter_map(|(book, title)| Some((book, title?))).collect();
        self.at = Some(at);
        Ok(())
    }
}

fn main() -> Result<()> {
    let env = Env::temporary()?;
    let books: Books = RecordsOptions::new().change_log(Retain::Count(1_000)).open(&env, "books")?;
    let all: Vec<u64> = (0..10_000).collect();
    let mut index = Index::default();

    books.put(1, "Emma")?;
    assert_eq!(index.follow(&books, &all)?, 0);
    assert_eq!(index.titles, BTreeMap::from([(1, "Emma".into())]));

    books.put(2, "Ulysses")?;
    books.update(1, |title| title.map(str::to_uppercase))?;
    books.delete(2)?;
    println!("{} changes followed", index.follow(&books, &all)?);
    assert_eq!(index.titles, BTreeMap::from([(1, "EMMA".into())]));

    // More changes than are kept: the index begins anew.
    env.transact(|txn| {
        let mut books = books.in_txn(txn);
        (0..5_000).try_for_each(|book| books.put(book, "A title").map(drop))
    })?;
    println!("{} changes followed after a fresh start", index.follow(&books, &all)?);
    assert_eq!(index.titles.len(), 5_000);

    books.delete(4_999)?;
    assert_eq!(index.follow(&books, &all)?, 1);
    println!("{} titles", index.titles.len());
    assert_eq!(index.titles.len(), 4_999);
    Ok(())
}
