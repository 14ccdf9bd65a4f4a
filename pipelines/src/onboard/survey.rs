//! What tables a register holds, what their columns look like, and what they would become.

use anyhow::Context as _;
use serde_json::{Map, Value};
use vienkop_connectors::format::discover::{self, Discovered, Sample};
use vienkop_connectors::format::{FormatKind, Input, ReadError};
use vienkop_connectors::landing::Landed;
use vienkop_transforms::batch::LocatorKind;
use vienkop_transforms::fold::fold;
use vienkop_transforms::mapping::{Columns, FieldRule};
use vienkop_transforms::model::Field;
use vienkop_transforms::normalise::personal::mask;
use vienkop_transforms::onboard::{
    FieldProposal, Found, LeftOut, Looks, OnboardSettings, Profile, Proposer, Reason, TableProposal,
    given_by_installation, headings, profiles,
};

use crate::cli::session::Session;
use crate::tell;

/// Rows of each table that are looked at.
pub(crate) const ROWS: usize = 20_000;

/// A table and what it would become.
pub(crate) struct Surveyed {
    /// The file it is in.
    pub(crate) file: String,
    /// Further files with the same table.
    pub(crate) also: Vec<String>,
    /// Sheet, path of records; empty where the file is the table.
    pub(crate) name: String,
    /// `[table.read]`.
    pub(crate) read: Map<String, Value>,
    /// Its columns.
    pub(crate) columns: Vec<Profile>,
    /// Whether there are more rows than were looked at.
    pub(crate) more: bool,
    /// What its rows would become.
    pub(crate) proposal: TableProposal,
    /// Columns in which headings amid the data are filled.
    pub(crate) headings: Vec<String>,
    /// The table of a database that its institution is told by.
    pub(crate) join: Option<Join>,
}

impl Surveyed {
    /// Whether another file holds the same table: read alike, with the same columns.
    fn is_like(&self, other: &Self) -> bool {
        let names = |table: &Self| table.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
        self.file != other.file
            && (self.read == other.read && self.name == other.name)
            && self.proposal.entity.name == other.proposal.entity.name
            && names(self) == names(other)
    }

    /// The files that it is in.
    pub(crate) fn files(&self) -> Vec<&str> {
        std::iter::once(&self.file).chain(&self.also).map(String::as_str).collect()
    }
}

/// How rows of a table lead to the registration number of their institution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Join {
    /// The table of institutions.
    pub(crate) table: String,
    /// The column that leads there.
    pub(crate) from: String,
    /// The column that it leads to.
    pub(crate) to: String,
    /// The column of the registration number.
    pub(crate) number: String,
    /// What it is called among the columns of the table.
    pub(crate) named: String,
}

/// A table, sheet or file that no source would read.
pub(crate) struct Left {
    /// File, and sheet or path in it.
    pub(crate) name: String,
    /// Why: a sentence.
    pub(crate) because: String,
}

/// What a register holds.
pub(crate) struct Survey {
    /// Kind of format.
    pub(crate) kind: &'static dyn FormatKind,
    /// `[format]` without `kind`.
    pub(crate) options: Map<String, Value>,
    /// Tables in the order of the files.
    pub(crate) tables: Vec<Surveyed>,
    /// What is left out.
    pub(crate) left: Vec<Left>,
    /// The ending of the files that are read, where a folder holds files that are not.
    pub(crate) only: Option<String>,
}

