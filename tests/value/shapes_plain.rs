//! Shapes of scalars, text, tuples, arrays, and types of the standard library.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::ffi::{CString, OsString};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::num::{NonZeroI16, NonZeroU64, Wrapping};
use std::ops::{Bound, Range, RangeInclusive};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::shapes_table::{Row, row};

/// A float that is compared bit for bit.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Bits(pub(crate) f64);

impl PartialEq for Bits {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Bits32(f32);

impl PartialEq for Bits32 {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Empty {}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Newtype(u64);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Pair(u8, String);

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = scalars();
    rows.extend(groups());
    rows.extend(standard());
    rows
}

fn scalars() -> Vec<Row> {
    vec![
        row(
            "integers to 64 bits",
            "MCJ",
            (u8::MAX, u16::MAX, u32::MAX, u64::MAX, i8::MIN, i16::MIN, i32::MIN, i64::MIN),
        ),
        row("f32", "MCJ", Bits32(1e-45)),
        row("f32 NaN with a payload", "MC-", Bits32(f32::from_bits(0xFFC0_1234))),
        row("f64", "MCJ", Bits(0.1 + 0.2)),
        row("f64 minus zero", "MCJ", Bits(-0.0)),
        row("f64 infinity", "MC-", Bits(f64::NEG_INFINITY)),
        row("f64 NaN with a payload", "MC-", Bits(f64::from_bits(0x7FF8_0000_0000_1234))),
        row("unit", "MCJ", ()),
        row(
            "integers of 128 bits",
            "MCJ",
            ([0, 7, u128::from(u64::MAX) + 1, u128::MAX], [0, -7, i128::MIN, i128::MAX]),
        ),
        row("bool and char", "MCJ", (true, '\u{10FFFF}')),
        row("borrowed or boxed text", "MCJ", (Cow::<'static, str>::Owned("text".into()), Box::<str>::from("text"))),
        row("String", "MCJ", String::from("\0 \"quoted\" \u{2028} é")),
    ]
}

fn groups() -> Vec<Row> {
    vec![
        row("structs without names", "MCJ", (Unit, Empty {}, Newtype(5), Pair(1, "a".into()), vec![Unit, Unit])),
        row("tuples and arrays", "MCJ", ((1_u8,), (1_u8, -1_i64, (true, ())), [0_u8; 0], [[1_u16, 2], [3, 4]])),
        row("vectors", "MCJ", (vec![vec![], vec![1_u8], vec![1, 2]], vec![(), ()])),
        row(
            "sequences",
            "MCJ",
            (
                VecDeque::from([1_u8, 2, 3]),
                BTreeSet::from(["a".to_string(), "b".into()]),
                Box::from([1_u64, 2]) as Box<[u64]>,
            ),
        ),
        row("HashSet", "MCJ", (0..100).collect::<HashSet<u32>>()),
    ]
}

fn standard() -> Vec<Row> {
    let path = PathBuf::from("/tmp/a b");
    vec![
        row("SystemTime", "MCJ", SystemTime::UNIX_EPOCH + Duration::new(1, 2)),
        row("SystemTime before 1970", "---", SystemTime::UNIX_EPOCH - Duration::from_secs(1)),
        row("IPv4 address", "MCJ", IpAddr::from([127, 0, 0, 1])),
        row("PathBuf", "MCJ", path.clone()),
        row("PathBuf that is not text", "---", not_text()),
        row("ranges", "MCJ", (Range { start: 1_u8, end: 9 }, RangeInclusive::new(-1_i8, 9))),
        row("addresses", "MCJ", (IpAddr::from(Ipv6Addr::LOCALHOST), SocketAddr::from(([1, 2, 3, 4], 80)))),
        row("IPv6 socket address", "MCJ", (v6(0), SocketAddr::V6(v6(0)))),
        row("IPv6 socket address with a scope", "--J", v6(5)),
        row("SocketAddr with a scope", "--J", SocketAddr::V6(v6(6))),
        row("SocketAddr with a scope, in a vector", "--J", vec![SocketAddr::V6(v6(0)), SocketAddr::V6(v6(7))]),
        row("texts of the system", "MCJ", (OsString::from(path), CString::new("abc").expect("it has no NUL"))),
        row("results", "MCJ", (vec![Ok(1_u8), Err("no".to_string())], Ok::<(), u8>(()))),
        row("times", "MCJ", (Duration::new(5, 999_999_999), SystemTime::UNIX_EPOCH)),
        row("Bound", "MCJ", vec![Bound::Unbounded, Bound::Included(1_u8), Bound::Excluded(2)]),
        row("wrapped numbers", "MCJ", (NonZeroU64::MAX, NonZeroI16::MIN, Wrapping(u32::MAX), Cell::new(1_u8))),
        row("PhantomData", "MCJ", PhantomData::<String>),
    ]
}

fn v6(scope: u32) -> SocketAddrV6 {
    SocketAddrV6::new(Ipv6Addr::LOCALHOST, 80, 0, scope)
}

#[cfg(unix)]
fn not_text() -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    PathBuf::from(OsString::from_vec(vec![b'a', 0xFF]))
}
