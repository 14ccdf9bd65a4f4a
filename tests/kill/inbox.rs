//! Killed while a file of an inbox is taken in or put away: it is loaded once, and put away in the end.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use crate::program::{Backend, Place, files, said};
use crate::support::Project;

/// Services in an inbox: two good rows and one to be mended.
fn project() -> Project {
    let project = Project::new();
    project.source(
        "reg",
        "delivers = \"delta\"\ninbox = \"in\"\n[fetch]\nkind = \"inbox\"\n[format]\nkind = \"csv\"\n[[table]]\nentity = \
         \"service\"\n[table.fields]\ncode = \"code\"\nname = \"name\"\nowner_reg_no = \"owner\"\n[policy]\n\
         max_quarantined_share = 0.9\n",
    );
    project.pipeline(&["reg"]);
    project.file("in/a.csv", "code;name;owner\n01;Alfa;90000270634\n02;Beta;9000\n03;Gamma;90000270634\n");
    project
}

/// What stands in the registry, as people read it, and where the file is.
fn end(project: &Project, place: &Place) -> (String, String, Vec<String>) {
    let ask = |words: &[&str]| {
        let mut command = project.command(words);
        command.arg("--work").arg(place.work()).args(["--registry", &place.registry()]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let quarantine: serde_json::Value = serde_json::from_str(&ask(&["quarantine", "list", "--json"])).unwrap();
    let quarantine = quarantine.as_array().unwrap().iter().map(|one| format!("{} {}", one["key"], one["codes"]));
    let history = ask(&["history", "service:90000270634/01", "--json"]);
    let history: serde_json::Value = serde_json::from_str(&history).unwrap();
    let versions = history["versions"].as_array().unwrap().len();
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().rsplit(' ').next().unwrap().to_owned();
    let mut put: Vec<String> = files(&project.path("in")).iter().map(|path| name(path)).collect();
    put.dedup();
    (quarantine.collect::<Vec<_>>().join("\n"), versions.to_string(), put)
}

#[test]
fn a_file_in_an_inbox_is_loaded_once_and_put_away() {
    let project = project();
    let place = Place::new(Backend::Sqlite);
    let list = place.beside("writes");
    let mut command = place.command(&project, "all", "2024-07-08");
    let output = command.env("VIENKOP_KILL_COUNT", &list).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let expected = end(&project, &place);
    assert_eq!(
        (expected.1.as_str(), expected.2.as_slice()),
        ("1", ["a.csv".to_owned(), "a.csv.txt".to_owned()].as_slice())
    );
    let writes: Vec<String> = fs::read_to_string(&list).unwrap().lines().map(str::to_owned).collect();
    let of_inbox = |write: &String| write.starts_with("inbox:") || write.starts_with("landing:") || write == "COMMIT";
    let points: Vec<usize> = (0..writes.len()).filter(|at| of_inbox(&writes[*at])).map(|at| at + 1).collect();
    for name in ["inbox: write what came of a file", "inbox: move", "inbox: sync folder"] {
        assert!(points.iter().any(|at| writes[at - 1] == name), "{name}: {writes:#?}");
    }
    for at in points {
        let project = self::project();
        let place = Place::new(Backend::Sqlite);
        let mut command = place.command(&project, "all", "2024-07-08");
        let killed = command.env("VIENKOP_KILL_AT", at.to_string()).output().unwrap();
        assert_eq!(killed.status.signal(), Some(6), "{at} {}: {}", writes[at - 1], said(&killed));
        place.run(&project, "all", "2024-07-08");
        assert_eq!(end(&project, &place), expected, "{at} {}", writes[at - 1]);
    }
}
