//! A backend over messages: a client that has nothing but requests and replies of owned bytes, and a server in a thread
//! of its own. It stands for an engine on another machine, and fails on demand as one does.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::ops::{Bound, ControlFlow};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use mapleaf::store::{
    Backend, BackendRead, BackendTxn, Capabilities, Change, Changes, Committed, Condition, EachRow, FailedConditions,
    KeySpan, Memory, MemorySnapshot, MemorySpace, Order, transact_optimistically,
};
use mapleaf::{CommitId, Error, ErrorKind, Result};

/// The most rows of a page.
const PAGE: usize = 64;

type OwnedBound = Bound<Vec<u8>>;
type Rows = Vec<(Vec<u8>, Vec<u8>)>;

/// What a client asks.
enum Request {
    OpenSpace { name: String, key: String, value: String },
    Snapshot,
    Release { snapshot: u64 },
    Get { snapshot: u64, space: String, key: Vec<u8> },
    Page { snapshot: u64, space: String, lower: OwnedBound, upper: OwnedBound, descending: bool, most: usize },
    Commit { changes: Changes<String> },
    Newest,
    Close,
}

/// What the server answers. An error is its kind and its text, and the conditions that did not hold.
enum Reply {
    Done,
    Snapshot { number: u64, id: u64, incarnation: u64 },
    Value(Option<Vec<u8>>),
    Rows(Rows),
    Committed { id: u64, incarnation: u64 },
    Failed { kind: ErrorKind, message: String, conditions: Vec<usize> },
}

/// How the next request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It does not reach the server.
    Unavailable,
    /// It does not reach the server either, which the client learns by waiting.
    Timeout,
    /// The server does it, and the reply is lost.
    ReplyLost,
}

/// The client. A clone talks to the same server.
#[derive(Clone)]
pub struct MessageBackend {
    client: Arc<Client>,
}

struct Client {
    requests: Mutex<Sender<(Request, Sender<Reply>)>>,
    capabilities: Capabilities,
    id: [u8; 16],
    /// The faults of the next requests that commit.
    faults: Mutex<Vec<Fault>>,
}

impl MessageBackend {
    /// Begins a server, which ends with its last client.
    pub fn new() -> Result<Self> {
        let memory = Memory::new()?;
        let mut capabilities = memory.capabilities();
        capabilities.backend = "messages";
        let id = Backend::id(&memory);
        let (requests, received) = channel();
        thread::spawn(move || {
            Server { memory, spaces: HashMap::new(), snapshots: HashMap::new(), last: 0 }.serve(&received);
        });
        let faults = Mutex::default();
        Ok(Self { client: Arc::new(Client { requests: Mutex::new(requests), capabilities, id, faults }) })
    }

    /// Lets the next commits fail, the first of them by the last of these faults.
    pub fn fail_commits(&self, faults: &[Fault]) {
        *self.client.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults.to_vec();
    }

    pub fn close(&self) -> Result<()> {
        self.client.ask(Request::Close).map(drop)
    }
}

impl Client {
    fn ask(&self, request: Request) -> Result<Reply> {
        let (reply, replied) = channel();
        let gone = || Error::new(ErrorKind::Unavailable, "the server is gone");
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).send((request, reply)).map_err(|_| gone())?;
        match replied.recv().map_err(|_| gone())? {
            Reply::Failed { kind: ErrorKind::Conflict, conditions, .. } if !conditions.is_empty() => {
                Err(FailedConditions { at: conditions }.into_error())
            }
            Reply::Failed { kind, message, .. } => Err(Error::new(kind, message)),
            reply => Ok(reply),
        }
    }
}

fn no_such_reply<T>() -> Result<T> {
    Err(Error::new(ErrorKind::Other, "the server answered something else"))
}

/// The name of a space: all that a client knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageSpace(Arc<str>);

/// A snapshot, which the server keeps until its last clone is dropped.
#[derive(Clone)]
pub struct MessageSnapshot {
    kept: Arc<Kept>,
}

struct Kept {
    client: Arc<Client>,
    number: u64,
    id: CommitId,
    incarnation: u64,
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.client.ask(Request::Release { snapshot: self.number });
    }
}

