//! A source ready to run: what its file declares, compiled.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context as _;
use glob::Pattern;
use vienkop_connectors::fetch;
use vienkop_connectors::format::{self, TableReader};
use vienkop_connectors::registry::Priority;
use vienkop_transforms::batch::LocatorKind;
use vienkop_transforms::finding::{self, Finding};
use vienkop_transforms::mapping::{TableMapping, TablePlan};
use vienkop_transforms::model::rank;
use vienkop_transforms::normalise::PseudonymKey;
use vienkop_transforms::normalise::personal::mask;

use super::drift;
use super::tally::Tally;
use crate::cli::session::Session;
use crate::config::{Delivers, Source};

/// A source ready to run: what its file declares, compiled.
pub(crate) struct Prepared<'a> {
    /// What its file declares.
    pub(crate) source: &'a Source,
    /// Who brings its deliveries.
    pub(super) fetcher: Box<dyn fetch::Fetch>,
    /// Its tables, as they stand in its file.
    pub(crate) tables: Vec<Table>,
    /// Columns that any of the tables names.
    pub(super) wanted: BTreeSet<String>,
    /// Columns that identify persons in any of the tables.
    pub(crate) hidden: BTreeSet<String>,
    /// What rows of its own files are counted in.
    pub(crate) locator: LocatorKind,
    /// The key of its pseudonyms, where it has any.
    pub(crate) key: Option<PseudonymKey>,
}

/// One table of a source: what its rows become, who reads it, and which files it is in.
pub(crate) struct Table {
    /// What its rows become.
    pub(crate) plan: TablePlan,
    /// Who reads it.
    pub(crate) reader: Arc<dyn TableReader>,
    /// What it reads, by which its schema is remembered.
    pub(super) part: String,
    /// Names or patterns; none: every file.
    pub(super) files: Vec<Pattern>,
}

impl Table {
    /// A table that is in whatever file it is read from.
    pub(crate) fn of(plan: TablePlan, reader: Arc<dyn TableReader>) -> Self {
        Self { plan, reader, part: String::new(), files: Vec::new() }
    }

    /// Whether the table is in the file of that name.
    pub(crate) fn is_in(&self, name: &str) -> bool {
        self.files.is_empty() || self.files.iter().any(|file| file.as_str() == name || file.matches(name))
    }
}

impl<'a> Prepared<'a> {
    /// Compiles what a source's file declares.
    pub(crate) fn new(session: &Session, source: &'a Source) -> anyhow::Result<Self> {
        let mut prepared = Self::compiled(session, source, |_| None)?;
        if prepared.tables.iter().any(|table| table.plan.pseudonymises()) {
            prepared.key = Some(session.pseudonym_key(source)?);
        }
        Ok(prepared)
    }

    pub(super) fn compiled(
        session: &Session,
        source: &'a Source,
        key: impl Fn(&Source) -> Option<PseudonymKey>,
    ) -> anyhow::Result<Self> {
        let fetch_kind = fetch::kind(&source.fetch.kind).context("fetch kind")?;
        let format_kind = format::kind(&source.format.kind).context("format kind")?;
        let tables =
            source.table.iter().map(|table| compile(session, source, table)).collect::<anyhow::Result<Vec<_>>>()?;
        let fetcher = fetch_kind.fetcher(&source.fetch.options())?;
        let hidden: BTreeSet<String> = tables.iter().flat_map(|table| table.plan.personal_columns()).collect();
        let wanted = tables.iter().flat_map(|table| table.plan.wanted()).chain(hidden.iter().cloned()).collect();
        Ok(Self { source, fetcher, tables, wanted, hidden, locator: format_kind.locator(), key: key(source) })
    }

    /// Whether a finding calls a column unmapped that another table of the source maps.
    pub(super) fn maps(&self, finding: &Finding) -> bool {
        finding.code == finding::UNMAPPED_COLUMN.code
            && finding.column.as_ref().is_some_and(|column| self.wanted.contains(column))
    }

    /// Entities that the source speaks of, and the children that its delivery speaks of.
    pub(super) fn targets(&self, delivered: &BTreeSet<String>, of_file: Option<&BTreeSet<String>>) -> BTreeSet<String> {
        let plans = self.tables.iter().map(|table| &table.plan);
        let plans = plans.filter(|plan| of_file.is_none_or(|tables| tables.contains(&plan.name())));
        let entities = plans.filter(|plan| plan.child.is_none()).map(TablePlan::name);
        entities.chain(delivered.iter().cloned()).collect()
    }

    /// Entities of which a record may stand in several rows.
    pub(super) fn repeats(&self) -> Vec<&'static str> {
        self.tables.iter().filter(|table| table.plan.repeats).map(|table| table.plan.entity.name).collect()
    }

    /// What the source's records refer to must be loaded before it: sources go in this order.
    pub(crate) fn rank(&self) -> usize {
        self.tables.iter().map(|table| rank(table.plan.entity)).min().unwrap_or(usize::MAX)
    }

    /// The text of a row that could not be cut into cells: where some of them identify persons, none is shown.
    pub(super) fn shown(&self, text: &str) -> String {
        if self.holds_personal_data() { "***".to_owned() } else { mask(text).into_owned() }
    }

    /// Whether a delivery is all that there is.
    pub(super) fn delivers_all(&self, tally: &Tally) -> bool {
        self.source.delivers == Delivers::Snapshot && !tally.goes_on
    }

    /// Whether its files identify persons.
    pub(crate) fn holds_personal_data(&self) -> bool {
        self.tables.iter().any(|table| table.plan.identifies_persons())
    }

    /// What its word counts for where several sources speak of one entity.
    pub(crate) fn priority(&self) -> Priority {
        let policy = &self.source.policy;
        let of_field = |(name, priority): (&String, &i32)| {
            let (entity, field) = name.split_once('.')?;
            Some((entity.to_owned(), field.to_owned(), i64::from(*priority)))
        };
        let fields = policy.field_priority.iter().filter_map(of_field).collect();
        Priority { source: self.source.id.clone(), priority: i64::from(policy.priority), fields }
    }

    /// Whether it is asked for anything, or only has an inbox.
    pub(crate) fn asks(&self) -> bool {
        self.fetcher.asks()
    }

    /// Whether a server or a database is asked.
    pub(super) fn asks_server(&self) -> bool {
        self.fetcher.asks_server()
    }

    /// Id of the source.
    pub(crate) fn id(&self) -> &str {
        &self.source.id
    }
}

/// Makes one table of a source ready: its mapping and its reader.
pub(crate) fn compile(session: &Session, source: &Source, table: &TableMapping) -> anyhow::Result<Table> {
    let questionnaire = table.unpivot.as_ref().and_then(|unpivot| unpivot.questionnaire.as_ref());
    let wordings = questionnaire
        .and_then(|id| session.config.questionnaires.get(id))
        .map(vienkop_transforms::assess::questionnaire::Questionnaire::wordings)
        .unwrap_or_default();
    let plan = TablePlan::new(&source.id, table, &wordings)?;
    let read = serde_json::Value::Object(table.read.clone());
    let format_kind = format::kind(&source.format.kind).context("format kind")?;
    let reader = Arc::from(format_kind.reader(&source.format.options(), &read)?);
    let files = table.files.iter().map(|file| Pattern::new(file)).collect::<Result<_, _>>()?;
    Ok(Table { plan, reader, part: drift::part(table), files })
}
