//! `report.html`: one file without anything from outside and without a script.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use vienkop_transforms::assess::report::{Author, Chart, FollowUp, List, Report, Row, Section, Table, percent_text};
use vienkop_transforms::assess::survey::date_text;
use vienkop_transforms::texts::Texts;

use super::{measures, svg};
use crate::config::ReportFormat;

/// Lines of a list that a page shows at first where there are more than [`LONG`].
const SHOWN: usize = 20;
const LONG: usize = 30;

/// The page. `formats`: the forms written with it, which it leads to.
pub(super) fn render(report: &Report, texts: &Texts, formats: &[ReportFormat]) -> String {
    let same_numbers = [ReportFormat::Json, ReportFormat::Csv].iter().all(|format| formats.contains(format));
    let as_of = texts.get("report-as-of", &[("date", &date_text(&report.as_of, texts))]);
    let page = html! {
        (DOCTYPE)
        html lang=(report.language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (report.title) }
                style { (PreEscaped(include_str!("report.css"))) }
            }
            body {
                header class="title" {
                    h1 { (report.title) }
                    p { (as_of) }
                }
                (contents(report, texts))
                main {
                    @for section in &report.sections { (section_of(section, texts)) }
                }
                @if same_numbers { footer { p { (texts.get("report-same-numbers", &[])) } } }
            }
        }
    };
    let mut page = page.into_string();
    page.push('\n');
    page
}

