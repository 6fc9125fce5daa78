//! Records with conditions and deadlines, under a clock that is set, do what a plain map does.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use mapleaf::store::{
    Backend, Expect, Memory, PutOptions, RecordConflict, RecordConflicts, RecordsOptions, Token, Ttl,
};
use mapleaf::{Env, Error, ErrorKind};
use proptest::prelude::*;

use crate::message_backend::MessageBackend;
use crate::records_support::{Hand, Texts, assert_indexed, rows};

const KEYS: [&str; 5] = ["a", "b", "bb", "c", "d"];
const VALUES: [&str; 3] = ["", "one", "two"];

/// A condition, before it is known which tokens there are.
#[derive(Clone, Copy, Debug)]
enum Wish {
    Any,
    Absent,
    Present,
    Current,
    Stale(usize),
}

#[derive(Clone, Copy, Debug)]
struct Put {
    key: usize,
    value: usize,
    ttl: Ttl,
    wish: Wish,
    meta: usize,
}

#[derive(Clone, Debug)]
enum Step {
    Clock(u64),
    ClockBack(u64),
    Put(Put),
    Replace(usize, usize),
    Update(usize, Option<usize>),
    GetOrPut(usize, usize),
    Delete(usize, Wish),
    Take(usize),
    Touch(usize, Option<u64>),
    PutEach(Vec<Put>),
    DeleteEach(Vec<(usize, Wish)>),
    Batch(Vec<Put>, Vec<(usize, Wish)>, Vec<(usize, Wish)>),
    Sweep(usize),
    OpenAgain,
}

fn wishes() -> impl Strategy<Value = Wish> {
    prop_oneof![
        4 => Just(Wish::Any),
        1 => Just(Wish::Absent),
        1 => Just(Wish::Present),
        2 => Just(Wish::Current),
        1 => any::<usize>().prop_map(Wish::Stale),
    ]
}

fn puts() -> impl Strategy<Value = Put> {
    let ttl = prop_oneof![3 => Just(Ttl::Clear), 1 => Just(Ttl::Keep), 3 => (1..60_u64).prop_map(|time| Duration::from_nanos(time).into())];
    (0..KEYS.len(), 0..VALUES.len(), ttl, wishes(), 0..VALUES.len()).prop_map(|(key, value, ttl, wish, meta)| Put {
        key,
        value,
        ttl,
        wish,
        meta,
    })
}

fn steps() -> impl Strategy<Value = Step> {
    let key = 0..KEYS.len();
    let wished = || (0..KEYS.len(), wishes());
    let few = |size| proptest::collection::vec(wished(), size);
    prop_oneof![
        4 => (0..40_u64).prop_map(Step::Clock),
        1 => (0..40_u64).prop_map(Step::ClockBack),
        8 => puts().prop_map(Step::Put),
        1 => (key.clone(), 0..VALUES.len()).prop_map(|(key, value)| Step::Replace(key, value)),
        3 => (key.clone(), proptest::option::weighted(0.8, 0..VALUES.len())).prop_map(|(key, to)| Step::Update(key, to)),
        2 => (key.clone(), 0..VALUES.len()).prop_map(|(key, value)| Step::GetOrPut(key, value)),
        2 => wished().prop_map(|(key, wish)| Step::Delete(key, wish)),
        1 => key.clone().prop_map(Step::Take),
        2 => (key, proptest::option::of(1..60_u64)).prop_map(|(key, time)| Step::Touch(key, time)),
        2 => proptest::collection::vec(puts(), 0..4).prop_map(Step::PutEach),
        1 => few(0..4).prop_map(Step::DeleteEach),
        2 => (proptest::collection::vec(puts(), 0..3), few(0..2), few(0..2))
            .prop_map(|(puts, deletes, checks)| Step::Batch(puts, deletes, checks)),
        2 => (1..4_usize).prop_map(Step::Sweep),
        1 => Just(Step::OpenAgain),
    ]
}

#[derive(Clone, Debug, PartialEq)]
struct Model {
    value: String,
    user: Vec<u8>,
    version: u64,
    created: u64,
    modified: u64,
    expires: Option<u64>,
}

