//! Data over a limit is `TooLarge` with useful advice, and the transaction can continue.

use mapleaf::value::MAX_VALUE_LEN;
use mapleaf::{Dbi, Env, ErrorKind, Result};

use crate::common::values::Unchecked;

#[test]
fn a_value_over_the_limit_is_refused_whatever_its_type() -> Result<()> {
    let env = Env::temporary()?;
    let blobs: Dbi<u8, Unchecked> = env.dbi("blobs")?;
    // Zeroed memory that is never touched takes no physical memory.
    let long = vec![0; MAX_VALUE_LEN + 1];
    env.transact(|txn| {
        let refused = blobs.put(txn, 1, &long).map_err(|error| (error.kind(), error.to_string()));
        let Err((ErrorKind::TooLarge, message)) = refused else { panic!("{refused:?}") };
        assert!(message.contains(&MAX_VALUE_LEN.to_string()), "{message}");
        blobs.put(txn, 2, b"short")
    })?;
    let snap = env.snapshot()?;
    assert_eq!((blobs.get(&snap, 1)?, blobs.get(&snap, 2)?), (None, Some(5)));
    Ok(())
}

#[test]
fn a_transaction_over_its_limit_says_what_to_do() -> Result<()> {
    let env = Env::options().max_txn_bytes(10_000).temporary()?;
    let rows: Dbi<u64, &str> = env.dbi("rows")?;
    let text = "row".repeat(100);
    env.transact(|txn| {
        let refused = rows.load(txn, (0..1000).map(|n| (n, &text[..])));
        let error = refused.expect_err("the rows are larger than the limit");
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert!(
            error.message().contains("10000 bytes; split it, load rows by Env::loader, or raise the limit"),
            "{error}"
        );
        let stored = rows.len(txn)?;
        assert!((1..1000).contains(&stored), "{stored} rows before the one that did not fit");
        rows.clear(txn)?;
        rows.put(txn, 1, &text)
    })?;
    assert_eq!(rows.len(&env.snapshot()?)?, 1);
    Ok(())
}
