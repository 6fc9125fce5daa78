//! Handles of all databases. Runs the same actions through them and in the model.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use mapleaf::key::KeyBuf;
use mapleaf::{Dbi, Draft, Env, Error, ErrorKind, Key, Read, Result, Snapshot, Write as Writable, WriteTxn};

use crate::actions::{Action, Answer, End, Look, PairLook, Write};
use crate::kinds::{Kind, Numbers, Tails, Texts, Tuples};
use crate::pairs::{self, Pairs};
use crate::second_opinion::Rows;
use crate::world::{PAIRS, World};
use crate::{looks, writes};

/// The number of compared operations over all cases.
pub static OPERATIONS: AtomicU64 = AtomicU64::new(0);

pub const NAMES: [&str; PAIRS + 1] = [Texts::NAME, Numbers::NAME, Tuples::NAME, Tails::NAME, "pairs"];

type DbiOf<D> = Dbi<<D as Kind>::K, <D as Kind>::V>;

/// Handles of all databases.
#[derive(Clone)]
pub struct Handles {
    pub texts: DbiOf<Texts>,
    pub numbers: DbiOf<Numbers>,
    pub tuples: DbiOf<Tuples>,
    pub tails: DbiOf<Tails>,
    pairs: Pairs,
}

/// The payload of an intended panic.
struct Meant;

impl Handles {
    pub fn open(env: &Env) -> Result<Self> {
        Ok(Self {
            texts: env.dbi(Texts::NAME)?,
            numbers: env.dbi(Numbers::NAME)?,
            tuples: env.dbi(Tuples::NAME)?,
            tails: env.dbi(Tails::NAME)?,
            pairs: env.multi_dbi(NAMES[PAIRS])?,
        })
    }

    pub fn look<R: Read>(&self, state: &R, which: usize, look: &Look) -> Result<Answer> {
        match which {
            0 => looks::look::<Texts, R>(&self.texts, state, look),
            1 => looks::look::<Numbers, R>(&self.numbers, state, look),
            2 => looks::look::<Tuples, R>(&self.tuples, state, look),
            _ => looks::look::<Tails, R>(&self.tails, state, look),
        }
    }

    pub fn pair_look<R: Read>(&self, state: &R, look: &PairLook) -> Result<Answer> {
        pairs::look(&self.pairs, state, look)
    }

    /// Compares the whole content with the model.
    pub fn agree<R: Read>(&self, state: &R, world: &World) -> Result<()> {
        let everything = Look::Walk((Bound::Unbounded, Bound::Unbounded), Vec::new());
        for (which, name) in NAMES.iter().take(PAIRS).enumerate() {
            assert_eq!(self.look(state, which, &everything)?, world.look(which, &everything), "{name}");
            assert_eq!(self.look(state, which, &Look::Len)?, world.look(which, &Look::Len), "{name}");
        }
        let all = PairLook::Pairs(false);
        assert_eq!(self.pair_look(state, &all)?, world.pair_look(&all), "pairs");
        Ok(())
    }

    /// The whole content, in numbers.
    pub fn world<R: Read>(&self, state: &R) -> Result<World> {
        let mut world = World::default();
        let everything = Look::Walk((Bound::Unbounded, Bound::Unbounded), Vec::new());
        for (which, map) in world.0.iter_mut().enumerate().take(PAIRS) {
            let Answer::Entries(entries) = self.look(state, which, &everything)? else { panic!("a walk has entries") };
            map.extend(entries.into_iter().flatten());
        }
        let Answer::Values(pairs) = self.pair_look(state, &PairLook::Pairs(false))? else { panic!("pairs are values") };
        world.0[PAIRS].extend(pairs.into_iter().flatten().map(|pair| (pair, 0)));
        Ok(world)
    }

