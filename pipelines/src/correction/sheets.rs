//! The sheets of a correction workbook. All are written row by row to the disk, whatever their number.

use std::collections::{BTreeMap, BTreeSet};

use rust_xlsxwriter::{Format, FormatAlign, Note, Workbook, Worksheet};
use vienkop_transforms::texts::Texts;

use super::HOW;
use super::cells::{LONGEST, NUMBER, OWN, written};
use crate::render::xlsx::{Look, name};

/// Rows of a sheet, at most; Excel has a few more.
const ROWS: u32 = 1_000_000;
/// Comments of a workbook, at most: beyond, programs become slow. What is wrong stands beside each row in any case.
const NOTES: u32 = 20_000;
/// Columns of ours in front of those of the source.
const FRONT: u16 = 3;

/// How cells look beside those of a report.
struct Marks {
    text: Format,
    own: Format,
    error: Format,
    warning: Format,
    along: Format,
}

impl Marks {
    fn new() -> Self {
        // Texts, so that a number typed over one keeps its zeros and nothing becomes a date.
        let text = Format::new().set_num_format("@").set_align(FormatAlign::Top).set_text_wrap();
        let coloured = |fill: u32, ink: u32| text.clone().set_background_color(fill).set_font_color(ink).set_bold();
        Self {
            own: text.clone().set_background_color(0x00F2_F2F2),
            error: coloured(0x00FF_C7CE, 0x009C_0006),
            warning: coloured(0x00FF_EB9C, 0x007F_6000),
            along: text.clone().set_font_color(0x0070_7070).set_italic(),
            text,
        }
    }
}

/// What is wrong with a row.
#[derive(Debug, Default)]
pub(super) struct Wrong {
    /// Columns with what is wrong in them, and whether that keeps the row out.
    pub(super) cells: BTreeMap<String, (String, bool)>,
    /// All of it as one text.
    pub(super) text: String,
}

/// A row of a sheet.
pub(super) struct Line<'a> {
    /// Number in quarantine; none where the row cannot come back.
    pub(super) number: Option<i64>,
    /// Where the row stood in the delivery.
    pub(super) from: &'a str,
    /// What is wrong with it.
    pub(super) wrong: &'a Wrong,
    /// Whether it only belongs to one that is in quarantine.
    pub(super) along: bool,
    /// A cell a column.
    pub(super) cells: &'a [Option<&'a str>],
}

/// Makes sheets, and puts them in order in the end.
pub(super) struct Book<'a> {
    pub(super) workbook: Workbook,
    texts: &'a Texts,
    look: Look,
    marks: Marks,
    names: BTreeSet<String>,
    notes: u32,
}

/// A sheet under way.
pub(super) struct Page {
    pub(super) sheet: Worksheet,
    pub(super) next: u32,
}

impl<'a> Book<'a> {
    pub(super) fn new(texts: &'a Texts) -> Self {
        let names = BTreeSet::from([HOW.to_owned()]);
        Self { workbook: Workbook::new(), texts, look: Look::new(), marks: Marks::new(), names, notes: 0 }
    }

    /// A sheet of that name, or one like it.
    pub(super) fn page(&mut self, wanted: &str) -> anyhow::Result<Page> {
        let name = name(wanted, &mut self.names);
        self.named(&name)
    }

    fn named(&mut self, name: &str) -> anyhow::Result<Page> {
        let mut sheet = self.workbook.new_worksheet_with_constant_memory()?;
        sheet.set_name(name)?.set_landscape().set_print_fit_to_pages(1, 0);
        Ok(Page { sheet, next: 0 })
    }

    /// A sheet of rows: our columns, then these.
    pub(super) fn rows(&mut self, wanted: &str, columns: &[&str]) -> anyhow::Result<Page> {
        let mut page = self.page(wanted)?;
        let own = [NUMBER.to_owned(), self.own("where"), self.own("wrong")];
        for ((column, head), width) in (0..).zip(&own).zip([12.0, 24.0, 60.0]) {
            page.sheet.set_column_width(column, width)?;
            page.sheet.write_string_with_format(0, column, head, &self.look.head)?;
        }
        for (column, head) in (FRONT..).zip(columns) {
            page.sheet.set_column_width(column, head.chars().count().clamp(12, 40) as f64)?;
            let head = written(head).unwrap_or_default();
            page.sheet.write_string_with_format(0, column, head, &self.look.head)?;
        }
        page.sheet.set_freeze_panes(1, FRONT)?;
        page.next = 1;
        Ok(page)
    }

    /// Name of a column of ours.
    fn own(&self, what: &str) -> String {
        format!("{OWN}{}", self.texts.get(&format!("correction-column-{what}"), &[]))
    }

