//! Mended rows back: rejected, exported as a workbook, mended in LibreOffice, put into the inbox, taken in.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use calamine::{Reader as _, Xlsx, open_workbook};
use serde_json::{Value, json};

use crate::support::{Project, Ran, assert_conservation, checkout, count};

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

/// The outcome of a file in an inbox.
#[track_caller]
fn of_file<'a>(outcome: &'a Value, name: &str) -> &'a Value {
    let sources = outcome["sources"].as_array().unwrap();
    sources.iter().find(|one| one["file"] == name).unwrap_or_else(|| panic!("no {name} in {outcome:#}"))
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
        let mended = of_file(&outcome, "mended.xlsx");
        let records = &mended["records"]["service"];
        assert_eq!(
            (&records["inserted"], &records["quarantined"], &records["retired"]),
            (&json!(2), &json!(1), &json!(0))
        );
        assert_eq!(planned["records"], mended["records"], "{format}");
        // Nothing is told of columns that are ours, nor anew of those that nothing is mapped from.
        let codes: Vec<&String> = mended["findings"].as_object().unwrap().keys().collect();
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
        let old = of_file(&outcome, "a-old.xlsx");
        assert_eq!((&old["findings"]["I004"], &old["rows"]["mapped"]), (&json!(3), &json!(0)), "{old:#}");
        let description = project.vienkop(&["explain", "service:90000270634/04", "--json"]).ends(0).stdout;
        assert!(description.contains("\"'=1+1\""), "{description}");
    }
}

/// Services and their steps in a file each; one step is wrong, and one service with its steps.
fn lists(project: &Project) {
    project.file("services.csv", "code;name;owner\n01;Alfa;90000270634\n02;Beta;9000\n03;Gamma;90000270634\n");
    let steps = "service;step;time\n01;receive;1 d\n01;decide;soon\n01;answer;2 d\n02;receive;1 d\n03;receive;1 d\n";
    project.file("steps.csv", steps);
    project.source(
        "reg",
        "inbox = \"in/reg\"\n[fetch]\nkind = \"file\"\npath = \"*s.csv\"\n[format]\nkind = \"csv\"\n\
         [[table]]\nentity = \"service\"\nfiles = [\"services.csv\"]\n[table.fields]\ncode = \"code\"\n\
         name = \"name\"\nowner_reg_no = \"owner\"\n\
         [[table]]\nentity = \"service.steps\"\nfiles = [\"steps.csv\"]\n[table.fields]\n\
         \"parent.code\" = \"service\"\n\"parent.owner_reg_no\" = { value = \"90000270634\" }\nname = \"step\"\nexpected_time = \"time\"\n[policy]\nmax_quarantined_share = 0.9\n",
    );
    project.pipeline(&["reg"]);
}

#[test]
fn a_mended_row_of_a_list_takes_no_other_away() {
    let project = Project::new();
    lists(&project);
    let outcome = project.run(&[]).ends(0).json();
    assert_eq!(count(&outcome, "reg", "service.steps", "quarantined"), 2, "{outcome:#}");
    let workbook = project.export("k.xlsx");
    assert_eq!(&sheets(&workbook)[..3], ["vienkop", "services", "steps"]);
    // The other steps of the first service come along under the number of the wrong one; those of the third do not.
    let steps: Vec<(String, String)> =
        rows(&workbook, "steps").into_iter().map(|row| (row["step"].clone(), row["vienkop: Nr."].clone())).collect();
    let number = steps[1].1.clone();
    assert_eq!(steps.len(), 4, "{steps:?}");
    assert_eq!(steps[..3], ["receive", "decide", "answer"].map(|step| (step.to_owned(), number.clone())));
    let edits = json!([
        {"sheet": "steps", "where": {"step": "decide"}, "set": {"time": "3 d"}},
        {"sheet": "services", "where": {"code": "02"}, "set": {"owner": "90000270634"}},
    ]);
    mend(&workbook, &project.path("in/reg/mended.xlsx"), &edits);
    fs::write(project.path("services.csv"), "code;name;owner\n01;Alfa;90000270634\n03;Gamma;90000270634\n").unwrap();
    fs::write(
        project.path("steps.csv"),
        "service;step;time\n01;receive;1 d\n01;decide;soon\n01;answer;2 d\n03;receive;1 d\n",
    )
    .unwrap();
    let outcome = project.run_on("2024-07-09").ends(0).json();
    let records = &of_file(&outcome, "mended.xlsx")["records"];
    assert_eq!(records["service.steps"]["retired"], 0, "{outcome:#}");
    assert_eq!(records["service.steps"]["accepted"], 3, "{outcome:#}");
    assert!(project.quarantine().is_empty(), "{:#?}", project.quarantine());
    let shown = project.vienkop(&["explain", "service:90000270634/01"]).ends(0).stdout;
    for step in ["receive", "decide", "answer"] {
        assert!(shown.contains(step), "{shown}");
    }
}

