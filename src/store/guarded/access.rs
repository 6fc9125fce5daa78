//! What each verb of a store asks for, and with which attributes.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorKind, Result};
use crate::key::{self, AsKey, Key, KeyBuf, Path};
use crate::store::policy::Attribute;
use crate::store::records::sought;

/// Reading a value, or what it is besides.
pub(super) const GET: &str = "store.key.get";
/// Writing.
pub(super) const SET: &str = "store.key.set";
/// Deleting.
pub(super) const DELETE: &str = "store.key.delete";
/// Asking whether there is a record.
pub(super) const HAS: &str = "store.key.has";
/// Learning which records there are, and how many.
pub(super) const LIST: &str = "store.key.list";
/// Taking the store itself.
pub(super) const STORE: &str = "store.get";
/// What the store is.
pub(super) const INFO: &str = "store.info";

/// The attributes of a call with one key.
pub(super) fn of_key<K: Key>(key: &impl AsKey<K>) -> Result<BTreeMap<String, Attribute>> {
    let mut buf = KeyBuf::new();
    Ok(of_bytes::<K>(sought::<K>(key, &mut buf)?))
}

/// As [`of_key`], from the bytes of the key.
pub(super) fn of_bytes<K: Key>(bytes: &[u8]) -> BTreeMap<String, Attribute> {
    [("key".to_owned(), attribute::<K>(bytes))].into()
}

/// Those of a call that learns of all records, or of any range of them.
pub(super) fn of_all() -> BTreeMap<String, Attribute> {
    [("prefix".to_owned(), Attribute::from(""))].into()
}

/// Those of a call with all keys that begin with the bytes of a prefix.
pub(super) fn of_prefix<K: Key>(bytes: &[u8]) -> BTreeMap<String, Attribute> {
    if bytes.is_empty() { of_all() } else { [("prefix".to_owned(), attribute::<K>(bytes))].into() }
}

/// Those of a call with a path and all that is below it.
pub(super) fn of_path(path: &Path) -> BTreeMap<String, Attribute> {
    [("prefix".to_owned(), Attribute::Text(path.to_string()))].into()
}

/// A key as conditions see it: text as it is, whole numbers as numbers, others as text shows them. A key of a type that is
/// not built in is shown as its bytes.
fn attribute<K: Key>(bytes: &[u8]) -> Attribute {
    let mut name = String::new();
    K::name(&mut name);
    let text_in_bytes = || String::from_utf8(bytes.to_vec()).ok();
    match name.rsplit_once('=').map_or(&*name, |(_, inner)| inner) {
        "str" => text_in_bytes().map(Attribute::Text),
        "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" => {
            let shown = key::display(&name, bytes).ok();
            shown.map(|shown| shown.parse().map_or_else(|_| shown.into(), Attribute::Int))
        }
        _ => key::display(&name, bytes).ok().map(Attribute::Text),
    }
    .unwrap_or_else(|| {
        let mut text = "0x".to_owned();
        crate::error::push_hex(bytes, &mut text);
        Attribute::Text(text)
    })
}

/// The error of a write through a view that only reads.
#[cold]
pub(super) fn only_reads() -> Error {
    Error::new(ErrorKind::ReadOnly, "this view of the store only reads; write through the store itself")
}
