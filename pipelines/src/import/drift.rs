//! Watching a delivery for drift: what each part of the source looks like, held against what was seen when a delivery was
//! loaded last.

use polars::error::PolarsResult;
use vienkop_connectors::registry::Schemas;
use vienkop_transforms::codelist::CodeLists;
use vienkop_transforms::drift::{Drift, Fields, Policy, Profile, Schema, Terms, compare, withhold};
use vienkop_transforms::finding::{self, Finding};
use vienkop_transforms::mapping::{Mapped, TableMapping, TablePlan, map};
use vienkop_transforms::normalise::Normalised;
use vienkop_transforms::normalise::personal::mask;

use super::{Prepared, Table};

/// Stands between the headers that a finding F014 names.
const BETWEEN_HEADERS: &str = ", ";

/// What is watched. The default watches nothing: files that went through before are no news of the source.
#[derive(Default)]
pub(super) struct Watch {
    parts: Vec<Part>,
    /// Place of the part that is read now.
    now: Option<usize>,
    policy: Policy,
    approved: bool,
    /// What is remembered once the delivery is loaded; none: what was.
    pub(super) schemas: Option<Schemas>,
    /// Changes that keep the delivery from being loaded.
    pub(super) holding: usize,
    /// What has changed.
    pub(super) findings: Vec<Finding>,
}

/// What one or more tables read.
struct Part {
    name: String,
    fields: Fields,
    /// As seen last; none: never.
    old: Option<Schema>,
    profile: Profile,
}

impl Watch {
    /// Watches a delivery of the source itself; `seen`: what was seen of it last.
    pub(super) fn new(prepared: &Prepared<'_>, seen: &Schemas, approved: bool) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        for table in &prepared.tables {
            let known = parts.iter().position(|part| part.name == table.part);
            let at = known.unwrap_or_else(|| {
                let (name, old) = (table.part.clone(), seen.get(&table.part).cloned());
                parts.push(Part { name, fields: Fields::default(), old, profile: Profile::default() });
                parts.len() - 1
            });
            parts[at].fields.add(&table.plan);
        }
        let policy = prepared.source.policy.drift;
        Self { parts, policy, approved, ..Self::default() }
    }

    /// A table begins.
    pub(super) fn turn_to(&mut self, table: &Table) {
        self.now = self.parts.iter().position(|part| part.name == table.part);
    }

    fn part(&mut self) -> Option<&mut Part> {
        self.parts.get_mut(self.now?)
    }

    /// Looks at a batch. `mapped`: by the first of the plan's parts.
    pub(super) fn look(&mut self, plan: &TablePlan, mapped: &Mapped, codelists: &CodeLists) -> PolarsResult<()> {
        let policy = self.policy;
        let Some(Part { fields, profile, .. }) = self.part() else { return Ok(()) };
        if plan.events.is_empty() {
            return profile.look(plan, mapped, fields, codelists, policy);
        }
        // Each column of events takes only its own rows.
        let batch = vienkop_transforms::batch::Batch { origin: mapped.origin.clone(), frame: mapped.rows.clone() };
        profile.look(plan, &map(plan, batch)?, fields, codelists, policy)
    }

    /// Marks rows that policy `quarantine` keeps out.
    pub(super) fn withhold(&mut self, batch: &mut Normalised) -> PolarsResult<()> {
        if self.policy != Policy::Quarantine || self.approved {
            return Ok(());
        }
        match self.part() {
            Some(Part { old: Some(old), fields, .. }) => withhold(old, fields, batch),
            _ => Ok(()),
        }
    }

    /// Whether a finding about a column of this delivery is worth telling beside drift: that a column is not mapped
    /// (F013), or is not there (F014), is told as a change when it is one. Notes paths that the reader passed by.
    pub(super) fn leaves(&mut self, finding: &Finding) -> bool {
        let (unmapped, missing) =
            (finding.code == finding::UNMAPPED_COLUMN.code, finding.code == finding::MISSING_COLUMN.code);
        let quiet = self.policy == Policy::Evolve;
        let (Some(column), Some(part)) = (&finding.column, self.part()) else { return true };
        let known = |column: &str| part.old.as_ref().is_some_and(|old| old.column(&mask(column)).is_some());
        let told =
            (unmapped && part.old.is_some() && !known(column)) || (missing && column.split(BETWEEN_HEADERS).any(known));
        quiet || !told
    }

    /// A path that the reader of a format without headers passed by.
    pub(super) fn passes(&mut self, finding: &Finding) {
        if finding.code == finding::UNMAPPED_COLUMN.code
            && let (Some(column), Some(part)) = (finding.column.as_deref(), self.part())
        {
            part.profile.passes(column);
        }
    }

    /// Compares the whole delivery with what was seen last. `whole`: it is all that there is.
    pub(super) fn end(&mut self, whole: bool) -> &[Finding] {
        let (policy, approved) = (self.policy, self.approved);
        let mut schemas = Schemas::new();
        for part in &self.parts {
            let terms = Terms { policy, approved, whole, fields: &part.fields };
            let nothing = Schema::default();
            let drift = match &part.old {
                _ if !part.profile.looked() => {
                    Drift { schema: part.old.clone().unwrap_or_default(), ..Drift::default() }
                }
                Some(old) => compare(old, &part.profile, &terms),
                // The first delivery is as it is.
                None => Drift { schema: compare(&nothing, &part.profile, &terms).schema, ..Drift::default() },
            };
            self.findings.extend(drift.findings);
            self.holding += drift.holding;
            schemas.insert(part.name.clone(), drift.schema);
        }
        if !self.parts.is_empty() {
            self.schemas = Some(schemas);
        }
        &self.findings
    }

    /// What can be said of the columns of a delivery that was refused since one is not there.
    pub(super) fn of_refused(&mut self, refusal: &Finding, whole: bool) -> Vec<Finding> {
        if refusal.code != finding::NOT_FOUND.code {
            return Vec::new();
        }
        let of_columns = [finding::COLUMN_LOST.code, finding::COLUMN_RENAMED.code];
        let told = self.end(whole).iter().filter(|finding| of_columns.contains(&finding.code));
        let told: Vec<Finding> = told.cloned().collect();
        self.findings.clone_from(&told);
        told
    }
}

/// What a table reads, by which what was seen of it is kept: other tables may read the same.
pub(super) fn part(table: &TableMapping) -> String {
    let mut read = serde_json::Map::new();
    if !table.read.is_empty() {
        read.insert("read".to_owned(), serde_json::Value::Object(table.read.clone()));
    }
    if !table.files.is_empty() {
        read.insert("files".to_owned(), table.files.clone().into());
    }
    if read.is_empty() { String::new() } else { serde_json::Value::Object(read).to_string() }
}
