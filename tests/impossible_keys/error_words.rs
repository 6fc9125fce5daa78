//! An error says in one line what is wrong and what to do, each thing once, even if all causes are printed.

use std::error::Error as StdError;
use std::io;

use mapleaf::value::Context;
use mapleaf::{
    AnyKey, Batch, Conflicts, Dbi, Env, Error, ErrorKind, Expect, Key, ListCursor, Msgpack, MsgpackCompact, MultiDbi,
    Path, Result, Segment, Timestamp, Value,
};

use crate::bytes::{LONG, MAX};
use crate::common::errors::refused;

/// The texts of an error and its causes.
fn chain(error: &Error) -> Vec<String> {
    let mut told = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(next) = cause {
        told.push(next.to_string());
        cause = next.source();
    }
    told
}

/// Checks the rules for all errors. `operation` is the failed method, if there is one.
#[track_caller]
fn is_well_put(error: &Error, operation: Option<&str>) {
    let told = chain(error);
    let text = &told[0];
    assert!(told.iter().all(|line| !line.contains('\n')), "{told:?}");
    for (n, cause) in told.iter().enumerate().skip(1) {
        assert!(!told[..n].iter().any(|before| before.contains(cause)), "{cause:?} is told twice: {told:?}");
    }
    assert_eq!(error.operation(), operation, "{text}");
    if let Some(operation) = operation {
        assert!(text.starts_with(&format!("{operation}: ")), "{text}");
        assert!(!error.message().starts_with(operation), "{text}");
    }
    if let Some(name) = error.dbi() {
        assert_eq!(text.matches(&format!("{name:?}")).count(), 1, "{name:?} once: {text}");
    }
    for (piece, next) in text.split(": ").zip(text.split(": ").skip(1)) {
        assert!(piece != next && !next.starts_with(piece), "{piece:?} is told twice: {text}");
    }
    for word in [" 1 conditions", " 1 entries", " 1 DBIs", "(s)"] {
        assert!(!text.contains(word), "{text}");
    }
    if error.kind() != ErrorKind::Other {
        assert!(error.message().contains("; "), "what is to be done? {text}");
    }
}

#[test]
fn errors_of_keys_say_what_to_do() -> Result<()> {
    let env = Env::temporary()?;
    let (texts, floats): (Dbi<&str, u32>, Dbi<f64, u32>) = (env.dbi("texts")?, env.dbi("floats")?);
    let (paths, any): (Dbi<Path, u32>, Dbi<AnyKey, u32>) = (env.dbi("paths")?, env.dbi("any")?);
    let pairs: MultiDbi<&str, u32> = env.multi_dbi("pairs")?;
    let deep = (0..70).fold(AnyKey::Null, |key, _| AnyKey::List(vec![key]));
    let long = "k".repeat(MAX + 1);
    env.transact(|txn| {
        is_well_put(&refused(texts.put(txn, "", 1), ErrorKind::InvalidKey), Some("put"));
        is_well_put(&refused(texts.insert(txn, &long, 1), ErrorKind::TooLarge), Some("insert"));
        is_well_put(&refused(texts.replace(txn, &"k".repeat(LONG), 1), ErrorKind::TooLarge), Some("replace"));
        is_well_put(&refused(floats.get(txn, f64::NAN), ErrorKind::InvalidKey), Some("get"));
        is_well_put(&refused(paths.put(txn, &Path::new(), 1), ErrorKind::InvalidKey), Some("put"));
        is_well_put(&refused(any.put(txn, &deep, 1), ErrorKind::InvalidKey), Some("put"));
        is_well_put(&refused(any.get(txn, &f64::NAN.into()), ErrorKind::InvalidKey), Some("get"));
        is_well_put(&refused(pairs.insert(txn, &long, 1), ErrorKind::TooLarge), Some("insert"));
        texts.put(txn, "a", 1)?;
        is_well_put(&refused(texts.append(txn, "a", 1), ErrorKind::InvalidArgument), Some("append"));
        Ok(())
    })?;
    is_well_put(&refused(Timestamp::from_secs(i64::MAX), ErrorKind::InvalidKey), None);
    is_well_put(&refused(AnyKey::try_from(u128::MAX), ErrorKind::InvalidKey), None);
    is_well_put(&refused(Segment::parse("a:b:c"), ErrorKind::InvalidKey), None);
    is_well_put(&refused(Path::new().parent(), ErrorKind::InvalidArgument), None);
    is_well_put(&refused("no cursor".parse::<ListCursor>(), ErrorKind::InvalidArgument), None);
    let snap = env.snapshot()?;
    let none = texts.list(&snap, mapleaf::ListOptions::default().limit(0));
    is_well_put(&refused(none, ErrorKind::InvalidArgument), Some("list"));
    Ok(())
}

