//! The model: one ordered map for each database, and its answers.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{Bound, RangeBounds};

use mapleaf::{ErrorKind, Expect};

use crate::actions::{Action, Answer, Change, Changes, End, Ends, Hope, Look, PairLook, PairWrite, Step, Write};
use crate::kinds::{Kind, Numbers, Tails, Texts, Tuples};

/// Numbers of keys and their values.
pub type Map = BTreeMap<u16, u16>;

/// The number of typed databases; the set of pairs follows them.
pub const TYPED: usize = 4;
/// The index of the set of pairs.
pub const PAIRS: usize = TYPED;
/// The number of values that a key of the pairs may have: pair `n` is value `n % PER_KEY` of key `n / PER_KEY`.
pub const PER_KEY: u16 = 12;

/// All databases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct World(pub [Map; TYPED + 1]);

fn begins(which: usize, prefix: u16, key: u16) -> bool {
    match which {
        0 => Texts::begins(prefix, key),
        1 => Numbers::begins(prefix, key),
        2 => Tuples::begins(prefix, key),
        _ => Tails::begins(prefix, key),
    }
}

/// The entries between two bounds; none if the bounds are reversed.
pub fn between(map: &Map, ends: Ends) -> VecDeque<(u16, u16)> {
    map.iter().filter(|(key, _)| ends.contains(*key)).map(|(key, value)| (*key, *value)).collect()
}

impl World {
    /// Runs the actions of a closure that ends in the given way, and returns the answers.
    pub fn run(&mut self, actions: &[Action], end: End) -> Vec<Answer> {
        let before = self.clone();
        let mut answers = Vec::new();
        for action in actions {
            match action {
                Action::Write(which, write) => answers.push(self.write(*which, write)),
                Action::Look(which, look) => answers.push(self.look(*which, look)),
                Action::PairWrite(write) => answers.push(self.pair_write(write)),
                Action::PairLook(look) => answers.push(self.pair_look(look)),
                Action::Savepoint(actions, end) => answers.extend(self.run(actions, *end)),
            }
        }
        if end != End::Keep {
            *self = before;
        }
        answers
    }

    pub fn write(&mut self, which: usize, write: &Write) -> Answer {
        let map = &mut self.0[which];
        let remove = |map: &mut Map, keys: Vec<u16>| {
            map.retain(|key, _| !keys.contains(key));
            Answer::Count(keys.len() as u64)
        };
        match write {
            Write::Append(key, _) if map.last_key_value().is_some_and(|(last, _)| last >= key) => {
                Answer::Refused(ErrorKind::InvalidArgument)
            }
            Write::Put(key, value) | Write::Append(key, value) => {
                map.insert(*key, *value);
                Answer::Done
            }
            Write::Insert(key, value) => {
                let absent = !map.contains_key(key);
                map.entry(*key).or_insert(*value);
                Answer::Is(absent)
            }
            Write::Replace(key, value) => Answer::Value(map.insert(*key, *value)),
            Write::Update(key, new) => {
                let old = map.remove(key);
                map.extend(new.map(|new| (*key, new)));
                Answer::Values(vec![old, *new])
            }
            Write::GetOrPut(key, value) => Answer::Value(Some(*map.entry(*key).or_insert(*value))),
            Write::Delete(key) => Answer::Is(map.remove(key).is_some()),
            Write::Take(key) => Answer::Value(map.remove(key)),
            Write::PopFirst => Answer::Entry(map.pop_first()),
            Write::PopLast => Answer::Entry(map.pop_last()),
            Write::DeleteRange(ends) => {
                let keys = between(map, *ends).iter().map(|(key, _)| *key).collect();
                remove(map, keys)
            }
            Write::DeletePrefix(prefix) => {
                let keys = map.keys().copied().filter(|key| begins(which, *prefix, *key)).collect();
                remove(map, keys)
            }
            Write::Retain(ends, by) => {
                let all = between(map, *ends);
                let keys = all.iter().map(|(key, _)| *key).filter(|key| !key.is_multiple_of(*by)).collect();
                remove(map, keys)
            }
            Write::Extract(ends, by, limit) => {
                let mut out: Vec<_> = between(map, *ends).into_iter().filter(|(key, _)| key % by == 0).collect();
                out.truncate(*limit);
                map.retain(|key, value| !out.contains(&(*key, *value)));
                Answer::Entries(out.into_iter().map(Some).collect())
            }
            Write::Clear => Answer::Count(std::mem::take(map).len() as u64),
            Write::Load(rows) => {
                map.extend(rows.iter().copied());
                Answer::Count(rows.len() as u64)
            }
        }
    }

