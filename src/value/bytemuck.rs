//! `Pod<T>` and `PodSlice<T>`: the memory of types that have the traits of the crate `bytemuck`.

use std::borrow::Cow;
use std::marker::PhantomData;

use bytemuck::checked::{CheckedCastError, try_cast_slice, try_pod_read_unaligned};
use bytemuck::{CheckedBitPattern, NoUninit, PodCastError};

use super::limit::checked;
use super::memory::{memory_value, name, no_whole_number, not_valid, wrong_size};
use super::traits::{AsValue, Context, Value};
use crate::error::Result;

/// A struct, stored as its memory. It is read by a copy of its bytes, so from any address. Feature `bytemuck`.
///
/// Like `Msgpack<T>` it is only a marker in types: you pass a `&T` and read a `T`. For `T` derive `Pod` and `Zeroable`
/// of the crate `bytemuck`, or `CheckedBitPattern` and `NoUninit`, if some bytes are not valid in it.
///
/// The schema name is `pod[size,alignment,le]`, with `be` on a big-endian machine: a DBI of another layout, or of a
/// machine with the other order of bytes, does not open. It does not tell two structs of one size and alignment apart.
/// A struct that is to be read on any machine has arrays of bytes for numbers, such as `[u8; 8]` and
/// [`u64::from_le_bytes`], or is a `Zerocopy` value. A number in a packed struct has no alignment, and is in the order
/// of the machine all the same: do not store such a struct.
///
/// ```
/// use bytemuck::{Pod, Zeroable};
/// use mapleaf::{Dbi, Env, value};
///
/// #[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
/// #[repr(C)]
/// struct Point { x: f64, y: f64 }
///
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let points: Dbi<u64, value::Pod<Point>> = env.dbi("points")?;
/// env.transact(|txn| points.put(txn, 1, &Point { x: 0.5, y: -1.0 }))?;
/// assert_eq!(points.get(&env.snapshot()?, 1)?, Some(Point { x: 0.5, y: -1.0 }));
/// # Ok(())
/// # }
/// ```
pub struct Pod<T>(PhantomData<fn() -> T>);

/// Many structs or numbers, stored as their memory. Feature `bytemuck`.
///
/// You pass a `&[T]` and read a `Cow<[T]>`: borrowed from the file where the value is aligned for `T`, else copied. In
/// the file that is so for each value that has pages of its own, with an alignment of up to 16: one that has, with its
/// key, more than 2,030 bytes if pages have 4 KiB. It is so for every value if `T` has no alignment, as arrays of
/// bytes. A value that a transaction has not committed yet may lie anywhere.
///
/// The schema name is that of [`Pod`] with `pods` for `pod`.
///
/// ```
/// use std::borrow::Cow;
///
/// use mapleaf::value::PodSlice;
/// use mapleaf::{Dbi, Env};
///
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let vectors: Dbi<u64, PodSlice<f32>> = env.dbi("vectors")?;
/// env.transact(|txn| vectors.put(txn, 1, &[0.5; 768]))?;
/// let snap = env.snapshot()?;
/// let vector = vectors.get(&snap, 1)?.expect("it was put");
/// assert_eq!(vector.iter().sum::<f32>(), 384.0);
/// assert!(matches!(vector, Cow::Borrowed(_)));
/// # Ok(())
/// # }
/// ```
pub struct PodSlice<T>(PhantomData<fn() -> T>);

memory_value!(Pod, PodSlice, [CheckedBitPattern + NoUninit], bytemuck::bytes_of, bytemuck::cast_slice, read, cast);

fn read<T: CheckedBitPattern>(bytes: &[u8]) -> Option<T> {
    try_pod_read_unaligned(bytes).ok()
}

/// The bytes as a slice of `T`, without a copy; `None` if the bytes are not aligned, an error if they are not valid.
fn cast<T: CheckedBitPattern>(bytes: &[u8]) -> Option<Result<&[T]>> {
    match try_cast_slice(bytes) {
        Ok(all) => Some(Ok(all)),
        Err(CheckedCastError::PodCastError(PodCastError::TargetAlignmentGreaterAndInputNotAligned)) => None,
        Err(_) => Some(Err(not_valid())),
    }
}
