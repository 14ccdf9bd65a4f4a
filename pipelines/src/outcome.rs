//! What a run came to: the JSON contract of `run` and `plan`, and the summary a tired person understands.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use vienkop_transforms::texts::Texts;

use crate::cli::{Exit, output};

/// A run or a plan.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Number of the run; none for a plan.
    pub run: Option<i64>,
    /// `clean`, `attention` or `failed`.
    pub status: &'static str,
    /// What each source came to, in the order they ran.
    pub sources: Vec<SourceOutcome>,
    /// Reports written.
    pub reports: Vec<PathBuf>,
}

/// What one source came to.
#[derive(Debug, Serialize)]
pub struct SourceOutcome {
    /// Id of the source.
    pub id: String,
    /// Rows: read = mapped + skipped + rejected.
    pub rows: Rows,
    /// Records per entity.
    pub records: BTreeMap<String, Counts>,
    /// Findings per code.
    pub findings: BTreeMap<String, u64>,
    /// Samples of what changes (plan only).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<Change>,
    /// Why the source's data were not loaded.
    pub error: Option<String>,
    /// `ok`, `failed`, `gate` or `approval`.
    pub status: &'static str,
    /// How long it took.
    pub seconds: f64,
    /// What a person should see first: (code, sentence).
    #[serde(skip)]
    pub notable: Vec<(String, String)>,
}

/// Rows of a source's files.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub struct Rows {
    /// Rows below the header.
    pub read: u64,
    /// Rows that became records.
    pub mapped: u64,
    /// Rows left out by a declared rule.
    pub skipped: u64,
    /// Rows that could not be read as one.
    pub rejected: u64,
}

/// Records of one entity. mapped = accepted + quarantined + duplicates; accepted = inserted + changed + unchanged.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub struct Counts {
    /// Records made of rows.
    pub mapped: u64,
    /// Records within the rules.
    pub accepted: u64,
    /// Records rejected.
    pub quarantined: u64,
    /// Records delivered again in the same delivery.
    pub duplicates: u64,
    /// New to the registry.
    pub inserted: u64,
    /// Known, with another content.
    pub changed: u64,
    /// No longer delivered.
    pub retired: u64,
    /// Known, with the same content.
    pub unchanged: u64,
}

/// A change that a plan shows.
#[derive(Debug, Serialize)]
pub struct Change {
    /// The entity.
    pub entity: String,
    /// `insert`, `change` or `retire`.
    pub kind: String,
    /// Key of the record.
    pub key: String,
    /// Field that changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What the registry holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// What the source delivers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

impl SourceOutcome {
    /// Sums over the entities (children are parts of their records and not counted again).
    pub fn total(&self) -> Counts {
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
    pub fn quarantined(&self) -> u64 {
        self.rows.rejected + self.records.values().map(|counts| counts.quarantined).sum::<u64>()
    }

    fn state(&self) -> &'static str {
        match self.status {
            "failed" => "cli-state-failed",
            "gate" => "cli-state-gate",
            "approval" => "cli-state-approval",
            _ if self.rows.mapped == 0 => "cli-state-nothing",
            _ if self.quarantined() > 0 => "cli-state-attention",
            _ => "cli-state-ok",
        }
    }
}

impl Outcome {
    /// Makes the outcome of its sources.
    pub fn new(run: Option<i64>, sources: Vec<SourceOutcome>, reports: Vec<PathBuf>) -> Self {
        let failed = sources.iter().any(|source| source.status != "ok");
        let quarantined = sources.iter().any(|source| source.quarantined() > 0);
        let status = match (failed, quarantined) {
            (true, _) => "failed",
            (false, true) => "attention",
            (false, false) => "clean",
        };
        Self { run, status, sources, reports }
    }

    /// How the program ends.
    pub fn exit(&self, strict: bool) -> Exit {
        let of_source = |source: &SourceOutcome| match source.status {
            "approval" => Exit::ApprovalNeeded,
            "failed" | "gate" => Exit::GateFailed,
            _ if strict && source.quarantined() > 0 => Exit::GateFailed,
            _ => Exit::Done,
        };
        self.sources.iter().map(of_source).fold(Exit::Done, Exit::and)
    }

