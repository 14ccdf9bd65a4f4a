//! Section 2, coverage: services registered against what is expected of each institution, completeness by the eight
//! description groups, links between needs, services and resources, placement in catalogues, freshness (S2 P1, P3; S3;
//! S4).

use polars::prelude::*;

use super::facts::{conditions, select, services};
use super::grid::{Grid, Line, Measure, OWNER, drawn_as_bars};
use super::performance::Style;
use super::report::{Cell, List, Measures, Section};
use super::sentence;
use crate::model::Presence;

/// The section and its chapters; nothing where the registry holds neither services nor portfolios nor needs.
pub(super) fn sections(grid: &Grid<'_>) -> PolarsResult<Vec<Section>> {
    let chapters = [portfolio(grid)?, completeness(grid)?, links(grid)?, catalogues(grid)?, freshness(grid)?];
    Ok(grid.part("coverage", "2", chapters))
}

fn portfolio(grid: &Grid<'_>) -> PolarsResult<Option<Section>> {
    let expected = |basis: &[(&str, &str)]| {
        let registered: Vec<(&str, &str)> = basis.iter().copied().chain([("registered", "yes")]).collect();
        let missing: Vec<(&str, &str)> = basis.iter().copied().chain([("registered", "no")]).collect();
        vec![
            Measure::count("expected", "expected", basis),
            Measure::share("registered_share", "expected", &registered, basis),
            Measure::count("missing", "expected", &missing),
        ]
    };
    let lines = [("all", None), ("declared", Some("declared")), ("derived", Some("derived"))].map(|(key, basis)| {
        let when: Vec<(&str, &str)> = basis.into_iter().map(|basis| ("basis", basis)).collect();
        Line::new(key, grid.get(&format!("basis-{key}")), &when)
    });
    let mut total = grid.lines("portfolio-total", &["head-basis"], &lines, |_| expected(&[]))?;
    let (registered, all) = (grid.number("expected", &[("registered", "yes")])?, grid.number("expected", &[])?);
    total.sentence = sentence::share("portfolio-total", "items", registered, all, grid.texts());
    if all == 0 {
        total.rows.clear();
    }
    let mut measures = vec![Measure::count("services", "service", &[])];
    measures.extend(expected(&[]));
    let table = grid.by_institution("portfolio-institution", &measures)?;
    let silent = silent(grid)?;
    let missing = grid.list(
        "portfolio-missing",
        &["head-institution", "head-item", "head-basis"],
        "expected",
        &[("registered", "no")],
        &[OWNER, "item", "basis"],
        |cells| vec![grid.names.institution(cells[0]), cells[1].to_owned(), grid.get(&format!("basis-{}", cells[2]))],
    )?;
    Ok(grid.chapter("coverage-portfolio", [total, silent, drawn_as_bars(table, "registered_share")], [missing]))
}

/// Institutions by kind: of how many nothing is expected that could be known, so that coverage cannot be told.
fn silent(grid: &Grid<'_>) -> PolarsResult<Measures> {
    let id = "portfolio-kind";
    let mut table = grid.empty(
        id,
        &["report-kind"],
        ["institutions", "with_services_share", "with_portfolio_share"].map(str::to_owned),
    );
    table.shown = usize::MAX;
    let institutions = grid.facts.frame("institution");
    if institutions.height() == 0 {
        return Ok(table);
    }
    let has = |column: &str| col(column).cast(DataType::UInt64).sum();
    let counted = institutions
        .lazy()
        .group_by([col("kind")])
        .agg([len().cast(DataType::UInt64).alias("institutions"), has("with_services"), has("with_portfolio")])
        .collect()?;
    let kinds = grid.lists.get("institution_kinds").map(|list| list.codes.as_slice()).unwrap_or_default();
    let place = |kind: &str| kinds.iter().position(|code| code.code == kind).unwrap_or(usize::MAX);
    let kind = counted.column("kind")?.str()?.clone();
    let number =
        |name: &str, row: usize| -> PolarsResult<u64> { Ok(counted.column(name)?.u64()?.get(row).unwrap_or(0)) };
    let mut order: Vec<usize> = (0..counted.height()).collect();
    order.sort_by_key(|row| (place(kind.get(*row).unwrap_or_default()), kind.get(*row).unwrap_or_default().to_owned()));
    for row in order {
        let code = kind.get(row).unwrap_or_default();
        let all = number("institutions", row)?;
        let selected = |more: &[(&str, &str)]| select("institution", &conditions(&[&[("kind", code)], more].concat()));
        let cell = |key: &str, cell: Cell, select: String| Cell { id: format!("{id}/{code}/{key}"), select, ..cell };
        let share = |column: &'static str| -> PolarsResult<Cell> {
            let part = grid.style.share(number(column, row)?, all);
            Ok(cell(&format!("{column}_share"), part, selected(&[(column, "yes")])))
        };
        let cells = vec![
            cell("institutions", Style::count(all), selected(&[])),
            share("with_services")?,
            share("with_portfolio")?,
        ];
        table.rows.push(super::report::MeasureRow {
            key: code.to_owned(),
            labels: vec![grid.label("institution_kinds", code)],
            cells,
        });
    }
    Ok(table)
}

