//! Working days and hours against their slow computation.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod oracle;

use jiff::civil::{Date, Time, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use polars::prelude::*;
use proptest::prelude::*;
use vienkop_transforms::status::calendar::{
    DayKind, SpecialDay, WorkingCalendar, WorkingHours, civil, day_number, months,
};

fn riga(local: &str) -> Timestamp {
    oracle::riga().to_timestamp(local.parse::<jiff::civil::DateTime>().unwrap()).unwrap()
}

#[test]
fn working_days() {
    let calendar = oracle::working_calendar();
    for (from, to, expected) in [
        ("2024-06-03", "2024-06-03", 0),
        ("2024-06-03", "2024-06-04", 1),
        // Friday to Monday.
        ("2024-06-07", "2024-06-10", 1),
        // Midsummer on Monday, the eve on Sunday.
        ("2024-06-21", "2024-06-25", 1),
        // Saturday the 14th is worked for Monday the 23rd, the 28th for the 30th.
        ("2024-12-13", "2024-12-14", 1),
        ("2024-12-20", "2025-01-02", 3),
        // "10 darba dienas".
        ("2024-06-17", "2024-07-02", 10),
        ("2024-06-04", "2024-06-03", 0),
        // Long before and after the list: Monday to Friday.
        ("1975-01-06", "1975-01-13", 5),
        ("2200-01-06", "2200-01-13", 5),
        ("1989-12-25", "1990-01-01", 5),
    ] {
        let (from, to): (Date, Date) = (from.parse().unwrap(), to.parse().unwrap());
        assert_eq!(calendar.working_days_between(from, to), expected, "{from} {to}");
    }
}

#[test]
fn working_hours() {
    let calendar = oracle::working_calendar();
    for (from, to, expected) in [
        ("2024-06-03T09:00", "2024-06-03T17:00", "08:00"),
        ("2024-06-03T00:00", "2024-06-04T00:00", "08:00"),
        ("2024-06-03T16:30", "2024-06-04T09:15", "00:45"),
        ("2024-06-07T16:30", "2024-06-10T09:15", "00:45"),
        ("2024-06-08T10:00", "2024-06-08T12:00", "00:00"),
        // Over the changes of the clock; the hour itself is on a Sunday night.
        ("2024-03-29T16:00", "2024-04-02T10:00", "01:00"),
        ("2024-03-28T16:00", "2024-04-02T10:00", "02:00"),
        ("2024-10-25T16:00", "2024-10-28T10:00", "02:00"),
        ("2024-12-13T16:00", "2024-12-14T10:00", "02:00"),
        ("2024-12-20T16:00", "2024-12-27T10:00", "02:00"),
    ] {
        let seconds = calendar.working_seconds(riga(from), riga(to));
        assert_eq!(format!("{:02}:{:02}", seconds / 3600, seconds % 3600 / 60), expected, "{from} {to}");
        assert_eq!(calendar.working_seconds(riga(to), riga(from)), 0);
    }
}

/// Where people work through the night of the change, the hour skipped or doubled counts once: every day has its hours.
#[test]
fn every_working_day_has_its_hours() {
    let hours = WorkingHours::new(Time::constant(1, 0, 0, 0), Time::constant(23, 0, 0, 0)).unwrap();
    let sundays = ["2024-03-31", "2024-10-27"].map(|day| day.parse::<Date>().unwrap());
    let worked = sundays.map(|date| SpecialDay { date, kind: DayKind::Working });
    let calendar = WorkingCalendar::new(&worked, hours, &oracle::riga());
    for day in sundays {
        let (from, to) = (riga(&format!("{day}T00:00")), riga(&format!("{}T00:00", day.tomorrow().unwrap())));
        assert_eq!(calendar.working_seconds(from, to), hours.length(), "{day}");
        let mut at = from;
        while at < to {
            let next = at + 10.minutes();
            let step = calendar.working_seconds(at, next);
            assert!(step >= 0);
            let sum = calendar.working_seconds(from, at) + step;
            assert_eq!(sum, calendar.working_seconds(from, next), "{at}");
            at = next;
        }
    }
    assert!(WorkingHours::new(Time::constant(17, 0, 0, 0), Time::constant(9, 0, 0, 0)).is_none());
}

#[test]
fn local_days_of_any_zone() {
    for zone in ["Europe/Riga", "UTC", "America/New_York", "Pacific/Apia", "Asia/Kolkata"] {
        let zone = TimeZone::get(zone).unwrap();
        let calendar = WorkingCalendar::new(&[], WorkingHours::default(), &zone);
        let mut at = Timestamp::from_second(-2_000_000_000).unwrap();
        while at < "2090-01-01T00:00:00Z".parse().unwrap() {
            let expected = day_number(at.to_zoned(zone.clone()).date());
            assert_eq!(calendar.local_day(at.as_microsecond()), expected, "{at}");
            at += 1001.hours();
        }
        // Two seconds around every change of the clock.
        for transition in zone.following("1985-01-01T00:00:00Z".parse().unwrap()).take(100) {
            for around in [-1, 0, 1] {
                let at = transition.timestamp() + around.seconds();
                let expected = day_number(at.to_zoned(zone.clone()).date());
                assert_eq!(calendar.local_days(&[at.as_microsecond()]), [expected], "{at}");
            }
        }
    }
}

#[test]
fn days_as_a_frame() {
    let calendar = oracle::working_calendar();
    let frame = calendar.days(date(2024, 12, 20), date(2025, 1, 3)).unwrap();
    let index: Vec<i32> = frame.column("working_day_index").unwrap().i32().unwrap().into_no_null_iter().collect();
    assert_eq!(index, [1, 1, 1, 1, 1, 1, 1, 2, 3, 3, 3, 3, 3, 4, 5]);
    assert_eq!(frame.column("day").unwrap().dtype(), &DataType::Date);
    let all = calendar.all_days().unwrap();
    assert_eq!(all.height(), 51 * 365 + 13);
    assert_eq!(*calendar.known_years(), (2016..=2027).collect());
}

/// A moment of the years that the list knows, to the second.
fn moment() -> impl Strategy<Value = Timestamp> {
    (1_450_000_000_i64..1_800_000_000).prop_map(|second| Timestamp::from_second(second).unwrap())
}

fn any_day() -> impl Strategy<Value = Date> {
    (-20_000_i32..60_000).prop_map(|day| date(1970, 1, 1) + i64::from(day).days())
}

proptest! {
    #[test]
    fn working_time_adds_up(a in moment(), b in moment(), c in moment()) {
        let calendar = oracle::working_calendar();
        let mut three = [a, b, c];
        three.sort();
        let [a, b, c] = three;
        let sum = calendar.working_seconds(a, b) + calendar.working_seconds(b, c);
        prop_assert_eq!(sum, calendar.working_seconds(a, c));
        prop_assert!(sum <= c.as_second() - a.as_second());
    }

    #[test]
    fn working_days_add_up(a in any_day(), b in any_day(), c in any_day()) {
        let calendar = oracle::working_calendar();
        let mut three = [a, b, c];
        three.sort();
        let [a, b, c] = three;
        let sum = calendar.working_days_between(a, b) + calendar.working_days_between(b, c);
        prop_assert_eq!(sum, calendar.working_days_between(a, c));
    }

    #[test]
    fn working_time_day_by_day(from in moment(), days in 0_i64..100, seconds in 0_i64..86_400) {
        let (calendar, slow) = (oracle::working_calendar(), oracle::calendar::Calendar::new());
        let to = from + (days * 86_400 + seconds).seconds();
        prop_assert_eq!(calendar.working_seconds(from, to), slow.working_seconds(from, to));
        let (from, to) = (slow.local_day(from), slow.local_day(to));
        prop_assert_eq!(i64::from(calendar.working_days_between(from, to)), slow.working_days(from, to));
    }

    #[test]
    fn days_have_numbers(day in any_day()) {
        prop_assert_eq!(civil(day_number(day)), (day.year(), day.month(), day.day()));
    }

    #[test]
    fn months_are_those_of_the_calendar(from in any_day(), days in 0_i64..2000) {
        let to = from + days.days();
        let slow = (0_i32..1000).find(|count| from.checked_add((*count).months()).unwrap() >= to).unwrap();
        prop_assert_eq!(months(day_number(from), day_number(to)), slow);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn working_time_minute_by_minute(from in moment(), minutes in 0_i64..15_000) {
        let (calendar, slow) = (oracle::working_calendar(), oracle::calendar::Calendar::new());
        let from = Timestamp::from_second(from.as_second() / 60 * 60).unwrap();
        let to = from + minutes.minutes();
        prop_assert_eq!(calendar.working_seconds(from, to), slow.working_seconds_by_minute(from, to));
    }
}
