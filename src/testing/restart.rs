//! Restarts: data that outlives an engine.

use crate::error::Result;
use crate::store::{Backend, BackendRead};
use crate::testing::engines::Engines;
use crate::testing::expect::{all, holds, put, same, space};

/// After a restart all rows are there, the identity is the same, ids do not fall, and no pair of incarnation and id
/// returns. Checked where [`Engines`] says how to reopen one.
///
/// # Errors
/// How the law is broken.
pub fn a_restart_keeps_all<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let (opened, identity) = (space(&engine, "restart")?, engine.id());
    let mut commits = Vec::new();
    for n in 0..10_u8 {
        commits.push(put(&engine, &opened, &[n + 1], &[n; 100])?);
    }
    let (rows, last) = (all(&engine, &opened)?, engine.snapshot()?.id());
    drop(opened);
    let Some(engine) = engines.reopen(engine) else { return Ok(()) };
    let engine = engine?;
    same("the identity after a restart", &engine.id(), &identity)?;
    holds(engine.snapshot()?.id() >= last, || "the id falls with a restart".into())?;
    let opened = space(&engine, "restart")?;
    same("the rows after a restart", &all(&engine, &opened)?, &rows)?;
    let next = put(&engine, &opened, b"after", b"")?;
    holds(!commits.contains(&next), || "a pair of incarnation and id returns after a restart".into())
}
