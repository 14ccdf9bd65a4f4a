//! Citing: from which delivery, file, cell and mapping a value came.
//!
//! The registry keeps the row of every record; the column is told by the source's file, and its letter by the landed
//! file itself, where it is still there.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use vienkop_connectors::format::{self, Input, Output, Rejected, Skip, Stopped};
use vienkop_connectors::landing::LandingZone;
use vienkop_connectors::registry::{Past, Place};
use vienkop_transforms::batch::{Batch, LocatorKind, Origin, SourceColumn};
use vienkop_transforms::finding::Finding;
use vienkop_transforms::fold::fold;
use vienkop_transforms::mapping::{FieldRule, FieldSource, TableMapping};
use vienkop_transforms::model::{Child, Entity, Field, Kind};

use super::super::session::Session;
use crate::config::Source;
use crate::correction;
use crate::import::{Table, compile};
use crate::tell;

/// Where a value came from.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Citation {
    source: String,
    run: i64,
    file: Option<String>,
    sha256: Option<String>,
    landed_at: Option<String>,
    /// Whether the landed file can still be read.
    kept: bool,
    sheet: Option<String>,
    row: Option<i64>,
    part: Option<i64>,
    /// The source's columns that the mapping names.
    columns: Vec<String>,
    /// One of the columns, not all together: which of them the file had is not known.
    any_of: bool,
    /// The place as findings write it: `Pakalpojumi!D17`, `L17`, `#17/nosaukums`.
    cell: Option<String>,
    /// The source's file that maps it.
    mapping: Option<String>,
    /// The value stands in the source's file, not in the delivery.
    constant: bool,
}

/// What is cited: a field of the record itself or of an item of one of its lists.
#[derive(Clone, Copy)]
pub(super) struct Cited<'a> {
    pub(super) child: Option<(&'static Child, i64)>,
    pub(super) field: Option<&'static Field>,
    pub(super) place: &'a Place,
}

/// A delivery that values came from: source, landed file, run.
type Delivery = (String, Option<i64>, i64);

/// Cites, and numbers the deliveries that it cites.
pub(super) struct Citer<'a> {
    session: &'a Session,
    past: &'a Past,
    landing: LandingZone,
    /// Read landed files again for the letters of their columns.
    read: bool,
    deliveries: Vec<Delivery>,
    columns: BTreeMap<(i64, usize, Option<String>), Option<Vec<SourceColumn>>>,
}

impl<'a> Citer<'a> {
    pub(super) fn new(session: &'a Session, past: &'a Past, read: bool) -> Self {
        let landing = LandingZone::at(session.work.join("landed"));
        Self { session, past, landing, read, deliveries: Vec::new(), columns: BTreeMap::new() }
    }

    /// Number of the delivery that a place belongs to.
    pub(super) fn number(&mut self, place: &Place) -> usize {
        let delivery = (place.source.clone(), place.landed, place.run);
        let known = self.deliveries.iter().position(|known| *known == delivery);
        known.unwrap_or_else(|| {
            self.deliveries.push(delivery);
            self.deliveries.len() - 1
        }) + 1
    }

    /// `[2] Pakalpojumi!D17, kolonna „Nosaukums”`.
    pub(super) fn text(&mut self, cited: Cited<'_>) -> String {
        let number = self.number(cited.place);
        let citation = self.cite(cited);
        format!("[{number}] {}", self.place(&citation)).trim_end().to_owned()
    }

    /// The place in a citation as people say it.
    fn place(&self, citation: &Citation) -> String {
        let texts = self.session.texts();
        if citation.constant {
            return texts.get("cli-record-constant", &[]);
        }
        let column = citation.columns.join(if citation.any_of { " | " } else { " + " });
        let column = (!column.is_empty()).then_some(column);
        let Some(cell) = &citation.cell else { return column.unwrap_or_default() };
        match &column {
            Some(column) if cell.contains('!') => {
                texts.get("cli-place-cell-column", &[("cell", cell), ("column", column)])
            }
            column => tell::place(texts, cell, column.as_deref()),
        }
    }

