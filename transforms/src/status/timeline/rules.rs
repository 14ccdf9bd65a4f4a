//! What timelines go by: the states and derivations of the code lists, and the working calendar.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::codelist::{Code, CodeLists};
use crate::status::calendar::WorkingCalendar;

/// Counts up when the same events come to other timelines.
const METHOD: u32 = 1;

/// Code of the state in which the client has to do something.
pub(super) const WAITING: &str = "gaida klientu";
/// Code of the state in which work rests.
pub(super) const SUSPENDED: &str = "apturēts";
/// Code of the state in which somebody else has to do something.
pub(super) const THIRD_PARTY: &str = "gaida trešo pusi";
/// Code of the state of a request whose decision is appealed.
pub(super) const APPEALED: &str = "apstrīdēts";
/// Code of the state that follows a closing legitimately.
pub(super) const REOPENED: &str = "atkārtoti atvērts";
/// Code of the state in which there is a decision.
pub(super) const DECIDED: &str = "lēmums pieņemts";
/// Codes of closing states that are results too (`results.csv`).
pub(super) const RESULTS: [&str; 2] = ["atteikts", "atsaukts"];

/// Macro step before work begins (S2).
pub(super) const SUBMITTED_STEP: &str = "pieteikts";
/// Macro step of work.
pub(super) const WORK_STEP: &str = "izpildē";

/// What a state means for a timeline.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) code: String,
    /// Official label, for findings.
    pub(super) label: String,
    pub(super) macro_step: String,
    pub(super) closing: bool,
    /// Not submitted yet.
    pub(super) draft: bool,
    pub(super) appeal: bool,
}

impl State {
    fn of(code: &Code) -> Self {
        let appeal = code.code == APPEALED;
        Self {
            code: code.code.clone(),
            label: code.label_lv.clone(),
            macro_step: code.extra("macro_step").to_owned(),
            closing: code.extra("closing") == "yes",
            draft: code.extra("counted") == "no" && !appeal,
            appeal,
        }
    }

    /// A state that the list has lost since the event was loaded: a step like any other.
    pub(super) fn unknown(code: &str) -> Self {
        Self { code: code.to_owned(), label: code.to_owned(), ..Self::default() }
    }

    /// Whether the time of a stay counts as a step of the work.
    pub(super) const fn counted(&self) -> bool {
        !self.draft && !self.closing && !self.appeal
    }
}

/// What timelines go by.
#[derive(Debug, Clone)]
pub struct TimelineRules {
    /// In the order of `states.csv`, which is the order of states at one time.
    pub(super) states: Vec<State>,
    pub(super) state_by_code: HashMap<String, u16>,
    /// In the order of `derivations.csv`: from the most exact to the least.
    pub(super) derivations: Vec<String>,
    pub(super) calendar: Arc<WorkingCalendar>,
}

impl TimelineRules {
    /// Takes the code lists `states` (with its columns `macro_step`, `closing`, `counted`) and `derivations`. A list that
    /// is missing counts as empty: every state is then a step like any other.
    pub fn new(lists: &CodeLists, calendar: Arc<WorkingCalendar>) -> Self {
        let codes = |name: &str| lists.get(name).map_or(&[][..], |list| list.codes.as_slice());
        let states: Vec<State> = codes("states").iter().map(State::of).collect();
        let state_by_code = states.iter().enumerate().map(|(id, state)| (state.code.clone(), id as u16)).collect();
        let derivations = codes("derivations").iter().map(|code| code.code.clone()).collect();
        Self { states, state_by_code, derivations, calendar }
    }

    /// Hash of everything that timelines depend on beside events and requests: where it differs, those held are made anew.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(format!("{METHOD} {:?} {:?} ", self.states, self.derivations));
        self.calendar.hash(&mut hash);
        let first = hash.finalize().iter().take(8).fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
        format!("{first:016x}")
    }

    /// The calendar.
    pub fn calendar(&self) -> &WorkingCalendar {
        &self.calendar
    }
}