    /// The batch with the conditions that result if it is made now.
    pub fn made(&self, batch: &Changes<Hope>) -> Changes<Expect<u16>> {
        let condition = |which: usize, key: u16, hope: &Hope| match hope {
            Hope::Is(expect) => *expect,
            Hope::Held => self.0[which].get(&key).map_or(Expect::Absent, |value| Expect::Value(*value)),
        };
        batch.iter().map(|(which, change)| (*which, change.with(|key, hope| condition(*which, key, hope)))).collect()
    }

    /// Whether a batch writes a key twice, once or more under a condition.
    pub fn is_ambiguous(batch: &Changes<Expect<u16>>) -> bool {
        let mut written = std::collections::BTreeMap::new();
        batch.iter().any(|(which, change)| {
            let (key, is_conditional) = match change {
                Change::Put(key, _, expect) | Change::Delete(key, expect) => (*key, *expect != Expect::Any),
                Change::Insert(key, _) => (*key, true),
                Change::DeleteRange(_) | Change::Check(..) => return false,
            };
            written.insert((*which, key), is_conditional).is_some_and(|before| before || is_conditional)
        })
    }

    /// Applies a batch if all its conditions hold. Returns the entries whose conditions fail. An ambiguous batch changes
    /// nothing.
    pub fn batch(&mut self, batch: &Changes<Expect<u16>>) -> Vec<usize> {
        if Self::is_ambiguous(batch) {
            return Vec::new();
        }
        let holds = |(which, change): &(usize, Change<Expect<u16>>)| {
            let (key, expect) = match change {
                Change::Put(key, _, expect) | Change::Delete(key, expect) | Change::Check(key, expect) => {
                    (key, *expect)
                }
                Change::Insert(key, _) => (key, Expect::Absent),
                Change::DeleteRange(_) => return true,
            };
            let held = self.0[*which].get(key);
            match expect {
                Expect::Any => true,
                Expect::Absent => held.is_none(),
                Expect::Present => held.is_some(),
                Expect::Value(value) => held == Some(&value),
            }
        };
        let failed: Vec<usize> = (0..batch.len()).filter(|index| !holds(&batch[*index])).collect();
        if failed.is_empty() {
            for (which, change) in batch {
                drop(match change {
                    Change::Put(key, value, _) | Change::Insert(key, value) => {
                        self.write(*which, &Write::Put(*key, *value))
                    }
                    Change::Delete(key, _) => self.write(*which, &Write::Delete(*key)),
                    Change::DeleteRange(ends) => self.write(*which, &Write::DeleteRange(*ends)),
                    Change::Check(..) => Answer::Done,
                });
            }
        }
        failed
    }

    pub fn look(&self, which: usize, look: &Look) -> Answer {
        let map = &self.0[which];
        let entry = |found: Option<(&u16, &u16)>| Answer::Entry(found.map(|(key, value)| (*key, *value)));
        match look {
            Look::Get(key) => Answer::Value(map.get(key).copied()),
            Look::GetMany(keys) => Answer::Values(keys.iter().map(|key| map.get(key).copied()).collect()),
            Look::Contains(key) => Answer::Is(map.contains_key(key)),
            Look::First => entry(map.first_key_value()),
            Look::Last => entry(map.last_key_value()),
            Look::Floor(key) => entry(map.range(..=key).next_back()),
            Look::Ceiling(key) => entry(map.range(key..).next()),
            Look::Lower(key) => entry(map.range(..key).next_back()),
            Look::Higher(key) => entry(map.range((Bound::Excluded(key), Bound::Unbounded)).next()),
            Look::Walk(ends, steps) => Answer::Entries(walk(between(map, *ends), steps)),
            Look::Keys(steps) => {
                let keys = map.keys().map(|key| (*key, 0)).collect();
                Answer::Entries(walk(keys, steps))
            }
            Look::Values(reverse) => {
                let mut values: Vec<_> = map.values().map(|value| Some(*value)).collect();
                if *reverse {
                    values.reverse();
                }
                Answer::Values(values)
            }
            Look::Prefix(prefix, reverse) => {
                let mut found: Vec<_> = self.prefixed(which, *prefix).into_iter().map(Some).collect();
                if *reverse {
                    found.reverse();
                }
                Answer::Entries(found)
            }
            Look::Len => Answer::Count(map.len() as u64),
            Look::IsEmpty => Answer::Is(map.is_empty()),
            Look::Count(ends) => Answer::Count(between(map, *ends).len() as u64),
            Look::Rank(key) => Answer::Count(map.range(..key).count() as u64),
            Look::Nth(n) => entry(usize::try_from(*n).ok().and_then(|n| map.iter().nth(n))),
            Look::Sample(n, _) => Answer::Count(map.len().min(*n) as u64),
            Look::ForEach(ends, limit) => {
                Answer::Entries(between(map, *ends).into_iter().take(*limit).map(Some).collect())
            }
            Look::FindMap(ends, by) => Answer::Entry(between(map, *ends).into_iter().find(|(key, _)| key % by == 0)),
            Look::List { prefix, limit, reverse } => {
                let mut found = self.prefixed(which, *prefix);
                if *reverse {
                    found.reverse();
                }
                let mut pages: Vec<Vec<_>> = found.chunks(*limit).map(<[_]>::to_vec).collect();
                if pages.is_empty() {
                    pages.push(Vec::new());
                }
                Answer::Pages(pages)
            }
        }
    }

