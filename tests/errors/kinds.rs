//! Each kind of error is made by the call that its documentation names.

use std::cell::RefCell;
use std::fs;
use std::io::{self, Write};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use crate::common::errors::{directory, io as of_io, refused, refused_with};
use crate::common::shim::{self, FLUSH, Fault, How, META};
use mapleaf::{
    Batch, Compact, Dbi, Env, Error, ErrorKind, Expect, KeyAs, Msgpack, OpenMode, Result, Snapshot, Transaction,
};
use nix::libc::{EIO, ENOSPC};

/// An environment with a DBI of one row.
fn filled() -> Result<(Env, Dbi<&'static str, u32>)> {
    let env = Env::temporary()?;
    let ages: Dbi<&str, u32> = env.dbi("ages")?;
    env.transact(|txn| ages.put(txn, "ann", 42))?;
    Ok((env, ages))
}

#[test]
fn not_found() -> Result<()> {
    let dir = directory()?;
    refused(Env::options().mode(OpenMode::MustExist).open(dir.path().join("absent")), ErrorKind::NotFound);
    let (env, ages) = filled()?;
    refused(env.raw_dbi("absent"), ErrorKind::NotFound);
    env.drop_dbi("ages")?;
    refused(ages.get(&env.snapshot()?, "ann"), ErrorKind::NotFound);
    Ok(())
}

#[test]
fn already_exists() -> Result<()> {
    let dir = directory()?;
    let env = Env::open(dir.path())?;
    refused(Env::options().mode(OpenMode::CreateNew).open(dir.path()), ErrorKind::AlreadyExists);
    refused(env.copy_to(dir.path(), Compact::No), ErrorKind::AlreadyExists);
    Ok(())
}

#[test]
fn conflict() -> Result<()> {
    let (env, ages) = filled()?;
    let mut batch = Batch::new();
    batch.check(&ages, "ann", Expect::Absent)?;
    assert!(refused(env.apply(batch), ErrorKind::Conflict).is_retryable());
    Ok(())
}

#[test]
fn invalid_key() -> Result<()> {
    let (env, ages) = filled()?;
    refused(env.transact(|txn| ages.put(txn, "", 1)), ErrorKind::InvalidKey);
    let weights: Dbi<f64, u32> = env.dbi("weights")?;
    refused(weights.get(&env.snapshot()?, f64::NAN), ErrorKind::InvalidKey);
    Ok(())
}

#[test]
fn invalid_argument() -> Result<()> {
    let (env, ages) = filled()?;
    refused(env.dbi::<u32, u32>("a\0b"), ErrorKind::InvalidArgument);
    refused(ages.get(&Env::temporary()?.snapshot()?, "ann"), ErrorKind::InvalidArgument);
    Ok(())
}

#[test]
fn too_large() -> Result<()> {
    let (env, ages) = filled()?;
    refused(env.transact(|txn| ages.put(txn, &"k".repeat(2001), 1)), ErrorKind::TooLarge);
    let small = Env::options().max_txn_bytes(100).temporary()?;
    let texts: Dbi<u32, &str> = small.dbi("texts")?;
    refused(small.transact(|txn| texts.put(txn, 1, &"t".repeat(200))), ErrorKind::TooLarge);
    Ok(())
}

#[test]
fn schema_mismatch() -> Result<()> {
    let (env, _) = filled()?;
    refused(env.dbi::<&str, u64>("ages"), ErrorKind::SchemaMismatch);
    Ok(())
}

#[test]
fn corrupted() -> Result<()> {
    let dir = directory()?;
    of_io(fs::write(dir.path().join("data.mdb"), [7; 8192]))?;
    refused(Env::open(dir.path()), ErrorKind::Corrupted);
    Ok(())
}

#[test]
fn format_version() -> Result<()> {
    let dir = directory()?;
    Env::open(dir.path())?.close()?;
    let path = dir.path().join("data.mdb");
    let mut bytes = of_io(fs::read(&path))?;
    // The version of LMDB's format, in both meta pages.
    for at in [20, 4096 + 20] {
        bytes[at] = 2;
    }
    of_io(fs::write(&path, bytes))?;
    refused(Env::open(dir.path()), ErrorKind::FormatVersion);
    Ok(())
}

#[test]
fn map_full() -> Result<()> {
    let env = Env::options().map_size(1 << 20).max_map_size(1 << 20).temporary()?;
    let texts: Dbi<u32, &[u8]> = env.dbi("texts")?;
    refused(env.transact(|txn| texts.put(txn, 1, &vec![7; 2 << 20])), ErrorKind::MapFull);
    Ok(())
}

#[test]
fn readers_full() -> Result<()> {
    let env = Env::options().max_readers(4).temporary()?;
    let rows: Dbi<u32, u32> = env.dbi("rows")?;
    let mut held: Vec<Snapshot> = Vec::new();
    let full = (0..10).try_for_each(|n| {
        held.push(env.snapshot()?);
        env.transact(|txn| rows.put(txn, n, n))
    });
    assert!(refused(full, ErrorKind::ReadersFull).is_retryable());
    held.clear();
    env.snapshot().map(drop)
}

