//! A publication that is stopped before any of its writes: the day's earlier one is there, or comes back.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;

use crate::program::said;
use crate::support::Project;

const ABORTED: i32 = 6;
const PUBLISH: [&str; 4] = ["publish", "--approve", "--as-of", "2024-07-08"];

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Files of a folder below `var/publish`, by their path in it.
fn below(project: &Project, folder: &str) -> Files {
    let folder = format!("var/publish/{folder}");
    let top = project.path(&folder);
    if !top.exists() {
        return Files::new();
    }
    let files = project.everything_below(&folder).into_iter();
    files.map(|(path, content)| (path.strip_prefix(&top).unwrap().to_owned(), content)).collect()
}

fn publish(project: &Project, name: &str, value: &str) -> std::process::Output {
    project.command(&PUBLISH).env(name, value).output().unwrap()
}

#[test]
fn a_stopped_publication_leaves_the_earlier_one() {
    let project = Project::new();
    project.services("reg", "code;name;description\n1;Alfa;A\n2;Beta;B\n").pipeline(&["reg"]);
    let catalogues = fs::read_to_string(crate::support::checkout().join("config/catalogues.toml")).unwrap();
    project.file("config/catalogues.toml", catalogues);
    let source = project.path("config/sources/reg.toml");
    let kind = "name = \"name\"\nkind = { value = \"publisks vispārēja labuma\" }\n";
    fs::write(&source, fs::read_to_string(&source).unwrap().replace("name = \"name\"\n", kind)).unwrap();
    project.run(&[]).ends(0);
    project.vienkop(&PUBLISH).ends(0);
    let earlier = below(&project, "2024-07-08");
    project.file("reg.csv", "code;name;description\n1;Alfa, labota;A\n3;Gamma;C\n");
    project.run(&["--approve"]).ends(0);

    // What an undisturbed one writes and comes to.
    let list = project.path("writes");
    assert!(publish(&project, "VIENKOP_KILL_COUNT", list.to_str().unwrap()).status.success());
    let later = below(&project, "2024-07-08");
    assert!(earlier != later && later.len() == earlier.len());
    let writes = fs::read_to_string(list).unwrap();
    let of_publishing: Vec<usize> =
        writes.lines().enumerate().filter(|(_, name)| name.starts_with("publish:")).map(|(at, _)| at + 1).collect();
    assert!(of_publishing.len() > 10, "{writes}");

    let mut put_aside = 0;
    for at in of_publishing {
        fs::remove_dir_all(project.path("var/publish")).unwrap();
        for (path, content) in &earlier {
            project.file(&format!("var/publish/2024-07-08/{}", path.display()), content);
        }
        let killed = publish(&project, "VIENKOP_KILL_AT", &at.to_string());
        assert_eq!(killed.status.signal(), Some(ABORTED), "{}", said(&killed));
        let there = below(&project, "2024-07-08");
        if there.is_empty() {
            assert!(below(&project, ".2024-07-08.old") == earlier, "write {at}");
            put_aside += 1;
        } else {
            assert!(there == earlier || there == later, "write {at}");
        }
        // The next day's begins with whatever is whole.
        project.vienkop(&PUBLISH).ends(0);
        assert!(below(&project, "2024-07-08") == later, "write {at}");
        let left: Vec<_> = fs::read_dir(project.path("var/publish")).unwrap().collect();
        assert_eq!(left.len(), 1, "write {at}: {left:?}");
    }
    assert_eq!(put_aside, 1);
}
