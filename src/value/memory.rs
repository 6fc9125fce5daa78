//! What the values that are a type's own memory share: their names, and the traits over the functions of the crates
//! that cast.

use std::fmt::Write as _;

use super::plain::OPEN_RIGHT;
use crate::error::{Error, ErrorKind};

/// Appends the schema name of a type that is stored as its memory, alone or in a slice. Numbers in it are in the order
/// of the machine unless its fields say otherwise, and such fields are not aligned.
pub(super) fn name<T>(shape: &str, out: &mut String) {
    let order = match align_of::<T>() {
        1 => "",
        _ if cfg!(target_endian = "big") => ",be",
        _ => ",le",
    };
    write!(out, "{shape}[{},{}{order}]", size_of::<T>(), align_of::<T>()).expect("writing to a String cannot fail");
}

#[cold]
pub(super) fn wrong_size<T>(found: usize) -> Error {
    let message = format!("the stored value has {found} bytes, and the type has {}; {OPEN_RIGHT}", size_of::<T>());
    Error::new(ErrorKind::Decode, message)
}

#[cold]
pub(super) fn no_whole_number<T>(found: usize) -> Error {
    let size = size_of::<T>();
    let message = format!("the stored value has {found} bytes, no whole number of elements of {size}; {OPEN_RIGHT}");
    Error::new(ErrorKind::Decode, message)
}

#[cold]
pub(super) fn not_valid() -> Error {
    let message = format!("the stored value has bytes that are not valid in the type; {OPEN_RIGHT}");
    Error::new(ErrorKind::Decode, message)
}

/// Implements `Value` and `AsValue` for a marker type around a type that is stored as its memory: one of it, and a
/// slice.
///
/// `bytes` and `slice_bytes` give the memory, `read` copies one from a slice of its size, and `cast` borrows a slice of
/// whole elements: `None` if it is not aligned.
macro_rules! memory_value {
    ($one:ident, $many:ident, [$($bound:tt)+], $bytes:path, $slice_bytes:path, $read:path, $cast:path) => {
        impl<T: $($bound)+> Value for $one<T> {
            type Arg<'a> = &'a T;
            type Ref<'a> = T;
            type Owned = T;

            fn name(out: &mut String) {
                name::<T>("pod", out);
            }

            fn encode<'b>(value: &'b &T, _: &Context<'_>, _: &'b mut Vec<u8>) -> Result<&'b [u8]> {
                checked($bytes(*value))
            }

            fn decode(bytes: &[u8], _: &Context<'_>) -> Result<T> {
                if bytes.len() != size_of::<T>() {
                    return Err(wrong_size::<T>(bytes.len()));
                }
                $read(bytes).ok_or_else(not_valid)
            }

            fn own(value: T) -> T {
                value
            }

            fn as_arg(owned: &T) -> &T {
                owned
            }
        }

        impl<T: $($bound)+> AsValue<$one<T>> for T {
            fn encode_value<'b>(&'b self, _: &Context<'_>, _: &'b mut Vec<u8>) -> Result<&'b [u8]> {
                checked($bytes(self))
            }
        }

        impl<T: $($bound)+ + Clone> Value for $many<T> {
            type Arg<'a> = &'a [T];
            type Ref<'a> = Cow<'a, [T]>;
            type Owned = Vec<T>;

            fn name(out: &mut String) {
                const { assert!(size_of::<T>() > 0, "elements without bytes cannot be counted") };
                name::<T>("pods", out);
            }

            fn encode<'b>(value: &'b &[T], _: &Context<'_>, _: &'b mut Vec<u8>) -> Result<&'b [u8]> {
                checked($slice_bytes(*value))
            }

            fn decode<'a>(bytes: &'a [u8], _: &Context<'_>) -> Result<Cow<'a, [T]>> {
                if !bytes.len().is_multiple_of(size_of::<T>()) {
                    return Err(no_whole_number::<T>(bytes.len()));
                }
                if let Some(all) = $cast(bytes) {
                    return all.map(Cow::Borrowed);
                }
                let each = bytes.chunks_exact(size_of::<T>()).map(|one| $read(one).ok_or_else(not_valid));
                each.collect::<Result<_>>().map(Cow::Owned)
            }

            fn own(value: Cow<'_, [T]>) -> Vec<T> {
                value.into_owned()
            }

            fn as_arg(owned: &Vec<T>) -> &[T] {
                owned
            }
        }

        impl<T: $($bound)+ + Clone> AsValue<$many<T>> for Vec<T> {
            fn encode_value<'b>(&'b self, _: &Context<'_>, _: &'b mut Vec<u8>) -> Result<&'b [u8]> {
                checked($slice_bytes(&self[..]))
            }
        }

        impl<T: $($bound)+ + Clone> AsValue<$many<T>> for &Vec<T> {
            fn encode_value<'b>(&'b self, _: &Context<'_>, _: &'b mut Vec<u8>) -> Result<&'b [u8]> {
                checked($slice_bytes(&self[..]))
            }
        }
    };
}

pub(super) use memory_value;
