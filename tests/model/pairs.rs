//! The set of pairs: changes and reads.

use std::ops::Bound;

use mapleaf::{MultiDbi, Read, Result, Write};

use crate::actions::{Answer, Ends, PairLook, PairWrite};
use crate::world::PER_KEY;

/// Keys go up to 255, a byte without a successor.
pub type Pairs = MultiDbi<u8, i16>;

fn key(pair: u16) -> u8 {
    u8::try_from(pair / PER_KEY + 226).expect("there are 30 keys")
}

fn value(pair: u16) -> i16 {
    i16::try_from(pair % PER_KEY).expect("there are 12 values") - 6
}

fn pair((key, value): (u8, i16)) -> u16 {
    (u16::from(key) - 226) * PER_KEY + u16::try_from(value + 6).expect("a value that was never stored")
}

pub fn write(pairs: &Pairs, txn: &mut impl Write, write: &PairWrite) -> Result<Answer> {
    Ok(match write {
        PairWrite::Insert(pair) => Answer::Is(pairs.insert(txn, key(*pair), value(*pair))?),
        PairWrite::Remove(pair) => Answer::Is(pairs.remove(txn, key(*pair), value(*pair))?),
        PairWrite::RemoveAll(pair) => Answer::Count(pairs.remove_all(txn, key(*pair))?),
        PairWrite::Clear => Answer::Count(pairs.clear(txn)?),
    })
}

fn collect(list: impl DoubleEndedIterator<Item = Result<(u8, i16)>>, reverse: bool) -> Result<Answer> {
    let list = list.map(|found| Ok(Some(pair(found?))));
    let found = if reverse { list.rev().collect::<Result<_>>()? } else { list.collect::<Result<_>>()? };
    Ok(Answer::Values(found))
}

pub fn look<R: Read>(pairs: &Pairs, state: &R, look: &PairLook) -> Result<Answer> {
    let whole = |(start, end): Ends| {
        let at = |bound: Bound<u16>| bound.map(|pair| (key(pair), value(pair)));
        (at(start), at(end))
    };
    Ok(match look {
        PairLook::Contains(pair) => Answer::Is(pairs.contains(state, key(*pair), value(*pair))?),
        PairLook::ContainsKey(pair) => Answer::Is(pairs.contains_key(state, key(*pair))?),
        PairLook::Values(pair, reverse) => {
            let key = key(*pair);
            collect(pairs.values(state, key)?.map(|value| Ok((key, value?))), *reverse)?
        }
        PairLook::ValuesRange(pair, (start, end)) => {
            let key = key(*pair);
            let range = (start.map(value), end.map(value));
            collect(pairs.values_range(state, key, range)?.map(|value| Ok((key, value?))), false)?
        }
        PairLook::Count(pair) => Answer::Count(pairs.count(state, key(*pair))?),
        PairLook::Len => Answer::Count(pairs.len(state)?),
        PairLook::IsEmpty => Answer::Is(pairs.is_empty(state)?),
        PairLook::Pairs(reverse) => collect(pairs.pairs(state)?, *reverse)?,
        PairLook::Range(ends) => collect(pairs.range(state, whole(*ends))?, false)?,
        PairLook::Keys => {
            let keys = pairs.keys(state)?.map(|key| Ok(Some(u16::from(key?) - 226)));
            Answer::Values(keys.collect::<Result<_>>()?)
        }
    })
}
