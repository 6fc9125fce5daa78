//! One committed state of the file, read through its meta page and the root of each DBI.

use std::ops::Bound;
use std::sync::{Arc, OnceLock};

use crate::catalog::{DbiRef, DbiSlot, Head, OpenDbis};
use crate::error::{Error, ErrorKind, Result};
use crate::lmdb::{Cause, Failure};
use crate::page::{self, Cursor, EnvMap, Found, LmdbTxnId, Meta, Pages, TREE_FLAGS, TreeRecord};
use crate::state::files::Files;

/// The number of roots that a state holds without an allocation. A state lives until the next commit, so most states
/// are opened for a look-up in one DBI.
const FIRST_ROOTS: usize = 4;
/// The number of roots in a block, which is allocated when the first of them is found; and the maximum number of
/// blocks. The list of blocks is as long as the number of open DBIs requires, and takes 4 KiB at most.
const BLOCK: usize = 16;
const MOST_BLOCKS: usize = 256;

/// One committed state of the file.
///
/// Its pages stay unchanged while a [`PinnedState`](crate::state::pinned_state::PinnedState) of it lives. The pages of
/// a write transaction's base stay unchanged while LMDB's write lock keeps every other writer out. A state does not
/// hold its core, because the core's writer keeps the state of its last base for the next transaction.
pub(crate) struct State {
    map: Arc<EnvMap>,
    page_count: u64,
    meta: Meta,
    /// The ids of both meta pages when this was the newest state. It is the newest as long as they are unchanged.
    ids: [LmdbTxnId; 2],
    pub(super) catalog: OnceLock<TreeRecord>,
    /// The head, if this process committed this state. Not a cell: every commit creates a `State`, whose head is
    /// usually read once.
    pub(super) known_head: Option<Head>,
    pub(super) head: OnceLock<Head>,
    /// The roots found so far of the DBIs with the lowest slots, each in its cell.
    first_roots: [RootCell; FIRST_ROOTS],
    /// The roots found so far of the other DBIs, in blocks. A root is in the cell of its slot modulo the number of
    /// cells; the number of blocks is a power of two. The list is sized for the DBIs that are open when the first of
    /// these roots is looked up. If there are more DBIs then, those whose cell is taken are looked up each time.
    more_roots: OnceLock<Box<[Block]>>,
    /// The DBIs that are open in the state's core.
    dbis: Arc<OpenDbis>,
}

/// The root of a DBI once it is found, and the DBI's slot.
type RootCell = OnceLock<(DbiSlot, TreeRecord)>;
type Block = OnceLock<Box<[RootCell; BLOCK]>>;

/// What the main tree holds under a name.
#[derive(Debug)]
pub(crate) enum MainEntry {
    Tree(TreeRecord),
    /// User data that other software stored next to the named databases.
    Data,
}

impl State {
    /// The state of this meta page. `ids` are the ids of both meta pages at the moment when `meta` was copied.
    pub(crate) fn new(dbis: &Arc<OpenDbis>, files: &Files, meta: Meta, ids: [LmdbTxnId; 2]) -> Result<Self, Failure> {
        Ok(Self {
            page_count: page_count(files, &meta)?,
            map: Arc::clone(&files.map),
            known_head: files.last_commit().head(meta.txn_id),
            meta,
            ids,
            catalog: OnceLock::new(),
            head: OnceLock::new(),
            first_roots: [const { RootCell::new() }; FIRST_ROOTS],
            more_roots: OnceLock::new(),
            dbis: Arc::clone(dbis),
        })
    }

