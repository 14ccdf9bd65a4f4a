//! SQLite and PostgreSQL come to the same; a plan says what the run then does.

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use polars::prelude::{Column, ParquetReader, SerReader as _};
use regex::Regex;
use serde_json::Value;
use vienkop_test_cluster::Cluster;

use crate::support::{Project, assert_conservation};

/// The samples as a newcomer has them, and where their registry is.
struct Place {
    project: Project,
    registry: String,
}

impl Place {
    /// One with each backend.
    fn both() -> [Self; 2] {
        let sqlite = Self { project: Project::samples_without_pdf(), registry: "sqlite://var/registry.db".to_owned() };
        let postgres = Self { project: Project::samples_without_pdf(), registry: Cluster::shared().fresh_database() };
        [sqlite, postgres]
    }

    fn vienkop(&self, words: &[&str]) -> crate::support::Ran {
        self.project.vienkop(&[words, &["--registry", &self.registry, "--as-of", "2024-07-08"]].concat())
    }

    fn json(&self, words: &[&str]) -> Value {
        timeless(self.vienkop(&[words, &["--json"]].concat()).ends(0).json())
    }
}

/// Without what the clock measured.
fn timeless(mut value: Value) -> Value {
    match &mut value {
        Value::Object(object) => {
            object.remove("seconds");
            object.values_mut().for_each(|value| *value = timeless(value.take()));
        }
        Value::Array(array) => array.iter_mut().for_each(|value| *value = timeless(value.take())),
        _ => {}
    }
    value
}

/// Without seconds and the moments that files landed at; the rest goes by `--as-of`.
fn clockless(text: &str) -> String {
    let moment = Regex::new(r"20(2[5-9]|[3-9][0-9])-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}Z?)?").unwrap();
    let text = moment.replace_all(text, "MOMENT");
    let lines = text.lines().filter(|line| !line.contains("\"seconds\""));
    lines.collect::<Vec<_>>().join("\n")
}

/// What a plan and the run after it have in common: all but the number, the reports and the samples of changes.
fn planned(mut outcome: Value) -> Value {
    for name in ["run", "reports", "publication"] {
        outcome.as_object_mut().unwrap().remove(name);
    }
    for source in outcome["sources"].as_array_mut().unwrap() {
        source.as_object_mut().unwrap().remove("samples");
    }
    outcome
}

/// A second delivery: cells change, rows go, rows come.
fn deliver_again(project: &Project) {
    let edit = |name: &str, edit: &dyn Fn(&str) -> String| {
        let path = project.path(name);
        let text = fs::read_to_string(&path).unwrap();
        let edited = edit(&text);
        assert_ne!(edited, text, "{name}");
        fs::write(path, edited).unwrap();
    };
    edit("data-samples/portfeli/portfelis.csv", &|text| {
        let mut lines: Vec<&str> = text.lines().collect();
        // The last names nothing: while it is there, no absent record is retired.
        lines.pop();
        lines.remove(20);
        lines.join("\n").replacen("01.07.2021.", "02.07.2021.", 3)
    });
    edit("data-samples/publisko-personu-saraksts/iestades.csv", &|text| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.remove(5);
        let new = "90000000000;Jaunā pārvalde;JP;tiešās pārvaldes iestāde;;0001000;;pasts@jauna.example;;;aktīva";
        lines.push(new);
        lines.join("\n").replacen("Upju un ezeru ministrija", "Ūdeņu ministrija", 1)
    });
    edit("data-samples/dzives-situacijas/dzives-situacijas.xml", &|text| {
        text.replacen("Bērna piedzimšana", "Bērns piedzimst", 1)
    });
    edit("data-samples/valsts-registrs/registrs.xml", &|text| {
        text.replacen("Pabalsts, bērnam piedzimstot", "Bērna piedzimšanas pabalsts", 1)
    });
    // A request more happens to, another was written down wrongly and is gone.
    edit("data-samples/erglupes-novads-namejs/dokumenti.xml", &|text| {
        let (head, rest) = text.split_once("<dokuments ").unwrap();
        let (first, rest) = rest.split_once("<dokuments ").unwrap();
        let (_, rest) = rest.split_once("<dokuments ").unwrap();
        let first = first.replacen("Pozitīvs lēmums", "Atteikums", 1).replacen("T17:29:42", "T17:39:42", 1);
        let event = "<notikums id=\"10001-99\" nr=\"99\"><laiks>2024-07-01T09:00:00+03:00</laiks>\
                     <statuss>Atjaunots</statuss></notikums></vesture>";
        format!("{head}<dokuments {}<dokuments {rest}", first.replacen("</vesture>", event, 1))
    });
    edit("data-samples/lietotnes-katalogi/lietotnes.json", &|text| {
        text.replacen("\"nosaukums\": \"", "\"nosaukums\": \"Jauns: ", 2)
    });
}

/// Everything that people and machines can ask of the samples' registry.
const QUESTIONS: [&[&str]; 20] = [
    &["findings", "--json"],
    &["findings"],
    &["findings", "--links", "--json"],
    &["quarantine", "list", "--json"],
    &["quarantine", "list", "--lang", "en"],
    &["review", "list", "--json"],
    &["review", "list", "--all", "--json"],
    &["review", "list"],
    &["history", "service:90009173103/0001", "--json"],
    &["history", "service:90009173103/0001"],
    &["explain", "service:90009173103/0001", "--json"],
    &["explain", "service:90009173103/0001", "--lang", "en"],
    &["explain", "institution:90009173103"],
    &["history", "institution:90903566842", "--json"],
    &["explain", "institution:90903566842", "--json"],
    &["explain", "service_request:90009173103/5-3/2023/0001"],
    &["kpi", "--json"],
    &["kpi"],
    &["runs"],
    &["plan", "--json"],
];

