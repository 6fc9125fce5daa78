//! The head: the counters that commits change.

use byteorder::{BigEndian, ByteOrder};

use crate::catalog::commit_seq::CommitSeq;
use crate::catalog::dbi_id::DbiId;
use crate::catalog::name::damaged;
use crate::error::Result;

/// The key of the [`Head`] in the main tree, which also has the records of the named trees. Every commit changes one
/// of these records, so the head costs no page of its own.
pub(crate) const HEAD_KEY: &str = "__mapleaf_head";

/// The counters of an environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The number of transactions committed.
    pub seq: CommitSeq,
    /// The number of schema changes. A handle that agreed with the catalogue in one state agrees with it in all states
    /// of the same epoch.
    pub epoch: u64,
    /// The number of the next DBI. Numbers are never reused.
    pub next_dbi: DbiId,
}

impl Head {
    pub(crate) fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        BigEndian::write_u64(&mut bytes[0..8], self.seq.0);
        BigEndian::write_u64(&mut bytes[8..16], self.epoch);
        BigEndian::write_u32(&mut bytes[16..20], self.next_dbi.0);
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let bytes: &[u8; 24] = bytes.try_into().map_err(|_| damaged("its head is not 24 bytes"))?;
        Ok(Self {
            seq: CommitSeq(BigEndian::read_u64(&bytes[0..8])),
            epoch: BigEndian::read_u64(&bytes[8..16]),
            next_dbi: DbiId(BigEndian::read_u32(&bytes[16..20])),
        })
    }
}
