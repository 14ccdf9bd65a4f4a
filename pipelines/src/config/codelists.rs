//! `config/codelists/*.csv`: read, with every mistake of a file told at its line.

use std::collections::HashMap;
use std::ops::Range;

use csv::{ReaderBuilder, StringRecord};
use vienkop_transforms::codelist::{Code, CodeList};

use super::problem::{Problem, Sentence, known};

/// The columns every list begins with.
const HEADER: [&str; 4] = ["code", "label_lv", "label_en", "aliases"];

/// Further columns that the program reads.
const FURTHER: [(&str, &[&str]); 4] = [
    ("channels", &["electronic", "in_person"]),
    ("states", &["macro_step", "closing", "counted"]),
    ("purposes", &["technology_group"]),
    ("conditions", &["principle_group", "technology_groups"]),
];

/// Reads one list; `name` is the file's name without its ending.
pub(super) fn read(name: &str, file: &str, text: &str) -> (Option<CodeList>, Vec<Problem>) {
    let mut list = Lines::new(file, text);
    let Some(records) = list.records() else { return (None, list.problems) };
    let Some((header, rows)) = records.split_first() else {
        return (None, vec![Problem::whole(file, Sentence::new("config-csv-empty"))]);
    };
    if !list.check_header(&HEADER, header) {
        return (None, list.problems);
    }
    list.check_further(name, header);
    let further: Vec<&str> = header.iter().skip(HEADER.len()).collect();
    let mut codes: Vec<Code> = Vec::new();
    let mut places: HashMap<String, &StringRecord> = HashMap::new();
    for row in rows {
        if !list.check_cells(header, row) {
            continue;
        }
        let cell = |index: usize| row.get(index).unwrap_or_default().trim().to_owned();
        let code = Code {
            code: cell(0),
            label_lv: cell(1),
            label_en: cell(2),
            aliases: cell(3)
                .split('|')
                .map(|alias| alias.trim().to_owned())
                .filter(|alias| !alias.is_empty())
                .collect(),
            extra: further.iter().enumerate().map(|(i, name)| ((*name).to_owned(), cell(HEADER.len() + i))).collect(),
        };
        for (column, text) in HEADER.iter().zip([&code.code, &code.label_lv, &code.label_en]) {
            if text.is_empty() {
                list.tell(row, None, Sentence::new("config-csv-required").arg("column", *column), None);
            }
        }
        if places.contains_key(&code.code) {
            list.tell(row, Some(&code.code), Sentence::new("config-csv-duplicate").arg("code", &code.code), None);
        } else if !code.code.is_empty() {
            places.insert(code.code.clone(), row);
            codes.push(code);
        }
    }
    let (made, clashes) = CodeList::new(name, codes);
    for clash in clashes {
        let sentence = Sentence::new("config-csv-clash")
            .arg("spelling", &clash.spelling)
            .arg("first", &clash.first)
            .arg("second", &clash.second);
        if let Some(row) = places.get(&clash.second) {
            list.tell(row, Some(&clash.spelling), sentence, None);
        }
    }
    (Some(made), list.problems)
}

