//! The workbook of what a source has in quarantine.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use polars::prelude::*;
use serde::Serialize;
use tempfile::NamedTempFile;
use vienkop_connectors::format::Input;
use vienkop_connectors::kill::kill_point;
use vienkop_connectors::landing::LandingZone;
use vienkop_connectors::registry::Registry;
use vienkop_transforms::batch::LocatorKind;
use vienkop_transforms::finding::{self, Finding, Severity};

use super::evidence::{Group, Place, Places, Row, Sink, groups};
use super::sheets::{Book, Line, Page, Wrong};
use super::{Made, Mended};
use crate::cli::session::Session;
use crate::config::Source;
use crate::import::Prepared;
use crate::render::xlsx::properties;
use crate::tell;

/// What a workbook that was written holds.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Exported {
    /// Where it lies.
    pub(crate) file: PathBuf,
    /// Rows in quarantine that can come back.
    pub(crate) rows: u64,
    /// Rows that only belong to the same lists.
    pub(crate) along: u64,
    /// Rows that could not be cut into cells.
    pub(crate) uncut: u64,
    /// Records whose landed file is no longer kept.
    pub(crate) expired: u64,
    /// Everything that was found.
    pub(crate) findings: u64,
    /// Whether its columns identify persons.
    pub(crate) personal: bool,
}

/// Writes the workbook of all that a source has in quarantine and of all that was found; none where there is nothing. What
/// lies at `output` already is not overwritten: somebody may be mending it.
pub(crate) async fn export(
    session: &Session,
    registry: &Registry,
    source: &Source,
    output: &Path,
) -> anyhow::Result<Option<Exported>> {
    let standing = registry.standing_quarantine(&source.id).await?;
    let findings = registry.standing_findings(Some(&source.id)).await?;
    if standing.height() == 0 && findings.height() == 0 {
        return Ok(None);
    }
    let run = findings.column("run")?.i64()?.max().unwrap_or_default();
    let prepared = Prepared::new(session, source)?;
    let mut writer = Writer::new(session, &prepared, output);
    let mut gone = Vec::new();
    for entries in by_file(&standing)? {
        let found = tokio::task::block_in_place(|| writer.file(&entries, &findings))?;
        let lost = entries.iter().filter(|entry| !found.contains(&entry.id));
        let lost: HashMap<i64, &Entry> = lost.map(|entry| (entry.id, entry)).collect();
        if !lost.is_empty() {
            let landed = entries.first().and_then(|entry| entry.landed);
            gone.extend(cells(&lost, &registry.standing_cells(&source.id, landed).await?)?);
        }
    }
    tokio::task::block_in_place(|| {
        writer.expired(&gone, &findings)?;
        writer.findings(&findings)?;
        writer.save(run)
    })
    .map(Some)
}

/// A record in quarantine.
struct Entry {
    id: i64,
    entity: String,
    key: Option<String>,
    landed: Option<i64>,
    file: Option<String>,
    sha256: Option<String>,
    place: Option<Place>,
}

/// One whose landed file is gone, with the cells that quarantine keeps.
struct Gone {
    id: i64,
    entity: String,
    key: Option<String>,
    landed: Option<i64>,
    file: Option<String>,
    place: Option<Place>,
    cells: BTreeMap<String, String>,
}

/// Records in quarantine, those of a landed file together.
fn by_file(standing: &DataFrame) -> anyhow::Result<Vec<Vec<Entry>>> {
    let text = |name: &str| -> PolarsResult<_> { standing.column(name)?.str() };
    let number = |name: &str| -> PolarsResult<_> { standing.column(name)?.i64() };
    let (entity, key, file, sha256, sheet) =
        (text("entity")?, text("record_key")?, text("file")?, text("sha256")?, text("sheet")?);
    let (id, landed, row, part) = (number("id")?, number("landed")?, number("row")?, number("part")?);
    let mut files: Vec<Vec<Entry>> = Vec::new();
    for at in 0..standing.height() {
        let owned = |column: &StringChunked| column.get(at).map(str::to_owned);
        let entry = Entry {
            id: id.get(at).unwrap_or_default(),
            entity: owned(entity).unwrap_or_default(),
            key: owned(key),
            landed: landed.get(at),
            file: owned(file),
            sha256: owned(sha256),
            place: row.get(at).map(|row| (owned(sheet), (row, part.get(at)))),
        };
        match files.last_mut().filter(|file| file.first().is_some_and(|first| first.landed == entry.landed)) {
            Some(file) => file.push(entry),
            None => files.push(vec![entry]),
        }
    }
    Ok(files)
}

