//! What a run came to: the JSON contract of `run` and `plan`, and the summary a tired person understands.

mod summary;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use vienkop_connectors::registry::{self, EntityDifference, LinkCounts};
use vienkop_transforms::finding::Finding;
use vienkop_transforms::texts::Texts;

use crate::cli::{Exit, output};
use crate::import::Retry;
use crate::late::Late;
use crate::publish::Publication;
use summary::{attention, changes, whole};

/// A run or a plan.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    /// Number of the run; none for a plan.
    pub(crate) run: Option<i64>,
    /// `clean`, `attention` or `failed`.
    pub(crate) status: &'static str,
    /// What each source came to, in the order they ran.
    pub(crate) sources: Vec<SourceOutcome>,
    /// Findings of the registry as a whole, per code; information about its content that leaves the status alone.
    pub(crate) links: LinkCounts,
    /// Sources that have given nothing new for longer than they should.
    pub(crate) late: Vec<Late>,
    /// What was published; none: the pipeline publishes nothing, or the run did not come to that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) publication: Option<Publication>,
    /// Reports written.
    pub(crate) reports: Vec<PathBuf>,
    /// Why it stopped before its last source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// What else a person should know.
    #[serde(skip)]
    pub(crate) notes: Vec<String>,
}

/// What one source came to.
#[derive(Debug, Serialize)]
pub(crate) struct SourceOutcome {
    /// Id of the source.
    pub(crate) id: String,
    /// The file in its inbox that this is about; none: what was fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    /// The run of that file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) run: Option<i64>,
    /// Where that file has been put away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) moved: Option<PathBuf>,
    /// Rows: read = mapped + skipped + rejected.
    pub(crate) rows: Rows,
    /// Records per entity.
    pub(crate) records: BTreeMap<String, Counts>,
    /// New services that are, or may be, ones that other sources have delivered.
    pub(crate) matches: Matches,
    /// Findings per code.
    pub(crate) findings: BTreeMap<String, u64>,
    /// What has changed in what the source delivers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) drift: Vec<Drifted>,
    /// Whom to tell of it.
    #[serde(skip)]
    pub(crate) contact: Option<String>,
    /// What stood in quarantine and could not go through again (`quarantine retry` only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retried: Option<Retried>,
    /// Samples of what changes (plan only).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) samples: Vec<Change>,
    /// Why the source's data were not loaded.
    pub(crate) error: Option<String>,
    /// How it ended.
    pub(crate) status: Status,
    /// How long it took.
    pub(crate) seconds: f64,
    /// What a person should see first: (code, sentence).
    #[serde(skip)]
    pub(crate) notable: Vec<(String, String)>,
}

/// What stays in quarantine since it could not go through again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Retried {
    /// Files that are no longer kept, and how many records came with each.
    pub(crate) gone: Vec<GoneFile>,
    /// Records of deliveries of which nothing was loaded: the source must be run again.
    pub(crate) held: usize,
    /// Records of which the registry holds something newer, as `source#number`.
    pub(crate) newer: Vec<String>,
    /// Records of rows that the source's tables no longer read.
    pub(crate) unread: Vec<String>,
}

/// A landed file that is no longer kept, or no longer what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct GoneFile {
    /// Its name.
    pub(crate) file: String,
    /// The day it landed.
    pub(crate) landed: String,
    /// How many records of it stay in quarantine.
    pub(crate) records: usize,
}

/// How many numbers a line names.
const NUMBERS: usize = 5;

impl Retried {
    pub(crate) fn of(source: &str, retry: &Retry) -> Self {
        let named = |ids: Vec<i64>| ids.into_iter().map(|id| format!("{source}#{id}")).collect();
        Self { newer: named(retry.newer()), unread: named(retry.unread()), ..Self::default() }
    }

    /// Whether something asked for could not be done.
    const fn lacks(&self) -> bool {
        !self.gone.is_empty() || self.held > 0 || !self.unread.is_empty()
    }

