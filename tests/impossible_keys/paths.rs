//! Paths: the empty path has no bytes. In the hierarchy it contains all others; in the order it sorts before them.

use mapleaf::{Env, ErrorKind, Path, Result};

use crate::bytes::{LONG_ELEMENT, MAX};
use crate::law::{Case, holds};

fn path(text: &str) -> Path {
    Path::parse(text).expect("a path")
}

fn ids(path: &Path) -> Vec<String> {
    path.iter().map(|segment| segment.id().to_owned()).collect()
}

fn refusal(path: &Path) -> Option<ErrorKind> {
    // Two bytes end each segment; these segments contain no zeros, which would be escaped.
    let len: usize = ids(path).iter().map(|id| id.len() + 2).sum();
    match len {
        0 => Some(ErrorKind::InvalidKey),
        len => (len > MAX).then_some(ErrorKind::TooLarge),
    }
}

#[test]
fn paths_that_cannot_be_stored_are_absent_at_their_position() -> Result<()> {
    let mut stored: Vec<Path> =
        (0..10).flat_map(|n| [format!("a/{n}"), format!("b{n}"), format!("m/m/{n}")]).map(|id| path(&id)).collect();
    stored.extend([path("a"), path("m"), path("z/z"), path(&"m".repeat(MAX - 2))]);
    let mut ends = vec![Path::new(), path("a/5"), path("m"), path("y")];
    ends.extend(["a", "m", "z"].map(|id| path(&format!("{id}/{}", "m".repeat(MAX - 4)))));
    ends.push(path(&"a/".repeat(MAX / 3 + 1)));
    let probes = vec![path(&"m".repeat(LONG_ELEMENT)), path(&"/m".repeat(10_000)), path("zz")];
    holds::<Path, Vec<String>>(&Case { stored, probes, ends, arg: |path| path, order: ids, refusal })
}

#[test]
fn the_subtree_of_the_empty_path_is_everything_and_of_a_too_long_path_nothing() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: mapleaf::Dbi<Path, u32> = env.dbi("d")?;
    env.transact(|txn| ["a", "a/b", "c"].iter().try_for_each(|id| dbi.put(txn, &path(id), 1)))?;
    let snap = env.snapshot()?;
    assert_eq!(dbi.prefix(&snap, &Path::new())?.count(), 3);
    assert_eq!(dbi.prefix(&snap, &path(&"a/".repeat(MAX)))?.count(), 0);
    assert_eq!(env.transact(|txn| dbi.delete_prefix(txn, &path(&"a/".repeat(MAX))))?, 0);
    assert_eq!(env.transact(|txn| dbi.delete_prefix(txn, &Path::new()))?, 3);
    Ok(())
}
