//! `report.html`: one file without anything from outside. Its script adds search and sorting; nothing else needs it.

mod lists;
mod search;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use vienkop_transforms::assess::report::{Author, Chart, FollowUp, Report, Row, Section, Table, percent_text};
use vienkop_transforms::assess::survey::date_text;
use vienkop_transforms::texts::Texts;

pub(super) use lists::is_number;

use super::{measures, svg};
use crate::config::ReportFormat;

/// Lines of a list that a page shows at first where there are more than [`LONG`]; a longer table has a box for search.
const SHOWN: usize = 20;
const LONG: usize = 30;
/// Tables of as many rows can be sorted.
const SORTED: usize = 5;

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
                meta http-equiv="Content-Security-Policy" content=(search::policy());
                title { (report.title) }
                style { (PreEscaped(search::style())) }
            }
            body {
                a class="skip" href="#report" { (texts.get("report-skip", &[])) }
                header class="title" {
                    h1 { (report.title) }
                    p { (as_of) }
                }
                (contents(report, texts))
                main id="report" tabindex="-1" {
                    @for section in &report.sections { (section_of(section, texts)) }
                }
                @if same_numbers { footer { p { (texts.get("report-same-numbers", &[])) } } }
                (search::templates(texts))
                script { (PreEscaped(search::script())) }
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
            @for table in &section.measures { (measures::table(table, depth(section), texts)) }
            @for list in &section.lists { (lists::list(list, depth(section), texts)) }
        }
    }
}

/// A table with its heading, one level below the section's; `rows` of it in all.
pub(super) fn article(id: &str, class: &str, depth: usize, title: &str, rows: usize, content: &Markup) -> Markup {
    html! {
        article id=(id) class=(class) data-long=[(rows > SHOWN).then_some("")] {
            @if depth == 0 { h3 id=(heading_of(id)) { (title) } } @else { h4 id=(heading_of(id)) { (title) } }
            (content)
        }
    }
}

/// The id of the heading of an article.
fn heading_of(article: &str) -> String {
    format!("h-{article}")
}

fn table_of(table: &Table, depth: usize, texts: &Texts) -> Markup {
    let anchor = format!("t-{}", table.id);
    let by_kind = texts.get("report-by-kind", &[]);
    article(
        &anchor,
        "survey",
        depth,
        &table.caption,
        table.rows.len(),
        &html! {
            div class="figure" {
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
                    summary { (by_kind) }
                    @match table.chart {
                        Chart::Share => (scroll(&anchor, &kinds_in_one(table, &format!("{} {by_kind}", table.caption), texts))),
                        Chart::Ranking => div class="kinds" {
                            @for (name, kind) in &table.by_kind.0 {
                                (numbers(&named(&kind.rows), &kind_n(&name.label, kind.n, texts), texts))
                            }
                        },
                    }
                }
            }
        },
    )
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
        table class=(sorted("numbers", rows.len())) {
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
fn kinds_in_one(table: &Table, caption: &str, texts: &Texts) -> Markup {
    html! {
        table class="matrix" {
            caption class="unseen" { (caption) }
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

/// A long table in two: the first rows, and those that can be opened. `table` makes one of rows and its caption; what
/// can be opened has the class `more`, so that both are put in order as one.
pub(super) fn opened<T>(
    article: &str,
    title: &str,
    (first, rest): (&[T], &[T]),
    texts: &Texts,
    table: impl Fn(&[T], &str, &str) -> Markup,
) -> Markup {
    let more = texts.count("report-measures-more", &[("count", rest.len() as u64)]);
    html! {
        (scroll(article, &table(first, title, "")))
        @if !rest.is_empty() {
            details {
                summary { (more) }
                (scroll(article, &table(rest, &format!("{title}: {more}"), " more")))
            }
        }
    }
}

/// Class of a table with as many rows in all: of headers with the class `sorted` the script makes buttons.
pub(super) fn sorted(class: &'static str, rows: usize) -> String {
    if rows < SORTED { class.to_owned() } else { format!("{class} sorted") }
}

/// A place that scrolls sideways where the screen is narrow, named by the heading of its article; the keyboard reaches it.
pub(super) fn scroll(article: &str, table: &Markup) -> Markup {
    html! {
        div class="scroll" role="group" aria-labelledby=(heading_of(article)) tabindex="0" { (table) }
    }
}
