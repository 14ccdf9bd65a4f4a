//! The past of one entity: its versions, and what each source delivered of it. What became of what stands in
//! [`events`], how an entity is found in [`find`].

mod events;
mod find;

use std::collections::BTreeMap;

use polars::prelude::DataFrame;
use serde::{Serialize, Serializer};
use vienkop_transforms::model::{Entity, Field, Kind, Storage};

pub use events::{Change, Event, EventKind, ItemChange, ItemChangeKind, ListChange, Said, Worth};
pub use find::{Found, Subject};

use super::Registry;
use super::error::RegistryError;
use super::session::{Row, Session, Value};
use super::sql::Table;
use super::sql::history::{self as statements, FED, FED_CHILD};

/// A value of a field as the registry holds it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FieldValue {
    /// A text or code.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// Items of a list field.
    List(Vec<String>),
    /// A duration: amount and unit (a code of `duration_units`).
    Duration(String, String),
}

impl Serialize for FieldValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::List(items) => items.serialize(serializer),
            Self::Duration(value, unit) => {
                BTreeMap::from([("value", value.as_str()), ("unit", unit.as_str())]).serialize(serializer)
            }
        }
    }
}

/// A moment in the registry's history: the time and the run, so that runs of one time keep their order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// UTC.
    pub at: String,
    /// The run.
    pub run: i64,
}

/// From when to when something held; no end: it still does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The run that brought it.
    pub from: Moment,
    /// The run that ended it.
    pub to: Option<Moment>,
}

impl Span {
    /// Whether it held once the run of this moment was done.
    pub fn covers(&self, moment: &Moment) -> bool {
        self.from <= *moment && self.to.as_ref().is_none_or(|to| to > moment)
    }
}

/// An item of a list (a step, a fee).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its place in the list, from 1.
    pub ordinal: i64,
    /// Values of the child's fields, in the order of the model.
    pub values: Vec<Option<FieldValue>>,
}

/// A version of the entity, merged of what the sources say.
#[derive(Debug, Clone)]
pub struct Version {
    /// When it held.
    pub span: Span,
    /// Values of the entity's fields, in the order of the model.
    pub values: Vec<Option<FieldValue>>,
    /// Its lists, in the order of the model.
    pub lists: Vec<Vec<Item>>,
}

/// Where in a landed file something stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The source.
    pub source: String,
    /// Number of the landed file.
    pub landed: Option<i64>,
    /// Sheet of the workbook.
    pub sheet: Option<String>,
    /// Row, line or record.
    pub row: Option<i64>,
    /// Part of the row.
    pub part: Option<i64>,
    /// The run that loaded it.
    pub run: i64,
}

/// An item of a list as delivered.
#[derive(Debug, Clone)]
pub struct DeliveredItem {
    /// The item.
    pub item: Item,
    /// The texts its values were made from, where they differ.
    pub raw: Vec<Option<String>>,
    /// Where it stands.
    pub place: Place,
}

/// A version of what one source delivered.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// Id of the source's record.
    pub record_uid: String,
    /// The source's priority: the higher wins.
    pub priority: i64,
    /// Its key, as people read it.
    pub key: Option<String>,
    /// The run from which on the record feeds the entity.
    pub since_run: i64,
    /// The run from which on it does no more: a merge or a split.
    pub until_run: Option<i64>,
    /// Where it stands.
    pub place: Place,
    /// When it held.
    pub span: Span,
    /// Values of the entity's fields, in the order of the model.
    pub values: Vec<Option<FieldValue>>,
    /// The texts they were made from, where they differ.
    pub raw: Vec<Option<String>>,
    /// Its lists, in the order of the model.
    pub lists: Vec<Vec<DeliveredItem>>,
}

impl Delivered {
    /// Whether the record fed the entity after this run.
    fn fed(&self, run: i64) -> bool {
        self.since_run <= run && self.until_run.is_none_or(|until| run < until)
    }
}

/// A landed file as the registry lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// Hash of the content, hexadecimal.
    pub sha256: String,
    /// Name that a person knows.
    pub name: String,
    /// Size.
    pub bytes: i64,
    /// When it was landed, UTC.
    pub landed_at: String,
}