fn contents(report: &Report, texts: &Texts) -> Markup {
    html! {
        nav aria-labelledby="contents" {
            h2 id="contents" { (texts.get("report-contents", &[])) }
            ol {
                @for section in &report.sections {
                    li class=(if depth(section) == 0 { "part" } else { "chapter" }) {
                        a href={ "#s-" (section.id) } { (heading(section)) }
                        @if !section.tables.is_empty() {
                            ul {
                                @for table in &section.tables {
                                    li { a href={ "#t-" (table.id) } { (table.caption) } }
                                }
                            }
                        }
                        @if !section.measures.is_empty() {
                            ul {
                                @for table in &section.measures {
                                    li { a href={ "#m-" (table.id) } { (table.title) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// How deep a section stands: `1` at the top, `1.1` below it.
fn depth(section: &Section) -> usize {
    section.number.as_deref().map_or(0, |number| number.matches('.').count())
}

fn heading(section: &Section) -> Markup {
    html! {
        @if let Some(number) = &section.number { span class="no" { (number) "." } " " }
        (section.title)
    }
}

fn section_of(section: &Section, texts: &Texts) -> Markup {
    let anchor = format!("s-{}", section.id);
    html! {
        section class=(if depth(section) == 0 { "part" } else { "chapter" }) aria-labelledby=(anchor) {
            @if depth(section) == 0 { h2 id=(anchor) { (heading(section)) } } @else { h3 id=(anchor) { (heading(section)) } }
            @for paragraph in &section.paragraphs { p { (paragraph) } }
            @for table in &section.tables { (table_of(table, depth(section), texts)) }
            @for table in &section.measures {
                article class="measures" id={ "m-" (table.id) } {
                    (subheading(depth(section), &table.title))
                    (measures::table(table, texts))
                }
            }
            @for list in &section.lists { (list_of(list, depth(section), texts)) }
        }
    }
}

/// One level below the section's.
fn subheading(depth: usize, text: &str) -> Markup {
    html! {
        @if depth == 0 { h3 { (text) } } @else { h4 { (text) } }
    }
}

fn table_of(table: &Table, depth: usize, texts: &Texts) -> Markup {
    html! {
        article id={ "t-" (table.id) } {
            div class="figure" {
                (subheading(depth, &table.caption))
                p class="question" { (table.question) }
                (conclusion(&table.sentence, table.author, texts))
                div class="pair" {
                    (svg::chart(table, texts))
                    (numbers(&table.rows, &texts.get("report-n", &[("n", &table.n.to_string())]), texts))
                }
            }
            @if let Some(note) = &table.note { p class="note" { (note) } }
            @if let Some(follow_up) = &table.follow_up { (follow_up_of(follow_up, texts)) }
            @if !table.by_kind.0.is_empty() {
                details {
                    summary { (texts.get("report-by-kind", &[])) }
                    @match table.chart {
                        Chart::Share => (scroll(&texts.get("report-by-kind", &[]), &kinds_in_one(table, texts))),
                        Chart::Ranking => div class="kinds" {
                            @for (name, kind) in &table.by_kind.0 {
                                (numbers(&named(&kind.rows), &kind_n(&name.label, kind.n, texts), texts))
                            }
                        },
                    }
                }
            }
        }
    }
}

/// A conclusion; an analyst's own is marked as such.
pub(super) fn conclusion(sentence: &str, author: Author, texts: &Texts) -> Markup {
    html! {
        p class="sentence" {
            (sentence)
            @if author == Author::Analyst { " " span class="analyst" { "(" (texts.get("report-analyst", &[])) ")" } }
        }
    }
}

fn kind_n(kind: &str, n: u64, texts: &Texts) -> String {
    texts.get("report-kind-n", &[("kind", kind), ("n", &n.to_string())])
}

/// Rows that somebody is in.
fn named(rows: &[Row]) -> Vec<Row> {
    rows.iter().filter(|row| row.count > 0).cloned().collect()
}

/// Label, count, share.
fn numbers(rows: &[Row], caption: &str, texts: &Texts) -> Markup {
    html! {
        table class="numbers" {
            caption { (caption) }
            thead {
                tr {
                    th scope="col" { (texts.get("report-answer", &[])) }
                    th scope="col" class="num" { (texts.get("report-count", &[])) }
                    th scope="col" class="num" { (texts.get("report-share-header", &[])) }
                }
            }
            tbody {
                @for row in rows {
                    tr class=[row.is_remainder().then_some("rest")] {
                        th scope="row" { (row.label) }
                        td class="num" { (row.count) }
                        td class="num" { (percent_text(&row.percent, texts.language())) }
                    }
                }
            }
        }
    }
}

/// A line a kind, two columns an answer.
fn kinds_in_one(table: &Table, texts: &Texts) -> Markup {
    html! {
        table class="matrix" {
            thead {
                tr {
                    th scope="col" rowspan="2" { (texts.get("report-kind", &[])) }
                    th scope="col" rowspan="2" class="num" { "n" }
                    @for row in &table.rows { th scope="colgroup" colspan="2" class="group" { (row.label) } }
                }
                tr {
                    @for _ in &table.rows {
                        th scope="col" class="num" { (texts.get("report-count", &[])) }
                        th scope="col" class="num" { (texts.get("report-share-header", &[])) }
                    }
                }
            }
            tbody {
                @for (name, kind) in &table.by_kind.0 {
                    tr {
                        th scope="row" { (name.label) }
                        td class="num" { (kind.n) }
                        @for row in &kind.rows {
                            td class="num" { (row.count) }
                            td class="num" { (percent_text(&row.percent, texts.language())) }
                        }
                    }
                }
            }
        }
    }
}

fn follow_up_of(follow_up: &FollowUp, texts: &Texts) -> Markup {
    html! {
        details {
            summary { (texts.get("report-follow-up", &[])) ": " (follow_up.question) }
            div class="narrow" {
                (numbers(&follow_up.rows, &texts.get("report-n", &[("n", &follow_up.n.to_string())]), texts))
            }
        }
    }
}

/// Whether a column of a list holds counts or shares, which stand right; a registration number is longer.
pub(super) fn is_number(list: &List, column: usize) -> bool {
    let cells = || list.rows.iter().filter_map(|row| row.get(column));
    cells().all(|cell| cell.len() < 10 && cell.starts_with(|c: char| c.is_ascii_digit()) && !cell.contains(". "))
}

fn list_of(list: &List, depth: usize, texts: &Texts) -> Markup {
    let class = |column: usize| is_number(list, column).then_some("num");
    let lines = |rows: &[Vec<String>]| {
        scroll(
            &list.title,
            &html! {
                table class="lines" {
                    thead {
                        tr { @for (at, column) in list.columns.iter().enumerate() { th scope="col" class=[class(at)] { (column) } } }
                    }
                    tbody {
                        @for row in rows {
                            tr { @for (at, cell) in row.iter().enumerate() { td class=[class(at)] { (cell) } } }
                        }
                    }
                }
            },
        )
    };
    // A few lines more are sooner read than opened.
    let shown = if list.rows.len() > LONG { SHOWN } else { list.rows.len() };
    let (first, rest) = list.rows.split_at(shown);
    html! {
        article class="list" id={ "l-" (list.id) } {
            (subheading(depth, &list.title))
            @if !list.note.is_empty() { p { (list.note) } }
            (lines(first))
            @if !rest.is_empty() {
                details {
                    summary { (texts.count("report-measures-more", &[("count", rest.len() as u64)])) }
                    (lines(rest))
                }
            }
        }
    }
}

/// A place that scrolls sideways where the screen is narrow; the keyboard reaches it.
pub(super) fn scroll(label: &str, table: &Markup) -> Markup {
    html! {
        div class="scroll" role="region" aria-label=(label) tabindex="0" { (table) }
    }
}
