//! What `vienkop schedule` has to do, and when: one pipeline after another, none twice at once, nothing forgotten.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::Timetable;

/// Missed times are counted up to here; then they are "many".
const COUNTED: usize = 1000;

/// A clock that was set back by more than this is believed; by less, what was done is not done again.
const SET_BACK: SignedDuration = SignedDuration::from_hours(1);

/// How a pipeline is to be run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// When.
    pub(crate) timetable: Timetable,
    /// Whether a pipeline whose time passed while nobody was there runs then; otherwise that is only told.
    pub(crate) make_up: bool,
}

/// Failed sources of a run, to be tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Retry {
    /// Not before.
    pub(crate) at: Timestamp,
    /// Which time this is, from 1.
    pub(crate) attempt: u32,
    /// The sources; none: the run as a whole.
    pub(crate) sources: Option<BTreeSet<String>>,
}

/// Times at which a pipeline should have run and did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Missed {
    /// How many, counted up to a thousand.
    pub(crate) number: usize,
    /// The first.
    pub(crate) first: Timestamp,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Task {
    /// The pipeline.
    pub(crate) pipeline: String,
    /// When it was due.
    pub(crate) due: Timestamp,
    /// Times that passed without a run.
    pub(crate) missed: Option<Missed>,
    /// Whether it is to run; otherwise there is only something to tell.
    pub(crate) run: bool,
    /// What is tried again, when that is all.
    pub(crate) retry: Option<Retry>,
}

#[derive(Debug)]
struct Entry {
    plan: Plan,
    /// What was due up to here has been done or told.
    since: Timestamp,
    retry: Option<Retry>,
}

/// Pipelines and what has been done of their timetables.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    entries: BTreeMap<String, Entry>,
}

impl Agenda {
    /// Takes up the plans of the configuration as it is now. A pipeline that is new here starts from `since` where it is
    /// named, otherwise from now; one that is gone is forgotten, its retry too.
    pub(crate) fn renew(&mut self, plans: BTreeMap<String, Plan>, since: &BTreeMap<String, Timestamp>, now: Timestamp) {
        let mut known = std::mem::take(&mut self.entries);
        for (name, plan) in plans {
            let entry = match known.remove(&name) {
                // Another timetable begins now: what it would have said of the past was not said then.
                Some(entry) if entry.plan.timetable != plan.timetable => Entry { since: now, plan, ..entry },
                Some(entry) => Entry { plan, ..entry },
                None => Entry { plan, since: since.get(&name).copied().unwrap_or(now).min(now), retry: None },
            };
            let set_back = entry.since.duration_since(now) > SET_BACK;
            let entry = Entry { since: if set_back { now } else { entry.since }, ..entry };
            self.entries.insert(name, entry);
        }
    }

    /// When there is something to do; none: never.
    pub(crate) fn next(&self) -> Option<(Timestamp, &str)> {
        let of = |entry: &Entry| {
            let due = entry.plan.timetable.after(entry.since);
            [due, entry.retry.as_ref().map(|retry| retry.at)].into_iter().flatten().min()
        };
        self.entries.iter().filter_map(|(name, entry)| Some((of(entry)?, name.as_str()))).min()
    }

    /// The task that is due first, if one is; it counts as done from now on. What was due before `present` was missed:
    /// nobody was there to run it.
    pub(crate) fn take(&mut self, now: Timestamp, present: Timestamp) -> Option<Task> {
        let (due, name) = self.next()?;
        if due > now {
            return None;
        }
        let name = name.to_owned();
        let entry = self.entries.get_mut(&name)?;
        let task = match entry.due(now) {
            // What waits to be tried again is part of a full run.
            Some((missed, last)) => {
                let absent = last < present;
                let run = !absent || entry.plan.make_up;
                if run {
                    entry.retry = None;
                }
                let missed = if absent { Some(missed) } else { missed.but_the_last() };
                Task { pipeline: name, due: last, missed, run, retry: None }
            }
            None => Task { pipeline: name, due, missed: None, run: true, retry: entry.retry.take() },
        };
        entry.since = entry.since.max(now);
        Some(task)
    }

    /// Tells that a pipeline's run has ended; gives the times at which it should have run again meanwhile. They are not
    /// made up for: it has just run.
    pub(crate) fn finished(&mut self, pipeline: &str, now: Timestamp) -> Option<Missed> {
        let entry = self.entries.get_mut(pipeline)?;
        let missed = entry.due(now).map(|(missed, _)| missed);
        entry.since = entry.since.max(now);
        missed
    }

    /// Has something tried again later.
    pub(crate) fn again(&mut self, pipeline: &str, retry: Retry) {
        if let Some(entry) = self.entries.get_mut(pipeline) {
            entry.retry = Some(retry);
        }
    }

    /// Whether anything waits to be tried again.
    pub(crate) fn retries(&self) -> bool {
        self.entries.values().any(|entry| entry.retry.is_some())
    }

    /// The timetable of a pipeline.
    pub(crate) fn timetable(&self, pipeline: &str) -> Option<&Timetable> {
        self.entries.get(pipeline).map(|entry| &entry.plan.timetable)
    }
}

impl Entry {
    /// All times after `since` up to now, and the last of them.
    fn due(&self, now: Timestamp) -> Option<(Missed, Timestamp)> {
        let timetable = &self.plan.timetable;
        let first = timetable.after(self.since).filter(|at| *at <= now)?;
        let all = std::iter::successors(Some(first), |at| timetable.after(*at)).take_while(|at| *at <= now);
        let (number, last) = all.take(COUNTED).fold((0, first), |(number, _), at| (number + 1, at));
        let latest = if number == COUNTED { timetable.until(now).unwrap_or(last) } else { last };
        Some((Missed { number, first }, latest))
    }
}

impl Missed {
    /// The same without the last of them.
    fn but_the_last(self) -> Option<Self> {
        let number = if self.is_many() { self.number } else { self.number - 1 };
        (number > 0).then_some(Self { number, ..self })
    }

    /// Whether there are more than were counted.
    pub(crate) const fn is_many(&self) -> bool {
        self.number >= COUNTED
    }
}
