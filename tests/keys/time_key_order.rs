//! The eight bytes of a time are frozen, sort by time, and read back unchanged.

use mapleaf::ErrorKind;
use mapleaf::key::{AsKey, Key, KeyBuf, Timestamp};
use proptest::prelude::*;

fn encode<K: for<'a> Key<Arg<'a> = K>>(key: K) -> Vec<u8> {
    K::encode(&key, &mut KeyBuf::from_slice(b"old")).expect("in range").to_vec()
}

fn schema<K: Key>() -> (String, Option<usize>) {
    let mut name = String::new();
    K::name(&mut name);
    (name, K::WIDTH)
}

#[test]
fn timestamps_have_the_bytes_of_the_format() {
    for (nanos, bytes) in [
        (i64::MIN, [0; 8]),
        (-1, [0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
        (0, [0x80, 0, 0, 0, 0, 0, 0, 0]),
        (1, [0x80, 0, 0, 0, 0, 0, 0, 1]),
        (1_700_000_000_000_000_000, [0x97, 0x97, 0x9C, 0xFE, 0x36, 0x2A, 0, 0]),
        (i64::MAX, [0xFF; 8]),
    ] {
        assert_eq!(encode(Timestamp::from_nanos(nanos)), bytes, "{nanos}");
    }
    assert_eq!(schema::<Timestamp>(), ("timestamp".into(), Some(8)));
}

#[test]
fn a_time_of_any_other_width_is_refused() {
    for length in (0..8).chain([9, 16]) {
        let bytes = vec![0x80; length];
        assert_eq!(Timestamp::decode(&bytes).expect_err("not 8 bytes").kind(), ErrorKind::Decode, "{length}");
        let part = Timestamp::decode_part(&mut bytes.as_slice());
        assert_eq!(part.is_ok(), length > 8, "{length}");
    }
}

proptest! {
    #[test]
    fn timestamps_keep_order_and_value(a in any::<i64>(), b in any::<i64>(), after in any::<[u8; 2]>()) {
        let (a, b) = (Timestamp::from_nanos(a), Timestamp::from_nanos(b));
        prop_assert_eq!(encode(a).cmp(&encode(b)), a.cmp(&b));
        prop_assert_eq!(a.cmp(&b), a.as_nanos().cmp(&b.as_nanos()));
        prop_assert_eq!(Timestamp::own(Timestamp::decode(&encode(a)).expect("its own bytes")), a);
        let mut buf = KeyBuf::new();
        AsKey::<Timestamp>::encode_key_part(&&a, &mut buf).expect("a part");
        buf.extend_from_slice(&after);
        let mut rest = buf.as_slice();
        prop_assert_eq!(Timestamp::own_part(Timestamp::decode_part(&mut rest).expect("its own bytes")), a);
        prop_assert_eq!(rest, after);
    }
}

#[cfg(feature = "uuid")]
mod of_uuid {
    use uuid::Uuid;

    use super::*;

    proptest! {
        #[test]
        fn uuids_are_stored_as_their_bytes_in_order(a in any::<u128>(), b in any::<u128>()) {
            let (a, b) = (Uuid::from_u128(a), Uuid::from_u128(b));
            prop_assert_eq!(encode(a), a.as_bytes());
            prop_assert_eq!(encode(a).cmp(&encode(b)), a.cmp(&b));
            prop_assert_eq!(Uuid::decode(&encode(a)).expect("its own bytes"), a);
            prop_assert_eq!(Uuid::decode(&encode(a)[1..]).expect_err("15 bytes").kind(), ErrorKind::Decode);
            prop_assert_eq!(schema::<Uuid>(), ("uuid".into(), Some(16)));
        }
    }
}

#[cfg(feature = "jiff")]
mod of_jiff {
    use jiff::Timestamp as Jiff;

    use super::*;

    proptest! {
        #[test]
        fn jiff_timestamps_have_the_bytes_of_timestamps(nanos in any::<i64>()) {
            let (time, ours) = (Jiff::from_nanosecond(nanos.into()).expect("in range"), Timestamp::from_nanos(nanos));
            prop_assert_eq!(encode(time), encode(ours));
            prop_assert_eq!(Jiff::decode(&encode(ours)).expect("its own bytes"), time);
            prop_assert_eq!(schema::<Jiff>(), schema::<Timestamp>());
        }
    }
}

#[cfg(feature = "chrono")]
mod of_chrono {
    use chrono::{DateTime, Utc};

    use super::*;

    proptest! {
        #[test]
        fn chrono_times_have_the_bytes_of_timestamps(nanos in any::<i64>()) {
            let (time, ours) = (DateTime::from_timestamp_nanos(nanos), Timestamp::from_nanos(nanos));
            prop_assert_eq!(encode(time), encode(ours));
            prop_assert_eq!(DateTime::<Utc>::decode(&encode(ours)).expect("its own bytes"), time);
            prop_assert_eq!(schema::<DateTime<Utc>>(), schema::<Timestamp>());
        }
    }
}