#[test]
fn a_workbook_that_nobody_mended_changes_nothing() {
    let project = Project::samples();
    let pipeline = project.path("config/pipelines/samples.toml");
    let text = fs::read_to_string(&pipeline).unwrap();
    fs::write(&pipeline, text.split("[assess]").next().unwrap()).unwrap();
    project.vienkop(&["run", "--json", "--as-of", "2024-07-08"]).ends(0);
    let identity = |one: &Value| ["source", "entity", "key"].map(|name| one[name].to_string());
    let before: Vec<_> = project.quarantine().iter().map(identity).collect();
    let mut ids: Vec<&str> = before.iter().map(|one| one[0].trim_matches('"')).collect();
    ids.dedup();
    assert!(ids.len() > 15, "{ids:?}");
    for id in &ids {
        let toml = project.path(&format!("config/sources/samples/{id}.toml"));
        let text = fs::read_to_string(&toml).unwrap();
        fs::write(&toml, format!("inbox = \"in/{id}\"\n{text}")).unwrap();
        let file = format!("in/{id}/{id}.xlsx");
        fs::create_dir_all(project.path(&file).parent().unwrap()).unwrap();
        let exported = project.vienkop(&["quarantine", "export", id, "--output", &file, "--json"]).ends(0).json();
        assert_eq!(exported["expired"], 0, "{exported:#}");
    }
    let outcome = project.vienkop(&["run", "--json", "--as-of", "2024-07-08"]).ends(0).json();
    for id in &ids {
        let file = of_file(&outcome, &format!("{id}.xlsx"));
        for (entity, counts) in file["records"].as_object().unwrap() {
            let changes = ["inserted", "changed", "retired"].map(|what| counts[what].as_u64().unwrap());
            assert_eq!(changes, [0, 0, 0], "{entity}: {file:#}");
        }
        let told = file["findings"].as_object().unwrap().keys();
        assert!(told.clone().all(|code| !code.starts_with(['F', 'I', 'S'])), "{file:#}");
    }
    let mut after: Vec<_> = project.quarantine().iter().map(identity).collect();
    let mut before = before;
    after.sort();
    before.sort();
    assert_eq!(before, after);
}

/// Persons in a column of their own, and a row that cannot be cut into cells.
fn persons(project: &Project) {
    let csv =
        "nr;person;time\n1;151285-12345;04.06.2024 10:00\n2;151285-12345;31.02.2024\n3;151285-12345;x;too;many;cells\n";
    project.file("reg.csv", csv);
    project.source(
        "reg",
        "inbox = \"in/reg\"\n[fetch]\nkind = \"file\"\npath = \"reg.csv\"\n[format]\nkind = \"csv\"\n[[table]]\n\
         entity = \"service_request\"\n[table.fields]\nrequest_no = \"nr\"\nkind = { value = \"pakalpojuma pieprasījums\" \
         }\ninstitution_reg_no = { value = \"90000270634\" }\napplicant_hash = { column = \"person\", pseudonymise = true \
         }\nsubmitted_at = \"time\"\n[policy]\nmax_quarantined_share = 1.0\n",
    );
    project.pipeline(&["reg"]);
}

