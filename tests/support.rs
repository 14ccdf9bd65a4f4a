//! A throw-away installation: real texts, code lists and questionnaires, own sources and inputs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The checkout.
pub(crate) fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

pub(crate) struct Project {
    dir: TempDir,
}

pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// What came of the program.
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let ran = Self {
            code: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        };
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        assert_ne!(ran.code, 101, "{}", ran.stderr);
        ran
    }

    /// Standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.stdout, self.stderr))
    }

    /// Asserts the exit code; shows what was said otherwise.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }
}

impl Project {
    /// An installation without sources.
    pub(crate) fn new() -> Self {
        let project = Self { dir: tempfile::tempdir().unwrap() };
        for folder in ["codelists", "texts", "questionnaires"] {
            copy(&checkout().join("config").join(folder), &project.path("config").join(folder));
        }
        project.file(
            "config/vienkop.toml",
            "language = \"en\"\ntime_zone = \"Europe/Riga\"\nwork = \"var\"\ndefault_pipeline = \"all\"\n",
        );
        project
    }

    /// An installation like the checkout: its configuration and samples.
    pub(crate) fn samples() -> Self {
        let project = Self { dir: tempfile::tempdir().unwrap() };
        copy(&checkout().join("config"), &project.path("config"));
        copy(&checkout().join("data-samples"), &project.path("data-samples"));
        project
    }

    /// The same, whose reports are not typeset: that takes longer than the rest of a report.
    pub(crate) fn samples_without_pdf() -> Self {
        let project = Self::samples();
        let pipeline = project.path("config/pipelines/samples.toml");
        let text = fs::read_to_string(&pipeline).unwrap();
        let forms = "[assess]\nformats = [\"html\", \"json\", \"xlsx\", \"csv\"]\n";
        assert!(text.contains("[assess]\n"));
        fs::write(pipeline, text.replace("[assess]\n", forms)).unwrap();
        project
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// A source, whole but for its id and title.
    pub(crate) fn source(&self, id: &str, toml: &str) -> &Self {
        let top = if toml.trim_start().starts_with("delivers") { "" } else { "delivers = \"snapshot\"\n" };
        self.file(&format!("config/sources/{id}.toml"), format!("id = \"{id}\"\ntitle = \"{id}\"\n{top}{toml}\n"))
    }

    pub(crate) fn pipeline(&self, sources: &[&str]) -> &Self {
        let list: Vec<String> = sources.iter().map(|source| format!("\"{source}\"")).collect();
        self.file("config/pipelines/all.toml", format!("title = \"all\"\nsources = [{}]\n", list.join(", ")))
    }

    /// A source of services in one CSV file with these columns mapped by their own names.
    pub(crate) fn services(&self, id: &str, csv: &str) -> &Self {
        self.file(&format!("{id}.csv"), csv);
        self.source(
            id,
            &format!(
                r#"
[fetch]
kind = "file"
path = "{id}.csv"
[format]
kind = "csv"
[[table]]
entity = "service"
[table.fields]
code = "code"
name = "name"
description = "description"
owner_reg_no = {{ value = "90000270634" }}
[policy]
max_quarantined_share = 0.6
max_retired_share = 0.6
"#
            ),
        )
    }

    /// Runs the program in the installation.
    pub(crate) fn vienkop(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap())
    }

    /// The program in the installation, to be run by the test.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vienkop"));
        command.current_dir(self.dir.path()).args(arguments).env("NO_COLOR", "1");
        command.env("VIENKOP_PSEUDONYM_KEY", "a key that only tests know");
        command
    }

    /// `run --json` of the default pipeline at a fixed time.
    pub(crate) fn run(&self, more: &[&str]) -> Ran {
        self.vienkop(&[&["run", "--json", "--as-of", "2024-07-08"], more].concat())
    }

    /// Every file below a folder, with its content.
    pub(crate) fn everything_below(&self, folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![self.path(folder)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let content = fs::read(&path).unwrap();
                    found.push((path, content));
                }
            }
        }
        found
    }
}

/// The outcome of one source.
pub(crate) fn source<'a>(outcome: &'a serde_json::Value, id: &str) -> &'a serde_json::Value {
    let sources = outcome["sources"].as_array().unwrap();
    sources.iter().find(|source| source["id"] == id).unwrap_or_else(|| panic!("no {id} in {outcome:#}"))
}

/// A count of one entity of a source.
#[track_caller]
pub(crate) fn count(outcome: &serde_json::Value, id: &str, entity: &str, what: &str) -> u64 {
    source(outcome, id)["records"][entity][what].as_u64().unwrap_or_else(|| panic!("{id} {entity} {what}: {outcome:#}"))
}

/// Rows: read = mapped + skipped + rejected. Records: mapped = accepted + quarantined + duplicates;
/// accepted = inserted + changed + unchanged (unless nothing was loaded).
pub(crate) fn assert_conservation(outcome: &serde_json::Value) {
    let number = |value: &serde_json::Value| value.as_u64().unwrap();
    for source in outcome["sources"].as_array().unwrap() {
        let rows = &source["rows"];
        assert_eq!(
            number(&rows["read"]),
            number(&rows["mapped"]) + number(&rows["skipped"]) + number(&rows["rejected"]),
            "rows of {source:#}"
        );
        for (entity, records) in source["records"].as_object().unwrap() {
            let of = |what: &str| number(&records[what]);
            assert_eq!(of("mapped"), of("accepted") + of("quarantined") + of("duplicates"), "{entity} of {source:#}");
            if source["status"] == "ok" {
                assert_eq!(of("accepted"), of("inserted") + of("changed") + of("unchanged"), "{entity} of {source:#}");
            }
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
