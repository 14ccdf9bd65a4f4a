//! Runs one after another: what changes, what stays, what waits for approval.

use crate::support::{Project, assert_conservation, count, source};

const THREE: &str = "code;name;description\n01;Alfa;Pirmais\n02;Beta;Otrais\n03;Gamma;Trešais\n";

#[test]
fn the_same_again_changes_nothing_and_one_cell_exactly_that() {
    let project = Project::new();
    project.services("reg", THREE).pipeline(&["reg"]);
    let first = project.run(&[]).ends(0).json();
    assert_conservation(&first);
    assert_eq!(count(&first, "reg", "service", "inserted"), 3);
    let second = project.run(&[]).ends(0).json();
    assert_conservation(&second);
    assert_eq!(count(&second, "reg", "service", "inserted"), 0);
    assert_eq!(count(&second, "reg", "service", "changed"), 0);
    assert_eq!(count(&second, "reg", "service", "unchanged"), 3);
    project.services("reg", &THREE.replace("Beta", "Bēta"));
    let plan = project.vienkop(&["plan", "--json"]).ends(0).json();
    assert_eq!(count(&plan, "reg", "service", "changed"), 1);
    let change = &source(&plan, "reg")["samples"][0];
    assert_eq!(
        (change["field"].as_str(), change["old"].as_str(), change["new"].as_str()),
        (Some("name"), Some("Beta"), Some("Bēta"))
    );
    let third = project.run(&[]).ends(0).json();
    assert_eq!(count(&third, "reg", "service", "changed"), 1);
    assert_eq!(count(&third, "reg", "service", "unchanged"), 2);
    assert_eq!(third["run"], 3, "a plan is no run");
}

#[test]
fn absent_column_is_unchanged_and_empty_cell_is_cleared() {
    let project = Project::new();
    project.services("reg", THREE).pipeline(&["reg"]);
    project.run(&[]).ends(0);
    project.services("reg", "code;name\n01;Alfa\n02;Beta\n03;Gamma\n");
    let without = project.run(&[]).ends(0).json();
    assert_eq!(count(&without, "reg", "service", "unchanged"), 3);
    project.services("reg", &THREE.replace("Otrais", ""));
    let cleared = project.run(&[]).ends(0).json();
    assert_eq!(count(&cleared, "reg", "service", "changed"), 1);
}

#[test]
fn retiring_too_much_waits_for_approval() {
    let project = Project::new();
    project.services("reg", THREE).services("other", "code;name;description\n9;Cits;X\n").pipeline(&["reg", "other"]);
    project.run(&[]).ends(0);
    project.services("reg", "code;name;description\n01;Alfa;Pirmais\n");
    let waits = project.run(&[]).ends(3).json();
    assert_eq!(source(&waits, "reg")["status"], "approval");
    assert_eq!(source(&waits, "reg")["findings"]["S003"], 1);
    assert_eq!(source(&waits, "other")["status"], "ok");
    let error = source(&waits, "reg")["error"].as_str().unwrap();
    assert!(error.contains("vienkop run reg --approve --as-of 2024-07-08"), "{error}");
    // Another's approval does not count; a name that is none of the run's is a mistake.
    project.run(&["--approve=other"]).ends(3);
    let unknown = project.run(&["--approve=regg"]).ends(2);
    assert!(unknown.stderr.contains("regg") && unknown.stderr.contains("Similar: reg"), "{}", unknown.stderr);
    project.vienkop(&["plan", "--approve=other,reg"]).ends(0);
    let command: Vec<&str> = error.split("vienkop ").last().unwrap().split_whitespace().collect();
    let approved = project.vienkop(&[&command[..], &["--json"]].concat()).ends(0).json();
    assert_eq!(approved["sources"].as_array().unwrap().len(), 1, "the others do not run");
    assert_eq!(count(&approved, "reg", "service", "retired"), 2);
    project.services("reg", THREE);
    let back = project.run(&[]).ends(0).json();
    assert_eq!(count(&back, "reg", "service", "inserted"), 2);
}

