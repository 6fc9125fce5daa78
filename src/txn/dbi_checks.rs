//! What the openings of a DBI have in common, in transactions and without: limits, DBIs of other software, refusals.

use crate::catalog::{DbiFound, DbiIdentity, Schema, is_hidden_name, is_reserved};
use crate::error::{Error, ErrorKind, Result};
use crate::state::State;

/// Refuses a DBI over the limit, where a transaction has `more` DBIs than the state, and dropped `fewer` of the
/// state's. O(1) while the main tree and those have fewer entries than the limit: each DBI is one.
pub(super) fn check_room(state: &State, name: &str, max_dbis: u32, (more, fewer): (usize, usize)) -> Result<()> {
    if state.meta().main.entries.saturating_add(more as u64) < u64::from(max_dbis) {
        return Ok(());
    }
    let is_hidden = is_reserved(name);
    let mut live = more;
    for (tree, _) in state.trees()? {
        let text = String::from_utf8_lossy(&tree);
        // The hidden DBIs of stores have a limit of their own, which is as high.
        let is_alike = if is_hidden { is_hidden_name(&text) } else { !is_reserved(&text) };
        let counts = is_alike && !state.is_leftover(&text)?;
        live = live.saturating_add(usize::from(counts));
    }
    if (live.saturating_sub(fewer) as u64) < u64::from(max_dbis) {
        return Ok(());
    }
    let what = if is_hidden { "as many hidden DBIs of stores" } else { "as many" };
    let why = format!("max_dbis allows {max_dbis}, and {what} are there; open the environment with a larger max_dbis");
    Err(Error::new(ErrorKind::DbisFull, why).in_dbi(name))
}

#[cold]
pub(super) fn all_used(name: &str) -> Error {
    Error::new(ErrorKind::DbisFull, "all DBI numbers were used; copy the data to a new environment").in_dbi(name)
}

/// What is known of a DBI of other software.
pub(super) fn foreign<'a>(name: &'a str, bytes: &'a Schema) -> DbiFound<'a> {
    DbiFound { identity: DbiIdentity::Foreign, schema: bytes, tree: name, origin: name }
}

/// The types of a DBI of other software.
pub(super) fn bytes() -> Schema {
    Schema { multi: false, key: "bytes".into(), value: "bytes".into() }
}

pub(super) fn is_bytes(schema: &Schema) -> bool {
    *schema == bytes()
}

pub(super) fn absent(name: &str) -> Error {
    Error::new(
        ErrorKind::NotFound,
        "there is no such DBI; see `Env::dbis` for those there are, or create it by opening it with create(true)",
    )
    .in_dbi(name)
}

fn described(schema: &Schema) -> String {
    let kind = if schema.multi { "MultiDbi" } else { "Dbi" };
    format!("{kind}<{}, {}>", schema.key, schema.value)
}

pub(super) fn mismatch(name: &str, found: &Schema, wanted: &Schema) -> Error {
    let why = format!(
        "it was created as {} and is opened as {}; open it as it was created, or copy it into a new one",
        described(found),
        described(wanted)
    );
    Error::new(ErrorKind::SchemaMismatch, why).in_dbi(name)
}

pub(super) fn not_adopted(name: &str, wanted: &Schema) -> Error {
    let why = format!(
        "other software made it without a schema, so it is a Dbi<bytes, bytes> and is opened as {}; \
         open it as Dbi<&[u8], &[u8]>, or give it these types with dbi_options().adopt(true)",
        described(wanted)
    );
    Error::new(ErrorKind::SchemaMismatch, why).in_dbi(name)
}
