//! Each law of a backend fails for an engine that breaks it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use mapleaf::store::{
    Backend, BackendRead, BackendTxn, Capabilities, Changes, Committed, Condition, EachRow, FailedConditions, KeySpan,
    Memory, MemorySnapshot, MemorySpace, Order, Stamped, transact_optimistically,
};
use mapleaf::testing::{Engines, check_all, laws};
use mapleaf::{CommitId, Error, ErrorKind, Result};

/// What an engine does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    Nothing,
    ExcludedBoundsAreIncluded,
    DescendingScansAscend,
    CountsMissARow,
    LongValuesAreCut,
    ChangesAreMadeFromTheLast,
    AllSpacesAreOne,
    AnyTypesOpenASpace,
    SnapshotsAreTheNewestState,
    SnapshotsHaveOldIds,
    YoungSpacesAreErrors,
    OwnChangesAreNotRead,
    OwnDeletionsAreNotScanned,
    FailedWorkIsCommitted,
    AllIndexesAreZero,
    ValueConditionsHold,
    RowConditionsHold,
    OneFailedConditionIsNamed,
    RefusedChangesAreMade,
    FieldsAreNotFilled,
    FieldsOutsideAreLeftOut,
    EmptyKeysAreLeftOut,
    SpansKeepTheirLastRow,
    NothingIsChecked,
    NobodyWaits,
    RestartsLoseAll,
    ClosedIsOpen,
}

/// Each law, with flaws that break it.
const BROKEN: [(&str, &[Flaw]); 21] = [
    ("scans_are_ordered", &[Flaw::ExcludedBoundsAreIncluded, Flaw::DescendingScansAscend, Flaw::CountsMissARow]),
    ("values_of_all_sizes_read_back", &[Flaw::LongValuesAreCut]),
    ("newest_change_of_a_key_wins", &[Flaw::ChangesAreMadeFromTheLast]),
    ("spaces_are_apart", &[Flaw::AllSpacesAreOne]),
    ("types_of_a_space_are_fixed", &[Flaw::AnyTypesOpenASpace]),
    ("snapshots_are_stable", &[Flaw::SnapshotsAreTheNewestState, Flaw::SnapshotsHaveOldIds]),
    ("spaces_are_empty_in_older_states", &[Flaw::YoungSpacesAreErrors]),
    ("transactions_read_their_own_changes", &[Flaw::OwnChangesAreNotRead, Flaw::OwnDeletionsAreNotScanned]),
    ("failed_transactions_change_nothing", &[Flaw::FailedWorkIsCommitted]),
    ("indexes_are_distinct", &[Flaw::AllIndexesAreZero]),
    (
        "all_or_nothing_with_conditions_on_values",
        &[Flaw::ValueConditionsHold, Flaw::OneFailedConditionIsNamed, Flaw::RefusedChangesAreMade],
    ),
    ("all_or_nothing_with_conditions_on_rows", &[Flaw::RowConditionsHold, Flaw::RefusedChangesAreMade]),
    ("stamps_are_filled", &[Flaw::FieldsAreNotFilled]),
    ("fields_outside_are_refused", &[Flaw::FieldsOutsideAreLeftOut]),
    ("bad_keys_are_refused", &[Flaw::EmptyKeysAreLeftOut]),
    ("random_operations_match_a_model", &[Flaw::SpansKeepTheirLastRow, Flaw::ExcludedBoundsAreIncluded]),
    ("transactions_lose_nothing", &[Flaw::NothingIsChecked]),
    ("conditional_commits_lose_nothing", &[Flaw::NothingIsChecked]),
    ("waiting_ends_with_a_commit", &[Flaw::NobodyWaits]),
    ("a_restart_keeps_all", &[Flaw::RestartsLoseAll]),
    ("closed_engines_say_so", &[Flaw::ClosedIsOpen]),
];

#[derive(Clone)]
struct Broken {
    memory: Memory,
    flaw: Flaw,
    /// The spaces that were opened.
    opened: Arc<Mutex<BTreeSet<String>>>,
}

fn engines(flaw: Flaw) -> Engines<Broken> {
    let make = move || Ok(Broken { memory: Memory::new()?, flaw, opened: Arc::default() });
    let reopen = move |engine| if flaw == Flaw::RestartsLoseAll { make() } else { Ok(engine) };
    let close = move |engine: &Broken| if flaw == Flaw::ClosedIsOpen { Ok(()) } else { engine.memory.close() };
    Engines::new(make).reopened_by(reopen).closed_by(close)
}

#[test]
fn an_engine_without_a_flaw_keeps_all_laws() -> Result<()> {
    check_all(&engines(Flaw::Nothing))
}

