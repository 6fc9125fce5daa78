//! A timestamp as text.

use std::fmt;
use std::str::FromStr;

use super::timestamp::{Timestamp, out_of_range};
use crate::error::{Error, ErrorKind, Result};

const SECONDS_PER_DAY: i64 = 86_400;

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, always with nine fractional digits: `2023-11-14T22:13:20.000000000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.as_nanos().div_euclid(1_000_000_000);
        let nanos = self.as_nanos().rem_euclid(1_000_000_000);
        let (year, month, day) = civil(seconds.div_euclid(SECONDS_PER_DAY));
        let time = seconds.rem_euclid(SECONDS_PER_DAY);
        let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z")
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    /// RFC 3339 in UTC, with none to nine fractional digits: what `Display` writes, and `2023-11-14T22:13:20Z`.
    ///
    /// # Errors
    /// `InvalidKey` for other forms, dates that do not exist, leap seconds, and times outside
    /// [`MIN`](Self::MIN)..=[`MAX`](Self::MAX).
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            let why = "not a time in UTC as RFC 3339 writes it; write 2023-11-14T22:13:20.000000000Z";
            Error::new(ErrorKind::InvalidKey, why)
        };
        let nanos = nanos_of(text.as_bytes()).ok_or_else(wrong)?;
        i64::try_from(nanos).map(Self::from_nanos).map_err(|_| out_of_range())
    }
}

/// The nanoseconds since the epoch of a time as text; `None` if it is not one.
fn nanos_of(text: &[u8]) -> Option<i128> {
    let (whole, rest) = text.split_at_checked("0000-00-00T00:00:00".len())?;
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if marks.iter().any(|(at, mark)| whole.get(*at) != Some(mark)) {
        return None;
    }
    let [year, month, day, hour, minute, second] =
        [0..4, 5..7, 8..10, 11..13, 14..16, 17..19].map(|place| whole.get(place).and_then(number));
    let (year, month, day) = (year?, month?, day?);
    let days = days(year, month, day);
    let (hour, minute, second) = (hour?, minute?, second?);
    if civil(days) != (year, month, day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = match rest.strip_suffix(b"Z")? {
        [] => 0,
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => {
            (digits.len()..9).fold(number(digits)?, |nanos, _| nanos * 10)
        }
        _ => return None,
    };
    let seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
    Some(i128::from(seconds) * 1_000_000_000 + i128::from(fraction))
}

/// A number of up to nine decimal digits.
fn number(digits: &[u8]) -> Option<i64> {
    let digit = |digit: &u8| digit.is_ascii_digit().then(|| i64::from(digit - b'0'));
    digits.iter().try_fold(0, |number, next| Some(number * 10 + digit(next)?))
}

/// The days from 1970-01-01 to a date: reverses [`civil`] for dates that exist.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of the date `days` after 1970-01-01, in the proleptic Gregorian calendar.
///
/// Counts from the first of March of the year 0 in eras of 400 years, so that the leap day is the last day of its
/// year.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (400 * era + year_of_era + i64::from(month <= 2), month, day)
}
