//! Drafts and other transactions, interleaved, agree with a model: each read gives what the snapshot and the own changes
//! say, and a commit is a conflict exactly when one of the keys that decided a result differs in the newest state, rows
//! that came in between included.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use mapleaf::{Dbi, Draft, Env, Error, ErrorKind, Result};
use proptest::prelude::*;

/// All keys of the model.
const KEYS: u8 = 40;

type Rows = BTreeMap<u8, u8>;
type Ends = (Bound<u8>, Bound<u8>);

#[derive(Clone, Debug)]
enum Verb {
    Get(u8),
    GetMany(Vec<u8>),
    Contains(u8),
    Put(u8, u8),
    Insert(u8, u8),
    Replace(u8, u8),
    Update(u8, Option<u8>),
    GetOrPut(u8, u8),
    Delete(u8),
    Take(u8),
    PopFirst,
    PopLast,
    First,
    Last,
    Floor(u8),
    Ceiling(u8),
    Lower(u8),
    Higher(u8),
    /// Steps from the front (true) and from the back of a range.
    Walk(Ends, Vec<bool>),
    /// Some entries, a seek, and some more.
    Seek(Ends, usize, u8, usize),
    SeekBack(Ends, usize, u8, usize),
    ForEach(Ends, usize),
    Count(Ends),
    Len,
    IsEmpty,
    Rank(u8),
    Nth(u8),
    Append(u8, u8),
    DeleteRange(Ends),
    Clear,
    Retain(Ends, u8),
    UpdateRange(Ends, u8),
    /// The entries that are taken out, at most so many.
    ExtractIf(Ends, u8, usize),
    /// Verbs one after the other.
    Together(Vec<Verb>),
    /// Verbs of which all are undone.
    Undone(Vec<Verb>),
}

#[derive(Clone, Debug)]
enum Act {
    Begin(usize),
    Read(usize, Verb),
    Commit(usize),
    Abort(usize),
    /// A transaction of others.
    Other(Vec<(u8, Option<u8>)>),
}

const DRAFTS: usize = 3;

fn key() -> impl Strategy<Value = u8> {
    0..KEYS
}

/// Short ranges mostly: a draft that has read everything tells little.
fn ends() -> impl Strategy<Value = Ends> {
    let end = || {
        prop_oneof![
            1 => Just(Bound::Unbounded),
            3 => key().prop_map(Bound::Included),
            2 => key().prop_map(Bound::Excluded),
        ]
    };
    let short = (key(), 1_u8..12).prop_map(|(key, len)| (Bound::Included(key), Bound::Excluded(key + len)));
    prop_oneof![1 => (end(), end()), 7 => short]
}

fn point_verb() -> impl Strategy<Value = Verb> {
    let value = || 0_u8..3;
    prop_oneof![
        4 => key().prop_map(Verb::Get),
        1 => prop::collection::vec(key(), 0..5).prop_map(Verb::GetMany),
        1 => key().prop_map(Verb::Contains),
        6 => (key(), value()).prop_map(|(key, value)| Verb::Put(key, value)),
        1 => (key(), value()).prop_map(|(key, value)| Verb::Insert(key, value)),
        1 => (key(), value()).prop_map(|(key, value)| Verb::Replace(key, value)),
        1 => (key(), proptest::option::of(value())).prop_map(|(key, value)| Verb::Update(key, value)),
        1 => (key(), value()).prop_map(|(key, value)| Verb::GetOrPut(key, value)),
        4 => key().prop_map(Verb::Delete),
        1 => key().prop_map(Verb::Take),
    ]
}

