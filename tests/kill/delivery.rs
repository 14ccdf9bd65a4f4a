//! A delivery that is stopped before any of its writes: the next one brings the other register to the same, a record
//! once.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Output;

use crate::program::{copy_into, said};
use crate::register::{Register, target};
use crate::support::Project;

const ABORTED: i32 = 6;

fn deliver(project: &Project, more: (&str, &str)) -> Output {
    let words = ["publish", "--to", "registrs", "--as-of", "2024-07-08", "--approve", "--json"];
    let mut command = project.command(&words);
    command.env("REGISTRA_PARAUGA_ATSLEGA", "atslega").env(more.0, more.1).output().unwrap()
}

#[test]
fn a_stopped_delivery_is_made_up_for() {
    let project = Project::new();
    project.services("reg", "code;name;description\n1;Alfa;A\n2;Beta;B\n").pipeline(&["reg"]);
    let register = Register::start();
    project.file("config/targets/registrs.toml", target(&register.server.url()));
    project.run(&[]).ends(0);
    assert!(deliver(&project, ("NO", "")).status.success());
    // A record more, a record less, a record that is another: every kind of write.
    project.file("reg.csv", "code;name;description\n1;Alfa, labota;A\n3;Gamma;C\n");
    project.run(&["--approve"]).ends(0);
    let (work, saved) = (project.path("var"), project.path("saved"));
    copy_into(&work, &saved);
    let there = register.records();

    let list = project.path("writes");
    let whole = deliver(&project, ("VIENKOP_KILL_COUNT", list.to_str().unwrap()));
    assert!(whole.status.success(), "{}", said(&whole));
    let expected = register.records();
    assert!(expected.len() == 2 && expected != there);
    let names = |records: &std::collections::BTreeMap<String, serde_json::Value>| {
        let mut names: Vec<String> = records.values().map(|record| record["name"]["lv"].to_string()).collect();
        names.sort();
        names
    };
    let writes = fs::read_to_string(list).unwrap();
    let begin = writes.lines().position(|name| name.contains("INTO delivery ")).unwrap();
    let number = writes.lines().count();
    assert!(number - begin > 15, "{writes}");
    // The transaction that begins the delivery, and all after it.
    for at in begin..=number {
        fs::remove_dir_all(&work).unwrap();
        copy_into(&saved, &work);
        register.begin_with(there.clone());
        let killed = deliver(&project, ("VIENKOP_KILL_AT", &at.to_string()));
        assert_eq!(killed.status.signal(), Some(ABORTED), "{}", said(&killed));
        let next = deliver(&project, ("NO", ""));
        assert!(next.status.success(), "write {at}: {}", said(&next));
        assert_eq!(names(&register.records()), names(&expected), "write {at}");
        let asked = register.asked();
        assert!(deliver(&project, ("NO", "")).status.success());
        assert_eq!(register.asked(), asked, "write {at}: nothing is left to send");
    }
}
