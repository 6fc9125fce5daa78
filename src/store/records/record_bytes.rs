//! The bytes of a record while it is made: room for the header, the metadata, the value.

use crate::error::{Error, ErrorKind, Result};
use crate::store::records::core::Core;
use crate::store::records::header::{HEADER, Header};
use crate::value::{AsValue, Value};

/// A record whose header is written last. It can be filled again, and then allocates only for longer values.
#[derive(Debug, Default)]
pub(crate) struct RecordBytes {
    bytes: Vec<u8>,
    /// Where codecs write values that are not bytes already.
    value: Vec<u8>,
    /// The length of the header that there is room for.
    head: usize,
    meta_len: u32,
}

impl RecordBytes {
    /// A record of `value` and `meta`.
    pub fn of<V: Value, S>(core: &Core<S>, key: &[u8], value: &impl AsValue<V>, meta: &[u8]) -> Result<Self> {
        let mut record = Self::default();
        record.fill(core, key, value, meta)?;
        record.value = Vec::new();
        Ok(record)
    }

    /// Makes it the record of `value` and `meta`.
    pub fn fill<V: Value, S>(
        &mut self,
        core: &Core<S>,
        key: &[u8],
        value: &impl AsValue<V>,
        meta: &[u8],
    ) -> Result<()> {
        self.value.clear();
        let value = value.encode_value(&core.context(key), &mut self.value).map_err(|error| error.at_key(key))?;
        self.meta_len = check_len(core, key, meta, value)?;
        self.bytes.clear();
        self.head = HEADER;
        self.bytes.reserve(HEADER + meta.len() + value.len());
        self.bytes.resize(HEADER, 0);
        self.bytes.extend_from_slice(meta);
        self.bytes.extend_from_slice(value);
        Ok(())
    }

    /// A stored record, to be stored again with another header.
    pub fn again(header: &Header, row: Vec<u8>) -> Self {
        Self { bytes: row, value: Vec::new(), head: header.len(), meta_len: header.meta_len }
    }

    /// The length of the metadata.
    pub fn meta_len(&self) -> u32 {
        self.meta_len
    }

    /// The metadata.
    pub fn user(&self) -> &[u8] {
        self.bytes.get(self.head..self.head + self.meta_len as usize).unwrap_or_default()
    }

    /// The value.
    pub fn value(&self) -> &[u8] {
        self.bytes.get(self.head + self.meta_len as usize..).unwrap_or_default()
    }

    /// The record with this header.
    pub fn with_header(&mut self, header: &Header) -> &[u8] {
        if header.len() != self.head {
            self.bytes.splice(..self.head, std::iter::repeat_n(0, header.len()));
            self.head = header.len();
        }
        header.write(&mut self.bytes);
        &self.bytes
    }
}

/// Refuses what the backend cannot hold as one value, and returns the length of the metadata.
fn check_len<S>(core: &Core<S>, key: &[u8], meta: &[u8], value: &[u8]) -> Result<u32> {
    let most = core.max_value_len.saturating_sub(HEADER);
    match u32::try_from(meta.len()) {
        Ok(meta_len) if meta.len().saturating_add(value.len()) <= most => Ok(meta_len),
        _ => {
            let (meta, value) = (meta.len(), value.len());
            let why = format!("a value and its metadata have at most {most} bytes and these have {value} and {meta}");
            Err(Error::new(ErrorKind::TooLarge, format!("{why}; store them in parts")).at_key(key))
        }
    }
}
