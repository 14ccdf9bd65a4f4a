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

/// Ids that the register gives, and addresses that change with the record.
fn targets(url: &str) -> [String; 2] {
    let given = target(url);
    let (server, _) = given.split_once("# Iestādes").unwrap();
    let named = "[[record]]\nentity = \"service\"\nsend = { method = \"PUT\", path = \"named/{name}\" }\n\
        remove = { method = \"DELETE\", path = \"named/{name}\" }\n\
        body = { externalId = \"{uid}\", name = { lv = \"{name}\" } }\n";
    [given.clone(), format!("{server}{named}")]
}

#[test]
fn a_stopped_delivery_is_made_up_for() {
    for at in [0, 1] {
        stopped_everywhere(at);
    }
}

fn stopped_everywhere(which: usize) {
    let project = Project::new();
    project.services("reg", "code;name;description\n1;Alfa;A\n2;Beta;B\n").pipeline(&["reg"]);
    let register = Register::start();
    project.file("config/targets/registrs.toml", &targets(&register.server.url())[which]);
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
    let expected = contents(&register);
    assert!(expected.len() == 2 && register.records() != there);
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
        assert_eq!(contents(&register), expected, "write {at}");
        let asked = register.asked();
        assert!(deliver(&project, ("NO", "")).status.success());
        assert_eq!(register.asked(), asked, "write {at}: nothing is left to send");
    }
}

/// What the register holds, whatever ids it gave.
fn contents(register: &Register) -> Vec<String> {
    let records = register.records().into_iter();
    let mut all: Vec<String> = records
        .map(|(path, body)| if path.starts_with("services/") { body.to_string() } else { format!("{path} {body}") })
        .collect();
    all.sort();
    all
}
