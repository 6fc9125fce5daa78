//! The state of one check: what was read, which pages were visited, which faults were found.

use crate::error::Result;
use crate::os::File;
use crate::page::format::FIRST_PAGE;
use crate::page::meta::Meta;
use crate::page::page_no::PageNo;
use crate::page::txn_id::LmdbTxnId;
use crate::page::verify::bitmap::Bitmap;
use crate::page::verify::read::{Buffer, Reader};
use crate::page::verify::report::{VerifyLevel, VerifyReport};

pub(crate) struct Walk<'f> {
    pub reader: Reader<'f>,
    pub level: VerifyLevel,
    pub page_size: usize,
    pub last_page: PageNo,
    pub txn_id: LmdbTxnId,
    pub(super) visited: Bitmap,
    pub report: VerifyReport,
}

impl<'f> Walk<'f> {
    pub(crate) fn new(file: &'f File, meta: &Meta, level: VerifyLevel, report: VerifyReport) -> Result<Self> {
        let page_size = meta.page_size as usize;
        let reader = Reader::new(file, page_size)?;
        // Each page of a healthy file is inside the file, or is a free page that the free list names in eight bytes of
        // the file. So a file of this length has at most `most` pages, and a damaged last page number cannot make the
        // bitmap larger.
        let most = reader.file_pages.saturating_add(reader.len / 8);
        let mut walk = Self {
            reader,
            level,
            page_size,
            last_page: meta.last_page,
            txn_id: meta.txn_id,
            visited: Bitmap::new(meta.last_page.count_to_here().min(most)),
            report,
        };
        if meta.last_page.0 >= most {
            walk.report.fault(meta.page(), "the last page is further away than a file of this length can have");
        }
        Ok(walk)
    }

    /// Claims the pages `first .. first + count` for one use. `false`, with a fault, when that is not possible.
    pub(crate) fn claim(&mut self, from: PageNo, first: PageNo, count: u64) -> bool {
        let end = first.saturating_add(count);
        if first < FIRST_PAGE || end > self.last_page.saturating_add(1) {
            self.report.fault(from, format!("leads to page {first}, which is not a page of the database"));
            return false;
        }
        if end.0 > self.reader.file_pages {
            self.report.fault(from, format!("leads to page {first}, which ends behind the file"));
            return false;
        }
        let fresh = if count == 1 { self.visited.mark(first) } else { self.visited.mark_run(first, end) };
        if !fresh {
            self.report.fault(from, format!("leads to page {first}, which is in use elsewhere"));
        }
        fresh
    }

    /// Marks a page that the free list contains.
    pub(crate) fn claim_free(&mut self, from: PageNo, page: PageNo) {
        if page < FIRST_PAGE || page > self.last_page {
            self.report.fault(from, format!("lists page {page} as free, which is not a page of the database"));
        } else if self.visited.mark(page) {
            self.report.pages.free += 1;
        } else {
            self.report.fault(from, format!("lists page {page} as free, which is in use or listed twice"));
        }
    }

    /// Returns the value. If there is an error instead, reports it as a fault.
    pub(crate) fn note<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.report.add(&error)).ok()
    }

    /// Page `number`, claimed before. Also reads those `after` it that directly follow it. `None`, with a fault, when
    /// the file was truncated in the meantime.
    pub(crate) fn read<'b>(
        &mut self,
        buffer: &'b mut Buffer,
        number: PageNo,
        after: impl Iterator<Item = PageNo>,
    ) -> Result<Option<&'b [u8]>> {
        let page = self.reader.page(buffer, number, after)?;
        if page.is_none() {
            self.cut(number);
        }
        Ok(page)
    }

    /// Fills `bytes` from byte `from` of the run that begins at page `number`, claimed before; `false`, with a fault,
    /// when the file was truncated in the meantime.
    pub(crate) fn read_into(&mut self, bytes: &mut [u8], number: PageNo, from: u64) -> Result<bool> {
        let whole = self.reader.read_at(bytes, number, from)?;
        if !whole {
            self.cut(number);
        }
        Ok(whole)
    }

    fn cut(&mut self, number: PageNo) {
        self.report.fault(number, "the file ends before the page does");
    }
}
