//! Entries as a stream of futures.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::stream::{FusedStream, Stream};

use crate::error::Result;
use crate::key::Key;
use crate::scan::owned::OwnedEntries;
use crate::value::Value;

/// After this many entries the stream lets other tasks run.
const TURN: u32 = 256;

impl<K: Key, V: Value> OwnedEntries<K, V> {
    /// The entries as a `Stream` of the crate `futures-core`, from the front.
    ///
    /// ```
    /// # use mapleaf::{Dbi, Env};
    /// use futures_core::Stream;
    ///
    /// fn body(env: &Env, ages: &Dbi<&'static str, u32>) -> mapleaf::Result<impl Stream + Send + 'static> {
    ///     Ok(ages.iter_owned(env.snapshot()?)?.into_stream())
    /// }
    /// # fn main() -> mapleaf::Result<()> {
    /// # let env = Env::temporary()?;
    /// let ages = env.dbi("ages")?;
    /// let stream = body(&env, &ages)?;
    /// # drop(stream);
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_stream(self) -> EntryStream<K, V> {
        EntryStream { entries: self, turn: TURN, is_done: false }
    }
}

/// Entries in key order as a stream: what [`OwnedEntries::into_stream`] returns. Feature `futures`.
///
/// An entry costs as much as one of [`OwnedEntries`]. It is read when it is polled, on the thread of the executor,
/// which waits for the disk where the pages are not in memory; use a thread for blocking work if that matters. After
/// every 256 entries it lets other tasks run.
///
/// ```
/// # use mapleaf::{Dbi, Env};
/// use std::pin::pin;
/// use std::task::{Context, Poll, Waker};
///
/// use futures_core::Stream;
///
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let ages: Dbi<&str, u32> = env.dbi("ages")?;
/// env.transact(|txn| ages.put(txn, "ann", 42))?;
/// let mut stream = pin!(ages.iter_owned(env.snapshot()?)?.into_stream());
/// // An executor does this; `StreamExt::next` of the crate `futures` is the convenient form.
/// let mut task = Context::from_waker(Waker::noop());
/// let Poll::Ready(Some(row)) = stream.as_mut().poll_next(&mut task) else { panic!("there is a row") };
/// assert_eq!(row?, ("ann".to_owned(), 42));
/// assert!(matches!(stream.as_mut().poll_next(&mut task), Poll::Ready(None)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct EntryStream<K, V> {
    entries: OwnedEntries<K, V>,
    /// How many more entries are returned before other tasks may run.
    turn: u32,
    is_done: bool,
}

impl<K, V> EntryStream<K, V> {
    /// The iterator, with the entries that were not returned yet.
    #[must_use]
    pub fn into_inner(self) -> OwnedEntries<K, V> {
        self.entries
    }
}

impl<K: Key, V: Value> Stream for EntryStream<K, V> {
    type Item = Result<(K::Owned, V::Owned)>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.turn == 0 {
            self.turn = TURN;
            task.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.turn -= 1;
        let next = self.entries.next();
        self.is_done = next.is_none();
        Poll::Ready(next)
    }
}

impl<K: Key, V: Value> FusedStream for EntryStream<K, V> {
    fn is_terminated(&self) -> bool {
        self.is_done
    }
}
