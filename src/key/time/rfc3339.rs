//! A timestamp as text.

use std::fmt;

use super::timestamp::Timestamp;

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
