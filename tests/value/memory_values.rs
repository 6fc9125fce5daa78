//! Values that are the memory of a type: any bytes are a value or a `Decode` error, at any address, and a slice is borrowed
//! wherever it is aligned.

use std::borrow::Cow;
use std::fmt::Debug;

use crate::value_support::{context, decode, encode, name, refused};
use mapleaf::value::{Pod, PodSlice, Zerocopy, ZerocopySlice};
use mapleaf::{Dbi, Env, Error, ErrorKind, Result, Value};
use proptest::collection::vec;
use proptest::prelude::*;

/// Without padding; the alignment is that of the `u64`.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    bytemuck::Pod,
    bytemuck::Zeroable,
    zerocopy::FromBytes,
    zerocopy::IntoBytes,
    zerocopy::Immutable,
    zerocopy::KnownLayout,
)]
#[repr(C)]
struct Point {
    id: u64,
    x: f32,
    y: f32,
}

/// Not all of its bytes are valid.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    bytemuck::CheckedBitPattern,
    bytemuck::NoUninit,
    zerocopy::TryFromBytes,
    zerocopy::IntoBytes,
    zerocopy::Immutable,
    zerocopy::KnownLayout,
)]
#[repr(C)]
struct Flags {
    level: Level,
    on: bool,
    number: u16,
}

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    bytemuck::CheckedBitPattern,
    bytemuck::NoUninit,
    zerocopy::TryFromBytes,
    zerocopy::IntoBytes,
    zerocopy::Immutable,
    zerocopy::KnownLayout,
)]
#[repr(u8)]
enum Level {
    Low = 1,
    High = 2,
}

/// The same on every machine.
#[derive(
    Clone, Copy, Debug, PartialEq, zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::Immutable, zerocopy::KnownLayout,
)]
#[repr(C)]
struct Portable {
    id: zerocopy::little_endian::U64,
    x: zerocopy::little_endian::F32,
}

const ORDER: &str = if cfg!(target_endian = "big") { "be" } else { "le" };

#[test]
fn names_tell_size_alignment_and_order() {
    assert_eq!(name::<Zerocopy<Point>>(), format!("pod[16,8,{ORDER}]"));
    assert_eq!(name::<Pod<Point>>(), format!("pod[16,8,{ORDER}]"));
    assert_eq!(name::<ZerocopySlice<Flags>>(), format!("pods[4,2,{ORDER}]"));
    assert_eq!(name::<PodSlice<f32>>(), format!("pods[4,4,{ORDER}]"));
    assert_eq!(name::<Zerocopy<Portable>>(), "pod[12,1]");
    assert_eq!(name::<PodSlice<[u8; 3]>>(), "pods[3,1]");
}

#[test]
fn the_bytes_of_portable_values_are_frozen() -> Result<()> {
    let portable = Portable { id: 0x0102_0304.into(), x: 1.0.into() };
    assert_eq!(encode::<Zerocopy<Portable>>(&&portable)?, b"\x04\x03\x02\x01\0\0\0\0\0\0\x80\x3F");
    assert_eq!(encode::<PodSlice<[u8; 2]>>(&&[[1, 2], [3, 4]][..])?, [1, 2, 3, 4]);
    Ok(())
}

#[test]
fn another_layout_is_another_schema() -> Result<()> {
    let env = Env::temporary()?;
    env.dbi::<u8, Zerocopy<Point>>("points")?;
    env.dbi::<u8, Pod<Point>>("points")?;
    for refused in [
        env.dbi::<u8, Zerocopy<Flags>>("points").map(drop),
        env.dbi::<u8, Zerocopy<[u64; 3]>>("points").map(drop),
        env.dbi::<u8, Zerocopy<[u32; 4]>>("points").map(drop),
        env.dbi::<u8, ZerocopySlice<Point>>("points").map(drop),
        env.dbi::<u8, [u8; 16]>("points").map(drop),
    ] {
        assert_eq!(refused.map_err(|error| error.kind()), Err(ErrorKind::SchemaMismatch));
    }
    Ok(())
}

/// The same results by both crates, as debug output: one value, and a slice.
fn both<Z: Value, P: Value>(bytes: &[u8]) -> [Result<String, Error>; 2]
where
    Z::Owned: Debug,
    P::Owned: Debug,
{
    [decode::<Z>(bytes).map(|value| format!("{value:?}")), decode::<P>(bytes).map(|value| format!("{value:?}"))]
}

fn agree(results: [Result<String, Error>; 2], valid: Option<&str>) {
    let [ours, theirs] = results.map(|result| result.map_err(|error| (error.kind(), error.to_string())));
    assert_eq!(ours, theirs);
    match (ours, valid) {
        (Ok(found), Some(valid)) => assert_eq!(found, valid),
        (Ok(found), None) => panic!("{found} of bytes that are not valid"),
        (Err((kind, why)), None) => assert!(kind == ErrorKind::Decode && why.contains("stored value"), "{why}"),
        (Err((_, why)), Some(_)) => panic!("{why}"),
    }
}

fn flags(bytes: &[u8]) -> Option<Flags> {
    let &[level, on, low, high] = bytes else { return None };
    let level = [None, Some(Level::Low), Some(Level::High)].get(usize::from(level)).copied().flatten()?;
    Some(Flags {
        level,
        on: [Some(false), Some(true)].get(usize::from(on)).copied().flatten()?,
        number: u16::from_ne_bytes([low, high]),
    })
}

