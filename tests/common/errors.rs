//! Looking closely at errors.

use mapleaf::{Error, ErrorKind, Result};

/// The error of `outcome`, which must be one of `kind`, with a message that says something.
#[track_caller]
pub fn refused<T>(outcome: Result<T>, kind: ErrorKind) -> Error {
    match outcome {
        Ok(_) => panic!("accepted, and must be {kind:?}"),
        Err(error) => {
            assert_eq!(error.kind(), kind, "{error:?}");
            assert!(error.message().len() > 10, "{error:?}");
            assert!(!error.to_string().contains('\n'), "{error}");
            error
        }
    }
}

/// As [`refused`], and `Display` holds each of `words`.
#[track_caller]
pub fn refused_with<T>(outcome: Result<T>, kind: ErrorKind, words: &[&str]) -> Error {
    let error = refused(outcome, kind);
    for word in words {
        assert!(error.to_string().contains(word), "{error:?} does not name {word:?}");
    }
    error
}

/// An error of the system, carried through mapleaf's `Result`.
pub fn io<T>(outcome: std::io::Result<T>) -> Result<T> {
    outcome.map_err(Error::other)
}

/// A new directory of the test's own.
pub fn directory() -> Result<tempfile::TempDir> {
    io(tempfile::tempdir())
}
