//! The header of a record: 64 bytes before its metadata and its value.

use crate::error::{Error, ErrorKind, Result};
use crate::store::records::token::Token;

/// The length of a header without a lease id.
pub(crate) const HEADER: usize = 64;
/// The length of a lease id, which follows the header of a record that is bound to a lease.
const LEASE: usize = 8;
/// Where the backend fills the id of the commit, and where its incarnation.
pub(crate) const COMMIT_AT: usize = 16;
pub(crate) const INCARNATION_AT: usize = 24;
/// The deadline of a record that never expires.
pub(crate) const NEVER: u64 = u64::MAX;

const FORMAT_VERSION: u8 = 1;
const LEASED: u8 = 1;
/// The first eight bytes of nearly all records: version 1, a value, no codecs of its own, no flags.
const PLAIN: [u8; 8] = [FORMAT_VERSION, 0, 0, 0, 0, 0, 0, 0];
const EXPIRES_AT: usize = 56;

/// The fields of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The lease that it is bound to.
    pub lease: Option<u64>,
    /// The length of the metadata.
    pub meta_len: u32,
    /// The index of the change in its commit.
    pub index: u32,
    pub commit: u64,
    pub incarnation: u64,
    pub version: u64,
    pub created: u64,
    pub modified: u64,
    /// [`NEVER`], or from when on the record counts as absent.
    pub expires: u64,
}

impl Header {
    /// Writes its bytes over the first bytes of `record`, [`len`](Self::len) of them.
    pub fn write(&self, record: &mut [u8]) {
        let mut bytes = [0; HEADER + LEASE];
        bytes[0] = FORMAT_VERSION;
        bytes[5] = if self.lease.is_some() { LEASED } else { 0 };
        bytes[8..12].copy_from_slice(&self.meta_len.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.index.to_be_bytes());
        let lease = self.lease.unwrap_or_default();
        let numbers = [self.commit, self.incarnation, self.version, self.created, self.modified, self.expires, lease];
        for (field, number) in bytes[COMMIT_AT..].chunks_exact_mut(8).zip(numbers) {
            field.copy_from_slice(&number.to_be_bytes());
        }
        let len = self.len().min(record.len());
        record[..len].copy_from_slice(&bytes[..len]);
    }

    /// The header of a record. The record is as long as the header says, or longer.
    pub fn decode(record: &[u8]) -> Result<Self> {
        let fixed = fixed(record)?;
        let is_leased = check_ids(fixed)?;
        let lease = if is_leased { Some(number(record, HEADER).ok_or_else(short)?) } else { None };
        let header = Self {
            lease,
            meta_len: half(fixed, 8),
            index: half(fixed, 12),
            commit: whole(fixed, COMMIT_AT),
            incarnation: whole(fixed, INCARNATION_AT),
            version: whole(fixed, 32),
            created: whole(fixed, 40),
            modified: whole(fixed, 48),
            expires: whole(fixed, EXPIRES_AT),
        };
        if header.version == 0 {
            return Err(damaged("the version of a record is 0"));
        }
        if record.len() < header.value_at() {
            return Err(short());
        }
        Ok(header)
    }

    /// The length of its bytes.
    pub fn len(&self) -> usize {
        HEADER + if self.lease.is_some() { LEASE } else { 0 }
    }

    /// Where the value begins.
    pub fn value_at(&self) -> usize {
        self.len() + self.meta_len as usize
    }

    /// The token of the record.
    pub fn token(&self) -> Token {
        Token::of(self.incarnation, self.commit, self.index)
    }
}

/// The parts of a record that was not decoded: when it expires, and its value. For reads of the value alone.
pub(crate) struct Parts<'r> {
    pub expires: u64,
    pub value: &'r [u8],
}

impl<'r> Parts<'r> {
    /// Checks what decides where the value lies and how it is read, and nothing else.
    #[inline]
    pub fn of(record: &'r [u8]) -> Result<Self> {
        let fixed = fixed(record)?;
        let is_leased = fixed[..8] != PLAIN && check_ids(fixed)?;
        let value_at = HEADER + if is_leased { LEASE } else { 0 } + half(fixed, 8) as usize;
        Ok(Self { expires: whole(fixed, EXPIRES_AT), value: record.get(value_at..).ok_or_else(short)? })
    }
}

