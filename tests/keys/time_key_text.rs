//! The text of a timestamp is RFC 3339 in UTC with nine digits, sorts by time, and is read back.

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

    #[test]
    fn texts_are_read_back(nanos in any::<i64>()) {
        let time = Timestamp::from_nanos(nanos);
        prop_assert_eq!(time.to_string().parse::<Timestamp>().ok(), Some(time));
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

    /// Dates that do not exist, too: both refuse the same ones.
    #[test]
    fn dates_are_read_as_jiff_reads_them(
        (year, month, day) in (1678..2262, 0..14, 0..33),
        (hour, minute, second) in (0..25, 0..61, 0..60),
        fraction in "(\\.[0-9]{1,9})?",
    ) {
        let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z");
        let ours = text.parse::<Timestamp>().ok();
        let theirs = text.parse::<jiff::Timestamp>().ok().and_then(|time| Timestamp::try_from(time).ok());
        prop_assert_eq!(ours, theirs, "{}", text);
    }
}