/// The lines of a CSV file, and what is wrong with them so far.
pub(super) struct Lines<'a> {
    file: &'a str,
    text: &'a str,
    start: usize,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        // Excel puts a byte order mark in front of UTF-8.
        let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { file, text, start, problems: Vec::new() }
    }

    /// The lines with their cells, the header too; none when they cannot be read, which then is a problem.
    pub(super) fn records(&mut self) -> Option<Vec<StringRecord>> {
        let bytes = &self.text.as_bytes()[self.start..];
        let reader = ReaderBuilder::new().flexible(true).has_headers(false).from_reader(bytes);
        match reader.into_records().collect() {
            Ok(records) => Some(records),
            Err(error) => {
                let sentence = Sentence::new("config-csv").arg("reason", error.to_string());
                self.problems.push(Problem::whole(self.file, sentence));
                None
            }
        }
    }

    pub(super) fn tell(&mut self, row: &StringRecord, cell: Option<&str>, sentence: Sentence, hint: Option<Sentence>) {
        self.problems.push(Problem::at(self.file, self.span(row, cell), sentence).hint(hint));
    }

    /// Whether a row has as many cells as the header.
    pub(super) fn check_cells(&mut self, header: &StringRecord, row: &StringRecord) -> bool {
        if row.len() != header.len() {
            let sentence = Sentence::new("config-csv-cells")
                .arg("found", row.len().to_string())
                .arg("expected", header.len().to_string());
            self.tell(row, None, sentence, None);
        }
        row.len() == header.len()
    }

    /// The cell in the file's text, or the whole row.
    fn span(&self, row: &StringRecord, cell: Option<&str>) -> Range<usize> {
        let from = self.start + row.position().map_or(0, |position| position.byte() as usize);
        let rest = self.text.get(from..).unwrap_or_default();
        // The position of a row can be that of the line break before it.
        let from = from + rest.len() - rest.trim_start_matches(['\r', '\n']).len();
        let rest = self.text.get(from..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default();
        let found = cell.filter(|cell| !cell.is_empty()).and_then(|cell| Some((line.find(cell)?, cell.len())));
        let (offset, length) = found.unwrap_or((0, line.len()));
        from + offset..from + offset + length
    }

    /// Whether the header begins with the columns wanted.
    pub(super) fn check_header(&mut self, wanted: &[&str], header: &StringRecord) -> bool {
        if header.len() == 1 && header.get(0).is_some_and(|cell| cell.contains([';', '\t'])) {
            let hint = Sentence::new("config-hint-comma");
            self.tell(header, None, Sentence::new("config-csv-separator"), Some(hint));
            return false;
        }
        for (index, column) in wanted.iter().enumerate() {
            let found = header.get(index).map(str::trim);
            if found != Some(column) {
                let sentence =
                    Sentence::new("config-csv-header").arg("column", *column).arg("header", wanted.join(","));
                self.tell(header, found, sentence, None);
                return false;
            }
        }
        true
    }

    /// Checks that the list has the further columns that the program reads of it.
    fn check_further(&mut self, name: &str, header: &StringRecord) {
        let cells: Vec<&str> = header.iter().map(str::trim).collect();
        let further = FURTHER.iter().find(|(list, _)| *list == name).map_or(&[][..], |(_, columns)| columns);
        for column in further.iter().filter(|column| !cells.contains(column)) {
            let hint = known(column, cells.iter().copied().skip(HEADER.len()));
            self.tell(header, None, Sentence::new("config-csv-column").arg("column", *column), hint);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::collections::BTreeMap;

    use vienkop_transforms::texts::Language;

    use super::super::problem::Problems;
    use super::super::texts::Catalogue;
    use super::*;

    fn told(name: &str, text: &str) -> Vec<String> {
        let file = format!("config/codelists/{name}.csv");
        let (_, problems) = read(name, &file, text);
        let sources = BTreeMap::from([(file, text.to_owned())]);
        let problems = Problems::new(problems, sources, Catalogue::built_in().unwrap(), Language::En);
        let place = |line: Option<usize>, column: Option<usize>| {
            format!("{}:{}", line.unwrap_or_default(), column.unwrap_or_default())
        };
        problems.told(None).iter().map(|told| format!("{} {}", place(told.line, told.column), told.message)).collect()
    }

    #[test]
    fn reads_aliases_and_further_columns() {
        let text = "\u{feff}code,label_lv,label_en,aliases,macro_step,closing,counted\r\npabeigts,Pabeigts,Done,\"gatavs|beigts, viss\",pabeigts,yes,yes\r\n";
        let (list, problems) = read("states", "states.csv", text);
        assert_eq!(problems, []);
        let list = list.unwrap();
        let code = list.find("BEIGTS - VISS").unwrap();
        assert_eq!((code.code.as_str(), code.extra("closing")), ("pabeigts", "yes"));
    }

    #[test]
    fn tells_every_mistake_with_its_line() {
        for (name, text, expected) in [
            ("x", "", &["0:0 the file is empty"][..]),
            ("x", "code;label_lv;label_en;aliases\n", &["1:1 the columns are not separated by commas"]),
            (
                "x",
                "code,label_lv,aliases\n",
                &[
                    "1:15 the column \"label_en\" is not in its place: the first line begins with code,label_lv,label_en,aliases",
                ],
            ),
            (
                "states",
                "code,label_lv,label_en,aliases,macro_step,closing\n",
                &["1:1 the column \"counted\" is missing"],
            ),
            (
                "x",
                "code,label_lv,label_en,aliases\na,A,A,ā|viens\nb,B,B,divi,x\n\nb,,B,Viens\nb,B,B,\n",
                &[
                    "3:1 5 cells, the first line has 4",
                    "5:1 \"label_lv\" is empty",
                    "5:6 the spelling \"Viens\" stands for both \"a\" and \"b\"",
                    "6:1 the code \"b\" occurs twice",
                ],
            ),
        ] {
            assert_eq!(told(name, text), expected, "{text}");
        }
    }
}