#[test]
fn errors_of_values_say_what_to_do() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Wide {
        width: u64,
    }

    let stored: [&[u8]; 7] =
        [b"", b"\x01", b"\xC1", b"\x81\xA5width\xA1x", b"\xFF\xFE", b"\x7B\x00", b"{\"width\": \"x\"}"];
    let context = Context::new(&[0; 16], "d", b"k");
    for stored in stored {
        let decoded = [
            <u32 as Value>::decode(stored, &context).err(),
            <bool as Value>::decode(stored, &context).err(),
            <char as Value>::decode(stored, &context).err(),
            <&str as Value>::decode(stored, &context).err(),
            <Msgpack<Wide> as Value>::decode(stored, &context).err(),
            <MsgpackCompact<Wide> as Value>::decode(stored, &context).err(),
            #[cfg(feature = "json")]
            <mapleaf::Json<Wide> as Value>::decode(stored, &context).err(),
        ];
        for error in decoded.iter().flatten() {
            assert_eq!(error.kind(), ErrorKind::Decode);
            is_well_put(error, None);
        }
        assert!(decoded.iter().flatten().count() >= 4, "{stored:?}");
    }
}

#[cfg(feature = "json")]
#[test]
fn the_message_of_a_codec_is_part_of_the_error() {
    #[derive(Debug, serde::Deserialize, serde::Serialize)]
    struct Wide {
        width: u64,
    }

    let (context, mut buf) = (Context::new(&[0; 16], "d", b"k"), Vec::new());
    let error = mapleaf::Json::<Wide>::decode(b"{}", &context).expect_err("no field");
    assert!(error.to_string().contains("missing field `width`") && error.source().is_none(), "{error}");
    assert!(error.downcast_ref::<serde_json::Error>().is_some_and(|cause| cause.line() == 1));
    let error = mapleaf::Json::<f64>::encode(&&f64::NAN, &context, &mut buf).expect_err("no such number");
    assert!(error.to_string().contains("NaN"), "{error}");
}

#[test]
fn errors_of_stored_keys_say_what_to_do() {
    for stored in [&b""[..], b"\x02", b"\xFF\xFE\xFD", b"a\0b\0\x01", b"\0\0\0\0\0\0\0\0\0", b"\x30a"] {
        let decoded = [
            <u32 as Key>::decode(stored).err(),
            <bool as Key>::decode(stored).err(),
            <&str as Key>::decode(stored).err(),
            <(u8, &str) as Key>::decode(stored).err(),
            <Option<u64> as Key>::decode(stored).err(),
            <Path as Key>::decode(stored).err(),
            <AnyKey as Key>::decode(stored).err(),
        ];
        for error in decoded.iter().flatten() {
            assert_eq!(error.kind(), ErrorKind::Decode);
            is_well_put(error, None);
        }
        assert!(decoded.iter().flatten().count() >= 4, "{stored:?}");
    }
}

#[test]
fn errors_of_databases_and_environments_say_what_to_do() -> Result<()> {
    let env = Env::options().max_dbis(1).temporary()?;
    let dbi: Dbi<&str, u32> = env.dbi("d")?;
    is_well_put(&refused(env.dbi::<&str, u64>("d"), ErrorKind::SchemaMismatch), Some("dbi"));
    is_well_put(&refused(env.dbi::<&str, u32>("another"), ErrorKind::DbisFull), Some("dbi"));
    let absent = env.dbi_options().create(false).open_multi::<&str, u32>("absent");
    is_well_put(&refused(absent, ErrorKind::NotFound), Some("multi_dbi"));
    let other = Env::temporary()?;
    let mut loader = other.loader();
    is_well_put(&refused(loader.put(&dbi, "a", 1), ErrorKind::InvalidArgument), Some("put"));
    let nested = env.transact(|_| env.transact(|_| Ok(())));
    is_well_put(&refused(nested, ErrorKind::Nested), Some("transact"));
    env.close()?;
    is_well_put(&refused(env.transact(|_| Ok(())), ErrorKind::Closed), Some("transact"));
    Ok(())
}

