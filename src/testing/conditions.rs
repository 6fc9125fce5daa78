//! Conditions: all changes, or none.

use std::ops::Bound;

use crate::error::{ErrorKind, Result};
use crate::store::{Backend, Change, Changes, Condition, FailedConditions};
use crate::testing::engines::Engines;
use crate::testing::expect::{all, change, fails, holds, put, same, space};

/// Commits a put and a deletion under conditions, of which those at `failing` do not hold, and checks that all is
/// committed or nothing.
fn commit<B: Backend>(
    engine: &B,
    space: &B::Space,
    conditions: Vec<Condition<B::Space>>,
    failing: &[usize],
) -> Result<()> {
    put(engine, space, b"z-deleted", b"")?;
    let before = all(engine, space)?;
    let delete = Change::Delete { space: space.clone(), key: b"z-deleted".to_vec() };
    let what = format!("{conditions:?}");
    let outcome = engine.commit(Changes { conditions, changes: vec![change(space, b"z-put", b"new"), delete] });
    let found: Vec<_> =
        all(engine, space)?.into_iter().map(|(key, _)| key).filter(|key| key.starts_with(b"z-")).collect();
    if failing.is_empty() {
        outcome?;
        same(&format!("the changes under {what}"), &found, &vec![b"z-put".to_vec()])?;
        let undo = Change::Delete { space: space.clone(), key: b"z-put".to_vec() };
        return engine.commit(Changes { conditions: Vec::new(), changes: vec![undo] }).map(drop);
    }
    let named = outcome.as_ref().err().and_then(|error| error.downcast_ref::<FailedConditions>()).cloned();
    fails(&format!("a commit under {what}"), outcome, ErrorKind::Conflict)?;
    same(
        &format!("the conditions that did not hold of {what}"),
        &named,
        &Some(FailedConditions { at: failing.to_vec() }),
    )?;
    same(&format!("the rows after {what}"), &all(engine, space)?, &before)
}

/// Changes are committed whole if all conditions on values hold, and not at all if one does not. The error is a
/// `Conflict` that says which do not, all of them. Conditions are about the state before the changes.
///
/// # Errors
/// How the law is broken.
pub fn all_or_nothing_with_conditions_on_values<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let (space, other) = (space(&engine, "conditions")?, space(&engine, "elsewhere")?);
    put(&engine, &space, b"a", b"1")?;
    put(&engine, &space, b"empty", b"")?;
    put(&engine, &other, b"a", b"2")?;
    let is = |space: &B::Space, key: &[u8], value: Option<&[u8]>| Condition::Value {
        space: space.clone(),
        key: key.to_vec(),
        value: value.map(<[u8]>::to_vec),
    };
    let (holding, failing) = (is(&space, b"a", Some(b"1")), is(&space, b"a", Some(b"2")));
    commit(&engine, &space, vec![], &[])?;
    commit(&engine, &space, vec![holding.clone()], &[])?;
    commit(&engine, &space, vec![failing.clone()], &[0])?;
    commit(&engine, &space, vec![is(&space, b"a", None)], &[0])?;
    commit(&engine, &space, vec![is(&space, b"absent", None), is(&other, b"a", Some(b"2"))], &[])?;
    commit(&engine, &space, vec![is(&space, b"absent", Some(b""))], &[0])?;
    commit(&engine, &space, vec![is(&space, b"empty", None), is(&space, b"empty", Some(b""))], &[0])?;
    commit(&engine, &space, vec![is(&other, b"a", Some(b"1")), holding.clone(), failing, holding], &[0, 2])?;
    // The change makes this one hold, and it must hold before.
    commit(&engine, &space, vec![is(&space, b"z-put", Some(b"new"))], &[0])
}

/// The same for conditions on the rows of a span: it has exactly these, no more, no fewer, no others, in any bounds.
///
/// # Errors
/// How the law is broken.
pub fn all_or_nothing_with_conditions_on_rows<B: Backend>(engines: &Engines<B>) -> Result<()> {
    let engine = engines.make()?;
    let space = space(&engine, "rows")?;
    for key in [b"a", b"b", b"c"] {
        put(&engine, &space, key, b"1")?;
    }
    let rows = |lower: Bound<&[u8]>, upper: Bound<&[u8]>, rows: &[(&[u8], &[u8])]| Condition::Rows {
        space: space.clone(),
        lower: lower.map(<[u8]>::to_vec),
        upper: upper.map(<[u8]>::to_vec),
        rows: rows.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect(),
    };
    let (a, c) = (Bound::Included(&b"a"[..]), Bound::Included(&b"c"[..]));
    let (after_a, before_c) = (Bound::Excluded(&b"a"[..]), Bound::Excluded(&b"c"[..]));
    let [row_a, row_b, row_c]: [(&[u8], &[u8]); 3] = [(b"a", b"1"), (b"b", b"1"), (b"c", b"1")];
    let holding = [
        rows(a, c, &[row_a, row_b, row_c]),
        rows(Bound::Unbounded, before_c, &[row_a, row_b]),
        rows(after_a, c, &[row_b, row_c]),
        rows(after_a, before_c, &[row_b]),
        rows(Bound::Excluded(b"b"), before_c, &[]),
        rows(c, a, &[]),
    ];
    let failing = [
        rows(a, c, &[]),
        rows(a, c, &[row_a, row_b]),
        rows(a, c, &[row_b, row_c]),
        rows(a, c, &[row_a, row_c]),
        rows(a, c, &[row_a, row_b, row_c, (b"c2", b"1")]),
        rows(a, c, &[row_a, (b"b", b"2"), row_c]),
        rows(a, c, &[row_a, row_b, row_b, row_c]),
        rows(Bound::Excluded(b"b"), before_c, &[row_b]),
    ];
    holding.iter().try_for_each(|condition| commit(&engine, &space, vec![condition.clone()], &[]))?;
    failing.iter().try_for_each(|condition| commit(&engine, &space, vec![condition.clone()], &[0]))?;
    let mixed =
        holding.iter().zip(&failing).flat_map(|(holding, failing)| [holding.clone(), failing.clone()]).collect();
    commit(&engine, &space, mixed, &[1, 3, 5, 7, 9, 11])?;
    holds(all(&engine, &space)?.len() == 4, || "a commit that was refused left rows".into())
}