/// What quarantine keeps of records whose file is gone: no cell that identifies a person.
fn cells(lost: &HashMap<i64, &Entry>, kept: &DataFrame) -> PolarsResult<Vec<Gone>> {
    let mut found: BTreeMap<i64, Gone> = BTreeMap::new();
    for entry in lost.values() {
        let Entry { id, entity, key, landed, file, place, .. } = entry;
        let (entity, key, file, place) = (entity.clone(), key.clone(), file.clone(), place.clone());
        let gone = Gone { id: *id, entity, key, landed: *landed, file, place, cells: BTreeMap::new() };
        found.insert(*id, gone);
    }
    let (ids, columns) = (kept.column("id")?.i64()?, kept.column("column")?.str()?);
    for ((id, column), value) in ids.iter().zip(columns.iter()).zip(kept.column("value")?.str()?.iter()) {
        let gone = id.and_then(|id| found.get_mut(&id));
        if let (Some(gone), Some(column), Some(value)) = (gone, column, value.filter(|value| *value != "***")) {
            gone.cells.insert(column.to_owned(), value.to_owned());
        }
    }
    Ok(found.into_values().collect())
}

/// A sheet of rows that can come back.
struct Sheet {
    tables: Vec<(usize, String)>,
    columns: Vec<String>,
    page: Page,
}

struct Writer<'a> {
    session: &'a Session,
    prepared: &'a Prepared<'a>,
    book: Book<'a>,
    sheets: Vec<Sheet>,
    uncut: Option<Page>,
    last: Vec<Page>,
    /// Of the file at hand.
    file: String,
    wrong: HashMap<Place, Wrong>,
    done: Exported,
}

impl<'a> Writer<'a> {
    fn new(session: &'a Session, prepared: &'a Prepared<'a>, output: &Path) -> Self {
        let personal = prepared.holds_personal_data();
        let done = Exported { file: output.to_owned(), personal, ..Exported::default() };
        let book = Book::new(session.texts());
        let (sheets, last) = (Vec::new(), Vec::new());
        Self { session, prepared, book, sheets, uncut: None, last, file: String::new(), wrong: HashMap::new(), done }
    }

    /// Rows of one landed file; ids of the records that were found in it.
    fn file(&mut self, entries: &[Entry], findings: &DataFrame) -> anyhow::Result<HashSet<i64>> {
        let mut found = HashSet::new();
        let Some(Entry { landed: Some(landed), file: Some(name), sha256: Some(hash), .. }) = entries.first() else {
            return Ok(found);
        };
        let landing = LandingZone::at(self.session.work.join("landed"));
        // What is damaged is as good as gone.
        if !landing.verify(hash).unwrap_or(false) {
            return Ok(found);
        }
        self.file.clone_from(name);
        self.wrong = self.wrong_in(Some(*landed), findings)?;
        let input = Input { landed: *landed, path: landing.path(hash)?, name: name.clone() };
        for group in groups(self.session, self.prepared, &input).unwrap_or_default() {
            let mut places = Places::new();
            let mut ids: HashMap<&Place, Vec<i64>> = HashMap::new();
            for entry in entries.iter().filter(|entry| group.holds(&entry.entity)) {
                let Some(place) = &entry.place else { continue };
                let (sheet, spot) = place;
                let number = places.entry(sheet.clone()).or_default().entry(*spot).or_insert(entry.id);
                *number = (*number).min(entry.id);
                ids.entry(place).or_default().push(entry.id);
            }
            if !places.is_empty() {
                let there = group.read(self.session, self.prepared, &input, &places, self)?;
                found.extend(there.iter().filter_map(|place| ids.get(place)).flatten());
            }
        }
        Ok(found)
    }