    /// The closing summary.
    pub fn summary(&self, texts: &Texts, title: &str) -> String {
        let mut out = format!("{title}\n\n");
        out.push_str(&self.table(texts));
        let notable: Vec<String> = self.sources.iter().flat_map(|source| attention(source, texts)).collect();
        if !notable.is_empty() {
            out.push_str(&format!("\n{}\n", texts.get("cli-attention", &[])));
            out.push_str(&notable.concat());
        }
        let samples: Vec<String> = self.sources.iter().flat_map(|source| changes(source, texts)).collect();
        if !samples.is_empty() {
            out.push_str(&format!("\n{}", samples.concat()));
        }
        if !self.reports.is_empty() {
            out.push_str(&format!("\n{}\n", texts.get("cli-reports", &[])));
            for path in &self.reports {
                out.push_str(&format!("  {}\n", path.display()));
            }
        }
        let verdict = match self.exit(false) {
            Exit::ApprovalNeeded => "cli-verdict-approval",
            Exit::Done if self.status == "clean" => "cli-verdict-clean",
            Exit::Done => "cli-verdict-attention",
            Exit::GateFailed | Exit::CouldNotRun => "cli-verdict-failed",
        };
        out.push_str(&format!("\n{}\n", texts.get(verdict, &[])));
        out
    }

    fn table(&self, texts: &Texts) -> String {
        let names = [
            "source", "read", "accepted", "quarantined", "inserted", "changed", "retired", "unchanged", "seconds",
            "state",
        ];
        let header: Vec<String> = names.iter().map(|name| texts.get(&format!("cli-col-{name}"), &[])).collect();
        let rows: Vec<Vec<String>> = self
            .sources
            .iter()
            .map(|source| {
                let total = source.total();
                let mut cells = vec![source.id.clone(), source.rows.read.to_string(), total.accepted.to_string()];
                cells.push(source.quarantined().to_string());
                cells.extend([total.inserted, total.changed, total.retired, total.unchanged].map(|n| n.to_string()));
                cells.push(format!("{:.1}", source.seconds));
                cells.push(texts.get(source.state(), &[]));
                cells
            })
            .collect();
        output::table(&header, &rows, &[1, 2, 3, 4, 5, 6, 7, 8])
    }
}

/// How many sentences of one source the summary shows.
const SHOWN: usize = 4;

fn attention(source: &SourceOutcome, texts: &Texts) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(error) = &source.error {
        lines.push(format!("  {}: {error}\n", source.id));
    }
    if source.notable.is_empty() {
        return lines;
    }
    let counts: Vec<String> = source.findings.iter().map(|(code, count)| format!("{code} × {count}")).collect();
    let counts = counts.join(", ");
    lines.push(format!(
        "  {}\n",
        texts.get("cli-findings-of", &[("source", &source.id), ("counts", &counts)])
    ));
    for (code, sentence) in source.notable.iter().take(SHOWN) {
        lines.push(format!("    {code}  {sentence}\n"));
    }
    if source.notable.len() > SHOWN {
        let more = (source.notable.len() - SHOWN) as u64;
        lines.push(format!("    {}\n", texts.count("cli-more-findings", &[("count", more)])));
    }
    lines
}

fn changes(source: &SourceOutcome, texts: &Texts) -> Vec<String> {
    source
        .samples
        .iter()
        .map(|change| {
            let kind = texts.get(&format!("cli-plan-kind-{}", change.kind), &[]);
            let empty = texts.get("cli-plan-empty", &[]);
            let fields = change.field.as_ref().map_or_else(String::new, |field| {
                let old = change.old.as_ref().unwrap_or(&empty);
                let new = change.new.as_ref().unwrap_or(&empty);
                format!("  {field}: {old} → {new}")
            });
            format!("  {}  {}  {kind}  {}{fields}\n", source.id, change.entity, change.key)
        })
        .collect()
}
