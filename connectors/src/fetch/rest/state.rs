//! What a fetch has come to: where it stands, and what it has met.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use vienkop_transforms::finding::Finding;

use super::notes::Line;
use super::paging::{Met, Walk};
use super::windows::Windows;

/// Where a fetch stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    pub(super) windows: Windows,
    pub(super) walk: Walk,
    /// Number of the walk along the list, over all windows.
    pub(super) segment: u32,
    /// Number of the walk along the list of this window.
    pub(super) pass: u32,
}

/// What a fetch has come to so far.
pub(super) struct State {
    pub(super) position: Position,
    /// By the digest of the id: the digest of what it was met with, and the last walk that met it.
    pub(super) seen: HashMap<u128, (u128, u32)>,
    /// Digests of the pages and links of this walk.
    pub(super) met: Met,
    pub(super) greatest: Option<Timestamp>,
    pub(super) records: u64,
    pub(super) documents: u64,
    pub(super) held_back: bool,
    pub(super) findings: Vec<Finding>,
}

impl State {
    pub(super) fn new(since: Option<Timestamp>, step: Option<SignedDuration>) -> Self {
        Self {
            position: Position { windows: Windows::new(since, step), walk: Walk::default(), segment: 0, pass: 1 },
            seen: HashMap::new(),
            met: Met::default(),
            greatest: None,
            records: 0,
            documents: 0,
            held_back: false,
            findings: Vec::new(),
        }
    }

    /// Brings in what is noted.
    pub(super) fn replay(&mut self, line: &Line) {
        for (id, version) in &line.seen {
            self.seen.insert(id.0, (version.0, line.segment));
        }
        for digest in &line.met {
            self.met.insert(digest.0);
        }
        self.met.news();
        if let Some(position) = &line.position {
            if position.segment != line.segment {
                self.met.clear();
            }
            self.position = position.clone();
        }
        self.greatest = self.greatest.max(line.greatest);
        self.records = line.records;
        self.documents += u64::from(line.landed.is_some());
        self.held_back |= line.held_back;
        self.findings.extend(line.findings.iter().filter_map(|noted| noted.clone().finding()));
    }
}
