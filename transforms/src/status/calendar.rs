//! Latvian working time: which days are worked, how many of them and how many seconds lie between two moments.
//!
//! Monday to Friday are worked, but for the days off of the law "Par svētku, atceres un atzīmējamām dienām" and of the
//! Cabinet's orders that move working days; a Saturday that such an order names is worked. Which days these are is data
//! (`config/codelists/holidays.csv`). Everything is answered from tables made once: running counts of working days, and
//! the offsets of the time zone.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use polars::prelude::*;
use sha2::{Digest as _, Sha256};

/// Seconds of a day, which is also what a day counts where only dates are known.
pub const DAY_SECONDS: i64 = 86_400;
/// Microseconds of a second: times of the lake are microseconds.
pub const MICROSECONDS: i64 = 1_000_000;

/// Years for which single days can be worked or off; in other years Monday to Friday are worked.
pub const YEARS: std::ops::RangeInclusive<i16> = 1990..=2100;

/// What is special about a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DayKind {
    /// Not worked: a public holiday, or a working day moved to another.
    Off,
    /// Worked although it is a Saturday or Sunday.
    Working,
}

/// A day that is not what its weekday says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpecialDay {
    /// The day.
    pub date: Date,
    /// What it is.
    pub kind: DayKind,
}

/// The hours of a working day, local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkingHours {
    from: i64,
    to: i64,
}

impl WorkingHours {
    /// Hours from one time of the day to a later one; none when it is not later.
    pub fn new(from: Time, to: Time) -> Option<Self> {
        let seconds =
            |time: Time| i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
        (from < to).then(|| Self { from: seconds(from), to: seconds(to) })
    }

    /// Seconds of a working day.
    pub const fn length(self) -> i64 {
        self.to - self.from
    }
}

impl Default for WorkingHours {
    /// 9 to 17.
    fn default() -> Self {
        Self { from: 9 * 3600, to: 17 * 3600 }
    }
}

/// From a moment on, the zone's clock is so many seconds ahead of UTC.
#[derive(Debug, Clone, Copy)]
struct Offset {
    /// Seconds since 1970, UTC.
    since: i64,
    seconds: i64,
    /// What the clock showed, as seconds since 1970, when the offset began to hold. Where the clock is set back the same
    /// hour comes twice; it is worked once.
    shown_before: i64,
}

/// Working days and hours of one time zone.
///
/// Days are numbers: days since 1970-01-01, as in Polars' `Date`.
#[derive(Debug, Clone)]
pub struct WorkingCalendar {
    hours: WorkingHours,
    /// First day of the table.
    first: i32,
    /// Working days before each day of the table and the one after it, counted as [`plain`] counts.
    before: Vec<i32>,
    offsets: Vec<Offset>,
    years: BTreeSet<i16>,
}

impl WorkingCalendar {
    /// Puts what is measured by into a hash.
    pub(super) fn hash(&self, hash: &mut Sha256) {
        hash.update(format!("{:?} {} ", self.hours, self.first));
        hash.update(self.before.iter().flat_map(|days| days.to_le_bytes()).collect::<Vec<u8>>());
        hash.update(format!("{:?}", self.offsets));
    }

    /// Makes the tables. Days outside [`YEARS`] are left out; of a day named twice the last counts.
    pub fn new(days: &[SpecialDay], hours: WorkingHours, zone: &TimeZone) -> Self {
        let first = day_number(jiff::civil::date(*YEARS.start(), 1, 1));
        let end = day_number(jiff::civil::date(*YEARS.end() + 1, 1, 1));
        let mut worked: Vec<bool> = (first..end).map(|day| plain(day + 1) > plain(day)).collect();
        for special in days {
            if let Some(day) = worked.get_mut((day_number(special.date) - first) as usize) {
                *day = special.kind == DayKind::Working;
            }
        }
        let mut count = plain(first);
        let mut before = vec![count];
        before.extend(worked.iter().map(|worked| {
            count += i32::from(*worked);
            count
        }));
        let years = days.iter().map(|special| special.date.year()).collect();
        Self { hours, first, before, offsets: offsets(zone), years }
    }

    /// Hours of a working day.
    pub const fn hours(&self) -> WorkingHours {
        self.hours
    }

    /// Years that the list of days says anything about; working time of other years takes no account of holidays.
    pub const fn known_years(&self) -> &BTreeSet<i16> {
        &self.years
    }

    /// Working days before a day, counted from some day long ago: only differences mean something.
    fn before(&self, day: i32) -> i32 {
        let index = i64::from(day) - i64::from(self.first);
        match usize::try_from(index) {
            Err(_) => plain(day),
            Ok(index) => self.before.get(index).copied().unwrap_or_else(|| {
                let end = self.before.len() - 1;
                self.before[end] + plain(day) - plain(self.first + end as i32)
            }),
        }
    }

    /// Whether a day is worked.
    pub fn is_working_day(&self, day: Date) -> bool {
        self.is_working(day_number(day))
    }

    /// As [`Self::is_working_day`], by days since 1970.
    pub fn is_working(&self, day: i32) -> bool {
        self.before(day + 1) > self.before(day)
    }

    /// Working days after `from` up to and including `to`; 0 where `to` is not later.
    pub fn working_days_between(&self, from: Date, to: Date) -> i32 {
        self.working_days(day_number(from), day_number(to))
    }