#[test]
fn an_empty_snapshot_waits_and_an_empty_delta_does_not() {
    let project = Project::new();
    project.services("reg", THREE).pipeline(&["reg"]);
    project.run(&[]).ends(0);
    project.services("reg", "code;name;description\n");
    let waits = project.run(&[]).ends(3).json();
    assert_eq!(source(&waits, "reg")["findings"]["S002"], 1);
}

#[test]
fn quarantine_keeps_what_the_registry_holds_and_the_gate_stops_a_bad_delivery() {
    let project = Project::new();
    project.services("reg", THREE).pipeline(&["reg"]);
    project.run(&[]).ends(0);
    project.services("reg", &THREE.replace("Beta", ""));
    let one = project.run(&[]).ends(0).json();
    assert_conservation(&one);
    assert_eq!(count(&one, "reg", "service", "quarantined"), 1);
    assert_eq!(count(&one, "reg", "service", "retired"), 0);
    assert_eq!(one["status"], "attention");
    project.run(&["--strict"]).ends(1);
    let shown = project.vienkop(&["quarantine", "list"]).ends(0);
    assert!(shown.stdout.contains("reg.csv") && shown.stdout.contains("V001"), "{}", shown.stdout);
    let id = shown.stdout.split_whitespace().find(|word| word.starts_with("reg#")).unwrap().to_owned();
    let record = project.vienkop(&["quarantine", "show", &id]).ends(0);
    assert!(record.stdout.contains("Otrais"), "{}", record.stdout);
    project.services("reg", "code;name;description\n01;;x\n02;;y\n03;;z\n");
    let gate = project.run(&[]).ends(1).json();
    assert_eq!(source(&gate, "reg")["status"], "gate");
    project.services("reg", THREE);
    let healed = project.run(&[]).ends(0).json();
    assert_eq!(count(&healed, "reg", "service", "unchanged"), 3);
}

