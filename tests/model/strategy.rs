//! Random actions.

use std::ops::Bound;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use mapleaf::{Durability, Expect};

use crate::actions::{
    Action, Change, Changes, Door, End, Ends, Hope, Look, PairLook, PairWrite, Round, Step, Task, Transition, Way,
    Write,
};
use crate::kinds::{KEYS, VALUES};
use crate::world::{PER_KEY, TYPED};

fn k() -> impl Strategy<Value = u16> {
    0..KEYS
}

fn v() -> impl Strategy<Value = u16> {
    0..VALUES
}

/// Clusters of rows, so that databases grow faster than they shrink.
fn rows() -> impl Strategy<Value = Vec<(u16, u16)>> {
    (k(), vec((0..80_u16, v()), 0..60))
        .prop_map(|(start, rows)| rows.into_iter().map(|(offset, value)| ((start + offset) % KEYS, value)).collect())
}

fn bound(numbers: std::ops::Range<u16>) -> impl Strategy<Value = Bound<u16>> {
    prop_oneof![
        2 => numbers.clone().prop_map(Bound::Included),
        2 => numbers.prop_map(Bound::Excluded),
        1 => Just(Bound::Unbounded),
    ]
}

/// All nine forms of a range; some are reversed.
fn ends(numbers: std::ops::Range<u16>) -> impl Strategy<Value = Ends> {
    (bound(numbers.clone()), bound(numbers), 0..10_u8).prop_map(|(start, end, turn)| match (start, end) {
        (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) if a > b && turn > 0 => {
            (start.map(|_| b), end.map(|_| a))
        }
        ends => ends,
    })
}

/// A range of a few keys.
fn narrow() -> impl Strategy<Value = Ends> {
    (k(), 0..20_u16, any::<bool>()).prop_map(|(start, len, included)| {
        let end = (start + len).min(KEYS - 1);
        if included {
            (Bound::Included(start), Bound::Included(end))
        } else {
            (Bound::Excluded(start), Bound::Excluded(end))
        }
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Next),
        4 => Just(Step::NextBack),
        1 => k().prop_map(Step::Seek),
        1 => k().prop_map(Step::SeekBack),
    ]
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        18 => (k(), v()).prop_map(|(k, v)| Write::Put(k, v)),
        6 => (k(), v()).prop_map(|(k, v)| Write::Insert(k, v)),
        6 => (k(), v()).prop_map(|(k, v)| Write::Replace(k, v)),
        6 => (k(), option::of(v())).prop_map(|(k, v)| Write::Update(k, v)),
        6 => (k(), v()).prop_map(|(k, v)| Write::GetOrPut(k, v)),
        3 => (k(), v()).prop_map(|(k, v)| Write::Append(k, v)),
        9 => k().prop_map(Write::Delete),
        6 => k().prop_map(Write::Take),
        3 => Just(Write::PopFirst),
        3 => Just(Write::PopLast),
        3 => prop_oneof![9 => narrow(), 1 => ends(0..KEYS)].prop_map(Write::DeleteRange),
        1 => k().prop_map(Write::DeletePrefix),
        3 => (narrow(), 1..5_u16).prop_map(|(ends, by)| Write::Retain(ends, by)),
        3 => (ends(0..KEYS), 1..5_u16, 0..6_usize).prop_map(|(ends, by, limit)| Write::Extract(ends, by, limit)),
        1 => Just(Write::Clear),
        18 => rows().prop_map(Write::Load),
    ]
}

fn look() -> impl Strategy<Value = Look> {
    let list = (k(), 1..40_usize, any::<bool>());
    prop_oneof![
        k().prop_map(Look::Get),
        vec(k(), 0..40).prop_map(Look::GetMany),
        k().prop_map(Look::Contains),
        prop_oneof![Just(Look::First), Just(Look::Last), Just(Look::Len), Just(Look::IsEmpty)],
        k().prop_map(Look::Floor),
        k().prop_map(Look::Ceiling),
        k().prop_map(Look::Lower),
        k().prop_map(Look::Higher),
        (ends(0..KEYS), vec(step(), 0..20)).prop_map(|(ends, steps)| Look::Walk(ends, steps)),
        vec(prop_oneof![Just(Step::Next), Just(Step::NextBack), k().prop_map(Step::Seek)], 0..9).prop_map(Look::Keys),
        any::<bool>().prop_map(Look::Values),
        (k(), any::<bool>()).prop_map(|(k, reverse)| Look::Prefix(k, reverse)),
        ends(0..KEYS).prop_map(Look::Count),
        k().prop_map(Look::Rank),
        (0..u64::from(KEYS)).prop_map(Look::Nth),
        (0..9_usize, any::<u64>()).prop_map(|(n, seed)| Look::Sample(n, seed)),
        (ends(0..KEYS), 1..50_usize).prop_map(|(ends, limit)| Look::ForEach(ends, limit)),
        (ends(0..KEYS), 1..9_u16).prop_map(|(ends, by)| Look::FindMap(ends, by)),
        list.prop_map(|(prefix, limit, reverse)| Look::List { prefix, limit, reverse }),
    ]
}

fn pair_write() -> impl Strategy<Value = PairWrite> {
    prop_oneof![
        30 => k().prop_map(PairWrite::Insert),
        6 => k().prop_map(PairWrite::Remove),
        2 => k().prop_map(PairWrite::RemoveAll),
        1 => Just(PairWrite::Clear),
    ]
}