/// What is known of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunHead {
    /// The pipeline.
    pub pipeline: String,
    /// When it began, UTC.
    pub started_at: String,
}

/// A merge or split, seen from one of the two entities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The run that did it.
    pub run: i64,
    /// Records came from the other entity; otherwise they went there.
    pub brought: bool,
    /// Uid of the other entity.
    pub uid: String,
}

/// All that the registry knows of one entity.
#[derive(Debug, Clone)]
pub struct Past {
    /// Which one.
    pub subject: Subject,
    /// Its versions, the oldest first.
    pub versions: Vec<Version>,
    /// What sources delivered of it: the most trusted record first, the versions of each in order.
    pub delivered: Vec<Delivered>,
    /// Merges and splits, the oldest first.
    pub moves: Vec<Move>,
    /// Landed files by number.
    pub files: BTreeMap<i64, ListedFile>,
    /// Runs by number.
    pub runs: BTreeMap<i64, RunHead>,
}

impl Registry {
    /// Everything that is known of an entity that [`Registry::find`] found.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn past(&self, subject: Subject) -> Result<Past, RegistryError> {
        let mut session = self.connect().await?;
        let table = Table::of(subject.entity);
        let uid: [Value<'_>; 1] = [subject.uid.as_str().into()];
        let head = [Storage::Integer, Storage::Text, Storage::Text, Storage::Integer];
        let rows = lines(&mut session, statements::versions(table), &uid, &shape(&head, table, false)).await?;
        let mut versions: Vec<Version> = rows.into_iter().map(|line| version(line, subject.entity)).collect();
        let rows = read_fed(&mut session, table, &uid).await?;
        let mut delivered: Vec<Delivered> = rows.into_iter().map(|line| fed(line, subject.entity)).collect();
        for (at, child) in table.children().enumerate() {
            let shape = shape(&[Storage::Integer; 2], child, false);
            for mut line in lines(&mut session, statements::children(child), &uid, &shape).await? {
                let values = field_values(&mut line, 2, child.fields());
                let item = Item { ordinal: line.number(1).unwrap_or_default(), values };
                let run = line.number(0).unwrap_or_default();
                if let Some(version) = versions.iter_mut().find(|version| version.span.from.run == run) {
                    version.lists[at].push(item);
                }
            }
            read_fed_children(&mut session, child, at, &uid, &mut delivered).await?;
        }
        let head = [Storage::Integer, Storage::Integer, Storage::Text];
        let lines = lines(&mut session, statements::MOVES.into(), &uid, &head).await?;
        let moves = lines.into_iter().map(|mut line| Move {
            run: line.number(0).unwrap_or_default(),
            brought: line.number(1) == Some(1),
            uid: line.text(2).unwrap_or_default(),
        });
        let moves = moves.collect();
        let places = delivered.iter().flat_map(|record| {
            let items = record.lists.iter().flatten().map(|item| &item.place);
            std::iter::once(&record.place).chain(items)
        });
        let landed: Vec<i64> = places.filter_map(|place| place.landed).collect();
        let spans = versions.iter().map(|version| &version.span).chain(delivered.iter().map(|record| &record.span));
        let numbers = spans.flat_map(|span| std::iter::once(&span.from).chain(&span.to)).map(|moment| moment.run);
        let numbers: Vec<i64> = numbers.chain(delivered.iter().map(|record| record.since_run)).collect();
        let files = files(&mut session, landed).await?;
        let runs = runs(&mut session, numbers).await?;
        Ok(Past { subject, versions, delivered, moves, files, runs })
    }

    /// What stands of what was said of a record (known by its key, its children included); a frame as
    /// [`Registry::findings`] gives.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn findings_of(
        &self,
        source: &str,
        entity: &'static Entity,
        key: &str,
    ) -> Result<DataFrame, RegistryError> {
        let mut session = self.connect().await?;
        let labels = Table::of(entity).children().map(Table::label);
        let labels = std::iter::once(entity.name.to_owned()).chain(labels).map(|label| format!("'{label}'"));
        let labels: Vec<String> = labels.collect();
        let condition = format!(
            "f.closed_run IS NULL AND f.source = $1 AND f.record_key = $2 AND f.entity IN ({})",
            labels.join(", ")
        );
        self.finding_frame(&mut session, &condition, &[source.into(), key.into()]).await
    }
}

