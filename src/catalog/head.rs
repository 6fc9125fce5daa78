//! The head, which counts commits.

use byteorder::{BigEndian, ByteOrder};

use crate::catalog::name::damaged;
use crate::error::Result;

/// Under this key of the main database, beside the records of the named ones: the [`Head`]. Every commit changes a
/// record there, so the head costs no page of its own.
pub(crate) const HEAD_KEY: &str = "__mapleaf_head";

/// What changes with every commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// Transactions committed, one by one.
    pub seq: u64,
    /// Changes of any schema: a handle checked under the same epoch is still good.
    pub epoch: u64,
    /// The id that the next DBI gets. Ids are not used twice.
    pub next_dbi: u32,
}

impl Head {
    pub(crate) fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        BigEndian::write_u64(&mut bytes[0..8], self.seq);
        BigEndian::write_u64(&mut bytes[8..16], self.epoch);
        BigEndian::write_u32(&mut bytes[16..20], self.next_dbi);
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let bytes: &[u8; 24] = bytes.try_into().map_err(|_| damaged("its head is not 24 bytes"))?;
        Ok(Self {
            seq: BigEndian::read_u64(&bytes[0..8]),
            epoch: BigEndian::read_u64(&bytes[8..16]),
            next_dbi: BigEndian::read_u32(&bytes[16..20]),
        })
    }
}
