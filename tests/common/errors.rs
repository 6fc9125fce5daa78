//! Assertions on errors.

use mapleaf::{Error, ErrorKind, Result};

/// Returns the error of `outcome`, after a check that it has this kind and a useful message.
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

/// As [`refused`]; also checks that `Display` shows each of `words`.
#[track_caller]
pub fn refused_with<T>(outcome: Result<T>, kind: ErrorKind, words: &[&str]) -> Error {
    let error = refused(outcome, kind);
    for word in words {
        assert!(error.to_string().contains(word), "{error:?} does not name {word:?}");
    }
    error
}

/// Wraps an I/O error in mapleaf's error type.
pub fn io<T>(outcome: std::io::Result<T>) -> Result<T> {
    outcome.map_err(Error::other)
}

/// A new temporary directory for one test.
pub fn directory() -> Result<tempfile::TempDir> {
    io(tempfile::tempdir())
}
