//! Reads, through the typed methods of a snapshot or a transaction.

use std::ops::ControlFlow;

use mapleaf::{Dbi, Entries, Key, ListCursor, ListOptions, Read, Result, Snapshot, Value};

use crate::actions::{Answer, Ends, Look, Step};
use crate::kinds::{Kind, key, key_number, value_number};
use crate::writes::ends;

type Ref<'t, D> = (<<D as Kind>::K as Key>::Ref<'t>, <<D as Kind>::V as Value>::Ref<'t>);

fn numbers<D: Kind>((key, value): Ref<'_, D>) -> (u16, u16) {
    (key_number::<D>(key), value_number::<D>(value))
}

fn entry<D: Kind>(found: Option<Ref<'_, D>>) -> Answer {
    Answer::Entry(found.map(numbers::<D>))
}

pub fn look<D: Kind, R: Read>(dbi: &Dbi<D::K, D::V>, state: &R, look: &Look) -> Result<Answer> {
    Ok(match look {
        Look::Get(k) => Answer::Value(dbi.get(state, key::<D>(*k))?.map(value_number::<D>)),
        Look::GetMany(keys) => {
            let found = dbi.get_many(state, keys.iter().map(|k| key::<D>(*k)))?;
            Answer::Values(found.into_iter().map(|value| value.map(value_number::<D>)).collect())
        }
        Look::Contains(k) => Answer::Is(dbi.contains(state, key::<D>(*k))?),
        Look::First => entry::<D>(dbi.first(state)?),
        Look::Last => entry::<D>(dbi.last(state)?),
        Look::Floor(k) => entry::<D>(dbi.floor(state, key::<D>(*k))?),
        Look::Ceiling(k) => entry::<D>(dbi.ceiling(state, key::<D>(*k))?),
        Look::Lower(k) => entry::<D>(dbi.lower(state, key::<D>(*k))?),
        Look::Higher(k) => entry::<D>(dbi.higher(state, key::<D>(*k))?),
        Look::Walk(range, steps) => Answer::Entries(walk::<D, R>(dbi.range(state, ends::<D>(*range))?, steps)?),
        Look::Keys(steps) => Answer::Entries(walk_keys::<D, R>(dbi, state, steps)?),
        Look::Values(reverse) => {
            let values = dbi.values(state)?.map(|value| Ok(Some(value_number::<D>(value?))));
            Answer::Values(turned(values, *reverse)?)
        }
        Look::Prefix(prefix, reverse) => {
            D::own_verbs(dbi, state, *prefix)?;
            let found = dbi.prefix(state, D::prefix(*prefix))?.map(|found| Ok(Some(numbers::<D>(found?))));
            Answer::Entries(turned(found, *reverse)?)
        }
        Look::Len => Answer::Count(dbi.len(state)?),
        Look::IsEmpty => Answer::Is(dbi.is_empty(state)?),
        Look::Count(range) => {
            // An estimate is approximate, but never more than the entries of the tree and of the transaction together.
            let stat = dbi.stat(state)?;
            assert!(dbi.estimate(state, ends::<D>(*range))? <= stat.entries + dbi.len(state)?, "{range:?} {stat:?}");
            assert!(stat.entries == 0 || (stat.depth > 0 && stat.leaf_pages > 0), "{stat:?}");
            Answer::Count(dbi.count(state, ends::<D>(*range))?)
        }
        Look::Rank(k) => Answer::Count(dbi.rank(state, key::<D>(*k))?),
        Look::Nth(n) => entry::<D>(dbi.nth(state, *n)?),
        Look::Sample(n, seed) => sample::<D, R>(dbi, state, *n, *seed)?,
        Look::ForEach(range, limit) => for_each::<D, R>(dbi, state, *range, *limit)?,
        Look::FindMap(range, by) => Answer::Entry(dbi.find_map(state, ends::<D>(*range), |k, v| {
            let found = numbers::<D>((k, v));
            found.0.is_multiple_of(*by).then_some(found)
        })?),
        Look::List { prefix, limit, reverse } => list::<D, R>(dbi, state, *prefix, *limit, *reverse)?,
    })
}

fn turned<T>(list: impl DoubleEndedIterator<Item = Result<T>>, reverse: bool) -> Result<Vec<T>> {
    if reverse { list.rev().collect() } else { list.collect() }
}