/// All texts of a workbook.
fn whole(file: &Path) -> String {
    let names = sheets(file);
    let mut workbook: Xlsx<_> = open_workbook(file).unwrap();
    let ranges = names.iter().map(|name| workbook.worksheet_range(name).unwrap());
    ranges
        .flat_map(|range| range.rows().flatten().map(ToString::to_string).collect::<Vec<_>>())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn persons_are_shown_to_their_agency_only() {
    let project = Project::new();
    persons(&project);
    project.run(&[]).ends(0);
    let workbook = project.export("k.xlsx");
    let text = whole(&workbook);
    assert!(text.contains("151285-12345") && text.contains("personal data"), "{text}");
    let uncut = rows(&workbook, "Uncut rows");
    assert!(uncut[0]["Text of the row"].contains("too"), "{uncut:?}");
    assert_eq!(uncut[0]["vienkop: Nr."], "");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&workbook).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // The same again is the same file, and nothing is written over what somebody may be mending.
    let again = project.export("again.xlsx");
    assert_eq!(fs::read(&workbook).unwrap(), fs::read(&again).unwrap());
    let refused = project.vienkop(&["quarantine", "export", "reg", "--output", "k.xlsx"]).ends(2);
    assert!(refused.stderr.contains("k.xlsx"), "{}", refused.stderr);
    // A file that mends one row and spoils another says nothing of persons when it comes back.
    let edits = json!([{"sheet": "reg", "where": {"nr": "2"}, "set": {"time": "151285-12345"}}]);
    mend(&workbook, &project.path("in/reg/mended.xlsx"), &edits);
    let ran = project.run_on("2024-07-09").ends(0);
    let told = format!("{}{}{}", ran.stdout, ran.stderr, project.result("done", "mended.xlsx"));
    let listed = project.vienkop(&["quarantine", "list"]).ends(0).stdout;
    for text in [told, listed] {
        assert!(!text.contains("151285"), "{text}");
    }

    // When the evidence is gone, keys and columns without persons remain, and nothing of it comes back.
    for (path, _) in project.everything_below("var/landed") {
        fs::remove_file(path).unwrap();
    }
    let late = project.export("late.xlsx");
    let text = whole(&late);
    assert!(!text.contains("151285") && !text.lines().any(|line| line == "***"), "{text}");
    assert!(text.contains("no longer kept"), "{text}");
    let kept = rows(&late, "Without original file");
    assert!(kept.iter().any(|row| row["Key"] == "90000270634 / 2" && row["nr"] == "2"), "{kept:?}");
    assert!(kept.iter().all(|row| !row.contains_key("person") && row["vienkop: Nr."].is_empty()), "{kept:?}");
    fs::copy(&late, project.path("in/reg/late.xlsx")).unwrap();
    let outcome = project.run_on("2024-07-10").ends(1).json();
    let error = of_file(&outcome, "late.xlsx")["error"].as_str().unwrap().to_owned();
    assert!(error.starts_with("I002"), "{error}");
}

#[test]
fn all_findings_are_counted_and_listed() {
    let project = Project::new();
    let rows_of = |n: usize| format!("{n:05};Service {n};;9000;soon;\n");
    let csv = format!("{}\n{}", COLUMNS.join(";"), (0..3_000).map(rows_of).collect::<String>());
    project.file("reg.csv", csv);
    services(&project, "kind = \"file\"\npath = \"reg.csv\"", "kind = \"csv\"", "");
    project.run(&[]).ends(1);
    let workbook = project.export("k.xlsx");
    assert_eq!(rows(&workbook, "reg").len(), 3_000);
    let rules = rows(&workbook, "Mistakes by kind");
    let counted: BTreeMap<&str, &str> = rules.iter().map(|row| (row["Code"].as_str(), row["Count"].as_str())).collect();
    // S001 has no cell, and is counted as those that have.
    assert_eq!((counted["V007"], counted["V008"], counted["S001"]), ("3000", "3000", "1"), "{counted:?}");
    let total: usize = counted.values().map(|count| count.parse::<usize>().unwrap()).sum();
    assert_eq!(rows(&workbook, "All findings").len(), total);
}

/// A source that has nothing but an inbox.
fn inbox(project: &Project, delivers: &str) {
    project.source(
        "reg",
        &format!(
            "delivers = \"{delivers}\"\ninbox = \"in/reg\"\n[fetch]\nkind = \"inbox\"\n[format]\nkind = \"csv\"\n\
             [[table]]\nentity = \"service\"\n[table.fields]\ncode = \"code\"\nname = \"name\"\n\
             owner_reg_no = {{ value = \"90000270634\" }}\n[policy]\nmax_quarantined_share = 0.5\n"
        ),
    );
    project.pipeline(&["reg"]);
}

#[test]
fn every_file_of_an_inbox_is_a_delivery_of_its_own() {
    let project = Project::new();
    inbox(&project, "delta");
    let outcome = project.run(&[]).ends(0).json();
    assert_eq!(outcome["sources"][0]["status"], "ok");
    assert!(project.path("in/reg").is_dir(), "people find the folder");
    project.file("in/reg/1-bad.csv", "kods;nosaukums\n01;Alfa\n");
    project.file("in/reg/2-good.csv", "code;name\n01;Alfa\n02;Beta\n");
    project.file("in/reg/3-half.csv.part", "code;name\n03;Gam");
    project.file("in/reg/4-open.csv", "code;name\n04;Delta\n").file("in/reg/.~lock.4-open.csv#", "");
    let ran = project.vienkop(&["run", "--as-of", "2024-07-09"]).ends(1);
    for told in
        ["3-half.csv.part\" is still being copied", "4-open.csv\" is open", "reg (1-bad.csv)", "reg (2-good.csv)"]
    {
        assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
    }
    assert_eq!(project.put_away("failed"), ["1-bad.csv", "1-bad.csv.txt"]);
    assert_eq!(project.put_away("done"), ["2-good.csv", "2-good.csv.txt"]);
    let text = project.result("failed", "1-bad.csv");
    assert!(text.contains("Nothing of the file is loaded. F010") && text.contains("Remedy:"), "{text}");
    assert!(project.path("in/reg/3-half.csv.part").is_file() && project.path("in/reg/4-open.csv").is_file());
    let shown = project.vienkop(&["history", "service:90000270634/02"]).ends(0).stdout;
    assert!(shown.contains("2-good.csv"), "{shown}");
    // The same content again, under another name: nothing changes.
    project.file("in/reg/5-again.csv", "code;name\n01;Alfa\n02;Beta\n");
    let outcome = project.run_on("2024-07-10").ends(0).json();
    let counts = &of_file(&outcome, "5-again.csv")["records"]["service"];
    assert_eq!((&counts["unchanged"], &counts["inserted"]), (&json!(2), &json!(0)), "{outcome:#}");
}

