//! A time that 64 bits of nanoseconds cannot represent is an invalid key; all others convert both ways exactly.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mapleaf::ErrorKind;
use mapleaf::key::Timestamp;
use proptest::prelude::*;

#[test]
fn conversions_from_all_units_are_checked_at_both_ends() {
    type Unit = fn(i64) -> mapleaf::Result<Timestamp>;
    let units: [(Unit, i64); 3] =
        [(Timestamp::from_secs, 1_000_000_000), (Timestamp::from_millis, 1_000_000), (Timestamp::from_micros, 1_000)];
    for (from, nanos) in units {
        for count in [i64::MIN / nanos, -1, 0, 1, i64::MAX / nanos] {
            assert_eq!(from(count).expect("in range").as_nanos(), count * nanos);
        }
        for count in [i64::MIN, i64::MIN / nanos - 1, i64::MAX / nanos + 1, i64::MAX] {
            assert_eq!(from(count).expect_err("out of range").kind(), ErrorKind::InvalidKey, "{count} x {nanos}");
        }
    }
}

#[cfg(unix)]
#[test]
fn system_times_beyond_the_ends_are_refused() {
    for (end, beyond) in [
        (Timestamp::MAX, Timestamp::MAX.to_system_time() + Duration::from_nanos(1)),
        (Timestamp::MIN, Timestamp::MIN.to_system_time() - Duration::from_nanos(1)),
    ] {
        assert_eq!(Timestamp::from_system_time(end.to_system_time()).expect("the end"), end);
        assert_eq!(Timestamp::from_system_time(beyond).expect_err("beyond").kind(), ErrorKind::InvalidKey);
    }
    let far = Duration::from_secs(1 << 40);
    assert!(Timestamp::try_from(UNIX_EPOCH + far).is_err());
    assert!(Timestamp::try_from(UNIX_EPOCH - far).is_err());
}

#[test]
fn now_is_the_time_of_the_clock() {
    let before = SystemTime::now();
    let now = SystemTime::from(Timestamp::now());
    assert!(before <= now + Duration::from_nanos(100) && now <= SystemTime::now());
}

#[test]
fn checked_arithmetic_on_times_ends_at_the_limits() {
    let (one, all) = (Duration::from_nanos(1), Duration::from_nanos(u64::MAX));
    assert_eq!(Timestamp::MIN.checked_add(all), Some(Timestamp::MAX));
    assert_eq!(Timestamp::MAX.checked_sub(all), Some(Timestamp::MIN));
    assert_eq!(Timestamp::UNIX_EPOCH.checked_add(one), Some(Timestamp::from_nanos(1)));
    assert_eq!(Timestamp::UNIX_EPOCH.checked_sub(one), Some(Timestamp::from_nanos(-1)));
    assert_eq!(Timestamp::MAX.checked_add(one), None);
    assert_eq!(Timestamp::MIN.checked_sub(one), None);
    assert_eq!(Timestamp::MIN.checked_add(all + one), None);
    assert_eq!(Timestamp::MAX.checked_sub(Duration::MAX), None);
}

#[cfg(unix)]
proptest! {
    #[test]
    fn system_times_convert_both_ways_exactly(nanos in prop_oneof![any::<i64>(), -2_000_000_000..2_000_000_000_i64]) {
        let time = Timestamp::from_nanos(nanos);
        prop_assert_eq!(Timestamp::from_system_time(time.to_system_time()).expect("in range"), time);
        let after = time.to_system_time().duration_since(UNIX_EPOCH);
        prop_assert_eq!(after.is_ok(), nanos >= 0);
    }
}

#[cfg(feature = "jiff")]
#[test]
fn jiff_timestamps_beyond_the_ends_are_invalid_keys() {
    use jiff::Timestamp as Jiff;
    use mapleaf::key::{Key, KeyBuf};

    for end in [Timestamp::MIN, Timestamp::MAX] {
        assert_eq!(Timestamp::try_from(Jiff::from(end)).expect("the end"), end);
        let beyond = i128::from(end.as_nanos()) + i128::from(end.as_nanos().signum());
        let beyond = Jiff::from_nanosecond(beyond).expect("in jiff's range");
        for time in [beyond, Jiff::MIN, Jiff::MAX] {
            assert_eq!(Timestamp::try_from(time).expect_err("beyond").kind(), ErrorKind::InvalidKey);
            assert_eq!(Jiff::encode(&time, &mut KeyBuf::new()).expect_err("beyond").kind(), ErrorKind::InvalidKey);
        }
    }
}

#[cfg(feature = "chrono")]
#[test]
fn chrono_times_beyond_the_ends_and_in_leap_seconds_are_invalid_keys() {
    use chrono::{DateTime, TimeDelta, Utc};
    use mapleaf::key::{Key, KeyBuf};

    let one = TimeDelta::nanoseconds(1);
    let (first, last) = (DateTime::from(Timestamp::MIN), DateTime::from(Timestamp::MAX));
    assert_eq!(Timestamp::try_from(first).expect("the end"), Timestamp::MIN);
    assert_eq!(Timestamp::try_from(last).expect("the end"), Timestamp::MAX);
    let leap = DateTime::from_timestamp(1_483_228_799, 1_500_000_000).expect("a leap second");
    for time in [first - one, last + one, DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, leap] {
        assert_eq!(Timestamp::try_from(time).expect_err("beyond").kind(), ErrorKind::InvalidKey);
        assert_eq!(DateTime::encode(&time, &mut KeyBuf::new()).expect_err("beyond").kind(), ErrorKind::InvalidKey);
    }
}