/// Looks into every file.
///
/// # Errors
/// Nothing in it can be read: what is wrong with each file.
pub(crate) fn survey(
    session: &Session,
    files: &[Landed],
    is_database: bool,
    institution: Option<&str>,
) -> anyhow::Result<Survey> {
    let limits = &session.config.vienkop.limits;
    let settings: &OnboardSettings = &session.config.onboarding;
    let proposer = Proposer::new(settings, &session.config.codelists, institution);
    let mut survey: Option<Survey> = None;
    let mut left = Vec::new();
    for file in files {
        let input = Input { landed: 0, path: file.path.clone(), name: file.name.clone() };
        let because = |error| told(session, error, &file.name);
        let (kind, found) = match discover::discover(&input, limits) {
            Ok(Some(found)) => found,
            Ok(None) => {
                let because = session.texts().get("onboard-left-unreadable", &[]);
                left.push(Left { name: file.name.clone(), because });
                continue;
            }
            Err(error) => {
                left.push(Left { name: file.name.clone(), because: because(error)? });
                continue;
            }
        };
        let whole = survey.get_or_insert_with(|| Survey {
            kind,
            options: found.options.clone(),
            tables: Vec::new(),
            left: Vec::new(),
            only: None,
        });
        // One source has one format: that of its first file.
        if whole.kind.name() != kind.name() || (whole.options != found.options && !whole.tables.is_empty()) {
            let because = session.texts().get("onboard-left-format", &[("kind", kind.name())]);
            left.push(Left { name: file.name.clone(), because });
            continue;
        }
        whole.options.clone_from(&found.options);
        match tables(session, &proposer, kind, &found, &input) {
            Ok((tables, without)) => {
                whole.tables.extend(tables);
                left.extend(without);
            }
            Err(error) => left.push(Left { name: file.name.clone(), because: because(error)? }),
        }
    }
    let Some(mut survey) = survey else {
        let told: Vec<String> = left.iter().map(|one| format!("{}: {}", one.name, one.because)).collect();
        anyhow::bail!(session.texts().get("onboard-nothing-readable", &[("files", &told.join("; "))]));
    };
    let read = |file: &&Landed| !left.iter().any(|one| one.name == file.name);
    let ending = |file: &Landed| file.name.rsplit_once('.').map(|(_, ending)| ending.to_owned());
    let endings: Vec<Option<String>> = files.iter().filter(read).map(ending).collect();
    if endings.len() < files.len() && endings.iter().all(|ending| *ending == endings[0]) {
        survey.only = endings.into_iter().next().flatten();
    }
    survey.left = left;
    let mut together: Vec<Surveyed> = Vec::new();
    for table in std::mem::take(&mut survey.tables) {
        match together.iter_mut().find(|known| known.is_like(&table)) {
            Some(known) => known.also.push(table.file),
            None => together.push(table),
        }
    }
    survey.tables = together;
    if is_database {
        join(&mut survey.tables);
    }
    Ok(survey)
}

type Looked = (Vec<Surveyed>, Vec<Left>);

fn tables(
    session: &Session,
    proposer: &Proposer<'_>,
    kind: &'static dyn FormatKind,
    found: &Discovered,
    input: &Input,
) -> Result<Looked, ReadError> {
    let limits = &session.config.vienkop.limits;
    let personal = &session.config.onboarding.personal;
    let mut samples: Vec<Option<(Sample, Vec<Profile>)>> = Vec::new();
    for table in &found.tables {
        let sample = discover::sample(kind, found, table, input, limits, ROWS)?;
        samples.push(match sample {
            Some(sample) => {
                let columns = profiles(&sample.origin, &sample.frame, personal)?;
                Some((sample, columns))
            }
            None => None,
        });
    }
    let (mut tables, mut left): Looked = Default::default();
    for (index, table) in found.tables.iter().enumerate().filter(|(_, table)| table.within.is_none()) {
        let shown =
            if table.name.is_empty() { input.name.clone() } else { format!("{} · {}", input.name, table.name) };
        let leave = |reason: LeftOut| {
            let sentence = match reason {
                LeftOut::Empty => "onboard-left-empty",
                LeftOut::Unknown => "onboard-left-unknown",
            };
            Left { name: mask(&shown).into_owned(), because: session.texts().get(sentence, &[]) }
        };
        let Some((sample, columns)) = &samples[index] else {
            left.push(leave(LeftOut::Empty));
            continue;
        };
        let name = format!("{} {}", input.name.rsplit_once('.').map_or(&*input.name, |(stem, _)| stem), table.name);
        let propose = |columns: &[Profile]| proposer.table(Found { name: &name, explode: None, columns });
        let mut lists = Vec::new();
        let mut proposal = propose(columns);
        for (at, list) in found.tables.iter().enumerate().filter(|(_, list)| list.within == Some(index)) {
            let (Some((sample, inside)), Some(path)) = (&samples[at], list.explode.as_deref()) else { continue };
            let found = Found { name: &list.name, explode: Some(path), columns: inside };
            let of_record = proposal.as_ref().ok().filter(|proposal| proposal.entity.name != "service_request");
            let accepted = match of_record {
                Some(parent) => proposer.items(parent, found),
                None => proposer.table(found),
            };
            if let Ok(accepted) = accepted {
                lists.push((path, surveyed(input, list, sample, inside, accepted)));
            }
        }
        // What is read row by row from a list is not read once more from its record.
        if !lists.is_empty() {
            let inside = |column: &Profile| lists.iter().any(|(path, _)| column.name.starts_with(&format!("{path}/")));
            let outside: Vec<Profile> = columns.iter().filter(|column| !inside(column)).cloned().collect();
            proposal = propose(&outside);
        }
        match proposal {
            Ok(proposal) => {
                let in_rows = matches!(sample.origin.locator, LocatorKind::Cell | LocatorKind::Line);
                let headings = if in_rows { headings(&sample.origin, &sample.frame)? } else { Vec::new() };
                tables.push(Surveyed { headings, ..surveyed(input, table, sample, columns, proposal) });
            }
            Err(reason) => {
                left.push(leave(reason));
                continue;
            }
        }
        tables.extend(lists.into_iter().map(|(_, list)| list));
    }
    Ok((tables, left))
}

