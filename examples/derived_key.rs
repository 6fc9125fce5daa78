//! Keys of your own types by `#[derive(Key)]`: a struct, a newtype and an enum, with prefixes and ranges by their
//! leading fields. `custom_key.rs` writes such keys by hand.
//!
//! ```text
//! cargo run --release --example derived_key
//! ```

use std::fmt;

use mapleaf::scan::KeyBounds;
use mapleaf::{Dbi, Env, Key, Result};

/// A newtype: it cannot be mixed up with other numbers. Small, so verbs take it by value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Key)]
#[key(name = "account", by_value)]
struct Account(u32);

/// An enum: its numbers are stored, and are its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Key)]
#[key(name = "kind")]
#[repr(u8)]
enum Kind {
    Income = 1,
    Expense = 2,
}

/// A struct: sorted by account, then by kind, then by day, then by text. The names are what the schema keeps.
#[derive(Clone, Debug, PartialEq, Key)]
#[key(name = "booking")]
struct Booking {
    account: Account,
    kind: Kind,
    day: i32,
    text: String,
}

impl fmt::Display for Booking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {}, {:?}, day {}, {}", self.account.0, self.kind, self.day, self.text)
    }
}

fn main() -> Result<()> {
    let env = Env::temporary()?;
    let owners: Dbi<Account, &str> = env.dbi("owners")?;
    let bookings: Dbi<Booking, i64> = env.dbi("bookings")?;
    let (ann, bob) = (Account(1_000), Account(20_000));
    let booking = |account, kind, day, text: &str| Booking { account, kind, day, text: text.to_owned() };

    env.transact(|txn| {
        owners.put(txn, bob, "Bob")?;
        owners.put(txn, ann, "Ann")?;
        for (account, kind, day, text, cents) in [
            (bob, Kind::Expense, 3, "rent", -90_000),
            (ann, Kind::Income, 12, "salary", 250_000),
            (ann, Kind::Income, -1, "opening", 1_000),
            (ann, Kind::Expense, 5, "books", -4_500),
            (ann, Kind::Expense, 5, "apples", -300),
        ] {
            bookings.put(txn, &booking(account, kind, day, text), cents)?;
        }
        Ok(())
    })?;
    let snap = env.snapshot()?;
    assert_eq!(owners.values(&snap)?.collect::<Result<Vec<_>>>()?, ["Ann", "Bob"]);

    println!("all of Ann's bookings, and their sum:");
    let mut sum = 0;
    for entry in bookings.prefix(&snap, (ann,))? {
        let (booking, cents) = entry?;
        sum += cents;
        println!("  {booking}: {cents}");
    }
    assert_eq!(sum, 246_200);
    println!("  {sum}");

    // Leading fields as both ends of a range, with the number of fields that the question needs.
    let income = (ann, Kind::Income);
    assert_eq!(bookings.count(&snap, income..=income)?, 2);
    assert_eq!(bookings.count(&snap, (ann, Kind::Expense, 0)..(ann, Kind::Expense, 10))?, 2);

    // Ends of different lengths: from one booking to the end of its account.
    let first = booking(ann, Kind::Income, 12, "salary");
    let texts = bookings.range(&snap, KeyBounds::new().at_least(&first).at_most((ann,)))?;
    let texts = texts.map(|entry| Ok(entry?.0.text)).collect::<Result<Vec<_>>>()?;
    println!("from Ann's salary on: {texts:?}");
    assert_eq!(texts, ["salary", "apples", "books"]);

    // The beginning of the last field.
    let of_text = bookings.prefix_text(&snap, (ann, Kind::Expense, 5, "app"))?;
    assert_eq!(of_text.values().collect::<Result<Vec<_>>>()?, [-300]);

    // The type is part of the schema: the same bytes under another name are refused.
    let mistaken = env.dbi::<u32, &str>("owners").expect_err("it holds accounts");
    println!("{mistaken}");
    Ok(())
}