fn range_verb() -> impl Strategy<Value = Verb> {
    let value = || 0_u8..3;
    let some = || 0_usize..4;
    prop_oneof![
        4 => prop_oneof![Just(Verb::PopFirst), Just(Verb::PopLast), Just(Verb::First), Just(Verb::Last)],
        1 => prop_oneof![Just(Verb::IsEmpty), Just(Verb::Len), Just(Verb::Clear)],
        1 => key().prop_map(Verb::Floor),
        1 => key().prop_map(Verb::Ceiling),
        1 => key().prop_map(Verb::Lower),
        1 => key().prop_map(Verb::Higher),
        6 => (ends(), prop::collection::vec(any::<bool>(), 0..6)).prop_map(|(ends, steps)| Verb::Walk(ends, steps)),
        3 => (ends(), some(), key(), some()).prop_map(|(ends, from, key, to)| Verb::Seek(ends, from, key, to)),
        3 => (ends(), some(), key(), some()).prop_map(|(ends, from, key, to)| Verb::SeekBack(ends, from, key, to)),
        // Seeks over a long way, of which nothing is read.
        3 => (some(), key(), some()).prop_map(|(from, key, to)| Verb::Seek(ALL, from, key, to)),
        3 => (some(), key(), some()).prop_map(|(from, key, to)| Verb::SeekBack(ALL, from, key, to)),
        2 => (ends(), 1_usize..9).prop_map(|(ends, most)| Verb::ForEach(ends, most)),
        1 => ends().prop_map(Verb::Count),
        1 => key().prop_map(Verb::Rank),
        1 => (0_u8..8).prop_map(Verb::Nth),
        1 => (key(), value()).prop_map(|(key, value)| Verb::Append(key, value)),
        2 => ends().prop_map(Verb::DeleteRange),
        4 => (ends(), value()).prop_map(|(ends, value)| Verb::Retain(ends, value)),
        3 => (ends(), value()).prop_map(|(ends, value)| Verb::UpdateRange(ends, value)),
        5 => (ends(), value(), some()).prop_map(|(ends, value, most)| Verb::ExtractIf(ends, value, most)),
    ]
}

fn verb() -> impl Strategy<Value = Verb> {
    let plain = prop_oneof![point_verb(), range_verb()].boxed();
    // A row that is put and deleted again, as if it had never been.
    let brief = (key(), 0_u8..3).prop_map(|(key, value)| vec![Verb::Put(key, value), Verb::Delete(key)]);
    prop_oneof![
        20 => plain.clone(),
        1 => prop::collection::vec(plain, 1..5).prop_map(Verb::Undone),
        2 => brief.prop_map(Verb::Together),
    ]
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let draft = || 0..DRAFTS;
    let change = (key(), proptest::option::of(0_u8..3));
    let act = prop_oneof![
        6 => draft().prop_map(Act::Begin),
        12 => (draft(), verb()).prop_map(|(draft, verb)| Act::Read(draft, verb)),
        6 => draft().prop_map(Act::Commit),
        1 => draft().prop_map(Act::Abort),
        5 => prop::collection::vec(change, 1..3).prop_map(Act::Other),
    ];
    prop::collection::vec(act, 1..80)
}

/// What must come of a draft.
#[derive(Clone)]
struct Model {
    base: Rows,
    /// Which keys own changes decide, and how.
    own: BTreeMap<u8, Option<u8>>,
    /// The keys of the base that decided a result.
    read: BTreeSet<u8>,
}

fn is_in(key: u8, (lower, upper): Ends) -> bool {
    let above = match lower {
        Bound::Unbounded => true,
        Bound::Included(lower) => key >= lower,
        Bound::Excluded(lower) => key > lower,
    };
    let below = match upper {
        Bound::Unbounded => true,
        Bound::Included(upper) => key <= upper,
        Bound::Excluded(upper) => key < upper,
    };
    above && below
}

const ALL: Ends = (Bound::Unbounded, Bound::Unbounded);

impl Model {
    fn get(&self, key: u8) -> Option<u8> {
        self.own.get(&key).copied().unwrap_or_else(|| self.base.get(&key).copied())
    }

    /// The visible entries of a range.
    fn rows(&self, ends: Ends) -> Vec<(u8, u8)> {
        (0..KEYS).filter(|key| is_in(*key, ends)).filter_map(|key| Some((key, self.get(key)?))).collect()
    }

    /// Notes that the base's entry of a key, or its absence, decided a result.
    fn read(&mut self, key: u8) {
        if !self.own.contains_key(&key) {
            self.read.insert(key);
        }
    }

    fn read_all(&mut self, ends: Ends) {
        (0..KEYS).filter(|key| is_in(*key, ends)).for_each(|key| self.read(key));
    }

    fn lookup(&mut self, key: u8) -> Option<u8> {
        self.read(key);
        self.get(key)
    }

    /// The first entry of a range, or the last one: what lies before it was read.
    fn end(&mut self, ends: Ends, last: bool) -> Option<(u8, u8)> {
        let rows = self.rows(ends);
        let found = if last { rows.last() } else { rows.first() }.copied();
        let walked = match found {
            None => ends,
            Some((key, _)) if last => (Bound::Included(key), ends.1),
            Some((key, _)) => (ends.0, Bound::Included(key)),
        };
        self.read_all(walked);
        found
    }

    fn set(&mut self, key: u8, value: Option<u8>) {
        self.own.insert(key, value);
    }

    fn set_all(&mut self, changes: impl Iterator<Item = (u8, Option<u8>)>) {
        self.own.extend(changes);
    }
}

