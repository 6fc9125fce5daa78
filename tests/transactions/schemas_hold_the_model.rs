//! Any sequence of DBIs that are created, changed, cleared, renamed and dropped, in transactions and savepoints that are
//! kept or undone, leaves what a map of names leaves. Handles go by their DBIs, in every state that still has them.

use std::collections::BTreeMap;
use std::path::Path;

use mapleaf::{Dbi, Durability, Env, ErrorKind, Read, Result, Snapshot, WriteTxn};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::common::process;

/// Some are the names that trees get whose own name is taken.
const NAMES: [&str; 6] = ["a", "b", "c", "a#1", "a#2", "b#1"];

/// A DBI of one of three types.
#[derive(Clone, Debug)]
enum Handle {
    Short(Dbi<u16, u16>),
    Word(Dbi<u32, u32>),
    Long(Dbi<u64, u64>),
}

type Rows = BTreeMap<u8, u8>;

macro_rules! on {
    ($handle:expr, $dbi:ident => $body:expr) => {
        match $handle {
            Handle::Short($dbi) => $body,
            Handle::Word($dbi) => $body,
            Handle::Long($dbi) => $body,
        }
    };
}

impl Handle {
    fn create(txn: &mut WriteTxn, name: &str, of_type: u8) -> Result<Self> {
        Ok(match of_type {
            0 => Self::Short(txn.create_dbi(name)?),
            1 => Self::Word(txn.create_dbi(name)?),
            _ => Self::Long(txn.create_dbi(name)?),
        })
    }

    fn open(txn: &mut WriteTxn, name: &str, of_type: u8) -> Result<Self> {
        let options = txn.dbi_options().create(false);
        Ok(match of_type {
            0 => Self::Short(options.open(name)?),
            1 => Self::Word(options.open(name)?),
            _ => Self::Long(options.open(name)?),
        })
    }

    fn put(&self, txn: &mut WriteTxn, key: u8, value: u8) -> Result<()> {
        on!(self, dbi => dbi.put(txn, key.into(), value.into()))
    }

    fn delete(&self, txn: &mut WriteTxn, key: u8) -> Result<bool> {
        on!(self, dbi => dbi.delete(txn, key.into()))
    }

    fn rows(&self, state: &impl Read) -> Result<Rows> {
        let small = |n: i128| u8::try_from(n).unwrap_or(u8::MAX);
        let rows: Rows = on!(self, dbi => {
            let rows = dbi.iter(state)?.map(|row| row.map(|(key, value)| (small(key.into()), small(value.into()))));
            rows.collect::<Result<_>>()?
        });
        let len = on!(self, dbi => dbi.len(state)?);
        assert_eq!(len, rows.len() as u64);
        Ok(rows)
    }
}

#[derive(Clone, Debug)]
struct Modelled {
    of_type: u8,
    id: u32,
    rows: Rows,
}

/// The DBIs by name, and how many were created before.
#[derive(Clone, Debug, Default)]
struct Model {
    dbis: BTreeMap<&'static str, Modelled>,
    created: u32,
}

