//! Mended rows back: rejected, exported as a workbook, mended in LibreOffice, put into the inbox, taken in.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use calamine::{Reader as _, Xlsx, open_workbook};
use serde_json::{Value, json};

use crate::support::{Project, Ran, assert_conservation, checkout, count, source};

/// Services with a field that can be wrong, in one file.
fn services(project: &Project, fetch: &str, format: &str, more: &str) {
    let read = if format.contains("xml") { "[table.read]\nrecord = \"/r/s\"\n" } else { more };
    project.source(
        "reg",
        &format!(
            "inbox = \"in/reg\"\n[fetch]\n{fetch}\n[format]\n{format}\n[[table]]\nentity = \"service\"\n{read}[table.fields]\n\
             code = \"code\"\nname = \"name\"\ndescription = \"description\"\nowner_reg_no = \"owner\"\n\
             expected_time = \"time\"\n[policy]\nmax_quarantined_share = 0.9\nmax_retired_share = 0.1\n"
        ),
    );
    project.pipeline(&["reg"]);
}

const COLUMNS: [&str; 6] = ["code", "name", "description", "owner", "time", "note"];

/// One good row and three bad ones: a key without its code, a wrong number, a wrong time; with texts that a spreadsheet
/// program would calculate.
const ROWS: [[&str; 6]; 4] = [
    ["01", "Alfa", "good", "90000270634", "5 d", "-1"],
    ["", "Beta", "=HYPERLINK(\"http://evil.example\")", "90000270634", "5 d", "-5"],
    ["03", "Gamma", "@x", "9000", "5 d", "+371 67000000"],
    ["04", "Delta", "'=1+1", "90000270634", "soon", "=2+2"],
];

fn csv() -> String {
    let quoted = |row: &[&str; 6]| row.map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).join(";");
    let rows = std::iter::once(&COLUMNS).chain(&ROWS).map(quoted);
    rows.collect::<Vec<_>>().join("\n") + "\n"
}

fn xml() -> String {
    let record = |row: &[&str; 6]| {
        let cells = COLUMNS.iter().zip(row).filter(|(_, cell)| !cell.is_empty());
        let cells = cells.map(|(name, cell)| format!("<{name}>{}</{name}>", cell.replace('"', "&quot;")));
        format!("<s>{}</s>", cells.collect::<String>())
    };
    format!("<r>{}</r>", ROWS.iter().map(record).collect::<String>())
}

fn excel() -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name("Reģistrs").unwrap();
    sheet.write_string(0, 0, "A register").unwrap();
    for (row, cells) in (2..).zip(std::iter::once(&COLUMNS).chain(&ROWS)) {
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(row, column, *cell).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

/// Cells of a sheet by header, a map a row.
fn rows(file: &Path, sheet: &str) -> Vec<BTreeMap<String, String>> {
    let mut workbook: Xlsx<_> = open_workbook(file).unwrap();
    let range = workbook.worksheet_range(sheet).unwrap_or_else(|error| panic!("{sheet}: {error}"));
    let text = |cell: &calamine::Data| cell.to_string();
    let heads: Vec<String> = range.rows().next().unwrap().iter().map(text).collect();
    range.rows().skip(1).map(|row| heads.iter().cloned().zip(row.iter().map(text)).collect()).collect()
}

fn sheets(file: &Path) -> Vec<String> {
    let workbook: Xlsx<_> = open_workbook(file).unwrap();
    workbook.sheet_names()
}

/// A Python that can drive LibreOffice: that of the system, whichever comes first on the path.
fn python() -> &'static str {
    let can = |python: &&str| {
        let asked = Command::new(python).args(["-c", "import uno"]).output();
        asked.is_ok_and(|output| output.status.success())
    };
    let found = ["python3", "/usr/bin/python3"].into_iter().find(can);
    found.expect("the test needs LibreOffice with Python (Debian: libreoffice-calc-nogui python3-uno)")
}

