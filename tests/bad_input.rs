//! What a bad file does: a clear finding for its source, nothing of it loaded, the others go on, no panic.

use std::io::Write;

use crate::support::{Project, assert_conservation, count, source};

/// A source of services in one file of this kind.
fn bad(project: &Project, kind: &str, name: &str, content: &[u8], read: &str) {
    project.file(name, content);
    project.source(
        "bad",
        &format!(
            "[fetch]\nkind = \"file\"\npath = \"{name}\"\n[format]\nkind = \"{kind}\"\n[[table]]\nentity = \"service\"\n\
             {read}\n[table.fields]\ncode = \"code\"\nname = \"name\"\nowner_reg_no = {{ value = \"90000270634\" }}\n"
        ),
    );
    project.services("good", "code;name;description\n01;Alfa;x\n").pipeline(&["bad", "good"]);
}

fn workbook(build: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_string(0, 0, "code").unwrap();
    sheet.write_string(0, 1, "name").unwrap();
    for row in 1..200 {
        sheet.write_string(row, 0, format!("{row:03}")).unwrap();
        sheet.write_string(row, 1, format!("Pakalpojums {row}")).unwrap();
    }
    build(sheet);
    workbook.save_to_buffer().unwrap()
}

fn zip_bomb() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    zip.start_file("a.csv", options).unwrap();
    let block = vec![b'0'; 1 << 20];
    for _ in 0..64 {
        zip.write_all(&block).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_bad_file_fails_its_source_alone() {
    let truncated = {
        let whole = workbook(|_| {});
        whole[..whole.len() / 2].to_vec()
    };
    let deep_xml = format!("<r>{}{}</r>", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let deep_json = format!("[{}1{}]", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let wide = (0..100_000).map(|n| format!("k{n}")).collect::<Vec<_>>().join(";");
    let wide = format!("{wide}\n{}\n", "x;".repeat(99_999));
    let doctype = "<!DOCTYPE r [<!ENTITY a \"aaaa\">]><r><s><code>1</code><name>&a;</name></s></r>";
    let html = b"<html><body><table><tr><td>code</td></tr></table></body></html>";
    let record = "[table.read]\nrecord = \"/r/s\"";
    let cases: Vec<(&str, &str, &str, Vec<u8>, &str)> = vec![
        ("empty csv", "csv", "x.csv", Vec::new(), ""),
        ("empty xlsx", "excel", "x.xlsx", Vec::new(), ""),
        ("empty xml", "xml", "x.xml", Vec::new(), record),
        ("empty json", "json", "x.json", Vec::new(), ""),
        ("html named xlsx", "excel", "x.xlsx", html.to_vec(), ""),
        ("html named xml", "xml", "x.xml", html.to_vec(), record),
        ("truncated workbook", "excel", "x.xlsx", truncated, ""),
        ("xml with a doctype", "xml", "x.xml", doctype.into(), record),
        ("deep xml", "xml", "x.xml", deep_xml.into(), record),
        ("deep json", "json", "x.json", deep_json.into(), ""),
        ("truncated xml", "xml", "x.xml", b"<r><s><code>1</code>".to_vec(), record),
        ("truncated json", "json", "x.json", b"[{\"code\": \"1\"".to_vec(), ""),
        ("100,000 columns", "csv", "x.csv", wide.into(), ""),
        ("zip bomb", "csv", "x.zip!a.csv", zip_bomb(), ""),
        ("a required column is missing", "csv", "x.csv", b"code;nosaukums\n1;a\n".to_vec(), ""),
        (
            "a bad byte in UTF-8",
            "csv",
            "x.csv",
            "code;name\n1;ē\n2;š\n3;ū\n4;ž\n5;\u{0}"
                .replace('\u{0}', "@")
                .into_bytes()
                .iter()
                .map(|byte| if *byte == b'@' { 0xC5 } else { *byte })
                .collect(),
            "",
        ),
        ("wrong encoding", "csv", "x.csv", b"code;name\n1;p\xe2rb\xff\xfeaude\n".to_vec(), "ENCODING"),
    ];
    for (case, kind, name, content, read) in cases {
        let project = Project::new();
        let file = name.split('!').next().unwrap();
        bad(&project, kind, file, &content, if read == "ENCODING" { "" } else { read });
        let toml = project.path("config/sources/bad.toml");
        let mut text = std::fs::read_to_string(&toml).unwrap().replace(&format!("\"{file}\""), &format!("\"{name}\""));
        if read == "ENCODING" {
            text = text.replace("kind = \"csv\"", "kind = \"csv\"\nencoding = \"utf-8\"");
        }
        std::fs::write(toml, text).unwrap();
        let run = project.run(&[]).ends(1);
        let outcome = run.json();
        let bad = source(&outcome, "bad");
        // A record that is too deep is rejected alone, and the gate holds; every other fault is the file's.
        let status = if case == "deep json" { "gate" } else { "failed" };
        assert_eq!(bad["status"], status, "{case}: {outcome:#}");
        let error = bad["error"].as_str().unwrap_or_default();
        assert!(status == "gate" || error.contains(file), "{case}: the message does not name the file: {error}");
        assert!(bad["findings"].as_object().unwrap().keys().any(|code| code.starts_with('F')), "{case}: {outcome:#}");
        assert_eq!(count(&outcome, "good", "service", "inserted"), 1, "{case}");
    }
}

#[test]
fn a_missing_file_names_what_lies_near() {
    let project = Project::new();
    bad(&project, "csv", "registrs.csv", b"code;name\n1;a\n", "");
    let toml = project.path("config/sources/bad.toml");
    let text = std::fs::read_to_string(&toml).unwrap().replace("registrs.csv", "registri.csv");
    std::fs::write(toml, text).unwrap();
    let outcome = project.run(&[]).ends(1).json();
    let error = source(&outcome, "bad")["error"].as_str().unwrap();
    assert!(error.contains("registri.csv") && error.contains("registrs.csv"), "{error}");
}

#[test]
fn a_header_alone_is_told_and_reads_as_no_success() {
    let project = Project::new();
    bad(&project, "csv", "x.csv", b"code;name\n", "");
    let run = project.run(&[]).ends(0);
    assert_eq!(source(&run.json(), "bad")["findings"]["F003"], 1, "{}", run.stdout);
    let summary = project.vienkop(&["run", "--as-of", "2024-07-08"]).ends(0);
    assert!(summary.stdout.contains("delivered nothing"), "{}", summary.stdout);
}

#[test]
fn bad_rows_are_quarantined_alone() {
    let project = Project::new();
    bad(
        &project,
        "csv",
        "x.csv",
        b"code;name\n1;a\n2;b;surplus\n3;n\0ul\n4;\"open\n5;e\n6;f\n7;g\n8;h\n9;i\n10;j\n",
        "",
    );
    let toml = project.path("config/sources/bad.toml");
    let text = std::fs::read_to_string(&toml).unwrap() + "[policy]\nmax_quarantined_share = 0.5\n";
    std::fs::write(toml, text).unwrap();
    let outcome = project.run(&[]).ends(0).json();
    assert_conservation(&outcome);
    assert_eq!(source(&outcome, "bad")["rows"]["rejected"], 3, "{outcome:#}");
    assert_eq!(count(&outcome, "bad", "service", "inserted"), 7);
    let list = project.vienkop(&["quarantine", "list", "bad"]).ends(0);
    for place in ["x.csv 3", "x.csv 4", "x.csv 5"] {
        assert!(list.stdout.contains(place), "{place}: {}", list.stdout);
    }
}

#[test]
fn a_far_cell_costs_nothing() {
    let project = Project::new();
    let bytes = workbook(|sheet| {
        sheet.write_string(1_048_575, 16_383, " ").unwrap();
    });
    bad(&project, "excel", "x.xlsx", &bytes, "");
    let run = project.vienkop(&["run", "--json", "--as-of", "2024-07-08"]);
    let outcome = run.json();
    let bad = source(&outcome, "bad");
    let loaded = bad["records"]["service"]["inserted"].as_u64().unwrap_or(0);
    let told = bad["findings"].as_object().unwrap().keys().any(|code| code == "F007");
    assert!(loaded == 199 || told, "{outcome:#}");
}

#[test]
fn configuration_mistakes_are_told_all_at_once_before_data_move() {
    let project = Project::new();
    project.services("good", "code;name;description\n01;Alfa;x\n").pipeline(&["good", "goood"]);
    project.source(
        "one",
        "[fetch]\nkind = \"fiel\"\npath = \"x\"\n[format]\nkind = \"csv\"\n[[table]]\nentity = \"servce\"\n",
    );
    project.source(
        "two",
        "[fetch]\nkind = \"file\"\npath = \"x\"\n[format]\nkind = \"csv\"\nencodin = \"utf-8\"\n[[table]]\nentity = \
         \"service\"\n[table.fields]\ncode = \"a\"\nnmae = \"b\"\nowner_reg_no = \"c\"\n",
    );
    let run = project.run(&[]).ends(2);
    for (mistake, hint) in
        [("goood", "good"), ("fiel", "file"), ("servce", "service"), ("encodin", "encoding"), ("nmae", "name")]
    {
        assert!(run.stderr.contains(mistake) && run.stderr.contains(hint), "{mistake}: {}", run.stderr);
    }
    assert!(run.stderr.contains("two.toml:"), "{}", run.stderr);
    assert!(!project.path("var/registry.db").exists(), "data moved");
}

/// An Excel error is not an empty cell: what the registry holds stays.
#[test]
fn an_error_cell_does_not_clear_what_is_known() {
    let project = Project::new();
    bad(&project, "excel", "x.xlsx", &workbook(|_| {}), "");
    project.run(&[]).ends(0);
    let broken = workbook(|sheet| {
        sheet.write_formula(5, 1, rust_xlsxwriter::Formula::new("=NA()").set_result("#N/A")).unwrap();
    });
    project.file("x.xlsx", broken);
    let outcome = project.run(&[]).ends(0).json();
    assert_eq!(count(&outcome, "bad", "service", "quarantined"), 1, "{outcome:#}");
    assert_eq!(count(&outcome, "bad", "service", "changed"), 0);
    assert_eq!(source(&outcome, "bad")["findings"]["V023"], 1);
}

/// Evidence that cannot be read (here a folder stands in its place) fails its source alone, and the finding stays.
#[test]
fn a_landed_file_that_cannot_be_read_fails_its_source_alone() {
    let project = Project::new();
    // A folder of the length of the file counts as the file: landing does not write it again.
    let length = std::fs::metadata(project.path("config")).unwrap().len() as usize;
    let header = "code;name;description\n01;";
    project.services("one", &format!("{header}{}\n", "x".repeat(length.saturating_sub(header.len() + 1))));
    project.services("two", "code;name;description\n01;Alfa;x\n").pipeline(&["one", "two"]);
    project.run(&[]).ends(0);
    let landed = project.everything_below("var/landed");
    let (path, _) = landed.iter().find(|(_, content)| content.len() == length).unwrap();
    std::fs::remove_file(path).unwrap();
    std::fs::create_dir(path).unwrap();
    let outcome = project.run(&[]).ends(1).json();
    assert_eq!(source(&outcome, "one")["status"], "failed");
    assert_eq!(source(&outcome, "one")["findings"]["F015"], 1, "{outcome:#}");
    let error = source(&outcome, "one")["error"].as_str().unwrap();
    assert!(error.starts_with("F015 one.csv") && !error.contains("landed"), "{error}");
    assert_eq!(count(&outcome, "two", "service", "unchanged"), 1);
    let findings = project.vienkop(&["findings", "one"]).ends(0).stdout;
    assert!(findings.contains("F015"), "{findings}");
}

/// The registry takes no more in the middle of a run: what was done is told, and what was not.
#[cfg(unix)]
#[test]
fn a_registry_that_takes_no_more_leaves_the_summary() {
    let project = Project::new();
    project.services("one", "code;name;description\n01;Alfa;x\n").services("three", "code;name;description\n9;B;y\n");
    let rows: Vec<String> = (0..20_000).map(|n| format!("{n:05};Pakalpojums {n};Apraksts {n}\n")).collect();
    project.services("two", &format!("code;name;description\n{}", rows.concat())).pipeline(&["one", "two", "three"]);
    // No file may grow beyond 2 MB (blocks of 512 bytes).
    let limited = |arguments: &str| {
        let script = format!("trap '' XFSZ; ulimit -f 4096; exec {} {arguments}", env!("CARGO_BIN_EXE_vienkop"));
        let mut command = std::process::Command::new("sh");
        let output = command.arg("-c").arg(script).current_dir(project.path("")).env("NO_COLOR", "1").output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let (code, stdout, stderr) = limited("run --json --as-of 2024-07-08");
    assert_eq!(code, 2, "{stdout}\n{stderr}");
    let outcome: serde_json::Value = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}\n{stdout}"));
    assert_eq!(count(&outcome, "one", "service", "inserted"), 1);
    assert_eq!(source(&outcome, "two")["status"], "failed", "{outcome:#}");
    assert_eq!(source(&outcome, "three")["status"], "not_run", "{outcome:#}");
    assert!(outcome["error"].as_str().unwrap().contains("registry"), "{outcome:#}");
    assert!(stderr.contains("registry"), "{stderr}");
    let (code, stdout, stderr) = limited("run --as-of 2024-07-08");
    assert_eq!(code, 2, "{stdout}\n{stderr}");
    for part in ["one", "not run", "Stopped before the end"] {
        assert!(stdout.contains(part), "{part}: {stdout}");
    }
    // With room again everything is loaded, the source that broke from its beginning.
    let whole = project.run(&[]).ends(0).json();
    assert_eq!(count(&whole, "one", "service", "unchanged"), 1);
    assert_eq!(count(&whole, "two", "service", "inserted"), 20_000);
    assert_eq!(count(&whole, "three", "service", "inserted"), 1);
}

/// What cannot be landed is told under its own name, not under the pattern of the source.
#[test]
fn a_file_among_several_is_named() {
    let project = Project::new();
    bad(&project, "csv", "x/a.csv", b"code;name\n1;a\n", "");
    project.file("x/b.csv", format!("code;name\n2;{}\n", "b".repeat(5_000)));
    let toml = project.path("config/sources/bad.toml");
    let text = std::fs::read_to_string(&toml).unwrap().replace("\"x/a.csv\"", "\"x/*.csv\"");
    std::fs::write(toml, text).unwrap();
    let config = std::fs::read_to_string(project.path("config/vienkop.toml")).unwrap();
    project.file("config/vienkop.toml", format!("{config}[limits]\nfile_bytes = 4000\n"));
    let outcome = project.run(&[]).ends(1).json();
    let error = source(&outcome, "bad")["error"].as_str().unwrap();
    assert!(error.starts_with("F007 x/b.csv:") && !error.contains("*.csv"), "{error}");
}

/// What the lake lacks concerns the source whose events they are.
#[test]
fn a_missing_file_of_the_lake_fails_its_source_alone() {
    let project = Project::new();
    project.services("pakalpojumi", "code,name,description\n1,Viens,\n").pipeline(&["notikumi", "pakalpojumi"]);
    let deliver = |state: &str| {
        project.file("notikumi.csv", format!("nr;stāvoklis;laiks\nA1;iesniegts;02.04.2024 10:00\nA1;{state}\n"));
    };
    let request = "request_no = \"nr\"\ninstitution_reg_no = { value = \"90000270634\" }\n";
    project.source(
        "notikumi",
        &format!(
            "[fetch]\nkind = \"file\"\npath = \"notikumi.csv\"\n[format]\nkind = \"csv\"\n[[table]]\nentity = \
             \"service_request\"\nrepeats = true\n[table.fields]\n{request}kind = {{ value = \"sūdzība\" }}\n[[table]]\n\
             entity = \"status_event\"\n[table.fields]\n{request}state = \"stāvoklis\"\nat = \"laiks\"\nderivation = \
             {{ value = \"manual\" }}\n"
        ),
    );
    deliver("izpildē;03.04.2024 10:00");
    project.run(&[]).ends(0);
    let mut files = project.everything_below("var/registry.lake").into_iter();
    let (lost, content) = files.find(|(path, _)| path.to_string_lossy().contains("status_event")).unwrap();
    std::fs::remove_file(&lost).unwrap();
    deliver("pabeigts;04.04.2024 10:00");
    let ran = project.run(&[]).ends(1);
    let outcome = ran.json();
    assert_eq!(source(&outcome, "notikumi")["status"], "failed");
    let error = source(&outcome, "notikumi")["error"].as_str().unwrap().to_owned();
    assert!(error.contains(lost.file_name().unwrap().to_str().unwrap()), "{error}");
    assert_eq!(source(&outcome, "pakalpojumi")["status"], "ok");
    let plan = project.vienkop(&["plan", "--json", "--as-of", "2024-07-08"]).ends(1).json();
    assert_eq!(source(&plan, "notikumi")["status"], "failed");
    // Put back, everything comes in.
    std::fs::write(&lost, content).unwrap();
    let outcome = project.run(&[]).ends(0).json();
    assert_eq!(count(&outcome, "notikumi", "status_event", "inserted"), 1);
    assert_eq!(count(&outcome, "notikumi", "status_event", "unchanged"), 1);
}