    fn lines(&self, source: &str, texts: &Texts) -> Vec<String> {
        let few = |ids: &[String]| {
            let more = if ids.len() > NUMBERS { " …" } else { "" };
            format!("{}{more}", ids.iter().take(NUMBERS).cloned().collect::<Vec<_>>().join(", "))
        };
        let mut lines = Vec::new();
        for gone in &self.gone {
            let args = [("file", gone.file.as_str()), ("landed", &gone.landed), ("count", &gone.records.to_string())];
            lines.push(texts.get("cli-retry-gone", &args));
        }
        if self.held > 0 {
            lines.push(texts.get("cli-retry-held", &[("source", source), ("count", &self.held.to_string())]));
        }
        for (sentence, ids) in [("cli-retry-newer", &self.newer), ("cli-retry-unread", &self.unread)] {
            if !ids.is_empty() {
                lines.push(texts.get(sentence, &[("count", &ids.len().to_string()), ("ids", &few(ids))]));
            }
        }
        lines.into_iter().map(|line| format!("  {source}: {line}\n")).collect()
    }
}

/// A change in what a source delivers, since the last delivery that was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Drifted {
    /// Code of the rule.
    pub(crate) code: &'static str,
    /// How grave it is.
    pub(crate) severity: &'static str,
    /// Entity that is made of it.
    pub(crate) entity: String,
    /// Column.
    pub(crate) column: Option<String>,
    /// What it was like (forms of values by example), or which code list should know it.
    pub(crate) expected: Option<String>,
    /// Its new name, the forms of its values now, the new code.
    pub(crate) value: Option<String>,
    /// The sentence.
    pub(crate) message: String,
}

impl Drifted {
    pub(crate) fn new(finding: &Finding, message: String) -> Self {
        Self {
            code: finding.code,
            severity: finding.severity,
            entity: finding.entity.clone(),
            column: finding.column.clone(),
            expected: finding.expected.clone(),
            value: finding.value.clone(),
            message,
        }
    }
}

/// New services recognised by score.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Matches {
    /// Merged with the one that they are.
    pub(crate) merged: u64,
    /// Pairs that wait for a person (`vienkop review list`).
    pub(crate) review: u64,
}

/// Rows of a source's files.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub(crate) struct Rows {
    /// Rows below the header.
    pub(crate) read: u64,
    /// Rows that became records.
    pub(crate) mapped: u64,
    /// Rows left out by a declared rule.
    pub(crate) skipped: u64,
    /// Rows that could not be read as one.
    pub(crate) rejected: u64,
}

/// Records of one entity. mapped = accepted + quarantined + duplicates; accepted = inserted + changed + unchanged.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub(crate) struct Counts {
    /// Records made of rows.
    pub(crate) mapped: u64,
    /// Records within the rules.
    pub(crate) accepted: u64,
    /// Records rejected.
    pub(crate) quarantined: u64,
    /// Records delivered again in the same delivery.
    pub(crate) duplicates: u64,
    /// New to the registry.
    pub(crate) inserted: u64,
    /// Known, with another content.
    pub(crate) changed: u64,
    /// No longer delivered.
    pub(crate) retired: u64,
    /// Known, with the same content.
    pub(crate) unchanged: u64,
}

/// A change that a plan shows.
#[derive(Debug, Serialize)]
pub(crate) struct Change {
    /// The entity.
    pub(crate) entity: String,
    /// `insert`, `change`, `retire` or `merge` (old: the name delivered, new: the name of what it is).
    pub(crate) kind: &'static str,
    /// Key of the record.
    pub(crate) key: String,
    /// Field that changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    /// What the registry holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) old: Option<String>,
    /// What the source delivers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) new: Option<String>,
}

/// How a source ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// Loaded.
    Ok,
    /// Could not be read to its end.
    Failed,
    /// Too much in quarantine.
    Gate,
    /// Waits for approval.
    Approval,
    /// Not reached, or not to its end, since the run stopped before.
    #[serde(rename = "not_run")]
    NotRun,
}

impl Status {
    /// The word in JSON and logs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Gate => "gate",
            Self::Approval => "approval",
            Self::NotRun => "not_run",
        }
    }
}

impl From<Rows> for registry::Rows {
    fn from(rows: Rows) -> Self {
        Self { read: rows.read, mapped: rows.mapped, skipped: rows.skipped, rejected: rows.rejected }
    }
}

impl From<registry::Rows> for Rows {
    fn from(rows: registry::Rows) -> Self {
        Self { read: rows.read, mapped: rows.mapped, skipped: rows.skipped, rejected: rows.rejected }
    }
}

impl From<&EntityDifference> for Counts {
    fn from(of: &EntityDifference) -> Self {
        // Counts of rows: never negative.
        let count = i64::unsigned_abs;
        Self {
            mapped: count(of.mapped),
            accepted: count(of.accepted),
            quarantined: count(of.quarantined),
            duplicates: count(of.duplicates),
            inserted: count(of.inserted),
            changed: count(of.changed),
            retired: count(of.retired),
            unchanged: count(of.unchanged),
        }
    }
}