#[derive(Clone, Debug)]
enum Step {
    Create(usize, u8),
    Open(usize),
    Put(usize, u8, u8),
    Delete(usize, u8),
    /// By the name, whatever the types.
    Clear(usize),
    Drop(usize),
    Rename(usize, usize),
    Migrate(usize, u8),
    Savepoint,
    Keep,
    Undo,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Commit,
    Abort,
    Reopen,
    Compact,
    /// By a verb of the environment, which is a transaction of its own.
    EnvDrop(usize),
    EnvRename(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let name = 0..NAMES.len();
    prop_oneof![
        3 => (name.clone(), 0_u8..3).prop_map(|(name, of_type)| Step::Create(name, of_type)),
        2 => name.clone().prop_map(Step::Open),
        6 => (name.clone(), 0_u8..6, any::<u8>()).prop_map(|(name, key, value)| Step::Put(name, key, value)),
        2 => (name.clone(), 0_u8..6).prop_map(|(name, key)| Step::Delete(name, key)),
        1 => name.clone().prop_map(Step::Clear),
        3 => name.clone().prop_map(Step::Drop),
        4 => (name.clone(), name.clone()).prop_map(|(from, to)| Step::Rename(from, to)),
        1 => (name, 0_u8..3).prop_map(|(name, of_type)| Step::Migrate(name, of_type)),
        2 => Just(Step::Savepoint),
        1 => Just(Step::Keep),
        2 => Just(Step::Undo),
    ]
}

fn end() -> impl Strategy<Value = End> {
    let name = 0..NAMES.len();
    prop_oneof![
        5 => Just(End::Commit),
        2 => Just(End::Abort),
        1 => Just(End::Reopen),
        1 => Just(End::Compact),
        1 => name.clone().prop_map(End::EnvDrop),
        1 => (name.clone(), name).prop_map(|(from, to)| End::EnvRename(from, to)),
    ]
}

struct World {
    /// The handles that were opened, and the numbers of their DBIs in the model.
    handles: Vec<(u32, Handle)>,
    /// States, and what they must hold.
    snapshots: Vec<(Snapshot, Model)>,
    /// The model's next number.
    next: u32,
}

fn kind<T>(outcome: &Result<T>) -> Option<ErrorKind> {
    outcome.as_ref().err().map(mapleaf::Error::kind)
}

impl World {
    /// Makes steps until the end, or of the innermost savepoint. Whether that is kept.
    fn run(
        &mut self,
        txn: &mut WriteTxn,
        model: &mut Model,
        steps: &mut std::slice::Iter<'_, Step>,
    ) -> Result<bool, TestCaseError> {
        while let Some(step) = steps.next() {
            match step {
                Step::Savepoint => {
                    let before = model.clone();
                    let mut guard = txn.savepoint_guard();
                    if self.run(&mut guard, model, steps)? {
                        guard.keep();
                    } else {
                        drop(guard);
                        *model = Model { created: model.created, ..before };
                    }
                }
                Step::Keep => return Ok(true),
                Step::Undo => return Ok(false),
                step => self.make(txn, model, step)?,
            }
            self.check(txn, model)?;
        }
        Ok(true)
    }

    fn make(&mut self, txn: &mut WriteTxn, model: &mut Model, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Create(name, of_type) => {
                let made = Handle::create(txn, NAMES[name], of_type);
                if model.dbis.contains_key(NAMES[name]) {
                    prop_assert_eq!(kind(&made), Some(ErrorKind::AlreadyExists));
                } else {
                    let id = self.number(model);
                    model.dbis.insert(NAMES[name], Modelled { of_type, id, rows: Rows::new() });
                    self.handles.push((id, made?));
                }
            }
            Step::Open(name) => match model.dbis.get(NAMES[name]) {
                None => prop_assert_eq!(kind(&Handle::open(txn, NAMES[name], 0)), Some(ErrorKind::NotFound)),
                Some(dbi) => {
                    let other = Handle::open(txn, NAMES[name], (dbi.of_type + 1) % 3);
                    prop_assert_eq!(kind(&other), Some(ErrorKind::SchemaMismatch));
                    self.handles.push((dbi.id, Handle::open(txn, NAMES[name], dbi.of_type)?));
                }
            },
            Step::Put(name, key, value) => {
                if let Some(dbi) = model.dbis.get_mut(NAMES[name]) {
                    self.handle(txn, name, dbi)?.put(txn, key, value)?;
                    dbi.rows.insert(key, value);
                }
            }
            Step::Delete(name, key) => {
                if let Some(dbi) = model.dbis.get_mut(NAMES[name]) {
                    let was = self.handle(txn, name, dbi)?.delete(txn, key)?;
                    prop_assert_eq!(was, dbi.rows.remove(&key).is_some());
                }
            }
            Step::Clear(name) => match model.dbis.get_mut(NAMES[name]) {
                None => prop_assert_eq!(kind(&txn.clear_dbi(NAMES[name])), Some(ErrorKind::NotFound)),
                Some(dbi) => {
                    txn.clear_dbi(NAMES[name])?;
                    dbi.rows.clear();
                }
            },
            Step::Drop(name) => match model.dbis.remove(NAMES[name]) {
                None => prop_assert_eq!(kind(&txn.drop_dbi(NAMES[name])), Some(ErrorKind::NotFound)),
                Some(_) => txn.drop_dbi(NAMES[name])?,
            },
            Step::Rename(from, to) => rename(model, from, to, || txn.rename_dbi(NAMES[from], NAMES[to]))?,
            Step::Migrate(name, of_type) => self.migrate(txn, model, name, of_type)?,
            Step::Savepoint | Step::Keep | Step::Undo => {}
        }
        Ok(())
    }

