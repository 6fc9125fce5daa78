//! What the codecs of serde types share: the shape of their [`Value`](super::Value) implementation.

use serde::de::DeserializeOwned;
use serde::ser::Serialize;

use super::nesting::Doubt;
use crate::error::{Error, ErrorKind, Result};

/// Implements `Value` and `AsValue` for a marker around a serde type, from its schema name and two functions:
/// `write(&T, &mut Vec<u8>) -> Result<()>` and `read(&[u8]) -> Result<T>`.
macro_rules! serde_value {
    ($codec:ident, $name:literal, $write:path, $read:path) => {
        impl<T: Serialize + DeserializeOwned + 'static> Value for $codec<T> {
            type Arg<'a> = &'a T;
            type Ref<'a> = T;
            type Owned = T;

            fn name(out: &mut String) {
                out.push_str($name);
            }

            fn encode<'b>(value: &'b &T, context: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]> {
                <&T as AsValue<$codec<T>>>::encode_value(value, context, buf)
            }

            fn decode(bytes: &[u8], _: &Context<'_>) -> Result<T> {
                $read(bytes)
            }

            fn own(value: T) -> T {
                value
            }

            fn as_arg(owned: &T) -> &T {
                owned
            }
        }

        impl<T: Serialize + DeserializeOwned + 'static> AsValue<$codec<T>> for &T {
            fn encode_value<'b>(&'b self, context: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]> {
                <T as AsValue<$codec<T>>>::encode_value(self, context, buf)
            }
        }

        impl<T: Serialize + DeserializeOwned + 'static> AsValue<$codec<T>> for T {
            fn encode_value<'b>(&'b self, _: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]> {
                buf.clear();
                $write(self, buf)?;
                checked(buf)
            }
        }
    };
}

/// Reads what was just written into `buf`, and refuses it where it cannot be read, or is read as another value.
///
/// The value that is read is written again: the same bytes must come of it, in whatever order, since hashed maps have none.
#[cold]
pub(super) fn read_back<T: Serialize + DeserializeOwned>(
    buf: &[u8],
    read: fn(&[u8]) -> Result<T>,
    write: fn(&T, &mut Vec<u8>, &Doubt) -> Result<()>,
) -> Result<()> {
    let refuse = |why: String| {
        Doubt::was_right();
        let why = format!(
            "the value was written and {why}; let the type give every field that it leaves out a default, or store another type"
        );
        Error::new(ErrorKind::Encode, why)
    };
    let value =
        read(buf).map_err(|error| refuse(format!("cannot be read back: {}", error.message())).caused_by(error))?;
    let mut again = Vec::with_capacity(buf.len());
    write(&value, &mut again, &Doubt::default())?;
    let counted = |bytes: &[u8]| {
        let mut counts = [0_usize; 256];
        for byte in bytes {
            counts[usize::from(*byte)] += 1;
        }
        counts
    };
    if again == buf || counted(&again) == counted(buf) {
        return Ok(());
    }
    Err(refuse("is read back as another value".into()))
}

pub(super) use serde_value;
