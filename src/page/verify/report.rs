//! The result of a verification.

use std::error::Error as StdError;
use std::fmt;

use crate::error::Error;
use crate::page::page_no::PageNo;

/// How much of the file is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VerifyLevel {
    /// Meta pages, branch pages, and whether every page referred to is inside the file.
    Fast,
    /// Every page: order of keys, levels, counters, free list, and whether each page is used exactly once.
    Full,
}

/// The maximum number of faults in a report. A damaged branch page can cause a fault for every page below it.
const KEPT: usize = 1000;

/// The result of a check of the whole file: how its pages are used, and what is wrong.
///
/// Returned by [`Env::verify`](crate::Env::verify). Opening a file with faults fails with `Corrupted`, and the report
/// is the cause: [`Error::downcast`](crate::Error::downcast) returns it.
///
/// ```
/// let report = mapleaf::VerifyReport::default();
/// assert!(report.is_clean());
/// assert_eq!(report.pages.branch + report.pages.leaf, 0);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Pages by their use.
    pub pages: PageUse,
    /// The number of entries of each DBI, sorted by name. A full check counts them; a fast check takes the recorded
    /// numbers.
    pub entries: Vec<(String, u64)>,
    /// What is wrong, in the order found; the first thousand faults.
    pub faults: Vec<Fault>,
}

/// The number of pages for each use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageUse {
    /// The two meta pages.
    pub meta: u64,
    /// Branch pages: separators and page numbers.
    pub branch: u64,
    /// Leaf pages: entries.
    pub leaf: u64,
    /// Overflow pages: large values.
    pub overflow: u64,
    /// Free pages, which can be reused. Known only after a full check.
    pub free: u64,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The page where the fault was found.
    pub page: u64,
    /// What is wrong there.
    pub why: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "page {}: {}", self.page, self.why)
    }
}

/// One line: the number of faults, and the first of them.
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

/// The cause of the error when opening a file with faults.
impl StdError for VerifyReport {}

impl VerifyReport {
    /// Whether there are no faults.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    pub(crate) fn fault(&mut self, page: PageNo, why: impl Into<String>) {
        if self.faults.len() < KEPT {
            self.faults.push(Fault { page: page.0, why: why.into() });
        }
    }

    pub(crate) fn add(&mut self, error: &Error) {
        self.fault(PageNo(error.page().unwrap_or_default()), error.message());
    }
}
