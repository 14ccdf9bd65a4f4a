//! What a run came to: the JSON contract of `run` and `plan`, and the summary a tired person understands.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use vienkop_connectors::registry::{self, EntityDifference, LinkCounts};
use vienkop_transforms::texts::Texts;

use crate::cli::{Exit, output};
use crate::late::Late;
use crate::publish::Publication;

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
    /// Rows: read = mapped + skipped + rejected.
    pub(crate) rows: Rows,
    /// Records per entity.
    pub(crate) records: BTreeMap<String, Counts>,
    /// New services that are, or may be, ones that other sources have delivered.
    pub(crate) matches: Matches,
    /// Findings per code.
    pub(crate) findings: BTreeMap<String, u64>,
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
            rows: Rows::default(),
            records: BTreeMap::new(),
            matches: Matches::default(),
            findings: BTreeMap::new(),
            samples: Vec::new(),
            error,
            status,
            seconds: 0.0,
            notable: Vec::new(),
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
        let notable = self.sources.iter().flat_map(|source| attention(source, texts));
        let late = (!self.late.is_empty()).then(|| Late::lines(&self.late, texts));
        let notable: Vec<String> = notable.chain(late).chain(whole(&self.links, texts)).collect();
        if !notable.is_empty() {
            out.push_str(&format!("\n{}\n", texts.get("cli-attention", &[])));
            out.push_str(&notable.concat());
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
            Exit::Done if self.sources.iter().all(|source| source.quarantined() == 0) => "cli-verdict-late",
            Exit::Done => "cli-verdict-attention",
            Exit::GateFailed | Exit::CouldNotRun => "cli-verdict-failed",
        };
        out.push_str(&format!("\n{}\n", texts.get(verdict, &[])));
        out
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
                let mut cells = vec![source.id.clone()];
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

/// How many sentences of one source the summary shows.
const SHOWN: usize = 4;

fn attention(source: &SourceOutcome, texts: &Texts) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(error) = &source.error {
        lines.push(format!("  {}: {error}\n", source.id));
    }
    if source.matches.merged > 0 {
        let count = source.matches.merged.to_string();
        lines.push(format!("  {}\n", texts.get("cli-merged-of", &[("source", &source.id), ("count", &count)])));
    }
    if source.notable.is_empty() {
        return lines;
    }
    let counts: Vec<String> = source.findings.iter().map(|(code, count)| format!("{code} × {count}")).collect();
    let counts = counts.join(", ");
    lines.push(format!("  {}\n", texts.get("cli-findings-of", &[("source", &source.id), ("counts", &counts)])));
    for (code, sentence) in source.notable.iter().take(SHOWN) {
        lines.push(format!("    {code}  {sentence}\n"));
    }
    if source.notable.len() > SHOWN {
        let more = (source.notable.len() - SHOWN).to_string();
        let args = [("count", more.as_str()), ("source", &source.id)];
        lines.push(format!("    {}\n", texts.get("cli-more-findings", &args)));
    }
    lines
}

/// A line a rule that the registry as a whole breaks.
fn whole(links: &LinkCounts, texts: &Texts) -> Vec<String> {
    let broken = links.iter().filter(|(_, count)| **count > 0);
    let told: Vec<String> = broken
        .map(|(code, count)| format!("    {code} × {count}  {}\n", texts.get(&format!("{code}-title"), &[])))
        .collect();
    let head = (!told.is_empty()).then(|| format!("  {}\n", texts.get("cli-links-of", &[])));
    head.into_iter().chain(told).collect()
}

fn changes(source: &SourceOutcome, texts: &Texts) -> Vec<String> {
    let mut lines = samples(source, texts);
    let total: u64 = source.records.values().map(|c| c.inserted + c.changed + c.retired).sum();
    // A merge is told beside the insert of its record.
    let counted = source.samples.iter().filter(|change| change.kind != "merge");
    let mut shown: Vec<_> = counted.map(|change| (&change.entity, change.kind, &change.key)).collect();
    shown.dedup();
    let more = total.saturating_sub(shown.len() as u64);
    if more > 0 && !lines.is_empty() {
        lines.push(format!("  {}  {}\n", source.id, texts.count("cli-plan-more", &[("count", more)])));
    }
    lines
}

fn samples(source: &SourceOutcome, texts: &Texts) -> Vec<String> {
    source
        .samples
        .iter()
        .map(|change| {
            let kind = texts.get(&format!("cli-plan-kind-{}", change.kind), &[]);
            let empty = texts.get("cli-plan-empty", &[]);
            let (old, new) = (change.old.as_ref().unwrap_or(&empty), change.new.as_ref().unwrap_or(&empty));
            let fields = match &change.field {
                Some(field) => format!("  {field}: {old} → {new}"),
                None if change.kind == "merge" => format!("  {old} = {new}"),
                None => String::new(),
            };
            format!("  {}  {}  {kind}  {}{fields}\n", source.id, change.entity, change.key)
        })
        .collect()
}
