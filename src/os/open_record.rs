//! What `mapleaf.lock` records about the last time that the environment was open: whether it was closed, how
//! durable its commits were, and whether a flush failed.

use crate::durability::Durability;
use crate::error::{Error, ErrorKind, Result};
use crate::os::sys::boot_id;

const MAGIC: &[u8; 8] = b"mapleaf\0";
const VERSION: u8 = 1;
/// The length of a record in bytes.
pub(crate) const RECORD: usize = 64;
/// The flag for a failed flush: bit 0 of byte 11.
pub(crate) const FLUSH_FAILED: u8 = 1;

/// What the lock file records about the last time that the environment was open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenRecord {
    /// Whether it was opened and not closed since.
    pub open: bool,
    /// The weakest durability with which it was open in this boot.
    pub durability: Durability,
    /// Whether a flush failed since the file was last rewritten: pages that the system regards as written may not be.
    pub flush_failed: bool,
    /// The boot of the machine in which it was open; empty if the system does not say.
    pub boot: Vec<u8>,
    /// Whether the bytes were not a record. The other fields then assume the worst.
    pub damaged: bool,
}

impl OpenRecord {
    /// The record for an environment that is opened with `durability` in this boot of the machine. If `before` is of
    /// the same boot and has a weaker durability, that one is kept: its commits may still not be on the disk.
    pub(crate) fn opened(durability: Durability, before: Option<&Self>) -> Self {
        let boot = boot_id();
        let weaker = before.filter(|before| before.boot == boot && weakness(before.durability) > weakness(durability));
        Self {
            open: true,
            durability: weaker.map_or(durability, |before| before.durability),
            flush_failed: before.is_some_and(|before| before.flush_failed),
            boot,
            damaged: false,
        }
    }

    /// Whether environments of the record's durability flush their commits.
    pub(crate) fn is_flushed(&self) -> bool {
        self.durability != Durability::Process
    }

    /// Whether the file must be checked before it is used. It must be:
    /// - if a flush failed;
    /// - if the environment was not closed, and the machine was restarted or commits were not flushed;
    /// - if it was closed with nothing flushed, and the machine was restarted.
    pub(crate) fn needs_check(&self) -> bool {
        let restarted = !self.is_of_this_boot();
        let unclean = match self.durability {
            Durability::Immediate => self.open && restarted,
            Durability::Eventual => self.open,
            Durability::Process => self.open || restarted,
        };
        unclean || self.flush_failed
    }

    /// Whether pages that the system regards as written may be in its memory only, so that the file must be written
    /// again.
    pub(crate) fn needs_rewrite(&self) -> bool {
        // After a restart of the machine, reads give what the disk has, so rewriting would not help. If the system
        // gives no boot id, there may have been no restart, and the file is rewritten.
        let own = boot_id();
        self.flush_failed && (self.boot.is_empty() || own.is_empty() || self.boot == own)
    }

    /// Whether the names of the files may not be on the disk: their creator was killed before it flushed them, or
    /// never flushed anything.
    pub(crate) fn may_lack_names(&self) -> bool {
        self.open || !self.is_flushed()
    }

    fn is_of_this_boot(&self) -> bool {
        !self.boot.is_empty() && self.boot == boot_id()
    }

    pub(crate) fn to_bytes(&self) -> [u8; RECORD] {
        let mut bytes = [0; RECORD];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8] = VERSION;
        bytes[9] = u8::from(self.open);
        bytes[10] = weakness(self.durability);
        bytes[11] = if self.flush_failed { FLUSH_FAILED } else { 0 };
        let boot = &self.boot[..self.boot.len().min(RECORD - 16)];
        bytes[16..16 + boot.len()].copy_from_slice(boot);
        bytes
    }

    /// The record in these bytes; `None` if nothing was written yet. Bytes that are not a record were damaged, so they
    /// count as the worst possible record.
    ///
    /// # Errors
    /// `FormatVersion` for a record of a newer mapleaf.
    pub(crate) fn from_bytes(bytes: &[u8; RECORD]) -> Result<Option<Self>> {
        if bytes == &[0; RECORD] {
            return Ok(None);
        }
        if &bytes[..8] != MAGIC || bytes[8] == 0 {
            return Ok(Some(Self {
                open: true,
                durability: Durability::Process,
                flush_failed: true,
                boot: Vec::new(),
                damaged: true,
            }));
        }
        if bytes[8] != VERSION {
            let why = format!(
                "the lock file has a record of version {}, and this build reads version {VERSION}; open the environment \
                 with the newer mapleaf that wrote it, which may have to recover it",
                bytes[8]
            );
            return Err(Error::new(ErrorKind::FormatVersion, why));
        }
        let durability = match bytes[10] {
            0 => Durability::Immediate,
            1 => Durability::Eventual,
            _ => Durability::Process,
        };
        let boot = bytes[16..].split(|&byte| byte == 0).next().unwrap_or_default().to_vec();
        let (open, flush_failed) = (bytes[9] != 0, bytes[11] & FLUSH_FAILED != 0);
        Ok(Some(Self { open, durability, flush_failed, boot, damaged: false }))
    }
}

/// The byte that encodes a durability: a weaker durability has a higher number.
fn weakness(durability: Durability) -> u8 {
    match durability {
        Durability::Immediate => 0,
        Durability::Eventual => 1,
        Durability::Process => 2,
    }
}
