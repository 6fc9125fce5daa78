//! A token never comes back: not in a compacted file, not in a copy, not after another opening.

use std::collections::HashSet;
use std::path::Path;

use mapleaf::store::{Memory, Records, Token};
use mapleaf::{Compact, Env, Error, Result};

/// Puts a record, deletes it and puts it again, some times over, and checks that each token is new.
fn write(env: &Env, seen: &mut HashSet<Token>) -> Result<()> {
    let notes: Records<&str, u32> = env.records("notes")?;
    for n in 0..10 {
        for token in [notes.put("a", n)?.token, notes.put("b", n)?.token] {
            assert!(seen.insert(token), "{token} came back");
        }
        notes.delete("a")?;
    }
    Ok(())
}

/// The incarnation is the first part of a token, and the commit the second.
fn parts(token: Token) -> (u64, u64) {
    let number = |at: usize| u64::from_be_bytes(token.to_bytes()[at..at + 8].try_into().expect("eight bytes"));
    (number(0), number(8))
}

fn newest(env: &Env) -> Result<Token> {
    Ok(env.records::<&str, u32>("notes")?.meta("b")?.expect("it is there").token)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).map_err(Error::other)?;
    std::fs::copy(from.join("data.mdb"), to.join("data.mdb")).map(drop).map_err(Error::other)
}

#[test]
fn not_after_copies_compactions_and_other_openings() -> Result<()> {
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let path = |name: &str| dir.path().join(name);
    let mut seen = HashSet::new();
    let env = Env::open(path("env"))?;
    write(&env, &mut seen)?;
    env.copy_to(path("copy"), Compact::No)?;
    env.copy_to(path("compact copy"), Compact::Yes)?;
    let copied = newest(&env)?;
    write(&env, &mut seen)?;
    for name in ["copy", "compact copy"] {
        let copy = Env::open(path(name))?;
        // A record keeps its token in a copy; a new write there has one that the original has not, and will not have.
        assert_eq!(newest(&copy)?, copied);
        write(&copy, &mut seen)?;
    }
    env.compact()?;
    write(&env, &mut seen)?;
    let last = newest(&env)?;
    drop(env);
    for _ in 0..3 {
        let env = Env::open(path("env"))?;
        assert!(parts(newest(&env)?).1 >= parts(last).1);
        write(&env, &mut seen)?;
    }
    // A copy of the file, taken while nobody has it open, and written to under the same commit ids.
    copy(&path("env"), &path("file copy"))?;
    for name in ["env", "file copy"] {
        write(&Env::open(path(name))?, &mut seen)?;
    }
    let by_commit: HashSet<u64> = seen.iter().map(|token| parts(*token).1).collect();
    assert!(by_commit.len() < seen.len() - 40, "commit ids did repeat, so that the test means something");
    Ok(())
}

#[test]
fn not_within_one_opening() -> Result<()> {
    let env = Env::temporary()?;
    let mut seen = HashSet::new();
    write(&env, &mut seen)?;
    write(&env, &mut seen)?;
    let incarnations: HashSet<u64> = seen.iter().map(|token| parts(*token).0).collect();
    assert_eq!(incarnations.len(), 1);
    Ok(())
}

#[test]
fn not_in_another_memory() -> Result<()> {
    let mut seen = HashSet::new();
    for _ in 0..3 {
        let notes: Records<&str, u32, Memory> = Records::open(&Memory::new()?, "notes")?;
        for n in 0..10 {
            assert!(seen.insert(notes.put("a", n)?.token));
            notes.delete("a")?;
        }
    }
    Ok(())
}

/// The number of a transaction that is not committed is that of the next one.
#[test]
fn not_after_a_transaction_that_was_not_committed() -> Result<()> {
    let env = Env::temporary()?;
    let texts: Records<&str, &str> = env.records("texts")?;
    let mut seen = None;
    let undone = env.transact(|txn| {
        seen = Some(texts.in_txn(txn).put("a", "1")?.token);
        Err::<(), _>(mapleaf::Error::other("undone"))
    });
    assert!(undone.is_err());
    let put = texts.put("a", "2")?;
    assert_ne!(Some(put.token), seen);
    let seen = seen.ok_or_else(|| mapleaf::Error::other("it ran"))?;
    assert!(texts.delete_if("a", mapleaf::store::Expect::Token(seen)).is_err());
    Ok(())
}
