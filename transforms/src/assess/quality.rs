//! Section 6, data quality: what each source delivered, what was found wrong by rule, what each agency must mend.

use polars::prelude::*;

use super::facts::{conditions, select};
use super::grid::{Grid, LISTED, Line, Measure};
use super::performance::Style;
use super::report::{Cell, Column as Head, Drawn, List, Measures, Section, Shape};
use super::sentence;
use crate::finding::{self, RULES};

/// The section and its chapters; nothing where nothing was ever delivered.
pub(super) fn sections(grid: &Grid<'_>) -> PolarsResult<Vec<Section>> {
    let deliveries = grid.facts.frame("delivery");
    if deliveries.height() == 0 {
        return Ok(Vec::new());
    }
    let chapters = [
        grid.chapter("quality-deliveries", [of_sources(grid, &deliveries)?], []),
        grid.chapter("quality-rules", [by_rule(grid)?], []),
        grid.chapter("quality-mending", [lacking(grid)?], [mending(grid)?]),
    ];
    Ok(grid.part("quality", "6", chapters))
}

/// A row a source.
fn of_sources(grid: &Grid<'_>, deliveries: &DataFrame) -> PolarsResult<Measures> {
    let text = |name: &str| -> PolarsResult<Vec<String>> {
        Ok(deliveries.column(name)?.str()?.iter().map(|text| text.unwrap_or_default().to_owned()).collect())
    };
    let (sources, titles) = (text("source")?, text("title")?);
    let lines: Vec<Line> = sources
        .iter()
        .zip(&titles)
        .map(|(source, title)| {
            Line::new(source, if title.is_empty() { source } else { title }.clone(), &[("source", source)])
        })
        .collect();
    let id = "quality-source";
    let sum = |key: &'static str| Measure::count(key, "delivery", &[("sum", key)]);
    let mut table = grid.lines(id, &["head-source"], &lines, |_| {
        let records = ["mapped", "accepted", "quarantined", "duplicates", "rejected"].map(sum);
        // Of a source of which nothing was found there is no row of findings, and 0 is right.
        let findings = Measure::count("findings", "finding", &[("sum", "findings")]);
        records.into_iter().chain([sum("standing"), findings]).collect()
    })?;
    table.drawn = Some(Drawn { shape: Shape::Stacked, columns: vec![1, 2] });
    for (key, values) in
        [("delivery_status", text("status")?), ("last_new_on", text("last_new_at")?), ("late", text("late")?)]
    {
        table
            .columns
            .push(Head { key: key.to_owned(), label: grid.get(&format!("measure-{}", key.replace('_', "-"))) });
        for (row, value) in table.rows.iter_mut().zip(&values) {
            let shown = match key {
                "delivery_status" => grid.get(&format!("delivery-{value}")),
                "last_new_on" => value.chars().take(10).collect(),
                _ => grid.get(if value.is_empty() {
                    "late-unknown"
                } else if value == "yes" {
                    "late-yes"
                } else {
                    "late-no"
                }),
            };
            let select = select("delivery", &conditions(&[("source", &row.key)]));
            let told = (!value.is_empty()).then_some(shown.clone());
            let cell = Style::word(told);
            let text = if key == "last_new_on" { cell.text.clone() } else { shown };
            row.cells.push(Cell { id: format!("{id}/{}/{key}", row.key), select, text, ..cell });
        }
    }
    let (accepted, mapped) =
        (grid.number("delivery", &[("sum", "accepted")])?, grid.number("delivery", &[("sum", "mapped")])?);
    table.sentence = sentence::share(id, "records", accepted, mapped, grid.texts());
    Ok(table)
}