    /// As a program does it by the verbs: under a temporary name, and back.
    fn migrate(
        &mut self,
        txn: &mut WriteTxn,
        model: &mut Model,
        name: usize,
        of_type: u8,
    ) -> Result<(), TestCaseError> {
        let Some(old) = model.dbis.get(NAMES[name]).cloned() else { return Ok(()) };
        let new = Handle::create(txn, "new", of_type)?;
        for (key, value) in &old.rows {
            new.put(txn, *key, *value)?;
        }
        txn.drop_dbi(NAMES[name])?;
        txn.rename_dbi("new", NAMES[name])?;
        let id = self.number(model);
        model.dbis.insert(NAMES[name], Modelled { of_type, id, rows: old.rows });
        self.handles.push((id, new));
        Ok(())
    }

    fn number(&mut self, model: &mut Model) -> u32 {
        self.next += 1;
        model.created = self.next;
        self.next
    }

    /// A handle of the DBI: one that was opened under any name, or a new one.
    fn handle(&self, txn: &mut WriteTxn, name: usize, dbi: &Modelled) -> Result<Handle> {
        match self.handles.iter().find(|(id, _)| *id == dbi.id) {
            Some((_, handle)) => Ok(handle.clone()),
            None => Handle::open(txn, NAMES[name], dbi.of_type),
        }
    }

    /// Every handle reads its DBI, and finds nothing if that is not there.
    fn check(&self, state: &impl Read, model: &Model) -> Result<(), TestCaseError> {
        for (id, handle) in &self.handles {
            let read = handle.rows(state);
            match model.dbis.values().find(|dbi| dbi.id == *id) {
                Some(dbi) => prop_assert_eq!(&read?, &dbi.rows, "{:?}", handle),
                // One that was created later is empty. Whether it was committed, the model does not know.
                None if *id > model.created => prop_assert!(!matches!(read, Ok(rows) if !rows.is_empty())),
                None => prop_assert_eq!(kind(&read), Some(ErrorKind::NotFound), "{:?}", handle),
            }
        }
        Ok(())
    }

    fn check_all(&self, env: &Env, model: &Model) -> Result<(), TestCaseError> {
        let found: Vec<_> = env.dbis()?.into_iter().map(|dbi| (dbi.name, dbi.key_type, dbi.entries)).collect();
        let expected = model.dbis.iter().map(|(name, dbi)| {
            ((*name).to_owned(), ["u16", "u32", "u64"][usize::from(dbi.of_type)].to_owned(), dbi.rows.len() as u64)
        });
        prop_assert_eq!(found, expected.collect::<Vec<_>>());
        self.check(&env.snapshot()?, model)?;
        for (snapshot, model) in &self.snapshots {
            self.check(snapshot, model)?;
        }
        for (name, dbi) in &model.dbis {
            let raw = env.raw_dbi(name)?;
            prop_assert_eq!(raw.len(&env.snapshot()?)?, dbi.rows.len() as u64);
        }
        let report = env.verify()?;
        prop_assert!(report.is_clean(), "{:?}", report);
        Ok(())
    }
}