async fn read_fed(session: &mut Session, table: Table, uid: &[Value<'_>]) -> Result<Vec<Line>, RegistryError> {
    use Storage::{Integer, Text};
    let head: [Storage; FED] =
        [Text, Text, Integer, Text, Integer, Text, Integer, Integer, Integer, Text, Text, Integer, Integer, Integer];
    lines(session, statements::feeding(table), uid, &shape(&head, table, true)).await
}

async fn read_fed_children(
    session: &mut Session,
    child: Table,
    at: usize,
    uid: &[Value<'_>],
    delivered: &mut [Delivered],
) -> Result<(), RegistryError> {
    use Storage::{Integer, Text};
    let head: [Storage; FED_CHILD] = [Text, Integer, Integer, Integer, Text, Integer, Integer];
    for mut line in lines(session, statements::fed_children(child), uid, &shape(&head, child, true)).await? {
        let values = field_values(&mut line, FED_CHILD, child.fields());
        let raw = raw_texts(&mut line, FED_CHILD, child.fields());
        let (record_uid, run) = (line.text(0).unwrap_or_default(), line.number(1).unwrap_or_default());
        let of = |record: &&mut Delivered| record.record_uid == record_uid && record.span.from.run == run;
        let Some(record) = delivered.iter_mut().find(of) else { continue };
        let place = Place {
            source: record.place.source.clone(),
            landed: line.number(3),
            sheet: line.text(4),
            row: line.number(5),
            part: line.number(6),
            run,
        };
        let item = Item { ordinal: line.number(2).unwrap_or_default(), values };
        record.lists[at].push(DeliveredItem { item, raw, place });
    }
    Ok(())
}

fn version(mut line: Line, entity: &'static Entity) -> Version {
    Version {
        values: field_values(&mut line, 4, entity.fields),
        lists: vec![Vec::new(); entity.children.len()],
        span: span(&mut line, [0, 1, 2, 3]),
    }
}

fn fed(mut line: Line, entity: &'static Entity) -> Delivered {
    let values = field_values(&mut line, FED, entity.fields);
    let raw = raw_texts(&mut line, FED, entity.fields);
    let span = span(&mut line, [8, 9, 10, 11]);
    Delivered {
        record_uid: line.text(0).unwrap_or_default(),
        priority: line.number(2).unwrap_or_default(),
        key: line.text(3),
        since_run: line.number(12).unwrap_or_default(),
        until_run: line.number(13),
        place: Place {
            source: line.text(1).unwrap_or_default(),
            landed: line.number(4),
            sheet: line.text(5),
            row: line.number(6),
            part: line.number(7),
            run: span.from.run,
        },
        span,
        values,
        raw,
        lists: vec![Vec::new(); entity.children.len()],
    }
}

/// Columns of a span: run, `valid_from`, `valid_to`, `run_to`.
fn span(line: &mut Line, [run, from, to, run_to]: [usize; 4]) -> Span {
    Span {
        from: Moment { at: line.text(from).unwrap_or_default(), run: line.number(run).unwrap_or_default() },
        to: line.text(to).map(|at| Moment { at, run: line.number(run_to).unwrap_or_default() }),
    }
}

async fn files(session: &mut Session, mut numbers: Vec<i64>) -> Result<BTreeMap<i64, ListedFile>, RegistryError> {
    use Storage::{Integer, Text};
    numbers.sort_unstable();
    numbers.dedup();
    let mut files = BTreeMap::new();
    for number in numbers {
        let statement = "SELECT sha256, name, bytes, landed_at FROM landed_file WHERE id = $1";
        for mut line in lines(session, statement.into(), &[number.into()], &[Text, Text, Integer, Text]).await? {
            let file = ListedFile {
                sha256: line.text(0).unwrap_or_default(),
                name: line.text(1).unwrap_or_default(),
                bytes: line.number(2).unwrap_or_default(),
                landed_at: line.text(3).unwrap_or_default(),
            };
            files.insert(number, file);
        }
    }
    Ok(files)
}

async fn runs(session: &mut Session, mut numbers: Vec<i64>) -> Result<BTreeMap<i64, RunHead>, RegistryError> {
    numbers.sort_unstable();
    numbers.dedup();
    let mut runs = BTreeMap::new();
    for number in numbers {
        let statement = "SELECT pipeline, started_at FROM run WHERE id = $1";
        for mut line in lines(session, statement.into(), &[number.into()], &[Storage::Text; 2]).await? {
            let run =
                RunHead { pipeline: line.text(0).unwrap_or_default(), started_at: line.text(1).unwrap_or_default() };
            runs.insert(number, run);
        }
    }
    Ok(runs)
}

/// What a column of a line holds.
#[derive(Debug, Clone)]
enum Datum {
    Null,
    Text(String),
    Number(i64),
}

/// A row that was read.
struct Line(Vec<Datum>);

impl Line {
    fn text(&mut self, at: usize) -> Option<String> {
        match self.0.get_mut(at).map(|datum| std::mem::replace(datum, Datum::Null)) {
            Some(Datum::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn number(&self, at: usize) -> Option<i64> {
        match self.0.get(at) {
            Some(Datum::Number(number)) => Some(*number),
            _ => None,
        }
    }
}

/// Rows of a query whose columns hold `shape`: the one place where this module meets the database's rows.
async fn lines(
    session: &mut Session,
    statement: String,
    values: &[Value<'_>],
    shape: &[Storage],
) -> Result<Vec<Line>, RegistryError> {
    let rows = session.rows(statement, values).await?;
    rows.iter().map(|row| line(row, shape)).collect::<Result<_, _>>().map_err(|error| session.site.error(error))
}

fn line(row: &Row, shape: &[Storage]) -> Result<Line, sqlx::Error> {
    let datum = |(at, storage): (usize, &Storage)| {
        Ok(match storage {
            Storage::Text => row.try_get::<Option<String>, _>(at)?.map_or(Datum::Null, Datum::Text),
            Storage::Integer => row.try_get::<Option<i64>, _>(at)?.map_or(Datum::Null, Datum::Number),
            Storage::Boolean => {
                row.try_get::<Option<bool>, _>(at)?.map_or(Datum::Null, |flag| Datum::Number(i64::from(flag)))
            }
        })
    };
    shape.iter().enumerate().map(datum).collect::<Result<_, _>>().map(Line)
}

/// Columns of a statement: its head, then the fields', then their raw texts'.
fn shape(head: &[Storage], table: Table, raw: bool) -> Vec<Storage> {
    let fields = table.columns().into_iter().map(|(_, storage)| storage);
    let raws = table.raw_columns().into_iter().filter(|_| raw).map(|_| Storage::Text);
    head.iter().copied().chain(fields).chain(raws).collect()
}

/// Values of fields whose columns begin at `from`.
fn field_values(line: &mut Line, from: usize, fields: &[Field]) -> Vec<Option<FieldValue>> {
    let mut at = from;
    let mut values = Vec::with_capacity(fields.len());
    for field in fields {
        values.push(field_value(line, at, field));
        at += field.storage().len();
    }
    values
}

fn field_value(line: &mut Line, at: usize, field: &Field) -> Option<FieldValue> {
    if field.list {
        let text = line.text(at)?;
        return Some(serde_json::from_str(&text).map_or(FieldValue::Text(text), FieldValue::List));
    }
    match field.kind {
        Kind::Duration => {
            let (value, unit) = (line.text(at), line.text(at + 1));
            (value.is_some() || unit.is_some())
                .then(|| FieldValue::Duration(value.unwrap_or_default(), unit.unwrap_or_default()))
        }
        Kind::Integer => line.number(at).map(FieldValue::Number),
        Kind::Boolean => line.number(at).map(|flag| FieldValue::Flag(flag != 0)),
        _ => line.text(at).map(FieldValue::Text),
    }
}

/// Raw texts, which stand behind the columns of all fields; one a field, none where it keeps none.
fn raw_texts(line: &mut Line, from: usize, fields: &[Field]) -> Vec<Option<String>> {
    let mut at = from + fields.iter().map(|field| field.storage().len()).sum::<usize>();
    let mut texts = Vec::with_capacity(fields.len());
    for field in fields {
        texts.push(if field.keeps_raw() { line.text(at) } else { None });
        at += usize::from(field.keeps_raw());
    }
    texts
}