#[test]
fn each_law_fails_for_engines_that_break_it() {
    let all = laws::<Broken>();
    assert_eq!(all.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>(), BROKEN.map(|(name, _)| name).into());
    for (name, law) in all {
        let (_, flaws) = BROKEN.iter().find(|(broken, _)| *broken == name).expect("all laws are listed");
        for flaw in *flaws {
            assert!(law(&engines(*flaw)).is_err(), "{name} holds with {flaw:?}");
        }
    }
}

#[test]
fn the_law_that_is_broken_is_named() {
    let error = check_all(&engines(Flaw::AllIndexesAreZero)).expect_err("a law is broken");
    assert!(error.to_string().contains("the law indexes_are_distinct is broken"), "{error}");
}

#[derive(Clone)]
struct BrokenSnapshot {
    snapshot: MemorySnapshot,
    engine: Broken,
    opened: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq)]
struct BrokenSpace {
    space: MemorySpace,
    name: String,
}

impl BrokenSnapshot {
    fn read<T>(&self, space: &BrokenSpace, read: impl FnOnce(&MemorySnapshot) -> Result<T>) -> Result<T> {
        match self.engine.flaw {
            Flaw::SnapshotsAreTheNewestState => read(&self.engine.memory.snapshot()?),
            Flaw::YoungSpacesAreErrors if !self.opened.contains(&space.name) => {
                Err(Error::new(ErrorKind::NotFound, "no such space"))
            }
            _ => read(&self.snapshot),
        }
    }
}

/// The span and the order that an engine with this flaw scans.
fn scanned(flaw: Flaw, (lower, upper): KeySpan<'_>, order: Order) -> (KeySpan<'_>, Order) {
    let included = |bound| if let Bound::Excluded(key) = bound { Bound::Included(key) } else { bound };
    match flaw {
        Flaw::ExcludedBoundsAreIncluded => ((included(lower), included(upper)), order),
        Flaw::DescendingScansAscend => ((lower, upper), Order::Ascending),
        _ => ((lower, upper), order),
    }
}

impl BackendRead for BrokenSnapshot {
    type Space = BrokenSpace;

    fn id(&self) -> CommitId {
        if self.engine.flaw == Flaw::SnapshotsHaveOldIds { 0.into() } else { self.snapshot.id() }
    }

    fn incarnation(&self) -> u64 {
        self.snapshot.incarnation()
    }

    fn get(&self, space: &BrokenSpace, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>> {
        self.read(space, |snapshot| Ok(snapshot.get(&space.space, key)?.map(|value| Cow::Owned(value.into_owned()))))
    }

    fn scan(
        &self,
        space: &BrokenSpace,
        span: KeySpan<'_>,
        order: Order,
        most: usize,
        each: &mut EachRow<'_>,
    ) -> Result<()> {
        let (span, order) = scanned(self.engine.flaw, span, order);
        self.read(space, |snapshot| snapshot.scan(&space.space, span, order, most, each))
    }

    fn count(&self, space: &BrokenSpace, span: KeySpan<'_>) -> Result<u64> {
        let count = self.read(space, |snapshot| snapshot.count(&space.space, span))?;
        Ok(if self.engine.flaw == Flaw::CountsMissARow { count.saturating_sub(1) } else { count })
    }
}

struct BrokenTxn<'t> {
    txn: &'t mut dyn BackendTxn<MemorySpace>,
    before: MemorySnapshot,
    flaw: Flaw,
}

impl BrokenTxn<'_> {
    fn stamped<'b>(&self, row: Stamped<'b>) -> Stamped<'b> {
        let is_outside = || row.stamps.iter().any(|stamp| stamp.offset.saturating_add(8) > row.bytes.len());
        match self.flaw {
            Flaw::FieldsAreNotFilled => row.bytes.into(),
            Flaw::FieldsOutsideAreLeftOut if is_outside() => row.bytes.into(),
            _ => row,
        }
    }
}

