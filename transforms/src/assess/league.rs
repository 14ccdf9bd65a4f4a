//! Section 8, scores: what each institution's score is made of, and the league table.
//!
//! A part is a share, and counts as its weight says. Parts of which nothing is known of an institution are left out; an
//! institution of which too little is known gets no score. Sums are in whole numbers, so that they never differ.

use polars::prelude::*;

use super::facts::{conditions, select};
use super::grid::{Grid, Measure, OWNER};
use super::report::{Cell, Column as Head, Drawn, Measures, Section};
use super::score::ScoreSettings;

/// Id of the league table.
pub(super) const TABLE: &str = "score-institution";

/// Shares that the parts are: key, facts, what counts, of what.
type Part =
    (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static [(&'static str, &'static str)]);

const PARTS: [Part; 7] = [
    ("coverage", "expected", &[("registered", "yes")], &[]),
    ("completeness", "service", &[("sum", "described")], &[("sum", "groups")]),
    ("needs", "service", &[("has_need", "yes")], &[]),
    ("resources", "service", &[("resource_due", "yes"), ("has_resource", "yes")], &[("resource_due", "yes")]),
    ("catalogues", "placement", &[("placed", "yes")], &[("told", "yes")]),
    ("readiness", "readiness", &[("sum", "met")], &[("sum", "known")]),
    ("freshness", "service", &[("dated", "yes"), ("stale", "no")], &[("dated", "yes")]),
];

/// The section; nothing where no institution has anything to score.
pub(super) fn sections(grid: &Grid<'_>, settings: &ScoreSettings) -> PolarsResult<Vec<Section>> {
    let weights = settings.weights.all();
    let parts: Vec<(u64, Measure)> = PARTS
        .iter()
        .filter_map(|(key, fact, when, of)| {
            let weight = weights.iter().find(|(name, _)| name == key).map_or(0, |(_, weight)| u64::from(*weight));
            (weight > 0).then(|| (weight, Measure::share(&format!("part_{key}"), fact, when, of)))
        })
        .collect();
    let measures: Vec<Measure> = parts.iter().map(|(_, measure)| measure.clone()).collect();
    let mut table = grid.by_institution(TABLE, &measures)?;
    if table.rows.is_empty() {
        return Ok(Vec::new());
    }
    let weights: Vec<u64> = parts.iter().map(|(weight, _)| *weight).collect();
    for (column, weight) in table.columns.iter_mut().zip(&weights) {
        let (part, weight) = (column.label.clone(), weight.to_string());
        column.label = grid.texts().get("score-part", &[("part", &part), ("weight", &weight)]);
    }
    score(grid, settings, &weights, &mut table);
    let kinds = kinds(grid)?;
    table.heads.push(grid.get("report-kind"));
    for row in &mut table.rows {
        let kind = kinds.iter().find(|(owner, _)| *owner == row.key).map(|(_, kind)| kind.clone());
        row.labels.push(kind.unwrap_or_default());
    }
    table.mark = (!settings.approved).then(|| grid.get("score-not-approved"));
    if let (true, Some(by)) = (settings.approved, &settings.approved_by) {
        let note = table.note.take().unwrap_or_default();
        table.note = Some(format!("{note} {}", grid.texts().get("score-approved", &[("by", by)])).trim().to_owned());
    }
    let mut section = grid.chapter("score", [table], []).into_iter().collect::<Vec<_>>();
    for section in &mut section {
        section.number = Some("8".to_owned());
        section.paragraphs.extend((!settings.approved).then(|| grid.get("score-not-approved")));
    }
    Ok(section)
}

/// Puts place, score and known part in front, and the rows in order.
fn score(grid: &Grid<'_>, settings: &ScoreSettings, weights: &[u64], table: &mut Measures) {
    let all: u64 = weights.iter().sum();
    let mut scored: Vec<(Option<u64>, u64, super::report::MeasureRow)> = Vec::new();
    for row in std::mem::take(&mut table.rows) {
        let (mut known, mut points) = (0_u64, 0_u128);
        for (cell, weight) in row.cells.iter().zip(weights) {
            let number = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
            let (count, of) = (number(&cell.count), number(&cell.of));
            if of > 0 {
                known += weight;
                points += u128::from(*weight) * u128::from(count) * 1_000_000 / u128::from(of);
            }
        }
        // Thousandths of a point and more are cut off part by part; the tenths that are shown are rounded half up.
        let tenths = points.checked_div(u128::from(known)).map(|share| ((share + 500) / 1000) as u64);
        let enough = known as f64 >= settings.least_known * all as f64 && known > 0;
        scored.push((tenths.filter(|_| enough), known, row));
    }
    scored.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.2.key.cmp(&b.2.key)));
    let mut place = (0, None);
    for (at, (tenths, known, mut row)) in scored.into_iter().enumerate() {
        if tenths != place.1 || at == 0 {
            place = (at as u64 + 1, tenths);
        }
        let select = select("score", &conditions(&[(OWNER, &row.key)]));
        let id = |column: &str| format!("{TABLE}/{}/{column}", row.key);
        let rank = match tenths {
            Some(_) => super::performance::Style::count(place.0),
            None => super::performance::Style::word(None),
        };
        let mut points = grid.style.number(tenths.map(|tenths| tenths as i64), 10, false);
        if tenths.is_none() {
            points.text = grid.get("cannot-be-told");
        }
        let head = vec![
            Cell { id: id("place"), select: String::new(), ..rank },
            Cell { id: id("score"), select, ..points },
            Cell { id: id("known_weight"), select: String::new(), ..grid.style.share(known, all) },
        ];
        row.cells.splice(0..0, head);
        table.rows.push(row);
    }
    let heads = ["place", "score", "known_weight"].map(|key| {
        let label = grid.get(&format!("measure-{}", key.replace('_', "-")));
        Head { key: key.to_owned(), label }
    });
    table.columns.splice(0..0, heads);
    table.drawn = Some(Drawn::bars(1));
}

fn kinds(grid: &Grid<'_>) -> PolarsResult<Vec<(String, String)>> {
    let institutions = grid.facts.frame("institution");
    let (owners, kinds) = (institutions.column(OWNER)?.str()?, institutions.column("kind")?.str()?);
    let pairs = owners.iter().zip(kinds.iter());
    Ok(pairs.filter_map(|(owner, kind)| Some((owner?.to_owned(), grid.label("institution_kinds", kind?)))).collect())
}