    /// Where something came from.
    pub(super) fn cite(&mut self, cited: Cited<'_>) -> Citation {
        let place = cited.place;
        let file = place.landed.and_then(|landed| self.past.files.get(&landed));
        let source = self.session.config.source(&place.source);
        let mapped = source.map(|source| self.mapped(source, cited)).unwrap_or_default();
        let locator = source.and_then(|source| format::kind(&source.format.kind)).map(format::FormatKind::locator);
        // A source of any format has corrections in workbooks.
        let locator = if place.sheet.is_some() { LocatorKind::Cell } else { locator.unwrap_or(LocatorKind::Line) };
        let places = match locator {
            LocatorKind::Record | LocatorKind::Pointer => {
                mapped.columns.iter().map(|name| SourceColumn { name: name.clone(), place: name.clone() }).collect()
            }
            _ => mapped.places,
        };
        let origin = Origin {
            landed: place.landed.unwrap_or_default(),
            file: String::new(),
            sheet: place.sheet.clone(),
            locator,
            columns: places,
        };
        let column = mapped.columns.first().map(String::as_str);
        let cell = place.row.filter(|_| !mapped.constant).map(|row| origin.locate(row, place.part, column));
        Citation {
            source: place.source.clone(),
            run: place.run,
            file: file.map(|file| file.name.clone()),
            sha256: file.map(|file| file.sha256.clone()),
            landed_at: file.map(|file| file.landed_at.clone()),
            kept: place.landed.is_some_and(|landed| self.is_kept(landed)),
            sheet: place.sheet.clone(),
            row: place.row,
            part: place.part,
            any_of: mapped.alternatives && mapped.columns.len() > 1,
            columns: mapped.columns,
            cell,
            mapping: source.map(|source| source.place.file.clone()),
            constant: mapped.constant,
        }
    }

    /// What the source's file says of the field today.
    fn mapped(&mut self, source: &Source, cited: Cited<'_>) -> Mapped {
        let entity = self.past.subject.entity;
        let question = self.question();
        let mut first = None;
        for (index, table) in source.table.iter().enumerate() {
            let Some(mut mapped) = of_table(table, entity, cited, question.as_deref()) else { continue };
            if !self.read || mapped.constant {
                return mapped;
            }
            if let Some(columns) = self.columns_of(source, index, cited.place) {
                if table.unpivot.is_some() && cited.field.is_some_and(|field| field.name == "value_raw") {
                    mapped.columns = self.asked_in(source, table, &columns, question.as_deref());
                }
                let there: BTreeSet<&str> = columns.iter().map(|column| column.name.as_str()).collect();
                if cited.field.is_some() || cited.place.sheet.is_some() {
                    mapped.columns.retain(|name| there.contains(name.as_str()));
                }
                if mapped.alternatives {
                    mapped.columns.truncate(1);
                }
                if !mapped.columns.is_empty() {
                    mapped.places = columns;
                    return mapped;
                }
            }
            first = first.or_else(|| of_table(table, entity, cited, question.as_deref()));
        }
        first.unwrap_or_default()
    }