fn rename(model: &mut Model, from: usize, to: usize, rename: impl FnOnce() -> Result<()>) -> Result<(), TestCaseError> {
    let renamed = rename();
    match (model.dbis.get(NAMES[from]).cloned(), from == to, model.dbis.contains_key(NAMES[to])) {
        (None, _, _) => prop_assert_eq!(kind(&renamed), Some(ErrorKind::NotFound)),
        (Some(_), true, _) => renamed?,
        (Some(_), false, true) => prop_assert_eq!(kind(&renamed), Some(ErrorKind::AlreadyExists)),
        (Some(dbi), false, false) => {
            renamed?;
            model.dbis.remove(NAMES[from]);
            model.dbis.insert(NAMES[to], dbi);
        }
    }
    Ok(())
}

fn open(path: &Path, durability: Durability) -> Result<Env> {
    Env::options().durability(durability).max_dbis(16).open(path)
}

type Plan = Vec<(Vec<Step>, End, bool)>;

fn plan() -> impl Strategy<Value = Plan> {
    prop::collection::vec((prop::collection::vec(step(), 0..14), end(), any::<bool>()), 1..9)
}

/// Holds the plan against the model. `beside` is called once the environment is open; what it returns is kept until
/// the end, and tells that another process has the environment open.
fn hold<C>(
    durability: Durability,
    plan: &Plan,
    beside: impl FnOnce(&Path) -> Result<Option<C>>,
) -> Result<(), TestCaseError> {
    let dir = tempfile::tempdir()?;
    let mut env = open(dir.path(), durability)?;
    let other = beside(dir.path())?;
    let mut model = Model::default();
    let mut world = World { handles: Vec::new(), snapshots: Vec::new(), next: 0 };
    for (steps, end, keeps_snapshot) in plan {
        let before = model.clone();
        let mut txn = env.begin()?;
        let mut steps = steps.iter();
        // A mark of no savepoint is none.
        while steps.len() > 0 {
            world.run(&mut txn, &mut model, &mut steps)?;
        }
        match *end {
            End::Abort => {
                txn.abort();
                model = Model { created: world.next, ..before };
            }
            _ => drop(txn.commit()?),
        }
        match *end {
            End::Commit | End::Abort => {}
            End::Reopen | End::Compact => {
                world.snapshots.clear();
                if matches!(end, End::Compact) {
                    let compacted = env.compact();
                    if other.is_some() {
                        prop_assert_eq!(kind(&compacted), Some(ErrorKind::Busy));
                    } else {
                        compacted?;
                    }
                } else {
                    world.handles.clear();
                    env.close()?;
                    env = open(dir.path(), durability)?;
                }
            }
            End::EnvDrop(name) => match model.dbis.remove(NAMES[name]) {
                None => prop_assert_eq!(kind(&env.drop_dbi(NAMES[name])), Some(ErrorKind::NotFound)),
                Some(_) => env.drop_dbi(NAMES[name])?,
            },
            End::EnvRename(from, to) => rename(&mut model, from, to, || env.rename_dbi(NAMES[from], NAMES[to]))?,
        }
        world.check_all(&env, &model)?;
        if *keeps_snapshot {
            world.snapshots.push((env.snapshot()?, model.clone()));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: 96, max_shrink_iters: 4000, ..Config::default() })]

    #[test]
    fn any_sequence_leaves_what_a_map_of_names_leaves(plan in plan(), leads in any::<bool>()) {
        hold(if leads { Durability::Eventual } else { Durability::Process }, &plan, |_| Ok(None::<()>))?;
    }
}

/// Trees are emptied there, not removed.
#[test]
fn beside_another_process_too() -> Result<()> {
    if let Some(arguments) = process::arguments() {
        let _env = open(Path::new(&arguments[0]), Durability::Eventual)?;
        process::tell("open");
        process::hear()?;
        return Ok(());
    }
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let held = runner.run(&plan(), |plan| {
        hold(Durability::Eventual, &plan, |path| {
            let child = process::spawn("beside_another_process_too", &[&path.to_string_lossy()])?;
            child.expect("open");
            Ok(Some(child))
        })
    });
    held.map_err(mapleaf::Error::other)
}
