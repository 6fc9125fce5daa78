//! How a condition compares.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::store::policy::attribute::Attribute;
use crate::store::policy::pattern::is_glob_match;

/// How a condition compares the value of a field with its own.
///
/// A field that is absent, or a value that another field was to give, is the same as nothing, less than nothing, and in
/// no list. The operators with `N` hold exactly where the one without does not: so `ne` holds of a field that is absent.
/// Let a condition with [`Exists`](Self::Exists) stand beside it where that is not meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operator {
    /// `eq`: the same.
    Eq,
    /// `ne`: not the same.
    Ne,
    /// `lt`: less. Numbers with numbers, text with text by its bytes.
    Lt,
    /// `gt`: greater.
    Gt,
    /// `lte`: less, or the same.
    Lte,
    /// `gte`: greater, or the same.
    Gte,
    /// `in`: an element of a list.
    In,
    /// `nin`: no element of it.
    Nin,
    /// `exists`: the field is there, and not null.
    Exists,
    /// `nexists`: it is not.
    Nexists,
    /// `contains`: text that has another within it, a list with an element, a map with a name.
    Contains,
    /// `ncontains`: the opposite.
    Ncontains,
    /// `matches`: text that a glob pattern matches as a whole. In it, `*` stands for any text, also none, `?` for one
    /// character, and all else for itself. These are no regular expressions. O(text · pattern).
    Matches,
    /// `nmatches`: the opposite.
    Nmatches,
}

impl Operator {
    /// All of them, by name.
    pub(super) const NAMES: [(Self, &'static str); 14] = [
        (Self::Eq, "eq"),
        (Self::Ne, "ne"),
        (Self::Lt, "lt"),
        (Self::Gt, "gt"),
        (Self::Lte, "lte"),
        (Self::Gte, "gte"),
        (Self::In, "in"),
        (Self::Nin, "nin"),
        (Self::Exists, "exists"),
        (Self::Nexists, "nexists"),
        (Self::Contains, "contains"),
        (Self::Ncontains, "ncontains"),
        (Self::Matches, "matches"),
        (Self::Nmatches, "nmatches"),
    ];

    /// Its name in a policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(operator, _)| *operator == self).map_or("", |(_, name)| name)
    }

    /// Whether it compares with nothing.
    pub(super) fn is_of_one(self) -> bool {
        matches!(self, Self::Exists | Self::Nexists)
    }

    /// Whether it holds of a field and what it is compared with.
    pub(super) fn holds(self, field: Option<&Attribute>, value: Option<&Attribute>) -> bool {
        let positive = match self {
            Self::Ne => Self::Eq,
            Self::Nin => Self::In,
            Self::Nexists => Self::Exists,
            Self::Ncontains => Self::Contains,
            Self::Nmatches => Self::Matches,
            positive => return positive.holds_of(field, value),
        };
        !positive.holds_of(field, value)
    }

    fn holds_of(self, field: Option<&Attribute>, value: Option<&Attribute>) -> bool {
        let Some(field) = field else { return false };
        if self == Self::Exists {
            return true;
        }
        let Some(value) = value else { return false };
        let order = || field.order(value);
        match (self, field, value) {
            (Self::Eq, ..) => field.is_same(value),
            (Self::Lt, ..) => order() == Some(Ordering::Less),
            (Self::Gt, ..) => order() == Some(Ordering::Greater),
            (Self::Lte, ..) => order().is_some_and(Ordering::is_le),
            (Self::Gte, ..) => order().is_some_and(Ordering::is_ge),
            (Self::In, _, Attribute::List(_)) => value.has(field),
            (Self::Contains, ..) => field.has(value),
            (Self::Matches, Attribute::Text(text), Attribute::Text(pattern)) => is_glob_match(pattern, text),
            _ => false,
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Operator {
    type Err = Error;

    /// `InvalidArgument` for a name that is none.
    fn from_str(name: &str) -> Result<Self> {
        let found = Self::NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(operator, _)| *operator).ok_or_else(|| {
            let known = Self::NAMES.map(|(_, name)| name).join(", ");
            let why = format!("there is no operator {name:?}; use one of {known}");
            Error::new(ErrorKind::InvalidArgument, why)
        })
    }
}
