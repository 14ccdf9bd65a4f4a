//! Section 4, readiness for the eGovernment Benchmark (S2, 4.3.4): what is met, what is not, and what nobody can tell.

use polars::prelude::*;

use super::facts::REQUIREMENTS;
use super::grid::{Grid, Line, Measure};
use super::report::{Drawn, List, Section, Shape};
use super::sentence;

/// The section and its chapters; nothing where there is no public service.
pub(super) fn sections(grid: &Grid<'_>) -> PolarsResult<Vec<Section>> {
    let services = grid.number("readiness", &[])?;
    if services == 0 {
        return Ok(Vec::new());
    }
    let label = |code: &str| grid.get(&format!("readiness-{}", code.replace('_', "-")));
    let heads = ["head-requirement", "head-benchmark-group", "head-level"];
    let line = |code: &str, group: &str, level: &str| Line {
        key: code.to_owned(),
        labels: vec![label(code), grid.get(&format!("benchmark-{group}")), grid.get(&format!("level-{level}"))],
        when: Vec::new(),
    };
    let decided: Vec<Line> = REQUIREMENTS
        .iter()
        .filter(|requirement| requirement.undecided.is_none())
        .map(|requirement| line(requirement.code, group_id(requirement.group), requirement.level.code()))
        .collect();
    let mut table = grid.lines("readiness-requirement", &heads, &decided, |line| {
        let key = line.key.as_str();
        vec![
            Measure::count("met", "readiness", &[(key, "met")]),
            Measure::count("not_met", "readiness", &[(key, "not met")]),
            Measure::count("readiness_unknown", "readiness", &[(key, "unknown")]),
            Measure::count("not_applicable", "readiness", &[(key, "not applicable")]),
        ]
    })?;
    table.drawn = Some(Drawn { shape: Shape::Stacked, columns: vec![0, 1, 2, 3] });
    let sums = |name| Measure::count(name, "readiness", &[("sum", name)]);
    let met = grid.number("readiness", &[("sum", "met")])?;
    let (known, asked) =
        (grid.number("readiness", &[("sum", "known")])?, grid.number("readiness", &[("sum", "applicable")])?);
    table.sentence = sentence::share("readiness-requirement", "answers", met, known, grid.texts());
    let measures = [
        Measure::count("public_services", "readiness", &[]),
        Measure::share("known_share", "readiness", &[("sum", "known")], &[("sum", "applicable")]),
        Measure::share("met_share", "readiness", &[("sum", "met")], &[("sum", "known")]),
        sums("met"),
        sums("not_met"),
    ];
    let mut institutions = grid.by_institution("readiness-institution", &measures)?;
    institutions.sentence = sentence::share("readiness-institution", "answers", known, asked, grid.texts());
    let undecided = REQUIREMENTS.iter().filter_map(|requirement| {
        let why = grid.get(&format!("why-{}", requirement.undecided?.code()));
        Some(vec![
            label(requirement.code),
            grid.get(&format!("benchmark-{}", group_id(requirement.group))),
            grid.get("cannot-be-told"),
            why,
        ])
    });
    let undecided = List {
        id: "readiness-undecided".to_owned(),
        title: grid.get("list-readiness-undecided"),
        note: grid.get("list-readiness-undecided-note"),
        columns: ["head-requirement", "head-benchmark-group", "head-value", "head-why"]
            .map(|head| grid.get(head))
            .into(),
        rows: undecided.collect(),
    };
    let chapters = [
        grid.chapter("readiness-requirements", [table], [Some(undecided)]),
        grid.chapter("readiness-institutions", [institutions], []),
    ];
    Ok(grid.part("readiness", "4", chapters))
}

/// The end of a text's id.
fn group_id(group: &str) -> &str {
    if group == "-" { "none" } else { group }
}
