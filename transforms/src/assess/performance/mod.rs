//! Section 3 of the report pack, performance: volumes, durations, outcomes and steps by service, institution, channel, month
//! and derivation, the criterion of MK 402/2017 clause 3.1, other kinds of request (survey.md, "Report pack").
//!
//! The numbers are those of [`crate::status::indicators`]; here they get names, an order and a table. `vienkop kpi` prints
//! the same tables.

mod behind;
mod tables;
mod value;

use std::collections::HashMap;

use polars::prelude::*;

use super::report::{Measures, Section};
use super::survey::date_text;
use crate::codelist::CodeLists;
use crate::status::indicators::{Dimension, Indicators};
use crate::texts::Texts;

pub use behind::{Behind, Time, behind};
pub use tables::{SHORT, Set, Tables};
pub use value::Style;

/// Rows of a table by service that a page shows at first.
const SHOWN: usize = 20;

/// Names of institutions and services.
#[derive(Debug, Default, Clone)]
pub struct Names {
    institutions: HashMap<String, String>,
    services: HashMap<(String, String), String>,
}

impl Names {
    /// From the registry's institutions (`reg_no`, `name`) and services (`owner_reg_no`, `code`, `name`).
    ///
    /// # Errors
    ///
    /// A column is missing or no text.
    pub fn new(institutions: &DataFrame, services: &DataFrame) -> PolarsResult<Self> {
        let mut names = Self::default();
        let columns = ["reg_no", "name"].map(|name| institutions.column(name).and_then(Column::str));
        let [numbers, titles] = columns;
        for (number, title) in numbers?.iter().zip(titles?.iter()) {
            if let (Some(number), Some(title)) = (number, title) {
                names.institutions.insert(number.to_owned(), title.to_owned());
            }
        }
        let columns = ["owner_reg_no", "code", "name"].map(|name| services.column(name).and_then(Column::str));
        let [owners, codes, titles] = columns;
        for ((owner, code), title) in owners?.iter().zip(codes?.iter()).zip(titles?.iter()) {
            let (Some(code), Some(title)) = (code, title) else { continue };
            names.services.insert((owner.unwrap_or_default().to_owned(), code.to_owned()), title.to_owned());
            // A request to another institution for the service of one owner; of several owners nobody's.
            let anywhere = names.services.entry((String::new(), code.to_owned()));
            anywhere
                .and_modify(|known| {
                    if known != title {
                        known.clear();
                    }
                })
                .or_insert_with(|| title.to_owned());
        }
        Ok(names)
    }

    /// Registration numbers of institutions.
    pub fn institutions(&self) -> impl Iterator<Item = &str> {
        self.institutions.keys().map(String::as_str)
    }

    /// Name of an institution; its number where it is not known.
    pub fn institution(&self, reg_no: &str) -> String {
        self.institutions.get(reg_no).cloned().unwrap_or_else(|| reg_no.to_owned())
    }

    /// Name and code of a service; the code where it is not known.
    pub fn service(&self, reg_no: &str, code: &str) -> String {
        let key = |owner: &str| (owner.to_owned(), code.to_owned());
        let name = self.services.get(&key(reg_no)).or_else(|| self.services.get(&key("")));
        match name.filter(|name| !name.is_empty()) {
            Some(name) => format!("{name} ({code})"),
            None => code.to_owned(),
        }
    }
}

/// The section and its chapters; none where there is no request at all.
///
/// # Errors
///
/// The lake cannot be read.
pub fn sections(
    indicators: &Indicators,
    names: &Names,
    lists: &CodeLists,
    style: &Style<'_>,
) -> PolarsResult<Vec<Section>> {
    let tables = Tables::new(indicators, names, lists, style);
    let (totals, other_kinds) = (tables.totals()?, tables.other_kinds()?);
    if totals.rows.is_empty() && other_kinds.rows.is_empty() {
        return Ok(Vec::new());
    }
    let texts = style.texts;
    let part = Section {
        id: "performance".to_owned(),
        number: Some("3".to_owned()),
        title: texts.get("performance-title", &[]),
        paragraphs: vec![period(indicators, texts), texts.get("performance-counting", &[])],
        measures: filled([totals]),
        ..Section::default()
    };
    let (volume, time, outcome) = (&tables::VOLUME, &tables::TIME, &tables::OUTCOME);
    let by = |set| -> PolarsResult<Vec<Measures>> {
        let dimensions = [Dimension::Service, Dimension::Institution, Dimension::Channel, Dimension::Month];
        dimensions.into_iter().map(|dimension| tables.by(dimension, set)).collect()
    };
    let chapters = [
        ("volume", by(volume)?),
        ("time", by(time)?),
        ("outcome", by(outcome)?),
        (
            "steps",
            vec![
                tables.steps(Dimension::Total)?,
                tables.steps(Dimension::Service)?,
                tables.forecast(Dimension::Total)?,
                tables.forecast(Dimension::Service)?,
            ],
        ),
        ("clause-3-1", vec![tables.clause_3_1()?]),
        ("other-kinds", vec![other_kinds]),
    ];
    let chapters = chapters.into_iter().filter_map(|(id, measures)| {
        let measures = filled(measures);
        let paragraphs = vec![texts.get(&format!("performance-{id}-text"), &[])];
        let title = texts.get(&format!("performance-{id}-title"), &[]);
        let section = Section { id: format!("performance-{id}"), title, paragraphs, measures, ..Section::default() };
        (!section.measures.is_empty()).then_some(section)
    });
    let numbered =
        chapters.enumerate().map(|(at, chapter)| Section { number: Some(format!("3.{}", at + 1)), ..chapter });
    Ok(std::iter::once(part).chain(numbered).collect())
}

fn filled(tables: impl IntoIterator<Item = Measures>) -> Vec<Measures> {
    tables.into_iter().filter(|table| !table.rows.is_empty()).collect()
}

/// Which days are counted.
pub fn period(indicators: &Indicators, texts: &Texts) -> String {
    let query = indicators.query();
    let end = date_text(&query.end().to_string(), texts);
    match query.from {
        Some(from) => {
            let from = date_text(&from.to_string(), texts);
            texts.get("performance-period", &[("from", &from), ("to", &end)])
        }
        None => texts.get("performance-until", &[("to", &end)]),
    }
}
