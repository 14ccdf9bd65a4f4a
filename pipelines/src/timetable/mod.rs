//! When pipelines run: cron lines in the zone of the configuration, and the agenda of `vienkop schedule`.
//!
//! Pure: the clock is a parameter. Where the clocks change, a line with a fixed time of day runs exactly once: a time
//! that the change to summer time skips, at the first moment after the gap; a time that occurs twice, the first time.
//! A line with an interval (`*/15 * * * *`) runs by the clock on the wall: not in the gap, and in both of two like hours.

mod agenda;
#[cfg(test)]
mod tests;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

pub(crate) use agenda::{Agenda, Missed, Plan, Retry, Task};

/// Fields of a cron line, in their order; the first of six are the seconds.
const FIELDS: [&str; 6] = ["second", "minute", "hour", "day", "month", "weekday"];

/// How many coming times people are told.
pub(crate) const NEXT: usize = 3;

/// What is wrong with a cron line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CronFault {
    /// It has neither five nor six fields.
    Fields(usize),
    /// A field cannot be read: its name and its text.
    Field(&'static str, String),
    /// Every field is right, but there is no such day (31 February).
    Never,
}

/// A cron line in a time zone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Timetable {
    cron: Cron,
    zone: TimeZone,
}

impl Timetable {
    /// Reads a cron line: minute, hour, day of month, month, weekday, with the seconds in front when there are six.
    ///
    /// # Errors
    /// It is none, or no moment fits it.
    pub(crate) fn new(line: &str, zone: TimeZone) -> Result<Self, CronFault> {
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let Ok(cron) = parser.parse(line) else { return Err(fault(parser, line)) };
        let timetable = Self { cron, zone };
        // A leap day comes within eight years: from 2000 on there is one.
        if timetable.after(Timestamp::UNIX_EPOCH).is_some() { Ok(timetable) } else { Err(CronFault::Never) }
    }

    /// The first moment after `moment`; none: there is none any more.
    pub(crate) fn after(&self, moment: Timestamp) -> Option<Timestamp> {
        let found = self.cron.find_next_occurrence(&moment.to_zoned(self.zone.clone()), false).ok()?.timestamp();
        // A moment that is not after the one given would be taken for ever.
        (found > moment).then_some(found)
    }

    /// The last moment that is not after `moment`. Looked for forwards from earlier and earlier days, so that it is one
    /// that [`Timetable::after`] gives too.
    pub(crate) fn until(&self, moment: Timestamp) -> Option<Timestamp> {
        const HOUR: i64 = 60 * 60;
        for hours in [1, 25, 8 * 24, 32 * 24, 367 * 24, 5 * 366 * 24] {
            let from = moment.saturating_sub(SignedDuration::from_secs(hours * HOUR)).ok()?;
            let mut last = None;
            let mut next = self.after(from);
            while let Some(at) = next.filter(|at| *at <= moment) {
                last = Some(at);
                next = self.after(at);
            }
            if last.is_some() {
                return last;
            }
        }
        None
    }

    /// The next `number` moments after `moment`, as people of the zone write them: `2024-07-09 03:15`.
    pub(crate) fn next_local(&self, moment: Timestamp, number: usize) -> Vec<String> {
        let moments = std::iter::successors(self.after(moment), |at| self.after(*at));
        moments.take(number).map(|at| self.local(at)).collect()
    }

    /// A moment as people of the zone write it; with seconds only where there are some.
    pub(crate) fn local(&self, moment: Timestamp) -> String {
        let zoned = moment.to_zoned(self.zone.clone());
        zoned.strftime(if zoned.second() == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" }).to_string()
    }
}

/// The field at fault is the one that does not fit a line of stars either.
fn fault(parser: CronParser, line: &str) -> CronFault {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let names = match fields.len() {
        5 => &FIELDS[1..],
        6 => &FIELDS[..],
        found => return CronFault::Fields(found),
    };
    for (index, (name, field)) in names.iter().zip(&fields).enumerate() {
        let stars = (0..fields.len()).map(|at| if at == index { *field } else { "*" });
        if parser.parse(&stars.collect::<Vec<_>>().join(" ")).is_err() {
            return CronFault::Field(name, (*field).to_owned());
        }
    }
    CronFault::Never
}

/// A length of time as configuration files have it: a number and `s`, `min`, `h`, `d` or `w`.
pub(crate) fn duration(text: &str) -> Option<SignedDuration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: i64 = text[..digits].parse().ok()?;
    let seconds = match &text[digits..] {
        "s" => 1,
        "min" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        "w" => 7 * 24 * 60 * 60,
        _ => return None,
    };
    Some(SignedDuration::from_secs(number.checked_mul(seconds)?))
}
