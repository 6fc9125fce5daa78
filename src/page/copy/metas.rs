//! The meta pages of a copy. They are written last, so that a truncated copy is not a valid database.

use crate::page::format::{MAGIC, META_BYTES, VERSION};
use crate::page::format::{META_PAGES, flag};
use crate::page::meta::{Meta, TreeRecord};
use crate::page::page_no::PageNo;
use crate::page::txn_id::LmdbTxnId;

/// Both meta pages of a plain copy of the state `meta`, whose pages keep their numbers.
///
/// One slot carries the state under its own id. The other slot, which in the source may belong to a later commit,
/// carries the same state under the id before it. A reader that falls back to this slot finds the copy, not an older
/// state whose pages are missing.
pub(crate) fn plain_metas(meta: &Meta) -> Vec<u8> {
    let before = Meta { txn_id: meta.txn_id.base(), ..*meta };
    if meta.txn_id.slot() == 0 && meta.txn_id != LmdbTxnId(0) { pair(meta, &before) } else { pair(&before, meta) }
}

/// Both meta pages of a compacted copy of the state `meta`. `main` is its new main tree, `pages` the number of pages
/// in the file.
///
/// The same as LMDB writes. Slot 0 is that of an empty database with id 0. Slot 1 is the copy, with id 1 unless the
/// copy is empty too.
pub(crate) fn compacted_metas(meta: &Meta, main: TreeRecord, pages: u64) -> Vec<u8> {
    let none = TreeRecord::EMPTY;
    let empty = Meta {
        free: TreeRecord { flags: meta.free.flags, ..none },
        main: none,
        last_page: PageNo(META_PAGES - 1),
        txn_id: LmdbTxnId(0),
        ..*meta
    };
    let newest = LmdbTxnId(u64::from(!main.is_empty() || main.flags != 0));
    pair(&empty, &Meta { main, last_page: PageNo(pages - 1), txn_id: newest, ..empty })
}

fn pair(zero: &Meta, one: &Meta) -> Vec<u8> {
    let page_size = zero.page_size as usize;
    let mut both = vec![0; 2 * page_size];
    for (slot, (page, meta)) in both.chunks_exact_mut(page_size).zip([zero, one]).enumerate() {
        for (out, byte) in page.iter_mut().zip(encode(slot as u64, meta)) {
            *out = byte;
        }
    }
    both
}

/// Encodes the used bytes of meta page `slot`.
fn encode(slot: u64, meta: &Meta) -> [u8; META_BYTES] {
    let free = TreeRecord { pad: meta.page_size, ..meta.free }.to_bytes();
    let format = u64::from(MAGIC) | u64::from(VERSION) << 32;
    let mut bytes = [0; META_BYTES];
    let words = [slot, u64::from(flag::META) << 16, format, meta.address, meta.map_size].map(u64::to_le_bytes);
    let ends = [meta.last_page.0, meta.txn_id.0].map(u64::to_le_bytes);
    let parts = words.iter().flatten().chain(&free).chain(&meta.main.to_bytes()).copied().collect::<Vec<_>>();
    for (out, byte) in bytes.iter_mut().zip(parts.into_iter().chain(ends.into_iter().flatten())) {
        *out = byte;
    }
    bytes
}