fn walk<D: Kind, R: Read>(mut left: Entries<'_, R, D::K, D::V>, steps: &[Step]) -> Result<Vec<Option<(u16, u16)>>> {
    let mut found = Vec::new();
    for step in steps {
        match step {
            Step::Next => found.push(left.next().transpose()?.map(numbers::<D>)),
            Step::NextBack => found.push(left.next_back().transpose()?.map(numbers::<D>)),
            Step::Seek(k) => left.seek(key::<D>(*k))?,
            Step::SeekBack(k) => left.seek_back(key::<D>(*k))?,
        }
    }
    for rest in left {
        found.push(Some(numbers::<D>(rest?)));
    }
    Ok(found)
}

/// As [`walk`], for keys alone; `Keys` has no `seek_back`.
fn walk_keys<D: Kind, R: Read>(dbi: &Dbi<D::K, D::V>, state: &R, steps: &[Step]) -> Result<Vec<Option<(u16, u16)>>> {
    let mut left = dbi.keys(state)?;
    let number = |k: <D::K as Key>::Ref<'_>| (key_number::<D>(k), 0);
    let mut found = Vec::new();
    for step in steps {
        match step {
            Step::Next => found.push(left.next().transpose()?.map(number)),
            Step::NextBack => found.push(left.next_back().transpose()?.map(number)),
            Step::Seek(k) | Step::SeekBack(k) => left.seek(key::<D>(*k))?,
        }
    }
    for rest in left {
        found.push(Some(number(rest?)));
    }
    Ok(found)
}

fn sample<D: Kind, R: Read>(dbi: &Dbi<D::K, D::V>, state: &R, n: usize, seed: u64) -> Result<Answer> {
    let draw =
        || -> Result<Vec<(u16, u16)>> { Ok(dbi.sample(state, n, seed)?.into_iter().map(numbers::<D>).collect()) };
    let chosen = draw()?;
    assert_eq!(chosen, draw()?, "a seed chooses the same entries of the same state");
    assert!(chosen.is_sorted_by(|a, b| a.0 < b.0), "entries are different, and in order: {chosen:?}");
    for (k, v) in &chosen {
        assert_eq!(dbi.get(state, key::<D>(*k))?.map(value_number::<D>), Some(*v), "a chosen entry is there");
    }
    Ok(Answer::Count(chosen.len() as u64))
}

fn for_each<D: Kind, R: Read>(dbi: &Dbi<D::K, D::V>, state: &R, range: Ends, limit: usize) -> Result<Answer> {
    let mut seen = Vec::new();
    let flow = dbi.for_each(state, ends::<D>(range), |k, v| {
        seen.push(Some(numbers::<D>((k, v))));
        if seen.len() == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    assert_eq!(flow.is_break(), seen.len() == limit);
    Ok(Answer::Entries(seen))
}

/// All pages of a listing. Each is requested with the text of the previous cursor.
fn list<D: Kind, R: Read>(
    dbi: &Dbi<D::K, D::V>,
    state: &R,
    prefix: u16,
    limit: usize,
    reverse: bool,
) -> Result<Answer> {
    let mut pages = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let after_cursor = after.as_deref().map(str::parse::<ListCursor>).transpose()?;
        let options = ListOptions::default().prefix(D::prefix(prefix)).limit(limit).reverse(reverse);
        let page = dbi.list(state, options.after(after_cursor))?;
        pages.push(page.items.into_iter().map(numbers::<D>).collect());
        if !page.has_more {
            return Ok(Answer::Pages(pages));
        }
        after = page.cursor.map(|cursor| cursor.to_string());
        assert!(after.is_some(), "a page with more behind it has a cursor");
    }
}

/// The entries of all parts in order; a thread of its own reads each part.
pub fn par_scan<D: Kind>(dbi: &Dbi<D::K, D::V>, snap: &Snapshot, range: Ends, parts: usize) -> Result<Vec<(u16, u16)>> {
    let scans = dbi.par_scan(snap, ends::<D>(range), parts)?;
    assert!((1..=parts.max(1)).contains(&scans.len()), "{} parts instead of {parts}", scans.len());
    let read = |part: Entries<'_, Snapshot, D::K, D::V>| -> Result<Vec<(u16, u16)>> {
        part.map(|found| Ok(numbers::<D>(found?))).collect()
    };
    let parts = std::thread::scope(|scope| {
        let threads: Vec<_> = scans.into_iter().map(|part| scope.spawn(move || read(part))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no part panics")).collect::<Result<Vec<_>>>()
    })?;
    Ok(parts.concat())
}