/// As many entries as are asked for, and the expected ones; what was walked is noted.
fn walk((draft, model): (&mut Draft, &mut Model), dbi: &Dbi<u8, u8>, ends: Ends, steps: &[bool]) -> Result<()> {
    let mut entries = dbi.range(draft, ends)?;
    let (mut front, mut back) = (ends.0, ends.1);
    for forward in steps {
        let found = if *forward { entries.next() } else { entries.next_back() }.transpose()?;
        assert_eq!(found, model.end((front, back), !forward));
        match found {
            Some((key, _)) if *forward => front = Bound::Excluded(key),
            Some((key, _)) => back = Bound::Excluded(key),
            None => {}
        }
    }
    Ok(())
}

/// Entries before and after a seek. What the seek passes over was not read.
fn seek(
    (draft, model): (&mut Draft, &mut Model),
    dbi: &Dbi<u8, u8>,
    ends: Ends,
    to: u8,
    counts: (usize, usize),
    last: bool,
) -> Result<()> {
    let mut entries = dbi.range(draft, ends)?;
    let mut left = ends;
    let mut take = |entries: &mut mapleaf::Entries<'_, Draft, u8, u8>, left: &mut Ends, count| {
        for _ in 0..count {
            let found = if last { entries.next_back() } else { entries.next() }.transpose()?;
            assert_eq!(found, model.end(*left, last), "{left:?}");
            match found {
                Some((key, _)) if last => left.1 = Bound::Excluded(key),
                Some((key, _)) => left.0 = Bound::Excluded(key),
                None => {}
            }
        }
        Ok::<_, Error>(())
    };
    take(&mut entries, &mut left, counts.0)?;
    // The seek does not go back.
    if last {
        entries.seek_back(to)?;
        if is_in(to, (Bound::Unbounded, left.1)) {
            left.1 = Bound::Included(to);
        }
    } else {
        entries.seek(to)?;
        if is_in(to, (left.0, Bound::Unbounded)) {
            left.0 = Bound::Included(to);
        }
    }
    take(&mut entries, &mut left, counts.1)
}

fn nearest((draft, model): (&mut Draft, &mut Model), dbi: &Dbi<u8, u8>, verb: &Verb) -> Result<()> {
    use Bound::{Excluded, Included, Unbounded};
    let (found, expected) = match *verb {
        Verb::First => (dbi.first(draft)?, model.end(ALL, false)),
        Verb::Last => (dbi.last(draft)?, model.end(ALL, true)),
        Verb::Floor(key) => (dbi.floor(draft, key)?, model.end((Unbounded, Included(key)), true)),
        Verb::Ceiling(key) => (dbi.ceiling(draft, key)?, model.end((Included(key), Unbounded), false)),
        Verb::Lower(key) => (dbi.lower(draft, key)?, model.end((Unbounded, Excluded(key)), true)),
        Verb::Higher(key) => (dbi.higher(draft, key)?, model.end((Excluded(key), Unbounded), false)),
        _ => return Ok(()),
    };
    assert_eq!(found, expected, "{verb:?}");
    Ok(())
}

fn point((draft, model): (&mut Draft, &mut Model), dbi: &Dbi<u8, u8>, verb: &Verb) -> Result<()> {
    match *verb {
        Verb::Get(key) => assert_eq!(dbi.get(draft, key)?, model.lookup(key)),
        Verb::GetMany(ref keys) => {
            let expected: Vec<_> = keys.iter().map(|key| model.lookup(*key)).collect();
            assert_eq!(dbi.get_many(draft, keys.iter().copied())?, expected);
        }
        Verb::Contains(key) => assert_eq!(dbi.contains(draft, key)?, model.lookup(key).is_some()),
        Verb::Put(key, value) => {
            dbi.put(draft, key, value)?;
            model.set(key, Some(value));
        }
        Verb::Insert(key, value) => {
            let absent = model.lookup(key).is_none();
            assert_eq!(dbi.insert(draft, key, value)?, absent);
            if absent {
                model.set(key, Some(value));
            }
        }
        Verb::Replace(key, value) => {
            let old = model.lookup(key);
            assert_eq!(dbi.replace(draft, key, value)?, old);
            if old != Some(value) {
                model.set(key, Some(value));
            }
        }
        Verb::Update(key, new) => {
            let old = model.lookup(key);
            assert_eq!(dbi.update(draft, key, |_| new)?, new);
            if old != new {
                model.set(key, new);
            }
        }
        Verb::GetOrPut(key, value) => {
            let old = model.lookup(key);
            assert_eq!(dbi.get_or_put(draft, key, || value)?, old.unwrap_or(value));
            if old.is_none() {
                model.set(key, Some(value));
            }
        }
        Verb::Delete(key) | Verb::Take(key) => {
            let old = model.lookup(key);
            match verb {
                Verb::Take(_) => assert_eq!(dbi.take(draft, key)?, old),
                _ => assert_eq!(dbi.delete(draft, key)?, old.is_some()),
            }
            if old.is_some() {
                model.set(key, None);
            }
        }
        _ => {}
    }
    Ok(())
}

