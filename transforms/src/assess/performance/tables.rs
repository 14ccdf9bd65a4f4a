//! Results of the indicators as tables with names.

use std::cmp::Reverse;

use polars::prelude::*;

use super::value::{Style, counted, text};
use super::{Names, SHOWN};
use crate::assess::report::{Author, Cell, Column, Drawn, MeasureRow, Measures, Shape, selector};
use crate::codelist::CodeLists;
use crate::status::indicators::{Dimension, Indicators};
use crate::texts::Language;

/// Measures that stand together.
pub struct Set {
    id: &'static str,
    measures: &'static [&'static str],
    /// The dimension and column that is drawn, and how.
    drawn: Option<(Dimension, Shape, usize)>,
}

/// How many, through which channels, what is open.
pub(super) static VOLUME: Set = Set {
    id: "volume",
    measures: &[
        "received",
        "closed",
        "open",
        "overdue",
        "due_unknown",
        "electronic_share",
        "in_person",
        "in_person_share",
    ],
    drawn: Some((Dimension::Month, Shape::Lines, 0)),
};
/// How long.
pub(super) static TIME: Set = Set {
    id: "time",
    measures: &[
        "timed",
        "median_seconds",
        "p90_seconds",
        "median_working_seconds",
        "p90_working_seconds",
        "expected_share",
        "statutory_share",
    ],
    drawn: Some((Dimension::Service, Shape::Bars, 1)),
};
/// With what result, how smoothly.
pub(super) static OUTCOME: Set = Set {
    id: "outcome",
    measures: &[
        "closed",
        "granted",
        "partly_granted",
        "refused",
        "completed",
        "withdrawn",
        "forwarded",
        "cancelled",
        "refusal_share",
        "first_time_right_share",
        "reopened",
        "appealed",
    ],
    drawn: None,
};
/// What `vienkop kpi` prints.
pub static SHORT: Set = Set {
    id: "short",
    measures: &[
        "received",
        "closed",
        "open",
        "overdue",
        "median_seconds",
        "p90_seconds",
        "expected_share",
        "statutory_share",
        "refusal_share",
    ],
    drawn: None,
};

/// Measures of everything together, in the order that people read them.
const TOTALS: &[&str] = &[
    "received",
    "electronic_share",
    "in_person",
    "in_person_share",
    "open",
    "overdue",
    "due_unknown",
    "closed",
    "granted",
    "partly_granted",
    "refused",
    "completed",
    "withdrawn",
    "forwarded",
    "cancelled",
    "refusal_share",
    "timed",
    "median_seconds",
    "p90_seconds",
    "median_working_seconds",
    "p90_working_seconds",
    "expected_share",
    "expected_of",
    "expected_undecidable",
    "statutory_share",
    "statutory_of",
    "statutory_undecidable",
    "first_time_right_share",
    "waited",
    "waiting_median_seconds",
    "suspended",
    "suspended_median_seconds",
    "reopened",
    "appealed",
    "undated",
];

/// Makes the tables.
pub struct Tables<'a> {
    indicators: &'a Indicators,
    names: &'a Names,
    lists: &'a CodeLists,
    style: &'a Style<'a>,
}

impl<'a> Tables<'a> {
    /// With the names of things.
    pub const fn new(indicators: &'a Indicators, names: &'a Names, lists: &'a CodeLists, style: &'a Style<'a>) -> Self {
        Self { indicators, names, lists, style }
    }

    /// A row a measure; a column for all requests and for each derivation, since these are not equally good.
    pub fn totals(&self) -> PolarsResult<Measures> {
        let id = "performance-total";
        let total = self.indicators.requests(Dimension::Total, false)?;
        let apart = self.indicators.requests(Dimension::Total, true)?;
        let mut table = self.table(id, "total", &["head-measure"], &[]);
        if total.height() == 0 {
            return Ok(table);
        }
        table.columns.push(Column { key: "all".to_owned(), label: self.get("measure-all") });
        // In the order of the code list; requests without events have none.
        let mut order: Vec<usize> = (0..apart.height()).collect();
        let code = |row: usize| text(&apart, row, "derivation").ok().flatten();
        order.sort_by_key(|row| self.rank("derivations", code(*row).as_deref()));
        for row in &order {
            let label = self.label("derivations", code(*row).as_deref(), "measure-no-derivation");
            table.columns.push(Column { key: code(*row).unwrap_or_else(|| "none".to_owned()), label });
        }
        for measure in TOTALS {
            let mut cells = vec![self.cell(&total, 0, measure, id, measure, "all", &[])?];
            for row in &order {
                let derivation = code(*row).unwrap_or_default();
                let column = if derivation.is_empty() { "none" } else { &derivation };
                cells.push(self.cell(&apart, *row, measure, id, measure, column, &[("derivation", &derivation)])?);
            }
            table.rows.push(MeasureRow { key: (*measure).to_owned(), labels: vec![self.measure(measure)], cells });
        }
        Ok(table)
    }

