//! Windows of change time, for servers that give a list only up to a ceiling and know no pages.
//!
//! Windows next to each other share their limit, so that it does not matter which of the two the server counts in; the
//! last one has no end, since nobody knows what time it is there. One that comes back full is halved.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// From when to when; none: without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Window {
    /// Its beginning.
    pub(super) since: Option<Timestamp>,
    /// Its end.
    pub(super) until: Option<Timestamp>,
}

impl Window {
    /// Both halves, the later one first; none when it cannot be halved any more: whole seconds are what servers tell
    /// apart.
    fn halves(self, now: Timestamp) -> Option<[Self; 2]> {
        let since = self.since.unwrap_or(Timestamp::UNIX_EPOCH).as_second();
        let until = self.until.map_or_else(
            // What lies in the future is halved too, in ever greater strides.
            || now.as_second().max(since + 2 * (since - now.as_second()).max(1)),
            Timestamp::as_second,
        );
        let middle = since + (until - since) / 2;
        if middle <= since || middle >= until {
            return None;
        }
        let middle = Some(Timestamp::from_second(middle).ok()?);
        Some([Self { since: middle, until: self.until }, Self { since: self.since, until: middle }])
    }
}

/// The windows still to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Windows {
    /// The one that is being walked, and halves of others: the next one is the last.
    waiting: Vec<Window>,
    /// Where those begin that have not been made yet; none: there are no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    rest: Option<Timestamp>,
    /// Seconds of a window.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<i64>,
}

impl Windows {
    /// The windows of `step` from `since` on, or a single one.
    pub(super) fn new(since: Option<Timestamp>, step: Option<SignedDuration>) -> Self {
        match step.map(|step| step.as_secs()).filter(|step| *step > 0) {
            None => Self { waiting: vec![Window { since, until: None }], rest: None, step: None },
            step => Self { waiting: Vec::new(), rest: Some(since.unwrap_or(Timestamp::UNIX_EPOCH)), step },
        }
    }

    /// The window to walk now; none when all have been walked.
    pub(super) fn current(&mut self, now: Timestamp) -> Option<Window> {
        if self.waiting.is_empty() {
            let since = self.rest?;
            let step = SignedDuration::from_secs(self.step.unwrap_or(i64::MAX));
            self.rest = since.checked_add(step).ok().filter(|until| *until < now);
            // Where time begins there is no limit.
            let since = Some(since).filter(|since| *since > Timestamp::UNIX_EPOCH);
            self.waiting.push(Window { since, until: self.rest });
        }
        self.waiting.last().copied()
    }

    /// The current window has been walked.
    pub(super) fn walked(&mut self) {
        self.waiting.pop();
    }

    /// The current window is full: its halves take its place. False when it cannot be halved.
    pub(super) fn halve(&mut self, now: Timestamp) -> bool {
        let Some(halves) = self.waiting.last().and_then(|window| window.halves(now)) else { return false };
        self.waiting.pop();
        self.waiting.extend(halves);
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn all(mut windows: Windows, now: i64) -> Vec<(Option<i64>, Option<i64>)> {
        let mut told = Vec::new();
        while let Some(window) = windows.current(at(now)) {
            told.push((window.since.map(Timestamp::as_second), window.until.map(Timestamp::as_second)));
            windows.walked();
        }
        told
    }

    #[test]
    fn windows_meet() {
        let step = Some(SignedDuration::from_secs(40));
        assert_eq!(
            all(Windows::new(Some(at(0)), step), 100),
            [(None, Some(40)), (Some(40), Some(80)), (Some(80), None)]
        );
        assert_eq!(all(Windows::new(None, None), 100), [(None, None)]);
        assert_eq!(all(Windows::new(Some(at(500)), step), 100), [(Some(500), None)]);
    }

    #[test]
    fn a_second_is_not_halved() {
        let window = |since, until| Window { since: Some(at(since)), until: Some(at(until)) };
        assert_eq!(window(7, 8).halves(at(100)), None);
        assert_eq!(window(7, 9).halves(at(100)), Some([window(8, 9), window(7, 8)]));
        let open = Window { since: Some(at(500)), until: None };
        assert_eq!(open.halves(at(100)).unwrap()[1], window(500, 900));
    }

    proptest! {
        /// A server that gives no more than `most` records of a window, counting both limits, one or the other.
        #[test]
        fn halving_finds_everything(
            changes in proptest::collection::vec(0_i64..2_000, 0..120),
            most in 2_usize..20, with_since in any::<bool>(), with_until in any::<bool>(),
            stepped in any::<bool>(),
        ) {
            prop_assume!(with_since || with_until);
            let mut found = std::collections::BTreeSet::new();
            let step = stepped.then(|| SignedDuration::from_secs(300));
            let mut windows = Windows::new(None, step);
            let mut crowded = false;
            while let Some(window) = windows.current(at(1_000)) {
                let inside = |second: i64| {
                    let after = window.since.is_none_or(|s| second > s.as_second() || with_since && second == s.as_second());
                    let before = window.until.is_none_or(|u| second < u.as_second() || with_until && second == u.as_second());
                    after && before
                };
                let given: Vec<usize> =
                    changes.iter().enumerate().filter(|(_, second)| inside(**second)).map(|(id, _)| id).take(most).collect();
                if given.len() < most {
                    found.extend(given);
                    windows.walked();
                } else if !windows.halve(at(1_000)) {
                    crowded = true;
                    windows.walked();
                }
            }
            prop_assert!(crowded || found.len() == changes.len());
            let busiest = changes.iter().map(|c| changes.iter().filter(|o| (**o - *c).abs() <= 1).count()).max().unwrap_or(0);
            prop_assert!(!crowded || busiest >= most);
        }
    }
}