#[test]
fn a_conflict_gives_the_count_once_and_names_the_keys() -> Result<()> {
    let env = Env::temporary()?;
    let kv: Dbi<&str, u32> = env.dbi("kv")?;
    let told = |keys: &[&str]| -> Result<(String, Error)> {
        let mut batch = Batch::new();
        keys.iter().try_for_each(|key| batch.check(&kv, key, Expect::Present).map(drop))?;
        let error = refused(env.submit(batch)?.wait(), ErrorKind::Conflict);
        is_well_put(&error, Some("submit"));
        assert_eq!((chain(&error).len(), error.is_retryable()), (1, true));
        assert_eq!((error.dbi(), error.key()), (Some("kv"), Some(keys[0].as_bytes())));
        Ok((error.to_string(), error))
    };
    let (text, error) = told(&["a1"])?;
    assert_eq!(text, "submit: a condition of the batch does not hold: key \"a1\" of dbi \"kv\"; read again and retry");
    assert_eq!(error.downcast_ref::<Conflicts>().map(|failed| failed.len()), Some(1));
    let conflicts: Conflicts = error.downcast()?;
    assert_eq!(conflicts.to_string(), "a condition of the batch does not hold: key \"a1\" of dbi \"kv\"");
    let (text, _) = told(&["a1", "b"])?;
    let both = "key \"a1\", key \"b\" of dbi \"kv\"";
    assert_eq!(text, format!("submit: 2 conditions of the batch do not hold: {both}; read again and retry"));
    let (text, _) = told(&["a1", "b", "", "c", "d"])?;
    let some = "key \"a1\", key \"b\", key \"\" of dbi \"kv\" and 2 more";
    assert_eq!(text, format!("submit: 5 conditions of the batch do not hold: {some}; read again and retry"));
    Ok(())
}

#[test]
fn a_cause_in_the_message_is_not_repeated() {
    // As I/O errors of the standard library do.
    let outer = io::Error::other(Outer(Inner));
    for error in [Error::other(Outer(Inner)), Error::other(outer)] {
        assert_eq!(chain(&error), ["outer", "inner"], "{error:?}");
        is_well_put(&error, None);
    }
    let error = Error::other(Outer(Inner));
    assert!(error.downcast_ref::<Outer>().is_some() && error.downcast_ref::<Inner>().is_none());
    assert!(error.downcast::<Outer>().is_ok());
    let lines = Error::other("one\ntwo\u{7}\r\n");
    assert_eq!(lines.to_string(), "one\\ntwo\\u{7}\\r\\n");
}

#[derive(Debug)]
struct Outer(Inner);

#[derive(Debug)]
struct Inner;

impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("outer")
    }
}

impl std::fmt::Display for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("inner")
    }
}

impl StdError for Outer {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

impl StdError for Inner {}

#[test]
fn the_kind_says_whether_to_retry_unless_the_error_does() {
    use ErrorKind::{Busy, Capacity, Conflict, Decode, Io, MapFull, NotFound, ReadersFull, Timeout, Unavailable};
    for kind in [Busy, Capacity, Conflict, ReadersFull, Timeout, Unavailable] {
        assert!(Error::new(kind, "again").is_retryable(), "{kind:?}");
        assert!(!Error::new(kind, "not again").retryable(false).is_retryable(), "{kind:?}");
    }
    for kind in [Decode, Io, MapFull, NotFound, ErrorKind::Other, ErrorKind::CommitOutcomeUnknown] {
        assert!(!Error::new(kind, "not again").is_retryable(), "{kind:?}");
        assert!(Error::new(kind, "again").retryable(true).is_retryable(), "{kind:?}");
    }
}