    /// A row an item, services and institutions by volume, channels as in the code list, months in order.
    pub fn by(&self, dimension: Dimension, set: &Set) -> PolarsResult<Measures> {
        let frame = self.indicators.requests(dimension, false)?;
        let id = format!("{}-{}", set.id, dimension.name());
        // Of one channel all are electronic, in person, or neither.
        let idle =
            |measure: &str| dimension == Dimension::Channel && ["electronic_share", "in_person"].contains(&measure);
        let measures: Vec<&str> = set.measures.iter().copied().filter(|measure| !idle(measure)).collect();
        let mut table = self.table(&id, &id, &Self::heads(dimension), &measures);
        if set.id == SHORT.id {
            for column in &mut table.columns {
                column.label = self.short(&column.key);
            }
        }
        let drawn = set.drawn.filter(|(drawn, ..)| *drawn == dimension);
        table.drawn = drawn.map(|(_, shape, column)| Drawn { shape, columns: vec![column] });
        let order = self.order(&frame, dimension, &["received", "closed", "open"])?;
        self.fill(&mut table, &frame, &order, dimension, &measures, &[])?;
        Ok(table)
    }

    /// A row an item and state.
    pub fn steps(&self, dimension: Dimension) -> PolarsResult<Measures> {
        let measures = ["stays", "median_seconds", "p90_seconds", "median_working_seconds", "p90_working_seconds"];
        self.of_states("steps", dimension, &self.indicators.steps(dimension, false)?, &measures, "stays")
    }

    /// A row an item and the state in which open requests stand.
    pub fn forecast(&self, dimension: Dimension) -> PolarsResult<Measures> {
        let measures = ["open", "remaining_median_seconds", "remaining_p90_seconds", "typical_seconds", "behind"];
        self.of_states("forecast", dimension, &self.indicators.forecast(dimension)?, &measures, "open")
    }

    /// Services that meet the criterion, the latest year first.
    pub fn clause_3_1(&self) -> PolarsResult<Measures> {
        let id = "clause-3-1";
        let measures = ["requests", "holder_requests", "holder_share", "digital_level", "e_service"];
        let frame = self.indicators.clause_3_1()?;
        let mut heads = Self::heads(Dimension::Service);
        heads.push("head-year");
        let mut table = self.table(id, id, &heads, &measures);
        let met = frame.column("criterion_met")?.bool()?;
        let mut order: Vec<usize> = (0..frame.height()).filter(|row| met.get(*row) == Some(true)).collect();
        let key = |row: usize| -> PolarsResult<_> {
            Ok((Reverse(text(&frame, row, "year")?), Reverse(counted(&frame, row, "requests")?)))
        };
        let keys: Vec<_> = (0..frame.height()).map(key).collect::<PolarsResult<_>>()?;
        order.sort_by(|a, b| keys[*a].cmp(&keys[*b]));
        self.fill(&mut table, &frame, &order, Dimension::Service, &measures, &["year"])?;
        for row in &mut table.rows {
            for (cell, measure) in row.cells.iter_mut().zip(measures) {
                match (measure, cell.value.as_deref()) {
                    ("e_service", Some(verdict)) => cell.text = self.get(&format!("e-service-{verdict}")),
                    ("digital_level", Some(code)) => cell.text = self.label("digital_levels", Some(code), ""),
                    _ => {}
                }
            }
        }
        Ok(table)
    }

