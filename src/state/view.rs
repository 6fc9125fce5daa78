//! What a transaction reads: a state, and the layers of changes that were committed after it.

use std::ops::Deref;
use std::sync::Arc;

use crate::catalog::CommitSeq;
use crate::error::Result;
use crate::read::Layers;
use crate::state::committed::State;
use crate::state::pinned_state::{PinnedState, View};

/// What a write transaction reads below its own changes.
pub(crate) struct WriteView {
    pub base: Base,
    /// The changes of transactions that are not in the base, the oldest lowest.
    pub layers: Layers,
    /// The transaction's number: one more than the number of transactions committed before it.
    pub seq: CommitSeq,
}

/// The state under a write transaction.
pub(crate) enum Base {
    /// The newest state, which LMDB's write lock keeps the newest.
    Newest(Arc<State>),
    /// A pinned state, which other transactions may read as well.
    Pinned(Arc<PinnedState>),
}

impl Deref for Base {
    type Target = State;

    #[inline]
    fn deref(&self) -> &State {
        match self {
            Self::Newest(state) => state,
            Self::Pinned(pinned) => pinned,
        }
    }
}

impl WriteView {
    /// A view of the newest state, which LMDB's write lock keeps the newest.
    pub(crate) fn over_newest(base: &Arc<State>) -> Result<Self> {
        let seq = base.head()?.seq.next();
        Ok(Self { base: Base::Newest(Arc::clone(base)), layers: Layers::default(), seq })
    }

    /// A view of a pinned state and the changes above it.
    pub(crate) fn over(view: View) -> Result<Self> {
        let seq = view.seq()?.next();
        Ok(Self { base: Base::Pinned(view.pinned), layers: view.layers, seq })
    }
}
