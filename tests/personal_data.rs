//! Personal codes planted everywhere appear nowhere but in the landing zone.

use std::collections::BTreeSet;
use std::io::{Read, Write};

use polars::prelude::{ParquetReader, SerReader};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use vienkop_test_cluster::Cluster;

use crate::support::Project;

const HYPHENATED: &str = "151285-12345";
const BARE: &str = "15128512345";
const NEW_FORM: &str = "327654-32198";

fn planted() -> String {
    format!("Zvanīt {HYPHENATED} vai {BARE}, arī {NEW_FORM}")
}

fn mapping(extra: &str) -> String {
    format!(
        "[[table]]\nentity = \"service_request\"\n{extra}\n[table.fields]\nrequest_no = \"nr\"\nkind = {{ value = \
         \"pakalpojuma pieprasījums\" }}\ninstitution_reg_no = {{ value = \"90000270634\" }}\napplicant_hash = {{ \
         column = \"pk\", pseudonymise = true }}\nsubmitted_at = \"laiks\"\nurl = \"piezime\"\n[policy]\n\
         max_quarantined_share = 1.0\n"
    )
}

#[test]
fn planted_codes_appear_nowhere() {
    let project = Project::new();
    let text = planted();
    // In every format: a good record, and one that is quarantined (its time cannot be read).
    let rows = [("1", "04.06.2024 10:00"), ("2", "31.02.2024")];
    let mut csv = "nr;pk;laiks;piezime;lieka\n".to_owned();
    let mut xml = "<r>".to_owned();
    let mut json = Vec::new();
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, name) in ["nr", "pk", "laiks", "piezime", "lieka"].iter().enumerate() {
        sheet.write_string(0, column as u16, *name).unwrap();
    }
    for (index, (number, time)) in rows.iter().enumerate() {
        csv += &format!("{number};{HYPHENATED};{time};{text};{text}\n");
        xml += &format!(
            "<s><nr>{number}</nr><pk>{BARE}</pk><laiks>{time}</laiks><piezime>{text}</piezime><lieka>{text}</lieka></s>"
        );
        json.push(serde_json::json!({"nr": number, "pk": NEW_FORM, "laiks": time, "piezime": text, "lieka": text}));
        for (column, cell) in [*number, HYPHENATED, *time, text.as_str(), text.as_str()].iter().enumerate() {
            sheet.write_string(index as u32 + 1, column as u16, *cell).unwrap();
        }
    }
    // A row that cannot be read as one goes to quarantine with its text.
    csv += &format!("3;{HYPHENATED};x;{text};y;{text};Vārds Uzvārdenis\n");
    xml += "</r>";
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("m.csv", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(csv.as_bytes()).unwrap();
    project.file("a.zip", zip.finish().unwrap().into_inner());
    project.file("a.csv", &csv).file("a.xml", &xml).file("a.json", serde_json::to_vec(&json).unwrap());
    project.file("a.xlsx", workbook.save_to_buffer().unwrap());
    for (id, path, kind, extra) in [
        ("csv", "a.csv", "csv", ""),
        ("zip", "a.zip!m.csv", "csv", ""),
        ("xml", "a.xml", "xml", "[table.read]\nrecord = \"/r/s\""),
        ("json", "a.json", "json", ""),
        ("xlsx", "a.xlsx", "excel", ""),
    ] {
        project.source(
            id,
            &format!("[fetch]\nkind = \"file\"\npath = \"{path}\"\n[format]\nkind = \"{kind}\"\n{}", mapping(extra)),
        );
    }
    // Free text of a service, its steps, and a survey answer.
    project.file("s.csv", format!("code;name;description;steps\n1;{text};{text};1. {text}\n2;;{text};{text}\n"));
    project.source(
        "services",
        "[fetch]\nkind = \"file\"\npath = \"s.csv\"\n[format]\nkind = \"csv\"\n[[table]]\nentity = \"service\"\n\
         [table.fields]\ncode = \"code\"\nname = \"name\"\ndescription = \"description\"\nowner_reg_no = { value = \
         \"90000270634\" }\n[table.children.steps]\ncolumn = \"steps\"\nfield = \"name\"\n[policy]\n\
         max_quarantined_share = 1.0\n",
    );
    project.pipeline(&["csv", "zip", "xml", "json", "xlsx", "services"]);
    let mut said = String::new();
    for arguments in [
        &["run", "-vv", "--as-of", "2024-07-08"][..],
        &["run", "--json", "-vv", "--log-format", "json"],
        &["plan"],
        &["plan", "--json"],
        &["quarantine", "list"],
        &["quarantine", "list", "--json"],
        &["runs", "--json"],
        &["check"],
    ] {
        let ran = project.vienkop(arguments);
        assert!(ran.code == 0 || ran.code == 1, "{arguments:?}: {}", ran.stderr);
        said += &ran.stdout;
        said += &ran.stderr;
    }
    let list = project.vienkop(&["quarantine", "list"]).stdout;
    let ids: Vec<&str> = list.split_whitespace().filter(|word| word.contains('#')).collect();
    assert!(ids.len() >= 7, "{list}");
    for id in ids.iter().filter(|id| !id.starts_with('#')) {
        said += &project.vienkop(&["quarantine", "show", id]).ends(0).stdout;
    }
    for code in [HYPHENATED, BARE, NEW_FORM, "32765432198"] {
        assert!(!said.contains(code), "{code} was said:\n{said}");
        for (path, content) in project.everything_below("var") {
            if path.components().any(|part| part.as_os_str() == "landed") {
                continue;
            }
            let found = content.windows(code.len()).any(|window| window == code.as_bytes());
            assert!(!found, "{code} in {}", path.display());
        }
    }
    assert!(!said.contains("Uzvārdenis"), "a row with personal columns was shown as it stands");
    assert!(said.contains("******-*****"), "nothing was masked: the test tests nothing");
}