    fn prefixed(&self, which: usize, prefix: u16) -> Vec<(u16, u16)> {
        let all = self.0[which].iter().map(|(key, value)| (*key, *value));
        all.filter(|(key, _)| begins(which, prefix, *key)).collect()
    }

    pub fn pair_write(&mut self, write: &PairWrite) -> Answer {
        let set = &mut self.0[PAIRS];
        match write {
            PairWrite::Insert(pair) => Answer::Is(set.insert(*pair, 0).is_none()),
            PairWrite::Remove(pair) => Answer::Is(set.remove(pair).is_some()),
            PairWrite::RemoveAll(pair) => {
                let before = set.len();
                set.retain(|other, _| other / PER_KEY != pair / PER_KEY);
                Answer::Count((before - set.len()) as u64)
            }
            PairWrite::Clear => Answer::Count(std::mem::take(set).len() as u64),
        }
    }

    pub fn pair_look(&self, look: &PairLook) -> Answer {
        let set = &self.0[PAIRS];
        let of_key = |pair: &u16| {
            let start = pair / PER_KEY * PER_KEY;
            set.range(start..start + PER_KEY).map(|(pair, _)| *pair).collect::<Vec<_>>()
        };
        let turned = |mut list: Vec<u16>, reverse: bool| {
            if reverse {
                list.reverse();
            }
            Answer::Values(list.into_iter().map(Some).collect())
        };
        match look {
            PairLook::Contains(pair) => Answer::Is(set.contains_key(pair)),
            PairLook::ContainsKey(pair) => Answer::Is(!of_key(pair).is_empty()),
            PairLook::Values(pair, reverse) => turned(of_key(pair), *reverse),
            PairLook::ValuesRange(pair, ends) => {
                turned(of_key(pair).into_iter().filter(|pair| ends.contains(&(pair % PER_KEY))).collect(), false)
            }
            PairLook::Count(pair) => Answer::Count(of_key(pair).len() as u64),
            PairLook::Len => Answer::Count(set.len() as u64),
            PairLook::IsEmpty => Answer::Is(set.is_empty()),
            PairLook::Pairs(reverse) => turned(set.keys().copied().collect(), *reverse),
            PairLook::Range(ends) => turned(set.keys().copied().filter(|pair| ends.contains(pair)).collect(), false),
            PairLook::Keys => {
                let mut keys: Vec<_> = set.keys().map(|pair| pair / PER_KEY).collect();
                keys.dedup();
                turned(keys, false)
            }
        }
    }
}

/// The results of the steps, then all remaining entries from the front.
fn walk(mut left: VecDeque<(u16, u16)>, steps: &[Step]) -> Vec<Option<(u16, u16)>> {
    let mut found = Vec::new();
    for step in steps {
        match step {
            Step::Next => found.push(left.pop_front()),
            Step::NextBack => found.push(left.pop_back()),
            Step::Seek(to) => left.retain(|(key, _)| key >= to),
            Step::SeekBack(to) => left.retain(|(key, _)| key <= to),
        }
    }
    found.extend(left.into_iter().map(Some));
    found
}
