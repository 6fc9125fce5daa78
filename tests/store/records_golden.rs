//! The rows of a store are those that docs/format.md describes.

use std::time::Duration;

use mapleaf::store::{PutOptions, Records, RecordsOptions, read_record};
use mapleaf::{Dbi, Env, Result};

use crate::records_support::Hand;

const SECOND: u64 = 1_000_000_000;

#[test]
fn the_example_of_the_format() -> Result<()> {
    let text = include_str!("../../docs/format.md");
    let (_, example) = text.split_once("by the fifth commit:\n\n```text\n").expect("the example is there");
    let (example, _) = example.split_once("```").expect("it ends");
    let mut wanted: Vec<u8> =
        example.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("two digits")).collect();

    let env = Env::temporary()?;
    let hand = Hand::at((1_700_000_000 - 20) * SECOND);
    let notes: Records<&str, &str> = RecordsOptions::new().clock(hand).open(&env, "notes")?;
    // The openings of three spaces were the first commits; another DBI is the fourth.
    let _: Dbi<u32, u32> = env.dbi("other")?;
    assert_eq!(env.snapshot()?.id(), 4);
    let put = notes.put_with("a", "one", PutOptions::new().ttl(Duration::from_secs(20)).meta("m"))?;

    let snap = env.snapshot()?;
    let rows = |part: &str| {
        let dbi = env.raw_dbi(&format!("__store/notes/{part}"))?;
        let all = dbi.iter(&snap)?.map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())));
        Ok::<_, mapleaf::Error>((
            dbi.key_type().to_owned(),
            dbi.value_type().to_owned(),
            all.collect::<Result<Vec<_>>>()?,
        ))
    };
    let (key, value, records) = rows("records")?;
    assert_eq!((&*key, &*value, records.len(), &*records[0].0), ("str", "record(str)", 1, &b"a"[..]));
    // The incarnation is drawn anew.
    wanted[24..32].copy_from_slice(&records[0].1[24..32]);
    assert_eq!(records[0].1, wanted);
    assert_eq!(read_record(&wanted)?, (put.clone(), &b"one"[..]));

    let deadline = 1_700_000_000 * SECOND;
    assert_eq!(put.expires, Some(deadline));
    let index_key = [&deadline.to_be_bytes()[..], b"a"].concat();
    assert_eq!(rows("expiry")?, ("bytes".into(), "()".into(), vec![(index_key, Vec::new())]));
    let clock = (b"clock".to_vec(), (deadline - 20 * SECOND).to_be_bytes().to_vec());
    assert_eq!(rows("meta")?, ("str".into(), "bytes".into(), vec![clock]));
    let token = put.token.to_string();
    assert_eq!((&token[16..32], &token[32..]), ("0000000000000005", "00000000"));
    Ok(())
}
