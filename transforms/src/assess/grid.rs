//! Tables of measures over facts: what is counted is data, and so is the selector of each number.

use std::collections::BTreeMap;

use polars::prelude::*;

use super::facts::{Condition, Facts, conditions, select};
use super::performance::{Names, Style};
use super::report::{Author, Cell, Column as Head, Drawn, List, MeasureRow, Measures, Section};
use crate::codelist::CodeLists;
use crate::texts::Texts;

/// Rows of a table by institution that a page shows at first.
const SHOWN: usize = 20;

/// Rows of a list of records; `vienkop explain` lists the others.
pub(super) const LISTED: usize = 200;

/// The column that says whose a row of facts is.
pub(super) const OWNER: &str = "owner_reg_no";

/// A column of a table: a number of rows of facts, or of which others it is a share.
#[derive(Clone)]
pub(super) struct Measure {
    pub(super) key: String,
    fact: &'static str,
    when: Vec<Condition>,
    of: Option<Vec<Condition>>,
}

impl Measure {
    /// How many rows of facts meet conditions.
    pub(super) fn count(key: &str, fact: &'static str, when: &[(&str, &str)]) -> Self {
        Self { key: key.to_owned(), fact, when: conditions(when), of: None }
    }

    /// How many meet them of those that meet others.
    pub(super) fn share(key: &str, fact: &'static str, when: &[(&str, &str)], of: &[(&str, &str)]) -> Self {
        Self { of: Some(conditions(of)), ..Self::count(key, fact, when) }
    }

    fn sets(&self, more: &[Condition]) -> Vec<Vec<Condition>> {
        let with = |own: &Vec<Condition>| own.iter().chain(more).cloned().collect();
        std::iter::once(&self.when).chain(&self.of).map(with).collect()
    }
}

/// A row that is told beforehand.
pub(super) struct Line {
    pub(super) key: String,
    pub(super) labels: Vec<String>,
    pub(super) when: Vec<Condition>,
}

impl Line {
    pub(super) fn new(key: &str, label: String, when: &[(&str, &str)]) -> Self {
        Self { key: key.to_owned(), labels: vec![label], when: conditions(when) }
    }
}

/// Makes tables.
pub(super) struct Grid<'a> {
    pub(super) facts: &'a Facts,
    pub(super) names: &'a Names,
    pub(super) lists: &'a CodeLists,
    pub(super) style: &'a Style<'a>,
}