    /// As [`Self::working_days_between`], by days since 1970.
    pub fn working_days(&self, from: i32, to: i32) -> i32 {
        (self.before(to + 1) - self.before(from + 1)).max(0)
    }

    /// Seconds of working hours from one moment to another, by the local clock; 0 where `to` is not later. Parts of a
    /// second are left out at both ends, so what lies between three moments adds up.
    pub fn working_seconds(&self, from: Timestamp, to: Timestamp) -> i64 {
        self.worked_between(from.as_microsecond(), to.as_microsecond())
    }

    /// As [`Self::working_seconds`], by microseconds since 1970.
    pub fn worked_between(&self, from: i64, to: i64) -> i64 {
        (self.worked(to) - self.worked(from)).max(0)
    }

    /// Seconds of working hours before a moment (microseconds since 1970), counted from some day long ago: only
    /// differences mean something, and they are never negative from an earlier moment to a later.
    pub fn worked(&self, at: i64) -> i64 {
        let at = at.div_euclid(MICROSECONDS);
        let offset = self.offset(at);
        let clock = (at + offset.seconds).max(offset.shown_before);
        let day = clock.div_euclid(DAY_SECONDS) as i32;
        let whole = i64::from(self.before(day)) * self.hours.length();
        if self.is_working(day) {
            whole + (clock.rem_euclid(DAY_SECONDS) - self.hours.from).clamp(0, self.hours.length())
        } else {
            whole
        }
    }

    /// The local day of a moment (microseconds since 1970), in days since 1970.
    pub fn local_day(&self, at: i64) -> i32 {
        let at = at.div_euclid(MICROSECONDS);
        (at + self.offset(at).seconds).div_euclid(DAY_SECONDS) as i32
    }

    /// The local days of many moments.
    pub fn local_days(&self, at: &[i64]) -> Vec<i32> {
        at.iter().map(|at| self.local_day(*at)).collect()
    }

    /// The offset that holds at a moment in seconds since 1970.
    fn offset(&self, at: i64) -> Offset {
        let after = self.offsets.partition_point(|offset| offset.since <= at);
        self.offsets[after.saturating_sub(1)]
    }

    /// The days from one to another, both included, for SQL: `day` (Date), `working_day_index` (Int32, working days from
    /// the first day of the frame up to and including the day). The difference of the indexes of two days is the number
    /// of working days after the one up to and including the other, see [`Self::working_days_between`].
    pub fn days(&self, from: Date, to: Date) -> PolarsResult<DataFrame> {
        let (from, to) = (day_number(from), day_number(to));
        let days: Vec<i32> = (from..=to).collect();
        let start = self.before(from);
        let index: Vec<i32> = days.iter().map(|day| self.before(day + 1) - start).collect();
        let day = Int32Chunked::from_vec("day".into(), days).into_date().into_column();
        DataFrame::new(index.len(), vec![day, Column::new("working_day_index".into(), index)])
    }

    /// [`Self::days`] of 2000 to 2050: what the indicators need.
    pub fn all_days(&self) -> PolarsResult<DataFrame> {
        self.days(jiff::civil::date(2000, 1, 1), jiff::civil::date(2050, 12, 31))
    }
}

/// Days since 1970-01-01.
pub fn day_number(date: Date) -> i32 {
    // A day in UTC has no offset to get wrong.
    let midnight = jiff::tz::Offset::UTC.to_timestamp(date.to_datetime(Time::midnight()));
    midnight.map_or(0, |midnight| midnight.as_second().div_euclid(DAY_SECONDS) as i32)
}

/// Mondays to Fridays before a day, from Monday 1969-12-29 on.
fn plain(day: i32) -> i32 {
    let since_monday = day + 3;
    since_monday.div_euclid(7) * 5 + since_monday.rem_euclid(7).min(5)
}

/// All offsets of a zone that matter for days and for moments in them.
fn offsets(zone: &TimeZone) -> Vec<Offset> {
    let start = Timestamp::MIN;
    let first = i64::from(zone.to_offset(start).seconds());
    let mut offsets = vec![Offset { since: i64::MIN, seconds: first, shown_before: i64::MIN }];
    let mut before = first;
    for transition in zone.following(start) {
        if transition.timestamp().to_zoned(TimeZone::UTC).year() > *YEARS.end() {
            break;
        }
        let (since, seconds) = (transition.timestamp().as_second(), i64::from(transition.offset().seconds()));
        offsets.push(Offset { since, seconds, shown_before: since + before });
        before = seconds;
    }
    offsets
}

/// Year, month and day of the month of a day (days since 1970); the algorithm of H. Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms". Millions of days are asked for, so no date is made of each.
pub fn civil(day: i32) -> (i16, i8, i8) {
    let shifted = i64::from(day) + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Years of this count begin in March, so that the leap day is the last.
    let month_from_march = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as i16, month as i8, day_of_month as i8)
}

/// The smallest whole number of months after which `to` is reached from `from` (days since 1970): a term of so many
/// months has kept. The 31st of January and one month is the last of February.
pub fn months(from: i32, to: i32) -> i32 {
    if to <= from {
        return 0;
    }
    let ((year, month, day), (end_year, end_month, end_day)) = (civil(from), civil(to));
    let whole = (i32::from(end_year) - i32::from(year)) * 12 + i32::from(end_month) - i32::from(month);
    whole + i32::from(end_day > day)
}
