//! LMDB's errors, typed.

use std::borrow::Cow;

use heed::MdbError;

use crate::error::{Error, ErrorKind};
use crate::os::io_error;

/// An error of LMDB, and whether the engine can recover from it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub error: Error,
    pub cause: Cause,
}

/// The failures that the engine handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The map is full: grow it and apply again.
    MapFull,
    /// Another process has grown the file: adopt its size.
    MapResized,
    /// LMDB met a fatal error: the environment must be reopened.
    Panic,
    /// The operating system refused a call.
    Io,
    /// Anything else.
    Other,
}

impl Failure {
    pub(super) fn of(error: heed::Error) -> Self {
        let cause = match &error {
            heed::Error::Mdb(MdbError::MapFull) => Cause::MapFull,
            heed::Error::Mdb(MdbError::MapResized) => Cause::MapResized,
            heed::Error::Mdb(MdbError::Panic) => Cause::Panic,
            heed::Error::Io(_) => Cause::Io,
            _ => Cause::Other,
        };
        Self { error: failure(error, ""), cause }
    }
}

impl From<heed::Error> for Failure {
    fn from(error: heed::Error) -> Self {
        Self::of(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, cause: Cause::Other }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// Converts an error of heed to a typed one.
pub(super) fn failure(error: heed::Error, operation: &'static str) -> Error {
    let typed = match error {
        heed::Error::Mdb(mdb) => Error::new(kind_of(mdb), advice(mdb)).caused_by(mdb),
        // LMDB locks the byte of its process id in the lock file. It found this byte locked, so another process has the
        // same id.
        heed::Error::Io(io) if io.kind() == std::io::ErrorKind::WouldBlock => {
            let why = "a process with the same id has the environment open from another PID namespace; let the containers \
                       share one namespace";
            Error::new(ErrorKind::Unsupported, why).caused_by(io)
        }
        heed::Error::Io(io) => io_error(&io).caused_by(io),
        heed::Error::EnvAlreadyOpened => {
            let why = "the environment is open in this process by other means than mapleaf, or was in the one that this \
                       is a fork of; close it, or exec";
            Error::new(ErrorKind::Busy, why)
        }
        heed::Error::Encoding(cause) | heed::Error::Decoding(cause) => {
            let why = "LMDB refused the bytes of a key or value; report it, with the version of mapleaf";
            Error::new(ErrorKind::Io, why).caused_by(cause)
        }
    };
    if operation.is_empty() { typed } else { typed.during(operation) }
}

fn kind_of(error: MdbError) -> ErrorKind {
    match error {
        MdbError::MapFull | MdbError::MapResized => ErrorKind::MapFull,
        MdbError::DbsFull => ErrorKind::DbisFull,
        MdbError::ReadersFull => ErrorKind::ReadersFull,
        MdbError::TxnFull => ErrorKind::TooLarge,
        MdbError::VersionMismatch => ErrorKind::FormatVersion,
        MdbError::Invalid
        | MdbError::PageNotFound
        | MdbError::Corrupted
        | MdbError::CursorFull
        | MdbError::PageFull
        | MdbError::Problem
        | MdbError::NotFound => ErrorKind::Corrupted,
        MdbError::Panic => ErrorKind::CommitOutcomeUnknown,
        MdbError::BadValSize | MdbError::KeyExist => ErrorKind::InvalidKey,
        MdbError::Incompatible | MdbError::BadDbi => ErrorKind::Conflict,
        _ => ErrorKind::Io,
    }
}

fn advice(error: MdbError) -> Cow<'static, str> {
    let advice = match error {
        MdbError::MapFull => "the map is full; open with a larger max_map_size",
        MdbError::MapResized => "another process has grown the file beyond max_map_size; open with a larger one",
        MdbError::DbsFull => {
            "too many DBIs are open; open the environment with a larger max_dbis, or, if many were dropped beside other \
             processes, compact when those have closed it"
        }
        MdbError::ReadersFull => "all reader slots are taken; drop snapshots, which Env::readers lists, and retry",
        MdbError::TxnFull => "the transaction changes too many pages; split it, or load in parts",
        MdbError::VersionMismatch => {
            "the file is of another LMDB version; dump it with its own mdb_dump and load it here"
        }
        MdbError::Panic => {
            "the environment met a fatal error; close and reopen it, which checks the file and shows what was committed"
        }
        MdbError::BadValSize | MdbError::KeyExist => "LMDB refused the key's size or order; shorten the key",
        MdbError::Incompatible | MdbError::BadDbi => "the DBI was changed by another process; open it again and retry",
        MdbError::Invalid | MdbError::PageNotFound | MdbError::Corrupted | MdbError::CursorFull => {
            "LMDB finds the file damaged; restore it from a copy"
        }
        _ => return format!("LMDB failed: {error}; see what Env::verify finds").into(),
    };
    advice.into()
}
