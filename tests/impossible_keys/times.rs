//! Times: eight bytes of nanoseconds cover the years 1677 to 2262; other times sort before or after all of these.
#![cfg(any(feature = "jiff", feature = "chrono"))]

use std::cmp::Reverse;

use mapleaf::{ErrorKind, Result, Timestamp};

use crate::law::{Case, holds};

/// The stored times, in nanoseconds.
const STORED: [i64; 9] =
    [i64::MIN, i64::MIN + 1, -1, 0, 1, 1_483_228_799_999_999_999, 1_483_228_800_000_000_000, i64::MAX - 1, i64::MAX];

#[cfg(feature = "jiff")]
mod jiff {
    use ::jiff::Timestamp as Jiff;

    use super::*;

    fn stored() -> Vec<Jiff> {
        STORED.map(|nanos| Timestamp::from_nanos(nanos).into()).into()
    }

    fn ends() -> Vec<Jiff> {
        let beyond = [i128::from(i64::MIN) - 1, 5, 1_483_228_800_000_000_000, i128::from(i64::MAX) + 1];
        let beyond = beyond.map(|nanos| Jiff::from_nanosecond(nanos).expect("in jiff's range"));
        [&[Jiff::MIN, Jiff::MAX], &beyond[..]].concat()
    }

    fn refusal(time: Jiff) -> Option<ErrorKind> {
        i64::try_from(time.as_nanosecond()).is_err().then_some(ErrorKind::InvalidKey)
    }

    #[test]
    fn jiff_times_beyond_the_ends_are_absent_at_their_position() -> Result<()> {
        holds::<Jiff, i128>(&Case {
            stored: stored(),
            probes: stored(),
            ends: ends(),
            arg: |time| *time,
            order: |time| time.as_nanosecond(),
            refusal: |time| refusal(*time),
        })
    }

    #[test]
    fn jiff_times_beyond_the_ends_in_tuples_are_absent_at_their_position() -> Result<()> {
        type Owned = (u8, Jiff, u16);
        let around = |times: Vec<Jiff>| -> Vec<Owned> {
            times.into_iter().flat_map(|time| [(0, time, 0), (7, time, u16::MAX), (u8::MAX, time, 3)]).collect()
        };
        let ends: Vec<Owned> =
            ends().into_iter().zip([0, 7, u8::MAX].into_iter().cycle()).map(|(time, n)| (n, time, 1)).collect();
        holds::<(u8, Jiff, u16), (u8, i128, u16)>(&Case {
            stored: around(stored()),
            probes: around(vec![Jiff::MIN, Jiff::MAX]),
            ends: ends.clone(),
            arg: |key| *key,
            order: |(a, time, b)| (*a, time.as_nanosecond(), *b),
            refusal: |(_, time, _)| refusal(*time),
        })?;
        let reversed =
            |keys: Vec<Owned>| keys.into_iter().map(|(a, time, b)| (a, Reverse(time), b)).collect::<Vec<_>>();
        holds::<(u8, Reverse<Jiff>, u16), (u8, Reverse<i128>, u16)>(&Case {
            stored: reversed(around(stored())),
            probes: reversed(around(vec![Jiff::MIN, Jiff::MAX])),
            ends: reversed(ends),
            arg: |key| *key,
            order: |(a, time, b)| (*a, Reverse(time.0.as_nanosecond()), *b),
            refusal: |(_, time, _)| refusal(time.0),
        })
    }

    #[test]
    fn optional_and_reversed_jiff_times_beyond_the_ends_are_absent_at_their_position() -> Result<()> {
        let some =
            |times: Vec<Jiff>| times.into_iter().map(|time| Reverse(Some(time))).chain([Reverse(None)]).collect();
        holds::<Reverse<Option<Jiff>>, Reverse<Option<i128>>>(&Case {
            stored: some(stored()),
            probes: vec![],
            ends: some(ends()),
            arg: |key| *key,
            order: |key| Reverse(key.0.map(Jiff::as_nanosecond)),
            refusal: |key| key.0.and_then(refusal),
        })
    }

