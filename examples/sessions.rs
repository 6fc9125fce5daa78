//! Sessions, page visits and a cache: several DBIs, one transaction, and scans in key order.
//!
//! ```text
//! cargo run --release --example sessions
//! ```

use mapleaf::{Dbi, Env, Msgpack, Read, Result};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Session {
    user: u64,
    login_at: i64,
}

/// The handles, opened once. A DBI keeps its types: opening it later with other types is an error.
struct Store {
    /// Values by field name, so that `Session` may gain fields later.
    sessions: Dbi<&'static str, Msgpack<Session>>,
    /// A tuple key sorts by its first element, then by the second.
    visits: Dbi<(u64, &'static str), u32>,
    /// Plain bytes, read without a copy.
    cache: Dbi<&'static str, &'static [u8]>,
}

impl Store {
    fn open(env: &Env) -> Result<Self> {
        Ok(Self { sessions: env.dbi("sessions")?, visits: env.dbi("visits")?, cache: env.dbi("cache")? })
    }

    /// A function over `impl Read` works on snapshots and on running transactions.
    fn visits_of(&self, state: &impl Read, user: u64) -> Result<u64> {
        let mut sum = 0;
        for entry in self.visits.prefix(state, (user,))? {
            let ((_, _page), count) = entry?;
            sum += u64::from(count);
        }
        Ok(sum)
    }
}

/// Logs a user in: the session, the visit and the stale cache entry change together, or none of them does.
fn log_in(env: &Env, store: &Store, user: u64, login_at: i64) -> Result<u64> {
    let key = format!("user:{user}");
    env.transact(|txn| {
        store.sessions.put(txn, &key, &Session { user, login_at })?;
        store.visits.update(txn, (user, "home"), |count| Some(count.unwrap_or(0) + 1))?;
        store.cache.delete(txn, &key)?;
        // A transaction reads its own changes.
        store.visits_of(txn, user)
    })
}

fn main() -> Result<()> {
    // A temporary directory, removed at the end. `Env::open("data")` opens or creates one that stays.
    let env = Env::temporary()?;
    let store = Store::open(&env)?;

    env.transact(|txn| store.cache.put(txn, "user:123", b"<p>Hello, stranger</p>"))?;
    for (at, user) in (1..).zip([99, 100, 123, 150, 200, 201, 123]) {
        let visits = log_in(&env, &store, user, at)?;
        println!("user {user} logs in, {visits} visits so far");
    }

    // A snapshot sees one state, whatever is committed later.
    let snap = env.snapshot()?;
    log_in(&env, &store, 123, 8)?;
    assert_eq!(store.sessions.get(&snap, "user:123")?, Some(Session { user: 123, login_at: 7 }));
    assert!(!store.cache.contains(&snap, "user:123")?);

    println!("\nall sessions, by key:");
    for entry in store.sessions.prefix(&snap, "user:")? {
        let (key, session) = entry?;
        println!("  {key:<9} since {}", session.login_at);
    }

    // A closed range, from its end. Text sorts by its bytes: "user:99" comes after "user:200".
    println!("\nfrom user:200 down to user:100:");
    let mut closed = Vec::new();
    for entry in store.sessions.range(&snap, "user:100"..="user:200")?.rev() {
        let (key, _) = entry?;
        println!("  {key}");
        closed.push(key);
    }
    assert_eq!(closed, ["user:200", "user:150", "user:123", "user:100"]);

    // An error undoes the whole transaction, including earlier changes.
    let refused = env.transact(|txn| {
        store.sessions.delete(txn, "user:99")?;
        // Keys over 511 bytes are refused before anything is written.
        store.cache.put(txn, &"k".repeat(512), b"")
    });
    println!("\n{}", refused.expect_err("the key is too long"));
    let snap = env.snapshot()?;
    assert!(store.sessions.contains(&snap, "user:99")?, "the deletion was taken back");
    assert_eq!(store.visits_of(&snap, 123)?, 3);
    Ok(())
}