fn completeness(grid: &Grid<'_>) -> PolarsResult<Option<Section>> {
    let lines: Vec<Line> =
        (1..=services::GROUPS.len()).map(|at| Line::new(&format!("group_{at}"), group_label(grid, at), &[])).collect();
    let mut groups = grid.lines("completeness-group", &["head-group"], &lines, |line| {
        vec![
            Measure::share("described_share", "service", &[(&line.key, "yes")], &[]),
            Measure::count("not_described", "service", &[(&line.key, "no")]),
        ]
    })?;
    let all = grid.number("service", &[])?;
    let whole = grid.number("service", &[("described", "8")])?;
    groups.sentence = sentence::share("completeness-group", "services", whole, all, grid.texts());
    if all == 0 {
        groups.rows.clear();
    }
    let mut measures = vec![
        Measure::count("services", "service", &[]),
        Measure::share("groups_share", "service", &[("sum", "described")], &[("sum", "groups")]),
    ];
    for at in 1..=services::GROUPS.len() {
        let key = format!("group_{at}");
        measures.push(Measure::share(&key, "service", &[(&key, "yes")], &[]));
    }
    let institutions = grid.by_institution("completeness-institution", &measures)?;
    let fields = fields(grid, all)?;
    let tables = [drawn_as_bars(groups, "described_share"), drawn_as_bars(institutions, "groups_share"), fields];
    Ok(grid.chapter("coverage-completeness", tables, []))
}

fn group_label(grid: &Grid<'_>, at: usize) -> String {
    format!("{at}. {}", grid.get(&format!("group-{at}")))
}

/// A row a field or list of the description.
fn fields(grid: &Grid<'_>, services: u64) -> PolarsResult<Measures> {
    let language = grid.texts().language();
    let presence = |presence: Presence| match presence {
        Presence::Required => "presence-required",
        Presence::Due => "presence-due",
        Presence::Optional => "presence-optional",
    };
    let mut lines = Vec::new();
    for (at, group) in services::GROUPS.iter().enumerate().filter(|_| services > 0) {
        let (fields, children) = services::of_group(*group);
        let named = fields
            .map(|field| (field.name, language.of(field.label_lv, field.label_en), field.presence))
            .chain(children.map(|child| (child.name, language.of(child.label_lv, child.label_en), child.presence)));
        for (name, label, due) in named {
            let labels = vec![label.to_owned(), group_label(grid, at + 1), grid.get(presence(due))];
            lines.push(Line { key: name.to_owned(), labels, when: Vec::new() });
        }
    }
    let heads = ["head-field", "head-group", "head-presence"];
    let mut table = grid.lines("completeness-field", &heads, &lines, |line| {
        let filled = services::filled(&line.key);
        vec![
            Measure::share("filled_share", "service", &[(&filled, "yes")], &[]),
            Measure::count("empty", "service", &[(&filled, "no")]),
        ]
    })?;
    table.shown = 20;
    Ok(table)
}

