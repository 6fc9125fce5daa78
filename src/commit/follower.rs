//! Followers: transactions that run on the sets of their predecessors while these are being committed.

use std::sync::Arc;

use crate::commit::group_commit::{Basis, Follower, GroupCommit, JoinedAs, TransactionLock};
use crate::commit::leader::{commit, lead_group};
use crate::commit::pipeline::Contribution;
use crate::commit::session::{Begin, Begun};
use crate::commit::ticket::{CommitOutcome, CommitTicket, Next};
use crate::error::Result;
use crate::read::Layers;
use crate::state::{Core, View, WriterTurn};
use crate::write_set::WriteSet;

/// A transaction that runs on the sets of its predecessors. Dropping it leaves the pipeline.
pub(crate) struct Following {
    core: Arc<Core>,
    groups: Arc<GroupCommit>,
    /// The ticket of the last group that it read.
    read: Arc<CommitTicket>,
    // The view refers to the pending group's write set, which absorbs further changes only while nothing else refers to
    // it. So the view is dropped before `follower`, which leaves the pipeline.
    view: Option<View>,
    follower: Follower,
}

impl Following {
    pub(crate) fn begin(core: &Arc<Core>, groups: &Arc<GroupCommit>, basis: Basis) -> Self {
        let Basis { base, sets, transactions: before, ticket: read, follower } = basis;
        let view = Some(View { pinned: base, layers: Layers::of(sets), above: before });
        core.note_following(true);
        Self { core: Arc::clone(core), groups: Arc::clone(groups), read, view, follower }
    }

    /// What the transaction reads below its own changes; `None` after the first call.
    pub(crate) fn take_view(&mut self) -> Option<View> {
        self.view.take()
    }

    /// Adds the changes to the pending group, and waits until they are committed. Without changes, waits until what
    /// was read is committed.
    pub(crate) fn commit(self, lock: TransactionLock, set: WriteSet, made: Contribution) -> Result<()> {
        let Self { core, groups, read, view, follower } = self;
        drop(view);
        // If the process was forked since the transaction began, this child must not commit: the pipeline is the
        // parent's.
        core.check_not_forked()?;
        if set.is_exclusive() {
            return commit_after(&core, lock, follower, &set, made);
        }
        let joined = if set.is_empty() {
            drop(follower);
            None
        } else {
            Some(follower.join(set, made))
        };
        drop(lock);
        let commit_outcome = match joined {
            Some(JoinedAs::Member(ticket)) => wait(&core, &groups, &ticket),
            Some(JoinedAs::Leader(mut leading)) => {
                let ticket = leading.group()?.ticket;
                lead_group(&core, leading);
                wait(&core, &groups, &ticket)
            }
            Some(JoinedAs::Broken(outcome)) => outcome,
            // This transaction has nothing to commit, but the groups that it read may still fail. Then the caller can
            // only retry, which `of_successors` says.
            None => wait(&core, &groups, &read).of_successors(),
        };
        commit_outcome.outcome()
    }
}

/// Commits the changes of a transaction that nobody may be based on, by a commit of their own after those of its
/// predecessors. The transaction lock is held to the end.
fn commit_after(
    core: &Arc<Core>,
    lock: TransactionLock,
    // Parameters are dropped in reverse order. So after a panic the follower leaves the pipeline before the transaction
    // lock is free.
    follower: Follower,
    set: &WriteSet,
    made: Contribution,
) -> Result<()> {
    let committed = match follower.wait_for_predecessors() {
        Err(outcome) => outcome.outcome(),
        Ok(base) => Begun::begin(WriterTurn::wait_for(core), Begin::After(base))
            .and_then(|begun| begun.session(|session| commit(session, set, made.transactions, made.durability))),
    };
    drop(follower);
    drop(lock);
    committed
}

/// Waits for the outcome of a group, and leads the group when asked to.
fn wait(core: &Arc<Core>, groups: &Arc<GroupCommit>, ticket: &CommitTicket) -> CommitOutcome {
    loop {
        match ticket.wait() {
            Next::Reported(outcome) => return outcome,
            Next::Lead => {
                if let Some(leading) = groups.take(core) {
                    lead_group(core, leading);
                }
            }
        }
    }
}