impl From<&registry::Sample> for Change {
    fn from(sample: &registry::Sample) -> Self {
        let kind = match sample.change {
            registry::Change::Inserted => "insert",
            registry::Change::Changed => "change",
            registry::Change::Retired => "retire",
            registry::Change::Merged => "merge",
        };
        Self {
            entity: sample.entity.clone(),
            kind,
            key: sample.key.clone().unwrap_or_default(),
            field: sample.field.clone(),
            old: sample.old.clone(),
            new: sample.new.clone(),
        }
    }
}

impl SourceOutcome {
    /// A source of which nothing is loaded because the run stopped.
    pub(crate) fn not_loaded(id: &str, status: Status, error: Option<String>) -> Self {
        Self {
            id: id.to_owned(),
            file: None,
            run: None,
            moved: None,
            rows: Rows::default(),
            records: BTreeMap::new(),
            matches: Matches::default(),
            findings: BTreeMap::new(),
            drift: Vec::new(),
            contact: None,
            retried: None,
            samples: Vec::new(),
            error,
            status,
            seconds: 0.0,
            notable: Vec::new(),
        }
    }

    /// The source as people read it, with the file in its inbox.
    pub(crate) fn name(&self) -> String {
        match &self.file {
            Some(file) => format!("{} ({file})", self.id),
            None => self.id.clone(),
        }
    }

    /// Sums over the entities (children are parts of their records and not counted again).
    pub(crate) fn total(&self) -> Counts {
        let mut total = Counts::default();
        for (_, counts) in self.records.iter().filter(|(name, _)| !name.contains('.') || self.only_children()) {
            total.mapped += counts.mapped;
            total.accepted += counts.accepted;
            total.quarantined += counts.quarantined;
            total.duplicates += counts.duplicates;
            total.inserted += counts.inserted;
            total.changed += counts.changed;
            total.retired += counts.retired;
            total.unchanged += counts.unchanged;
        }
        total
    }

    fn only_children(&self) -> bool {
        self.records.keys().all(|name| name.contains('.'))
    }

    /// Records and rows in quarantine, children's too.
    pub(crate) fn quarantined(&self) -> u64 {
        self.rows.rejected + self.records.values().map(|counts| counts.quarantined).sum::<u64>()
    }

    /// How the program would end, were this the only source.
    pub(crate) fn exit(&self, strict: bool) -> Exit {
        match self.status {
            Status::Approval => Exit::ApprovalNeeded,
            Status::Failed | Status::Gate => Exit::GateFailed,
            Status::Ok if strict && self.quarantined() > 0 => Exit::GateFailed,
            Status::Ok if self.retried.as_ref().is_some_and(Retried::lacks) => Exit::GateFailed,
            Status::Ok => Exit::Done,
            Status::NotRun => Exit::CouldNotRun,
        }
    }

    fn state(&self) -> &'static str {
        match self.status {
            Status::Failed => "cli-state-failed",
            Status::Gate => "cli-state-gate",
            Status::Approval => "cli-state-approval",
            Status::NotRun => "cli-state-not-run",
            Status::Ok if self.rows.mapped == 0 => "cli-state-nothing",
            Status::Ok if self.quarantined() > 0 => "cli-state-attention",
            Status::Ok => "cli-state-ok",
        }
    }
}

impl Outcome {
    /// Makes the outcome of its sources.
    pub(crate) fn new(run: Option<i64>, sources: Vec<SourceOutcome>, late: Vec<Late>, error: Option<String>) -> Self {
        let status = if error.is_some() { "failed" } else { Self::status(&sources, &late) };
        let links = LinkCounts::new();
        Self { run, status, sources, links, late, publication: None, reports: Vec::new(), error, notes: Vec::new() }
    }

