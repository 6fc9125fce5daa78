//! The names of the catalogue and of DBIs.

use crate::catalog::dbi_id::DbiId;
use crate::error::{Error, ErrorKind, Result};

/// The catalogue's name. Names that begin with `__` are reserved.
pub(crate) const CATALOG: &str = "__mapleaf";
/// The longest DBI name in bytes.
pub(crate) const MAX_NAME: usize = 255;

/// Refuses a name that no DBI of a user can have.
pub(crate) fn check_name(name: &str) -> Result<()> {
    check_any_name(name)?;
    if is_reserved(name) {
        let why = "names that begin with __ are reserved; choose another";
        return Err(Error::new(ErrorKind::InvalidArgument, why).in_dbi(name));
    }
    Ok(())
}

/// Whether the name is kept for mapleaf itself.
pub(crate) fn is_reserved(name: &str) -> bool {
    name.starts_with("__")
}

/// What the names of hidden DBIs begin with. Their rows are those of the store layer: no verb for DBIs lists, changes or
/// drops them.
const HIDDEN: &str = "__store/";

/// Whether a DBI of this name is hidden.
pub(crate) fn is_hidden_name(name: &str) -> bool {
    name.starts_with(HIDDEN)
}

/// Refuses a name that no hidden DBI can have.
#[cfg(feature = "store")]
pub(crate) fn check_hidden_name(name: &str) -> Result<()> {
    check_any_name(name)?;
    if is_hidden_name(name) {
        return Ok(());
    }
    let why = "a space's name begins with __store/ and the name of its store; choose such a name";
    Err(Error::new(ErrorKind::InvalidArgument, why).in_dbi(name))
}

/// Refuses a name that no DBI can have, reserved ones included.
pub(crate) fn check_any_name(name: &str) -> Result<()> {
    let why = if name.is_empty() {
        "a DBI's name is empty; give it one"
    } else if name.len() > MAX_NAME {
        "a DBI's name has at most 255 bytes; shorten it"
    } else if name.contains('\0') {
        "a DBI's name must not hold a NUL; LMDB would cut it there"
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::InvalidArgument, why).in_dbi(name))
}

/// The name of a new tree of the DBI `name`, whose own name another tree has.
pub(crate) fn numbered_tree(name: &str, id: DbiId) -> String {
    format!("{}{}", numbered_prefix(name), id.0)
}

/// What the names of such trees begin with.
pub(crate) fn numbered_prefix(name: &str) -> String {
    format!("{name}#")
}

/// The longest name of a tree in bytes: the catalogue has records under longer keys, and the longest LMDB key is
/// longer.
const MAX_TREE_NAME: usize = 500;

/// Refuses the name of a tree, in a record, that no DBI can have.
pub(super) fn check_tree_name(tree: &str) -> Result<()> {
    if tree.is_empty() || tree.len() > MAX_TREE_NAME || tree.contains('\0') || is_reserved(tree) {
        return Err(damaged("the record of a DBI names a tree that it cannot have"));
    }
    Ok(())
}

/// The error for a catalogue that no build could have written.
pub(crate) fn damaged(why: &'static str) -> Error {
    Error::new(ErrorKind::Corrupted, format!("the catalogue is damaged: {why}; restore the file from a copy"))
        .in_dbi(CATALOG)
}
