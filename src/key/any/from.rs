//! Dynamic keys from Rust's types.

use std::borrow::Cow;

use super::value::AnyKey;
use crate::error::{Error, ErrorKind, Result};
use crate::key::Timestamp;

macro_rules! from {
    ($($type:ty => $value:ident => $key:expr),* $(,)?) => {$(
        impl From<$type> for AnyKey {
            fn from($value: $type) -> Self {
                $key
            }
        }
    )*};
}

from! {
    () => _unit => Self::Null,
    bool => value => Self::Bool(value),
    i8 => value => Self::Int(value.into()),
    i16 => value => Self::Int(value.into()),
    i32 => value => Self::Int(value.into()),
    i64 => value => Self::Int(value.into()),
    i128 => value => Self::Int(value),
    isize => value => Self::Int(value as i128),
    u8 => value => Self::Int(value.into()),
    u16 => value => Self::Int(value.into()),
    u32 => value => Self::Int(value.into()),
    u64 => value => Self::Int(value.into()),
    usize => value => Self::Int(value as i128),
    f32 => value => Self::Float(value.into()),
    f64 => value => Self::Float(value),
    char => value => Self::Text(value.into()),
    &str => text => Self::Text(text.into()),
    String => text => Self::Text(text),
    Cow<'_, str> => text => Self::Text(text.into_owned()),
    &[u8] => bytes => Self::Bytes(bytes.into()),
    Vec<u8> => bytes => Self::Bytes(bytes),
    Cow<'_, [u8]> => bytes => Self::Bytes(bytes.into_owned()),
    Timestamp => time => Self::Timestamp(time),
    Vec<AnyKey> => elements => Self::List(elements),
    &[AnyKey] => elements => Self::List(elements.into()),
}

impl<T: Into<AnyKey>> From<Option<T>> for AnyKey {
    /// Converts `None` to null.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<AnyKey>> FromIterator<T> for AnyKey {
    /// Collects a list.
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self::List(elements.into_iter().map(Into::into).collect())
    }
}

impl TryFrom<u128> for AnyKey {
    type Error = Error;

    /// An integer; `InvalidKey` above `i128::MAX`.
    fn try_from(value: u128) -> Result<Self> {
        i128::try_from(value).map(Self::Int).map_err(|cause| {
            let message = "a dynamic integer key is at most i128::MAX; store larger ones as bytes";
            Error::new(ErrorKind::InvalidKey, message).caused_by(cause)
        })
    }
}

#[cfg(feature = "uuid")]
impl From<uuid::Uuid> for AnyKey {
    fn from(uuid: uuid::Uuid) -> Self {
        Self::Uuid(uuid.into_bytes())
    }
}

#[cfg(feature = "jiff")]
impl TryFrom<jiff::Timestamp> for AnyKey {
    type Error = Error;

    /// A timestamp; `InvalidKey` outside the years 1677 to 2262.
    fn try_from(time: jiff::Timestamp) -> Result<Self> {
        Timestamp::try_from(time).map(Self::Timestamp)
    }
}

#[cfg(feature = "chrono")]
impl TryFrom<chrono::DateTime<chrono::Utc>> for AnyKey {
    type Error = Error;

    /// A timestamp; `InvalidKey` outside the years 1677 to 2262 and within a leap second.
    fn try_from(time: chrono::DateTime<chrono::Utc>) -> Result<Self> {
        Timestamp::try_from(time).map(Self::Timestamp)
    }
}
