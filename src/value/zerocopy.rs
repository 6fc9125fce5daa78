//! `Zerocopy<T>` and `ZerocopySlice<T>`: the memory of types that have the traits of the crate `zerocopy`.

use std::borrow::Cow;
use std::marker::PhantomData;

use zerocopy::error::ConvertError;
use zerocopy::{Immutable, IntoBytes, KnownLayout, TryFromBytes};

use super::limit::checked;
use super::memory::{memory_value, name, no_whole_number, not_valid, wrong_size};
use super::traits::{AsValue, Context, Value};
use crate::error::Result;

/// A struct, stored as its memory. It is read by a copy of its bytes, so from any address. Feature `zerocopy`.
///
/// Like `Msgpack<T>` it is only a marker in types: you pass a `&T` and read a `T`. For `T` derive `TryFromBytes` (or
/// `FromBytes`), `IntoBytes`, `Immutable` and `KnownLayout` of the crate `zerocopy`.
///
/// The schema name is `pod[size,alignment,le]`, with `be` on a big-endian machine: a DBI of another layout, or of a
/// machine with the other order of bytes, does not open. It does not tell two structs of one size and alignment apart.
/// A struct that is to be read on any machine has fields of `zerocopy::little_endian`, which have no alignment; its
/// name is `pod[size,1]`. A number in a packed struct has no alignment either, and is in the order of the machine all
/// the same: do not store such a struct.
///
/// ```
/// use mapleaf::value::Zerocopy;
/// use mapleaf::{Dbi, Env};
/// use zerocopy::little_endian::{F32, U64};
/// use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
///
/// #[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
/// #[repr(C)]
/// struct Reading { time: U64, celsius: F32 }
///
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let readings: Dbi<u64, Zerocopy<Reading>> = env.dbi("readings")?;
/// let reading = Reading { time: 1_700_000_000.into(), celsius: 21.5.into() };
/// env.transact(|txn| readings.put(txn, 1, &reading))?;
/// let found = readings.get(&env.snapshot()?, 1)?.map(|reading| reading.celsius.get());
/// assert_eq!(found, Some(21.5));
/// # Ok(())
/// # }
/// ```
pub struct Zerocopy<T>(PhantomData<fn() -> T>);

/// Many structs or numbers, stored as their memory. Feature `zerocopy`.
///
/// You pass a `&[T]` and read a `Cow<[T]>`: borrowed from the file where the value is aligned for `T`, else copied. In
/// the file that is so for each value that has pages of its own, with an alignment of up to 16: one that has, with its
/// key, more than 2,030 bytes if pages have 4 KiB. It is so for every value if `T` has no alignment, as types of
/// `zerocopy::little_endian`. A value that a transaction has not committed yet may lie anywhere.
///
/// The schema name is that of [`Zerocopy`] with `pods` for `pod`.
///
/// ```
/// use std::borrow::Cow;
///
/// use mapleaf::value::ZerocopySlice;
/// use mapleaf::{Dbi, Env};
///
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let vectors: Dbi<u64, ZerocopySlice<f32>> = env.dbi("vectors")?;
/// env.transact(|txn| vectors.put(txn, 1, &[0.5; 768]))?;
/// let snap = env.snapshot()?;
/// let vector = vectors.get(&snap, 1)?.expect("it was put");
/// assert_eq!(vector.iter().sum::<f32>(), 384.0);
/// assert!(matches!(vector, Cow::Borrowed(_)));
/// # Ok(())
/// # }
/// ```
pub struct ZerocopySlice<T>(PhantomData<fn() -> T>);

memory_value!(
    Zerocopy,
    ZerocopySlice,
    [TryFromBytes + IntoBytes + Immutable + KnownLayout + 'static],
    IntoBytes::as_bytes,
    IntoBytes::as_bytes,
    read,
    cast
);

fn read<T: TryFromBytes>(bytes: &[u8]) -> Option<T> {
    T::try_read_from_bytes(bytes).ok()
}

/// The bytes as a slice of `T`, without a copy; `None` if the bytes are not aligned, an error if they are not valid.
fn cast<T: TryFromBytes + Immutable>(bytes: &[u8]) -> Option<Result<&[T]>> {
    match <[T]>::try_ref_from_bytes(bytes) {
        Ok(all) => Some(Ok(all)),
        Err(ConvertError::Alignment(_)) => None,
        Err(ConvertError::Size(_) | ConvertError::Validity(_)) => Some(Err(not_valid())),
    }
}
