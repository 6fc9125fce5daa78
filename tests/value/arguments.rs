//! All forms of passing a value store the same bytes.

use std::borrow::Cow;

use crate::value_support::encode_as;
use mapleaf::{Msgpack, MsgpackCompact, Result};

#[test]
fn all_forms_of_text_store_the_same() -> Result<()> {
    let (owned, boxed) = (String::from("väl"), Box::<str>::from("väl"));
    let forms = [
        encode_as::<&str>(&"väl")?,
        encode_as::<&str>(&&"väl")?,
        encode_as::<&str>(&owned)?,
        encode_as::<&str>(&&owned)?,
        encode_as::<&str>(&boxed)?,
        encode_as::<&str>(&Cow::Borrowed("väl"))?,
        encode_as::<String>(&"väl")?,
        encode_as::<String>(&&owned)?,
    ];
    assert!(forms.iter().all(|form| form == "väl".as_bytes()), "{forms:?}");
    Ok(())
}

#[test]
fn all_forms_of_bytes_store_the_same() -> Result<()> {
    let owned = vec![1, 2, 3];
    let forms = [
        encode_as::<&[u8]>(&&owned[..])?,
        encode_as::<&[u8]>(&b"\x01\x02\x03")?,
        encode_as::<&[u8]>(&[1, 2, 3])?,
        encode_as::<&[u8]>(&owned)?,
        encode_as::<&[u8]>(&&owned)?,
        encode_as::<&[u8]>(&owned.clone().into_boxed_slice())?,
        encode_as::<&[u8]>(&Cow::Borrowed(&owned[..]))?,
        encode_as::<Vec<u8>>(&owned)?,
        encode_as::<Vec<u8>>(&&owned[..])?,
        encode_as::<[u8; 3]>(&[1, 2, 3])?,
        encode_as::<[u8; 3]>(&&[1, 2, 3])?,
    ];
    assert!(forms.iter().all(|form| *form == [1, 2, 3]), "{forms:?}");
    Ok(())
}

#[test]
fn all_forms_of_numbers_and_serde_types_store_the_same() -> Result<()> {
    assert_eq!(encode_as::<u16>(&258)?, encode_as::<u16>(&&258)?);
    assert_eq!(encode_as::<f64>(&0.5)?, encode_as::<f64>(&&0.5)?);
    assert_eq!(encode_as::<()>(&())?, encode_as::<()>(&&())?);
    let tuple = (1_u8, String::from("x"));
    assert_eq!(encode_as::<Msgpack<_>>(&tuple)?, encode_as::<Msgpack<(u8, String)>>(&&tuple)?);
    assert_eq!(encode_as::<MsgpackCompact<_>>(&tuple)?, encode_as::<MsgpackCompact<(u8, String)>>(&&tuple)?);
    #[cfg(feature = "json")]
    assert_eq!(encode_as::<mapleaf::Json<_>>(&tuple)?, encode_as::<mapleaf::Json<(u8, String)>>(&&tuple)?);
    Ok(())
}