#[test]
fn what_a_delivery_of_changes_leaves_in_quarantine_stays_listed_until_mended_or_closed() {
    let project = Project::new();
    project.services("reg", "code;name;description\n01;Alfa;x\n02;;y\n;Gamma;z\n").pipeline(&["reg"]);
    let toml = project.path("config/sources/reg.toml");
    let text = std::fs::read_to_string(&toml).unwrap();
    let text = text.replace("delivers = \"snapshot\"", "delivers = \"delta\"");
    assert!(text.contains("delta"));
    std::fs::write(&toml, text.replace("max_quarantined_share = 0.6", "max_quarantined_share = 1.0")).unwrap();
    let listed = || -> Vec<String> {
        let list = project.vienkop(&["quarantine", "list", "--json"]).ends(0).json();
        list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    let rules = || -> Vec<String> {
        let found = project.vienkop(&["findings", "reg", "--json"]).ends(0).json();
        let codes = found.as_array().unwrap().iter().filter(|one| one["severity"] == "error");
        codes.map(|one| one["code"].as_str().unwrap().to_owned()).collect()
    };
    project.run(&[]).ends(0);
    let [named, nameless] = &listed()[..] else { panic!("{:?}", listed()) };
    assert_eq!(rules(), ["V001", "V001"]);
    // A night on which something else changed.
    project.file("reg.csv", "code;name;description\n04;Delta;x\n");
    assert_eq!(count(&project.run(&[]).ends(0).json(), "reg", "service", "quarantined"), 0);
    assert_eq!(listed(), [named.clone(), nameless.clone()]);
    assert_eq!(rules(), ["V001", "V001"]);
    // The one is mended; the other names no record, so that nobody can know what would mend it.
    project.file("reg.csv", "code;name;description\n02;Beta;y\n");
    project.run(&[]).ends(0);
    assert_eq!(listed(), std::slice::from_ref(nameless));
    let shown = project.vienkop(&["quarantine", "show", named, "--lang", "en"]).ends(0).stdout;
    assert!(shown.contains("No longer in quarantine since run 3") && shown.contains("V001"), "{shown}");

    project.vienkop(&["quarantine", "close", nameless, "--because", " "]).ends(2);
    project.vienkop(&["quarantine", "close", "other#2", "--because", "x"]).ends(2);
    let because = "rinda dzēsta, zvanīja 120389-12345";
    let closed = project.vienkop(&["quarantine", "close", nameless, "--because", because, "--json"]).ends(0).json();
    assert_eq!(closed["run"], 4);
    assert!(listed().is_empty() && rules().is_empty());
    let shown = project.vienkop(&["quarantine", "show", nameless]).ends(0).stdout;
    assert!(shown.contains("rinda dzēsta") && shown.contains("Gamma") && !shown.contains("120389-12345"), "{shown}");
    project.vienkop(&["quarantine", "close", nameless, "--because", "x"]).ends(2);
    // Sent once more as it was, it is there once more.
    project.file("reg.csv", "code;name;description\n;Gamma;z\n");
    project.run(&[]).ends(0);
    assert_eq!(listed().len(), 1);
}

#[test]
fn duplicates_are_counted_and_the_later_content_counts() {
    let project = Project::new();
    project
        .services("reg", "code;name;description\n01;Alfa;x\n01;Alfa;x\n02;Beta;vecs\n02;Beta;jauns\n")
        .pipeline(&["reg"]);
    let run = project.run(&[]).ends(0).json();
    assert_conservation(&run);
    assert_eq!(count(&run, "reg", "service", "duplicates"), 2);
    assert_eq!(source(&run, "reg")["findings"]["K001"], 1);
    assert_eq!(source(&run, "reg")["findings"]["K002"], 1);
    project.services("reg", "code;name;description\n01;Alfa;x\n02;Beta;jauns\n");
    assert_eq!(count(&project.run(&[]).ends(0).json(), "reg", "service", "unchanged"), 2);
}

#[test]
fn a_plan_says_what_the_run_does_and_writes_nothing() {
    let project = Project::new();
    project
        .services("reg", THREE)
        .services("other", "code;name;description\n9;;X\n8;Y;Z\n")
        .pipeline(&["reg", "other"]);
    let plan = project.vienkop(&["plan", "--json", "--as-of", "2024-07-08"]).ends(0).json();
    assert!(!project.path("var").exists(), "a plan writes nothing");
    let again = project.vienkop(&["plan", "--json", "--as-of", "2024-07-08"]).ends(0).json();
    let run = project.run(&[]).ends(0).json();
    for id in ["reg", "other"] {
        assert_eq!(source(&plan, id)["records"], source(&run, id)["records"]);
        assert_eq!(source(&plan, id)["records"], source(&again, id)["records"]);
    }
    assert_eq!(run["run"], 1);
}

#[test]
fn nothing_is_retired_while_a_row_names_no_record() {
    let project = Project::new();
    project.services("reg", THREE).pipeline(&["reg"]);
    project.run(&[]).ends(0);
    for unreadable in ["02;Beta;Otrais;lieks\n", "02;\"Beta\" x;Otrais\n", ";Beta;Otrais\n"] {
        project.services("reg", &THREE.replace("02;Beta;Otrais\n", unreadable));
        let run = project.run(&[]).ends(0).json();
        assert_conservation(&run);
        assert_eq!(count(&run, "reg", "service", "retired"), 0, "{unreadable}");
        assert_eq!(source(&run, "reg")["findings"]["S005"], 1, "{unreadable}");
    }
    project.services("reg", &THREE.replace("02;Beta;Otrais\n", ""));
    let mended = project.run(&[]).ends(0).json();
    assert_eq!(count(&mended, "reg", "service", "retired"), 1);
}

#[test]
fn findings_are_told_and_a_report_needs_no_answers() {
    let project = Project::new();
    project.services("reg", &THREE.replace("Beta", "")).pipeline(&["reg"]);
    let pipeline = project.path("config/pipelines/all.toml");
    let text = std::fs::read_to_string(&pipeline).unwrap();
    std::fs::write(&pipeline, text + "[assess]\nquestionnaires = [\"2024\"]\n").unwrap();
    let nothing = project.vienkop(&["assess"]).ends(2).stderr;
    assert!(nothing.contains("2024"), "{nothing}");
    let summary = project.vienkop(&["run", "--as-of", "2024-07-08"]).ends(0).stdout;
    assert!(summary.contains("report.html"), "{summary}");
    let report = std::fs::read_to_string(project.path("var/reports/2024-07-08/report.html")).unwrap();
    assert!(report.contains("Completeness of descriptions") && report.contains("V001"), "{report}");
    let findings = project.vienkop(&["findings", "reg"]).ends(0).stdout;
    assert!(findings.contains("V001") && findings.contains("row 3, column \"name\""), "{findings}");
}

/// A renamed column leaves what the registry holds: no default is written over it, no list is emptied.
#[test]
fn a_renamed_column_changes_nothing() {
    let project = Project::new();
    let toml = "[fetch]\nkind = \"file\"\npath = \"reg.csv\"\n[format]\nkind = \"csv\"\n[[table]]\nentity = \"service\"\n\
                [table.fields]\ncode = \"code\"\nname = \"name\"\nlifecycle = { column = \"status\", default = \"sniegts\" }\n\
                owner_reg_no = { value = \"90000270634\" }\n[table.children.steps]\ncolumn = \"steps\"\nfield = \"name\"\n";
    project.source("reg", toml).pipeline(&["reg"]);
    let csv = "code;name;status;steps\n01;Alfa;apturēts;Pieņem\n02;Beta;;Izskata\n";
    project.file("reg.csv", csv);
    let first = project.run(&[]).ends(0).json();
    assert_eq!(count(&first, "reg", "service.steps", "inserted"), 2);
    project.file("reg.csv", csv.replace("status;steps", "stāvoklis;soļi"));
    let renamed = project.run(&[]).ends(0).json();
    assert_eq!(count(&renamed, "reg", "service", "unchanged"), 2);
    // Of one it can be guessed what it is called now; of the other only that it is gone, and that there is a new one.
    let findings = &source(&renamed, "reg")["findings"];
    assert_eq!(["D001", "D002", "D003"].map(|code| findings[code].as_u64()), [Some(1); 3], "{renamed:#}");
    project.file("reg.csv", csv);
    assert_eq!(count(&project.run(&[]).ends(0).json(), "reg", "service.steps", "unchanged"), 2);
}

/// A source of services in XML, one record an element.
fn in_xml(project: &Project, extra: &str) {
    project.source(
        "reg",
        &format!(
            "[fetch]\nkind = \"file\"\npath = \"x\"\n[format]\nkind = \"xml\"\n[[table]]\nentity = \"service\"\n[table.read]\n\
             record = \"/r/s\"\n[table.fields]\ncode = \"code\"\nname = \"name\"\ndescription = \"description\"\nlifecycle = \
             {{ column = \"status\", default = \"sniegts\" }}\nowner_reg_no = {{ value = \"90000270634\" }}\n{extra}"
        ),
    );
    project.pipeline(&["reg"]);
}

/// Without a header, a path that any record of the delivery has is delivered: empty where a record lacks it. One that
/// none has leaves what is held. Files are batches of their own, so the batches' bounds decide nothing.
#[test]
fn a_path_is_there_or_not_over_the_whole_delivery() {
    let project = Project::new();
    in_xml(&project, "");
    let record = |code: &str, more: &str| format!("<r><s><code>{code}</code><name>N{code}</name>{more}</s></r>");
    let full = "<description>D</description><status>apturēts</status>";
    project.file("x/1.xml", record("1", full)).file("x/2.xml", record("2", full));
    assert_eq!(count(&project.run(&[]).ends(0).json(), "reg", "service", "inserted"), 2);
    // Nobody has a description or a state: nothing is said of them, and that is told once a path.
    project.file("x/1.xml", record("1", "")).file("x/2.xml", record("2", ""));
    let absent = project.run(&[]).ends(0).json();
    assert_eq!(count(&absent, "reg", "service", "unchanged"), 2);
    assert_eq!(source(&absent, "reg")["findings"]["D002"], 2, "{absent:#}");
    // One record has them: the other's description is cleared, and its state is the default.
    for (first, second) in [("", full), (full, "")] {
        project.file("x/1.xml", record("1", full)).file("x/2.xml", record("2", full));
        project.run(&[]).ends(0);
        project.file("x/1.xml", record("1", first)).file("x/2.xml", record("2", second));
        let plan = project.vienkop(&["plan", "--json"]).ends(0).json();
        let fields: Vec<_> = source(&plan, "reg")["samples"].as_array().unwrap().iter().collect();
        let told: Vec<_> = fields.iter().map(|change| (change["field"].as_str(), change["new"].as_str())).collect();
        assert_eq!(told, [(Some("lifecycle"), Some("sniegts")), (Some("description"), None)], "{plan:#}");
        let cleared = project.run(&[]).ends(0).json();
        assert_eq!(count(&cleared, "reg", "service", "changed"), 1);
        assert!(source(&cleared, "reg")["findings"]["F014"].is_null(), "{cleared:#}");
    }
}

/// The same record twice is the same whichever file it stands in.
#[test]
fn duplicates_without_a_header_do_not_depend_on_the_batch() {
    let project = Project::new();
    in_xml(&project, "");
    let same = "<s><code>1</code><name>N</name></s>";
    let other = "<s><code>2</code><name>N</name><description>D</description></s>";
    project.file("x/1.xml", format!("<r>{same}{other}</r>")).file("x/2.xml", format!("<r>{same}</r>"));
    let run = project.run(&[]).ends(0).json();
    assert_eq!(source(&run, "reg")["findings"]["K001"], 1, "{run:#}");
    assert!(source(&run, "reg")["findings"]["K002"].is_null(), "{run:#}");
}

fn services_and_steps(steps: &[(&str, &str)]) -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let services = workbook.add_worksheet().set_name("Pakalpojumi").unwrap();
    for (row, cells) in [["code", "name"], ["1", "Alfa"], ["2", "Beta"]].iter().enumerate() {
        services.write_row(row as u32, 0, cells.iter().copied()).unwrap();
    }
    let sheet = workbook.add_worksheet().set_name("Soļi").unwrap();
    sheet.write_row(0, 0, ["service", "step"]).unwrap();
    for (row, (service, step)) in steps.iter().enumerate() {
        sheet.write_row(row as u32 + 1, 0, [*service, *step]).unwrap();
    }
    workbook.save_to_buffer().unwrap()
}