fn links(grid: &Grid<'_>) -> PolarsResult<Option<Section>> {
    let (needs, services) = (grid.number("need", &[])?, grid.number("service", &[])?);
    let due = grid.number("service", &[("resource_due", "yes")])?;
    let lines: Vec<Line> = [("need", needs), ("service-need", services), ("service-resource", due)]
        .into_iter()
        .filter(|(_, all)| *all > 0)
        .map(|(key, _)| Line::new(key, grid.get(&format!("link-{key}")), &[]))
        .collect();
    let resources = [("resource_due", "yes"), ("has_resource", "yes")];
    let mut total = grid.lines("links-total", &["head-link"], &lines, |line| match line.key.as_str() {
        "need" => vec![
            Measure::share("linked_share", "need", &[("met", "yes")], &[]),
            Measure::count("not_linked", "need", &[("met", "no")]),
        ],
        "service-need" => vec![
            Measure::share("linked_share", "service", &[("has_need", "yes")], &[]),
            Measure::count("not_linked", "service", &[("has_need", "no")]),
        ],
        _ => vec![
            Measure::share("linked_share", "service", &resources, &[("resource_due", "yes")]),
            Measure::count("not_linked", "service", &[("resource_due", "yes"), ("has_resource", "no")]),
        ],
    })?;
    let met = grid.number("need", &[("met", "yes")])?;
    total.sentence = sentence::share("links-total", "needs", met, needs, grid.texts());
    let measures = [
        Measure::count("services", "service", &[]),
        Measure::share("need_share", "service", &[("has_need", "yes")], &[]),
        Measure::share("resource_share", "service", &resources, &[("resource_due", "yes")]),
    ];
    let institutions = grid.by_institution("links-institution", &measures)?;
    let unmet = grid.list(
        "unmet-needs",
        &["head-need", "head-name", "head-life-event"],
        "need",
        &[("met", "no")],
        &["code", "name", "life_event_code"],
        |cells| cells.iter().map(|cell| (*cell).to_owned()).collect(),
    )?;
    let lists = [
        unmet,
        of_services(grid, "services-without-need", &[("has_need", "no")])?,
        of_services(grid, "services-without-resource", &[("resource_due", "yes"), ("has_resource", "no")])?,
    ];
    Ok(grid.chapter("coverage-links", [drawn_as_bars(total, "linked_share"), institutions], lists))
}

fn of_services(grid: &Grid<'_>, id: &str, when: &[(&str, &str)]) -> PolarsResult<Option<List>> {
    let columns = [OWNER, "code", "name"];
    grid.list(id, &["head-institution", "head-code", "head-name"], "service", when, &columns, |cells| {
        vec![grid.names.institution(cells[0]), cells[1].to_owned(), cells[2].to_owned()]
    })
}

fn catalogues(grid: &Grid<'_>) -> PolarsResult<Option<Section>> {
    let of = |fact: &'static str| -> PolarsResult<Vec<Line>> {
        let mut lines = Vec::new();
        for catalogue in grid.facts.catalogues() {
            let when = [("catalogue", catalogue.as_str())];
            if grid.number(fact, &when)? > 0 {
                lines.push(Line::new(catalogue, grid.label("catalogues", catalogue), &when));
            }
        }
        Ok(lines)
    };
    let placement = || {
        vec![
            Measure::count("due", "placement", &[]),
            Measure::share("placed_share", "placement", &[("placed", "yes")], &[]),
            Measure::count("not_placed", "placement", &[("placed", "no")]),
            Measure::count("placement_unknown", "placement", &[("placed", "unknown")]),
        ]
    };
    let mut catalogues = grid.lines("catalogue-placement", &["head-catalogue"], &of("placement")?, |_| placement())?;
    let (placed, due) = (grid.number("placement", &[("placed", "yes")])?, grid.number("placement", &[])?);
    catalogues.sentence = sentence::share("catalogue-placement", "services", placed, due, grid.texts());
    let institutions = grid.by_institution("catalogue-institution", &placement())?;
    let offers = grid.lines("catalogue-offer", &["head-catalogue"], &of("offer")?, |_| {
        vec![
            Measure::count("offers", "offer", &[]),
            Measure::share("operable_share", "offer", &[("operable", "yes")], &[]),
            Measure::count("operable_in_person", "offer", &[("operable", "in person")]),
            Measure::count("not_operable", "offer", &[("operable", "no")]),
            Measure::count("operable_unknown", "offer", &[("operable", "unknown")]),
        ]
    })?;
    let missing = grid.list(
        "catalogue-missing",
        &["head-catalogue", "head-institution", "head-code", "head-name"],
        "placement",
        &[("placed", "no")],
        &["catalogue", OWNER, "code", "name"],
        |cells| {
            let catalogue = grid.label("catalogues", cells[0]);
            vec![catalogue, grid.names.institution(cells[1]), cells[2].to_owned(), cells[3].to_owned()]
        },
    )?;
    let inoperable = grid.list(
        "offers-inoperable",
        &["head-catalogue", "head-number", "head-name"],
        "offer",
        &[("operable", "no")],
        &["catalogue", "entry_id", "name"],
        |cells| vec![grid.label("catalogues", cells[0]), cells[1].to_owned(), cells[2].to_owned()],
    )?;
    let listed = grid.lines("catalogue-listing", &["head-catalogue"], &of("listed")?, |_| {
        vec![
            Measure::count("listed", "listed", &[]),
            Measure::count("unregistered", "listed", &[("unregistered", "yes")]),
            Measure::share("current_share", "listed", &[("current", "yes")], &[("compared", "yes")]),
            Measure::count("stale_listed", "listed", &[("current", "no")]),
            Measure::count("not_compared", "listed", &[("compared", "no")]),
        ]
    })?;
    let mending = grid.by_institution(
        "catalogue-mending",
        &[
            Measure::count("not_placed", "placement", &[("placed", "no")]),
            Measure::count("stale_listed", "listed", &[("current", "no")]),
            Measure::count("unregistered", "listed", &[("unregistered", "yes")]),
        ],
    )?;
    let tables = [drawn_as_bars(catalogues, "placed_share"), institutions, offers, listed, mending];
    let lists = [missing, inoperable, stale(grid)?, unregistered(grid)?];
    Ok(grid.chapter("coverage-catalogues", tables, lists))
}