#[inline]
fn fixed(record: &[u8]) -> Result<&[u8; HEADER]> {
    match record.first_chunk() {
        Some(fixed) => Ok(fixed),
        // A newer version may have a shorter header.
        None if record.first().is_some_and(|version| *version != FORMAT_VERSION) => Err(version_of(record)),
        None => Err(short()),
    }
}

/// Checks the first eight bytes, and returns whether a lease id follows the header.
fn check_ids(fixed: &[u8; HEADER]) -> Result<bool> {
    let [version, kind, codec, compression, cipher, flags, zero, zeros, ..] = *fixed;
    if version != FORMAT_VERSION {
        return Err(version_of(fixed));
    }
    for (id, what) in [(kind, "kind"), (codec, "value codec"), (compression, "compression"), (cipher, "cipher")] {
        if id != 0 {
            let why = format!("a record has the {what} {id}, which this build does not know; update mapleaf");
            return Err(Error::new(ErrorKind::Unsupported, why));
        }
    }
    if flags & !LEASED != 0 {
        let why = format!("a record has the flags {flags:#04x}, which this build does not know; update mapleaf");
        return Err(Error::new(ErrorKind::FormatVersion, why));
    }
    if zero != 0 || zeros != 0 {
        return Err(damaged("a byte of a record that must be zero is not"));
    }
    Ok(flags == LEASED)
}