/// A row a rule that was broken, in the order of the codes.
fn by_rule(grid: &Grid<'_>) -> PolarsResult<Measures> {
    let id = "quality-rule";
    let mut lines = Vec::new();
    for rule in RULES {
        if grid.number("finding", &[("code", rule.code), ("sum", "findings")])? > 0 {
            lines.push(line(grid, rule.code));
        }
    }
    let mut table = grid.lines(id, &["head-rule"], &lines, |_| {
        let severity =
            |key: &str, severity: &str| Measure::count(key, "finding", &[("severity", severity), ("sum", "findings")]);
        vec![
            Measure::count("findings", "finding", &[("sum", "findings")]),
            severity("errors", "error"),
            severity("warnings", "warning"),
            severity("infos", "info"),
            Measure::count("sources", "finding", &[]),
        ]
    })?;
    table.rows.sort_by_key(|row| std::cmp::Reverse(row.cells.first().map_or(0, |cell| cell.amount)));
    table.shown = 20;
    Ok(super::grid::drawn_as_bars(table, "findings"))
}

fn line(grid: &Grid<'_>, code: &str) -> Line {
    Line::new(code, format!("{code} {}", grid.get(&format!("{code}-title"))), &[("code", code)])
}

/// What the registry as a whole lacks, by institution.
fn lacking(grid: &Grid<'_>) -> PolarsResult<Measures> {
    let rules =
        [&finding::UNMET_NEED, &finding::SERVICE_WITHOUT_NEED, &finding::SERVICE_WITHOUT_RESOURCE, &finding::DANGLING];
    let of = |code: &'static str| Measure::count(code, "lack", &[("code", code)]);
    // A need belongs to no institution.
    let owned = rules.iter().filter(|rule| rule.code != finding::UNMET_NEED.code);
    let measures: Vec<Measure> =
        std::iter::once(Measure::count("lacking", "lack", &[])).chain(owned.map(|rule| of(rule.code))).collect();
    let mut table = grid.by_institution("quality-institution", &measures)?;
    for column in table.columns.iter_mut().skip(1) {
        column.label = format!("{} {}", column.key, grid.get(&format!("{}-title", column.key)));
    }
    Ok(table)
}

/// What each source's agency must mend: errors and warnings by rule, with the rule's remedy.
fn mending(grid: &Grid<'_>) -> PolarsResult<Option<List>> {
    let found = grid.facts.frame("finding");
    if found.height() == 0 {
        return Ok(None);
    }
    let deliveries = grid.facts.frame("delivery").lazy().select([col("source"), col("title"), col("institution")]);
    let found = found
        .lazy()
        .filter(col("severity").neq(lit("info")))
        .group_by([col("source"), col("code")])
        .agg([col("findings").sum()])
        .join(deliveries, [col("source")], [col("source")], JoinArgs::new(JoinType::Left))
        .sort(["source", "code"], SortMultipleOptions::default())
        .collect()?;
    let text = |name: &str| found.column(name).and_then(|column| column.str().cloned());
    let (sources, codes, titles, institutions) = (text("source")?, text("code")?, text("title")?, text("institution")?);
    let numbers = found.column("findings")?.cast(&DataType::Int64)?;
    let numbers = numbers.i64()?;
    let rows = (0..found.height().min(LISTED)).map(|row| {
        let code = codes.get(row).unwrap_or_default();
        let source = titles.get(row).filter(|title| !title.is_empty()).or_else(|| sources.get(row)).unwrap_or_default();
        let whose =
            institutions.get(row).filter(|number| !number.is_empty()).map(|number| grid.names.institution(number));
        let whose = whose.map_or_else(|| source.to_owned(), |whose| format!("{whose} ({source})"));
        let dash = ["value", "expected", "field", "column", "cell", "key", "hint"].map(|name| (name, "–"));
        let rule = format!("{code} {}", grid.get(&format!("{code}-title")));
        let number = numbers.get(row).unwrap_or(0).to_string();
        vec![whose, rule, number, grid.texts().get(&format!("{code}-remedy"), &dash)]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let left = found.height().saturating_sub(LISTED);
    let mut note = grid.get("list-mending-note");
    if left > 0 {
        let number = left.to_string();
        note = format!("{note} {}", grid.texts().get("list-left", &[("count", &number), ("select", "finding")]));
    }
    Ok((!rows.is_empty()).then(|| List {
        id: "mending".to_owned(),
        title: grid.get("list-mending"),
        note,
        columns: ["head-agency", "head-rule", "measure-findings", "head-remedy"].map(|head| grid.get(head)).into(),
        rows,
    }))
}
