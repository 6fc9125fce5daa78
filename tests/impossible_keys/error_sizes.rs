//! An error prints at most 4 KiB, whatever it is about.

use std::fmt;

use mapleaf::{Batch, Conflicts, Dbi, Env, Error, ErrorKind, Expect, Result};

use crate::bytes::LONG;
use crate::common::errors::refused;

const MOST: usize = 4096;

/// Checks that `Display` and both forms of `Debug` are short, and not empty.
#[track_caller]
fn is_short(error: &Error) {
    for text in [error.to_string(), format!("{error:?}"), format!("{error:#?}")] {
        assert!((10..=MOST).contains(&text.len()), "{} bytes: {text:.300}", text.len());
    }
    let kind = format!("Error {{ kind: {:?}, ", error.kind());
    assert!(format!("{error:?}").starts_with(&kind));
    assert!(!error.to_string().contains('\n'));
}

#[test]
fn an_error_about_a_key_of_megabytes_is_cut() -> Result<()> {
    let env = Env::temporary()?;
    let (texts, bytes): (Dbi<&str, u32>, Dbi<&[u8], u32>) = (env.dbi("texts")?, env.dbi("bytes")?);
    let text = "é".repeat(LONG / 2);
    env.transact(|txn| {
        let error = refused(texts.put(txn, &text, 1), ErrorKind::TooLarge);
        is_short(&error);
        assert_eq!(error.key(), Some(text.as_bytes()), "it is there in full");
        is_short(&refused(bytes.put(txn, &vec![0; LONG], 1), ErrorKind::TooLarge));
        Ok(())
    })
}

#[test]
fn an_error_with_a_message_or_name_of_megabytes_is_cut() -> Result<()> {
    for text in ["x", "é", "\n", "\0", "\u{7f}", "\"", "\u{10FFFF}", "line\n"] {
        let long = text.repeat(LONG / text.len());
        let error = Error::new(ErrorKind::Decode, long.clone());
        is_short(&error);
        assert_eq!(error.message(), long, "it is there in full");
        is_short(&Error::other(long.clone()));
        is_short(&refused(Env::temporary()?.dbi::<u8, u8>(&long), ErrorKind::InvalidArgument));
    }
    Ok(())
}

#[test]
fn an_error_counts_a_hundred_thousand_conditions_and_names_some() -> Result<()> {
    let env = Env::temporary()?;
    let kv: Dbi<&str, u32> = env.dbi("kv")?;
    let long = "k".repeat(LONG);
    let mut batch = Batch::new();
    batch.check(&kv, &long, Expect::Present)?;
    for n in 1..100_000_u32 {
        batch.check(&kv, &n.to_string(), Expect::Value(n))?;
    }
    let error = refused(env.apply(batch), ErrorKind::Conflict);
    is_short(&error);
    assert!(error.to_string().contains("100000 conditions") && error.to_string().contains("99997 more"), "{error}");
    let conflicts: Conflicts = error.downcast()?;
    assert_eq!((conflicts.len(), conflicts[0].key.len()), (100_000, LONG), "they are there in full");
    for text in
        [conflicts.to_string(), format!("{conflicts:?}"), format!("{conflicts:#?}"), format!("{:?}", conflicts[0])]
    {
        assert!((10..=MOST).contains(&text.len()), "{} bytes", text.len());
    }
    Ok(())
}

/// A cause that prints any length, in lines, nested to any depth.
struct Talkative {
    line: &'static str,
    inner: Option<Box<Talkative>>,
}

impl fmt::Debug for Talkative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Talkative").field("line", &self.line).field("inner", &self.inner).finish()
    }
}

impl fmt::Display for Talkative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..100_000).try_for_each(|_| f.write_str(self.line))
    }
}

impl std::error::Error for Talkative {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner.as_deref().map(|inner| inner as _)
    }
}

#[test]
fn an_error_with_causes_of_any_length_and_depth_is_cut() {
    for line in ["x", "\n", "a line\n", "é\t"] {
        let mut cause = Talkative { line, inner: None };
        for _ in 0..3000 {
            cause = Talkative { line, inner: Some(Box::new(cause)) };
        }
        let error = Error::other(cause);
        is_short(&error);
        assert!(format!("{error:?}").contains("..."), "what is cut shows it");
    }
    // Nested errors of mapleaf.
    let mut error = Error::new(ErrorKind::Io, "the innermost of all");
    for _ in 0..300 {
        error = Error::other(error);
        is_short(&error);
    }
    assert!(error.to_string().ends_with("the innermost of all"), "{error}");
}