    /// What is wrong with the rows of a file, by where they stand.
    fn wrong_in(&self, landed: Option<i64>, findings: &DataFrame) -> anyhow::Result<HashMap<Place, Wrong>> {
        let mut wrong: HashMap<Place, Wrong> = HashMap::new();
        let of_file: Vec<usize> = findings
            .column("landed")?
            .i64()?
            .iter()
            .enumerate()
            .filter(|(_, of)| *of == landed && landed.is_some())
            .map(|(at, _)| at)
            .collect();
        for severity in [Severity::Error, Severity::Warning] {
            for at in &of_file {
                let Some(finding) = tell::at(findings, *at)?.filter(|finding| finding.severity == severity.as_str())
                else {
                    continue;
                };
                let Some(row) = finding.row else { continue };
                let place = (finding.sheet.clone(), (row, finding.part));
                self.add(wrong.entry(place).or_default(), &finding);
            }
        }
        Ok(wrong)
    }

    fn add(&self, wrong: &mut Wrong, finding: &Finding) {
        let texts = self.session.texts();
        let said = format!("{} {}", tell::message(texts, finding), tell::remedy(texts, finding));
        let line = match &finding.column {
            Some(column) => format!("{column}: {said}"),
            None => said.clone(),
        };
        if !wrong.text.lines().any(|known| known == line) {
            if !wrong.text.is_empty() {
                wrong.text.push('\n');
            }
            wrong.text.push_str(&line);
        }
        if let Some(column) = &finding.column {
            let error = finding.severity == Severity::Error.as_str();
            let cell = wrong.cells.entry(column.clone()).or_default();
            cell.1 |= error;
            if !cell.0.contains(&said) {
                cell.0 = if cell.0.is_empty() { said } else { format!("{}\n{said}", cell.0) };
            }
        }
    }

    /// `registrs.xlsx Pakalpojumi!12`, `registrs.csv 12. rinda`.
    fn from(&self, file: &str, place: &Place) -> String {
        let (sheet, (row, part)) = place;
        let part = part.map(|part| format!(".{part}")).unwrap_or_default();
        let mark = if matches!(self.prepared.locator, LocatorKind::Record | LocatorKind::Pointer) { '#' } else { 'L' };
        let cell = sheet.as_ref().map_or_else(|| format!("{mark}{row}{part}"), |sheet| format!("{sheet}!{row}"));
        format!("{file} {}", tell::place(self.session.texts(), &cell, None))
    }

    /// The sheet of rows of these tables with these columns; a further one where it is full.
    fn sheet(&mut self, group: &Group, row: &Row<'_>) -> anyhow::Result<usize> {
        let same = |sheet: &Sheet| {
            let columns = row.origin.columns.iter().map(|column| &column.name);
            sheet.tables == group.tables && !sheet.page.is_full() && sheet.columns.iter().eq(columns)
        };
        if let Some(at) = self.sheets.iter().position(same) {
            return Ok(at);
        }
        let stem = Path::new(&self.file).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let wanted = row.origin.sheet.clone().or(stem).unwrap_or_default();
        let columns: Vec<String> = row.origin.columns.iter().map(|column| column.name.clone()).collect();
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        let page = self.book.rows(&wanted, &names)?;
        self.sheets.push(Sheet { tables: group.tables.clone(), columns, page });
        Ok(self.sheets.len() - 1)
    }

    /// Records of which only quarantine itself is left.
    fn expired(&mut self, gone: &[Gone], findings: &DataFrame) -> anyhow::Result<()> {
        if gone.is_empty() {
            return Ok(());
        }
        let texts = self.session.texts();
        let mut columns: Vec<&str> = Vec::new();
        for column in gone.iter().flat_map(|gone| gone.cells.keys()) {
            if !columns.contains(&column.as_str()) {
                columns.push(column);
            }
        }
        let own = [texts.get("correction-head-entity", &[]), texts.get("correction-head-key", &[])];
        let names: Vec<&str> = own.iter().map(String::as_str).chain(columns.iter().copied()).collect();
        let mut page = self.book.rows(&texts.get("correction-sheet-expired", &[]), &names)?;
        let mut of = None;
        for gone in gone {
            if of != Some(gone.landed) {
                self.wrong = self.wrong_in(gone.landed, findings)?;
                of = Some(gone.landed);
            }
            let wrong = gone.place.as_ref().and_then(|place| self.wrong.remove(place)).unwrap_or_default();
            let file = gone.file.as_deref().unwrap_or_default();
            let from = gone.place.as_ref().map_or_else(|| file.to_owned(), |place| self.from(file, place));
            let from = format!("{from} (#{})", gone.id);
            let cells = columns.iter().map(|column| gone.cells.get(*column).map(String::as_str));
            let cells: Vec<Option<&str>> =
                [Some(gone.entity.as_str()), gone.key.as_deref()].into_iter().chain(cells).collect();
            let line = Line { number: None, from: &from, wrong: &wrong, along: false, cells: &cells };
            if page.is_full() {
                let next = self.book.rows(&texts.get("correction-sheet-expired", &[]), &names)?;
                self.last.push(std::mem::replace(&mut page, next));
            }
            self.book.line(&mut page, &names, &line)?;
            if let Some(place) = &gone.place {
                self.wrong.insert(place.clone(), wrong);
            }
            self.done.expired += 1;
        }
        self.last.push(page);
        Ok(())
    }

