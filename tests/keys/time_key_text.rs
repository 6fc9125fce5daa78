//! The text of a timestamp is RFC 3339 in UTC with nine digits, and sorts by time.

use mapleaf::key::Timestamp;
use proptest::prelude::*;

#[test]
fn known_times_have_known_texts() {
    for (nanos, text) in [
        (0, "1970-01-01T00:00:00.000000000Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
        (951_868_800_000_000_000, "2000-03-01T00:00:00.000000000Z"),
        (1_700_000_000_000_000_007, "2023-11-14T22:13:20.000000007Z"),
        (-2_203_891_200_000_000_001, "1900-02-28T23:59:59.999999999Z"),
        (-2_203_891_200_000_000_000, "1900-03-01T00:00:00.000000000Z"),
        (i64::MIN, "1677-09-21T00:12:43.145224192Z"),
        (i64::MAX, "2262-04-11T23:47:16.854775807Z"),
    ] {
        assert_eq!(Timestamp::from_nanos(nanos).to_string(), text);
    }
}

proptest! {
    #[test]
    fn texts_sort_by_time(a in any::<i64>(), b in any::<i64>()) {
        let (a, b) = (Timestamp::from_nanos(a), Timestamp::from_nanos(b));
        prop_assert_eq!(a.to_string().cmp(&b.to_string()), a.cmp(&b));
    }
}

#[cfg(feature = "jiff")]
proptest! {
    #[test]
    fn jiff_reads_the_text_as_the_same_time(nanos in any::<i64>()) {
        let time = Timestamp::from_nanos(nanos);
        let read: jiff::Timestamp = time.to_string().parse().expect("RFC 3339");
        prop_assert_eq!(read, time.into());
    }
}
