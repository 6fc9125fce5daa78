//! Changes, made through the typed methods.

use std::ops::Bound;

use mapleaf::{Dbi, ErrorKind, Key, Result, Value, Write as Writable};

use crate::actions::{Answer, Ends, Write};
use crate::kinds::{Kind, key, key_number, own_value_number, value, value_number};

type End<D> = Bound<<<D as Kind>::K as Key>::Arg<'static>>;

/// The bounds as keys.
pub fn ends<D: Kind>((start, end): Ends) -> (End<D>, End<D>) {
    (start.map(key::<D>), end.map(key::<D>))
}

fn owned_entry<D: Kind>((key, value): (<D::K as Key>::Owned, <D::V as Value>::Owned)) -> (u16, u16) {
    let key = D::keys().binary_search(&key).expect("a key that was never stored");
    (u16::try_from(key).expect("there are fewer keys"), own_value_number::<D>(&value))
}

pub fn write<D: Kind>(dbi: &Dbi<D::K, D::V>, txn: &mut impl Writable, write: &Write) -> Result<Answer> {
    let own = |old: Option<<D::V as Value>::Owned>| Answer::Value(old.as_ref().map(own_value_number::<D>));
    Ok(match write {
        Write::Put(k, v) => {
            dbi.put(txn, key::<D>(*k), value::<D>(*v))?;
            Answer::Done
        }
        Write::Insert(k, v) => Answer::Is(dbi.insert(txn, key::<D>(*k), value::<D>(*v))?),
        Write::Replace(k, v) => own(dbi.replace(txn, key::<D>(*k), value::<D>(*v))?),
        Write::Update(k, new) => update::<D>(dbi, txn, *k, *new)?,
        Write::GetOrPut(k, v) => own(Some(dbi.get_or_put(txn, key::<D>(*k), || own_value::<D>(*v))?)),
        Write::Append(k, v) => match dbi.append(txn, key::<D>(*k), value::<D>(*v)) {
            Ok(()) => Answer::Done,
            Err(error) if error.kind() == ErrorKind::InvalidArgument => Answer::Refused(error.kind()),
            Err(error) => return Err(error),
        },
        Write::Delete(k) => Answer::Is(dbi.delete(txn, key::<D>(*k))?),
        Write::Take(k) => own(dbi.take(txn, key::<D>(*k))?),
        Write::PopFirst => Answer::Entry(dbi.pop_first(txn)?.map(owned_entry::<D>)),
        Write::PopLast => Answer::Entry(dbi.pop_last(txn)?.map(owned_entry::<D>)),
        Write::DeleteRange(range) => Answer::Count(dbi.delete_range(txn, ends::<D>(*range))?),
        Write::DeletePrefix(prefix) => Answer::Count(dbi.delete_prefix(txn, D::prefix(*prefix))?),
        Write::Retain(range, by) => {
            let keep = |k: <D::K as Key>::Ref<'_>, v: <D::V as Value>::Ref<'_>| {
                value_number::<D>(v);
                key_number::<D>(k).is_multiple_of(*by)
            };
            Answer::Count(dbi.retain(txn, ends::<D>(*range), keep)?)
        }
        Write::Extract(range, by, limit) => {
            let wanted =
                |k: <D::K as Key>::Ref<'_>, _: <D::V as Value>::Ref<'_>| key_number::<D>(k).is_multiple_of(*by);
            let extracted = dbi.extract_if(txn, ends::<D>(*range), wanted)?.take(*limit);
            Answer::Entries(extracted.map(|entry| Ok(Some(owned_entry::<D>(entry?)))).collect::<Result<_>>()?)
        }
        Write::Clear => Answer::Count(dbi.clear(txn)?),
        Write::Load(rows) => {
            let rows = rows.iter().map(|(k, v)| (key::<D>(*k), value::<D>(*v)));
            Answer::Count(dbi.load(txn, rows)?)
        }
    })
}

fn update<D: Kind>(dbi: &Dbi<D::K, D::V>, txn: &mut impl Writable, k: u16, new: Option<u16>) -> Result<Answer> {
    let mut old = None;
    let made = dbi.update(txn, key::<D>(k), |found| {
        old = found.map(value_number::<D>);
        new.map(own_value::<D>)
    })?;
    Ok(Answer::Values(vec![old, made.as_ref().map(own_value_number::<D>)]))
}

fn own_value<D: Kind>(n: u16) -> <D::V as Value>::Owned {
    D::values()[usize::from(n)].clone()
}
