//! Sequences of states that cannot be.

use super::events::{Event, EventColumns};
use super::kernel::Stay;
use super::rules::{DECIDED, REOPENED, SUBMITTED_STEP, State, WORK_STEP};
use crate::finding::{self, Finding, Rule};
use crate::normalise::personal;

/// Entity that findings about timelines are filed under.
pub(super) const ENTITY: &str = "service_request";

/// Looks at the stays of one request after another.
pub(super) struct Sequence<'a> {
    columns: &'a EventColumns<'a>,
    states: &'a [State],
    pub(super) findings: Vec<Finding>,
}

impl<'a> Sequence<'a> {
    pub(super) const fn new(columns: &'a EventColumns<'a>, states: &'a [State]) -> Self {
        Self { columns, states, findings: Vec::new() }
    }

    /// Looks at the stays of a request; `key` names it.
    pub(super) fn look(&mut self, stays: &[Stay], key: impl Fn() -> String) {
        let mut before: Option<&Event> = None;
        let (mut submitted, mut closed, mut decided) = (false, false, false);
        // The work that has begun since the submission or the last reopening.
        let mut work: Option<&Event> = None;
        for stay in stays {
            let event = &stay.event;
            let state = &self.states[usize::from(event.state)];
            let after_closing = before.filter(|before| self.states[usize::from(before.state)].closing);
            let reopening = state.code == REOPENED;
            let mut told: Option<(&Rule, Option<&Event>)> = None;
            if state.draft {
                told = before.filter(|_| submitted).map(|before| (&finding::DRAFT_AFTER_SUBMISSION, Some(before)));
            } else if state.appeal {
                told = (!decided).then_some((&finding::APPEAL_BEFORE_DECISION, None));
                // What follows an appeal begins anew.
                work = None;
            } else if state.closing {
                told = (!submitted).then_some((&finding::CLOSED_AT_ONCE, None));
            } else if reopening {
                told = (!closed).then_some((&finding::REOPENED_UNCLOSED, None));
                work = None;
            } else if after_closing.is_some() {
                told = Some((&finding::AFTER_CLOSING, after_closing));
                work = None;
            } else if state.macro_step == SUBMITTED_STEP && work.is_some() {
                told = Some((&finding::BACK_TO_SUBMITTED, work));
                // Told once for each time it went back.
                work = None;
            }
            if state.macro_step == WORK_STEP && !reopening {
                work = Some(event);
            }
            submitted |= !state.draft && !state.appeal;
            closed |= state.closing;
            decided |= state.closing || state.code == DECIDED;
            if let Some((rule, expected)) = told {
                self.tell(rule, event, expected, &key());
            }
            before = Some(event);
        }
    }

    fn tell(&mut self, rule: &Rule, event: &Event, expected: Option<&Event>, key: &str) {
        let row = event.row as usize;
        self.findings.push(Finding {
            entity: ENTITY.to_owned(),
            record_key: Some(personal::mask_hyphenated(key).into_owned()),
            field: Some("state".to_owned()),
            landed: self.columns.landed.get(row),
            sheet: self.columns.sheet.get(row).map(str::to_owned),
            row: self.columns.row.get(row),
            part: self.columns.part.get(row),
            value: Some(self.shown(event)),
            expected: expected.map(|event| self.shown(event)),
            ..Finding::of(rule)
        });
    }

    /// The state as people call it, with the time as the source wrote it.
    fn shown(&self, event: &Event) -> String {
        let label = &self.states[usize::from(event.state)].label;
        match self.columns.at_raw.get(event.row as usize) {
            Some(at) => format!("{label}, {}", personal::mask(at)),
            None => label.clone(),
        }
    }
}