/// A sheet of steps with its header and no row: the services have no steps (a snapshot), or nothing is said (a delta).
#[test]
fn a_header_only_sheet_of_children_clears_them() {
    for (delivers, retired) in [("snapshot", 2), ("delta", 0)] {
        let project = Project::new();
        project.source(
            "reg",
            &format!(
                "delivers = \"{delivers}\"\n[fetch]\nkind = \"file\"\npath = \"x.xlsx\"\n[format]\nkind = \"excel\"\n[[table]]\n\
                 entity = \"service\"\nread = {{ sheet = \"Pakalpojumi\" }}\n[table.fields]\ncode = \"code\"\nname = \"name\"\n\
                 owner_reg_no = {{ value = \"90000270634\" }}\n[[table]]\nentity = \"service.steps\"\nread = {{ sheet = \"Soļi\" \
                 }}\n[table.fields]\n\"parent.code\" = \"service\"\n\"parent.owner_reg_no\" = {{ value = \"90000270634\" }}\n\
                 name = \"step\"\n"
            ),
        );
        project.pipeline(&["reg"]);
        project.file("x.xlsx", services_and_steps(&[("1", "Pieņem"), ("2", "Izskata")]));
        assert_eq!(count(&project.run(&[]).ends(0).json(), "reg", "service.steps", "inserted"), 2);
        project.file("x.xlsx", services_and_steps(&[]));
        if delivers == "snapshot" {
            // Emptying a list asks as retiring records does.
            assert_eq!(source(&project.run(&[]).ends(3).json(), "reg")["status"], "approval");
        }
        let run = project.run(&["--approve"]).ends(0).json();
        assert_conservation(&run);
        assert_eq!(source(&run, "reg")["findings"]["F003"], 1, "{run:#}");
        let steps = &source(&run, "reg")["records"]["service.steps"]["retired"];
        assert_eq!(steps.as_u64().unwrap_or_default(), retired, "{delivers}: {run:#}");
        assert_eq!(count(&run, "reg", "service", "changed"), retired);
        assert_eq!(count(&project.run(&[]).ends(0).json(), "reg", "service", "unchanged"), 2);
    }
}