    /// The question that a survey answer is about.
    fn question(&self) -> Option<String> {
        let entity = self.past.subject.entity;
        let at = entity.fields.iter().position(|field| field.name == "question")?;
        match self.past.versions.last()?.values[at].as_ref()? {
            vienkop_connectors::registry::FieldValue::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// The header in which a question was asked.
    fn asked_in(
        &self,
        source: &Source,
        table: &TableMapping,
        columns: &[SourceColumn],
        question: Option<&str>,
    ) -> Vec<String> {
        let Ok(Table { plan, .. }) = compile(self.session, source, table) else { return Vec::new() };
        let Some(unpivot) = plan.unpivot else { return Vec::new() };
        let asks = |column: &&SourceColumn| unpivot.questions.get(&fold(&column.name)).map(String::as_str) == question;
        columns.iter().filter(asks).map(|column| column.name.clone()).collect()
    }

    /// Columns of a table of a landed file, read from it once; none where it is gone or cannot be read.
    fn columns_of(&mut self, source: &Source, index: usize, place: &Place) -> Option<Vec<SourceColumn>> {
        let landed = place.landed?;
        let key = (landed, index, place.sheet.clone());
        if let Some(known) = self.columns.get(&key) {
            return known.clone();
        }
        let found = self.read_columns(source, index, landed, place.sheet.as_deref());
        self.columns.insert(key, found.clone());
        found
    }

    fn read_columns(
        &self,
        source: &Source,
        index: usize,
        landed: i64,
        sheet: Option<&str>,
    ) -> Option<Vec<SourceColumn>> {
        let file = self.past.files.get(&landed)?;
        let path = self.landing.path(&file.sha256).ok().filter(|path| path.is_file())?;
        let Table { plan, reader, .. } = compile(self.session, source, source.table.get(index)?).ok()?;
        let input = Input { landed, path, name: file.name.clone() };
        let mut header = Header { sheet, columns: None };
        let limits = &self.session.config.vienkop.limits;
        let mended = sheet.and_then(|sheet| correction::reader_of(&input, sheet, limits));
        let reader = mended.unwrap_or(reader);
        // Whatever is wrong with the file was told when it was imported; here it only means that there is no letter.
        let _ = reader.read(&input, &plan.wanted(), limits, &mut header);
        header.columns
    }

    /// Whether a landed file is still there.
    pub(super) fn is_kept(&self, landed: i64) -> bool {
        let file = self.past.files.get(&landed);
        file.and_then(|file| self.landing.path(&file.sha256).ok()).is_some_and(|path| path.is_file())
    }

    /// The deliveries cited so far, as numbered.
    pub(super) fn deliveries(&self) -> impl Iterator<Item = (usize, &Delivery)> {
        self.deliveries.iter().enumerate().map(|(n, delivery)| (n + 1, delivery))
    }

    /// What is said of a landed file that is gone, and why it may be.
    pub(super) fn gone(&self, source: &str) -> String {
        let texts = self.session.texts();
        let personal = self.session.config.source(source).is_some_and(|source| {
            let plans = source.table.iter().filter_map(|table| compile(self.session, source, table).ok());
            plans.into_iter().any(|table| table.plan.identifies_persons())
        });
        if personal {
            let days = self.session.config.vienkop.personal_data.landed_days.to_string();
            texts.get("cli-record-file-expired", &[("days", &days)])
        } else {
            texts.get("cli-record-file-gone", &[])
        }
    }

    /// Whether the source's file makes pseudonyms of the field: nothing but the hash may be shown then.
    pub(super) fn is_pseudonym(&self, source: &str, field: &'static Field) -> bool {
        let entity = self.past.subject.entity.name;
        let rules = |source: &Source| -> Vec<FieldRule> {
            let tables = source.table.iter().filter(|table| table.entity == entity);
            tables.filter_map(|table| table.fields.get(field.name)).map(FieldSource::rule).collect()
        };
        let source = self.session.config.source(source);
        field.kind == Kind::Pseudonym || source.is_some_and(|s| rules(s).iter().any(|rule| rule.pseudonymise))
    }
}

/// What a source's file says of a field.
#[derive(Default)]
struct Mapped {
    /// Headers (or paths) it is made from.
    columns: Vec<String>,
    /// The first of them that is there counts; otherwise they are joined.
    alternatives: bool,
    /// A constant of the source's file.
    constant: bool,
    /// Columns of the landed file with their places.
    places: Vec<SourceColumn>,
}

impl Mapped {
    fn of_rule(rule: &FieldRule) -> Self {
        let alternatives: Vec<String> =
            rule.column.iter().flat_map(|columns| columns.headers()).map(str::to_owned).collect();
        if alternatives.is_empty() && rule.columns.is_empty() {
            return Self { constant: rule.value.is_some() || rule.default.is_some(), ..Self::default() };
        }
        if alternatives.is_empty() {
            return Self { columns: rule.columns.clone(), ..Self::default() };
        }
        Self { columns: alternatives, alternatives: true, ..Self::default() }
    }
}

/// What a table's mapping says of a field; none when it does not fill it.
fn of_table(table: &TableMapping, entity: &Entity, cited: Cited<'_>, question: Option<&str>) -> Option<Mapped> {
    let Some((child, ordinal)) = cited.child else {
        if table.entity != entity.name {
            return None;
        }
        let field = cited.field?;
        if let Some(unpivot) = &table.unpivot
            && matches!(field.name, "value_raw" | "question")
        {
            let asked = unpivot.columns.iter().filter(|(_, asked)| Some(asked.as_str()) == question);
            return Some(Mapped { columns: asked.map(|(header, _)| header.clone()).collect(), ..Mapped::default() });
        }
        return table.fields.get(field.name).map(|from| Mapped::of_rule(&from.rule()));
    };
    if table.entity == format!("{}.{}", entity.name, child.name) {
        // An item of XML and JSON is the element that the table takes apart; elsewhere it is a row of its own.
        let Some(field) = cited.field else {
            let element = table.read.get("explode").and_then(serde_json::Value::as_str).map(str::to_owned);
            return Some(Mapped { columns: element.into_iter().collect(), ..Mapped::default() });
        };
        return table.fields.get(field.name).map(|from| Mapped::of_rule(&from.rule()));
    }
    if table.entity != entity.name {
        return None;
    }
    let from = table.children.get(child.name)?;
    let fields = child.fields.iter().filter_map(|field| from.numbered.get(field.name));
    let numbered = fields.map(|template| template.replace("{n}", &ordinal.to_string()));
    Some(Mapped { columns: from.column.iter().cloned().chain(numbered).collect(), ..Mapped::default() })
}

/// Takes the columns of the first batch of a sheet and wants no more.
struct Header<'a> {
    sheet: Option<&'a str>,
    columns: Option<Vec<SourceColumn>>,
}

impl Output for Header<'_> {
    fn batch(&mut self, batch: Batch) -> Result<(), Stopped> {
        if batch.origin.sheet.as_deref() == self.sheet {
            self.columns = Some(batch.origin.columns.clone());
            return Err(Stopped);
        }
        Ok(())
    }

    fn finding(&mut self, _: Finding) {}

    fn skipped(&mut self, _: Skip, _: u64) {}

    fn rejected(&mut self, _: Rejected) {}
}
