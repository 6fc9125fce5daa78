//! Checks the free list: the pages that may be reused, by the transaction that freed them.

use crate::error::Result;
use crate::page::fields::u64_at;
use crate::page::format::{HEADER, NO_PAGE};
use crate::page::free_record::free_count;
use crate::page::node::Node;
use crate::page::page_no::PageNo;
use crate::page::txn_id::LmdbTxnId;
use crate::page::verify::report::VerifyLevel;
use crate::page::verify::walk::Walk;

/// How many bytes of a long record are read at once. The record of a large transaction has many megabytes, so it is
/// read in parts.
const AT_ONCE: usize = 32 << 10;

impl Walk<'_> {
    /// Checks one record: a transaction id, and the pages that it freed, in descending order.
    pub(crate) fn free_record(&mut self, number: PageNo, key: &[u8], value: &[u8]) {
        if self.level == VerifyLevel::Full
            && let Some(len) = self.free_header(number, key, value, value.len())
        {
            let pages = value.get(8..).and_then(|rest| rest.get(..len)).unwrap_or_default();
            self.free_pages(number, pages, &mut { NO_PAGE });
        }
    }

    /// Checks one record whose value is in the overflow run at page `first`, which is already claimed.
    pub(crate) fn free_run(&mut self, number: PageNo, node: Node<'_>, first: PageNo) -> Result<()> {
        let mut header = [0; 8];
        let header = header.get_mut(..node.size.min(8)).unwrap_or_default();
        if !self.read_into(header, first, HEADER as u64)? {
            return Ok(());
        }
        let Some(len) = self.free_header(number, node.key, header, node.size) else {
            return Ok(());
        };
        let (mut last, mut bytes) = (NO_PAGE, vec![0; len.min(AT_ONCE)]);
        let mut at = 0;
        while at < len {
            let part = bytes.get_mut(..AT_ONCE.min(len - at)).unwrap_or_default();
            if !self.read_into(part, first, (HEADER + 8 + at) as u64)? || !self.free_pages(number, part, &mut last) {
                break;
            }
            at += part.len();
        }
        Ok(())
    }

    /// The length in bytes of the page numbers after the count, in a record of `len` bytes.
    fn free_header(&mut self, number: PageNo, key: &[u8], value: &[u8], len: usize) -> Option<usize> {
        if key.len() != 8 || LmdbTxnId(u64_at(key, 0)) > self.txn_id {
            self.report.fault(number, "a free-list record of a transaction that has not been");
        }
        let bytes = free_count(value, len).and_then(|count| usize::try_from(count).ok()).map(|count| count * 8);
        if bytes.is_none() {
            let count = u64_at(value, 0);
            self.report.fault(number, format!("a free-list record of {len} bytes for {count} pages"));
        }
        bytes
    }

    /// Claims the pages in a part of a record, which must descend; `false`, with a fault, when they do not.
    fn free_pages(&mut self, number: PageNo, pages: &[u8], last: &mut PageNo) -> bool {
        for page in pages.chunks_exact(8).map(|page| PageNo(u64_at(page, 0))) {
            if page >= *last {
                self.report.fault(number, "the pages of a free-list record are not in descending order");
                return false;
            }
            *last = page;
            self.claim_free(number, page);
        }
        true
    }
}
