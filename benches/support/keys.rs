//! Kinds of keys: integers, random bytes, text with shared beginnings, a tuple with text.

use mapleaf::key::{Key, Path};

use super::number;

/// A kind of key. Keys are in random order by their number, except those after all others.
pub(crate) trait KeyKind: Sized {
    type Key: Key + 'static;
    const NAME: &'static str;

    /// Key `i` among `rows` rows.
    fn of(i: u64, rows: u64) -> Self;
    /// Key `n` of those after all others, ascending.
    fn behind(n: u64) -> Self;
    fn key(&self) -> <Self::Key as Key>::Arg<'_>;
}

pub(crate) struct Integer(pub(crate) u64);

impl KeyKind for Integer {
    type Key = u64;
    const NAME: &'static str = "u64";

    fn of(i: u64, _rows: u64) -> Self {
        Self(number(i) >> 1)
    }

    fn behind(n: u64) -> Self {
        Self((1 << 63) + n)
    }

    fn key(&self) -> u64 {
        self.0
    }
}

pub(crate) struct Random(pub(crate) [u8; 24]);

impl KeyKind for Random {
    type Key = &'static [u8];
    const NAME: &'static str = "24 bytes";

    fn of(i: u64, _rows: u64) -> Self {
        let mut bytes = [0; 24];
        for (part, n) in bytes.chunks_exact_mut(8).zip(0..) {
            part.copy_from_slice(&number(i ^ (n << 40)).to_be_bytes());
        }
        Self(bytes)
    }

    fn behind(n: u64) -> Self {
        let mut bytes = [0xFF; 24];
        bytes[16..].copy_from_slice(&n.to_be_bytes());
        Self(bytes)
    }

    fn key(&self) -> &[u8] {
        &self.0
    }
}

/// 20 to 50 bytes; up to 18 of them are shared.
pub(crate) struct Text(pub(crate) String);

impl KeyKind for Text {
    type Key = &'static str;
    const NAME: &'static str = "text";

    fn of(i: u64, _rows: u64) -> Self {
        const PARTS: [&str; 5] = ["articles", "comments", "users/profile", "session", "orders/archive"];
        let mixed = number(i ^ (7 << 50));
        let tail = &"-abcdefghijklmnop"[..usize::try_from(mixed % 17).unwrap_or(0)];
        let part = PARTS[usize::try_from((mixed >> 8) % 5).unwrap_or(0)];
        Self(format!("/{part}/{:02}/{:010}{tail}", (mixed >> 16) % 20, number(i) % 10_000_000_000))
    }

    fn behind(n: u64) -> Self {
        Self(format!("/zones/{n:020}"))
    }

    fn key(&self) -> &str {
        &self.0
    }
}

/// About 100 rows for each number.
pub(crate) struct Pair(pub(crate) u64, pub(crate) String);

impl KeyKind for Pair {
    type Key = (u64, &'static str);
    const NAME: &'static str = "(u64, &str)";

    fn of(i: u64, rows: u64) -> Self {
        let tail = &"abcdefgh"[..usize::try_from((number(i) >> 20) % 9).unwrap_or(0)];
        Self(number(i) % (rows / 100).max(1), format!("item-{i:07}-{tail}"))
    }

    fn behind(n: u64) -> Self {
        Self(u64::MAX, format!("item-{n:012}"))
    }

    fn key(&self) -> (u64, &str) {
        (self.0, &self.1)
    }
}

/// Three segments; the first is a user with about 100 rows.
pub(crate) struct Hierarchical(pub(crate) Path);

impl KeyKind for Hierarchical {
    type Key = Path;
    const NAME: &'static str = "Path";

    fn of(i: u64, rows: u64) -> Self {
        let user = number(i) % (rows / 100).max(1);
        Self(Path::parse(&format!("/user:{user:06}/posts/{i:07}")).unwrap_or_default())
    }

    fn behind(n: u64) -> Self {
        Self(Path::parse(&format!("/zones/{n:020}")).unwrap_or_default())
    }

    fn key(&self) -> &Path {
        &self.0
    }
}
