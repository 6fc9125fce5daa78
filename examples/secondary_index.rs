//! Secondary indexes: a unique one and one with many rows per key. Transactions keep both in step with their rows.
//!
//! ```text
//! cargo run --release --example secondary_index
//! ```
//!
//! mapleaf has no built-in indexes: an index is one more DBI. "In step" means that every change of a row
//! changes its index entries in the same transaction. Put both into one function, as here.

use mapleaf::{Dbi, Env, Error, ErrorKind, Msgpack, MultiDbi, Read, Result, WriteTxn};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct User {
    email: String,
    city: String,
}

struct Users {
    rows: Dbi<u64, Msgpack<User>>,
    /// Unique: one id per address.
    by_email: Dbi<&'static str, u64>,
    /// Not unique: an ordered set of ids for each city.
    by_city: MultiDbi<&'static str, u64>,
}

impl Users {
    fn open(env: &Env) -> Result<Self> {
        Ok(Self {
            rows: env.dbi("users")?,
            by_email: env.dbi("users by email")?,
            by_city: env.multi_dbi("users by city")?,
        })
    }

    /// Adds a user under the id after the last one.
    fn add(&self, txn: &mut WriteTxn, user: &User) -> Result<u64> {
        let id = self.rows.last(txn)?.map_or(1, |(last, _)| last + 1);
        self.put(txn, id, user)?;
        Ok(id)
    }

    /// Stores a user, new or changed, and moves the index entries. An address that another user has is refused, and
    /// the savepoint undoes the changes made until then: the transaction can continue.
    fn put(&self, txn: &mut WriteTxn, id: u64, user: &User) -> Result<()> {
        txn.savepoint(|txn| {
            self.remove(txn, id)?;
            // `insert` stores only if the key is absent.
            if !self.by_email.insert(txn, &user.email, id)? {
                return Err(Error::new(ErrorKind::AlreadyExists, format!("{} is taken", user.email)));
            }
            self.by_city.insert(txn, &user.city, id)?;
            self.rows.put(txn, id, user)
        })
    }

    /// Removes a user and its index entries, and returns whether there was one.
    fn remove(&self, txn: &mut WriteTxn, id: u64) -> Result<bool> {
        let Some(old) = self.rows.take(txn, id)? else {
            return Ok(false);
        };
        self.by_email.delete(txn, &old.email)?;
        self.by_city.remove(txn, &old.city, id)?;
        Ok(true)
    }

    fn find_by_email(&self, state: &impl Read, email: &str) -> Result<Option<User>> {
        match self.by_email.get(state, email)? {
            Some(id) => self.rows.get(state, id),
            None => Ok(None),
        }
    }

    fn list_by_city(&self, state: &impl Read, city: &str) -> Result<Vec<User>> {
        let ids = self.by_city.values(state, city)?.collect::<Result<Vec<_>>>()?;
        // One batched look-up, faster than one after another.
        Ok(self.rows.get_many(state, ids)?.into_iter().flatten().collect())
    }

    /// Counts index entries that are missing or lead to the wrong row; 0 if all are in step.
    fn check(&self, state: &impl Read) -> Result<u64> {
        let mut faults = 0;
        for entry in self.rows.iter(state)? {
            let (id, user) = entry?;
            faults += u64::from(self.by_email.get(state, &user.email)? != Some(id));
            faults += u64::from(!self.by_city.contains(state, &user.city, id)?);
        }
        // Every row has its entries, so if there are as many entries as rows, none is superfluous.
        let rows = self.rows.len(state)?;
        Ok(faults + self.by_email.len(state)?.abs_diff(rows) + self.by_city.len(state)?.abs_diff(rows))
    }
}

fn user(email: &str, city: &str) -> User {
    User { email: email.to_owned(), city: city.to_owned() }
}

fn main() -> Result<()> {
    let env = Env::temporary()?;
    let users = Users::open(&env)?;

    let ann = env.transact(|txn| {
        let ann = users.add(txn, &user("ann@example.org", "Oslo"))?;
        users.add(txn, &user("bob@example.org", "Oslo"))?;
        users.add(txn, &user("cyd@example.org", "Bergen"))?;
        Ok(ann)
    })?;
    let snap = env.snapshot()?;
    println!("by email: {:?}", users.find_by_email(&snap, "bob@example.org")?);
    println!("in Oslo: {:?}", users.list_by_city(&snap, "Oslo")?);
    assert_eq!(users.list_by_city(&snap, "Oslo")?.len(), 2);

    // A change of address and city: both index entries move with the row.
    env.transact(|txn| users.put(txn, ann, &user("ann@example.com", "Bergen")))?;
    let snap = env.snapshot()?;
    assert_eq!(users.find_by_email(&snap, "ann@example.org")?, None);
    assert_eq!(users.find_by_email(&snap, "ann@example.com")?, Some(user("ann@example.com", "Bergen")));

    // An address that is taken: it is refused, and the rest of the transaction continues.
    env.transact(|txn| {
        let refused = users.add(txn, &user("bob@example.org", "Rome")).expect_err("bob has it");
        println!("refused: {refused}");
        users.add(txn, &user("dan@example.org", "Rome"))
    })?;

    let snap = env.snapshot()?;
    println!("cities: {:?}", users.by_city.keys(&snap)?.collect::<Result<Vec<_>>>()?);
    assert_eq!(users.rows.len(&snap)?, 4);
    assert_eq!(users.check(&snap)?, 0, "rows and indexes are in step");

    // The check finds this: a row deleted without its indexes leaves two entries that lead nowhere.
    env.transact(|txn| users.rows.delete(txn, ann))?;
    assert_eq!(users.check(&env.snapshot()?)?, 2);
    println!("a row deleted past its indexes: {} faults found", users.check(&env.snapshot()?)?);
    Ok(())
}
