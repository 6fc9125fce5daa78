//! The first byte of every dynamic key: its type, and the order between types. Frozen, with gaps for future types.

use super::value::AnyKey;

/// Ends a list. It is below every tag, so that a list sorts before its continuations.
pub(super) const END: u8 = 0x00;
pub(super) const NULL: u8 = 0x08;
pub(super) const BOOL: u8 = 0x10;
pub(super) const INT: u8 = 0x18;
pub(super) const FLOAT: u8 = 0x20;
pub(super) const TEXT: u8 = 0x30;
pub(super) const BYTES: u8 = 0x38;
pub(super) const UUID: u8 = 0x40;
pub(super) const TIMESTAMP: u8 = 0x48;
pub(super) const LIST: u8 = 0x50;

/// The tag of `key`.
pub(super) const fn of(key: &AnyKey) -> u8 {
    match key {
        AnyKey::Null => NULL,
        AnyKey::Bool(_) => BOOL,
        AnyKey::Int(_) => INT,
        AnyKey::Float(_) => FLOAT,
        AnyKey::Text(_) => TEXT,
        AnyKey::Bytes(_) => BYTES,
        AnyKey::Uuid(_) => UUID,
        AnyKey::Timestamp(_) => TIMESTAMP,
        AnyKey::List(_) => LIST,
    }
}