proptest! {
    #[test]
    fn any_bytes_at_any_address_are_a_value_or_a_decode_error(
        bytes in prop_oneof![vec(any::<u8>(), 0..80), vec(0..3_u8, 0..80)],
        at in 0..16_usize,
    ) {
        let moved = [vec![0; at], bytes.clone()].concat();
        let bytes = &moved[at..];
        let of_point = |one: &[u8]| Point {
            id: u64::from_ne_bytes(one[..8].try_into().expect("8 bytes")),
            x: f32::from_ne_bytes(one[8..12].try_into().expect("4 bytes")),
            y: f32::from_ne_bytes(one[12..16].try_into().expect("4 bytes")),
        };
        let whole = |size: usize| bytes.len().is_multiple_of(size);
        let point = (bytes.len() == 16).then(|| format!("{:?}", of_point(bytes)));
        agree(both::<Zerocopy<Point>, Pod<Point>>(bytes), point.as_deref());
        let points = whole(16).then(|| format!("{:?}", bytes.chunks(16).map(of_point).collect::<Vec<_>>()));
        agree(both::<ZerocopySlice<Point>, PodSlice<Point>>(bytes), points.as_deref());
        agree(both::<Zerocopy<Flags>, Pod<Flags>>(bytes), flags(bytes).map(|flags| format!("{flags:?}")).as_deref());
        let all = if whole(4) { bytes.chunks(4).map(flags).collect::<Option<Vec<_>>>() } else { None };
        let all = all.map(|all| format!("{all:?}"));
        agree(both::<ZerocopySlice<Flags>, PodSlice<Flags>>(bytes), all.as_deref());
    }

    #[test]
    fn values_read_back(points in vec((any::<u64>(), -1e9..1e9_f32, -1e9..1e9_f32), 0..40)) {
        let points: Vec<_> = points.into_iter().map(|(id, x, y)| Point { id, x, y }).collect();
        for point in &points {
            prop_assert_eq!(decode::<Zerocopy<Point>>(&encode::<Pod<Point>>(&point)?)?, *point);
        }
        let bytes = encode::<ZerocopySlice<Point>>(&&points[..])?;
        prop_assert_eq!(&decode::<PodSlice<Point>>(&bytes)?, &points);
    }
}

/// How the slice came: borrowed or copied.
fn is_borrowed<V>(bytes: &[u8]) -> bool
where
    V: for<'a> Value<Ref<'a> = Cow<'a, [f64]>>,
{
    matches!(V::decode(bytes, &context()), Ok(Cow::Borrowed(_)))
}

#[test]
fn slices_are_borrowed_if_and_only_if_they_are_aligned() -> Result<()> {
    let bytes = [0; 8 * 20 + 16];
    for at in 0..16 {
        let part = &bytes[at..at + 160];
        let aligned = part.as_ptr().addr().is_multiple_of(align_of::<f64>());
        assert_eq!(is_borrowed::<ZerocopySlice<f64>>(part), aligned, "{at}");
        assert_eq!(is_borrowed::<PodSlice<f64>>(part), aligned, "{at}");
        assert!(matches!(ZerocopySlice::<[u8; 4]>::decode(part, &context())?, Cow::Borrowed(_)));
    }
    Ok(())
}

/// What the documentation of the types promises of the file, for keys of any length.
#[test]
fn values_with_pages_of_their_own_are_borrowed() -> Result<()> {
    let env = Env::temporary()?;
    let vectors: Dbi<&str, ZerocopySlice<u128>> = env.dbi("vectors")?;
    let keys: Vec<_> = (1..200).map(|len| "k".repeat(len)).collect();
    let least = (2030 / 16) + 1;
    env.transact(|txn| {
        for (key, more) in keys.iter().zip(0..) {
            vectors.put(txn, key, &vec![u128::MAX - more; least + usize::try_from(more).expect("small")])?;
        }
        Ok(())
    })?;
    let snap = env.snapshot()?;
    for (key, more) in keys.iter().zip(0..) {
        let found = vectors.get(&snap, key)?.expect("it was put");
        assert!(matches!(found, Cow::Borrowed(_)), "key of {} bytes", key.len());
        assert!(found.iter().all(|number| *number == u128::MAX - more));
    }
    Ok(())
}

#[test]
fn owned_rows_are_loaded() -> Result<()> {
    let env = Env::temporary()?;
    let points: Dbi<u64, Zerocopy<Point>> = env.dbi("points")?;
    let vectors: Dbi<u64, PodSlice<f32>> = env.dbi("vectors")?;
    let point = |id| Point { id, x: 0.0, y: 1.0 };
    env.transact(|txn| {
        points.load(txn, (0..10).map(|id| (id, point(id))))?;
        points.load(txn, [(10, &point(10))])?;
        vectors.load(txn, (0..10_u8).map(|n| (u64::from(n), vec![f32::from(n); 5])))?;
        vectors.load(txn, [(10, &[1.5_f32][..])])
    })?;
    let snap = env.snapshot()?;
    assert!(points.values(&snap)?.collect::<Result<Vec<_>>>()?.into_iter().eq((0..11).map(point)));
    assert_eq!(vectors.get(&snap, 10)?.as_deref(), Some(&[1.5][..]));
    Ok(())
}

#[test]
fn errors_name_the_sizes() {
    let why = refused(decode::<Zerocopy<Point>>(&[0; 15]), ErrorKind::Decode);
    assert!(why.contains("15 bytes") && why.contains("16"), "{why}");
    let why = refused(decode::<PodSlice<Point>>(&[0; 33]), ErrorKind::Decode);
    assert!(why.contains("33 bytes") && why.contains("16"), "{why}");
}