impl BackendTxn<BrokenSpace> for BrokenTxn<'_> {
    fn get(&self, space: &BrokenSpace, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>> {
        if self.flaw == Flaw::OwnChangesAreNotRead {
            self.before.get(&space.space, key)
        } else {
            self.txn.get(&space.space, key)
        }
    }

    fn scan(
        &self,
        space: &BrokenSpace,
        span: KeySpan<'_>,
        order: Order,
        most: usize,
        each: &mut EachRow<'_>,
    ) -> Result<()> {
        let (span, order) = scanned(self.flaw, span, order);
        let read_before = [Flaw::OwnChangesAreNotRead, Flaw::OwnDeletionsAreNotScanned].contains(&self.flaw);
        if read_before {
            self.before.scan(&space.space, span, order, most, each)
        } else {
            self.txn.scan(&space.space, span, order, most, each)
        }
    }

    fn put(&mut self, space: &BrokenSpace, key: Stamped<'_>, value: Stamped<'_>) -> Result<()> {
        let (key, mut value) = (self.stamped(key), self.stamped(value));
        match self.flaw {
            Flaw::EmptyKeysAreLeftOut if key.bytes.is_empty() => return Ok(()),
            Flaw::LongValuesAreCut if value.bytes.len() > 5000 => value.bytes = &value.bytes[..5000],
            _ => {}
        }
        self.txn.put(&space.space, key, value)
    }

    fn delete(&mut self, space: &BrokenSpace, key: &[u8]) -> Result<()> {
        self.txn.delete(&space.space, key)
    }

    fn delete_span(&mut self, space: &BrokenSpace, span: KeySpan<'_>) -> Result<()> {
        let mut last = None;
        if self.flaw == Flaw::SpansKeepTheirLastRow {
            self.txn.scan(&space.space, span, Order::Descending, 1, &mut |key, value| {
                last = Some((key.to_vec(), value.to_vec()));
                std::ops::ControlFlow::Break(())
            })?;
        }
        self.txn.delete_span(&space.space, span)?;
        last.map_or(Ok(()), |(key, value)| self.txn.put(&space.space, (&key[..]).into(), (&value[..]).into()))
    }

    fn next_index(&mut self) -> u32 {
        if self.flaw == Flaw::AllIndexesAreZero { 0 } else { self.txn.next_index() }
    }
}

impl Broken {
    /// Runs `work` in a transaction of the memory.
    fn run<T>(&self, mut work: impl FnMut(&mut dyn BackendTxn<BrokenSpace>) -> Result<T>) -> Result<(T, Committed)> {
        let before = self.memory.snapshot()?;
        let ((outcome, refused), committed) = self.memory.transact(|txn| {
            let outcome = work(&mut BrokenTxn { txn, before: before.clone(), flaw: self.flaw });
            match outcome {
                Ok(made) => Ok((Some(made), None)),
                Err(error) if self.flaw == Flaw::FailedWorkIsCommitted => Ok((None, Some(error))),
                Err(error) => Err(error),
            }
        })?;
        refused.map_or(Ok(()), Err)?;
        outcome.map(|made| (made, committed)).ok_or_else(|| Error::new(ErrorKind::Other, "no outcome"))
    }
}

impl Backend for Broken {
    type Space = BrokenSpace;
    type Snapshot = BrokenSnapshot;

    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    fn id(&self) -> [u8; 16] {
        Backend::id(&self.memory)
    }

    fn open_space(&self, name: &str, key: &str, value: &str) -> Result<BrokenSpace> {
        let space = match self.flaw {
            Flaw::AllSpacesAreOne => self.memory.open_space("one", key, value),
            Flaw::AnyTypesOpenASpace => self.memory.open_space(name, "bytes", "bytes"),
            _ => self.memory.open_space(name, key, value),
        }?;
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).insert(name.into());
        Ok(BrokenSpace { space, name: name.into() })
    }

    fn snapshot(&self) -> Result<BrokenSnapshot> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(BrokenSnapshot { snapshot: self.memory.snapshot()?, engine: self.clone(), opened })
    }

    fn commit(&self, mut changes: Changes<BrokenSpace>) -> Result<Committed> {
        match self.flaw {
            Flaw::ChangesAreMadeFromTheLast => changes.changes.reverse(),
            Flaw::NothingIsChecked => {
                changes.conditions.clear();
                // So that others commit between the reads and this commit.
                thread::sleep(Duration::from_micros(200));
            }
            Flaw::ValueConditionsHold => changes.conditions.retain(|one| !matches!(one, Condition::Value { .. })),
            Flaw::RowConditionsHold => changes.conditions.retain(|one| !matches!(one, Condition::Rows { .. })),
            _ => {}
        }
        let (checked, committed) = self.run(|txn| {
            let checked = changes.check(txn);
            match self.flaw {
                Flaw::RefusedChangesAreMade => changes.make(txn).map(|()| checked),
                Flaw::OneFailedConditionIsNamed => {
                    checked.map_err(|error| match error.downcast_ref::<FailedConditions>() {
                        Some(failed) => FailedConditions { at: failed.at[..1].to_vec() }.into_error(),
                        None => error,
                    })?;
                    changes.make(txn).map(Ok)
                }
                _ => checked.and_then(|()| changes.make(txn)).map(Ok),
            }
        })?;
        checked.map(|()| committed)
    }

    fn transact<T>(&self, work: impl FnMut(&mut dyn BackendTxn<BrokenSpace>) -> Result<T>) -> Result<(T, Committed)> {
        if self.flaw == Flaw::NothingIsChecked { transact_optimistically(self, work) } else { self.run(work) }
    }

    fn wait_changed(&self, since: CommitId, limit: Duration) -> Result<CommitId> {
        let limit = if self.flaw == Flaw::NobodyWaits { Duration::ZERO } else { limit };
        let waited = self.memory.wait_changed(since, limit);
        if self.flaw == Flaw::NobodyWaits { waited.map(|_| since) } else { waited }
    }
}
