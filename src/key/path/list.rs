//! A path as the list of its segments.

use std::fmt;
use std::ops::Index;
use std::slice::{Iter, SliceIndex};

use super::segment::Segment;

/// A hierarchical key: a list of [`Segment`]s, from the top down.
///
/// Paths sort segment by segment: a parent comes directly before its descendants, and these are one contiguous range,
/// which a prefix scan walks. So `/a` < `/a/b` < `/a-b`, where the texts would sort `/a`, `/a-b`, `/a/b`. `*`, `?` and
/// `[` are ordinary characters.
///
/// The empty path is the ancestor of all others. It can be asked for its subtree, and stands inside tuples, but not
/// alone as a key: it has no bytes.
///
/// ```
/// use mapleaf::key::Path;
///
/// let post = Path::parse("/user:ann/posts/42")?;
/// assert_eq!(post.to_string(), "/user:ann/posts/42");
/// assert_eq!(post.parent()?, Path::parse("user:ann/posts")?);
/// assert!(Path::parse("/user:ann")?.is_ancestor_of(&post));
/// assert_eq!(post[0].field(), "user");
/// assert!(Path::parse("/a/b")? < Path::parse("/a-b")?);
/// # Ok::<(), mapleaf::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Path {
    pub(super) segments: Vec<Segment>,
}

impl Path {
    /// The empty path.
    #[must_use]
    pub const fn new() -> Self {
        Self { segments: Vec::new() }
    }

    /// All paths one after the other, as one.
    ///
    /// ```
    /// use mapleaf::key::Path;
    /// let (a, b) = (Path::parse("a")?, Path::parse("b/c")?);
    /// assert_eq!(Path::concat([&a, &b]).id(), "/a/b/c");
    /// # Ok::<(), mapleaf::Error>(())
    /// ```
    #[must_use]
    pub fn concat<'a>(paths: impl IntoIterator<Item = &'a Self>) -> Self {
        paths.into_iter().flatten().cloned().collect()
    }

    /// How many segments there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.segments.len()
    }

    /// Whether there is no segment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Whether there is exactly one segment: a path without a parent. The empty path is not a root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.segments.len() == 1
    }

    /// The segments, from the top down.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The segment at an index, or the segments of a range; `None` beyond the end. `path[index]` panics there.
    #[must_use]
    pub fn get<I: SliceIndex<[Segment]>>(&self, index: I) -> Option<&I::Output> {
        self.segments.get(index)
    }

    /// The segments, one by one.
    pub fn iter(&self) -> Iter<'_, Segment> {
        self.segments.iter()
    }

    /// The value of the last segment; `""` for the empty path.
    #[must_use]
    pub fn value(&self) -> &str {
        self.segments.last().map_or("", Segment::value)
    }

    /// The field of the last segment; `""` when it has none, and for the empty path.
    #[must_use]
    pub fn field(&self) -> &str {
        self.segments.last().map_or("", Segment::field)
    }
}

impl<I: SliceIndex<[Segment]>> Index<I> for Path {
    type Output = I::Output;

    /// The segment at an index, or the segments of a range.
    ///
    /// # Panics
    /// Beyond the end, as slices do. [`get`](Path::get) does not.
    fn index(&self, index: I) -> &I::Output {
        &self.segments[index]
    }
}

impl fmt::Debug for Path {
    /// The list of ids: unlike the text, it shows empty segments.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Path")?;
        f.debug_list().entries(&self.segments).finish()
    }
}

impl AsRef<[Segment]> for Path {
    fn as_ref(&self) -> &[Segment] {
        &self.segments
    }
}

impl From<Segment> for Path {
    fn from(segment: Segment) -> Self {
        Self { segments: vec![segment] }
    }
}

impl From<Vec<Segment>> for Path {
    fn from(segments: Vec<Segment>) -> Self {
        Self { segments }
    }
}

impl From<&[Segment]> for Path {
    fn from(segments: &[Segment]) -> Self {
        Self { segments: segments.to_vec() }
    }
}

impl FromIterator<Segment> for Path {
    fn from_iter<I: IntoIterator<Item = Segment>>(segments: I) -> Self {
        Self { segments: segments.into_iter().collect() }
    }
}

impl Extend<Segment> for Path {
    fn extend<I: IntoIterator<Item = Segment>>(&mut self, segments: I) {
        self.segments.extend(segments);
    }
}

impl<'a> IntoIterator for &'a Path {
    type Item = &'a Segment;
    type IntoIter = Iter<'a, Segment>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Path {
    type Item = Segment;
    type IntoIter = std::vec::IntoIter<Segment>;

    fn into_iter(self) -> Self::IntoIter {
        self.segments.into_iter()
    }
}
