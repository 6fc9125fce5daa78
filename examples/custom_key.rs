//! Keys of your own types: a newtype and a struct, made by the five items of `KeyAs`, with ranges and prefixes over
//! them. `derived_key.rs` has such keys by `#[derive(Key)]`, without checks.
//!
//! ```text
//! cargo run --release --example custom_key
//! ```

use std::borrow::Cow;
use std::fmt;

use mapleaf::scan::{ByteBounds, KeyPrefix};
use mapleaf::{Dbi, Env, Error, ErrorKind, KeyAs, Result};

/// A newtype: an account number of at most nine digits. It cannot be mixed up with other numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Account(u32);

impl Account {
    fn new(number: u32) -> Result<Self> {
        if number <= 999_999_999 {
            return Ok(Self(number));
        }
        Err(Error::new(ErrorKind::InvalidArgument, format!("{number} is no account; it has at most nine digits")))
    }
}

impl KeyAs for Account {
    /// The type that is stored, which also decides the order.
    type As = u32;
    /// How it is passed to `get` and `put`: small types by value.
    type Arg<'a> = Account;
    /// The name in the schema: another type with the same name and form is taken for the same.
    const NAME: &'static str = "account";

    fn to_key(&self) -> u32 {
        self.0
    }

    /// Called for keys in the file, so it checks: a bad number is an error, not an `Account`.
    fn from_key(number: u32) -> Result<Self> {
        Self::new(number)
    }
}

/// A struct: sorted by account, then by day, then by text. The order is that of the tuple, not that of the fields.
#[derive(Clone, Debug, PartialEq)]
struct Booking {
    text: String,
    day: i32,
    account: Account,
}

impl KeyAs for Booking {
    type As = (Account, i32, &'static str);
    /// Larger types are passed by reference.
    type Arg<'a> = &'a Booking;
    const NAME: &'static str = "booking";

    fn to_key(&self) -> (Account, i32, &str) {
        (self.account, self.day, &self.text)
    }

    /// Text inside a tuple is read as `Cow`: it is borrowed unless it holds a NUL.
    fn from_key((account, day, text): (Account, i32, Cow<'_, str>)) -> Result<Self> {
        Ok(Self { text: text.into_owned(), day, account })
    }
}

/// Which tuples are prefixes of a booking: one short `impl` for each.
impl KeyPrefix<Booking> for (Account,) {
    fn prefix_bounds(&self) -> Result<ByteBounds> {
        KeyPrefix::<(Account, i32, &str)>::prefix_bounds(self)
    }
}

impl fmt::Display for Booking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {}, day {:>3}, {}", self.account.0, self.day, self.text)
    }
}

fn main() -> Result<()> {
    let env = Env::temporary()?;
    let owners: Dbi<Account, &str> = env.dbi("owners")?;
    let bookings: Dbi<Booking, i64> = env.dbi("bookings")?;
    let (ann, bob) = (Account::new(1_000)?, Account::new(20_000)?);
    let booking = |account, day, text: &str| Booking { text: text.to_owned(), day, account };

    env.transact(|txn| {
        owners.put(txn, bob, "Bob")?;
        owners.put(txn, ann, "Ann")?;
        for (account, day, text, cents) in [
            (bob, 3, "rent", -90_000),
            (ann, 12, "salary", 250_000),
            (ann, -1, "opening", 1_000),
            (ann, 5, "books", -4_500),
            (ann, 5, "apples", -300),
        ] {
            bookings.put(txn, &booking(account, day, text), cents)?;
        }
        Ok(())
    })?;
    let snap = env.snapshot()?;

    // By number, not by text: 1000 before 20000.
    let names = owners.values(&snap)?.collect::<Result<Vec<_>>>()?;
    assert_eq!(names, ["Ann", "Bob"]);
    assert_eq!(owners.range(&snap, ann..bob)?.count(), 1);

    println!("all of Ann's bookings, and their sum:");
    let mut sum = 0;
    for entry in bookings.prefix(&snap, (ann,))? {
        let (booking, cents) = entry?;
        sum += cents;
        println!("  {booking:<40} {cents:>8}");
    }
    assert_eq!(sum, 246_200);
    println!("  {sum}");

    // A range between whole keys. Empty text comes first on its day.
    let (from, to) = (booking(ann, 0, ""), booking(ann, 10, ""));
    let texts = bookings.range(&snap, &from..&to)?.rev().map(|entry| Ok(entry?.0.text)).collect::<Result<Vec<_>>>()?;
    println!("from day 10 back to day 0: {texts:?}");
    assert_eq!(texts, ["books", "apples"]);

    // The type is part of the schema: the same bytes under another name are refused.
    let mistaken = env.dbi::<u32, &str>("owners").expect_err("it holds accounts");
    println!("{mistaken}");
    Ok(())
}