#[test]
fn a_file_that_waits_for_approval_stays() {
    let project = Project::new();
    inbox(&project, "snapshot");
    project.file("in/reg/1.csv", "code;name\n01;Alfa\n02;Beta\n03;Gamma\n");
    project.run(&[]).ends(0);
    project.file("in/reg/2.csv", "code;name\n01;Alfa\n");
    let outcome = project.run_on("2024-07-09").ends(3).json();
    let waiting = of_file(&outcome, "2.csv");
    assert_eq!((&waiting["status"], &waiting["moved"]), (&json!("approval"), &Value::Null), "{outcome:#}");
    assert!(project.path("in/reg/2.csv").is_file());
    let outcome = project.vienkop(&["run", "--json", "--as-of", "2024-07-10", "--approve"]).ends(0).json();
    assert_eq!(of_file(&outcome, "2.csv")["records"]["service"]["retired"], 2, "{outcome:#}");
    assert_eq!(project.put_away("done"), ["1.csv", "1.csv.txt", "2.csv", "2.csv.txt"]);
}

#[test]
fn workbooks_that_are_not_what_they_say_load_nothing() {
    let project = Project::new();
    project.file("reg.csv", csv());
    services(&project, "kind = \"file\"\npath = \"reg.csv\"", "kind = \"csv\"", "");
    project.run(&[]).ends(0);
    let workbook = project.export("k.xlsx");
    // Of another source; without the sheet that says what it is, as CSV too; with numbers that are none of this source.
    let toml = fs::read_to_string(project.path("config/sources/reg.toml")).unwrap();
    let other = toml.replace("\"reg\"", "\"other\"").replace("in/reg", "in/other");
    project.file("config/sources/other.toml", other).pipeline(&["reg", "other"]);
    fs::create_dir_all(project.path("in/other")).unwrap();
    fs::copy(&workbook, project.path("in/other/k.xlsx")).unwrap();
    mend(&workbook, &project.path("in/reg/1-renamed.xlsx"), &json!([{"sheet": "vienkop", "rename": "Lapa"}]));
    let numbers = json!([
        {"sheet": "reg", "where": {"name": "Beta"}, "set": {"vienkop: Nr.": "999", "code": "02"}},
        {"sheet": "reg", "where": {"name": "Gamma"}, "set": {"vienkop: Nr.": "1; DROP TABLE quarantine", "owner": "90000270634"}},
    ]);
    mend(&workbook, &project.path("in/reg/2-doctored.xlsx"), &numbers);
    project.file("in/reg/3-table.csv", "vienkop: Nr.;code;name;owner\n1;02;Beta;90000270634\n");
    let before = project.quarantine().len();
    let outcome = project.run_on("2024-07-09").ends(1).json();
    let error = |file: &str| of_file(&outcome, file)["error"].as_str().unwrap_or_default().to_owned();
    assert!(error("k.xlsx").starts_with("I001"), "{}", error("k.xlsx"));
    assert!(error("1-renamed.xlsx").starts_with("I002"), "{}", error("1-renamed.xlsx"));
    assert!(error("3-table.csv").starts_with("I002"), "{}", error("3-table.csv"));
    let doctored = of_file(&outcome, "2-doctored.xlsx");
    assert_eq!((&doctored["findings"]["I004"], &doctored["rows"]["skipped"]), (&json!(2), &json!(2)), "{doctored:#}");
    assert_eq!(doctored["records"]["service"]["inserted"], 0, "{doctored:#}");
    let reg: Vec<Value> = project.quarantine().into_iter().filter(|one| one["source"] == "reg").collect();
    assert_eq!(reg.len(), before, "{reg:#?}");
}