/// A store, and the map that it must be like.
struct Both<B: Backend> {
    backend: B,
    texts: Texts<B>,
    hand: Arc<Hand>,
    /// Rows that expired stay until they are swept or written.
    rows: BTreeMap<&'static str, Model>,
    /// What the clock shows, what the store has seen, and what it has written.
    clock: u64,
    now: u64,
    written: u64,
    /// The tokens of the rows, and all that ever were.
    tokens: BTreeMap<&'static str, Token>,
    seen: Vec<Token>,
    ever: HashSet<Token>,
}

impl<B: Backend> Both<B> {
    fn new(backend: B) -> mapleaf::Result<Self> {
        let hand = Hand::at(1_000);
        let texts = RecordsOptions::new().clock(hand.clone()).open(&backend, "texts")?;
        // The store has seen the time.
        assert!(texts.is_empty()?);
        let (rows, tokens, seen, ever) = <(_, _, Vec<Token>, HashSet<Token>)>::default();
        let (clock, now, written) = (1_000, 1_000, 0);
        Ok(Self { backend, texts, hand, rows, clock, now, written, tokens, seen, ever })
    }

    fn live(&self, key: &str) -> Option<&Model> {
        self.rows.get(key).filter(|row| row.expires.is_none_or(|expires| self.now < expires))
    }

    fn expect(&self, key: &str, wish: Wish) -> Expect {
        match wish {
            Wish::Any => Expect::Any,
            Wish::Absent => Expect::Absent,
            Wish::Present => Expect::Present,
            Wish::Current => self.tokens.get(key).map_or(Expect::Absent, |token| Expect::Token(*token)),
            Wish::Stale(_) if self.seen.is_empty() => Expect::Present,
            Wish::Stale(n) => Expect::Token(self.seen[n % self.seen.len()]),
        }
    }

    fn holds(&self, key: &str, expect: Expect) -> bool {
        match expect {
            Expect::Any => true,
            Expect::Absent => self.live(key).is_none(),
            Expect::Present => self.live(key).is_some(),
            Expect::Token(token) => self.live(key).is_some() && self.tokens.get(key) == Some(&token),
        }
    }

    fn options(&self, put: Put) -> (&'static str, &'static str, PutOptions) {
        let expect = self.expect(KEYS[put.key], put.wish);
        (KEYS[put.key], VALUES[put.value], PutOptions::new().ttl(put.ttl).expect(expect).meta(VALUES[put.meta]))
    }

    /// Puts in the map.
    fn put(&mut self, put: Put) {
        let (key, old) = (KEYS[put.key], self.live(KEYS[put.key]));
        let expires = match put.ttl {
            Ttl::Clear => None,
            Ttl::Keep => old.and_then(|old| old.expires),
            Ttl::After(time) => Some(self.now + u64::try_from(time.as_nanos()).expect("it is short")),
        };
        let version = old.map_or(1, |old| old.version + 1);
        let (value, user) = (VALUES[put.value].to_owned(), VALUES[put.meta].into());
        let model = Model { value, user, version, created: self.now, modified: self.now, expires };
        self.write(key, model);
    }

    fn put_plain(&mut self, key: usize, value: usize) {
        self.put(Put { key, value, ttl: Ttl::Clear, wish: Wish::Any, meta: 0 });
    }

    fn write(&mut self, key: &'static str, model: Model) {
        self.rows.insert(key, model);
        self.written = self.now;
    }

    fn rewrite(&mut self, key: &'static str, change: impl FnOnce(&mut Model)) {
        let mut model = self.live(key).expect("it is there").clone();
        (model.version, model.modified) = (model.version + 1, self.now);
        change(&mut model);
        self.write(key, model);
    }

    fn delete(&mut self, key: &str) -> bool {
        let is_live = self.live(key).is_some();
        if is_live {
            self.rows.remove(key);
        }
        is_live
    }

    fn conflict(&self, index: usize, key: &str) -> (usize, String, Option<Token>) {
        (index, key.to_owned(), self.live(key).and_then(|_| self.tokens.get(key).copied()))
    }

