//! The text of a cursor: text that a cursor wrote parses; other text is refused or harmless.

use mapleaf::{Dbi, Env, ErrorKind, ListCursor, ListOptions, Result};
use proptest::prelude::*;

fn listed(keys: &[Vec<u8>]) -> Result<(Env, Dbi<&'static [u8], ()>)> {
    let env = Env::temporary()?;
    let dbi: Dbi<&[u8], ()> = env.dbi("bytes")?;
    env.transact(|txn| keys.iter().try_for_each(|key| dbi.put(txn, key, ())))?;
    Ok((env, dbi))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_text_of_a_cursor_is_url_safe_and_round_trips(key in prop::collection::vec(any::<u8>(), 1..511)) {
        let law = || -> Result<()> {
            let (env, dbi) = listed(std::slice::from_ref(&key))?;
            let cursor = dbi.list(&env.snapshot()?, ListOptions::default())?.cursor.expect("there is an entry");
            let text = cursor.to_string();
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte)), "{text}");
            assert_eq!(text.parse::<ListCursor>()?, cursor);
            Ok(())
        };
        law().unwrap_or_else(|error| panic!("{error:?}"));
    }

    #[test]
    fn arbitrary_cursor_text_is_refused_or_is_a_position_between_keys(text in "[0-9a-fA-F]{0,12}|\\PC{0,20}|[0-9a-f]{3000}") {
        let law = || -> Result<()> {
            let keys: Vec<Vec<u8>> = (0..40_u8).map(|n| vec![n * 6, n]).collect();
            let (env, dbi) = listed(&keys)?;
            let cursor = match text.parse::<ListCursor>() {
                Ok(cursor) => cursor,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
                    return Ok(());
                }
            };
            let snap = env.snapshot()?;
            let forward = dbi.list(&snap, ListOptions::default().after(cursor.clone()))?;
            let back = dbi.list(&snap, ListOptions::default().after(cursor).reverse(true))?;
            let both = forward.items.len() + back.items.len();
            assert!((keys.len() - 1..=keys.len()).contains(&both), "{both} entries on both sides of {text}");
            Ok(())
        };
        law().unwrap_or_else(|error| panic!("{error:?}"));
    }
}

#[test]
fn text_that_no_cursor_writes_is_an_invalid_cursor() {
    for text in ["", "a", "abc", "zz", "0g", " 00", "00 ", "+1", "-1", "0x00", "é", "\0\0", "00\n"] {
        let parsed = text.parse::<ListCursor>().map_err(|error| error.kind());
        assert_eq!(parsed.err(), Some(ErrorKind::InvalidArgument), "{text:?}");
    }
}
