//! What the catalogue records about a DBI that was renamed, under its number.

use crate::catalog::dbi_id::DbiId;
use crate::catalog::name::damaged;
use crate::catalog::record::{put_name, take_name};
use crate::error::{Error, ErrorKind, Result};

const PREFIX: &[u8] = b"id/";
const VERSION: u8 = 1;

/// The names of a DBI that was renamed. Handles that were opened under another name find it by this record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Renamed {
    /// Its name.
    pub name: Box<str>,
    /// The name that it was created with, which codecs bind its values to.
    pub origin: Box<str>,
}

impl Renamed {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        put_name(&mut bytes, &self.name);
        put_name(&mut bytes, &self.origin);
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (&version, mut rest) =
            bytes.split_first().ok_or_else(|| damaged("the record of a renamed DBI is cut short"))?;
        if version != VERSION {
            let why = format!("a renamed DBI has a record of version {version}; use a newer mapleaf");
            return Err(Error::new(ErrorKind::FormatVersion, why));
        }
        let name = take_name(&mut rest)?;
        let origin = take_name(&mut rest)?;
        if rest.is_empty() {
            Ok(Self { name, origin })
        } else {
            Err(damaged("the record of a renamed DBI is too long"))
        }
    }
}

/// The catalogue's key for the names of the DBI with this number.
pub(crate) fn renamed_key(id: DbiId) -> Vec<u8> {
    [PREFIX, &id.0.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_their_bytes_are_frozen() -> Result<()> {
        let renamed = Renamed { name: "b".into(), origin: "ann".into() };
        let bytes = renamed.to_bytes();
        assert_eq!(bytes, b"\x01\0\x01b\0\x03ann");
        assert_eq!(renamed_key(DbiId(258)), b"id/\0\0\x01\x02");
        assert_eq!(Renamed::from_bytes(&bytes)?, renamed);
        for cut in 0..bytes.len() {
            assert!(Renamed::from_bytes(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        assert!(Renamed::from_bytes(&[&bytes[..], b"x"].concat()).is_err());
        assert_eq!(Renamed::from_bytes(&[2]).map_err(|error| error.kind()), Err(ErrorKind::FormatVersion));
        Ok(())
    }
}