    /// Makes a step in both and compares what it returns.
    fn step(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step.clone() {
            Step::Clock(time) => self.set(self.clock + time)?,
            Step::ClockBack(time) => self.set(self.clock - time)?,
            Step::Put(put) => {
                let (key, value, options) = self.options(put);
                let expect = self.expect(key, put.wish);
                match self.texts.put_with(key, value, options) {
                    Ok(meta) => {
                        prop_assert!(self.holds(key, expect));
                        self.put(put);
                        prop_assert_eq!(Some(meta), ok(self.texts.meta(key))?);
                    }
                    Err(error) => self.refused(error, key, expect)?,
                }
            }
            Step::Replace(key, value) => {
                let old = ok(self.texts.replace(KEYS[key], VALUES[value]))?;
                prop_assert_eq!(old, self.live(KEYS[key]).map(|model| model.value.clone()));
                self.put_plain(key, value);
            }
            Step::Update(key, to) => self.update(KEYS[key], to.map(|to| VALUES[to]))?,
            Step::GetOrPut(key, value) => {
                let got = ok(self.texts.get_or_put(KEYS[key], || VALUES[value].to_owned()))?;
                if self.live(KEYS[key]).is_none() {
                    self.put_plain(key, value);
                }
                prop_assert_eq!(Some(got), self.live(KEYS[key]).map(|model| model.value.clone()));
            }
            Step::Delete(key, wish) => {
                let (key, expect) = (KEYS[key], self.expect(KEYS[key], wish));
                match self.texts.delete_if(key, expect) {
                    Ok(was_there) => {
                        prop_assert!(self.holds(key, expect));
                        prop_assert_eq!(was_there, self.delete(key));
                    }
                    Err(error) => self.refused(error, key, expect)?,
                }
            }
            Step::Take(key) => {
                let old = ok(self.texts.take(KEYS[key]))?;
                prop_assert_eq!(old, self.live(KEYS[key]).map(|model| model.value.clone()));
                self.delete(KEYS[key]);
            }
            Step::Touch(key, time) => self.touch(KEYS[key], time)?,
            Step::PutEach(puts) => self.put_each(&puts)?,
            Step::DeleteEach(deletes) => self.delete_each(&deletes)?,
            Step::Batch(puts, deletes, checks) => self.batch(&puts, &deletes, &checks)?,
            Step::Sweep(limit) => self.sweep(limit)?,
            Step::OpenAgain => {
                self.texts = ok(RecordsOptions::new().clock(self.hand.clone()).open(&self.backend, "texts"))?;
                self.now = self.clock.max(self.written);
            }
        }
        self.compare()
    }

    fn set(&mut self, time: u64) -> Result<(), TestCaseError> {
        self.clock = time;
        self.hand.set(time);
        // The store sees the time when it needs it.
        ok(self.texts.len())?;
        self.now = self.now.max(time);
        Ok(())
    }

    fn refused(&self, error: Error, key: &str, expect: Expect) -> Result<(), TestCaseError> {
        let kind = if expect == Expect::Absent { ErrorKind::AlreadyExists } else { ErrorKind::Conflict };
        prop_assert!(!self.holds(key, expect) && error.kind() == kind, "{:?}", error);
        let conflict = error.downcast::<RecordConflict>().expect("its cause");
        prop_assert_eq!(shown(&conflict), self.conflict(0, key));
        Ok(())
    }

    fn update(&mut self, key: &'static str, to: Option<&str>) -> Result<(), TestCaseError> {
        let mut seen = None;
        let made = ok(self.texts.update(key, |old| {
            seen = old.map(str::to_owned);
            to.map(str::to_owned)
        }))?;
        prop_assert_eq!(made.as_deref(), to);
        prop_assert_eq!(seen.as_ref(), self.live(key).map(|model| &model.value));
        match (to, seen) {
            (Some(to), Some(old)) if to != old => self.rewrite(key, |model| to.clone_into(&mut model.value)),
            (Some(to), None) => {
                let (now, value) = (self.now, to.to_owned());
                let model = Model { value, user: Vec::new(), version: 1, created: now, modified: now, expires: None };
                self.write(key, model);
            }
            (None, Some(_)) => drop(self.delete(key)),
            _ => {}
        }
        Ok(())
    }

