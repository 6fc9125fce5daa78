//! Web sessions, as tower-sessions asks for a store of them, in an axum service.

use std::path::Path;

use futures_util::Stream;
use serde::{Deserialize, Serialize};

use crate::Result;

pub mod heed;
pub mod mapleaf;
pub mod service;
#[cfg(test)]
mod tests;

/// The number of a session. Nobody can guess one.
pub type Id = u128;

/// What is known of a visitor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Who it is.
    pub user: String,
    /// The second at which the session is over.
    pub expires: u64,
}

/// A random id.
pub fn fresh_id() -> Result<Id, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(Id::from_be_bytes(bytes))
}

/// A line of the listing.
#[must_use]
pub fn line(id: Id, session: &Session) -> String {
    format!("{id:032x} {} {}\n", session.user, session.expires)
}

/// A store of sessions, for an executor.
pub trait SessionStore: Clone + Send + Sync + 'static {
    /// Opens the store in a directory, or creates it.
    fn open(path: &Path) -> Result<Self>;

    /// Stores a new session under `id`, or if that is taken, under another one. Returns which.
    fn create(&self, id: Id, session: Session) -> impl Future<Output = Result<Id>> + Send;

    /// Stores a session under `id`.
    fn save(&self, id: Id, session: Session) -> impl Future<Output = Result<()>> + Send;

    /// The session `id`, unless it is over.
    fn load(&self, id: Id, now: u64) -> impl Future<Output = Result<Option<Session>>> + Send;

    /// Removes the session `id`.
    fn delete(&self, id: Id) -> impl Future<Output = Result<()>> + Send;

    /// Removes the sessions that are over, and returns how many. It does not read the others.
    fn delete_expired(&self, now: u64) -> impl Future<Output = Result<u64>> + Send;

    /// A line for each session, as of now, whatever changes while they are sent.
    fn lines(&self) -> Result<impl Stream<Item = Result<String>> + Send + 'static>;
}
