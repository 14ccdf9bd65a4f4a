//! The indicators again: loops over requests, as slow and obvious as can be.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use vienkop_transforms::status::indicators::Query;

use crate::frames::{Cell, Expected};
use crate::generate::{CHANNELS, KINDS, Request, Service, Step, World, months_between, working_days_between};

/// What is asked of which world.
pub(crate) struct Oracle<'a> {
    /// The requests and stays.
    pub(crate) world: &'a World,
    /// The question.
    pub(crate) query: &'a Query,
}

type Key = Vec<Option<String>>;
type Limit = fn(&Service) -> Option<(f64, &'static str)>;
/// Names of the cells of a limit.
type Limited = [&'static str; 3];
type Cells = BTreeMap<&'static str, Cell>;

fn month(day: Option<Date>) -> Option<String> {
    day.map(|day| format!("{:04}-{:02}", day.year(), day.month()))
}

fn request_key(request: &Request, keys: &[&str], day: Option<Date>) -> Key {
    let value = |key: &&str| match *key {
        "institution_reg_no" => Some(request.institution.clone()),
        "service_code" => request.service.clone(),
        "channel" => request.channel.clone(),
        "derivation" => request.derivation.clone(),
        "state" => request.state.clone(),
        "kind" => request.kind.clone(),
        "month" => month(day),
        other => panic!("{other}"),
    };
    keys.iter().map(value).collect()
}

fn step_key(step: &Step, keys: &[&str], day: Option<Date>) -> Key {
    let value = |key: &&str| match *key {
        "institution_reg_no" => Some(step.institution.clone()),
        "service_code" => step.service.clone(),
        "channel" => step.channel.clone(),
        "derivation" => step.derivation.clone(),
        "state" => Some(step.state.clone()),
        "month" => month(day),
        other => panic!("{other}"),
    };
    keys.iter().map(value).collect()
}

fn quantile(mut values: Vec<f64>, share: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let at = share * last as f64;
    let (below, above) = (values[at.floor() as usize], values[at.ceil() as usize]);
    Some(below + (above - below) * (at - at.floor()))
}

fn coarsest<'a>(values: impl Iterator<Item = &'a str>) -> Option<String> {
    let all: BTreeSet<&str> = values.collect();
    ["day", "minute", "second"].into_iter().find(|precision| all.contains(precision)).map(str::to_owned)
}

fn count(number: usize) -> Cell {
    Cell::Count(number as i64)
}

/// Median and 90th percentile of what is there.
fn spread(values: impl Iterator<Item = Option<i64>>) -> (Cell, Cell) {
    let values: Vec<f64> = values.flatten().map(|value| value as f64).collect();
    (Cell::Number(quantile(values.clone(), 0.5)), Cell::Number(quantile(values, 0.9)))
}

fn is_service_request(kind: Option<&str>) -> bool {
    kind == Some(KINDS[0])
}

impl Oracle<'_> {
    fn end(&self) -> Date {
        self.query.to.map_or(self.query.as_of, |to| if to < self.query.as_of { to } else { self.query.as_of })
    }

    fn in_period(&self, day: Option<Date>) -> bool {
        day.is_some_and(|day| self.query.from.is_none_or(|from| day >= from) && day <= self.end())
    }

    fn asked(&self, institution: &str, service: Option<&str>) -> bool {
        self.query.institution.as_deref().is_none_or(|asked| asked == institution)
            && self.query.service.as_deref().is_none_or(|asked| Some(asked) == service)
    }

    fn all(&self) -> Vec<&Request> {
        self.world.requests.iter().filter(|r| self.asked(&r.institution, r.service.as_deref())).collect()
    }

    fn service(&self, request: &Request) -> Option<&Service> {
        let code = request.service.as_deref()?;
        let named: Vec<&Service> = self.world.services.iter().filter(|service| service.code == code).collect();
        match named.iter().find(|service| service.owner == request.institution) {
            Some(own) => Some(own),
            None if named.len() == 1 => Some(named[0]),
            None => None,
        }
    }

    /// Whether a duration is within a time; none where that cannot be told.
    fn within(request: &Request, limit: Option<(f64, &str)>) -> Option<bool> {
        let (value, unit) = limit?;
        let exact = request.precision.as_deref() != Some("day");
        let measured = match unit {
            "d" => f64::from(request.elapsed_days?),
            "working d" => f64::from(request.working_days?),
            "month" => f64::from(request.elapsed_months?),
            "h" if exact => request.elapsed_seconds? as f64 / 3600.0,
            "min" if exact => request.elapsed_seconds? as f64 / 60.0,
            _ => return None,
        };
        Some(measured <= value)
    }

    fn is_open(&self, request: &Request) -> bool {
        let ended = if request.closed { request.closed_on.is_none_or(|day| day <= self.end()) } else { false };
        request.submitted_on.is_some_and(|day| day <= self.end()) && !ended
    }

    fn is_late(&self, request: &Request) -> Option<bool> {
        let end = self.end();
        if let Some(due) = request.due_on {
            return Some(end > due);
        }
        let (value, unit) = self.service(request)?.statutory?;
        let submitted = request.submitted_on?;
        let exact = request.precision.as_deref().is_some_and(|precision| precision != "day");
        let began = end.to_zoned(self.query.zone.clone()).unwrap().timestamp().as_microsecond();
        let seconds = (began - request.submitted_at?) as f64 / 1e6;
        let measured = match unit {
            "d" => submitted.until(end).unwrap().get_days().into(),
            "working d" => working_days_between(self.world.is_working_day, submitted, end).into(),
            "month" => months_between(submitted, end).into(),
            "h" if exact => seconds / 3600.0,
            "min" if exact => seconds / 60.0,
            _ => return None,
        };
        Some(measured > value)
    }

    /// `requests()`.
    pub(crate) fn requests(&self, keys: &[&str]) -> Expected {
        let all = self.all().into_iter().filter(|request| is_service_request(request.kind.as_deref()));
        let mut items: BTreeMap<Key, (Vec<&Request>, Vec<&Request>)> = BTreeMap::new();
        for request in all {
            items.entry(request_key(request, keys, request.submitted_on)).or_default().0.push(request);
            if request.closed && self.in_period(request.closed_on) {
                items.entry(request_key(request, keys, request.closed_on)).or_default().1.push(request);
            }
        }
        let mut expected = Expected::new();
        for (item, (submitted, closed)) in items {
            let mut cells = self.by_submission(&submitted);
            let shown = ["received", "open", "undated"].iter().any(|name| cells[name] != Cell::Count(0));
            if shown || !closed.is_empty() {
                cells.extend(self.by_closing(&closed));
                expected.insert(item, cells);
            }
        }
        expected
    }

    fn by_submission(&self, requests: &[&Request]) -> Cells {
        let received: Vec<&&Request> = requests.iter().filter(|request| self.in_period(request.submitted_on)).collect();
        let channel = |request: &Request| CHANNELS.iter().find(|known| request.channel.as_deref() == Some(known.0));
        let electronic =
            |answer: bool| received.iter().filter(|r| channel(r).is_some_and(|known| known.1 == Some(answer))).count();
        let in_person = |request: &Request| channel(request).is_some_and(|known| known.2 == Some(true));
        let open: Vec<&&Request> = requests.iter().filter(|request| self.is_open(request)).collect();
        let undated = |request: &Request| {
            let draft = request.state.as_deref() == Some("melnraksts");
            (request.submitted_on.is_none() && !draft) || (request.closed && request.closed_on.is_none())
        };
        BTreeMap::from([
            ("received", count(received.len())),
            ("channel_known", count(electronic(true) + electronic(false))),
            ("electronic", count(electronic(true))),
            ("in_person", count(received.iter().filter(|r| in_person(r)).count())),
            ("in_person_recorded", count(received.iter().filter(|r| in_person(r) && r.events > 0).count())),
            ("undated", count(requests.iter().filter(|request| undated(request)).count())),
            ("open", count(open.len())),
            ("overdue", count(open.iter().filter(|request| self.is_late(request) == Some(true)).count())),
            ("due_unknown", count(open.iter().filter(|request| self.is_late(request).is_none()).count())),
        ])
    }

    fn by_closing(&self, closed: &[&Request]) -> Cells {
        let outcome = |request: &Request| {
            let (state, result) = (request.state.as_deref().unwrap_or_default(), request.result.as_deref());
            match (state, result) {
                ("pārsūtīts", _) => "forwarded",
                ("anulēts", _) => "cancelled",
                (_, Some("piešķirts")) => "granted",
                (_, Some("daļēji piešķirts")) => "partly_granted",
                (_, Some("atteikts")) | ("atteikts", None) => "refused",
                (_, Some("atsaukts")) | ("atsaukts", None) => "withdrawn",
                _ => "completed",
            }
        };
        let mut cells = Cells::new();
        let mut decided = 0;
        for name in ["granted", "partly_granted", "refused", "withdrawn", "forwarded", "cancelled", "completed"] {
            let number = closed.iter().filter(|request| outcome(request) == name).count();
            cells.insert(name, count(number));
            if ["granted", "partly_granted", "refused", "completed"].contains(&name) {
                decided += number;
            }
        }
        cells.insert("decided", count(decided));
        cells.insert("closed", count(closed.len()));
        let timed: Vec<&&Request> = closed.iter().filter(|request| request.elapsed_seconds.is_some()).collect();
        cells.insert("timed", count(timed.len()));
        let (median, p90) = spread(timed.iter().map(|request| request.elapsed_seconds));
        let (working_median, working_p90) = spread(timed.iter().map(|request| request.working_seconds));
        cells.extend([
            ("median_seconds", median),
            ("p90_seconds", p90),
            ("median_working_seconds", working_median),
            ("p90_working_seconds", working_p90),
            ("precision", Cell::Text(coarsest(timed.iter().filter_map(|request| request.precision.as_deref())))),
        ]);
        let limits: [(Limited, Limit); 2] = [
            (["expected_of", "expected_within", "expected_undecidable"], |service| service.expected),
            (["statutory_of", "statutory_within", "statutory_undecidable"], |service| service.statutory),
        ];
        for ([of, within, undecidable], limit) in limits {
            let judged = |request: &Request| {
                let limit = self.service(request).and_then(limit);
                (limit.is_some(), Self::within(request, limit))
            };
            cells.insert(of, count(closed.iter().filter(|r| judged(r).1.is_some()).count()));
            cells.insert(within, count(closed.iter().filter(|r| judged(r).1 == Some(true)).count()));
            cells.insert(undecidable, count(closed.iter().filter(|r| judged(r) == (true, None)).count()));
        }
        cells.insert("with_history", count(closed.iter().filter(|r| r.events > 0).count()));
        cells.insert("first_time_right", count(closed.iter().filter(|r| r.events > 0 && r.waits == 0).count()));
        cells.insert("reopened", count(closed.iter().filter(|r| r.reopened > 0).count()));
        cells.insert("appealed", count(closed.iter().filter(|r| r.appeals > 0).count()));
        let waited: Vec<&&Request> = closed.iter().filter(|r| r.waiting_seconds > 0).collect();
        let suspended: Vec<&&Request> = closed.iter().filter(|r| r.suspended_seconds > 0).collect();
        let precision = |of: &[&&Request]| Cell::Text(coarsest(of.iter().filter_map(|r| r.precision.as_deref())));
        cells.extend([
            ("waited", count(waited.len())),
            ("waiting_median_seconds", spread(waited.iter().map(|r| Some(r.waiting_seconds))).0),
            ("waiting_precision", precision(&waited)),
            ("suspended", count(suspended.len())),
            ("suspended_median_seconds", spread(suspended.iter().map(|r| Some(r.suspended_seconds))).0),
            ("suspended_precision", precision(&suspended)),
        ]);
        cells
    }

    fn all_steps(&self) -> Vec<&Step> {
        let asked = |step: &&Step| {
            self.asked(&step.institution, step.service.as_deref()) && is_service_request(step.kind.as_deref())
        };
        self.world.steps.iter().filter(asked).collect()
    }

    /// `steps()`.
    pub(crate) fn steps(&self, keys: &[&str]) -> Expected {
        let mut groups: BTreeMap<Key, Vec<&Step>> = BTreeMap::new();
        for step in self.all_steps() {
            if step.counted && step.elapsed_seconds.is_some() && self.in_period(step.to_on) {
                groups.entry(step_key(step, keys, step.to_on)).or_default().push(step);
            }
        }
        let cells = |steps: &Vec<&Step>| {
            let (median, p90) = spread(steps.iter().map(|step| step.elapsed_seconds));
            let (working_median, working_p90) = spread(steps.iter().map(|step| step.working_seconds));
            BTreeMap::from([
                ("stays", count(steps.len())),
                ("median_seconds", median),
                ("p90_seconds", p90),
                ("median_working_seconds", working_median),
                ("p90_working_seconds", working_p90),
                ("precision", Cell::Text(coarsest(steps.iter().map(|step| step.precision.as_str())))),
            ])
        };
        groups.iter().map(|(key, steps)| (key.clone(), cells(steps))).collect()
    }

    /// `forecast()`.
    pub(crate) fn forecast(&self, keys: &[&str]) -> Expected {
        let mut groups: BTreeMap<Key, Vec<&Request>> = BTreeMap::new();
        for request in self.all() {
            let open = !request.closed && request.submitted_on.is_some_and(|day| day <= self.end());
            let standing = request.state_since_on.is_some_and(|day| day <= self.end());
            if is_service_request(request.kind.as_deref()) && open && standing {
                groups.entry(request_key(request, keys, None)).or_default().push(request);
            }
        }
        let mut expected = Expected::new();
        for (key, open) in groups {
            let behind: Vec<i64> = self
                .all_steps()
                .into_iter()
                .filter(|step| step_key(step, keys, None) == key && self.in_period(step.closed_on))
                .filter_map(|step| step.to_close_seconds)
                .collect();
            let number = behind.len();
            let (typical, long) = match spread(behind.into_iter().map(Some)) {
                (Cell::Number(typical), Cell::Number(long)) if number >= 5 => (typical, long),
                _ => (None, None),
            };
            let left = |whole: Option<f64>| {
                let whole = whole?;
                let one = |request: &&Request| {
                    let days = request.state_since_on.unwrap().until(self.end()).unwrap().get_days();
                    (whole - f64::from(days) * 86400.0).max(0.0)
                };
                quantile(open.iter().map(one).collect(), 0.5)
            };
            let cells = BTreeMap::from([
                ("open", count(open.len())),
                ("behind", count(number)),
                ("typical_seconds", Cell::Number(typical)),
                ("remaining_median_seconds", Cell::Number(left(typical))),
                ("remaining_p90_seconds", Cell::Number(left(long))),
            ]);
            expected.insert(key, cells);
        }
        expected
    }

    /// `other_kinds()`.
    pub(crate) fn other_kinds(&self) -> Expected {
        let mut groups: BTreeMap<Key, Vec<&Request>> = BTreeMap::new();
        for request in self.all() {
            if !is_service_request(request.kind.as_deref()) {
                groups.entry(vec![request.kind.clone()]).or_default().push(request);
            }
        }
        let mut expected = Expected::new();
        for (key, requests) in groups {
            let closed: Vec<&&Request> = requests.iter().filter(|r| r.closed && self.in_period(r.closed_on)).collect();
            let timed: Vec<&&&Request> = closed.iter().filter(|r| r.elapsed_seconds.is_some()).collect();
            let (median, p90) = spread(timed.iter().map(|request| request.elapsed_seconds));
            let cells = BTreeMap::from([
                ("received", count(requests.iter().filter(|r| self.in_period(r.submitted_on)).count())),
                ("closed", count(closed.len())),
                ("open", count(requests.iter().filter(|r| self.is_open(r)).count())),
                ("median_seconds", median),
                ("p90_seconds", p90),
                ("precision", Cell::Text(coarsest(timed.iter().filter_map(|r| r.precision.as_deref())))),
            ]);
            if ["received", "open", "closed"].iter().any(|name| cells[name] != Cell::Count(0)) {
                expected.insert(key, cells);
            }
        }
        expected
    }

    /// `clause_3_1()`.
    pub(crate) fn clause_3_1(&self) -> Expected {
        let from = self.query.from.map_or(0, Date::year);
        let counted: Vec<&Request> = self
            .world
            .requests
            .iter()
            .filter(|r| self.query.institution.as_deref().is_none_or(|asked| asked == r.institution))
            .filter(|r| is_service_request(r.kind.as_deref()))
            .filter(|r| r.submitted_on.is_some_and(|day| day.year() >= from && day <= self.end()))
            .collect();
        let mut groups: BTreeMap<(&str, &str, i16), &Request> = BTreeMap::new();
        for request in &counted {
            if let Some(code) = request.service.as_deref().filter(|code| self.asked(&request.institution, Some(code))) {
                groups.insert((&request.institution, code, request.submitted_on.unwrap().year()), request);
            }
        }
        let mut expected = Expected::new();
        for ((institution, code, year), request) in groups {
            let holders: Vec<&&Request> = counted
                .iter()
                .filter(|r| r.institution == institution && r.submitted_on.unwrap().year() == year)
                .collect();
            let own = holders.iter().filter(|r| r.service.as_deref() == Some(code)).count();
            let met = own > 5000 || own as f64 / holders.len() as f64 > 0.1;
            let level = self.service(request).and_then(|service| service.digital_level);
            let verdict = match (met, level) {
                (false, _) => "no",
                (true, None) => "unknown",
                (true, Some("e-pakalpojums" | "digitāls pakalpojums")) => "exists",
                (true, Some(_)) => "consider",
            };
            let cells = BTreeMap::from([
                ("requests", count(own)),
                ("holder_requests", count(holders.len())),
                ("criterion_met", Cell::Flag(met)),
                ("digital_level", Cell::Text(level.map(str::to_owned))),
                ("e_service", Cell::Text(Some(verdict.to_owned()))),
            ]);
            expected.insert(vec![Some(institution.to_owned()), Some(code.to_owned()), Some(year.to_string())], cells);
        }
        expected
    }
}
