//! Relations between paths: parents, children, ancestors.

use std::ops::Div;

use super::list::Path;
use super::segment::Segment;
use crate::error::{Error, ErrorKind, Result};

impl Path {
    /// The path without its last segment.
    ///
    /// # Errors
    /// `InvalidArgument` for a root (one segment) and for the empty path, which have no parent.
    ///
    /// ```
    /// use mapleaf::key::Path;
    /// assert_eq!(Path::parse("/a/b/c")?.parent()?.id(), "/a/b");
    /// assert!(Path::parse("/a")?.parent().is_err());
    /// # Ok::<(), mapleaf::Error>(())
    /// ```
    pub fn parent(&self) -> Result<Self> {
        match self.segments() {
            [] => Err(Error::new(ErrorKind::InvalidArgument, "the empty path has no parent; test is_empty first")),
            [_] => Err(Error::new(ErrorKind::InvalidArgument, "a root path has no parent; test is_root first")),
            [above @ .., _] => Ok(above.into()),
        }
    }

    /// The path with its last segment reduced to its field, or to its value when it has no field. It names the kind
    /// of thing, without saying which one.
    ///
    /// ```
    /// use mapleaf::key::Path;
    /// assert_eq!(Path::parse("/a:b/c/d:e")?.path().id(), "/a:b/c/d");
    /// assert_eq!(Path::parse("/a:b/c")?.path().id(), "/a:b/c");
    /// # Ok::<(), mapleaf::Error>(())
    /// ```
    #[must_use]
    pub fn path(&self) -> Self {
        let mut segments = self.segments().to_vec();
        if let Some(last) = segments.last_mut() {
            *last = last.without_value();
        }
        segments.into()
    }

    /// The segments in reverse order, each one unchanged.
    #[must_use]
    pub fn reverse(&self) -> Self {
        self.iter().rev().cloned().collect()
    }

    /// This path followed by the segments of `id`, read as by [`parse`](Self::parse). An empty id adds none.
    ///
    /// # Errors
    /// `InvalidKey` when a segment of `id` contains `:` more than once.
    ///
    /// ```
    /// use mapleaf::key::Path;
    /// let ann = Path::parse("/user:ann")?;
    /// assert_eq!(ann.child("posts/42")?.id(), "/user:ann/posts/42");
    /// assert_eq!(ann.child("")?, ann);
    /// # Ok::<(), mapleaf::Error>(())
    /// ```
    pub fn child(&self, id: &str) -> Result<Self> {
        self.child_ids([id])
    }

    /// This path followed by the segments of all `ids`, added in order as by [`child`](Self::child).
    ///
    /// # Errors
    /// `InvalidKey` when a segment of any id contains `:` more than once.
    pub fn child_ids<I: IntoIterator<Item: AsRef<str>>>(&self, ids: I) -> Result<Self> {
        Ok(self / &Self::from_ids(ids)?)
    }

    /// This path followed by all segments of `other`. Also written `&path / &other`.
    ///
    /// ```
    /// use mapleaf::key::{Path, Segment};
    /// let (ann, post) = (Path::parse("/user:ann")?, Path::parse("posts/42")?);
    /// assert_eq!(ann.join(&post).id(), "/user:ann/posts/42");
    /// assert_eq!((&ann / &post / Segment::parse("title")?).id(), "/user:ann/posts/42/title");
    /// # Ok::<(), mapleaf::Error>(())
    /// ```
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        Self::concat([self, other])
    }

    /// The remaining segments after `parent`; the empty path when both are equal.
    ///
    /// # Errors
    /// `InvalidArgument` when this path does not begin with all segments of `parent`.
    ///
    /// ```
    /// use mapleaf::key::Path;
    /// let post = Path::parse("/user:ann/posts/42")?;
    /// assert_eq!(post.relative_to(&Path::parse("/user:ann")?)?.id(), "/posts/42");
    /// # Ok::<(), mapleaf::Error>(())
    /// ```
    pub fn relative_to(&self, parent: &Self) -> Result<Self> {
        match self.bytes().strip_prefix(parent.bytes()) {
            Some(below) => Ok(Self::from_bytes(below.into())),
            None => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("not a parent: {self} is not below {parent}; test is_ancestor_of first"),
            )),
        }
    }

    /// Whether `other` is below this path: it is longer and begins with all of this path's segments.
    ///
    /// A path is not its own ancestor, and `/a` is not an ancestor of `/ab`.
    #[must_use]
    pub fn is_ancestor_of(&self, other: &Self) -> bool {
        // Comparing bytes is enough, although `/a` begins like `/ab`: the bytes of `/a` include the end of its segment.
        // This end occurs inside no segment, so no segment is a prefix of another.
        other.bytes().len() > self.bytes().len() && other.bytes().starts_with(self.bytes())
    }

    /// Whether this path is below `other`: the inverse of [`is_ancestor_of`](Self::is_ancestor_of).
    #[must_use]
    pub fn is_descendant_of(&self, other: &Self) -> bool {
        other.is_ancestor_of(self)
    }
}

impl Div<&Path> for Path {
    type Output = Path;

    /// This path followed by all segments of `below`.
    fn div(mut self, below: &Path) -> Path {
        self.extend(below.iter().cloned());
        self
    }
}

impl Div<&Path> for &Path {
    type Output = Path;

    /// This path followed by all segments of `below`.
    fn div(self, below: &Path) -> Path {
        self.join(below)
    }
}

impl Div<Segment> for Path {
    type Output = Path;

    /// This path followed by `segment`.
    fn div(mut self, segment: Segment) -> Path {
        self.extend([segment]);
        self
    }
}

impl Div<Segment> for &Path {
    type Output = Path;

    /// This path followed by `segment`.
    fn div(self, segment: Segment) -> Path {
        self.clone() / segment
    }
}