    fn touch(&mut self, key: &'static str, time: Option<u64>) -> Result<(), TestCaseError> {
        let touched = match time {
            Some(time) => self.texts.touch(key, Duration::from_nanos(time)),
            None => self.texts.persist(key),
        };
        let touched = ok(touched)?;
        prop_assert_eq!(touched.is_some(), self.live(key).is_some());
        let expires = time.map(|time| self.now + time);
        if self.live(key).is_some_and(|model| time.is_some() || model.expires.is_some()) {
            self.rewrite(key, |model| model.expires = expires);
        }
        prop_assert_eq!(touched, ok(self.texts.meta(key))?);
        Ok(())
    }

    fn put_each(&mut self, puts: &[Put]) -> Result<(), TestCaseError> {
        let options: Vec<_> = puts.iter().map(|put| self.options(*put)).collect();
        let expects: Vec<_> = puts.iter().map(|put| (KEYS[put.key], self.expect(KEYS[put.key], put.wish))).collect();
        let skipped = self.texts.put_each(options);
        if is_refused(&expects) {
            prop_assert_eq!(skipped.map_err(|error| error.kind()), Err(ErrorKind::InvalidArgument));
            return Ok(());
        }
        let wanted = self.conflicts(&expects, 0);
        prop_assert_eq!(ok(skipped)?.iter().map(shown).collect::<Vec<_>>(), wanted.clone());
        for (index, put) in puts.iter().enumerate() {
            if wanted.iter().all(|(skipped, ..)| *skipped != index) {
                self.put(*put);
            }
        }
        Ok(())
    }

    fn delete_each(&mut self, deletes: &[(usize, Wish)]) -> Result<(), TestCaseError> {
        let expects: Vec<_> = deletes.iter().map(|(key, wish)| (KEYS[*key], self.expect(KEYS[*key], *wish))).collect();
        let skipped = self.texts.delete_each(expects.clone());
        if is_refused(&expects) {
            prop_assert_eq!(skipped.map_err(|error| error.kind()), Err(ErrorKind::InvalidArgument));
            return Ok(());
        }
        let wanted = self.conflicts(&expects, 0);
        prop_assert_eq!(ok(skipped)?.iter().map(shown).collect::<Vec<_>>(), wanted.clone());
        for (index, (key, _)) in expects.into_iter().enumerate() {
            if wanted.iter().all(|(skipped, ..)| *skipped != index) {
                self.delete(key);
            }
        }
        Ok(())
    }

    fn batch(
        &mut self,
        puts: &[Put],
        deletes: &[(usize, Wish)],
        checks: &[(usize, Wish)],
    ) -> Result<(), TestCaseError> {
        let mut batch = self.texts.batch();
        let mut expects = Vec::new();
        for put in puts {
            let (key, value, options) = self.options(*put);
            expects.push((key, self.expect(key, put.wish)));
            ok(batch.put_with(key, value, options).map(drop))?;
        }
        for (key, wish) in deletes {
            expects.push((KEYS[*key], self.expect(KEYS[*key], *wish)));
            ok(batch.delete_if(KEYS[*key], self.expect(KEYS[*key], *wish)).map(drop))?;
        }
        for (key, wish) in checks {
            expects.push((KEYS[*key], self.expect(KEYS[*key], *wish)));
            ok(batch.check(KEYS[*key], self.expect(KEYS[*key], *wish)).map(drop))?;
        }
        let done = self.texts.commit(batch);
        if !expects.is_empty() && has_twice(&expects) && (is_refused(&expects) || !checks.is_empty()) {
            prop_assert_eq!(done.map_err(|error| error.kind()), Err(ErrorKind::InvalidArgument));
            return Ok(());
        }
        let wanted = self.conflicts(&expects, 0);
        if !wanted.is_empty() {
            let error = done.map(|_| ()).expect_err("a condition does not hold");
            prop_assert_eq!(error.kind(), ErrorKind::Conflict);
            let conflicts = error.downcast::<RecordConflicts>().expect("its cause");
            prop_assert_eq!(conflicts.iter().map(shown).collect::<Vec<_>>(), wanted);
            return Ok(());
        }
        prop_assert_eq!(ok(done)?.len(), puts.len());
        for put in puts {
            self.put(*put);
        }
        for (key, _) in deletes {
            self.delete(KEYS[*key]);
        }
        Ok(())
    }

