//! The model of changes: a map and a list of ranges.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::error::Result;
use crate::write_set::changes::DbiChanges;

pub(super) type Bytes = Vec<u8>;

/// One change.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Put(Bytes, Bytes),
    Delete(Bytes),
    Gap(Bytes, Option<Bytes>),
    Forget(Bytes),
    Join(Bytes, Option<Bytes>, Vec<Bytes>),
    Tidy,
    Reset,
}

/// The changes of one layer, kept in the simplest way.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub changes: BTreeMap<Bytes, Option<Bytes>>,
    gaps: Vec<(Bytes, Option<Bytes>)>,
}

impl Model {
    pub(super) fn is_hidden(&self, key: &[u8]) -> bool {
        self.gaps.iter().any(|(start, end)| &start[..] <= key && end.as_deref().is_none_or(|end| key < end))
    }

    fn gap(&mut self, start: &Bytes, end: Option<&Bytes>) {
        self.gaps.push((start.clone(), end.cloned()));
        self.changes.retain(|key, _| key < start || end.is_some_and(|end| key >= end));
    }

    pub(super) fn absorb(&mut self, newer: Self) {
        newer.gaps.iter().for_each(|(start, end)| self.gap(start, end.as_ref()));
        self.changes.extend(newer.changes);
    }
}

/// Makes the change in both.
pub(super) fn act(changes: &mut DbiChanges, model: &mut Model, act: &Act) -> Result<()> {
    match act {
        Act::Put(key, value) => {
            changes.put(key, value)?;
            model.changes.insert(key.clone(), Some(value.clone()));
        }
        Act::Delete(key) => {
            changes.delete(key)?;
            model.changes.insert(key.clone(), None);
        }
        Act::Gap(start, end) => {
            changes.gap(start, end.as_deref());
            model.gap(start, end.as_ref());
        }
        Act::Forget(key) => {
            let (position, is_there) = changes.lower(key);
            if is_there {
                changes.forget_at(position);
            }
            model.changes.remove(key);
        }
        Act::Join(start, end, deleted) => {
            changes.add_gap_keeping_puts(start, end.as_deref(), deleted);
            model.gaps.push((start.clone(), end.clone()));
            model.changes.retain(|key, _| !deleted.contains(key));
        }
        Act::Tidy => changes.tidy(1),
        Act::Reset => {
            changes.reset();
            *model = Model::default();
        }
    }
    Ok(())
}

/// Compares everything, by every way of reading.
pub(super) fn look(changes: &DbiChanges, model: &Model) -> Result<(), TestCaseError> {
    let owned = |(key, value): (&[u8], Option<&[u8]>)| (key.to_vec(), value.map(<[u8]>::to_vec));
    let expected: Vec<_> = model.changes.clone().into_iter().collect();
    prop_assert_eq!(&changes.iter().map(owned).collect::<Vec<_>>(), &expected);
    let back: Vec<_> = changes.iter().rev().map(owned).collect();
    prop_assert!(back.iter().eq(expected.iter().rev()));
    prop_assert_eq!(changes.blocks().len(), expected.len());
    look_at_sizes(changes, model)
}

/// Compares what is known of all changes together, whether or not they are sorted.
pub(super) fn look_at_sizes(changes: &DbiChanges, model: &Model) -> Result<(), TestCaseError> {
    let alone = changes.only().map(|(key, value)| (key.to_vec(), value.map(<[u8]>::to_vec)));
    if let Some(alone) = alone {
        prop_assert!(model.gaps.iter().all(is_nothing));
        prop_assert_eq!(model.changes.clone().into_iter().collect::<Vec<_>>(), vec![alone]);
    }
    prop_assert_eq!(changes.is_empty(), model.changes.is_empty() && model.gaps.iter().all(is_nothing));
    Ok(())
}

/// Whether a gap contains no key.
fn is_nothing((start, end): &(Bytes, Option<Bytes>)) -> bool {
    end.as_ref().is_some_and(|end| end <= start)
}

/// Compares one key.
pub(super) fn look_at(changes: &DbiChanges, model: &Model, key: &[u8]) -> Result<(), TestCaseError> {
    let expected = model.changes.get_key_value(key).map(|(key, value)| (&key[..], value.as_deref()));
    prop_assert_eq!(changes.get(key), expected, "{:?}", key);
    let hidden = changes.gaps().containing(key);
    prop_assert_eq!(hidden.is_some(), model.is_hidden(key), "{:?} in {:?}", key, hidden);
    let (position, is_there) = changes.lower(key);
    prop_assert_eq!(is_there, expected.is_some());
    let at = changes.blocks().at(position).map(|entry| changes.record(entry).0.to_vec());
    prop_assert_eq!(at.as_ref(), model.changes.range(key.to_vec()..).next().map(|(key, _)| key));
    prop_assert_eq!(
        changes.blocks().between(position, changes.blocks().end()),
        model.changes.range(key.to_vec()..).count()
    );
    Ok(())
}

/// Keys of all lengths, which often share prefixes, end in zeros, or are prefixes of one another.
pub(super) fn key() -> impl Strategy<Value = Bytes> {
    let byte = prop_oneof![4 => Just(0_u8), 4 => Just(b'a'), 1 => Just(0xFF), 1 => any::<u8>()];
    let part = prop_oneof![Just(&b""[..]), Just(&b"eight by"[..]), Just(&b"eight bytes and eight mor"[..])];
    let any = (part, prop::collection::vec(byte, 0..6)).prop_map(|(part, rest)| [part, &rest[..]].concat());
    any.prop_filter("an empty key, which cannot be stored", |key| !key.is_empty())
}

pub(super) fn action() -> impl Strategy<Value = Act> {
    let value = prop::collection::vec(any::<u8>(), 0..12);
    prop_oneof![
        12 => (key(), value).prop_map(|(key, value)| Act::Put(key, value)),
        4 => key().prop_map(Act::Delete),
        2 => (key(), prop::option::weighted(0.9, key())).prop_map(|(start, end)| Act::Gap(start, end)),
        1 => Just(Act::Gap(Vec::new(), None)),
        3 => key().prop_map(Act::Forget),
        2 => (key(), prop::option::weighted(0.9, key()), prop::collection::vec(key(), 0..4))
            .prop_map(|(start, end, deleted)| Act::Join(start, end, deleted)),
        1 => Just(Act::Tidy),
        1 => Just(Act::Reset),
    ]
}

/// One step of a test: a change, a comparison with the model, or the beginning or end of a layer or savepoint.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Act(Act),
    Look,
    LookAtSizes,
    LookAt(Bytes),
    Begin,
    Keep,
    Undo,
}

/// Steps with changes from `acts`. The frequencies are those of `LookAt`, `Begin`, `Keep` and `Undo`.
pub(super) fn step(
    acts: impl Strategy<Value = Act>,
    [look_at, begin, keep, undo]: [u32; 4],
) -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => acts.prop_map(Step::Act),
        2 => Just(Step::Look),
        2 => Just(Step::LookAtSizes),
        look_at => key().prop_map(Step::LookAt),
        begin => Just(Step::Begin),
        keep => Just(Step::Keep),
        undo => Just(Step::Undo),
    ]
}