/// Mends a workbook in LibreOffice.
fn mend(from: &Path, to: &Path, edits: &Value) {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("edits.json");
    fs::write(&list, edits.to_string()).unwrap();
    let script = checkout().join("tests/correction/mend.py");
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    let output = Command::new(python()).arg(script).args([from, to, list.as_path()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

impl Project {
    fn export(&self, file: &str) -> PathBuf {
        self.vienkop(&["quarantine", "export", "reg", "--output", file, "--as-of", "2024-07-08"]).ends(0);
        self.path(file)
    }

    fn quarantine(&self) -> Vec<Value> {
        self.vienkop(&["quarantine", "list", "--json"]).ends(0).json().as_array().unwrap().clone()
    }

    fn run_on(&self, day: &str) -> Ran {
        self.vienkop(&["run", "--json", "--as-of", day])
    }

    /// Names of the files below a folder of the inbox, without their stamps.
    fn put_away(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("in/reg").join(folder)) else { return Vec::new() };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.map(|name| name.split_once(' ').unwrap().1.to_owned()).collect();
        names.sort();
        names
    }

    /// What came of a file.
    fn result(&self, folder: &str, file: &str) -> String {
        let entries = fs::read_dir(self.path("in/reg").join(folder)).unwrap();
        let ending = format!(" {file}.txt");
        let paths = entries.map(|entry| entry.unwrap().path());
        let found = paths.filter(|path| path.to_string_lossy().ends_with(&ending)).max().unwrap();
        let text = fs::read_to_string(found).unwrap();
        assert!(text.starts_with('\u{FEFF}') && text.matches('\n').count() == text.matches("\r\n").count(), "{text:?}");
        text
    }
}

/// Of a source: kind of its own format, file, content, sheet of the workbook.
fn formats() -> Vec<(&'static str, &'static str, Vec<u8>, &'static str)> {
    vec![
        ("kind = \"csv\"", "reg.csv", csv().into_bytes(), "reg"),
        ("kind = \"xml\"", "reg.xml", xml().into_bytes(), "reg"),
        ("kind = \"excel\"", "reg.xlsx", excel(), "Reģistrs"),
    ]
}

#[test]
fn rejected_rows_come_back_mended_whatever_the_format() {
    for (format, file, content, sheet) in formats() {
        let project = Project::new();
        project.file(file, content);
        services(&project, &format!("kind = \"file\"\npath = \"{file}\""), format, "");
        let outcome = project.run(&[]).ends(0).json();
        assert_eq!(count(&outcome, "reg", "service", "quarantined"), 3, "{format}: {outcome:#}");
        let before = project.quarantine();
        assert_eq!(before.len(), 3);

        let workbook = project.export("k.xlsx");
        let found = rows(&workbook, sheet);
        assert_eq!(found.len(), 3, "{format}");
        for (row, original) in found.iter().zip(&ROWS[1..]) {
            // Columns that nothing is mapped from too; formulas are marked, all else stands as it was delivered.
            for (name, cell) in COLUMNS.iter().zip(original) {
                let shown = row[*name].strip_prefix('\'').filter(|_| !cell.starts_with('\'')).unwrap_or(&row[*name]);
                let shown = shown.strip_prefix('\'').filter(|rest| rest == cell).unwrap_or(shown);
                assert_eq!(shown, *cell, "{format} {name}");
            }
            assert!(row["vienkop: where"].starts_with(file), "{row:?}");
        }
        assert_eq!(found[0]["description"], "'=HYPERLINK(\"http://evil.example\")");
        assert!(found[0]["vienkop: what to mend"].contains("code"), "{:?}", found[0]);
        assert_eq!(found[1]["note"], "+371 67000000");

        let edits = json!([
            {"sheet": sheet, "where": {"name": "Beta"}, "set": {"code": "02"}},
            {"sheet": sheet, "where": {"name": "Gamma"}, "set": {"owner": "90000270634"}},
        ]);
        mend(&workbook, &project.path("in/reg/mended.xlsx"), &edits);
        let plan = project.vienkop(&["plan", "--json", "--as-of", "2024-07-09"]).ends(0).json();
        let planned =
            plan["sources"].as_array().unwrap().iter().find(|one| one["file"] == "mended.xlsx").unwrap().clone();
        assert!(project.path("in/reg/mended.xlsx").is_file(), "a plan moves nothing");
        project.vienkop(&["check"]).ends(0);
        assert!(project.path("in/reg/mended.xlsx").is_file(), "a check moves nothing");
        // The source itself comes again with its mistakes: what was exported has other numbers by now.
        let outcome = project.run_on("2024-07-09").ends(0).json();
        assert_conservation(&outcome);
        let of_file = outcome["sources"].as_array().unwrap().iter().find(|one| one["file"] == "mended.xlsx").unwrap();
        let records = &of_file["records"]["service"];
        assert_eq!(
            (&records["inserted"], &records["quarantined"], &records["retired"]),
            (&json!(2), &json!(1), &json!(0))
        );
        assert_eq!(planned["records"], of_file["records"], "{format}");
        // Nothing is told of columns that are ours, nor anew of those that nothing is mapped from.
        let codes: Vec<&String> = of_file["findings"].as_object().unwrap().keys().collect();
        assert!(!codes.iter().any(|code| code.starts_with('F')), "{format}: {codes:?}");

        let after = project.quarantine();
        assert_eq!(after.len(), 1, "{format}: {after:#?}");
        assert_eq!(after[0]["file"], "mended.xlsx");
        for id in before.iter().map(|one| one["id"].as_str().unwrap()) {
            let shown = project.vienkop(&["quarantine", "show", id, "--json"]).ends(0).json();
            assert!(shown["closed_run"].is_number(), "{shown:#}");
        }
        let history = project.vienkop(&["history", "service:90000270634/02"]).ends(0).stdout;
        assert!(history.contains("mended.xlsx") && history.contains(&format!("{sheet}!D2")), "{history}");
        let explained = project.vienkop(&["explain", "service:90000270634/02", "--json"]).ends(0).stdout;
        let described = explained.contains("=HYPERLINK(\\\"http://evil.example\\\")") && !explained.contains("'=HYPER");
        assert!(described, "{explained}");
        assert_eq!(project.put_away("done"), ["mended.xlsx", "mended.xlsx.txt"]);
        let text = project.result("done", "mended.xlsx");
        assert!(text.contains("V007 × 1") && text.contains("Records accepted: 2"), "{text}");
        assert!(text.contains("Earlier records in quarantine closed: 3"), "{text}");

        // What is still wrong is exported from the workbook that came back, and comes back once more, this time as ods.
        let again = project.export("k2.xlsx");
        let found = rows(&again, sheet);
        assert_eq!((found.len(), found[0]["note"].as_str()), (1, "'=2+2"), "{found:?}");
        let edits = json!([{"sheet": sheet, "where": {"name": "Delta"}, "set": {"time": "3 d"}}]);
        mend(&again, &project.path("in/reg/again.ods"), &edits);
        // The same file that was mended before: it must not put back what is mended since.
        mend(&workbook, &project.path("in/reg/a-old.xlsx"), &json!([]));
        fs::remove_file(project.path(file)).unwrap();
        let toml = project.path("config/sources/reg.toml");
        let text = fs::read_to_string(&toml)
            .unwrap()
            .replace(&format!("kind = \"file\"\npath = \"{file}\""), "kind = \"inbox\"");
        fs::write(&toml, text).unwrap();
        let outcome = project.run_on("2024-07-10").ends(0).json();
        assert_conservation(&outcome);
        assert!(project.quarantine().is_empty(), "{format}: {outcome:#}");
        let old = outcome["sources"].as_array().unwrap().iter().find(|one| one["file"] == "a-old.xlsx").unwrap();
        assert_eq!((&old["findings"]["I004"], &old["rows"]["mapped"]), (&json!(3), &json!(0)), "{old:#}");
        let description = project.vienkop(&["explain", "service:90000270634/04", "--json"]).ends(0).stdout;
        assert!(description.contains("\"'=1+1\""), "{description}");
    }
}
