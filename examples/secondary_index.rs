//! Secondary indexes: a unique one and one with many rows a key, kept in step with their rows by transactions.
//!
//! ```text
//! cargo run --release --example secondary_index
//! ```
//!
//! mapleaf has no index of its own to declare: an index is one more sub-database, and "in step" means that whatever
//! changes a row changes its index entries in the same transaction. Put both into one function, as here.

use mapleaf::{Dbi, Env, Error, ErrorKind, Msgpack, MultiDbi, Read, Result, WriteTxn};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct User {
    email: String,
    city: String,
}

struct Users {
    rows: Dbi<u64, Msgpack<User>>,
    /// Unique: one id an address.
    by_email: Dbi<&'static str, u64>,
    /// Not unique: an ordered set of ids under each city.
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

    /// Adds a user under the id behind the last one.
    fn add(&self, txn: &mut WriteTxn, user: &User) -> Result<u64> {
        let id = self.rows.last(txn)?.map_or(1, |(last, _)| last + 1);
        self.put(txn, id, user)?;
        Ok(id)
    }

    /// Stores a user, new or changed, and moves the index entries. An address that somebody else has is refused, and
    /// the savepoint takes back what was changed until then: the transaction can go on.
    fn put(&self, txn: &mut WriteTxn, id: u64, user: &User) -> Result<()> {
        txn.savepoint(|txn| {
            self.remove(txn, id)?;
            // `insert` stores only where nothing is.
            if !self.by_email.insert(txn, &user.email, id)? {
                return Err(Error::new(ErrorKind::AlreadyExists, format!("{} is taken", user.email)));
            }
            self.by_city.insert(txn, &user.city, id)?;
            self.rows.put(txn, id, user)
        })
    }

    /// Removes a user and its index entries; whether there was one.
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

    /// How many index entries are missing or lead astray; 0 when all is in step.
    fn check(&self, state: &impl Read) -> Result<u64> {
        let mut faults = 0;
        for entry in self.rows.iter(state)? {
            let (id, user) = entry?;
            faults += u64::from(self.by_email.get(state, &user.email)? != Some(id));
            faults += u64::from(!self.by_city.contains(state, &user.city, id)?);
        }
        // Every row has its entries; so as many entries as rows leave none over.
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

    // An address that is taken: refused, the rest of the transaction goes on.
    env.transact(|txn| {
        let refused = users.add(txn, &user("bob@example.org", "Rome")).expect_err("bob has it");
        println!("refused: {refused}");
        users.add(txn, &user("dan@example.org", "Rome"))
    })?;

    let snap = env.snapshot()?;
    println!("cities: {:?}", users.by_city.keys(&snap)?.collect::<Result<Vec<_>>>()?);
    assert_eq!(users.rows.len(&snap)?, 4);
    assert_eq!(users.check(&snap)?, 0, "rows and indexes are in step");

    // What the check is for: a row removed past the indexes leaves two entries that lead nowhere.
    env.transact(|txn| users.rows.delete(txn, ann))?;
    assert_eq!(users.check(&env.snapshot()?)?, 2);
    println!("a row deleted past its indexes: {} faults found", users.check(&env.snapshot()?)?);
    Ok(())
}