    #[test]
    fn prefixes_and_values_with_times_beyond_the_ends_find_nothing() -> Result<()> {
        let env = mapleaf::Env::temporary()?;
        let dbi: mapleaf::Dbi<(Jiff, u8), u32> = env.dbi("d")?;
        let pairs: mapleaf::MultiDbi<Jiff, Jiff> = env.multi_dbi("m")?;
        let (first, last) = (Jiff::from(Timestamp::MIN), Jiff::from(Timestamp::MAX));
        env.transact(|txn| {
            for time in [first, last] {
                dbi.put(txn, (time, 1), 1)?;
                pairs.insert(txn, time, first)?;
                pairs.insert(txn, time, last)?;
            }
            assert!(!pairs.remove(txn, first, Jiff::MAX)? && !pairs.remove(txn, Jiff::MIN, first)?);
            assert_eq!((pairs.remove_all(txn, Jiff::MIN)?, pairs.remove_all(txn, Jiff::MAX)?), (0, 0));
            assert_eq!((dbi.delete_prefix(txn, (Jiff::MIN,))?, dbi.delete_prefix(txn, (Jiff::MAX,))?), (0, 0));
            Ok(())
        })?;
        let snap = env.snapshot()?;
        for beyond in [Jiff::MIN, Jiff::MAX] {
            assert_eq!(dbi.prefix(&snap, (beyond,))?.count(), 0);
            assert_eq!(pairs.values(&snap, beyond)?.count(), 0);
            assert!(!pairs.contains(&snap, beyond, first)? && !pairs.contains(&snap, first, beyond)?);
            assert_eq!(pairs.values_range(&snap, beyond, first..)?.count(), 0);
        }
        for time in [first, last] {
            assert_eq!(pairs.values_range(&snap, time, Jiff::MIN..)?.count(), 2);
            assert_eq!(pairs.values_range(&snap, time, Jiff::MIN..=Jiff::MAX)?.rev().count(), 2);
            assert_eq!(pairs.values_range(&snap, time, ..Jiff::MIN)?.count(), 0);
            assert_eq!(pairs.values_range(&snap, time, Jiff::MAX..)?.count(), 0);
        }
        assert_eq!(dbi.range(&snap, (Jiff::MIN,)..=(Jiff::MAX,))?.count(), 2);
        assert_eq!(dbi.range(&snap, (Jiff::MAX,)..)?.count(), 0);
        assert_eq!(dbi.range(&snap, ..=(Jiff::MIN,))?.count(), 0);
        assert_eq!(pairs.range(&snap, (Jiff::MIN, first)..(Jiff::MAX, first))?.count(), 4);
        Ok(())
    }
}

#[cfg(feature = "chrono")]
mod chrono {
    use ::chrono::{DateTime, Utc};

    use super::*;

    type Order = (i64, u32);

    fn leap(secs: i64, millis: u32) -> DateTime<Utc> {
        DateTime::from_timestamp(secs, 1_000_000_000 + millis * 1_000_000).expect("the end of a minute")
    }

    fn stored() -> Vec<DateTime<Utc>> {
        STORED.map(|nanos| Timestamp::from_nanos(nanos).into()).into()
    }

    fn ends() -> Vec<DateTime<Utc>> {
        let beyond = ::chrono::TimeDelta::nanoseconds(1);
        let (first, last) = (DateTime::from(Timestamp::MIN), DateTime::from(Timestamp::MAX));
        let mut ends = vec![DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, first - beyond, last + beyond];
        // Between two seconds that are stored, between two that are not, and beyond both ends.
        ends.extend([leap(1_483_228_799, 0), leap(1_483_228_799, 500), leap(59, 999)]);
        ends.extend([leap(9_223_372_079, 1), leap(-9_223_372_081, 1)]);
        ends
    }

    fn order(time: &DateTime<Utc>) -> Order {
        (time.timestamp(), time.timestamp_subsec_nanos())
    }

    fn refusal(time: &DateTime<Utc>) -> Option<ErrorKind> {
        let is_beyond = time.timestamp_nanos_opt().is_none() || time.timestamp_subsec_nanos() >= 1_000_000_000;
        is_beyond.then_some(ErrorKind::InvalidKey)
    }

    #[test]
    fn chrono_times_beyond_the_ends_and_in_leap_seconds_are_absent_at_their_position() -> Result<()> {
        let (stored, ends) = (stored(), ends());
        holds::<DateTime<Utc>, Order>(&Case { probes: stored.clone(), stored, ends, arg: |time| *time, order, refusal })
    }

    #[test]
    fn chrono_times_beyond_the_ends_in_descending_tuples_are_absent_at_their_position() -> Result<()> {
        type Owned = (Reverse<DateTime<Utc>>, i8);
        let within = |times: Vec<DateTime<Utc>>| -> Vec<Owned> {
            times.into_iter().flat_map(|time| [(Reverse(time), i8::MIN), (Reverse(time), i8::MAX)]).collect()
        };
        holds::<(Reverse<DateTime<Utc>>, i8), (Reverse<Order>, i8)>(&Case {
            stored: within(stored()),
            probes: within(ends()),
            ends: ends().into_iter().map(|time| (Reverse(time), 0)).collect(),
            arg: |key| *key,
            order: |(time, n)| (Reverse(order(&time.0)), *n),
            refusal: |(time, _)| refusal(&time.0),
        })
    }
}