    /// A row a kind of request that is no service request.
    pub fn other_kinds(&self) -> PolarsResult<Measures> {
        let measures = ["received", "closed", "open", "median_seconds", "p90_seconds"];
        let frame = self.indicators.other_kinds()?;
        let id = "other-kinds";
        let mut table = self.table(id, id, &["head-kind"], &measures);
        for row in 0..frame.height() {
            let kind = text(&frame, row, "kind")?;
            let key = kind.clone().unwrap_or_default();
            let mut cells = Vec::new();
            for measure in measures {
                cells.push(self.cell(&frame, row, measure, id, &key, measure, &[("kind", &key)])?);
            }
            let labels = vec![self.label("request_kinds", kind.as_deref(), "measure-unknown")];
            table.rows.push(MeasureRow { key, labels, cells });
        }
        Ok(table)
    }

    fn of_states(
        &self,
        id: &str,
        dimension: Dimension,
        frame: &DataFrame,
        measures: &[&str],
        weight: &str,
    ) -> PolarsResult<Measures> {
        let id = format!("{id}-{}", dimension.name());
        let mut heads = Self::heads(dimension);
        heads.push("head-state");
        let mut table = self.table(&id, &id, &heads, measures);
        let mut order = self.order(frame, dimension, &[weight])?;
        // The states of an item stay together, in the order of the code list; the items by all their states.
        let item =
            |row: usize| dimension.keys().iter().map(|key| text(frame, row, key)).collect::<PolarsResult<Vec<_>>>();
        let items: Vec<_> = (0..frame.height()).map(item).collect::<PolarsResult<_>>()?;
        let mut weights: std::collections::HashMap<&Vec<Option<String>>, u64> = std::collections::HashMap::new();
        for (row, item) in items.iter().enumerate() {
            *weights.entry(item).or_default() += counted(frame, row, weight)?;
        }
        let states: Vec<_> = (0..frame.height()).map(|row| text(frame, row, "state")).collect::<PolarsResult<_>>()?;
        let state = |row: usize| self.rank("states", states[row].as_deref());
        order.sort_by_key(|row| (Reverse(weights[&items[*row]]), &items[*row], state(*row)));
        self.fill(&mut table, frame, &order, dimension, measures, &["state"])?;
        Ok(table)
    }

    /// Services and institutions: what has most first. Channels as in the code list. Others as they are.
    fn order(&self, frame: &DataFrame, dimension: Dimension, weights: &[&str]) -> PolarsResult<Vec<usize>> {
        let mut order: Vec<usize> = (0..frame.height()).collect();
        match dimension {
            Dimension::Service | Dimension::Institution => {
                let weight =
                    |row: usize| weights.iter().map(|name| counted(frame, row, name)).collect::<PolarsResult<Vec<_>>>();
                let keys: Vec<_> = (0..frame.height()).map(weight).collect::<PolarsResult<_>>()?;
                order.sort_by(|a, b| keys[*b].cmp(&keys[*a]).then(a.cmp(b)));
            }
            Dimension::Channel => {
                let codes: Vec<_> =
                    (0..frame.height()).map(|row| text(frame, row, "channel")).collect::<PolarsResult<_>>()?;
                order.sort_by_key(|row| self.rank("channels", codes[*row].as_deref()));
            }
            _ => {}
        }
        Ok(order)
    }