/// Offers whose content is not that of the registry.
fn stale(grid: &Grid<'_>) -> PolarsResult<Option<List>> {
    grid.list(
        "listing-stale",
        &["head-catalogue", "head-number", "head-institution", "head-code", "head-name"],
        "listed",
        &[("current", "no")],
        &["catalogue", "entry_id", OWNER, "code", "name"],
        |cells| {
            let catalogue = grid.label("catalogues", cells[0]);
            let (institution, rest) =
                (grid.names.institution(cells[2]), cells[3..].iter().map(|cell| (*cell).to_owned()));
            [catalogue, cells[1].to_owned(), institution].into_iter().chain(rest).collect()
        },
    )
}

/// Offers of services that are not registered, or have ended.
fn unregistered(grid: &Grid<'_>) -> PolarsResult<Option<List>> {
    grid.list(
        "listing-unregistered",
        &["head-catalogue", "head-number", "head-institution", "head-code", "head-name", "head-registered"],
        "listed",
        &[("unregistered", "yes")],
        &["catalogue", "entry_id", OWNER, "code", "name", "registered"],
        |cells| {
            let institution = if cells[2].is_empty() { "–".to_owned() } else { grid.names.institution(cells[2]) };
            vec![
                grid.label("catalogues", cells[0]),
                cells[1].to_owned(),
                institution,
                cells[3].to_owned(),
                cells[4].to_owned(),
                grid.get(&format!("registered-{}", cells[5])),
            ]
        },
    )
}

/// Days of an institution's descriptions beside the share that is old.
fn freshness(grid: &Grid<'_>) -> PolarsResult<Option<Section>> {
    let measures = [
        Measure::count("services", "service", &[]),
        Measure::share("stale_share", "service", &[("stale", "yes")], &[("dated", "yes")]),
    ];
    let mut table = grid.by_institution("freshness-institution", &measures)?;
    let service = grid.facts.frame("service");
    if service.height() == 0 {
        return Ok(None);
    }
    let days = ["delivered_on", "changed_on"];
    let latest = service
        .lazy()
        .group_by([col(OWNER)])
        .agg(days.map(|day| col(day).sort(SortOptions::default()).last().alias(day)))
        .sort([OWNER], SortMultipleOptions::default())
        .collect()?;
    let owners: Vec<&str> = latest.column(OWNER)?.str()?.iter().map(Option::unwrap_or_default).collect();
    for day in days {
        let column = latest.column(day)?.str()?;
        table.columns.push(super::report::Column {
            key: day.to_owned(),
            label: grid.get(&format!("measure-{}", day.replace('_', "-"))),
        });
        for row in &mut table.rows {
            let found = owners.binary_search(&row.key.as_str()).ok().and_then(|at| column.get(at));
            let id = format!("{}/{}/{day}", table.id, row.key);
            let select = match found {
                Some(found) => select("service", &conditions(&[(OWNER, &row.key), (day, found)])),
                None => String::new(),
            };
            row.cells.push(Cell { id, select, ..Style::word(found.map(str::to_owned)) });
        }
    }
    let (stale, dated) = (grid.number("service", &[("stale", "yes")])?, grid.number("service", &[("dated", "yes")])?);
    table.sentence = sentence::share("freshness-institution", "services", stale, dated, grid.texts());
    Ok(grid.chapter("coverage-freshness", [table], []))
}
