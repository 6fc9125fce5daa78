//! Files as other software writes them: duplicates in every order, empty trees, values next to the named trees.

use std::path::Path;

use heed::types::Bytes;
use heed::{CommitOrAbort, DatabaseFlags as F, Env, WithoutTls};

use crate::page::tests::churn::Churn;
use crate::page::tests::samples::{Image, Rounds, SampleTree, apply, changes, create, open};

/// Keys and values in the order of their tree.
pub(super) type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// The kinds of tree that LMDB's flags allow.
#[expect(deprecated, reason = "the flag of files that other programs wrote")]
pub(super) fn kinds() -> Vec<F> {
    vec![
        F::empty(),
        F::DUP_SORT,
        F::DUP_SORT | F::REVERSE_DUP,
        F::DUP_SORT | F::DUP_FIXED,
        F::DUP_SORT | F::DUP_FIXED | F::INTEGER_DUP,
        F::DUP_SORT | F::INTEGER_KEY,
        F::DUP_SORT | F::REVERSE_KEY,
        F::INTEGER_KEY,
        F::REVERSE_KEY,
    ]
}

/// The tree of kind `at`, created if it is absent.
pub(super) fn kind(env: &Env<WithoutTls>, at: usize) -> SampleTree {
    create(env, &format!("kind {at}"), kinds()[at])
}

/// Puts and deletes in a tree of each kind. In the trees of duplicates, every tenth key has enough of them for a tree
/// of its own with branch pages.
fn fill_kinds(env: &Env<WithoutTls>) {
    for (at, kind_of) in kinds().into_iter().enumerate() {
        let deletes = kind_of.contains(F::DUP_SORT);
        let churn = Churn { rounds: 3, changes: 6_000, keys: 40, values: 1_000_000, deletes };
        churn.apply(env, kind(env, at), kind_of, at);
    }
}

/// Stores a short value and a long one in the main tree.
fn fill_main(env: &Env<WithoutTls>) {
    let txn = env.write_txn().unwrap();
    let done = env.create_databases_and_commit(txn, |opener, txn| {
        let main = opener.create_database::<Bytes, Bytes>(txn, None)?;
        main.put(txn, b"a note", b"beside the databases")?;
        main.put(txn, b"the last, long", &vec![8; 30_000])?;
        Ok::<_, heed::Error>(CommitOrAbort::<(), ()>::Commit(()))
    });
    assert!(matches!(done.unwrap(), CommitOrAbort::Commit(())));
}

/// Creates trees of all kinds in the environment at `path`, with free pages between them.
pub(super) fn fill(path: &Path) -> Env<WithoutTls> {
    let env = open(path);
    fill_kinds(&env);
    fill_main(&env);
    create(&env, "empty", F::empty());
    let emptied = create(&env, "emptied", F::empty());
    let rows: Vec<_> = (0..300_u64).map(|n| (n.to_be_bytes().to_vec(), Some(vec![1; 100]))).collect();
    let gone = rows.iter().map(|(key, _)| (key.clone(), None)).collect();
    apply(&env, emptied, &vec![rows, gone]);
    let large = create(&env, "large", F::empty());
    let rounds: Rounds =
        changes(7, 300, |r| r.below(100).to_be_bytes().to_vec(), |r| vec![r.next().to_le_bytes()[0]; r.below(30_000)]);
    apply(&env, large, &rounds);
    env
}

/// Everything in the environment, tree by tree, as heed reads it.
pub(super) fn content(env: &Env<WithoutTls>) -> Vec<(String, Entries)> {
    let kinds = kinds();
    let named = (0..kinds.len()).map(|at| (format!("kind {at}"), kinds[at]));
    let named = named.chain(["empty", "emptied", "large"].map(|name| (name.to_owned(), F::empty())));
    let mut all = Vec::new();
    for (name, flags) in named {
        let tree = create(env, &name, flags);
        let txn = env.read_txn().unwrap();
        let own = |entry: heed::Result<(&[u8], &[u8])>| entry.map(|(key, value)| (key.to_vec(), value.to_vec()));
        let entries = tree.iter(&txn).unwrap().map(own).collect::<heed::Result<_>>().unwrap();
        all.push((name, entries));
    }
    all
}

/// The bytes of the data file of the environment at `path`.
pub(super) fn image(path: &Path) -> Image {
    Image::of(&path.join("data.mdb"))
}
