//! Requests and stays worked out from generated events: by the slow computation of timelines for the oracle, by the program
//! for the SQL.

use std::sync::LazyLock;

use jiff::civil::Date;
use vienkop_transforms::status::timeline::timelines;

use crate::generate::{Request, Service, Step, World};
use crate::timelines as slow;

static CALENDAR: LazyLock<slow::calendar::Calendar> = LazyLock::new(slow::calendar::Calendar::new);

fn is_working_day(day: Date) -> bool {
    CALENDAR.is_working_day(day)
}

pub(crate) fn from_events(seed: u64, count: usize) -> World {
    let (events, delivered) = slow::generate(seed, count);
    let lake = timelines(&events, &delivered, &slow::rules()).unwrap();
    let service =
        |owner, code, expected, statutory, digital_level| Service { owner, code, expected, statutory, digital_level };
    let [a, b, c] = ["90000000001", "90000000022", "90009115222"];
    let mut world = World {
        lake: Some((lake.requests, lake.steps)),
        is_working_day,
        requests: Vec::new(),
        steps: Vec::new(),
        services: vec![
            service(a, "P-1", Some((10.0, "d")), Some((1.0, "month")), Some("klātienē")),
            service(a, "P-2", Some((5.0, "working d")), Some((10.0, "working d")), Some("e-pakalpojums")),
            service(b, "P-1", Some((48.0, "h")), Some((72.0, "h")), None),
            service(b, "P-2", Some((90.0, "min")), Some((30.0, "d")), Some("vienkāršots e-pakalpojums")),
            service(c, "P-1", None, Some((2.0, "month")), Some("digitāls pakalpojums")),
            service(c, "Ē/4", Some((2.5, "d")), Some((15.0, "working d")), Some("klātienē")),
        ],
    };
    for timeline in slow::requests::timelines(&events, &delivered) {
        for step in &timeline.steps {
            world.steps.push(Step {
                institution: timeline.institution_reg_no.clone(),
                kind: timeline.kind.clone(),
                service: timeline.service_code.clone(),
                channel: timeline.channel.clone(),
                derivation: timeline.derivation.clone(),
                precision: step.precision.clone(),
                state: step.state.clone(),
                counted: step.counted,
                to_on: step.to_on,
                elapsed_seconds: step.elapsed_seconds,
                working_seconds: step.working_seconds,
                closed_on: timeline.closed_on,
                to_close_seconds: step.to_close_seconds,
            });
        }
        world.requests.push(Request {
            institution: timeline.institution_reg_no,
            number: timeline.request_no,
            kind: timeline.kind,
            service: timeline.service_code,
            channel: timeline.channel,
            derivation: timeline.derivation,
            precision: timeline.precision,
            state: timeline.state,
            closed: timeline.closed,
            result: timeline.result,
            submitted_at: timeline.submitted_at.map(jiff::Timestamp::as_microsecond),
            submitted_on: timeline.submitted_on,
            closed_on: timeline.closed_on,
            due_on: timeline.due_on,
            elapsed_seconds: timeline.elapsed_seconds,
            working_seconds: timeline.working_seconds,
            elapsed_days: timeline.elapsed_days.map(|days| days as i32),
            elapsed_months: timeline.elapsed_months.map(|months| months as i32),
            working_days: timeline.working_days.map(|days| days as i32),
            waiting_seconds: timeline.waiting_seconds,
            suspended_seconds: timeline.suspended_seconds,
            waits: timeline.waits as i32,
            reopened: timeline.reopened as i32,
            appeals: timeline.appeals as i32,
            events: timeline.events as i32,
            state_since_on: timeline.state_since_on,
        });
    }
    world
}
