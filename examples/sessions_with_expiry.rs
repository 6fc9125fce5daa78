//! Sessions that end by themselves: a log-in puts one, each visit prolongs it, and whoever stays away is logged out.
//!
//! ```text
//! cargo run --release --example sessions_with_expiry
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mapleaf::store::{Clock, Expect, PutOptions, Records, RecordsOptions};
use mapleaf::{Dbi, Env, ErrorKind, Msgpack, Result};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Session {
    user: u64,
}

/// How long a session lives without a visit.
const IDLE: Duration = Duration::from_mins(30);
/// How many are removed in one transaction, so that no other writer waits for long.
const SWEPT: usize = 100;

struct Site {
    env: Env,
    sessions: Records<&'static str, Msgpack<Session>>,
    /// How often each user has logged in: a plain DBI, beside the sessions.
    log_ins: Dbi<u64, u64>,
}

impl Site {
    fn open(env: Env, clock: Arc<dyn Clock>) -> Result<Self> {
        // Without a clock of its own, `env.records("sessions")` does.
        let sessions = RecordsOptions::new().clock(clock).open(&env, "sessions")?;
        let log_ins = env.dbi("log_ins")?;
        Ok(Self { env, sessions, log_ins })
    }

    /// The session and the count change together, or neither does.
    fn log_in(&self, id: &str, user: u64) -> Result<()> {
        let new = PutOptions::new().ttl(IDLE).expect(Expect::Absent);
        self.env.transact(|txn| {
            self.log_ins.update(txn, user, |count| Some(count.unwrap_or(0) + 1))?;
            self.sessions.in_txn(txn).put_with(id, &Session { user }, new)?;
            Ok(())
        })
    }

    /// Whose session it is, if it is one. Lives on from now.
    fn visit(&self, id: &str) -> Result<Option<u64>> {
        let Some(session) = self.sessions.get(id)? else { return Ok(None) };
        // It may have ended in between.
        Ok(self.sessions.touch(id, IDLE)?.map(|_| session.user))
    }

    /// Removes what has expired. A program calls this now and then; nobody sees an expired session before.
    fn sweep(&self) -> Result<usize> {
        let mut removed = 0;
        loop {
            let some = self.sessions.sweep_expired(SWEPT)?;
            removed += some;
            if some < SWEPT {
                return Ok(removed);
            }
        }
    }
}

/// A clock that the example sets, so that nobody has to wait.
struct Minutes(AtomicU64);

impl Minutes {
    fn pass(&self, minutes: u64) {
        self.0.fetch_add(minutes, Ordering::Relaxed);
    }
}

impl Clock for Minutes {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed) * 60_000_000_000
    }
}

fn main() -> Result<()> {
    let clock = Arc::new(Minutes(AtomicU64::new(28_000_000)));
    let site = Site::open(Env::temporary()?, clock.clone())?;
    site.log_in("ann's", 1)?;
    site.log_in("bob's", 2)?;

    clock.pass(20);
    assert_eq!(site.visit("ann's")?, Some(1));
    clock.pass(20);
    // Ann's session was prolonged, Bob's has ended.
    println!("after 40 minutes: ann is {:?}, bob is {:?}", site.visit("ann's")?, site.visit("bob's")?);
    assert_eq!((site.visit("ann's")?, site.visit("bob's")?), (Some(1), None));
    assert_eq!(site.sessions.len()?, 1);

    // Bob can log in again under the same id, Ann cannot: hers is still there. Then her count stays as it was, too.
    site.log_in("bob's", 2)?;
    let refused = site.log_in("ann's", 1).expect_err("it is in use");
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    println!("{refused}");
    let snap = site.env.snapshot()?;
    assert_eq!((site.log_ins.get(&snap, 1)?, site.log_ins.get(&snap, 2)?), (Some(1), Some(2)));

    for n in 0..250 {
        site.log_in(&format!("guest {n}"), 3)?;
    }
    clock.pass(31);
    assert!(site.sessions.is_empty()?);
    println!("{} sessions were swept", site.sweep()?);
    assert_eq!(site.sweep()?, 0);
    Ok(())
}
