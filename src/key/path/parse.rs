//! A path as text: each segment after a slash.

use std::fmt;
use std::str::FromStr;

use super::elements::{Elements, push_id};
use super::list::Path;
use super::segment::Segment;
use crate::error::{Error, Result};

impl Path {
    /// Parses a path: segments between slashes, each read as by [`Segment::parse`]. Empty segments are dropped, so
    /// `""`, `"/"` and `"///"` are the empty path and `"a//b/"` is `/a/b`.
    ///
    /// A segment is dropped only if it is empty before whitespace is stripped: `" "` and `":"` are segments with an
    /// empty value.
    ///
    /// # Errors
    /// `InvalidKey` when a segment contains `:` more than once.
    ///
    /// ```
    /// use mapleaf::key::Path;
    /// assert_eq!(Path::parse("user:ann//posts/")?.id(), "/user:ann/posts");
    /// assert!(Path::parse("///")?.is_empty());
    /// assert!(Path::parse("a/b:c:d").is_err());
    /// # Ok::<(), mapleaf::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        text.split('/').filter(|id| !id.is_empty()).map(Segment::parse).collect()
    }

    /// Parses several texts, each as by [`parse`](Self::parse), and joins them, in order, into one path.
    ///
    /// # Errors
    /// `InvalidKey` when a segment contains `:` more than once.
    ///
    /// ```
    /// use mapleaf::key::Path;
    /// assert_eq!(Path::from_ids(["user:ann", "posts/42"])?.id(), "/user:ann/posts/42");
    /// # Ok::<(), mapleaf::Error>(())
    /// ```
    pub fn from_ids<I: IntoIterator<Item: AsRef<str>>>(ids: I) -> Result<Self> {
        let mut path = Self::new();
        for id in ids {
            path.extend(Self::parse(id.as_ref())?);
        }
        Ok(path)
    }

    /// The path as text: each segment's id after a slash; `"/"` for the empty path. Allocates once.
    ///
    /// [`parse`](Self::parse) reverses this, unless a segment is empty: it would be dropped.
    #[must_use]
    pub fn id(&self) -> String {
        // The text is never longer than the path's bytes, where each segment has an end of two bytes; in the text it
        // has one slash. So this capacity suffices.
        let mut id = String::with_capacity(self.bytes().len().max(1));
        for element in Elements(self.bytes()) {
            id.push('/');
            push_id(element, &mut id);
        }
        if id.is_empty() {
            id.push('/');
        }
        id
    }
}

impl FromStr for Path {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.id())
    }
}
