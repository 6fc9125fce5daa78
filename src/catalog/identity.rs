//! Which environment a file belongs to, and which features a build needs to write it.

use byteorder::{BigEndian, ByteOrder};

use crate::catalog::name::damaged;
use crate::error::{Error, ErrorKind, Result};

/// The catalogue's key for the format version and the UUID.
pub(crate) const ENV_KEY: &[u8] = b"env";
/// The format version that this build writes and reads.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// The identity of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The features that a build needs to write the file: see [`LONGER_KEYS`].
    pub features: u32,
    pub uuid: [u8; 16],
}

/// Feature: keys may be longer than 511 bytes. A build of LMDB without it cannot split pages with such keys.
pub(crate) const LONGER_KEYS: u32 = 1;

/// The features of this build.
pub(crate) const FEATURES: u32 = if cfg!(feature = "longer-keys") { LONGER_KEYS } else { 0 };

impl Identity {
    pub(crate) fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        BigEndian::write_u32(&mut bytes[0..4], FORMAT_VERSION);
        BigEndian::write_u32(&mut bytes[4..8], self.features);
        bytes[8..].copy_from_slice(&self.uuid);
        bytes
    }

    /// Fails with `FormatVersion` for a later version or unknown features, whose changes cannot be known here.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let Some((version, rest)) = bytes.split_first_chunk::<4>() else {
            return Err(damaged("its identity is cut short"));
        };
        let version = u32::from_be_bytes(*version);
        if version != FORMAT_VERSION {
            return Err(Error::new(
                ErrorKind::FormatVersion,
                format!(
                    "the environment has format version {version} and this build reads {FORMAT_VERSION}; \
                     use the mapleaf that wrote it"
                ),
            ));
        }
        let (features, uuid) = rest.split_first_chunk::<4>().ok_or_else(|| damaged("its identity is cut short"))?;
        let features = u32::from_be_bytes(*features);
        if features & !FEATURES != 0 {
            let why = if features == LONGER_KEYS {
                "the environment may hold keys over 511 bytes; build with the feature longer-keys"
            } else {
                "the environment needs features that this build does not know; use the mapleaf that wrote it"
            };
            return Err(Error::new(ErrorKind::FormatVersion, why));
        }
        let uuid = uuid.try_into().map_err(|_| damaged("its UUID is not 16 bytes"))?;
        Ok(Self { features, uuid })
    }
}