    /// The state that a write transaction with LMDB id `id + 1` is based on: the newest one, while the caller holds
    /// LMDB's write lock. Reuses `last`, the base of the previous transaction, if nobody else holds it.
    pub(crate) fn base(
        dbis: &Arc<OpenDbis>,
        files: &Files,
        id: LmdbTxnId,
        last: Option<Arc<Self>>,
    ) -> Result<Arc<Self>, Failure> {
        let pages = files.map.metas();
        if pages.meta_id(id.slot()) != id {
            let why = "the newest meta page is not the one that the lock file names; reopen the environment";
            return Err(id.page().fault(why).into());
        }
        if let Some(mut last) = last.filter(|last| last.is_in(files))
            && let Some(state) = Arc::get_mut(&mut last)
        {
            state.renew(files, id)?;
            return Ok(last);
        }
        let ids = [id, pages.meta_id(id.other_slot())];
        Self::new(dbis, files, pages.meta(id.slot()), ids).map(Arc::new)
    }

    /// Turns this state into the state with LMDB's id `id`, read through the same map.
    fn renew(&mut self, files: &Files, id: LmdbTxnId) -> Result<(), Failure> {
        let pages = files.map.metas();
        // The fields are changed in place, one by one. A new `State` would have to be copied here, and to read memory
        // as a whole is slow when it was just written field by field.
        self.meta = pages.meta(id.slot());
        self.ids = [id, pages.meta_id(id.other_slot())];
        self.page_count = page_count(files, &self.meta)?;
        self.known_head = files.last_commit().head(id);
        self.catalog = OnceLock::new();
        self.head = OnceLock::new();
        self.first_roots = [const { RootCell::new() }; FIRST_ROOTS];
        self.more_roots = OnceLock::new();
        Ok(())
    }

    /// Whether no later commit exists, judged by the ids of the meta pages alone. Also `false` while a later commit is
    /// being flushed: its meta page is in the map before the commit is acknowledged. Also `false` if that was so when
    /// this state was opened: the acknowledgement does not change the meta page, so the ids cannot show it.
    pub(crate) fn is_newest(&self) -> bool {
        let [own, other] = self.ids;
        if other > own {
            return false;
        }
        let pages = self.map.metas();
        let id = self.meta.txn_id;
        pages.meta_id(id.slot()) == self.ids[0] && pages.meta_id(id.other_slot()) == self.ids[1]
    }

    /// Whether this state is read through the map of these files.
    pub(crate) fn is_in(&self, files: &Files) -> bool {
        Arc::ptr_eq(&self.map, &files.map)
    }

    /// LMDB's id of the newest state in the file.
    pub(crate) fn newest_id(&self) -> LmdbTxnId {
        let metas = self.map.metas();
        metas.meta_id(0).max(metas.meta_id(1))
    }

    /// LMDB's id of this state.
    pub(crate) fn lmdb_id(&self) -> LmdbTxnId {
        self.meta.txn_id
    }

    pub(crate) fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The length in bytes of the map that this state is read through.
    pub(crate) fn map_len(&self) -> usize {
        self.map.len()
    }