    fn conflicts(&self, expects: &[(&'static str, Expect)], first: usize) -> Vec<(usize, String, Option<Token>)> {
        let failed = expects.iter().zip(first..).filter(|((key, expect), _)| !self.holds(key, *expect));
        failed.map(|((key, _), index)| self.conflict(index, key)).collect()
    }

    fn sweep(&mut self, limit: usize) -> Result<(), TestCaseError> {
        let expired =
            self.rows.iter().filter_map(|(key, model)| Some((model.expires.filter(|at| *at <= self.now)?, *key)));
        let mut expired: Vec<_> = expired.collect();
        expired.sort_unstable();
        expired.truncate(limit);
        prop_assert_eq!(ok(self.texts.sweep_expired(limit))?, expired.len());
        for (_, key) in expired {
            self.rows.remove(key);
        }
        Ok(())
    }

    /// Compares all that can be read, and notes down the tokens.
    fn compare(&mut self) -> Result<(), TestCaseError> {
        // A row that has expired keeps its token: it is there again for a new handle whose clock was set back.
        let mut tokens = self.tokens.clone();
        tokens.retain(|key, _| self.rows.contains_key(key));
        for key in KEYS {
            let wanted = self.live(key);
            let entry = ok(self.texts.entry(key))?;
            let got = entry.as_ref().map(|entry| {
                let (value, meta) = (entry.value.clone(), &entry.meta);
                let user = meta.user.to_vec();
                let (version, created, modified, expires) = (meta.version, meta.created, meta.modified, meta.expires);
                Model { value, user, version, created, modified, expires }
            });
            prop_assert_eq!(got.as_ref(), wanted, "{}", key);
            prop_assert_eq!(ok(self.texts.get(key))?, wanted.map(|model| model.value.clone()));
            prop_assert_eq!(ok(self.texts.has(key))?, wanted.is_some());
            if let Some(entry) = entry {
                let token = entry.meta.token;
                // A new state of the record has a token that there never was, an old one keeps it.
                if self.tokens.get(key) != Some(&token) {
                    prop_assert!(self.ever.insert(token), "{} came back", token);
                    self.seen.push(token);
                }
                tokens.insert(key, token);
            }
        }
        self.tokens = tokens;
        let live = KEYS.iter().filter(|key| self.live(key).is_some());
        prop_assert_eq!(ok(self.texts.len())?, live.clone().count() as u64);
        let from_b = live.filter(|key| ("b".."c").contains(*key)).count() as u64;
        prop_assert_eq!(ok(self.texts.count("b".."c"))?, from_b);
        let rows = ok(rows(&self.texts, &self.backend))?;
        prop_assert_eq!(rows[0].len(), self.rows.len());
        assert_indexed(&rows);
        Ok(())
    }
}

fn has_twice(expects: &[(&'static str, Expect)]) -> bool {
    let mut seen = HashSet::new();
    expects.iter().any(|(key, _)| !seen.insert(*key))
}

fn is_refused(expects: &[(&'static str, Expect)]) -> bool {
    has_twice(expects) && expects.iter().any(|(_, expect)| *expect != Expect::Any)
}

fn shown(conflict: &RecordConflict) -> (usize, String, Option<Token>) {
    (conflict.index, conflict.key_as::<&str>().expect("a text"), conflict.actual)
}

fn ok<T>(result: mapleaf::Result<T>) -> Result<T, TestCaseError> {
    result.map_err(|error| TestCaseError::fail(error.to_string()))
}

fn check<B: Backend>(backend: B, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut both = ok(Both::new(backend))?;
    steps.iter().try_for_each(|step| both.step(step))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn in_memory(steps in proptest::collection::vec(steps(), 30..60)) {
        check(Memory::new().expect("random bytes"), &steps)?;
    }

    #[test]
    fn over_messages(steps in proptest::collection::vec(steps(), 30..60)) {
        check(MessageBackend::new().expect("a server"), &steps)?;
    }

    #[test]
    fn in_an_environment(steps in proptest::collection::vec(steps(), 30..60)) {
        check(Env::temporary().expect("a directory"), &steps)?;
    }
}
