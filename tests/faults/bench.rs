//! A workload of several commits of every kind, and its outcome.

use std::path::Path;

use mapleaf::{Batch, Compact, Dbi, Durability, Env, ErrorKind, Result};

use super::ledger::Ledger;
use crate::common::shim::{Fault, How};

/// The first map size, and a value that does not fit the map beside the other data.
const MAP: usize = 1 << 19;
const LARGE: usize = 400_000;
const STEPS: u32 = 7;
/// Creates a DBI, and drops it.
const MAKE: u32 = 3;
const DROP: u32 = 6;
/// Does not fit the map, which must grow.
const GROW: u32 = 5;
/// Done after the environment was opened again.
pub const AFTERWARDS: u32 = 99;

/// The environment under test, and its handles.
pub struct Bench {
    pub env: Env,
    pub ledger: Ledger,
    pub large: Dbi<u32, &'static [u8]>,
}

/// The content of an environment: the steps of the ledger in order, and whether the created DBI exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub steps: Vec<u32>,
    pub made: bool,
}

impl State {
    pub fn with(&self, step: u32) -> Self {
        let mut state = self.clone();
        match step {
            MAKE => state.made = true,
            DROP => state.made = false,
            _ => state.steps.push(step),
        }
        state
    }
}

pub fn is_batch(step: u32) -> bool {
    step == 2 || step == 4
}

impl Bench {
    pub fn open(path: &Path, durability: Durability) -> Result<Self> {
        let env = Env::options().map_size(MAP).max_readers(16).durability(durability).open(path)?;
        let (ledger, large) = (Ledger::open(&env)?, env.dbi("large")?);
        Ok(Self { env, ledger, large })
    }

    /// One step of the workload.
    pub fn act(&self, step: u32, state: &State) -> Result<()> {
        let before = state.steps.len() as u64;
        match step {
            MAKE => self.env.dbi::<u32, u32>("made").map(drop),
            DROP if state.made => self.env.drop_dbi("made"),
            DROP => Ok(()),
            2 => self.env.apply(self.ledger.batch(step, before)?),
            4 => self.env.submit(self.ledger.batch(step, before)?)?.wait(),
            _ => self.env.transact(|txn| {
                if step == GROW {
                    self.large.put(txn, 1, &vec![5; LARGE])?;
                }
                self.ledger.step(txn, step)
            }),
        }
    }

    /// The content of the environment, after a check of every part.
    pub fn state(&self) -> Result<State> {
        let snap = self.env.snapshot()?;
        let steps = self.ledger.check(&snap, is_batch)?;
        let grown = self.large.get(&snap, 1)?.is_some_and(|value| value == vec![5; LARGE]);
        assert_eq!(grown, steps.contains(&GROW));
        Ok(State { steps, made: self.env.dbis()?.iter().any(|dbi| dbi.name == "made") })
    }

    /// Checks that after an unknown outcome every call is refused.
    pub fn refuses_all(&self) {
        let Self { env, ledger, large } = self;
        let outcomes = [
            ("snapshot", env.snapshot().map(drop)),
            ("transact", env.transact(|txn| large.put(txn, 2, b"no"))),
            ("an empty transact", env.transact(|_| Ok(()))),
            ("try_transact", env.try_transact(|txn| ledger.step(txn, 50))),
            ("apply", env.apply(Batch::new())),
            ("submit", env.submit(Batch::new()).and_then(mapleaf::Commit::wait)),
            ("dbi", env.dbi::<u32, u32>("another").map(drop)),
            ("drop_dbi", env.drop_dbi("large")),
            ("clear_dbi", env.clear_dbi("large")),
            ("dbis", env.dbis().map(drop)),
            ("info", env.info().map(drop)),
            ("readers", env.readers().map(drop)),
            ("clear_stale_readers", env.clear_stale_readers().map(drop)),
            ("verify", env.verify().map(drop)),
            ("sync", env.sync()),
            ("compact", env.compact()),
            ("copy_to", env.copy_to(env.path().join("copy"), Compact::Yes)),
        ];
        for (name, outcome) in outcomes {
            let kind = outcome.map_err(|error| error.kind());
            assert_eq!(kind, Err(ErrorKind::CommitOutcomeUnknown), "{name}");
        }
    }
}

/// The outcome of the workload: the acknowledged state, and the step whose outcome is unknown.
pub struct Outcome {
    pub state: State,
    pub unknown: Option<u32>,
    pub kinds: Vec<ErrorKind>,
}

/// Does all steps. A step that was refused with the promise that nothing was changed is repeated.
pub fn work(bench: &Bench, fault: Fault) -> Result<Outcome> {
    let mut outcome = Outcome { state: State { steps: vec![0], made: false }, unknown: None, kinds: Vec::new() };
    for step in 1..=STEPS {
        for again in [false, true] {
            let Err(error) = bench.act(step, &outcome.state) else {
                outcome.state = outcome.state.with(step);
                assert!(step != GROW || bench.env.info()?.map_size > MAP as u64, "the map grows");
                break;
            };
            assert!(error.message().len() > 10, "{error:?}");
            outcome.kinds.push(error.kind());
            if error.kind() == ErrorKind::CommitOutcomeUnknown {
                outcome.unknown = Some(step);
                return Ok(outcome);
            }
            assert!(matches!(error.kind(), ErrorKind::DiskFull | ErrorKind::Io), "step {step}: {error:?}");
            assert_eq!(bench.state()?, outcome.state, "nothing was changed by step {step}: {error:?}");
            let lasts = matches!(fault.how, How::ForEver | How::ForEverMade | How::ShortForEver(_));
            assert!(lasts || !again, "step {step} fails without a fault: {error:?}");
        }
    }
    Ok(outcome)
}
