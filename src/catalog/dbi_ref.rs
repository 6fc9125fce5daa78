//! An open DBI, as its handles share it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use crate::catalog::dbi_id::{DbiId, DbiSlot};
use crate::catalog::record::Schema;
use crate::catalog::tree_name::TreeName;

/// How the DBI of a handle is identified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DbiIdentity {
    /// By its number in the catalogue.
    Catalogued(DbiId),
    /// By its name alone: it was made by other software and not adopted.
    Foreign,
}

/// What is known of a DBI that is opened under a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DbiFound<'a> {
    pub identity: DbiIdentity,
    pub schema: &'a Schema,
    /// The name of its tree.
    pub tree: &'a str,
    /// The name that it was created with.
    pub origin: &'a str,
}

/// An open DBI, shared by all handles that opened it under this name.
#[derive(Debug)]
pub struct DbiRef {
    /// The engine that it belongs to.
    pub(crate) engine: u64,
    /// The same for all names of the DBI, so that changes that are pending are found under each.
    pub(crate) slot: DbiSlot,
    pub(crate) identity: DbiIdentity,
    /// The name that it was opened under. It may have been renamed since.
    pub(crate) name: Box<str>,
    /// The name that it was created with, which codecs bind its values to.
    pub(crate) origin: Box<str>,
    pub(crate) schema: Schema,
    /// The maximum length of a key in bytes.
    pub(crate) max_key: usize,
    /// The environment's UUID.
    pub(crate) uuid: [u8; 16],
    pub(super) common: Arc<Common>,
}

/// What all names of a DBI share.
#[derive(Debug)]
pub(super) struct Common {
    /// The schema epoch, plus one, under which the catalogue was last seen to have this DBI. 0 before that, and for the
    /// highest epoch, which only a damaged or crafted file has.
    checked: AtomicU64,
    /// Whether its creation was committed: [`SETTLED`], [`PENDING`] or [`GIVEN_UP`].
    birth: AtomicU8,
    tree: TreeName,
}

/// The DBI exists in the file.
pub(super) const SETTLED: u8 = 0;
/// The transaction that creates it has not been committed yet.
pub(super) const PENDING: u8 = 1;
/// The transaction that was to create it was not committed.
const GIVEN_UP: u8 = 2;

impl Common {
    pub(super) fn new(birth: u8, tree: &str) -> Arc<Self> {
        Arc::new(Self { checked: AtomicU64::new(0), birth: AtomicU8::new(birth), tree: TreeName::new(tree) })
    }
}

impl DbiRef {
    /// Whether the transaction that creates it has not been committed yet.
    #[inline]
    pub(crate) fn is_pending(&self) -> bool {
        self.common.birth.load(Ordering::Acquire) == PENDING
    }

    /// Whether the DBI exists in the newest state, or did.
    pub(crate) fn is_settled(&self) -> bool {
        self.common.birth.load(Ordering::Acquire) == SETTLED
    }

    /// Whether the transaction that was to create it was not committed.
    pub(crate) fn is_given_up(&self) -> bool {
        self.common.birth.load(Ordering::Acquire) == GIVEN_UP
    }

    /// Notes that the transaction that creates it was committed.
    pub(crate) fn settle(&self) {
        self.common.birth.store(SETTLED, Ordering::Release);
    }

    /// Notes that the transaction that was to create it was not committed, unless it was.
    pub(crate) fn give_up(&self) {
        let _ = self.common.birth.compare_exchange(PENDING, GIVEN_UP, Ordering::Release, Ordering::Relaxed);
    }

    /// Whether the catalogue was seen to have this DBI in a state of this schema epoch. All states of an epoch have the
    /// same catalogue.
    #[inline]
    pub(crate) fn is_checked(&self, epoch: u64) -> bool {
        epoch != u64::MAX && self.common.checked.load(Ordering::Acquire) == epoch + 1
    }

    /// Notes that states of this epoch have the DBI, with this tree.
    pub(crate) fn set_checked(&self, epoch: u64, tree: &str) {
        self.common.tree.set(tree);
        // Set the epoch after the name of the tree, so that a thread that sees the epoch also sees the name.
        self.common.checked.store(epoch.wrapping_add(1), Ordering::Release);
    }

    /// The name of its tree, in all states that have it and can be read. Known after a check of the catalogue.
    #[inline]
    pub(crate) fn tree(&self) -> &str {
        self.common.tree.get()
    }

    /// Notes the name of the tree that a commit gives it.
    pub(crate) fn set_tree(&self, tree: &str) {
        self.common.tree.set(tree);
    }
}