    /// Everything that was found: how often each rule was broken, then each finding.
    fn findings(&mut self, findings: &DataFrame) -> anyhow::Result<()> {
        let texts = self.session.texts();
        let codes = findings.column("code")?.str()?;
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        let mut order: Vec<(&str, usize)> = Vec::with_capacity(findings.height());
        for (at, code) in codes.iter().enumerate() {
            let code = code.unwrap_or_default();
            *counts.entry(code).or_default() += 1;
            order.push((code, at));
        }
        order.sort_unstable();
        let severity = |word: &str| texts.get(&format!("cli-explain-severity-{word}"), &[]);
        let mut rules = self.book.page(&texts.get("correction-sheet-rules", &[]))?;
        let heads =
            [("code", 8.0), ("severity", 14.0), ("title", 44.0), ("remedy", 60.0), ("meaning", 80.0), ("count", 10.0)];
        self.book.plain(&mut rules, &heads)?;
        for (code, count) in &counts {
            let word = finding::rule(code).map_or("", |rule| rule.severity.as_str());
            let text = |part: &str| texts.get(&format!("{code}-{part}"), &[]);
            let remedy = finding::rule(code).map(|rule| tell::remedy(texts, &Finding::of(rule))).unwrap_or_default();
            self.book.say(
                &mut rules,
                &[code, &severity(word), &text("title"), &remedy, &text("explain")],
                Some(*count),
            )?;
        }
        self.last.push(rules);
        let heads = [
            ("code", 8.0),
            ("severity", 14.0),
            ("where", 30.0),
            ("column", 24.0),
            ("value", 30.0),
            ("message", 60.0),
            ("remedy", 60.0),
        ];
        let title = texts.get("correction-sheet-findings", &[]);
        let mut all = self.book.page(&title)?;
        self.book.plain(&mut all, &heads)?;
        let files = findings.column("file")?.str()?;
        for (code, at) in order {
            let Some(finding) = tell::at(findings, at)? else { continue };
            if all.is_full() {
                let mut next = self.book.page(&title)?;
                self.book.plain(&mut next, &heads)?;
                self.last.push(std::mem::replace(&mut all, next));
            }
            let cell = finding.cell.as_deref().map(|cell| tell::place(texts, cell, finding.column.as_deref()));
            let cell = cell.unwrap_or_default();
            let place = format!("{} {cell}", files.get(at).unwrap_or_default());
            let (message, remedy) = (tell::message(texts, &finding), tell::remedy(texts, &finding));
            let [column, value] = [&finding.column, &finding.value].map(|text| text.as_deref().unwrap_or_default());
            let word = severity(finding.severity);
            self.book.say(&mut all, &[code, &word, place.trim(), column, value, &message, &remedy], None)?;
            self.done.findings += 1;
        }
        self.last.push(all);
        Ok(())
    }

