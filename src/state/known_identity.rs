//! What is known of the identity in the catalogue of an open environment.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::catalog::{FEATURES, Identity};
use crate::error::Result;
use crate::state::committed::State;

/// The UUID of an environment, and whether the catalogue holds its identity.
pub(crate) struct KnownIdentity {
    /// The UUID in the catalogue. Until it is known, `candidate` stands for it: the one that mapleaf's first commit
    /// writes.
    uuid: OnceLock<[u8; 16]>,
    candidate: [u8; 16],
    /// Whether the catalogue is known to have the identity as this build writes it.
    is_written: AtomicBool,
}

impl KnownIdentity {
    pub(crate) fn new(candidate: [u8; 16]) -> Self {
        Self { uuid: OnceLock::new(), candidate, is_written: AtomicBool::new(false) }
    }

    /// The environment's UUID.
    pub(crate) fn uuid(&self) -> &[u8; 16] {
        self.uuid.get().unwrap_or(&self.candidate)
    }

    /// Sets the UUID that the catalogue holds.
    pub(crate) fn set_uuid(&self, uuid: [u8; 16]) {
        let _ = self.uuid.set(uuid);
    }

    /// The identity that a commit on `base` must write, if any: mapleaf's first commit writes it, and so does the
    /// first commit by a build with more features than the last.
    pub(crate) fn to_write_on(&self, base: &State) -> Result<Option<Identity>> {
        if self.is_written.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let Some(identity) = base.identity()? else {
            return Ok(Some(Identity { features: FEATURES, uuid: *self.uuid() }));
        };
        self.set_uuid(identity.uuid);
        Ok((identity.features != FEATURES).then_some(Identity { features: FEATURES, ..identity }))
    }

    /// Notes that a commit has succeeded. If the identity was not in the catalogue, that commit has written it.
    pub(crate) fn note_written(&self) {
        self.is_written.store(true, Ordering::Relaxed);
    }
}
