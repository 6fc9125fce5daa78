//! A path as key bytes: each segment's id, escaped and ended, so that the keys of a subtree share one prefix.

use super::elements::{Elements, NAME, PathBytes, check_segment, is_plain};
use super::list::Path;
use crate::error::Result;
use crate::key::malformed::{empty, malformed, truncated};
use crate::key::{AsKey, Key, KeyBuf, Position};

/// In a tuple, this byte precedes each segment.
const SEGMENT: u8 = 0x01;
/// In a tuple, this byte follows the last segment. It is below `SEGMENT`, so that a parent sorts before its children.
const END: u8 = 0x00;

impl Path {
    /// The common prefix of the keys of this path and all its descendants. No other path has it.
    ///
    /// Empty for the empty path, whose subtree is all paths. Allocates nothing up to 512 bytes.
    ///
    /// ```
    /// use mapleaf::key::Path;
    /// assert_eq!(Path::parse("/a/b:c")?.subtree_bytes().as_slice(), b"a\x00\x01b:c\x00\x01");
    /// # Ok::<(), mapleaf::Error>(())
    /// ```
    #[must_use]
    pub fn subtree_bytes(&self) -> KeyBuf {
        KeyBuf::from_slice(self.bytes())
    }

    fn encode_alone<'b>(&self, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
        if self.is_empty() {
            return Err(empty(NAME));
        }
        buf.clear();
        buf.extend_from_slice(self.bytes());
        Ok(buf)
    }

    fn push_part(&self, buf: &mut KeyBuf) {
        for element in Elements(self.bytes()) {
            buf.push(SEGMENT);
            buf.extend_from_slice(element);
        }
        buf.push(END);
    }
}

impl Key for Path {
    type Arg<'a> = &'a Path;
    type Ref<'a> = Path;
    type Part<'a> = Path;
    type Owned = Path;
    const WIDTH: Option<usize> = None;

    fn name(out: &mut String) {
        out.push_str(NAME);
    }

    fn encode<'b>(key: &'b &Path, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
        key.encode_alone(buf)
    }

    fn encode_part(key: &&Path, buf: &mut KeyBuf) -> Result<()> {
        key.push_part(buf);
        Ok(())
    }

    #[inline]
    fn decode(bytes: &[u8]) -> Result<Path> {
        if bytes.is_empty() {
            return Err(malformed(NAME, "it is empty"));
        }
        if !is_plain(bytes) {
            let mut rest = bytes;
            while !rest.is_empty() {
                check_segment(&mut rest)?;
            }
        }
        Ok(Path::from_bytes(PathBytes::from_slice(bytes)))
    }

    fn decode_part(bytes: &mut &[u8]) -> Result<Path> {
        let mut path = PathBytes::new();
        let mut rest = *bytes;
        loop {
            match rest {
                [END, after @ ..] => {
                    *bytes = after;
                    return Ok(Path::from_bytes(path));
                }
                [SEGMENT, after @ ..] => {
                    rest = after;
                    check_segment(&mut rest)?;
                    path.extend_from_slice(&after[..after.len() - rest.len()]);
                }
                [] => return Err(truncated(NAME)),
                _ => {
                    return Err(malformed(NAME, "a byte where a segment begins or the path ends is neither 01 nor 00"));
                }
            }
        }
    }

    fn own(key: Path) -> Path {
        key
    }

    fn own_part(part: Path) -> Path {
        part
    }
}

macro_rules! as_path {
    ($($form:ty),*) => {$(
        impl AsKey<Path> for $form {
            fn encode_key<'b>(&'b self, buf: &'b mut KeyBuf) -> Result<&'b [u8]> {
                self.encode_alone(buf)
            }

            fn encode_bound<'b>(&'b self, _buf: &'b mut KeyBuf) -> Result<(&'b [u8], Position)> {
                Ok((self.bytes(), Position::At))
            }

            fn encode_key_part(&self, buf: &mut KeyBuf) -> Result<()> {
                self.push_part(buf);
                Ok(())
            }
        }
    )*};
}

as_path!(Path, &Path, &&Path);