    /// Puts the sheets in order and writes the file, for its owner alone.
    fn save(mut self, run: i64) -> anyhow::Result<Exported> {
        let sheets =
            self.sheets.iter().map(|sheet| Mended { sheet: sheet.page.sheet.name(), tables: sheet.tables.clone() });
        let made = Made { vienkop: 1, source: self.prepared.id().to_owned(), run, sheets: sheets.collect() };
        let how = self.book.how(&self.paragraphs(run), &made.lines()?)?;
        let title = self.session.texts().get("correction-title", &[("title", &self.prepared.source.title)]);
        let Book { mut workbook, .. } = self.book;
        workbook.set_properties(&properties(&title, self.session.as_of_day())?);
        let pages = self.sheets.into_iter().map(|sheet| sheet.page);
        for page in std::iter::once(how).chain(pages).chain(self.uncut).chain(self.last) {
            workbook.push_worksheet(page.sheet);
        }
        let output = &self.done.file;
        let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        kill_point("correction: write");
        // A temporary file is its owner's alone, and stays so under its name.
        let mut file = NamedTempFile::new_in(folder).with_context(|| folder.display().to_string())?;
        workbook.save_to_writer(file.as_file_mut())?;
        file.as_file().sync_all()?;
        kill_point("correction: rename");
        if let Err(failed) = file.persist_noclobber(output) {
            if failed.error.kind() == std::io::ErrorKind::AlreadyExists {
                let shown = output.display().to_string();
                bail!(self.session.texts().get("cli-quarantine-export-exists", &[("file", &shown)]));
            }
            return Err(anyhow::Error::new(failed.error).context(output.display().to_string()));
        }
        Ok(self.done)
    }

    /// How to mend the workbook and send it back.
    fn paragraphs(&self, run: i64) -> Vec<String> {
        let texts = self.session.texts();
        let source = self.prepared.source;
        let (run, day) = (run.to_string(), self.session.as_of_day().to_string());
        let args = [("title", source.title.as_str()), ("source", &source.id), ("run", &run), ("day", &day)];
        let mut said = vec![texts.get("correction-title", &args), texts.get("correction-what", &args)];
        if !self.sheets.is_empty() {
            let names: Vec<String> = self.sheets.iter().map(|sheet| sheet.page.sheet.name()).collect();
            said.push(texts.get("correction-mend", &[("sheets", &names.join(", "))]));
            said.push(texts.get("correction-keep", &[]));
            said.push(match &source.inbox {
                Some(inbox) => texts.get("correction-send-inbox", &[("inbox", inbox)]),
                None => texts.get("correction-send", &args),
            });
            said.push(texts.get("correction-own-system", &[]));
        }
        let numbered = [("correction-uncut", self.done.uncut), ("correction-expired", self.done.expired)];
        said.extend(numbered.into_iter().filter(|(_, n)| *n > 0).map(|(id, n)| texts.count(id, &[("count", n)])));
        said.push(texts.get("correction-personal", &[]));
        said
    }
}

impl Sink for Writer<'_> {
    fn row(&mut self, group: &Group, row: &Row<'_>) -> anyhow::Result<()> {
        let at = self.sheet(group, row)?;
        let place = (row.origin.sheet.clone(), row.spot);
        let nothing = Wrong::default();
        let (from, wrong) = (self.from(&self.file, &place), self.wrong.get(&place).unwrap_or(&nothing));
        let line = Line { number: Some(row.number), from: &from, wrong, along: !row.rejected, cells: row.cells };
        let Some(Sheet { columns, page, .. }) = self.sheets.get_mut(at) else { return Ok(()) };
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        self.book.line(page, &columns, &line)?;
        *(if row.rejected { &mut self.done.rows } else { &mut self.done.along }) += 1;
        Ok(())
    }

    fn uncut(&mut self, place: &Place, _: i64, text: &str) -> anyhow::Result<()> {
        let texts = self.session.texts();
        let (title, column) = (texts.get("correction-sheet-uncut", &[]), texts.get("correction-head-text", &[]));
        let mut page = match self.uncut.take() {
            Some(page) if !page.is_full() => page,
            full => {
                self.last.extend(full);
                self.book.rows(&title, &[&column])?
            }
        };
        let nothing = Wrong::default();
        let (from, wrong) = (self.from(&self.file, place), self.wrong.get(place).unwrap_or(&nothing));
        let line = Line { number: None, from: &from, wrong, along: false, cells: &[Some(text)] };
        self.book.line(&mut page, &[&column], &line)?;
        self.uncut = Some(page);
        self.done.uncut += 1;
        Ok(())
    }
}
