//! Which types cross threads, outlive a scope, and can be printed. The documentation of the types says which do not.

use std::panic::{RefUnwindSafe, UnwindSafe};

use mapleaf::{
    Batch, Dbi, DbiInfo, DbiOptions, Draft, DraftSavepoint, Entries, Env, EnvInfo, EnvOptions, Error, Keys, ListCursor,
    ListOptions, Listing, MultiDbi, MultiValues, OwnedEntries, RawEntries, Reader, Snapshot, Transaction, Values,
    VerifyReport, WriteTxn,
};

fn shared<T: Send + Sync + 'static>() {}
fn cloned<T: Clone>() {}
fn copied<T: Copy>() {}
fn shown<T: std::fmt::Debug>() {}
fn sent<T: Send>() {}

#[test]
fn threads_share_handles_and_snapshots() {
    shared::<Env>();
    shared::<EnvOptions>();
    shared::<Snapshot>();
    shared::<Reader<'static>>();
    copied::<Reader<'static>>();
    shared::<Dbi<&'static str, &'static [u8]>>();
    shared::<Dbi<String, mapleaf::Msgpack<std::rc::Rc<u8>>>>();
    shared::<MultiDbi<&'static str, u64>>();
    shared::<DbiOptions>();
    shared::<ListCursor>();
    shared::<ListOptions<String>>();
    shared::<Listing<String, Vec<u8>>>();
    shared::<VerifyReport>();
    shared::<EnvInfo>();
    shared::<DbiInfo>();
    shared::<Error>();
    shared::<OwnedEntries<&'static str, &'static [u8]>>();
    shared::<OwnedEntries<String, mapleaf::Msgpack<std::rc::Rc<u8>>>>();
    #[cfg(feature = "futures")]
    shared::<mapleaf::EntryStream<String, mapleaf::Msgpack<std::rc::Rc<u8>>>>();
    cloned::<Env>();
    cloned::<Snapshot>();
    cloned::<Dbi<&'static str, u64>>();
    cloned::<MultiDbi<&'static str, u64>>();
}

#[test]
fn scans_of_a_snapshot_move_to_other_threads() {
    sent::<Entries<'static, Snapshot, u64, &'static str>>();
    sent::<Entries<'static, Reader<'static>, u64, &'static str>>();
    sent::<Keys<'static, Snapshot, u64, &'static str>>();
    sent::<Values<'static, Snapshot, u64, &'static str>>();
    sent::<RawEntries<'static, Snapshot>>();
    sent::<MultiValues<'static, Snapshot, u64, u64>>();
}

#[test]
fn everything_can_be_printed() {
    shown::<Env>();
    shown::<EnvOptions>();
    shown::<Snapshot>();
    shown::<WriteTxn>();
    shown::<Reader<'static>>();
    shown::<Draft>();
    shown::<DraftSavepoint<'static>>();
    shown::<Dbi<u64, u64>>();
    shown::<MultiDbi<u64, u64>>();
    shown::<Entries<'static, Snapshot, u64, u64>>();
    shown::<Entries<'static, WriteTxn, u64, u64>>();
    shown::<OwnedEntries<u64, u64>>();
    shown::<RawEntries<'static, Snapshot>>();
    shown::<MultiValues<'static, Snapshot, u64, u64>>();
    shown::<ListOptions>();
    shown::<Listing<u64, u64>>();
}

/// Naming this trait's item is ambiguous for a type that is `Send`, so it compiles only for the others.
trait NotSend<A> {
    fn check() {}
}
impl<T: ?Sized> NotSend<()> for T {}
impl<T: ?Sized + Send> NotSend<u8> for T {}

/// As [`NotSend`], for `Sync`.
trait NotSync<A> {
    fn check() {}
}
impl<T: ?Sized> NotSync<()> for T {}
impl<T: ?Sized + Sync> NotSync<u8> for T {}

#[test]
fn drafts_and_batches_move_to_other_threads() {
    fn owned<T: 'static>() {}
    sent::<Draft>();
    owned::<Draft>();
    sent::<DraftSavepoint<'static>>();
    sent::<Entries<'static, Draft, u64, &'static str>>();
    shared::<Batch>();
}

#[test]
fn a_write_transaction_stays_on_its_thread() {
    <WriteTxn as NotSend<_>>::check();
    <WriteTxn as NotSync<_>>::check();
}

#[test]
fn handles_go_into_closures_that_may_panic() {
    fn contained<T: UnwindSafe>() {}
    fn seen_after<T: UnwindSafe + RefUnwindSafe>() {}
    seen_after::<Env>();
    seen_after::<Dbi<u64, &'static str>>();
    seen_after::<MultiDbi<u64, &'static str>>();
    seen_after::<Snapshot>();
    contained::<Transaction>();
    contained::<Draft>();
    contained::<Batch>();
}
