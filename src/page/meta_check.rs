//! Checks whether a file is an LMDB database at all, by `pread`, before anything is mapped.

use std::io::{ErrorKind as IoKind, Read};
use std::thread;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::os::{File, read_exact_at};
use crate::page::fields::{u16_at, u32_at, u64_at};
use crate::page::format::{MAGIC, META_BYTES, VERSION};
use crate::page::format::{flag, is_page_size};
use crate::page::meta::Meta;
use crate::page::page_no::PageNo;
use crate::page::txn_id::LmdbTxnId;

/// How often the two meta pages are read before they count as damaged: a live writer may have been replacing them.
const ATTEMPTS: u32 = 5;

/// The meta pages of a database file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileMeta {
    /// Page size in bytes.
    pub page_size: usize,
    /// The meta page of the last commit.
    pub newest: Meta,
}

/// Reads and checks both meta pages of `file`, without mapping it; `None` for an empty file, which is new.
///
/// `strict` is for a file without writers: the two ids must be consecutive. A live writer may commit between the two
/// reads, so without `strict` a failed check is repeated a few times, and the ids may be further apart.
///
/// # Errors
/// `Corrupted` for a file that is too short, zeroed, or not a database; `FormatVersion` for another version of LMDB
/// or the layout of another machine; `Io`.
pub(crate) fn check_metas(file: &File, strict: bool) -> Result<Option<FileMeta>> {
    let mut attempt = 1;
    loop {
        match read_both(file, strict) {
            Err(error) if error.kind() == ErrorKind::Corrupted && !strict && attempt < ATTEMPTS => {
                thread::sleep(Duration::from_millis(u64::from(attempt)));
                attempt += 1;
            }
            done => return done,
        }
    }
}

fn read_both(file: &File, strict: bool) -> Result<Option<FileMeta>> {
    let len = file.metadata().map_err(|error| io(error, "the file's length"))?.len();
    if len == 0 {
        return Ok(None);
    }
    let first = read_meta(file, 0)?;
    recognise(&first)?;
    let zero = check_meta(&first, 0)?;
    let page_size = zero.page_size as usize;
    if len < 2 * page_size as u64 {
        return Err(Error::corrupted(1, "the file ends inside its second meta page; restore it from a copy"));
    }
    let second = read_meta(file, page_size as u64)?;
    let one = check_meta(&second, 1)?;
    if one.page_size != zero.page_size {
        return Err(Error::corrupted(1, "the two meta pages disagree about the page size"));
    }
    let fresh = zero.txn_id == LmdbTxnId(0) && one.txn_id == LmdbTxnId(0);
    if !fresh && (zero.txn_id.slot() != 0 || one.txn_id.slot() != 1) {
        return Err(Error::corrupted(0, "a meta page carries a transaction id of the other one"));
    }
    if strict && !fresh && zero.txn_id.0.abs_diff(one.txn_id.0) != 1 {
        return Err(Error::corrupted(0, "the transaction ids of the two meta pages do not follow each other"));
    }
    let (slot, newest) = if one.txn_id > zero.txn_id { (1, one) } else { (0, zero) };
    // `why_wrong` checks only the newest meta page. Of the other one only the format and the id are used, and these
    // were checked above. Its roots may even be after its last page: when writing a meta page fails, LMDB restores the
    // id and the last page, but leaves the new roots.
    if let Some(why) = why_wrong(&newest) {
        return Err(Error::corrupted(slot, why));
    }
    Ok(Some(FileMeta { page_size, newest }))
}

/// Whether `file` is one that LMDB was creating, with pages of `page_size` bytes, when the power failed. Such a file
/// has exactly the length of the two meta pages, which are written together. Each page is a new meta page or was not
/// written, and at least one was not written. So nothing was committed to the file. A shorter file does not count,
/// because it may be the rest of a longer one: the first commit changes only the second page, and the first bytes of
/// the first page are zeros.
///
/// # Errors
/// `Io`.
pub(crate) fn is_beginning(file: &File, page_size: usize) -> Result<bool> {
    let len = file.metadata().map_err(|error| io(error, "the file's length"))?.len();
    if len != 2 * page_size as u64 {
        return Ok(false);
    }
    let mut bytes = vec![0; 2 * page_size];
    match read_exact_at(file, &mut bytes, 0) {
        Ok(()) => {}
        Err(error) if error.kind() == IoKind::UnexpectedEof => return Ok(false),
        Err(error) => return Err(io(error, "the meta pages")),
    }
    let (zero, one) = bytes.split_at(page_size);
    let is_absent = |page: &[u8]| page.iter().all(|&byte| byte == 0);
    let may_be = |page: &[u8], slot| is_absent(page) || is_first(page, slot);
    Ok((is_absent(zero) || is_absent(one)) && may_be(zero, 0) && may_be(one, 1))
}

