//! Writes against heed with the same durability: transactions of few and of many puts, into empty and into large
//! environments, by one thread and by many; puts right after a load; large values; loading; many changes in one
//! transaction, and what a transaction's own changes cost its reads; and databases created in one transaction.
//!
//! Both sides put the same rows, and must return the same sum or hold the same entries.

#[path = "write/behind.rs"]
mod behind;
#[path = "write/churn.rs"]
mod churn;
#[path = "write/dbis.rs"]
mod dbis;
#[path = "write/fresh.rs"]
mod fresh;
#[path = "write/large.rs"]
mod large;
#[path = "write/loads.rs"]
mod loads;
#[path = "write/small.rs"]
mod small;
mod support;
#[path = "write/threads.rs"]
mod threads;
#[path = "write/values.rs"]
mod values;
#[path = "write/within.rs"]
mod within;

use std::process::ExitCode;

use support::Suite;

fn main() -> ExitCode {
    Suite::main("write", |suite| {
        small::small(suite)?;
        fresh::fresh(suite)?;
        loads::loads(suite)?;
        large::large(suite)?;
        behind::behind_a_load(suite)?;
        values::values(suite)?;
        threads::threads(suite)?;
        within::within(suite)?;
        churn::churn(suite)?;
        dbis::dbis(suite)
    })
}
