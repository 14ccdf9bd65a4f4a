//! `tables/<id>.csv`: a line a number, so that they can be filtered and pivoted.
//!
//! UTF-8 with a byte order mark, and the separators that a spreadsheet expects in the language of the report:
//! `;` and a decimal comma in Latvian, `,` and a decimal point in English. With the others Excel puts a line into
//! one cell, or reads `11.03` as the eleventh of March. A text that a spreadsheet would take for a formula (it begins with
//! `=`, `+`, `-`, `@`, TAB or CR) gets an apostrophe in front; a number below zero is none.

use vienkop_transforms::assess::report::{Report, Row, Table};
use vienkop_transforms::texts::Language;

use super::measures;

const HEADER: [&str; 9] =
    ["table", "institution_kind", "institution_kind_label", "n", "key", "label", "count", "percent", "select"];

/// File names with their bytes, in the order of the report.
pub(super) fn render(report: &Report) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    for section in &report.sections {
        for table in &section.tables {
            files.push((file_name(&table.id), lines(&table_lines(table, report.language), report.language)?));
            if let Some(follow_up) = &table.follow_up {
                let id = format!("{}-follow-up", table.id);
                let mut all = vec![header()];
                let rows = follow_up.rows.iter();
                all.extend(rows.map(|row| line(&id, ["", ""], follow_up.n, row, report.language)));
                files.push((file_name(&id), lines(&all, report.language)?));
            }
        }
        for table in &section.measures {
            let all = measures::lines(table, report.language);
            files.push((file_name(&table.id), lines(&all, report.language)?));
        }
        for list in &section.lists {
            let mut all = vec![list.columns.clone()];
            all.extend(list.rows.iter().cloned());
            files.push((file_name(&list.id), lines(&all, report.language)?));
        }
    }
    Ok(files)
}

fn header() -> Vec<String> {
    HEADER.map(ToOwned::to_owned).into()
}

/// All respondents first (no kind), then every kind.
fn table_lines(table: &Table, language: Language) -> Vec<Vec<String>> {
    let mut all = vec![header()];
    all.extend(table.rows.iter().map(|row| line(&table.id, ["", ""], table.n, row, language)));
    for (name, kind) in &table.by_kind.0 {
        let kind_cells = [name.code.as_str(), name.label.as_str()];
        all.extend(kind.rows.iter().map(|row| line(&table.id, kind_cells, kind.n, row, language)));
    }
    all
}

fn line(table: &str, kind: [&str; 2], n: u64, row: &Row, language: Language) -> Vec<String> {
    let percent = match language {
        Language::Lv => row.percent.replace('.', ","),
        Language::En => row.percent.clone(),
    };
    let texts = [table, kind[0], kind[1]].map(ToOwned::to_owned);
    let numbers =
        [n.to_string(), row.key.clone(), row.label.clone(), row.count.to_string(), percent, row.select.clone()];
    texts.into_iter().chain(numbers).collect()
}

fn lines(all: &[Vec<String>], language: Language) -> anyhow::Result<Vec<u8>> {
    let delimiter = match language {
        Language::Lv => b';',
        Language::En => b',',
    };
    let mut bytes = b"\xEF\xBB\xBF".to_vec();
    let mut writer =
        ::csv::WriterBuilder::new().delimiter(delimiter).terminator(::csv::Terminator::CRLF).from_writer(&mut bytes);
    for cells in all {
        writer.write_record(cells.iter().map(|cell| neutral(cell)))?;
    }
    writer.flush()?;
    drop(writer);
    Ok(bytes)
}

fn neutral(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_negative(cell);
    if formula { format!("'{cell}") } else { cell.to_owned() }
}

/// Digits after a minus, with one decimal separator at the most.
fn is_negative(cell: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    cell.strip_prefix('-').is_some_and(|size| {
        let (whole, rest) = size.split_once([',', '.']).unwrap_or((size, "0"));
        digits(whole) && digits(rest)
    })
}

/// Ids come from configuration: whatever could leave the folder becomes `_`.
fn file_name(id: &str) -> String {
    let safe: String = id.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
    format!("{}.csv", safe.trim_start_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_and_paths_are_made_harmless() {
        for (cell, written) in [
            ("=1+1", "'=1+1"),
            ("-", "'-"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("Jā", "Jā"),
            ("", ""),
            ("-2,61", "-2,61"),
            ("-3.5", "-3.5"),
            ("-12", "-12"),
            ("-2+1", "'-2+1"),
            ("-1.2.3", "'-1.2.3"),
            ("-,5", "'-,5"),
        ] {
            assert_eq!(neutral(cell), written);
        }
        assert_eq!(file_name("1.1-6"), "1.1-6.csv");
        assert_eq!(file_name("../../x y"), "_.._x_y.csv");
    }
}