#[test]
fn dbis_full() -> Result<()> {
    let env = Env::options().max_dbis(1).temporary()?;
    let _first: Dbi<u32, u32> = env.dbi("first")?;
    refused(env.dbi::<u32, u32>("second"), ErrorKind::DbisFull);
    Ok(())
}

#[test]
fn disk_full() -> Result<()> {
    shim::apart("kinds::disk_full", |control, cases| {
        let env = Env::open(cases.join("env"))?;
        let rows: Dbi<u32, u32> = env.dbi("rows")?;
        control.arm(Fault { classes: shim::PAGES, nth: 1, errno: ENOSPC, how: How::Once })?;
        let full = env.transact(|txn| rows.put(txn, 1, 1));
        control.disarm()?;
        refused(full, ErrorKind::DiskFull);
        env.transact(|txn| rows.put(txn, 1, 1))
    })
}

#[test]
fn io() -> Result<()> {
    struct Fails;
    impl Write for Fails {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (env, _) = filled()?;
    let error = refused(env.copy_to_writer(Fails, Compact::No), ErrorKind::Io);
    assert!(error.downcast_ref::<io::Error>().is_some(), "{error:?}");
    Ok(())
}

#[test]
fn commit_outcome_unknown() -> Result<()> {
    shim::apart("kinds::commit_outcome_unknown", |control, cases| {
        let env = Env::open(cases.join("env"))?;
        let rows: Dbi<u32, u32> = env.dbi("rows")?;
        control.arm(Fault { classes: META | FLUSH, nth: 1, errno: EIO, how: How::Once })?;
        let unknown = env.transact(|txn| rows.put(txn, 1, 1));
        control.disarm()?;
        refused(unknown, ErrorKind::CommitOutcomeUnknown);
        // Until it is opened again, as the error says.
        refused(env.snapshot(), ErrorKind::CommitOutcomeUnknown);
        Ok(())
    })
}

#[test]
fn encode() -> Result<()> {
    let (env, _) = filled()?;
    let rows: Dbi<u32, Msgpack<Option<Option<u32>>>> = env.dbi("rows")?;
    refused(env.transact(|txn| rows.put(txn, 1, &Some(None))), ErrorKind::Encode);
    Ok(())
}

/// Even numbers, as a key type that checks what it reads.
#[derive(Clone, Debug)]
struct Even(u32);

impl KeyAs for Even {
    type As = u32;
    type Arg<'a> = &'a Even;
    const NAME: &'static str = "even";
    fn to_key(&self) -> u32 {
        self.0
    }
    fn from_key(key: u32) -> Result<Self> {
        if key.is_multiple_of(2) {
            Ok(Self(key))
        } else {
            Err(Error::new(ErrorKind::Decode, "the number is odd; use an even one"))
        }
    }
}

#[test]
fn decode() -> Result<()> {
    let (env, _) = filled()?;
    let numbers: Dbi<u32, Msgpack<u32>> = env.dbi("numbers")?;
    env.transact(|txn| numbers.put(txn, 1, &7))?;
    // The schema keeps the name of the encoding, not the shape of the type.
    let texts: Dbi<u32, Msgpack<String>> = env.dbi("numbers")?;
    refused(texts.get(&env.snapshot()?, 1), ErrorKind::Decode);
    let evens: Dbi<Even, u32> = env.dbi("evens")?;
    env.transact(|txn| evens.put(txn, &Even(3), 1))?;
    refused(evens.first(&env.snapshot()?), ErrorKind::Decode);
    Ok(())
}

#[test]
fn read_only() -> Result<()> {
    let dir = directory()?;
    Env::open(dir.path())?.close()?;
    let env = Env::options().read_only(true).open(dir.path())?;
    refused(env.transact(|_| Ok(())), ErrorKind::ReadOnly);
    Ok(())
}

#[test]
fn nested() -> Result<()> {
    let (env, _) = filled()?;
    env.transact(|_| {
        refused(env.transact(|_| Ok(())), ErrorKind::Nested);
        Ok(())
    })
}

#[test]
fn busy() -> Result<()> {
    let (env, _) = filled()?;
    let snap = env.snapshot()?;
    assert!(refused(env.close(), ErrorKind::Busy).is_retryable());
    drop(snap);
    let txn = env.begin()?;
    let refusal = thread::scope(|scope| scope.spawn(|| env.try_transact(|_| Ok(()))).join().expect("no panic"));
    // Who writes is named.
    let this = format!("in this process, process {}, for", std::process::id());
    refused_with(refusal, ErrorKind::Busy, &["is writing", &this]);
    txn.abort();
    Ok(())
}

#[test]
fn timeout() -> Result<()> {
    let (env, _) = filled()?;
    let txn = env.begin()?;
    let limit = Duration::from_millis(5);
    let refusal = thread::scope(|scope| scope.spawn(|| env.begin_timeout(limit).map(drop)).join().expect("no panic"));
    assert!(refused_with(refusal, ErrorKind::Timeout, &["time limit", "was writing", "this process"]).is_retryable());
    txn.abort();
    refused(env.wait_changed(env.snapshot()?.id(), limit), ErrorKind::Timeout);
    Ok(())
}

#[test]
fn closed() -> Result<()> {
    let (env, _) = filled()?;
    env.close()?;
    refused(env.snapshot(), ErrorKind::Closed);
    Ok(())
}

type Outcomes = Sender<Result<bool>>;

#[test]
fn released() -> Result<()> {
    /// Reads by its transaction when the thread drops its variables, after the locks were given back.
    struct Late(Option<(Transaction, Dbi<&'static str, u32>, Outcomes)>);
    impl Drop for Late {
        fn drop(&mut self) {
            if let Some((txn, ages, sender)) = self.0.take() {
                let _ = sender.send(ages.contains(&txn, "ann"));
            }
        }
    }
    thread_local! {
        static LATE: RefCell<Late> = const { RefCell::new(Late(None)) };
    }
    let (env, ages) = filled()?;
    let (sender, outcomes) = channel();
    let of_thread = env.clone();
    let ended = thread::spawn(move || {
        // Made first, so that it is dropped after the locks.
        LATE.with(|late| late.borrow_mut().0 = None);
        let txn = of_thread.begin()?;
        LATE.with(|late| late.borrow_mut().0 = Some((txn, ages, sender)));
        Ok::<_, Error>(())
    });
    ended.join().expect("no panic")?;
    refused(outcomes.recv().expect("it was sent"), ErrorKind::Released);
    env.transact(|_| Ok(()))
}

#[test]
fn permission_denied() -> Result<()> {
    // Nobody may create a directory there, whoever runs the test.
    refused(Env::open("/sys/mapleaf"), ErrorKind::PermissionDenied);
    let (env, _) = filled()?;
    refused(env.copy_to("/sys/mapleaf", Compact::No), ErrorKind::PermissionDenied);
    Ok(())
}

#[test]
fn unsupported() -> Result<()> {
    let (env, _) = filled()?;
    refused(env.create_raw_dbi("flags", mapleaf::DbiKind::Unsupported, "bytes", "bytes"), ErrorKind::Unsupported);
    refused(mapleaf::value::display("colour", b"red"), ErrorKind::Unsupported);
    Ok(())
}

#[test]
fn other() -> Result<()> {
    let (env, _) = filled()?;
    let error = refused(env.transact(|_| Err::<(), _>(Error::other("the caller's own"))), ErrorKind::Other);
    assert_eq!(error.message(), "the caller's own");
    Ok(())
}

#[cfg(feature = "store")]
#[test]
fn locked() -> Result<()> {
    let env = Env::temporary()?;
    let locks = mapleaf::store::Locks::open(&env, "locks")?;
    locks.acquire("a", "ann", std::time::Duration::from_mins(1))?;
    let refused = locks.acquire("a", "bob", std::time::Duration::from_mins(1));
    assert_eq!(refused.map_err(|error| error.kind()).err(), Some(ErrorKind::Locked));
    Ok(())
}

/// Kinds that only programs over mapleaf make by now: their documentation says so, and all others have a test here.
#[test]
fn every_kind_has_a_test_or_says_that_mapleaf_does_not_make_it() -> Result<()> {
    let source = of_io(fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/error/kind.rs")))?;
    let (_, body) = source.split_once("pub enum ErrorKind {").ok_or_else(|| Error::other("there is no enum"))?;
    let (body, _) = body.split_once("\n}").ok_or_else(|| Error::other("the enum has no end"))?;
    let (mut doc, mut made, mut reserved) = (String::new(), 0, Vec::new());
    for line in body.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            doc.push_str(text);
        } else if let Some(variant) = line.strip_suffix(',') {
            let name = variant.chars().enumerate().fold(String::new(), |mut name, (at, c)| {
                name.extend((at > 0 && c.is_uppercase()).then_some('_'));
                name.extend(c.to_lowercase());
                name
            });
            let has_test = include_str!("kinds.rs").contains(&format!("#[test]\nfn {name}() -> Result<()> {{"));
            let is_reserved = doc.contains("mapleaf itself does not make it");
            assert!(has_test != is_reserved, "{variant}: a test {has_test}, reserved {is_reserved}");
            made += u32::from(has_test);
            reserved.extend(is_reserved.then_some(variant));
            doc.clear();
        }
    }
    assert_eq!((made, &reserved[..]), (27, &["Unavailable", "Capacity"][..]));
    Ok(())
}
