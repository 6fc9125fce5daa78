//! A change that takes a transaction over `max_txn_bytes` is refused, and the transaction can continue.

use mapleaf::{Dbi, Env, Error, ErrorKind, Result};

const LIMIT: usize = 64 << 10;

fn open() -> Result<(Env, Dbi<u32, Vec<u8>>)> {
    let env = Env::options().max_txn_bytes(LIMIT).temporary()?;
    let dbi = env.dbi("numbers")?;
    Ok((env, dbi))
}

/// As `open`, with 12,000 rows, stored in transactions within the limit.
fn with_rows() -> Result<(Env, Dbi<u32, Vec<u8>>)> {
    let (env, dbi) = open()?;
    for part in 0..40 {
        env.transact(|txn| dbi.load(txn, (part * 300..(part + 1) * 300).map(|n| (n, vec![]))))?;
    }
    Ok((env, dbi))
}

#[test]
fn a_change_over_the_limit_is_refused_and_the_others_are_committed() -> Result<()> {
    let (env, dbi) = open()?;
    let stored = env.transact(|txn| {
        let mut n = 0;
        let refused = loop {
            match dbi.put(txn, n, &vec![1; 1000]) {
                Ok(()) => n += 1,
                Err(error) => break error,
            }
        };
        assert_eq!((refused.kind(), refused.dbi()), (ErrorKind::TooLarge, Some("numbers")));
        assert!(refused.message().contains("load"), "it names the way out: {refused}");
        assert_eq!((dbi.len(txn)?, dbi.get(txn, n)?), (u64::from(n), None), "nothing of it is there");
        dbi.put(txn, 1_000_000, &[2; 10])?;
        Ok(n)
    })?;
    assert!((50..64).contains(&stored), "{stored} values of 1000 bytes in {LIMIT}");
    let snap = env.snapshot()?;
    assert_eq!((dbi.len(&snap)?, dbi.get(&snap, 1_000_000)?), (u64::from(stored) + 1, Some(vec![2; 10])));
    Ok(())
}

#[test]
fn replaced_and_undone_changes_do_not_count() -> Result<()> {
    let (env, dbi) = open()?;
    let half = vec![1; LIMIT / 2];
    env.transact(|txn| {
        for _ in 0..20 {
            dbi.put(txn, 1, &half)?;
            let undone: Result<()> = txn.savepoint(|txn| {
                dbi.put(txn, 2, &vec![2; LIMIT / 3])?;
                Err(Error::other(std::fmt::Error))
            });
            assert_eq!(undone.map_err(|error| error.kind()), Err(ErrorKind::Other));
        }
        let most = vec![3; LIMIT - 1000];
        dbi.put(txn, 1, &most)?;
        dbi.put(txn, 1, &most)?;
        assert_eq!(dbi.put(txn, 1, &vec![4; LIMIT]).map_err(|error| error.kind()), Err(ErrorKind::TooLarge));
        assert_eq!(dbi.get(txn, 1)?, Some(most));
        dbi.clear(txn)?;
        dbi.put(txn, 3, &half)
    })?;
    assert_eq!(dbi.keys(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, [3]);
    Ok(())
}

#[test]
fn many_deletions_may_be_too_large_but_a_clear_never_is() -> Result<()> {
    let (env, dbi) = with_rows()?;
    env.transact(|txn| {
        // Adjacent deletions extend one range and take no more memory.
        assert_eq!(dbi.retain(txn, 9000.., |_, _| false)?, 3000);
        let every_other = dbi.retain(txn, ..9000, |n, _| n % 2 == 0);
        assert_eq!(every_other.map_err(|error| error.kind()), Err(ErrorKind::TooLarge));
        let left = dbi.len(txn)?;
        assert!((4500..9000).contains(&left), "{left} of 9000");
        assert_eq!(dbi.clear(txn)?, left);
        dbi.put(txn, 7, &[])
    })?;
    assert_eq!(dbi.keys(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, [7]);
    Ok(())
}

#[test]
fn deleted_ranges_count_towards_the_limit() -> Result<()> {
    let (env, dbi) = with_rows()?;
    env.transact(|txn| {
        let each_alone = (0..1000).try_for_each(|n| dbi.delete_range(txn, n * 12..n * 12 + 10).map(drop));
        let refused = each_alone.expect_err("1000 ranges are larger than the limit");
        assert_eq!(refused.kind(), ErrorKind::TooLarge);
        let left = dbi.len(txn)?;
        assert!((2000..11_900).contains(&left) && left % 10 == 0, "{left} of 12,000");
        assert_eq!(dbi.delete_range(txn, ..)?, left);
        assert!(dbi.is_empty(txn)?);
        dbi.put(txn, 7, &[])
    })?;
    assert_eq!(dbi.keys(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, [7]);
    Ok(())
}

#[test]
fn values_that_a_savepoint_may_restore_count_but_its_own_replaced_values_do_not() -> Result<()> {
    let (env, dbi) = open()?;
    let half = vec![1; LIMIT / 2 + 1000];
    let again = |txn: &mut mapleaf::WriteTxn| (0..1000).try_for_each(|_| dbi.put(txn, 1, &vec![1; 1000]));
    let refill = |txn: &mut mapleaf::WriteTxn| {
        (0..1000).try_for_each(|_| dbi.put(txn, 1, &vec![1; 1000]).and_then(|()| dbi.clear(txn).map(drop)))
    };
    env.transact(|txn| {
        again(txn)?;
        refill(txn)?;
        for _ in 0..3 {
            txn.savepoint(again)?;
            txn.savepoint(refill)?;
            assert!(dbi.is_empty(txn)?);
        }
        dbi.put(txn, 1, &half)?;
        dbi.put(txn, 1, &half)?;
        let refused = txn.savepoint(|txn| dbi.put(txn, 1, &half)).expect_err("the value outside may be wanted again");
        assert_eq!(refused.kind(), ErrorKind::TooLarge);
        assert!(refused.message().contains(&LIMIT.to_string()), "{refused}");
        assert_eq!(dbi.get(txn, 1)?.as_ref(), Some(&half));
        dbi.delete(txn, 1)?;
        for _ in 0..100 {
            txn.savepoint(|txn| (0..20).try_for_each(|_| dbi.put(txn, 2, &vec![2; 1000])))?;
        }
        again(txn)
    })?;
    assert_eq!(dbi.keys(&env.snapshot()?)?.collect::<Result<Vec<_>>>()?, [1, 2]);
    Ok(())
}
