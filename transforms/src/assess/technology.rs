//! Section 5, technology: which groups (T1 to T10) institutions have, and which conditions of service management their
//! technology supports (S2, annex 2). What the data cannot decide is told with the reason, not counted as nothing.

use polars::prelude::*;

use super::facts::{Decided, TECHNOLOGY_GROUPS, decided, needs};
use super::facts::{conditions, select};
use super::grid::{Grid, Line, Measure, OWNER};
use super::performance::Style;
use super::report::{Cell, Drawn, List, MeasureRow, Measures, Section, Shape};
use super::sentence;
use crate::codelist::Code;

/// The section and its chapters; nothing where nothing is known of any institution's technology.
pub(super) fn sections(grid: &Grid<'_>) -> PolarsResult<Vec<Section>> {
    let all = grid.number("technology", &[])?;
    let Some(list) = grid.lists.get("conditions").filter(|_| all > 0) else { return Ok(Vec::new()) };
    let lines = TECHNOLOGY_GROUPS.map(|group| Line::new(group, group_label(grid, group), &[]));
    let mut groups = grid.lines("technology-group", &["head-technology"], &lines, |line| {
        vec![
            Measure::count("has", "technology", &[(&line.key, "yes")]),
            Measure::count("has_not", "technology", &[(&line.key, "no")]),
            Measure::count("technology_unknown", "technology", &[(&line.key, "unknown")]),
        ]
    })?;
    groups.drawn = Some(Drawn { shape: Shape::Stacked, columns: vec![0, 1, 2] });
    let service_registers = grid.number("technology", &[("T1", "yes")])?;
    let known = service_registers + grid.number("technology", &[("T1", "no")])?;
    groups.sentence = sentence::share("technology-group", "institutions", service_registers, known, grid.texts());

    let technology = grid.facts.frame("technology");
    let (mut told, mut undecided) = (Vec::new(), Vec::new());
    for condition in &list.codes {
        match decided(&technology, condition)? {
            Decided::Yes => told.push(condition),
            Decided::Lacks(lacking) => {
                let lacking = lacking.join(", ");
                undecided.push(row(grid, condition, &grid.texts().get("why-groups", &[("groups", &lacking)])));
            }
            Decided::Apart => undecided.push(row(grid, condition, &grid.get("why-apart"))),
            Decided::NotMapped => undecided.push(row(grid, condition, &grid.get("why-not-mapped"))),
        }
    }
    let lines: Vec<Line> = told
        .iter()
        .map(|condition| Line {
            key: condition.code.clone(),
            labels: vec![condition_label(grid, condition), needs(condition).join(", ")],
            when: Vec::new(),
        })
        .collect();
    let mut supported = grid.lines("condition-support", &["head-condition", "head-technologies"], &lines, |line| {
        vec![
            Measure::count("fully", "condition", &[(&line.key, "fully")]),
            Measure::count("partly", "condition", &[(&line.key, "partly")]),
            Measure::count("not_supported", "condition", &[(&line.key, "not")]),
            Measure::count("condition_unknown", "condition", &[(&line.key, "unknown")]),
        ]
    })?;
    supported.drawn = Some(Drawn { shape: Shape::Stacked, columns: vec![0, 1, 2, 3] });
    let (count, of) = (told.len() as u64, list.codes.len() as u64);
    supported.sentence = sentence::share("condition-support", "conditions", count, of, grid.texts());
    let list = List {
        id: "conditions-undecided".to_owned(),
        title: grid.get("list-conditions-undecided"),
        note: grid.get("list-conditions-undecided-note"),
        columns: ["head-condition", "head-technologies", "head-value", "head-why"].map(|head| grid.get(head)).into(),
        rows: undecided,
    };
    let chapters = [
        grid.chapter("technology-groups", [groups], []),
        grid.chapter("technology-conditions", [supported], [Some(list)]),
        grid.chapter("technology-institutions", [matrix(grid, &technology)?], []),
    ];
    Ok(grid.part("technology", "5", chapters))
}

fn group_label(grid: &Grid<'_>, group: &str) -> String {
    format!("{group}. {}", grid.label("technology_groups", group))
}

fn condition_label(grid: &Grid<'_>, condition: &Code) -> String {
    let label = grid.texts().language().of(&condition.label_lv, &condition.label_en);
    format!("{} {label}", condition.code)
}

fn row(grid: &Grid<'_>, condition: &Code, why: &str) -> Vec<String> {
    vec![condition_label(grid, condition), needs(condition).join(", "), grid.get("cannot-be-told"), why.to_owned()]
}

/// Which group each institution has.
fn matrix(grid: &Grid<'_>, technology: &DataFrame) -> PolarsResult<Measures> {
    let id = "technology-institution";
    let mut table = grid.empty(id, &["head-institution"], TECHNOLOGY_GROUPS.map(str::to_owned));
    for column in &mut table.columns {
        column.label = column.key.clone();
    }
    let owners = technology.column(OWNER)?.str()?;
    let values = TECHNOLOGY_GROUPS.map(|group| technology.column(group).and_then(|column| column.str().cloned()));
    let values: Vec<StringChunked> = values.into_iter().collect::<PolarsResult<_>>()?;
    for row in 0..technology.height() {
        let owner = owners.get(row).unwrap_or_default();
        let cells = values.iter().zip(TECHNOLOGY_GROUPS).map(|(column, group)| {
            let value = column.get(row).unwrap_or_default();
            let text = grid.get(&format!("technology-{value}"));
            let select = select("technology", &conditions(&[(OWNER, owner), (group, value)]));
            Cell { id: format!("{id}/{owner}/{group}"), select, text, ..Style::word(Some(value.to_owned())) }
        });
        let cells = cells.collect();
        table.rows.push(MeasureRow { key: owner.to_owned(), labels: vec![grid.names.institution(owner)], cells });
    }
    Ok(table)
}
