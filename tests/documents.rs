//! Public documents name only files that exist.

use std::fs;

use crate::support::{Project, checkout};

#[test]
fn documents_name_files_that_exist() {
    let mut missing = Vec::new();
    let documents = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "data-samples/README.md",
        "docs/schedule.md",
        "docs/postgresql.md",
        "docs/report.md",
        "docs/rest.md",
        "docs/presets.md",
        "docs/publish.md",
        "docs/cpsv-ap.md",
        "docs/sql.md",
        "docs/drift.md",
    ];
    for document in documents {
        let text = fs::read_to_string(checkout().join(document)).unwrap_or_else(|_| panic!("{document}"));
        for name in text.split(['`', '(', ')']).skip(1) {
            let looks_like_path = name.contains('/')
                && !name.contains(['<', ' ', '*', '…', ':', '{', '='])
                && name.split('/').next().is_some_and(|first| checkout().join(first).exists());
            if looks_like_path && !checkout().join(name).exists() {
                missing.push(format!("{document}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// README shows the first command that runs the main job and the second that passes the tests.
#[test]
fn readme_begins_with_the_two_commands() {
    let readme = fs::read_to_string(checkout().join("README.md")).unwrap();
    let commands: Vec<&str> =
        readme.split("```sh\n").skip(1).filter_map(|rest| rest.split("\n```").next()).take(2).collect();
    assert_eq!(commands, ["cargo run -- run", "bash tests/run"]);
}

/// The source file that README shows is one that `check` understands.
#[test]
fn the_example_of_a_source_is_right() {
    let readme = fs::read_to_string(checkout().join("README.md")).unwrap();
    let example = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let project = Project::new();
    project.file("config/sources/mana-iestade.toml", example).pipeline(&["mana-iestade"]);
    let checked = project.vienkop(&["check", "mana-iestade", "--json"]).ends(1).json();
    let errors = checked["sources"][0]["errors"].as_array().unwrap();
    assert!(errors.len() == 1 && errors[0].as_str().unwrap().starts_with("F001"), "{errors:?}");
}

/// The pipeline that the document shows is right, and the next times are those that it says.
#[test]
fn the_example_of_a_schedule_is_right() {
    let text = fs::read_to_string(checkout().join("docs/schedule.md")).unwrap();
    let example = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let project = Project::new();
    project.services("mana-iestade", "code;name;description\n1;A;B\n").pipeline(&["mana-iestade"]);
    project.file("config/pipelines/nakts.toml", example);
    let listed = project.vienkop(&["list", "pipelines", "--as-of", "2024-07-05"]).ends(0).stdout;
    assert!(listed.contains("2024-07-05 03:15") && listed.contains("2024-07-08 03:15"), "{listed}");
}

/// The commands of the deployment examples are ones that the program understands.
#[test]
fn deployment_examples_say_what_the_program_understands() {
    let read = |name: &str| fs::read_to_string(checkout().join("docs/deployment").join(name)).unwrap();
    let (unit, job, task) = (read("vienkop.service"), read("cronjob.yaml"), read("vienkop-task.xml"));
    let after = |text: &str, start: &str, end: &str| {
        let rest = text.split(start).nth(1).unwrap_or_else(|| panic!("no {start}"));
        rest.split(end).next().unwrap().replace([',', '"'], " ")
    };
    for (command, arguments) in [
        ("schedule", after(&unit, "ExecStart=/usr/local/bin/vienkop ", "\n")),
        ("run", after(&job, "args: [", "]")),
        ("schedule", after(&task, "vienkop.exe\" ", "&gt;")),
    ] {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        assert_eq!(arguments[0], command);
        Project::new().vienkop(&[&arguments[..], &["--help"]].concat()).ends(0);
    }
}

/// Every field that is published as linked data has its row, with its property, and no row is of another.
#[test]
fn the_table_of_terms_is_that_of_the_model() {
    let text = fs::read_to_string(checkout().join("docs/cpsv-ap.md")).unwrap();
    let (_, table) = text.split_once("| field | property | |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let mut told = Vec::new();
    let mut section = String::new();
    for row in table.lines().skip(2) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        match cells[1].strip_prefix("**") {
            Some(name) => name.trim_end_matches('*').clone_into(&mut section),
            None => told.push(format!("{section}.{} {}", cells[1].trim_matches('`'), cells[2].trim_matches('`'))),
        }
    }
    let mut wanted = Vec::new();
    for entity in vienkop_transforms::model::ENTITIES {
        let children = entity.children.iter().map(|child| (format!("{}.{}", entity.name, child.name), child.fields));
        for (name, fields) in std::iter::once((entity.name.to_owned(), entity.fields)).chain(children) {
            let terms = fields.iter().filter(|field| !field.term.is_empty());
            wanted.extend(terms.map(|field| format!("{name}.{} {}", field.name, field.term)));
        }
    }
    told.sort();
    wanted.sort();
    assert_eq!(told, wanted);
}