/// A row of a survey without any answer may be any answer of its respondent, but of no other.
#[test]
fn a_test_row_of_a_survey_holds_back_its_respondent_alone() {
    let project = Project::new();
    project.source(
        "survey",
        "[fetch]\nkind = \"file\"\npath = \"a.csv\"\n[format]\nkind = \"csv\"\n[[table]]\nentity = \"survey_response\"\n\
         [table.fields]\nwave = { value = \"2024\" }\nrespondent_reg_no = \"reg\"\nsubmitted_at = \"at\"\n[table.unpivot]\n\
         columns = { a = \"q1\", b = \"q2\" }\n[policy]\nmax_quarantined_share = 0.6\nmax_retired_share = 0.6\n",
    );
    project.pipeline(&["survey"]);
    let (first, second) = ("90000270634;2024-06-04 10:00", "90000038578;2024-06-04 11:00");
    let third = "40003032949;2024-06-04 12:00";
    let deliver = |rows: &[String]| {
        project.file("a.csv", format!("reg;at;a;b\n{}\n", rows.join("\n")));
        let run = project.run(&[]).ends(0).json();
        assert_conservation(&run);
        run
    };
    let all = [format!("{first};x;y"), format!("{second};x;y"), format!("{third};x;y")];
    assert_eq!(count(&deliver(&all), "survey", "survey_response", "inserted"), 6);
    // The first answers nothing any more, the second is gone: only the second is retired.
    let run = deliver(&[format!("{first};;"), format!("{third};x;y")]);
    assert_eq!(count(&run, "survey", "survey_response", "retired"), 2, "{run:#}");
    assert!(source(&run, "survey")["findings"]["S005"].is_null(), "{run:#}");
    // A row whose respondent cannot be read may be anybody's.
    let run = deliver(&[";2024-06-04 10:00;x;y".to_owned(), format!("{third};x;y")]);
    assert_eq!(count(&run, "survey", "survey_response", "retired"), 0, "{run:#}");
    assert_eq!(source(&run, "survey")["findings"]["S005"], 1);
}