#[test]
fn nobody_of_the_status_samples_is_named() {
    nobody_is_named("sqlite://var/registry.db");
}

#[test]
fn nobody_of_the_status_samples_is_named_on_postgresql() {
    nobody_is_named(&Cluster::shared().fresh_database());
}

/// Every row of a server's registry.
fn rows_on_server(registry: &str) -> String {
    let work = async {
        let mut connection = PgConnection::connect(registry).await.unwrap();
        let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema()";
        let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut connection).await.unwrap();
        let mut rows = Vec::new();
        for table in tables {
            let text = AssertSqlSafe(format!("SELECT row_to_json(t)::text FROM \"{table}\" t"));
            rows.extend(sqlx::query_scalar::<_, String>(text).fetch_all(&mut connection).await.unwrap());
        }
        rows.join("\n")
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Recorded answers of ticket systems, as they would be without anything taken out.
const CONVERSATIONS: [&str; 4] = [
    "meru-un-svaru-dienests-redmine",
    "viesturciems-jira",
    "mezmalas-aprupes-centrs-znuny",
    "zemes-udens-dienests-ivanti",
];

/// Applicants and clerks in them: in subjects, texts, fields of persons, and in what the logs say.
const PERSONS: [&str; 8] = [
    "Vilnis Tirgonis",
    "Andris Svarenieks",
    "Zane Paraudziņa",
    "Ieva Liepa",
    "Lidija Saulīte",
    "klients41@pasts.example",
    "dzintars.kalns",
    "Biruta Lauciniece",
];

fn nobody_is_named(registry: &str) {
    let project = Project::samples_without_pdf();
    let sample = |path: &str| std::fs::read(project.path("data-samples").join(path)).unwrap();
    let workbook = sample("nodarbinatibas-agentura-doclogix/notikumi.xlsx");
    let mut texts = Vec::new();
    let mut workbook = zip::ZipArchive::new(std::io::Cursor::new(workbook)).unwrap();
    for member in 0..workbook.len() {
        workbook.by_index(member).unwrap().read_to_end(&mut texts).unwrap();
    }
    texts.extend(sample("erglupes-novads-namejs/dokumenti.xml"));
    texts.extend(sample("zemes-udens-dienests-lietvaris/registrs.csv"));
    for conversation in CONVERSATIONS {
        for (path, content) in project.everything_below(&format!("data-samples/{conversation}")) {
            if path.extension().is_some_and(|ending| ending == "json") {
                texts.extend(content);
                texts.push(b'\n');
            }
        }
    }
    // Persons with and without hyphen, and the numbers of firms, in columns of applicants, notes, roles, states and times.
    let form = regex::bytes::Regex::new(r"(?-u:\b(\d{6})-?(\d{5})\b)").unwrap();
    let mut codes = BTreeSet::new();
    for found in form.captures_iter(&texts) {
        let [first, last] = [1, 2].map(|part| String::from_utf8_lossy(&found[part]).into_owned());
        codes.extend([format!("{first}-{last}"), format!("{first}{last}")]);
    }
    // Institutions are named.
    codes.retain(|code| !code.starts_with("9000"));
    assert!(codes.len() > 300, "{}", codes.len());
    for code in ["120374-10012", "140592-11013", "160540-12011"] {
        assert!(codes.contains(code), "{code}: the samples have changed");
    }
    let all = String::from_utf8_lossy(&texts).into_owned();
    for person in PERSONS {
        assert!(all.contains(person), "{person}: the samples have changed");
    }

    let mut said = String::new();
    for arguments in [
        &["run", "-vv", "--as-of", "2024-07-08"][..],
        &["plan", "--json", "--as-of", "2024-07-08"],
        &["quarantine", "list", "--json"],
        &["findings", "erglupes-novads-namejs", "--json"],
        &["findings", "zemes-udens-dienests-lietvaris"],
        &["findings", "nodarbinatibas-agentura-doclogix"],
        &["findings", "viesturciems-jira"],
        &["explain", "service_request:90009264205/KAC-814"],
        &["kpi", "--as-of", "2024-07-08"],
        &["kpi", "--json", "--as-of", "2024-07-08"],
        &["explain", "service_request:90009173103/5-3/2023/0001"],
        &["history", "service_request:90009173103/5-3/2023/0001", "--json"],
    ] {
        let ran = project.vienkop(&[arguments, &["--registry", registry]].concat()).ends(0);
        said += &ran.stdout;
        said += &ran.stderr;
    }
    let list = project.vienkop(&["quarantine", "list", "--registry", registry]).stdout;
    for id in list.split_whitespace().filter(|word| word.contains('#') && !word.starts_with('#')) {
        said += &project.vienkop(&["quarantine", "show", id, "--registry", registry]).ends(0).stdout;
    }
    assert!(said.contains("******-*****"), "nothing was masked: the test tests nothing");
    let mut written = vec![("what is said".to_owned(), said.into_bytes())];
    if !registry.starts_with("sqlite:") {
        written.push(("the registry".to_owned(), rows_on_server(registry).into_bytes()));
    }
    for (path, content) in project.everything_below("var") {
        let name = path.display().to_string();
        if path.components().any(|part| part.as_os_str() == "landed") {
            continue;
        }
        if path.extension().is_some_and(|ending| ending == "parquet") {
            // Compressed: what it says is in its cells.
            let frame = ParquetReader::new(std::io::Cursor::new(&content)).finish().unwrap();
            let cells = frame.columns().iter().filter_map(|column| column.str().ok());
            let cells: Vec<&str> = cells.flat_map(|column| column.iter().flatten()).collect();
            written.push((format!("cells of {name}"), cells.join("\n").into_bytes()));
        }
        written.push((name, content));
    }
    assert!(written.iter().any(|(name, _)| name.contains("status_event")), "no events in the lake");
    for (name, content) in &written {
        let numbers = content.split(|byte| !byte.is_ascii_digit() && *byte != b'-');
        let numbers = numbers.flat_map(|run| run.windows(11).chain(run.windows(12)));
        for number in numbers.map(String::from_utf8_lossy) {
            assert!(!codes.contains(&*number), "{number} in {name}");
        }
        let text = String::from_utf8_lossy(content);
        for person in PERSONS {
            assert!(!text.contains(person), "{person} in {name}");
        }
    }
}

#[test]
fn a_source_that_needs_the_key_does_not_run_without_it() {
    let project = Project::new();
    project.file("a.csv", "nr;pk;laiks;piezime\n1;151285-12345;04.06.2024;x\n");
    project.source(
        "csv",
        &format!("[fetch]\nkind = \"file\"\npath = \"a.csv\"\n[format]\nkind = \"csv\"\n{}", mapping("")),
    );
    project.pipeline(&["csv"]);
    let text = std::fs::read_to_string(project.path("config/vienkop.toml")).unwrap();
    project.file("config/vienkop.toml", format!("{text}[personal_data]\nkey_env = \"VIENKOP_TEST_KEY_NOT_SET\"\n"));
    let ran = project.run(&[]).ends(2);
    assert!(ran.stderr.contains("VIENKOP_TEST_KEY_NOT_SET"), "{}", ran.stderr);
}

#[test]
fn landed_files_with_personal_data_expire() {
    let project = Project::new();
    let source = format!("[fetch]\nkind = \"file\"\npath = \"a.csv\"\n[format]\nkind = \"csv\"\n{}", mapping(""));
    project.source("csv", &source).pipeline(&["csv"]);
    let landed = || project.everything_below("var/landed").len();
    let deliver = |what: &str| {
        project.file("a.csv", format!("nr;pk;laiks;piezime\n1;151285-12345;04.06.2024;{what}\n"));
    };
    // What a run is about says nothing of when its evidence came.
    for (what, as_of) in [("x", "2024-07-08"), ("y", "2034-08-08"), ("z", "2024-07-09")] {
        deliver(what);
        project.vienkop(&["run", "--as-of", as_of]).ends(0);
    }
    project.vienkop(&["run"]).ends(0);
    assert_eq!(landed(), 3, "all of them came within 90 days");
    let config = std::fs::read_to_string(project.path("config/vienkop.toml")).unwrap();
    project.file("config/vienkop.toml", format!("{config}[personal_data]\nlanded_days = 0\n"));
    // The registry counts in seconds.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    project.vienkop(&["run", "--as-of", "2024-07-08"]).ends(0);
    assert_eq!(landed(), 1, "the file that came again today stays, the old ones went");
}