    /// `clean`, `attention` or `failed`.
    pub(crate) fn status(sources: &[SourceOutcome], late: &[Late]) -> &'static str {
        let failed = sources.iter().any(|source| source.status != Status::Ok);
        let quarantined = sources.iter().any(|source| source.quarantined() > 0);
        match failed {
            true => "failed",
            false if quarantined || !late.is_empty() => "attention",
            false => "clean",
        }
    }

    /// Notes what was published; what another register did not take is something to look at.
    pub(crate) fn published(&mut self, publication: Publication) {
        if publication.is_left() && self.status == "clean" {
            self.status = "attention";
        }
        self.publication = Some(publication);
    }

    /// Whether another register has not taken something.
    fn is_left_of_delivery(&self) -> bool {
        self.publication.as_ref().is_some_and(Publication::is_left)
    }

    /// How the program ends.
    pub(crate) fn exit(&self, strict: bool) -> Exit {
        let whole = if self.error.is_some() { Exit::CouldNotRun } else { Exit::Done };
        let whole = self.publication.as_ref().map_or(whole, |publication| whole.and(publication.exit(strict)));
        self.sources.iter().map(|source| source.exit(strict)).fold(whole, Exit::and)
    }

    /// The closing summary. `publication`: what is told of that.
    pub(crate) fn summary(&self, texts: &Texts, title: &str, publication: Option<&str>, exit: Exit) -> String {
        let mut out = format!("{title}\n\n");
        out.push_str(&self.table(texts));
        let notable = self.attention(texts);
        if !notable.is_empty() {
            out.push_str(&format!("\n{}\n{notable}", texts.get("cli-attention", &[])));
        }
        let samples: Vec<String> = self.sources.iter().flat_map(|source| changes(source, texts)).collect();
        if !samples.is_empty() {
            out.push_str(&format!("\n{}", samples.concat()));
        }
        if let Some(publication) = publication {
            out.push_str(&format!("\n{}\n{publication}", texts.get("cli-publish-head", &[])));
        }
        if !self.reports.is_empty() {
            out.push_str(&format!("\n{}\n", texts.get("cli-reports", &[])));
            let (tables, documents): (Vec<_>, Vec<_>) =
                self.reports.iter().partition(|path| path.extension().is_some_and(|extension| extension == "csv"));
            for path in documents {
                out.push_str(&format!("  {}\n", path.display()));
            }
            if let Some(folder) = tables.first().and_then(|path| path.parent()) {
                out.push_str(&format!("  {} ({} csv)\n", folder.join("").display(), tables.len()));
            }
        }
        for note in &self.notes {
            out.push_str(&format!("\n{note}\n"));
        }
        let verdict = match exit {
            _ if self.error.is_some() => "cli-verdict-broken",
            _ if self.run.is_none() => "cli-plan-verdict",
            Exit::ApprovalNeeded if self.sources.iter().all(|source| source.status != Status::Approval) => {
                "cli-verdict-publication"
            }
            Exit::ApprovalNeeded => "cli-verdict-approval",
            Exit::Done if self.status == "clean" => "cli-verdict-clean",
            Exit::Done if self.sources.iter().any(|source| source.quarantined() > 0) => "cli-verdict-attention",
            Exit::Done if !self.late.is_empty() => "cli-verdict-late",
            Exit::Done => "cli-verdict-delivery",
            Exit::GateFailed
                if self.is_left_of_delivery() && self.sources.iter().all(|source| source.status == Status::Ok) =>
            {
                "cli-verdict-delivery"
            }
            Exit::GateFailed | Exit::CouldNotRun => "cli-verdict-failed",
        };
        out.push_str(&format!("\n{}\n", texts.get(verdict, &[])));
        out
    }

    /// What a person should look at.
    pub(crate) fn attention(&self, texts: &Texts) -> String {
        let notable = self.sources.iter().flat_map(|source| attention(source, texts));
        let late = (!self.late.is_empty()).then(|| Late::lines(&self.late, texts));
        notable.chain(late).chain(whole(&self.links, texts)).collect()
    }

    fn table(&self, texts: &Texts) -> String {
        let names = [
            "source",
            "read",
            "skipped",
            "accepted",
            "quarantined",
            "inserted",
            "changed",
            "retired",
            "unchanged",
            "seconds",
            "state",
        ];
        let header: Vec<String> = names.iter().map(|name| texts.get(&format!("cli-col-{name}"), &[])).collect();
        let rows: Vec<Vec<String>> = self
            .sources
            .iter()
            .map(|source| {
                let total = source.total();
                let mut cells = vec![source.name()];
                cells.extend([source.rows.read, source.rows.skipped, total.accepted].map(|n| n.to_string()));
                cells.push(source.quarantined().to_string());
                cells.extend([total.inserted, total.changed, total.retired, total.unchanged].map(|n| n.to_string()));
                cells.push(format!("{:.1}", source.seconds));
                cells.push(texts.get(source.state(), &[]));
                cells
            })
            .collect();
        output::table(&header, &rows, &[1, 2, 3, 4, 5, 6, 7, 8, 9])
    }
}