#[test]
fn a_time_of_another_age_is_a_slip_of_the_pen() {
    let project = Project::new();
    project.source(
        "csv",
        "[fetch]\nkind = \"file\"\npath = \"a.csv\"\n[format]\nkind = \"csv\"\n[[table]]\nentity = \"service_request\"\n\
         [table.fields]\nrequest_no = \"nr\"\nkind = { value = \"pakalpojuma pieprasījums\" }\ninstitution_reg_no = { value = \
         \"90000270634\" }\nsubmitted_at = \"laiks\"\n[policy]\nmax_quarantined_share = 1.0\n",
    );
    project.pipeline(&["csv"]);
    project.file("a.csv", "nr;laiks\n1;04.06.2024 10:00\n2;04.06.0204 10:00\n3;2204-06-04T10:00:00Z\n");
    let run = project.run(&[]).ends(0).json();
    assert_eq!(source(&run, "csv")["findings"]["V013"], 2, "{run:#}");
    assert_eq!(count(&run, "csv", "service_request", "inserted"), 1);
}

#[test]
fn check_looks_at_the_registry_and_writes_nothing() {
    let project = Project::new();
    project.services("reg", THREE).pipeline(&["reg"]);
    let before = project.vienkop(&["check", "--json"]).ends(0).json();
    assert_eq!((&before["registry"]["missing"], &before["registry"]["errors"]), (&true.into(), &serde_json::json!([])));
    assert!(!project.path("var").exists(), "a check makes no registry");
    project.run(&[]).ends(0);
    let after = project.vienkop(&["check", "--json"]).ends(0).json();
    assert_eq!(after["registry"]["missing"], false);
    project.file("var/registry.db", "Tas nav reģistrs. ".repeat(100));
    let damaged = project.vienkop(&["check", "--lang", "lv"]).ends(2).stdout;
    assert!(damaged.contains("registry.db ir bojāts vai nav reģistrs"), "{damaged}");
    assert!(damaged.contains("reg: kārtībā"), "the sources are looked at all the same: {damaged}");
    let run = project.vienkop(&["run", "--lang", "lv"]).ends(2).stderr;
    assert!(run.contains("atjaunojiet pēdējo rezerves kopiju"), "{run}");
}