/// Whether `page` is the meta page in slot `slot` of a new database.
fn is_first(page: &[u8], slot: u64) -> bool {
    let Some((head, rest)) = page.split_first_chunk::<META_BYTES>() else { return false };
    let is_new = |meta: Meta| {
        meta.txn_id == LmdbTxnId(0) && meta.last_page == PageNo(1) && meta.free.is_empty() && meta.main.is_empty()
    };
    rest.iter().all(|&byte| byte == 0) && check_meta(head, slot).is_ok_and(is_new)
}

/// Whether `file` may be a compacted copy, complete or truncated at any point, of a file with pages of `page_size`
/// bytes. The two meta pages are written last: each is as such a copy has it, or was not written. A file with two or
/// more commits has other meta pages.
///
/// # Errors
/// `Io`.
pub(crate) fn may_be_compacted(file: &File, page_size: usize) -> Result<bool> {
    let mut bytes = Vec::new();
    let read = file.take(2 * page_size as u64).read_to_end(&mut bytes);
    read.map_err(|error| io(error, "the meta pages"))?;
    // If the file is shorter than its two meta pages, the missing bytes count as not written.
    bytes.resize(2 * page_size, 0);
    let is_absent = |page: &[u8]| page.iter().all(|&byte| byte == 0);
    let may_be = |page: &[u8], slot: u64| {
        let Some((head, rest)) = page.split_first_chunk::<META_BYTES>() else { return false };
        let is_of_copy = |meta: Meta| meta.txn_id.0 <= slot && meta.page_size as usize == page_size;
        is_absent(page) || (is_absent(rest) && check_meta(head, slot).is_ok_and(is_of_copy))
    };
    let (zero, one) = bytes.split_at(page_size);
    Ok(may_be(zero, 0) && may_be(one, 1))
}

fn read_meta(file: &File, at: u64) -> Result<[u8; META_BYTES]> {
    let mut bytes = [0; META_BYTES];
    match read_exact_at(file, &mut bytes, at) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == IoKind::UnexpectedEof => {
            Err(Error::corrupted(u64::from(at > 0), "the file ends inside a meta page; restore it from a copy"))
        }
        Err(error) => Err(io(error, "a meta page")),
    }
}

/// Returns the right error for a file that is not a database, for one that begins with zeros, and for a database of
/// another format.
fn recognise(bytes: &[u8; META_BYTES]) -> Result<()> {
    if bytes.iter().all(|&byte| byte == 0) {
        return Err(Error::corrupted(0, "the file begins with zeros where its meta page was; restore it from a copy"));
    }
    let foreign = |why: &'static str| Err(Error::new(ErrorKind::FormatVersion, why));
    if u32_at(bytes, 16) == MAGIC {
        let version = u32_at(bytes, 20);
        if version == VERSION {
            return Ok(());
        }
        let why = format!(
            "the file has LMDB data version {version}, and only version {VERSION} (LMDB 0.9) is read; \
             dump it with its own tools (mdb_dump) and load the dump"
        );
        return Err(Error::new(ErrorKind::FormatVersion, why));
    }
    if u32_at(bytes, 16) == MAGIC.swap_bytes() {
        return foreign("the file was written on a big-endian machine; dump it there (mdb_dump) and load the dump");
    }
    if u32_at(bytes, 12) == MAGIC {
        return foreign("the file was written on a 32-bit machine; dump it there (mdb_dump) and load the dump");
    }
    if u32_at(bytes, 24) == MAGIC {
        return foreign(
            "the file has the page layout of LMDB 1.0; dump it with its own tools (mdb_dump) and load the dump",
        );
    }
    Err(Error::corrupted(0, "not an LMDB database: the magic number is missing"))
}

/// Checks the meta page in slot `slot`: its format, and whether its id is possible.
fn check_meta(bytes: &[u8; META_BYTES], slot: u64) -> Result<Meta> {
    let fault = |why: &'static str| Err(Error::corrupted(slot, why));
    let meta = Meta::decode(bytes);
    if meta.magic != MAGIC || u64_at(bytes, 0) != slot || u16_at(bytes, 10) & flag::META == 0 {
        return fault("not a meta page where one must be");
    }
    if meta.version != VERSION {
        return fault("the two meta pages are of different versions");
    }
    if !is_page_size(meta.page_size as usize) {
        return fault("the page size is not a power of two from 512 to 32768");
    }
    if meta.txn_id.0 >= 1 << 63 {
        return fault("the transaction id of a meta page cannot be");
    }
    Ok(meta)
}

/// What is wrong with the trees of a meta page, or with its last page number.
fn why_wrong(meta: &Meta) -> Option<&'static str> {
    if meta.last_page == PageNo(0) || meta.last_page >= PageNo(1 << 48) {
        return Some("the last page of a meta page cannot be");
    }
    meta.free.why_outside(meta.last_page).or_else(|| meta.main.why_outside(meta.last_page))
}

fn io(error: std::io::Error, what: &str) -> Error {
    Error::new(ErrorKind::Io, format!("could not read {what}: {error}")).caused_by(error)
}