fn whole((draft, model): (&mut Draft, &mut Model), dbi: &Dbi<u8, u8>, verb: &Verb) -> Result<()> {
    match *verb {
        Verb::PopFirst | Verb::PopLast => {
            let last = matches!(verb, Verb::PopLast);
            let found = model.end(ALL, last);
            assert_eq!(if last { dbi.pop_last(draft)? } else { dbi.pop_first(draft)? }, found);
            if let Some((key, _)) = found {
                model.set(key, None);
            }
        }
        Verb::ForEach(ends, most) => {
            let mut seen = Vec::new();
            let _ = dbi.for_each(draft, ends, |key, value| {
                seen.push((key, value));
                if seen.len() == most { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
            })?;
            let rows = model.rows(ends);
            assert_eq!(seen, rows[..rows.len().min(most)]);
            let walked = rows.get(most - 1).map_or(ends.1, |(key, _)| Bound::Included(*key));
            model.read_all((ends.0, walked));
        }
        Verb::Count(ends) => {
            assert_eq!(dbi.count(draft, ends)?, model.rows(ends).len() as u64);
            model.read_all(ends);
        }
        Verb::Len => {
            assert_eq!(dbi.len(draft)?, model.rows(ALL).len() as u64);
            model.read_all(ALL);
        }
        Verb::IsEmpty => assert_eq!(dbi.is_empty(draft)?, model.end(ALL, false).is_none()),
        Verb::Rank(key) => {
            let before = (Bound::Unbounded, Bound::Excluded(key));
            assert_eq!(dbi.rank(draft, key)?, model.rows(before).len() as u64);
            model.read_all(before);
        }
        Verb::Nth(n) => {
            let expected = model.rows(ALL).get(usize::from(n)).copied();
            assert_eq!(dbi.nth(draft, u64::from(n))?, expected);
            model.read_all((Bound::Unbounded, expected.map_or(Bound::Unbounded, |(key, _)| Bound::Included(key))));
        }
        Verb::Append(key, value) => {
            let last = model.rows(ALL).last().map(|(key, _)| *key);
            let appended = dbi.append(draft, key, value).map_err(|error| error.kind());
            let is_above = last.is_none_or(|last| last < key);
            assert_eq!(appended, if is_above { Ok(()) } else { Err(ErrorKind::InvalidArgument) });
            model.read_all((Bound::Included(last.map_or(key, |last| last.max(key))), Bound::Unbounded));
            if is_above {
                model.set(key, Some(value));
            }
        }
        _ => return nearest((draft, model), dbi, verb),
    }
    Ok(())
}

fn bulk((draft, model): (&mut Draft, &mut Model), dbi: &Dbi<u8, u8>, verb: &Verb) -> Result<()> {
    match *verb {
        Verb::DeleteRange(ends) => {
            let rows = model.rows(ends);
            assert_eq!(dbi.delete_range(draft, ends)?, rows.len() as u64);
            model.read_all(ends);
            model.set_all(rows.iter().map(|(key, _)| (*key, None)));
        }
        Verb::Clear => {
            let rows = model.rows(ALL);
            assert_eq!(dbi.clear(draft)?, rows.len() as u64);
            model.read_all(ALL);
            model.set_all(rows.iter().map(|(key, _)| (*key, None)));
        }
        Verb::Retain(ends, kept) => {
            let rows = model.rows(ends);
            let gone: Vec<_> = rows.iter().filter(|(_, value)| *value != kept).collect();
            assert_eq!(dbi.retain(draft, ends, |_, value| value == kept)?, gone.len() as u64);
            model.read_all(ends);
            model.set_all(gone.iter().map(|(key, _)| (*key, None)));
        }
        Verb::UpdateRange(ends, value) => {
            let update = |key: u8, old: u8| if key.is_multiple_of(3) { None } else { Some(old.max(value)) };
            let rows = model.rows(ends);
            let changed: Vec<_> = rows.iter().filter(|(key, old)| update(*key, *old) != Some(*old)).collect();
            assert_eq!(dbi.update_range(draft, ends, update)?, changed.len() as u64);
            model.read_all(ends);
            model.set_all(changed.iter().map(|(key, old)| (*key, update(*key, *old))));
        }
        Verb::ExtractIf(ends, value, most) => {
            let taken: Vec<_> =
                dbi.extract_if(draft, ends, |_, found| found == value)?.take(most).collect::<Result<_>>()?;
            let rows = model.rows(ends);
            let expected: Vec<_> = rows.iter().copied().filter(|(_, found)| *found == value).take(most).collect();
            assert_eq!(taken, expected);
            let is_done = expected.len() < most;
            match expected.last() {
                _ if most == 0 => {}
                Some((last, _)) if !is_done => model.read_all((ends.0, Bound::Included(*last))),
                _ => model.read_all(ends),
            }
            model.set_all(expected.iter().map(|(key, _)| (*key, None)));
        }
        _ => return whole((draft, model), dbi, verb),
    }
    Ok(())
}

fn run((draft, model): (&mut Draft, &mut Model), dbi: &Dbi<u8, u8>, verb: &Verb) -> Result<()> {
    match verb {
        Verb::Walk(ends, steps) => walk((draft, model), dbi, *ends, steps),
        Verb::Seek(ends, from, key, to) => seek((draft, model), dbi, *ends, *key, (*from, *to), false),
        Verb::SeekBack(ends, from, key, to) => seek((draft, model), dbi, *ends, *key, (*from, *to), true),
        Verb::Together(verbs) => verbs.iter().try_for_each(|verb| run((&mut *draft, &mut *model), dbi, verb)),
        Verb::Undone(verbs) => {
            // What was read in it counts all the same.
            let own = model.own.clone();
            let mut guard = draft.savepoint_guard();
            verbs.iter().try_for_each(|verb| run((&mut guard, model), dbi, verb))?;
            guard.undo();
            model.own = own;
            Ok(())
        }
        Verb::Get(_) | Verb::GetMany(_) | Verb::Contains(_) | Verb::Put(..) | Verb::Insert(..) | Verb::Replace(..) => {
            point((draft, model), dbi, verb)
        }
        Verb::Update(..) | Verb::GetOrPut(..) | Verb::Delete(_) | Verb::Take(_) => point((draft, model), dbi, verb),
        _ => bulk((draft, model), dbi, verb),
    }
}

/// The first key that decided a result and differs now.
fn first_difference(model: &Model, now: &Rows) -> Option<u8> {
    model.read.iter().copied().find(|key| model.base.get(key) != now.get(key))
}

fn play(env: &Env, acts: &[Act]) -> Result<()> {
    let dbi: Dbi<u8, u8> = env.dbi("rows")?;
    let mut now: Rows = (10..KEYS - 10).step_by(2).map(|key| (key, 1)).collect();
    env.transact(|txn| dbi.load(txn, now.iter().map(|(key, value)| (*key, *value))))?;
    let mut open: Vec<Option<(Draft, Model)>> = (0..DRAFTS).map(|_| None).collect();
    for act in acts {
        match act {
            Act::Begin(at) => {
                let model = Model { base: now.clone(), own: BTreeMap::new(), read: BTreeSet::new() };
                open[*at] = Some((env.snapshot()?.draft(), model));
            }
            Act::Read(at, verb) => {
                if let Some((draft, model)) = &mut open[*at] {
                    run((draft, model), &dbi, verb)?;
                }
            }
            Act::Abort(at) => open[*at] = None,
            Act::Commit(at) => {
                let Some((draft, model)) = open[*at].take() else { continue };
                let conflict = first_difference(&model, &now).map(|key| (ErrorKind::Conflict, Some(vec![key])));
                let outcome = draft.commit().map_err(|error| (error.kind(), error.key().map(<[u8]>::to_vec)));
                assert_eq!(outcome.map(drop).err(), conflict, "read {:?} of {:?}", model.read, model.base);
                if conflict.is_none() {
                    for (key, value) in &model.own {
                        match value {
                            Some(value) => now.insert(*key, *value),
                            None => now.remove(key),
                        };
                    }
                }
            }
            Act::Other(changes) => env.transact(|txn| {
                for (key, value) in changes {
                    match value {
                        Some(value) => {
                            dbi.put(txn, *key, *value)?;
                            now.insert(*key, *value);
                        }
                        None => assert_eq!(dbi.delete(txn, *key)?, now.remove(key).is_some()),
                    }
                }
                Ok(())
            })?,
        }
        let found: Rows = dbi.iter(&env.snapshot()?)?.collect::<Result<_>>()?;
        assert_eq!(found, now, "after {act:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_commit_conflicts_exactly_when_what_was_read_has_changed(acts in acts()) {
        let env = Env::temporary().expect("a temporary environment opens");
        play(&env, &acts).map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
    }
}