fn pair_look() -> impl Strategy<Value = PairLook> {
    prop_oneof![
        k().prop_map(PairLook::Contains),
        k().prop_map(PairLook::ContainsKey),
        (k(), any::<bool>()).prop_map(|(k, reverse)| PairLook::Values(k, reverse)),
        (k(), ends(0..PER_KEY)).prop_map(|(k, ends)| PairLook::ValuesRange(k, ends)),
        k().prop_map(PairLook::Count),
        prop_oneof![Just(PairLook::Len), Just(PairLook::IsEmpty), Just(PairLook::Keys)],
        any::<bool>().prop_map(PairLook::Pairs),
        ends(0..KEYS).prop_map(PairLook::Range),
    ]
}

pub fn end() -> impl Strategy<Value = End> {
    prop_oneof![6 => Just(End::Keep), 1 => Just(End::Fail), 1 => Just(End::Panic)]
}

pub fn actions() -> impl Strategy<Value = Vec<Action>> {
    let leaf = prop_oneof![
        10 => (0..TYPED, write()).prop_map(|(which, write)| Action::Write(which, write)),
        5 => (0..TYPED, look()).prop_map(|(which, look)| Action::Look(which, look)),
        5 => pair_write().prop_map(Action::PairWrite),
        2 => pair_look().prop_map(Action::PairLook),
    ];
    let nested = leaf.prop_recursive(3, 24, 8, |inner| {
        (vec(inner, 0..8), prop_oneof![Just(End::Keep), Just(End::Fail), Just(End::Panic)])
            .prop_map(|(actions, end)| Action::Savepoint(actions, end))
    });
    vec(nested, 0..12)
}

/// An entry with a condition drawn from `hope`.
fn change(hope: impl Strategy<Value = Hope> + Clone) -> impl Strategy<Value = (usize, Change<Hope>)> {
    let change = prop_oneof![
        6 => (k(), v(), hope.clone()).prop_map(|(k, v, hope)| Change::Put(k, v, hope)),
        1 => (k(), v()).prop_map(|(k, v)| Change::Insert(k, v)),
        3 => (k(), hope.clone()).prop_map(|(k, hope)| Change::Delete(k, hope)),
        1 => narrow().prop_map(Change::DeleteRange),
        3 => (k(), hope).prop_map(|(k, hope)| Change::Check(k, hope)),
    ];
    (0..TYPED, change)
}

/// Batches; the conditions of most of them hold.
pub fn batch() -> impl Strategy<Value = Changes<Hope>> {
    let held = prop_oneof![Just(Hope::Held), Just(Hope::Is(Expect::Any))];
    let is = prop_oneof![Just(Expect::Any), Just(Expect::Absent), Just(Expect::Present), v().prop_map(Expect::Value)];
    let any = prop_oneof![held.clone(), is.prop_map(Hope::Is)];
    prop_oneof![2 => vec(change(held), 0..12), 1 => vec(change(any), 0..12)]
}

fn batches() -> impl Strategy<Value = (Vec<Changes<Hope>>, Way)> {
    let way = prop_oneof![
        2 => Just(Way::Apply),
        2 => Just(Way::Submit),
        1 => Just(Way::TrySubmit),
        1 => (actions(), end()).prop_map(|(actions, end)| Way::Within(actions, end)),
    ];
    (vec(batch(), 1..5), way)
}

fn durability() -> impl Strategy<Value = Durability> {
    prop_oneof![Just(Durability::Immediate), Just(Durability::Eventual), Just(Durability::Process)]
}

fn door() -> impl Strategy<Value = Door> {
    prop_oneof![
        3 => Just(Door::Closure),
        1 => Just(Door::ClosureOr),
        1 => Just(Door::TryClosure),
        2 => Just(Door::Held),
        3 => Just(Door::Draft),
    ]
}

pub fn transition() -> impl Strategy<Value = Transition> {
    let transact = (actions(), end(), door());
    let par_scan = (0..TYPED, ends(0..KEYS), 0..5_usize);
    prop_oneof![
        16 => transact.prop_map(|(actions, end, door)| Transition::Transact { actions, end, door }),
        6 => batches().prop_map(|(batches, way)| Transition::Batches(batches, way)),
        6 => (0..TYPED, look()).prop_map(|(which, look)| Transition::Look(which, look)),
        2 => pair_look().prop_map(Transition::PairLook),
        1 => par_scan.prop_map(|(which, ends, parts)| Transition::ParScan(which, ends, parts)),
        3 => Just(Transition::Hold),
        3 => any::<usize>().prop_map(Transition::CheckHeld),
        1 => any::<usize>().prop_map(Transition::Refresh),
        2 => any::<usize>().prop_map(Transition::Release),
        1 => prop_oneof![(0..=TYPED).prop_map(Transition::ClearDbi), (0..=TYPED).prop_map(Transition::DropDbi)],
        1 => prop_oneof![1 => Just(Transition::Compact), 3 => durability().prop_map(Transition::Reopen)],
    ]
}

fn task() -> impl Strategy<Value = Task> {
    let transact = (actions(), end(), door(), 0..4_u8);
    prop_oneof![
        12 => transact.prop_map(|(actions, end, door, looks)| {
            Task::Transact { actions, end, door, looks: looks == 0 }
        }),
        4 => batch().prop_map(Task::Apply),
        4 => vec(batch(), 1..5).prop_map(Task::Submit),
        1 => (0..=TYPED).prop_map(Task::Clear),
    ]
}

fn round(is_cramped: bool) -> impl Strategy<Value = Round> {
    let tasks = vec(vec(task(), 8..16), 2..7);
    (durability(), tasks).prop_map(move |(durability, tasks)| Round { durability, is_cramped, tasks })
}

/// The round that belongs to `seed`.
pub fn drawn_round(seed: u64) -> Round {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed.to_le_bytes().repeat(4));
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    round(seed.is_multiple_of(3)).new_tree(&mut runner).expect("nothing is refused").current()
}
