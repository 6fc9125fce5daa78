//! A path as the list of its segments.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Index;
use std::slice::{Iter, SliceIndex};
use std::sync::OnceLock;

use super::elements::{Elements, PathBytes, push_segment};
use super::segment::Segment;

/// A hierarchical key: a list of [`Segment`]s, from the top down.
///
/// Paths sort segment by segment: a parent comes directly before its descendants, which form one contiguous range
/// that a prefix scan reads. So `/a` < `/a/b` < `/a-b`, although the texts would sort `/a`, `/a-b`, `/a/b`. `*`, `?`
/// and `[` are ordinary characters.
///
/// The empty path is the ancestor of all others. It has a subtree and can be an element of a tuple, but it cannot be
/// a key alone, because it has no bytes.
///
/// A path stores the bytes of its key, up to 64 of them inline. Comparing, hashing,
/// [`is_ancestor_of`](Self::is_ancestor_of) and reading in a scan allocate nothing. The first use of
/// [`segments`](Self::segments) creates them, one allocation each, and keeps them. This is not observable, so a path
/// may be the key of a map, despite `clippy::mutable_key_type`.
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
#[derive(Clone, Default)]
pub struct Path {
    /// The path as a key alone: each segment's id, escaped and ended.
    bytes: PathBytes,
    /// The segments of `bytes`, created on first use.
    segments: OnceLock<Box<[Segment]>>,
}

impl Path {
    /// The empty path.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: PathBytes::new_const(), segments: OnceLock::new() }
    }

    /// The path with these bytes, which must be valid.
    #[inline]
    pub(super) const fn from_bytes(bytes: PathBytes) -> Self {
        Self { bytes, segments: OnceLock::new() }
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Joins all paths, in order, into one.
    ///
    /// ```
    /// use mapleaf::key::Path;
    /// let (a, b) = (Path::parse("a")?, Path::parse("b/c")?);
    /// assert_eq!(Path::concat([&a, &b]).id(), "/a/b/c");
    /// # Ok::<(), mapleaf::Error>(())
    /// ```
    #[must_use]
    pub fn concat<'a>(paths: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut all = PathBytes::new();
        paths.into_iter().for_each(|path| all.extend_from_slice(&path.bytes));
        Self::from_bytes(all)
    }

    /// The number of segments.
    #[must_use]
    pub fn len(&self) -> usize {
        self.segments.get().map_or_else(|| Elements(&self.bytes).count(), |segments| segments.len())
    }

    /// Whether the path has no segments.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether the path has exactly one segment, and so no parent. The empty path is not a root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.len() == 1
    }

    /// The segments, from the top down. The first call creates them.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        self.segments.get_or_init(|| Elements(&self.bytes).map(Segment::of_element).collect())
    }

    /// The segment at an index, or the segments of a range; `None` past the end, where `path[index]` panics.
    #[must_use]
    pub fn get<I: SliceIndex<[Segment]>>(&self, index: I) -> Option<&I::Output> {
        self.segments().get(index)
    }

    /// Iterates over the segments.
    pub fn iter(&self) -> Iter<'_, Segment> {
        self.segments().iter()
    }

    /// The value of the last segment; `""` for the empty path.
    #[must_use]
    pub fn value(&self) -> &str {
        self.segments().last().map_or("", Segment::value)
    }

    /// The field of the last segment; `""` when it has none, and for the empty path.
    #[must_use]
    pub fn field(&self) -> &str {
        self.segments().last().map_or("", Segment::field)
    }
}

impl<I: SliceIndex<[Segment]>> Index<I> for Path {
    type Output = I::Output;

    /// The segment at an index, or the segments of a range.
    ///
    /// # Panics
    /// Past the end, as slices do. [`get`](Path::get) does not panic.
    fn index(&self, index: I) -> &I::Output {
        &self.segments()[index]
    }
}

impl fmt::Debug for Path {
    /// Formats the ids of the segments as a list. As text (`Display`) the path of one empty segment and the empty path are
    /// both `/`; here they differ.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Path")?;
        f.debug_list().entries(self.segments()).finish()
    }
}

impl AsRef<[Segment]> for Path {
    fn as_ref(&self) -> &[Segment] {
        self.segments()
    }
}

impl PartialEq for Path {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Path {}

impl PartialOrd for Path {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Path {
    /// The order of the key bytes, which equals that of the segments.
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes.cmp(&other.bytes)
    }
}

impl Hash for Path {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}

impl From<Segment> for Path {
    fn from(segment: Segment) -> Self {
        Self::from_iter([segment])
    }
}

impl From<Vec<Segment>> for Path {
    fn from(segments: Vec<Segment>) -> Self {
        let mut bytes = PathBytes::new();
        for segment in &segments {
            push_segment(segment, &mut bytes);
        }
        Self { bytes, segments: OnceLock::from(segments.into_boxed_slice()) }
    }
}

impl From<&[Segment]> for Path {
    fn from(segments: &[Segment]) -> Self {
        segments.to_vec().into()
    }
}

impl FromIterator<Segment> for Path {
    fn from_iter<I: IntoIterator<Item = Segment>>(segments: I) -> Self {
        segments.into_iter().collect::<Vec<_>>().into()
    }
}

impl Extend<Segment> for Path {
    fn extend<I: IntoIterator<Item = Segment>>(&mut self, segments: I) {
        self.segments.take();
        segments.into_iter().for_each(|segment| push_segment(&segment, &mut self.bytes));
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
        let Self { bytes, segments } = self;
        let segments = segments.into_inner();
        segments.unwrap_or_else(|| Elements(&bytes).map(Segment::of_element).collect()).into_vec().into_iter()
    }
}
