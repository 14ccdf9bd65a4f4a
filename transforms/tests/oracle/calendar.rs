//! Working time, day by day.

use std::collections::HashMap;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::{lines, riga};

/// Holidays, moved days and the zone.
pub struct Calendar {
    special: HashMap<Date, bool>,
    zone: TimeZone,
}

impl Calendar {
    /// That of this repository.
    pub fn new() -> Self {
        let special = lines("holidays").into_iter().skip(1).map(|row| (row[0].parse().unwrap(), row[1] == "darbdiena"));
        Self { special: special.collect(), zone: riga() }
    }

    pub fn is_working_day(&self, day: Date) -> bool {
        let plain = !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        self.special.get(&day).copied().unwrap_or(plain)
    }

    pub fn local_day(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// Days after `from` up to and including `to` that are worked.
    pub fn working_days(&self, from: Date, to: Date) -> i64 {
        let mut count = 0;
        let mut day = from;
        while day < to {
            day = day.tomorrow().unwrap();
            count += i64::from(self.is_working_day(day));
        }
        count
    }

    /// Seconds between 9 and 17 of days that are worked: no clock changes between 9 and 17.
    pub fn working_seconds(&self, from: Timestamp, to: Timestamp) -> i64 {
        let mut seconds = 0;
        let mut day = self.local_day(from);
        while day <= self.local_day(to) {
            if self.is_working_day(day) {
                let begin = self.zone.to_timestamp(day.at(9, 0, 0, 0)).unwrap().max(from);
                let end = self.zone.to_timestamp(day.at(17, 0, 0, 0)).unwrap().min(to);
                seconds += (end.as_second() - begin.as_second()).max(0);
            }
            day = day.tomorrow().unwrap();
        }
        seconds
    }

    /// The same, minute by minute by the local clock, for moments on the minute.
    pub fn working_seconds_by_minute(&self, from: Timestamp, to: Timestamp) -> i64 {
        let mut seconds = 0;
        let mut at = from;
        while at < to {
            let local = at.to_zoned(self.zone.clone());
            if self.is_working_day(local.date()) && (9..17).contains(&local.hour()) {
                seconds += 60;
            }
            at = at.saturating_add(1.minute()).unwrap();
        }
        seconds
    }
}
