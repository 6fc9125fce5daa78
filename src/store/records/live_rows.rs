//! Scans of the records that have not expired, in either direction.

use std::ops::{Bound, ControlFlow};

use crate::error::{Error, ErrorKind, Result};
use crate::scan::ByteBounds;
use crate::store::backend::{BackendRead, KeySpan, Order};
use crate::store::records::core::Core;
use crate::store::records::header::{Header, NEVER};

/// Which records a scan passes, and from where on.
pub(crate) struct Scan<'s> {
    pub bounds: &'s ByteBounds,
    pub order: Order,
    /// The key after which the scan begins. It lies inside the bounds.
    pub after: Option<&'s [u8]>,
    /// The time at which records are there or have expired.
    pub now: u64,
    /// How many rows the caller expects to take.
    pub wanted: usize,
}

impl Scan<'_> {
    fn span(&self) -> KeySpan<'_> {
        let (lower, upper) = self.bounds.as_refs();
        match (self.after, self.order) {
            (None, _) => (lower, upper),
            (Some(after), Order::Ascending) => (Bound::Excluded(after), upper),
            (Some(after), Order::Descending) => (lower, Bound::Excluded(after)),
        }
    }
}

impl<S> Core<S> {
    /// Calls `each` with the key, the header and the row of each record that has not expired, until it breaks or fails.
    pub fn each_live<R: BackendRead<Space = S>>(
        &self,
        snapshot: &R,
        scan: &Scan<'_>,
        mut each: impl FnMut(&[u8], &Header, &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let mut last: Option<Vec<u8>> = scan.after.map(<[u8]>::to_vec);
        let mut visit = |key: &[u8], row: &[u8]| -> Result<ControlFlow<()>> {
            // Scans go on after the last key of a block or a page. In a damaged file whose keys are out of order that
            // would never end. So the order is checked.
            let is_in_order = last.as_deref().is_none_or(|last| match scan.order {
                Order::Ascending => key > last,
                Order::Descending => key < last,
            });
            if !is_in_order {
                return Err(Error::new(ErrorKind::Corrupted, "the keys of a store are not in order").at_key(key));
            }
            let last = last.get_or_insert_default();
            last.clear();
            last.extend_from_slice(key);
            let header = Header::decode(row).map_err(|error| error.at_key(key))?;
            if header.expires != NEVER && scan.now >= header.expires {
                return Ok(ControlFlow::Continue(()));
            }
            each(key, &header, row)
        };
        let mut failed = None;
        snapshot.scan(&self.records, scan.span(), scan.order, scan.wanted, &mut |key, row| {
            visit(key, row).unwrap_or_else(|error| {
                failed = Some(error);
                ControlFlow::Break(())
            })
        })?;
        failed.map_or(Ok(()), Err)
    }
}