impl BackendRead for MessageSnapshot {
    type Space = MessageSpace;

    fn id(&self) -> CommitId {
        self.kept.id
    }

    fn incarnation(&self) -> u64 {
        self.kept.incarnation
    }

    fn get(&self, space: &MessageSpace, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>> {
        let request = Request::Get { snapshot: self.kept.number, space: space.0.to_string(), key: key.to_vec() };
        match self.kept.client.ask(request)? {
            Reply::Value(value) => Ok(value.map(Cow::Owned)),
            _ => no_such_reply(),
        }
    }

    fn scan(
        &self,
        space: &MessageSpace,
        span: KeySpan<'_>,
        order: Order,
        wanted: usize,
        each: &mut EachRow<'_>,
    ) -> Result<()> {
        let (mut lower, mut upper) = (span.0.map(<[u8]>::to_vec), span.1.map(<[u8]>::to_vec));
        let most = wanted.clamp(1, PAGE);
        let descending = order == Order::Descending;
        loop {
            let (snapshot, space) = (self.kept.number, space.0.to_string());
            let request =
                Request::Page { snapshot, space, lower: lower.clone(), upper: upper.clone(), descending, most };
            let Reply::Rows(rows) = self.kept.client.ask(request)? else { return no_such_reply() };
            if rows.iter().any(|(key, value)| each(key, value).is_break()) || rows.len() < most {
                return Ok(());
            }
            let last = rows.into_iter().next_back().map_or(Bound::Unbounded, |(key, _)| Bound::Excluded(key));
            *if descending { &mut upper } else { &mut lower } = last;
        }
    }
}

impl Backend for MessageBackend {
    type Space = MessageSpace;
    type Snapshot = MessageSnapshot;

    fn capabilities(&self) -> Capabilities {
        self.client.capabilities.clone()
    }

    fn id(&self) -> [u8; 16] {
        self.client.id
    }

    fn open_space(&self, name: &str, key: &str, value: &str) -> Result<MessageSpace> {
        self.client.ask(Request::OpenSpace { name: name.into(), key: key.into(), value: value.into() })?;
        Ok(MessageSpace(name.into()))
    }

    fn snapshot(&self) -> Result<MessageSnapshot> {
        match self.client.ask(Request::Snapshot)? {
            Reply::Snapshot { number, id, incarnation } => {
                let kept = Kept { client: Arc::clone(&self.client), number, id: id.into(), incarnation };
                Ok(MessageSnapshot { kept: Arc::new(kept) })
            }
            _ => no_such_reply(),
        }
    }

    fn commit(&self, changes: Changes<MessageSpace>) -> Result<Committed> {
        let request = Request::Commit { changes: renamed(changes, &|space: MessageSpace| Ok(space.0.to_string()))? };
        let fault = self.client.faults.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match fault {
            Some(Fault::Unavailable) => return Err(Error::new(ErrorKind::Unavailable, "no connection; retry")),
            Some(Fault::Timeout) => return Err(Error::new(ErrorKind::Timeout, "no answer in time; retry")),
            Some(Fault::ReplyLost) => {
                self.client.ask(request)?;
                let why = "the connection broke before the answer; read, to see whether it was committed";
                return Err(Error::new(ErrorKind::CommitOutcomeUnknown, why));
            }
            None => {}
        }
        match self.client.ask(request)? {
            Reply::Committed { id, incarnation } => Ok(Committed { id: id.into(), incarnation }),
            _ => no_such_reply(),
        }
    }

    fn transact<T>(&self, work: impl FnMut(&mut dyn BackendTxn<MessageSpace>) -> Result<T>) -> Result<(T, Committed)> {
        transact_optimistically(self, work)
    }

