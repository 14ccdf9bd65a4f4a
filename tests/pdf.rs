//! `report.pdf` says what `report.json` says, number by number, as poppler reads it; its fonts are embedded, its tags there.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::Project;

/// What poppler's program says; it is installed by `tests/run`.
fn poppler(program: &str, arguments: &[&str], path: &Path) -> String {
    let output =
        Command::new(program).args(arguments).arg(path).args(["-"].iter().filter(|_| program == "pdftotext")).output();
    let output = output.unwrap_or_else(|error| panic!("{program} of poppler-utils: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

/// Without spaces, of whatever kind: lines end where the width of a column says.
fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '\u{200b}').collect()
}

/// The words of the document in the order of its tables, without what repeats on every page.
struct Words {
    all: Vec<String>,
    at: usize,
    /// How many words may stand before what is taken next: those of a label whose code only is known.
    unknown: usize,
}

impl Words {
    fn of(path: &Path) -> Self {
        let mut words = Vec::new();
        for (number, page) in poppler("pdftotext", &["-raw"], path).split('\u{c}').enumerate() {
            let lines: Vec<&str> = page.lines().filter(|line| !line.trim().is_empty()).collect();
            // The cover has neither head nor foot.
            let inner =
                if number == 0 { &lines[..] } else { lines.get(1..lines.len().saturating_sub(1)).unwrap_or_default() };
            words.extend(
                inner.iter().flat_map(|line| line.split_whitespace()).map(bare).filter(|word| !word.is_empty()),
            );
        }
        Self { all: words, at: 0, unknown: 0 }
    }

    /// Where the words from here on make up this text, the place behind them.
    fn behind(&self, from: usize, text: &str) -> Option<usize> {
        let (wanted, mut left, mut at) = (bare(text), 0, from);
        while left < wanted.len() {
            let word = self.all.get(at)?;
            if !wanted[left..].starts_with(word.as_str()) {
                return None;
            }
            left += word.len();
            at += 1;
        }
        Some(at)
    }

    /// Goes on to behind the text, wherever it stands.
    #[track_caller]
    fn find(&mut self, text: &str) {
        let found = (self.at..self.all.len()).find_map(|at| self.behind(at, text));
        self.at = found.unwrap_or_else(|| panic!("{text} is not in the document after {}", self.around()));
    }

    /// Goes behind the text, which stands here.
    #[track_caller]
    fn take(&mut self, text: &str, place: &str) {
        let unknown = std::mem::take(&mut self.unknown);
        let found = (self.at..=self.at + unknown).find_map(|at| self.behind(at, text));
        self.at = found.unwrap_or_else(|| panic!("{place}: {text} does not follow {}", self.around()));
    }

    /// A page may have ended before the row: there the headers stand again.
    fn skip(&mut self, headers: &str, row: &str) {
        let first = |text: &str| (self.at..=self.at + self.unknown).find(|at| self.behind(*at, text).is_some());
        if let Some(at) = first(headers).filter(|at| first(row).is_none_or(|row| *at < row)) {
            self.at = self.behind(at, headers).unwrap();
            self.unknown = 0;
        }
    }

    fn around(&self) -> String {
        let (from, to) = (self.at.saturating_sub(20), (self.at + 20).min(self.all.len()));
        format!("{} ^ {}", self.all[from..self.at].join(" "), self.all[self.at..to].join(" "))
    }
}

/// `66,21 %`.
fn percent(value: &Value) -> String {
    format!("{} %", text(value).replace('.', ","))
}

/// A measure as it is printed.
fn printed(cell: &Value) -> String {
    let Some(value) = cell["value"].as_str() else { return "–".to_owned() };
    let decimal = value.replace('.', ",").replace('-', "−");
    match (text(&cell["kind"]), cell["unit"].as_str()) {
        ("count" | "text", _) => value.to_owned(),
        ("share", _) => format!("{decimal} % no {}", text(&cell["of"])),
        ("duration", Some("d")) => format!("{decimal} d"),
        ("duration", Some("working d")) => format!("{decimal} darba d."),
        ("duration", unit) => {
            let seconds: f64 = value.parse().unwrap();
            // The samples have working days of eight hours.
            if unit == Some("working s") && seconds >= 28_800.0 {
                return format!("{:.1} darba d.", (seconds / 2880.0).round() / 10.0)
                    .replace('.', ",")
                    .replace("d,", "d.");
            }
            let whole = seconds.round() as u64;
            let units = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
            let first = units.iter().position(|(size, _)| whole >= *size).unwrap_or(3);
            let (size, name) = units[first];
            let second = units.get(first + 1).filter(|_| first < 2).map(|(small, name)| (whole % size / small, name));
            let second = second.filter(|(number, _)| *number > 0).map(|(number, name)| format!("{number} {name}"));
            format!("{} {name} {}", whole / size, second.unwrap_or_default())
        }
        _ => decimal,
    }
}

/// Names of a row as they are printed; the second stands below the first.
fn named(names: &[Value]) -> Vec<&str> {
    names.iter().map(text).collect()
}

#[test]
fn the_document_says_what_the_report_says() {
    let project = Project::samples();
    project.run(&[]).ends(0);
    let folder = project.path("var/reports/2024-07-08");
    let path = folder.join("report.pdf");
    let report: Value = serde_json::from_slice(&fs::read(folder.join("report.json")).unwrap()).unwrap();
    let mut words = Words::of(&path);
    // JSON read into a map has lost the order of the kinds, which is that of the code list.
    let order = fs::read_to_string(project.path("config/codelists/institution_kinds.csv")).unwrap();
    let place_of =
        |code: &str| order.lines().position(|line| line.starts_with(&format!("{code},"))).unwrap_or(usize::MAX);
    let (mut tables, mut numbers) = (0, 0);
    let mut caption = |words: &mut Words, title: &str, heads: &str| {
        tables += 1;
        words.find(&format!("{tables}. tabula. {title}"));
        words.take(heads, title);
    };
    for section in list(&report, "sections") {
        for table in list(section, "tables") {
            let mut kinds: Vec<(&String, &Value)> = table["by_kind"].as_object().unwrap().iter().collect();
            kinds.sort_by_key(|(code, _)| place_of(code));
            for row in list(table, "rows") {
                words.find(&format!("{}{}({})", text(&row["label"]), row["count"], percent(&row["percent"])));
                numbers += 2;
            }
            words.find(text(&table["caption"]));
            // Labels of kinds are their codes in Latvian.
            let of_kinds = kinds.iter().map(|(code, kind)| format!("{code} n = {}", kind["n"]));
            let heads = format!("Atbilde Kopā n = {} {}", table["n"], of_kinds.collect::<Vec<_>>().join(" "));
            caption(&mut words, &format!("{}: skaits un daļa pa iestāžu veidiem", text(&table["title"])), &heads);
            for row in list(table, "rows") {
                let place = format!("{} {}", table["id"], row["key"]);
                words.skip(&heads, text(&row["label"]));
                words.take(text(&row["label"]), &place);
                let same =
                    |kind: &Value| list(kind, "rows").iter().find(|one| one["key"] == row["key"]).unwrap().clone();
                for one in std::iter::once(row.clone()).chain(kinds.iter().map(|(_, kind)| same(kind))) {
                    words.take(&one["count"].to_string(), &place);
                    words.take(&percent(&one["percent"]), &place);
                    numbers += 2;
                }
            }
            if let Some(more) = table.get("follow_up") {
                let heads = format!("Atbilde Kopā n = {}", more["n"]);
                caption(&mut words, &format!("Papildjautājums: {}", text(&more["question"])), &heads);
                for row in list(more, "rows") {
                    let line = [text(&row["label"]), &row["count"].to_string(), &percent(&row["percent"])].join(" ");
                    words.skip(&heads, &line);
                    words.take(&line, text(&more["id"]));
                    numbers += 2;
                }
            }
        }
        for table in list(section, "measures") {
            let columns = list(table, "columns").iter().map(|column| text(&column["label"]));
            let heads = named(list(table, "heads")).into_iter().chain(columns).collect::<Vec<_>>().join(" ");
            caption(&mut words, text(&table["title"]), &heads);
            for row in list(table, "rows") {
                let labels = named(list(row, "labels")).join(" ");
                words.skip(&heads, &labels);
                words.take(&labels, text(&table["id"]));
                for cell in list(row, "cells") {
                    // Where there is no number the report says why, or nothing.
                    let no_number = cell["kind"] != "text" && cell["value"].is_null();
                    let untold = no_number && words.behind(words.at, "nav nosakāms").is_some();
                    let expected = if untold { "nav nosakāms".to_owned() } else { printed(cell) };
                    if cell["kind"] == "text" && words.behind(words.at, &expected).is_none() {
                        words.unknown += 14;
                        continue;
                    }
                    words.take(&expected, text(&cell["id"]));
                    numbers += 1;
                }
            }
        }
        for table in list(section, "lists") {
            let heads = named(list(table, "columns")).join(" ");
            caption(&mut words, text(&table["title"]), &heads);
            let rows = list(table, "rows");
            let shown = if rows.len() > 40 { 20 } else { rows.len() };
            for row in &rows[..shown] {
                let line = named(row.as_array().unwrap()).join(" ");
                words.skip(&heads, &line);
                words.take(&line, text(&table["id"]));
            }
            if shown < rows.len() {
                words.take(&format!("Šeit neparādītas rindas: {}.", rows.len() - shown), text(&table["id"]));
                words.find(&format!("report.xlsx (lapa „{}”).", text(&table["id"])));
            }
        }
    }
    assert!(tables > 70 && numbers > 7_000, "{tables} tables, {numbers} numbers");

    let fonts = poppler("pdffonts", &[], &path);
    let faces: Vec<&str> = fonts.lines().skip(2).collect();
    assert!(!faces.is_empty());
    for face in faces {
        // name, type, encoding, embedded, subset, with a table of letters
        assert!(
            face.contains("LibertinusSerif") && face.split_whitespace().filter(|word| *word == "yes").count() == 3,
            "{face}"
        );
    }
    let about = poppler("pdfinfo", &[], &path);
    let says =
        |name: &str, what: &str| about.lines().any(|line| line.starts_with(name) && line.trim_end().ends_with(what));
    assert!(says("Title:", text(&report["title"])) && says("Tagged:", "yes"), "{about}");
    let bytes = fs::read(&path).unwrap();
    let holds = |what: &str| bytes.windows(what.len()).any(|window| window == what.as_bytes());
    assert!(holds("<pdfuaid:part>1</pdfuaid:part>") && holds("/Lang (lv)"), "PDF/UA-1, in Latvian");
    let written = bare(&poppler("pdftotext", &[], &path));
    for letter in "āčēģīķļņšūž„”–".chars() {
        assert!(written.contains(letter), "{letter}");
    }
    assert!(!written.contains(['\u{fffd}', '□']), "every letter has a glyph");
}