impl Grid<'_> {
    pub(super) fn texts(&self) -> &Texts {
        self.style.texts
    }

    pub(super) fn get(&self, id: &str) -> String {
        self.texts().get(id, &[])
    }

    /// A table without rows: title `table-<id>`, and its note where there is a text of that name.
    pub(super) fn empty(&self, id: &str, heads: &[&str], columns: impl IntoIterator<Item = String>) -> Measures {
        let note = format!("table-{id}-note");
        let column = |key: String| Head { label: self.get(&format!("measure-{}", key.replace(['_', ' '], "-"))), key };
        Measures {
            id: id.to_owned(),
            title: self.get(&format!("table-{id}")),
            mark: None,
            sentence: None,
            author: Author::Draft,
            note: self.texts().has(&note).then(|| self.get(&note)),
            heads: heads.iter().map(|head| self.get(head)).collect(),
            columns: columns.into_iter().map(column).collect(),
            rows: Vec::new(),
            shown: SHOWN,
            drawn: None,
        }
    }

    /// A number of facts, once.
    pub(super) fn number(&self, fact: &'static str, when: &[(&str, &str)]) -> PolarsResult<u64> {
        Ok(self.facts.count(fact, &[conditions(when)])?.first().copied().unwrap_or(0))
    }

    /// A table of told rows.
    pub(super) fn lines(
        &self,
        id: &str,
        heads: &[&str],
        lines: &[Line],
        measures: impl Fn(&Line) -> Vec<Measure>,
    ) -> PolarsResult<Measures> {
        let mut table = self.empty(id, heads, []);
        table.shown = usize::MAX;
        for line in lines {
            let measures = measures(line);
            if table.columns.is_empty() {
                table.columns = self.empty(id, heads, measures.iter().map(|measure| measure.key.clone())).columns;
            }
            let counted = self.counted(&measures, &line.when)?;
            let cells = measures.iter().zip(counted).map(|(measure, numbers)| {
                let id = format!("{id}/{}/{}", line.key, measure.key);
                self.cell(id, measure, &line.when, &numbers)
            });
            table.rows.push(MeasureRow { key: line.key.clone(), labels: line.labels.clone(), cells: cells.collect() });
        }
        Ok(table)
    }

    fn counted(&self, measures: &[Measure], more: &[Condition]) -> PolarsResult<Vec<Vec<u64>>> {
        let mut counted: Vec<Vec<u64>> = vec![Vec::new(); measures.len()];
        for (fact, places) in by_fact(measures) {
            let sets: Vec<Vec<Condition>> = places.iter().flat_map(|at| measures[*at].sets(more)).collect();
            let mut numbers = self.facts.count(fact, &sets)?.into_iter();
            for at in places {
                counted[at] = numbers.by_ref().take(measures[at].sets(more).len()).collect();
            }
        }
        Ok(counted)
    }

    /// A table with a row an institution that anything is counted of: the most of the first column first, then by number.
    pub(super) fn by_institution(&self, id: &str, measures: &[Measure]) -> PolarsResult<Measures> {
        let mut table = self.empty(id, &["head-institution"], measures.iter().map(|measure| measure.key.clone()));
        let mut rows: BTreeMap<String, Vec<Vec<u64>>> = BTreeMap::new();
        for (fact, places) in by_fact(measures) {
            let sets: Vec<Vec<Condition>> = places.iter().flat_map(|at| measures[*at].sets(&[])).collect();
            let counted = self.facts.count_by(fact, OWNER, &sets)?;
            let owners = counted.column(OWNER)?.str()?.clone();
            let columns = (0..sets.len()).map(|at| counted.column(&at.to_string())?.u64().cloned());
            let columns = columns.collect::<PolarsResult<Vec<_>>>()?;
            for (row, owner) in owners.iter().enumerate() {
                let Some(owner) = owner else { continue };
                let found = rows.entry(owner.to_owned()).or_insert_with(|| empty_numbers(measures));
                let mut column = columns.iter();
                for at in &places {
                    for number in &mut found[*at] {
                        *number = column.next().and_then(|column| column.get(row)).unwrap_or(0);
                    }
                }
            }
        }
        rows.retain(|_, numbers| numbers.iter().flatten().any(|number| *number > 0));
        let mut order: Vec<(String, Vec<Vec<u64>>)> = rows.into_iter().collect();
        order.sort_by(|a, b| b.1.first().cmp(&a.1.first()).then_with(|| a.0.cmp(&b.0)));
        for (owner, numbers) in order {
            let when = conditions(&[(OWNER, &owner)]);
            let cells = measures
                .iter()
                .zip(&numbers)
                .map(|(measure, numbers)| self.cell(format!("{id}/{owner}/{}", measure.key), measure, &when, numbers));
            let cells = cells.collect();
            table.rows.push(MeasureRow { labels: vec![self.names.institution(&owner)], key: owner, cells });
        }
        Ok(table)
    }

    fn cell(&self, id: String, measure: &Measure, more: &[Condition], numbers: &[u64]) -> Cell {
        let count = numbers.first().copied().unwrap_or(0);
        let cell = match numbers.get(1) {
            Some(of) => self.style.share(count, *of),
            None => Style::count(count),
        };
        let when: Vec<Condition> = more.iter().chain(&measure.when).cloned().collect();
        Cell { id, select: select(measure.fact, &when), ..cell }
    }

    /// A list of records that meet conditions: the columns named, at most [`LISTED`] rows. `shown` makes a row's cells of
    /// their texts. Title `list-<id>`, note `list-<id>-note`; what is left out is told.
    pub(super) fn list(
        &self,
        id: &str,
        heads: &[&str],
        fact: &'static str,
        when: &[(&str, &str)],
        columns: &[&str],
        shown: impl Fn(&[&str]) -> Vec<String>,
    ) -> PolarsResult<Option<List>> {
        let conditions = conditions(when);
        let Some(found) = self.facts.behind(fact, &conditions)? else { return Ok(None) };
        if found.height() == 0 {
            return Ok(None);
        }
        let head = found.head(Some(LISTED));
        let columns = columns.iter().map(|name| head.column(name)?.str()).collect::<PolarsResult<Vec<_>>>()?;
        let rows = (0..head.height()).map(|row| {
            let cells: Vec<&str> = columns.iter().map(|column| column.get(row).unwrap_or_default()).collect();
            shown(&cells)
        });
        let mut note = self.get(&format!("list-{id}-note"));
        let left = found.height() - head.height();
        if left > 0 {
            let number = left.to_string();
            let selector = select(fact, &conditions);
            note = format!("{note} {}", self.texts().get("list-left", &[("count", &number), ("select", &selector)]));
        }
        Ok(Some(List {
            id: id.to_owned(),
            title: self.get(&format!("list-{id}")),
            note,
            columns: heads.iter().map(|head| self.get(head)).collect(),
            rows: rows.collect(),
        }))
    }

    /// A chapter `id` with its number: title `<id>-title`, text `<id>-text`; none without tables and lists.
    pub(super) fn chapter(
        &self,
        id: &str,
        tables: impl IntoIterator<Item = Measures>,
        lists: impl IntoIterator<Item = Option<List>>,
    ) -> Option<Section> {
        let measures: Vec<Measures> = tables.into_iter().filter(|table| !table.rows.is_empty()).collect();
        let lists: Vec<List> = lists.into_iter().flatten().collect();
        (!measures.is_empty() || !lists.is_empty()).then(|| Section {
            id: id.to_owned(),
            title: self.get(&format!("{id}-title")),
            paragraphs: vec![self.get(&format!("{id}-text"))],
            measures,
            lists,
            ..Section::default()
        })
    }

    /// A part with its chapters, numbered; nothing where no chapter says anything.
    pub(super) fn part(
        &self,
        id: &str,
        number: &str,
        chapters: impl IntoIterator<Item = Option<Section>>,
    ) -> Vec<Section> {
        let chapters = chapters.into_iter().flatten().enumerate();
        let chapters: Vec<Section> =
            chapters.map(|(at, chapter)| Section { number: Some(format!("{number}.{}", at + 1)), ..chapter }).collect();
        if chapters.is_empty() {
            return Vec::new();
        }
        let head = Section {
            id: id.to_owned(),
            number: Some(number.to_owned()),
            title: self.get(&format!("{id}-title")),
            paragraphs: vec![self.get(&format!("{id}-text"))],
            ..Section::default()
        };
        std::iter::once(head).chain(chapters).collect()
    }

    /// Label of a code in the language; the code where the list has none.
    pub(super) fn label(&self, list: &str, code: &str) -> String {
        let found = self.lists.get(list).and_then(|list| list.get(code));
        let language = self.texts().language();
        found.map_or_else(|| code.to_owned(), |found| language.of(&found.label_lv, &found.label_en).to_owned())
    }
}

/// Draws the column of that key as bars.
pub(super) fn drawn_as_bars(table: Measures, key: &str) -> Measures {
    let at = table.columns.iter().position(|column| column.key == key);
    Measures { drawn: at.map(Drawn::bars), ..table }
}

fn empty_numbers(measures: &[Measure]) -> Vec<Vec<u64>> {
    measures.iter().map(|measure| vec![0; measure.sets(&[]).len()]).collect()
}

/// Places of measures by the facts that they count, so that each frame is gone through once.
fn by_fact(measures: &[Measure]) -> BTreeMap<&'static str, Vec<usize>> {
    let mut places: BTreeMap<&'static str, Vec<usize>> = BTreeMap::new();
    for (at, measure) in measures.iter().enumerate() {
        places.entry(measure.fact).or_default().push(at);
    }
    places
}
