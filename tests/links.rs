//! What the registry as a whole lacks: counted after every run and in every plan, listed on demand.

use crate::support::{Project, source};

const OWNER: &str = "90000270634";

/// A source of one entity in one CSV file whose columns are named as the fields.
fn table(project: &Project, id: &str, entity: &str, csv: &str) {
    project.file(&format!("{id}.csv"), csv);
    let columns = csv.lines().next().unwrap().split(';');
    let fields = columns.fold(String::new(), |all, column| all + column + " = \"" + column + "\"\n");
    let toml = format!(
        "[fetch]\nkind = \"file\"\npath = \"{id}.csv\"\n[format]\nkind = \"csv\"\n[[table]]\nentity = \"{entity}\"\n\
         [table.fields]\n{fields}[policy]\nmax_retired_share = 1.0\n"
    );
    project.source(id, &toml);
}

/// Service 01 meets need V1 and uses R1; 02 and need V2 have nothing; an application names a service nobody has.
fn project() -> Project {
    let project = Project::new();
    table(&project, "iestades", "institution", &format!("reg_no;name;kind\n{OWNER};Alfas dome;pašvaldība\n"));
    table(&project, "situacijas", "life_event", "code;name\nDS1;Dzimšana\n");
    table(&project, "vajadzibas", "need", "code;name;life_event_code\nV1;Pirmā;DS1\nV2;Otrā;DS1\n");
    services(&project, "01;Alfa;sniegts", "02;Beta;");
    let resource = format!("code;name;kind;owner_reg_no\nR1;Dati;informācijas resurss;{OWNER}\n");
    table(&project, "resursi", "resource", &resource);
    let meets = format!("need_code;owner_reg_no;service_code\nV1;{OWNER};01\n");
    table(&project, "apmierina", "need_service", &meets);
    let uses = format!("owner_reg_no;service_code;resource_code;critical\n{OWNER};01;R1;jā\n");
    table(&project, "izmanto", "service_resource", &uses);
    let applications = format!("code;service_code;owner_reg_no;kind\nL1;99;{OWNER};e-forma\n");
    table(&project, "lietotnes", "application", &applications);
    project.pipeline(&[
        "iestades",
        "situacijas",
        "vajadzibas",
        "pakalpojumi",
        "resursi",
        "apmierina",
        "izmanto",
        "lietotnes",
    ]);
    project
}

fn services(project: &Project, first: &str, second: &str) {
    let csv = format!("code;name;lifecycle;owner_reg_no\n{first};{OWNER}\n{second};{OWNER}\n");
    table(project, "pakalpojumi", "service", &csv);
}

fn links(outcome: &serde_json::Value) -> [u64; 4] {
    ["L001", "L002", "L003", "L004"].map(|code| outcome["links"][code].as_u64().unwrap())
}

#[test]
fn a_run_counts_what_the_whole_registry_lacks_and_stays_clean() {
    let project = project();
    let plan = project.vienkop(&["plan", "--json", "--as-of", "2024-07-08"]).ends(0).json();
    let run = project.run(&[]).ends(0).json();
    assert_eq!(links(&run), [1, 1, 1, 1]);
    assert_eq!(plan["links"], run["links"], "counted within the plan's transaction");
    assert_eq!(run["status"], "clean", "information, not an alarm");
    assert_eq!(source(&run, "lietotnes")["findings"]["K003"], 1);
    let strict = project.vienkop(&["run", "--strict", "--as-of", "2024-07-08"]).ends(0).stdout;
    assert!(strict.contains("L001 × 1  Unmet need\n"), "{strict}");
    // Service 01 ends: what it met is unmet again; it needs no resource any more. A plan says so beforehand.
    services(&project, "01;Alfa;likvidēts", "02;Beta;");
    let plan = project.vienkop(&["plan", "--json", "--as-of", "2024-07-09"]).ends(0).json();
    assert_eq!(links(&plan), [2, 1, 1, 1]);
    assert_eq!(project.vienkop(&["findings", "--links", "--json"]).ends(0).json().as_array().unwrap().len(), 4);
    assert_eq!(links(&project.run(&[]).ends(0).json()), [2, 1, 1, 1]);
}

#[test]
fn they_are_listed_with_owner_source_and_file() {
    let project = project();
    project.run(&[]).ends(0);
    let listed = project.vienkop(&["findings", "--links", "--lang", "en"]).ends(0).stdout;
    let expected = format!(
        "vajadzibas  L001  vajadzibas.csv: The need \"Otrā\" (V2; life event: Dzimšana) is linked to no service.\n\
         pakalpojumi  L002  pakalpojumi.csv: The service \"Beta\" ({OWNER} / 02; Alfas dome) is linked to no need.\n\
         pakalpojumi  L003  pakalpojumi.csv: The service \"Beta\" ({OWNER} / 02; Alfas dome) is linked to no resource.\n\
         lietotnes  L004  lietotnes.csv: The field \"service_code\" of the record \"L1\" (Alfas dome) refers to \"99\", \
         which the registry does not hold.\n"
    );
    assert_eq!(listed, expected);
    let own = project.vienkop(&["findings", "--links", "--institution", OWNER, "--json"]).ends(0).json();
    let own: Vec<_> = own.as_array().unwrap().iter().map(|found| (&found["code"], &found["owner"])).collect();
    assert_eq!(own.len(), 3, "{own:?}");
    assert!(own.iter().all(|(_, owner)| **owner == OWNER));
    let none = project.vienkop(&["findings", "--links", "--institution", "90000000000"]).ends(0).stdout;
    assert_eq!(none, "There are no findings.\n");
    let all = project.vienkop(&["findings"]).ends(0).stdout;
    assert!(all.contains("K003") && all.ends_with(&expected), "{all}");
    assert!(!project.vienkop(&["findings", "lietotnes"]).ends(0).stdout.contains("L004"));
    assert!(project.vienkop(&["explain", "l001"]).ends(0).stdout.starts_with("L001 (warning): Unmet need\n"));
}
