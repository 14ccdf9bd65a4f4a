//! `report.xlsx`: a first sheet that leads to the others, a sheet a table with its chart, and sheets of the records that the
//! numbers count.
//!
//! Numbers are numbers, shares are parts of one shown as per cent, so that they can be reckoned with; texts are written as
//! texts, never as formulas. The same report gives the same bytes: the only moment in the file is the report's day.

mod records;
mod sheets;

use std::collections::BTreeSet;

use jiff::civil::Date;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Url, Workbook, Worksheet};
use vienkop_transforms::assess::report::Report;
use vienkop_transforms::assess::survey::date_text;
use vienkop_transforms::texts::Texts;

use super::Behind;

/// Characters of a sheet's name, at most.
const NAME: usize = 31;
/// Width of the first column, in characters.
const FIRST: u16 = 46;

/// How cells look.
pub(crate) struct Look {
    pub(crate) title: Format,
    pub(crate) text: Format,
    pub(crate) head: Format,
    label: Format,
    pub(crate) count: Format,
    percent: Format,
    decimal: Format,
    mark: Format,
}

impl Look {
    pub(crate) fn new() -> Self {
        let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
        let head = wrapped.clone().set_bold().set_border_bottom(FormatBorder::Thin).set_background_color(0x00DC_E6F1);
        Self {
            title: Format::new().set_bold().set_font_size(14.0),
            text: wrapped.clone(),
            head,
            label: wrapped.clone(),
            count: wrapped.clone().set_num_format("#,##0"),
            percent: wrapped.clone().set_num_format("0.00%"),
            decimal: wrapped.clone().set_num_format("0.00"),
            mark: wrapped.set_bold().set_font_color(0x009C_0006),
        }
    }
}

/// A sheet that is ready, and what leads to it.
struct Made {
    title: String,
    section: String,
    sheet: Worksheet,
}

/// The workbook.
pub(super) fn render(report: &Report, behind: &[Behind], texts: &Texts) -> anyhow::Result<Vec<u8>> {
    let look = Look::new();
    let mut names = BTreeSet::new();
    let contents = texts.get("report-contents", &[]);
    name(&contents, &mut names);
    let mut made = Vec::new();
    for section in &report.sections {
        let heading = section.number.as_ref().map_or_else(String::new, |number| format!("{number}. ")) + &section.title;
        let mut add = |title: &str, sheet: Worksheet| {
            made.push(Made { title: title.to_owned(), section: heading.clone(), sheet });
        };
        for table in &section.tables {
            add(&table.caption, sheets::table(&name(&table.id, &mut names), table, texts, &look)?);
            if let Some(follow_up) = &table.follow_up {
                let name = name(&format!("{}-follow-up", table.id), &mut names);
                add(&follow_up.question, sheets::follow_up(&name, follow_up, texts, &look)?);
            }
        }
        for table in &section.measures {
            add(&table.title, sheets::measures(&name(&table.id, &mut names), table, texts, &look)?);
        }
        for list in &section.lists {
            add(&list.title, sheets::list(&name(&list.id, &mut names), list, &look)?);
        }
    }
    let section = texts.get("report-behind", &[]);
    for one in behind {
        let title = texts.get(&format!("behind-{}", one.name.replace('_', "-")), &[]);
        let sheet = records::sheet(&name(&format!("ieraksti-{}", one.name), &mut names), &title, one, texts, &look)?;
        made.push(Made { title, section: section.clone(), sheet });
    }
    let mut workbook = Workbook::new();
    workbook.set_properties(&properties(&report.title, report.as_of.parse()?)?);
    workbook.push_worksheet(front(report, texts, &contents, &made, &look)?);
    for one in made {
        workbook.push_worksheet(one.sheet);
    }
    Ok(workbook.save_to_buffer()?)
}

/// Title and day of a workbook: the only moment in it.
pub(crate) fn properties(title: &str, day: Date) -> anyhow::Result<DocProperties> {
    let moment =
        ExcelDateTime::from_ymd(day.year().unsigned_abs(), day.month().unsigned_abs(), day.day().unsigned_abs())?;
    Ok(DocProperties::new().set_title(title).set_creation_datetime(&moment))
}

/// The first sheet: what the report is, and a line a sheet.
fn front(report: &Report, texts: &Texts, called: &str, made: &[Made], look: &Look) -> anyhow::Result<Worksheet> {
    let mut sheet = Worksheet::new();
    sheet.set_name(called)?;
    sheet.set_column_width(0, 2 * FIRST)?.set_column_width(1, 2 * FIRST)?;
    sheet.set_landscape().set_print_fit_to_pages(1, 0);
    sheet.write_string_with_format(0, 0, &report.title, &look.title)?;
    sheet.write_string(1, 0, texts.get("report-as-of", &[("date", &date_text(&report.as_of, texts))]))?;
    let heads = ["report-section-header", "report-table-header"].map(|head| texts.get(head, &[]));
    for (column, head) in heads.iter().enumerate() {
        sheet.write_string_with_format(3, column as u16, head, &look.head)?;
    }
    for (row, one) in (4..).zip(made) {
        sheet.write_string(row, 0, &one.section)?;
        let to = Url::new(format!("internal:'{}'!A1", one.sheet.name().replace('\'', "''"))).set_text(&one.title);
        sheet.write_url(row, 1, to)?;
    }
    sheet.set_freeze_panes(4, 0)?;
    Ok(sheet)
}

/// A name that Excel takes for a sheet, and that no other sheet has.
pub(crate) fn name(wanted: &str, taken: &mut BTreeSet<String>) -> String {
    let plain: String = wanted.chars().map(|c| if "[]:*?/\\'".contains(c) { '_' } else { c }).collect();
    let mut name: String = plain.chars().take(NAME).collect();
    let mut number = 2;
    // Excel does not tell small letters from capitals in names.
    while name.is_empty() || !taken.insert(name.to_lowercase()) {
        let ending = format!(" {number}");
        name = plain.chars().take(NAME - ending.len()).collect::<String>() + &ending;
        number += 1;
    }
    name
}

#[cfg(test)]
mod tests;