    fn wait_changed(&self, since: CommitId, limit: Duration) -> Result<CommitId> {
        let end = std::time::Instant::now() + limit;
        loop {
            let Reply::Committed { id, .. } = self.client.ask(Request::Newest)? else { return no_such_reply() };
            if CommitId::from(id) > since {
                return Ok(id.into());
            }
            if std::time::Instant::now() >= end {
                return Err(Error::new(ErrorKind::Timeout, "nothing was committed in time"));
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl fmt::Debug for MessageBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageBackend").finish_non_exhaustive()
    }
}

/// The same changes with other handles of their spaces.
fn renamed<S, T>(changes: Changes<S>, rename: &impl Fn(S) -> Result<T>) -> Result<Changes<T>> {
    let conditions = changes.conditions.into_iter().map(|condition| {
        Ok(match condition {
            Condition::Value { space, key, value } => Condition::Value { space: rename(space)?, key, value },
            Condition::Rows { space, lower, upper, rows } => {
                Condition::Rows { space: rename(space)?, lower, upper, rows }
            }
        })
    });
    let made = changes.changes.into_iter().map(|change| {
        Ok(match change {
            Change::Put { space, key, value } => Change::Put { space: rename(space)?, key, value },
            Change::Delete { space, key } => Change::Delete { space: rename(space)?, key },
            Change::DeleteSpan { space, lower, upper } => Change::DeleteSpan { space: rename(space)?, lower, upper },
        })
    });
    Ok(Changes { conditions: conditions.collect::<Result<_>>()?, changes: made.collect::<Result<_>>()? })
}

/// The server, over a memory.
struct Server {
    memory: Memory,
    spaces: HashMap<String, MemorySpace>,
    snapshots: HashMap<u64, MemorySnapshot>,
    last: u64,
}

impl Server {
    fn serve(mut self, requests: &Receiver<(Request, Sender<Reply>)>) {
        for (request, reply) in requests {
            let answer = self.answer(request).unwrap_or_else(|error| Reply::Failed {
                kind: error.kind(),
                message: error.message().into(),
                conditions: error.downcast_ref::<FailedConditions>().map_or_else(Vec::new, |failed| failed.at.clone()),
            });
            let _ = reply.send(answer);
        }
    }

    fn space(&self, name: &str) -> Result<MemorySpace> {
        self.spaces.get(name).cloned().ok_or_else(|| Error::new(ErrorKind::NotFound, "no such space"))
    }

    fn kept(&self, number: u64) -> Result<&MemorySnapshot> {
        self.snapshots.get(&number).ok_or_else(|| Error::new(ErrorKind::Released, "no such snapshot"))
    }

    fn answer(&mut self, request: Request) -> Result<Reply> {
        match request {
            Request::OpenSpace { name, key, value } => {
                let space = self.memory.open_space(&name, &key, &value)?;
                self.spaces.insert(name, space);
                Ok(Reply::Done)
            }
            Request::Snapshot => {
                let snapshot = self.memory.snapshot()?;
                self.last += 1;
                let (id, incarnation) = (snapshot.id().into(), snapshot.incarnation());
                self.snapshots.insert(self.last, snapshot);
                Ok(Reply::Snapshot { number: self.last, id, incarnation })
            }
            Request::Release { snapshot } => {
                self.snapshots.remove(&snapshot);
                Ok(Reply::Done)
            }
            Request::Get { snapshot, space, key } => {
                let value = self.kept(snapshot)?.get(&self.space(&space)?, &key)?;
                Ok(Reply::Value(value.map(Cow::into_owned)))
            }
            Request::Page { snapshot, space, lower, upper, descending, most } => {
                let span = (lower.as_ref().map(Vec::as_slice), upper.as_ref().map(Vec::as_slice));
                let order = if descending { Order::Descending } else { Order::Ascending };
                let mut rows = Rows::new();
                self.kept(snapshot)?.scan(&self.space(&space)?, span, order, most, &mut |key, value| {
                    rows.push((key.to_vec(), value.to_vec()));
                    if rows.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                })?;
                Ok(Reply::Rows(rows))
            }
            Request::Commit { changes } => {
                let Committed { id, incarnation } =
                    self.memory.commit(renamed(changes, &|name: String| self.space(&name))?)?;
                Ok(Reply::Committed { id: id.into(), incarnation })
            }
            Request::Newest => {
                let snapshot = self.memory.snapshot()?;
                Ok(Reply::Committed { id: snapshot.id().into(), incarnation: snapshot.incarnation() })
            }
            Request::Close => self.memory.close().map(|()| Reply::Done),
        }
    }
}