#[inline]
fn half(fixed: &[u8; HEADER], at: usize) -> u32 {
    fixed[at..].first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

#[inline]
fn whole(fixed: &[u8; HEADER], at: usize) -> u64 {
    number(fixed, at).unwrap_or_default()
}

#[inline]
fn number(record: &[u8], at: usize) -> Option<u64> {
    record.get(at..)?.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

#[cold]
fn version_of(record: &[u8]) -> Error {
    let version = record.first().copied().unwrap_or_default();
    if version == 0 {
        return damaged("the format version of a record is 0");
    }
    let why = format!("a record has the format version {version}, and this build reads version 1; update mapleaf");
    Error::new(ErrorKind::FormatVersion, why)
}

#[cold]
fn short() -> Error {
    damaged("a record is shorter than its header says")
}

#[cold]
pub(crate) fn damaged(why: &'static str) -> Error {
    Error::new(ErrorKind::Corrupted, format!("a store is damaged: {why}; restore it from a copy"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAIN_HEADER: Header = Header {
        lease: None,
        meta_len: 2,
        index: 0x0102_0304,
        commit: 7,
        incarnation: 0xA1A2_A3A4_A5A6_A7A8,
        version: 3,
        created: 1_700_000_000_000_000_000,
        modified: 1_700_000_000_000_000_001,
        expires: NEVER,
    };

    const GOLDEN: [u8; HEADER] = [
        1, 0, 0, 0, 0, 0, 0, 0, // format version, kind, codecs, flags, zeros
        0, 0, 0, 2, // length of the metadata
        1, 2, 3, 4, // index
        0, 0, 0, 0, 0, 0, 0, 7, // commit
        0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, // incarnation
        0, 0, 0, 0, 0, 0, 0, 3, // version
        0x17, 0x97, 0x9C, 0xFE, 0x36, 0x2A, 0, 0, // created
        0x17, 0x97, 0x9C, 0xFE, 0x36, 0x2A, 0, 1, // modified
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, // expires: never
    ];

    /// The header's bytes, with as much after them as it says.
    fn record(header: &Header, value: &[u8]) -> Vec<u8> {
        let mut record = vec![0xEE; header.value_at()];
        header.write(&mut record);
        record.extend_from_slice(value);
        record
    }

    fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
        result.err().map(|error| error.kind())
    }

    #[test]
    fn the_bytes_are_frozen() {
        let mut record = record(&PLAIN_HEADER, b"value");
        assert_eq!(record[..HEADER], GOLDEN);
        assert_eq!(record[HEADER..], *b"\xEE\xEEvalue");
        assert_eq!(Header::decode(&record).ok(), Some(PLAIN_HEADER));
        let leased = Header { lease: Some(0x1112_1314_1516_1718), meta_len: 0, ..PLAIN_HEADER };
        record = super::tests::record(&leased, b"value");
        assert_eq!((record[5], &record[8..12]), (1, &[0; 4][..]));
        assert_eq!(record[HEADER..], *b"\x11\x12\x13\x14\x15\x16\x17\x18value");
        assert_eq!(Header::decode(&record).ok(), Some(leased));
    }

    #[test]
    fn each_byte_that_decides_how_to_read_is_checked() {
        let with = |at: usize, byte: u8| {
            let mut record = record(&PLAIN_HEADER, b"value");
            record[at] = byte;
            (kind(Header::decode(&record)), kind(Parts::of(&record)))
        };
        let both = |kind| (Some(kind), Some(kind));
        assert_eq!(with(0, 2), both(ErrorKind::FormatVersion));
        assert_eq!(with(0, 255), both(ErrorKind::FormatVersion));
        assert_eq!(with(0, 0), both(ErrorKind::Corrupted));
        for id in 1..5 {
            assert_eq!(with(id, 1), both(ErrorKind::Unsupported), "byte {id}");
        }
        assert_eq!(with(5, 2), both(ErrorKind::FormatVersion));
        assert_eq!(with(5, 0x81), both(ErrorKind::FormatVersion));
        assert_eq!(with(6, 1), both(ErrorKind::Corrupted));
        assert_eq!(with(7, 1), both(ErrorKind::Corrupted));
        // The metadata would end behind the record.
        assert_eq!(with(8, 1), both(ErrorKind::Corrupted));
        assert_eq!(with(39, 0), (Some(ErrorKind::Corrupted), None));
    }

    #[test]
    fn no_truncation_is_read_past_its_end() {
        let leased = Header { lease: Some(1), ..PLAIN_HEADER };
        for header in [PLAIN_HEADER, leased] {
            let record = record(&header, b"");
            for len in 0..record.len() {
                assert_eq!(kind(Header::decode(&record[..len])), Some(ErrorKind::Corrupted), "{len}");
                assert_eq!(kind(Parts::of(&record[..len])), Some(ErrorKind::Corrupted), "{len}");
            }
            assert_eq!(Parts::of(&record).map(|parts| parts.value.len()).ok(), Some(0));
        }
        // A newer version may be shorter.
        assert_eq!(kind(Header::decode(&[2, 0])), Some(ErrorKind::FormatVersion));
        assert_eq!(kind(Header::decode(&[])), Some(ErrorKind::Corrupted));
    }

    prop_compose! {
        /// Bytes that often are a record: a good one with a few bytes changed, and cut somewhere.
        fn nearly_records()(
            lease in any::<Option<u64>>(),
            numbers in any::<[u64; 6]>(),
            (meta_len, index) in (0..40_u32, any::<u32>()),
            value in proptest::collection::vec(any::<u8>(), 0..40),
            changes in proptest::collection::vec((0..90_usize, any::<u8>()), 0..3),
            cut in prop_oneof![4 => Just(usize::MAX), 1 => 0..100_usize],
        ) -> Vec<u8> {
            let [commit, incarnation, version, created, modified, expires] = numbers;
            let header = Header { lease, meta_len, index, commit, incarnation, version, created, modified, expires };
            let mut record = record(&header, &value);
            for (at, byte) in changes {
                if let Some(changed) = record.get_mut(at) {
                    *changed = byte;
                }
            }
            record.truncate(cut);
            record
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4_000) })]

        #[test]
        fn bytes_are_refused_or_those_of_their_header(
            record in prop_oneof![nearly_records(), proptest::collection::vec(any::<u8>(), 0..120)],
        ) {
            let parts = Parts::of(&record);
            let Ok(header) = Header::decode(&record) else { return Ok(()) };
            let mut again = record.clone();
            again[..header.len()].fill(0);
            header.write(&mut again);
            prop_assert_eq!(&again, &record);
            // The short way reads the same.
            let parts = parts.expect("the header was read");
            prop_assert_eq!((parts.expires, parts.value), (header.expires, &record[header.value_at()..]));
        }
    }
}