    /// The whole content as it is stored, by the names of the databases.
    pub fn rows(&self, snap: &Snapshot) -> Result<BTreeMap<String, Rows>> {
        fn raw<D: Kind>(dbi: &DbiOf<D>, snap: &Snapshot) -> Result<(String, Rows)> {
            let rows = dbi.iter(snap)?.raw().map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())));
            Ok((D::NAME.to_owned(), rows.collect::<Result<_>>()?))
        }
        let pair =
            |pair: Result<(u8, i16)>| Ok((<(u8, i16)>::encode(&pair?, &mut KeyBuf::new())?.to_vec(), Vec::new()));
        let pairs = self.pairs.pairs(snap)?.map(pair).collect::<Result<_>>()?;
        Ok(BTreeMap::from([
            raw::<Texts>(&self.texts, snap)?,
            raw::<Numbers>(&self.numbers, snap)?,
            raw::<Tuples>(&self.tuples, snap)?,
            raw::<Tails>(&self.tails, snap)?,
            (NAMES[PAIRS].to_owned(), pairs),
        ]))
    }

    fn write(&self, txn: &mut impl Writable, which: usize, write: &Write) -> Result<Answer> {
        match which {
            0 => writes::write::<Texts>(&self.texts, txn, write),
            1 => writes::write::<Numbers>(&self.numbers, txn, write),
            2 => writes::write::<Tuples>(&self.tuples, txn, write),
            _ => writes::write::<Tails>(&self.tails, txn, write),
        }
    }

    /// Runs the actions in both and compares every answer.
    pub fn run(&self, txn: &mut impl Nests, world: &mut World, actions: &[Action]) -> Result<()> {
        for action in actions {
            OPERATIONS.fetch_add(1, Ordering::Relaxed);
            let (answer, expected) = match action {
                Action::Write(which, write) => (self.write(txn, *which, write)?, world.write(*which, write)),
                Action::Look(which, look) => (self.look(txn, *which, look)?, world.look(*which, look)),
                Action::PairWrite(write) => (pairs::write(&self.pairs, txn, write)?, world.pair_write(write)),
                Action::PairLook(look) => (self.pair_look(txn, look)?, world.pair_look(look)),
                Action::Savepoint(actions, end) => {
                    let before = world.clone();
                    let savepoint =
                        |world: &mut World| txn.nested(|txn| self.run(txn, world, actions).and_then(|()| finish(*end)));
                    if !ends_as_meant(world, savepoint, *end)? {
                        *world = before;
                    }
                    self.agree(txn, world)?;
                    continue;
                }
            };
            assert_eq!(answer, expected, "{action:?}");
        }
        Ok(())
    }

    /// Runs the actions and records every answer.
    pub fn note(&self, txn: &mut impl Nests, answers: &mut Vec<Answer>, actions: &[Action]) -> Result<()> {
        for action in actions {
            let answer = match action {
                Action::Write(which, write) => self.write(txn, *which, write)?,
                Action::Look(which, look) => self.look(txn, *which, look)?,
                Action::PairWrite(write) => pairs::write(&self.pairs, txn, write)?,
                Action::PairLook(look) => self.pair_look(txn, look)?,
                Action::Savepoint(actions, end) => {
                    let savepoint = |answers: &mut Vec<Answer>| {
                        txn.nested(|txn| self.note(txn, answers, actions).and_then(|()| finish(*end)))
                    };
                    ends_as_meant(answers, savepoint, *end)?;
                    continue;
                }
            };
            answers.push(answer);
        }
        Ok(())
    }
}

/// Transactions of all kinds, which have savepoints.
pub trait Nests: Writable + Sized {
    /// Runs `body` in a savepoint.
    fn nested<T>(&mut self, body: impl FnOnce(&mut Self) -> Result<T>) -> Result<T>;
}

impl Nests for WriteTxn {
    fn nested<T>(&mut self, body: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.savepoint(body)
    }
}

impl Nests for Draft {
    fn nested<T>(&mut self, body: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.savepoint(body)
    }
}

/// Ends a closure in the given way.
pub fn finish(end: End) -> Result<()> {
    match end {
        End::Keep => Ok(()),
        End::Fail => Err(Error::other("as it is meant")),
        End::Panic => resume_unwind(Box::new(Meant)),
    }
}

/// Runs `body`, which must end in the given way. Returns whether its changes are kept.
pub fn ends_as_meant<S>(state: &mut S, body: impl FnOnce(&mut S) -> Result<()>, end: End) -> Result<bool> {
    match catch_unwind(AssertUnwindSafe(|| body(state))) {
        Ok(Ok(())) => assert_eq!(end, End::Keep),
        Ok(Err(error)) if error.kind() == ErrorKind::Other => assert_eq!(end, End::Fail),
        Ok(Err(error)) => return Err(error),
        Err(payload) if payload.is::<Meant>() => assert_eq!(end, End::Panic),
        Err(payload) => resume_unwind(payload),
    }
    Ok(end == End::Keep)
}