fn surveyed(
    input: &Input,
    table: &discover::DiscoveredTable,
    sample: &Sample,
    columns: &[Profile],
    proposal: TableProposal,
) -> Surveyed {
    let mut read = table.read.clone();
    // Of an element that stands several times and of which one is meant, the first is taken.
    let first_of = |field: &FieldProposal| !field.rule.functions.is_empty();
    if read.contains_key("record") && proposal.fields.iter().any(first_of) {
        read.insert("join".to_owned(), Value::from("\n"));
    }
    Surveyed {
        file: input.name.clone(),
        also: Vec::new(),
        name: table.name.clone(),
        read,
        columns: columns.to_vec(),
        more: sample.more,
        proposal,
        headings: Vec::new(),
        join: None,
    }
}

/// Finds, for tables of a database that do not say whose their rows are, the table that does.
fn join(tables: &mut [Surveyed]) {
    let institutions: Vec<(String, Vec<Profile>)> =
        tables.iter().map(|table| (table.file.clone(), table.columns.clone())).collect();
    for table in tables.iter_mut() {
        let of_installation = |field: &'static Field| given_by_installation(field).then_some(field);
        let Some(field) = table.proposal.entity.fields.iter().find_map(of_installation) else { continue };
        let told = |one: &FieldProposal| one.name == field.name && one.column.is_some();
        if table.proposal.child.is_some() || table.proposal.fields.iter().any(told) {
            continue;
        }
        let mut others = institutions.iter().filter(|(name, _)| *name != table.file);
        let Some((join, number)) = others.find_map(|(name, columns)| leads(table, name, columns)) else {
            continue;
        };
        let rule = FieldRule { column: Some(Columns::One(join.named.clone())), ..FieldRule::default() };
        let proposal = FieldProposal {
            field,
            name: field.name.to_owned(),
            column: Some(join.named.clone()),
            rule,
            confidence: 0.8,
            reasons: vec![Reason::Looks(Looks::RegNo, number.share(Looks::RegNo))],
            codes: Vec::new(),
            unit_assumed: false,
        };
        table.proposal.fields.retain(|one| one.name != field.name);
        table.proposal.fields.push(proposal);
        let order = |one: &FieldProposal| table.proposal.entity.fields.iter().position(|field| field.name == one.name);
        table.proposal.fields.sort_by_key(order);
        table.proposal.missing.retain(|one| one.name != field.name);
        table.columns.push(Profile { name: join.named.clone(), ..number });
        table.join = Some(join);
    }
}

/// `pak.org_id` leads to `org.id`, by its name and by its values, and `org` has registration numbers.
fn leads(table: &Surveyed, other: &str, columns: &[Profile]) -> Option<(Join, Profile)> {
    let number = columns.iter().find(|column| column.share(Looks::RegNo) >= 0.8)?;
    for to in columns.iter().filter(|column| column.filled == column.rows && column.unique() >= 1.0) {
        let meant =
            [format!("{other} {}", to.name), format!("{other}{}", to.name), to.name.clone()].map(|name| fold(&name));
        for from in &table.columns {
            // A column called `id` alone names the row itself.
            let called =
                meant.contains(&fold(&from.name)) && (fold(&from.name) != fold(&to.name) || fold(&to.name) != "id");
            let known = |text: &String| to.values.iter().any(|(value, _)| value == text);
            let fits =
                to.values.is_empty() || (!from.values.is_empty() && from.values.iter().all(|(text, _)| known(text)));
            if called && fits && from.filled > 0 {
                let named = format!("{other}_{}", number.name);
                let join = Join {
                    table: other.to_owned(),
                    from: from.name.clone(),
                    to: to.name.clone(),
                    number: number.name.clone(),
                    named,
                };
                return Some((join, number.clone()));
            }
        }
    }
    None
}

/// What is wrong with a file, as a run would tell it.
fn told(session: &Session, error: ReadError, file: &str) -> anyhow::Result<String> {
    let texts = session.texts();
    match error {
        ReadError::File(finding) => Ok(format!(
            "{} {} {}",
            finding.code,
            tell::sentence(texts, &finding, Some(file)),
            tell::remedy(texts, &finding)
        )),
        ReadError::Io(error) => Err(error).context(file.to_owned()),
        ReadError::Frame(error) => Err(error).context(file.to_owned()),
        ReadError::Stopped(_) => Ok(String::new()),
    }
}