    fn fill(
        &self,
        table: &mut Measures,
        frame: &DataFrame,
        order: &[usize],
        dimension: Dimension,
        measures: &[&str],
        more: &[&'static str],
    ) -> PolarsResult<()> {
        for row in order {
            let mut parameters: Vec<(&str, String)> = Vec::new();
            for key in dimension.keys().iter().chain(more) {
                parameters.push((key, text(frame, *row, key)?.unwrap_or_default()));
            }
            let key = parameters.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("/");
            let given: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let mut cells = Vec::with_capacity(measures.len());
            for measure in measures {
                cells.push(self.cell(frame, *row, measure, &table.id, &key, measure, &given)?);
            }
            table.rows.push(MeasureRow { labels: self.labels(dimension, &given), key, cells });
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "where the value stands, in the result and in the table")]
    fn cell(
        &self,
        frame: &DataFrame,
        row: usize,
        measure: &str,
        table: &str,
        key: &str,
        column: &str,
        parameters: &[(&str, &str)],
    ) -> PolarsResult<Cell> {
        let query = self.indicators.query();
        let (from, end) = (query.from.map(|day| day.to_string()), query.end().to_string());
        let asked = [
            ("institution_reg_no", query.institution.as_deref()),
            ("service_code", query.service.as_deref()),
            ("from", from.as_deref()),
            ("to", Some(end.as_str())),
        ];
        let mut all = vec![("measure", measure)];
        all.extend(parameters);
        let named = |name: &str| parameters.iter().any(|(known, _)| *known == name);
        all.extend(asked.iter().filter(|(name, _)| !named(name)).filter_map(|(name, value)| Some((*name, (*value)?))));
        let source = if table.starts_with("steps") { "request_step" } else { "request_timeline" };
        let cell = self.style.cell(frame, row, measure)?;
        Ok(Cell { id: format!("{table}/{key}/{column}"), select: selector(source, &all), ..cell })
    }

    fn table(&self, id: &str, text: &str, heads: &[&str], measures: &[&str]) -> Measures {
        let column = |key: &&str| Column { key: (*key).to_owned(), label: self.measure(key) };
        let note = format!("table-{text}-note");
        Measures {
            id: id.to_owned(),
            title: self.get(&format!("table-{text}")),
            mark: None,
            sentence: None,
            author: Author::Draft,
            note: self.style.texts.has(&note).then(|| self.get(&note)),
            heads: heads.iter().map(|head| self.get(head)).collect(),
            columns: measures.iter().map(column).collect(),
            rows: Vec::new(),
            shown: if text == "total" { usize::MAX } else { SHOWN },
            drawn: None,
        }
    }

    fn heads(dimension: Dimension) -> Vec<&'static str> {
        match dimension {
            Dimension::Total => vec![],
            Dimension::Service => vec!["head-service", "head-institution"],
            Dimension::Institution => vec!["head-institution"],
            Dimension::Channel => vec!["head-channel"],
            Dimension::Month => vec!["head-month"],
            Dimension::Finest => vec!["head-service", "head-institution", "head-channel", "head-month"],
        }
    }

    /// Labels of a row, for each head.
    fn labels(&self, dimension: Dimension, given: &[(&str, &str)]) -> Vec<String> {
        let value = |key: &str| given.iter().find(|(name, _)| *name == key).map_or("", |(_, value)| *value);
        let reg_no = value("institution_reg_no");
        let code = |key: &str| Some(value(key)).filter(|code| !code.is_empty());
        let service = || match code("service_code") {
            Some(code) => self.names.service(reg_no, code),
            None => self.get("measure-no-service"),
        };
        let month = || if value("month").is_empty() { self.get("measure-no-date") } else { value("month").to_owned() };
        let channel = || self.label("channels", code("channel"), "measure-no-channel");
        let mut labels = match dimension {
            Dimension::Total => vec![],
            Dimension::Service => vec![service(), self.names.institution(reg_no)],
            Dimension::Institution => vec![self.names.institution(reg_no)],
            Dimension::Channel => vec![channel()],
            Dimension::Month => vec![month()],
            Dimension::Finest => vec![service(), self.names.institution(reg_no), channel(), month()],
        };
        labels.extend(code("state").map(|state| self.label("states", Some(state), "")));
        labels.extend(code("year").map(str::to_owned));
        labels
    }

    fn measure(&self, measure: &str) -> String {
        self.get(&format!("measure-{}", measure.replace('_', "-")))
    }

    /// On a terminal, where lines are short.
    fn short(&self, measure: &str) -> String {
        let id = format!("measure-short-{}", measure.replace('_', "-"));
        if self.style.texts.has(&id) { self.get(&id) } else { self.measure(measure) }
    }

    fn get(&self, id: &str) -> String {
        self.style.texts.get(id, &[])
    }

    /// Label of a code; the code where the list has no such code.
    fn label(&self, list: &str, code: Option<&str>, none: &str) -> String {
        let Some(code) = code else { return self.get(none) };
        let found = self.lists.get(list).and_then(|list| list.get(code));
        found.map_or_else(
            || code.to_owned(),
            |found| match self.style.texts.language() {
                Language::Lv => found.label_lv.clone(),
                Language::En => found.label_en.clone(),
            },
        )
    }

    /// Place of a code in its list; what is not in it last.
    fn rank(&self, list: &str, code: Option<&str>) -> usize {
        let codes = self.lists.get(list).map_or(&[][..], |list| &list.codes);
        codes.iter().position(|known| Some(known.code.as_str()) == code).unwrap_or(usize::MAX)
    }
}
