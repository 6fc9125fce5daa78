//! Spaces: apart from each other, with fixed types.

use crate::error::{ErrorKind, Result};
use crate::store::Backend;
use crate::testing::engines::Engines;
use crate::testing::expect::{all, fails, get, put, same, space};

/// The same key has a row of its own in each space; opened again, a space has its rows.
///
/// # Errors
/// How the law is broken.
pub fn spaces_are_apart<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let (one, other) = (space(&engine, "one")?, space(&engine, "other")?);
    put(&engine, &one, b"key", b"1")?;
    same("the rows of the other space", &all(&engine, &other)?, &Vec::new())?;
    put(&engine, &other, b"key", b"2")?;
    for (part, value) in [("one", b"1"), ("other", b"2")] {
        let again = space(&engine.clone(), part)?;
        same("the row of a space that is opened again", &get(&engine, &again, b"key")?, &Some(value.to_vec()))?;
    }
    Ok(())
}

/// A space opens with the types that it was created with, and with no others.
///
/// # Errors
/// How the law is broken.
pub fn types_of_a_space_are_fixed<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let open = |key, value| engine.open_space("__store/testing/types", key, value);
    open("str", "record(u32)")?;
    open("str", "record(u32)")?;
    fails("opening with another type of keys", open("u64", "record(u32)"), ErrorKind::SchemaMismatch)?;
    fails("opening with another type of values", open("str", "record(u64)"), ErrorKind::SchemaMismatch)
}