    #[inline]
    pub(crate) fn pages(&self) -> Pages<'_> {
        self.map.pages(self.page_count)
    }

    /// The root of `dbi` in this state; an empty tree if the DBI was created later.
    ///
    /// O(1) after the first call, which searches the catalogue and the main tree.
    #[inline]
    pub(crate) fn tree(&self, dbi: &DbiRef) -> Result<TreeRecord> {
        if dbi.engine == self.dbis.engine()
            && let Some((slot, tree)) = self.root_cell(dbi).and_then(OnceLock::get)
            && *slot == dbi.slot
        {
            return Ok(*tree);
        }
        self.find_tree(dbi)
    }

    #[inline]
    fn root_cell(&self, dbi: &DbiRef) -> Option<&RootCell> {
        let DbiSlot(slot) = dbi.slot;
        if let Some(cell) = self.first_roots.get(slot) {
            return Some(cell);
        }
        let more = self.more_roots.get_or_init(|| {
            let blocks = (self.dbis.len() / BLOCK + 1).next_power_of_two().min(MOST_BLOCKS);
            std::iter::repeat_with(OnceLock::new).take(blocks).collect()
        });
        let block = more.get((slot / BLOCK) & (more.len() - 1))?;
        let block = block.get_or_init(|| Box::new([const { RootCell::new() }; BLOCK]));
        block.get(slot % BLOCK)
    }

    #[cold]
    fn find_tree(&self, dbi: &DbiRef) -> Result<TreeRecord> {
        if dbi.engine != self.dbis.engine() {
            let why = "the DBI belongs to another environment than the snapshot or transaction it is used with; open it in \
                       that environment";
            return Err(Error::new(ErrorKind::InvalidArgument, why).in_dbi(&dbi.name));
        }
        let tree = self.resolve(dbi)?;
        // If the cell has the root of another DBI, it stays so, and the root of this DBI is looked up each time.
        if let Some(cell) = self.root_cell(dbi) {
            let _ = cell.set((dbi.slot, tree));
        }
        Ok(tree)
    }

    /// The DBIs that are open in the state's core.
    pub(crate) fn dbis(&self) -> &Arc<OpenDbis> {
        &self.dbis
    }

    /// What the main tree holds under `name`.
    pub(crate) fn main_entry(&self, name: &str) -> Result<Option<MainEntry>> {
        let found = page::find(self.pages(), &self.meta.main, name.as_bytes())?;
        found.map(|found| main_entry(&found)).transpose()
    }

    /// The names and trees of the main tree, in order; skips user data of other software.
    pub(crate) fn trees(&self) -> Result<Vec<(Vec<u8>, TreeRecord)>> {
        let mut cursor = Cursor::range(self.pages(), &self.meta.main, Bound::Unbounded, Bound::Unbounded)?;
        let mut trees = Vec::new();
        while let Some((name, found)) = cursor.next_node()? {
            if let MainEntry::Tree(tree) = main_entry(&found)? {
                trees.push((name.to_vec(), tree));
            }
        }
        Ok(trees)
    }

    /// Fails for a handle of another environment, or of a DBI that is not in this state. Cheaper than
    /// [`tree`](Self::tree): the file is not read if the handle was valid in a state with the same schema epoch.
    #[inline]
    pub(crate) fn check_dbi(&self, dbi: &DbiRef) -> Result<()> {
        if dbi.engine == self.dbis.engine() && dbi.is_checked(self.head()?.epoch) {
            return Ok(());
        }
        self.tree(dbi).map(drop)
    }
}

/// The number of pages that may be read for the state with this meta page: those of the file that are in the map.
fn page_count(files: &Files, meta: &Meta) -> Result<u64, Failure> {
    let map = &files.map;
    let needed = meta.last_page.end(map.page_size() as u64);
    // The state is pinned, or LMDB's lock is held, so all its pages are in the file by now. The system is asked for the
    // file's length only if the known length does not cover these pages: files grow, and LMDB does not truncate them,
    // so the known length stays valid.
    let file_len = files.file_len_for(needed)?;
    if needed.min(file_len) > map.len() as u64 {
        let error = Error::new(
            ErrorKind::MapFull,
            "the file has grown beyond the map; retry, or open with a larger max_map_size",
        );
        return Err(Failure { error, cause: Cause::MapResized });
    }
    Ok(map.page_count(file_len))
}

fn main_entry(found: &Found<'_>) -> Result<MainEntry> {
    if found.is_tree() { TreeRecord::from_bytes(found.value).map(MainEntry::Tree) } else { Ok(MainEntry::Data) }
}

/// Fails for a tree with flags: its order or its layout is not that of a plain LMDB tree.
pub(crate) fn check_flags(tree: &TreeRecord, name: &str) -> Result<()> {
    if tree.flags == 0 {
        return Ok(());
    }
    let known = TREE_FLAGS.iter().filter(|(bit, _)| tree.flags & bit != 0);
    let mut flags: Vec<_> = known.clone().map(|(_, name)| (*name).to_owned()).collect();
    let rest = known.fold(tree.flags, |rest, (bit, _)| rest & !bit);
    if rest != 0 {
        flags.push(format!("{rest:#x}"));
    }
    Err(Error::new(
        ErrorKind::Unsupported,
        format!("made by other software with flags {}; copy it into a plain DBI", flags.join(", ")),
    )
    .in_dbi(name))
}
