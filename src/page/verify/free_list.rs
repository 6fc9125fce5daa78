//! The free list: which pages may be used again, by the transaction that gave them up.

use crate::page::layout::u64_at;
use crate::page::verify::Level;
use crate::page::verify::walk::Walk;

impl Walk<'_> {
    /// Checks one record: a transaction id, and the pages that it freed, the highest first.
    pub(crate) fn free_record(&mut self, number: u64, key: &[u8], value: &[u8]) {
        if self.level == Level::Fast {
            return;
        }
        if key.len() != 8 || u64_at(key, 0) > self.txn_id {
            self.report.fault(number, "a free-list record of a transaction that has not been");
        }
        let count = u64_at(value, 0);
        // A record may be longer than it needs.
        let Some(pages) = usize::try_from(count)
            .ok()
            .and_then(|count| count.checked_mul(8))
            .and_then(|len| value.get(8..)?.get(..len))
        else {
            self.report.fault(number, format!("a free-list record of {} bytes for {count} pages", value.len()));
            return;
        };
        let mut last = u64::MAX;
        for page in pages.chunks_exact(8).map(|page| u64_at(page, 0)) {
            if page >= last {
                self.report.fault(number, "the pages of a free-list record are not in descending order");
                return;
            }
            last = page;
            self.claim_free(number, page);
        }
    }
}