    /// Writes a row. A cell that no workbook can hold keeps the row from coming back.
    pub(super) fn line(&mut self, page: &mut Page, columns: &[&str], line: &Line<'_>) -> anyhow::Result<()> {
        let texts: Vec<Option<_>> = line.cells.iter().map(|cell| cell.map_or(Some("".into()), written)).collect();
        let whole = texts.iter().all(Option::is_some);
        let (at, sheet) = (page.next, &mut page.sheet);
        let long = self.texts.get("correction-too-long", &[]);
        let mut said = line.wrong.text.clone();
        if !whole {
            said = format!("{long}\n{said}");
        }
        if line.along {
            said = self.texts.get("correction-along", &[]);
        }
        height(sheet, at, &said)?;
        match line.number.filter(|_| whole) {
            Some(number) => sheet.write_string_with_format(at, 0, number.to_string(), &self.marks.own)?,
            None => sheet.write_blank(at, 0, &self.marks.own)?,
        };
        sheet.write_string_with_format(at, 1, line.from, &self.marks.own)?;
        sheet.write_string_with_format(at, 2, cut(&said), &self.marks.own)?;
        for (column, (text, name)) in (FRONT..).zip(texts.iter().zip(columns)) {
            let wrong = line.wrong.cells.get(*name);
            let format = match wrong {
                Some((_, true)) => &self.marks.error,
                Some((_, false)) => &self.marks.warning,
                None if line.along => &self.marks.along,
                None => &self.marks.text,
            };
            match text.as_deref() {
                Some("") if wrong.is_none() => {}
                Some("") => {
                    sheet.write_blank(at, column, format)?;
                }
                Some(text) => {
                    sheet.write_string_with_format(at, column, text, format)?;
                }
                None => {
                    sheet.write_string_with_format(at, column, &long, format)?;
                }
            }
            if let Some((note, _)) = wrong.filter(|_| self.notes < NOTES) {
                let note = Note::new(cut(note)).set_author("vienkop").add_author_prefix(false).set_width(320);
                sheet.insert_note(at, column, &note.set_height(110))?;
                self.notes += 1;
            }
        }
        page.next += 1;
        Ok(())
    }

    /// A table of plain texts below its header.
    pub(super) fn plain(&self, page: &mut Page, heads: &[(&str, f64)]) -> anyhow::Result<()> {
        for (column, (head, width)) in (0..).zip(heads) {
            page.sheet.set_column_width(column, *width)?;
            let head = self.texts.get(&format!("correction-head-{head}"), &[]);
            page.sheet.write_string_with_format(page.next, column, head, &self.look.head)?;
        }
        page.next += 1;
        page.sheet.set_freeze_panes(page.next, 0)?;
        Ok(())
    }

    /// A row of texts; `count` stands in the column behind them as a number.
    pub(super) fn say(&self, page: &mut Page, cells: &[&str], count: Option<u64>) -> anyhow::Result<()> {
        for (column, text) in (0..).zip(cells) {
            if !text.is_empty() {
                page.sheet.write_string_with_format(page.next, column, cut(text), &self.marks.text)?;
            }
        }
        if let Some(count) = count {
            page.sheet.write_number_with_format(page.next, cells.len() as u16, count as f64, &self.look.count)?;
        }
        page.next += 1;
        Ok(())
    }

    /// The sheet that says how to send the workbook back: a title, paragraphs, then what the program reads.
    pub(super) fn how(&mut self, paragraphs: &[String], lines: &[String]) -> anyhow::Result<Page> {
        let mut page = self.named(HOW)?;
        page.sheet.set_column_width(0, 90)?;
        for (at, text) in paragraphs.iter().enumerate() {
            if at > 0 {
                let rows = text.lines().map(|line| 1 + line.chars().count() / 95).sum::<usize>();
                page.sheet.set_row_height(page.next, 16.0 * rows as f64)?;
            }
            let format = if at == 0 { &self.look.title } else { &self.look.text };
            page.sheet.write_string_with_format(page.next, 0, text, format)?;
            page.next += if at == 0 { 2 } else { 1 };
        }
        page.next += 1;
        let small = Format::new().set_font_size(8.0).set_font_color(0x0080_8080);
        for line in lines {
            page.sheet.write_string_with_format(page.next, 0, line, &small)?;
            page.next += 1;
        }
        Ok(page)
    }
}

impl Page {
    /// Whether it takes no more rows.
    pub(super) const fn is_full(&self) -> bool {
        self.next >= ROWS
    }
}

/// As much of a text as a cell holds.
fn cut(text: &str) -> String {
    // Two units of UTF-16 for each character is the most.
    text.chars().take(LONGEST / 2).collect()
}

/// Makes a row as high as the note beside it needs.
fn height(sheet: &mut Worksheet, at: u32, said: &str) -> anyhow::Result<()> {
    let lines: usize = said.lines().map(|line| 1 + line.chars().count() / 58).sum();
    if lines > 1 {
        sheet.set_row_height(at, 15.0 * lines.min(20) as f64)?;
    }
    Ok(())
}
