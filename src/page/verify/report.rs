//! What the verifier found.

use std::error::Error as StdError;
use std::fmt;

use crate::error::Error;

/// How much of the file is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// Meta pages, branch pages, and whether every page that is led to is inside the file.
    Fast,
    /// Every page: order of keys, levels, counters, free list, and that each page is used exactly once.
    Full,
}

/// Faults that a report keeps. A damaged branch page can make a fault of every page below it.
const KEPT: usize = 1000;

/// What a check of the whole file found: how its pages are used, and what is wrong.
///
/// [`Env::verify`](crate::Env::verify) returns it. An opening that finds faults is `Corrupted` with the report as its cause:
/// [`Error::downcast`](crate::Error::downcast) gets it.
///
/// ```
/// let report = mapleaf::VerifyReport::default();
/// assert!(report.is_clean());
/// assert_eq!(report.pages.branch + report.pages.leaf, 0);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Pages by what they are used for.
    pub pages: PageUse,
    /// Entries of each DBI, by name, in the order of names. Counted in a full check, as recorded in a fast one.
    pub entries: Vec<(String, u64)>,
    /// What is wrong, in the order found; the first thousand.
    pub faults: Vec<Fault>,
}

/// How many pages are used for what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageUse {
    /// The two pages that everything begins at.
    pub meta: u64,
    /// Pages of separators and page numbers.
    pub branch: u64,
    /// Pages of entries.
    pub leaf: u64,
    /// Pages of large values.
    pub overflow: u64,
    /// Pages to be used again. Known after a full check only.
    pub free: u64,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The page where it shows.
    pub page: u64,
    /// What is wrong there.
    pub why: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "page {}: {}", self.page, self.why)
    }
}

/// One line: how many faults, and the first of them.
impl fmt::Display for VerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.faults[..] {
            [] => f.write_str("no faults"),
            [fault] => write!(f, "one fault, {fault}"),
            [fault, ..] if self.faults.len() < KEPT => write!(f, "{} faults, first {fault}", self.faults.len()),
            [fault, ..] => write!(f, "{KEPT} faults or more, first {fault}"),
        }
    }
}

/// The cause of the error of an opening that found faults.
impl StdError for VerifyReport {}

impl VerifyReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    pub(crate) fn fault(&mut self, page: u64, why: impl Into<String>) {
        if self.faults.len() < KEPT {
            self.faults.push(Fault { page, why: why.into() });
        }
    }

    pub(crate) fn add(&mut self, error: &Error) {
        self.fault(error.page().unwrap_or_default(), error.message());
    }
}
