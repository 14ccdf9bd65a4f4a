//! Notes of a fetch that is under way, so that the next one goes on where it broke off.
//!
//! A file with a line for each page that was dealt with, written after its document has landed. A line that is not
//! whole, and what follows it, does not count. The first line says what is asked; notes of anything else, or of more
//! than a day ago, are thrown away. They hold digests of ids, never the ids themselves.

use std::io::{self, Write as _};
use std::path::Path;

use fs_err as fs;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use vienkop_transforms::finding::{self, Finding, Severity};

use super::state::Position;
use crate::kill::kill_point;
use crate::landing::LandingZone;

/// Older notes do not count.
const FRESH: SignedDuration = SignedDuration::from_hours(24);
const VERSION: u32 = 1;

/// Notes that are being taken; without a file they are taken nowhere.
pub(super) struct Notes {
    file: Option<fs::File>,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Asked {
    version: u32,
    /// Digest of the options.
    digest: String,
    /// The cursor that it began at.
    cursor: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    #[serde(flatten)]
    asked: Asked,
    /// The moment that the run was about.
    now: Timestamp,
    /// When it began by the server's clock.
    began: Option<Timestamp>,
}

/// What was done with a page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Line {
    /// The document that landed, if there was anything to land: its name and hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) landed: Option<(String, String)>,
    /// Where the fetch stands afterwards; none: in the middle of the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) position: Option<Position>,
    /// The walk along the list that the next two belong to.
    pub(super) segment: u32,
    /// Digests of ids and what they were met with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) seen: Vec<(Digest, Digest)>,
    /// Digests of pages and links.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) met: Vec<Digest>,
    /// The greatest change time so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) greatest: Option<Timestamp>,
    /// Records so far.
    pub(super) records: u64,
    /// Whether a record was left out that the cursor must not pass.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) held_back: bool,
    /// What was found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) findings: Vec<Noted>,
}

/// A digest in hex digits: JSON has no numbers of that size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Digest(pub(super) u128);

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:032x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16).map(Self).map_err(serde::de::Error::custom)
    }
}

/// A finding as it is noted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Noted {
    code: String,
    severity: String,
    key: Option<String>,
    column: Option<String>,
    cell: Option<String>,
    value: Option<String>,
    expected: Option<String>,
    hint: Option<String>,
}

impl From<&Finding> for Noted {
    fn from(finding: &Finding) -> Self {
        Self {
            code: finding.code.to_owned(),
            severity: finding.severity.to_owned(),
            key: finding.record_key.clone(),
            column: finding.column.clone(),
            cell: finding.cell.clone(),
            value: finding.value.clone(),
            expected: finding.expected.clone(),
            hint: finding.hint.clone(),
        }
    }
}

impl Noted {
    /// The finding; none when its rule is not known any more.
    pub(super) fn finding(self) -> Option<Finding> {
        let severities = [Severity::Info, Severity::Warning, Severity::Error];
        let severity = severities.into_iter().find(|severity| severity.as_str() == self.severity)?;
        Some(Finding {
            severity: severity.as_str(),
            record_key: self.key,
            column: self.column,
            cell: self.cell,
            value: self.value,
            expected: self.expected,
            hint: self.hint,
            ..Finding::of(finding::rule(&self.code)?)
        })
    }
}

impl Asked {
    pub(super) fn new(asked: &str, cursor: Option<&str>) -> Self {
        Self { version: VERSION, digest: asked.to_owned(), cursor: cursor.map(str::to_owned) }
    }
}

/// Notes that a fetch can go on from.
pub(super) struct Kept {
    /// The moment of the run in which it began.
    pub(super) now: Timestamp,
    /// When it began by the server's clock.
    pub(super) began: Option<Timestamp>,
    /// What was done.
    pub(super) lines: Vec<Line>,
}

/// Reads notes, if a fetch can go on from them.
pub(super) fn read(path: &Path, asked: &Asked, now: Timestamp, landing: &LandingZone) -> Option<Kept> {
    let text = fs::read_to_string(path).ok()?;
    let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let head: Head = serde_json::from_str(lines.next()?).ok()?;
    let age = now.duration_since(head.now);
    if head.asked != *asked || age.is_negative() || age > FRESH {
        return None;
    }
    let lines: Vec<Line> = lines.map_while(|line| serde_json::from_str(line).ok()).collect();
    // What landed may have expired, or be damaged.
    let whole = |line: &Line| {
        line.landed.as_ref().is_none_or(|(_, sha256)| landing.verify(sha256).is_ok_and(|verified| verified))
    };
    let usable = !lines.is_empty() && lines.iter().all(whole);
    usable.then_some(Kept { now: head.now, began: head.began, lines })
}

impl Notes {
    /// Nowhere.
    pub(super) const fn none() -> Self {
        Self { file: None }
    }

    /// Takes notes in a new file, beginning with those that the fetch goes on from.
    pub(super) fn begin(
        path: &Path,
        asked: &Asked,
        now: Timestamp,
        began: Option<Timestamp>,
        lines: &[Line],
    ) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            crate::landing::make_private_folder(folder, "fetch: make folder of notes")?;
        }
        kill_point("fetch: begin notes");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use fs_err::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut notes = Self { file: Some(options.open(path)?) };
        notes.write(&Head { asked: asked.clone(), now, began })?;
        for line in lines {
            notes.write(line)?;
        }
        Ok(notes)
    }

    /// Notes what was done with a page.
    pub(super) fn note(&mut self, line: &Line) -> io::Result<()> {
        if self.file.is_none() {
            return Ok(());
        }
        kill_point("fetch: note");
        self.write(line)
    }

    fn write(&mut self, line: &impl Serialize) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        file.write_all(&bytes)
    }
}

/// Removes the notes: the fetch has ended, or is not worth going on with.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    kill_point("fetch: remove notes");
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