/// Files of the lake with their content, by their path within it.
fn lake(place: &Place) -> Vec<(PathBuf, Vec<u8>)> {
    let files = place.project.everything_below("var").into_iter();
    let files = files.filter(|(path, _)| path.extension().is_some_and(|ending| ending == "parquet"));
    // Kind, source, month, name.
    let within = |path: PathBuf| path.iter().skip(path.iter().count() - 4).collect::<PathBuf>();
    let mut files: Vec<(PathBuf, Vec<u8>)> = files.map(|(path, content)| (within(path), content)).collect();
    files.sort();
    files
}

/// Its rows, without the number of the landed file.
fn lake_rows(place: &Place) -> BTreeSet<String> {
    let mut rows = BTreeSet::new();
    for (path, content) in lake(place) {
        let frame = ParquetReader::new(Cursor::new(content)).finish().unwrap();
        let columns: Vec<&Column> = frame.columns().iter().filter(|column| column.name() != "landed").collect();
        for row in 0..frame.height() {
            let cells: Vec<String> = columns.iter().map(|column| column.get(row).unwrap().to_string()).collect();
            rows.insert(format!("{} {}", path.parent().unwrap().display(), cells.join("|")));
        }
    }
    rows
}

#[test]
fn the_same_input_comes_to_the_same_bytes() {
    let [one, other] = [(); 2].map(|()| {
        let [place, _] = Place::both();
        place.json(&["run"]);
        deliver_again(&place.project);
        place.json(&["run"]);
        place
    });
    let (one, other) = (lake(&one), lake(&other));
    assert!(one.len() > 30, "{}", one.len());
    let paths = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    assert_eq!(paths(&one), paths(&other));
    assert!(one == other, "content of the lake's files");
}

#[test]
fn sqlite_and_postgresql_answer_alike_and_plans_come_true() {
    let [sqlite, postgres] = Place::both();
    let mut plans = Vec::new();
    for delivery in 1..=3 {
        for place in [&sqlite, &postgres] {
            if delivery == 2 {
                deliver_again(&place.project);
            }
            let plan = place.json(&["plan"]);
            let run = place.json(&["run"]);
            assert_conservation(&run);
            assert_same(&planned(plan.clone()), &planned(run.clone()), "plan and run", place, delivery);
            plans.push((plan, run));
        }
        let [(plan, run), (other_plan, other_run)] = [&plans[plans.len() - 2], &plans[plans.len() - 1]];
        assert_same(plan, other_plan, "plans", &postgres, delivery);
        assert_same(run, other_run, "runs", &postgres, delivery);
        for question in QUESTIONS.into_iter().filter(|_| delivery == 2) {
            let [one, other] = [&sqlite, &postgres].map(|place| place.vienkop(question).ends(0).stdout);
            assert_same_text(&clockless(&one), &clockless(&other), &format!("delivery {delivery}: {question:?}"));
        }
        let reports = |place: &Place| {
            let root = place.project.path("var");
            let mut files = place.project.everything_below("var/reports");
            files.extend(place.project.everything_below("var/publish"));
            files.sort();
            files
                .into_iter()
                .map(|(path, bytes)| (path.strip_prefix(&root).unwrap().to_owned(), bytes))
                .collect::<Vec<_>>()
        };
        let (one, other) = (lake_rows(&sqlite), lake_rows(&postgres));
        let differing: Vec<&String> = one.symmetric_difference(&other).take(10).collect();
        assert!(one.len() > 3_000 && differing.is_empty(), "lakes of delivery {delivery}: {differing:#?}");
        let (one, other) = (reports(&sqlite), reports(&postgres));
        assert!(one.len() > 5 && one == other, "reports of delivery {delivery}");
    }
    let sum = |delivery: usize, what: &str| -> u64 {
        let sources = plans[2 * delivery].1["sources"].as_array().unwrap();
        let counts = sources.iter().flat_map(|source| source["records"].as_object().unwrap().values());
        counts.map(|counts| counts[what].as_u64().unwrap()).sum()
    };
    for what in ["inserted", "changed", "retired"] {
        assert_ne!(sum(1, what), 0, "the second delivery has something {what}");
        assert_eq!(sum(2, what), 0, "the third is the second");
    }
}

#[track_caller]
fn assert_same(one: &Value, other: &Value, what: &str, place: &Place, delivery: usize) {
    assert_same_text(
        &format!("{one:#}"),
        &format!("{other:#}"),
        &format!("{what} of delivery {delivery}, {}", place.registry),
    );
}

/// The first line that differs says more than both whole.
#[track_caller]
fn assert_same_text(one: &str, other: &str, what: &str) {
    let differs = one.lines().zip(other.lines()).position(|(one, other)| one != other);
    if let Some(line) = differs {
        let around = |text: &str| text.lines().skip(line.saturating_sub(8)).take(12).collect::<Vec<_>>().join("\n");
        panic!("{what} differ in line {line}:\n{}\n---\n{}", around(one), around(other));
    }
    assert_eq!(one.lines().count(), other.lines().count(), "{what}");
}
