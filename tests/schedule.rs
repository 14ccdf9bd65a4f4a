//! `vienkop schedule`, and sources that are late.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Project, count, source};

const TWO: &str = "code;name;description\n01;Alfa;Pirmais\n02;Beta;Otrais\n";

/// How long a test waits for what should come at once, on however slow a machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// `vienkop schedule` while it runs; ended with the test.
struct Running {
    child: Child,
    /// Lines of both outputs as they come. How the two interleave says nothing.
    lines: mpsc::Receiver<(Stream, String)>,
    seen: Vec<(Stream, String)>,
    /// How many of the lines seen have been passed over, by stream.
    passed: [usize; 2],
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stream {
    /// Standard output: what came of it.
    Results,
    /// Standard error: the log.
    Log,
}

impl Running {
    fn start(project: &Project, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_vienkop"))
            .current_dir(project.path(""))
            .args(["schedule", "--json", "--log-format", "json"])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        let outputs: [(Stream, Box<dyn Read + Send>); 2] = [
            (Stream::Results, Box::new(child.stdout.take().unwrap())),
            (Stream::Log, Box::new(child.stderr.take().unwrap())),
        ];
        for (stream, output) in outputs {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let _ = sender.send((stream, line));
                }
            });
        }
        Self { child, lines, seen: Vec::new(), passed: [0; 2] }
    }

    /// The next line of a stream that is such; those of the same stream before it are passed over.
    #[track_caller]
    fn next(&mut self, stream: Stream, what: &str, is_such: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            while let Some((of, line)) = self.seen.get(self.passed[stream as usize]) {
                self.passed[stream as usize] += 1;
                let json: Value = serde_json::from_str(line).unwrap_or_default();
                if *of == stream && is_such(&json) {
                    return json;
                }
            }
            let Ok(line) = self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) else {
                panic!("no {what} in\n{}", self.said());
            };
            self.seen.push(line);
        }
    }

    /// The next line of the log that is such.
    #[track_caller]
    fn until_logged(&mut self, message: &str, is_such: impl Fn(&Value) -> bool) -> Value {
        self.next(Stream::Log, message, |line| line["fields"]["message"] == message && is_such(&line["fields"]))
    }

    /// The next result that is such.
    #[track_caller]
    fn until(&mut self, what: &str, is_such: impl Fn(&Value) -> bool) -> Value {
        self.next(Stream::Results, what, is_such)
    }

    /// The next result.
    #[track_caller]
    fn until_told(&mut self) -> Value {
        self.until("result", |_| true)
    }

    fn said(&self) -> String {
        self.seen.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// Sends SIGTERM; gives the exit code and all that was said.
    #[cfg(unix)]
    fn terminate(mut self) -> (i32, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("sh").args(["-c", &format!("kill -TERM {pid}")]).status().unwrap().success());
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.seen.push(line);
        }
        (code, self.said())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A pipeline of all these sources with these further lines.
fn pipeline(project: &Project, name: &str, sources: &[&str], more: &str) {
    let list: Vec<String> = sources.iter().map(|source| format!("\"{source}\"")).collect();
    let text = format!("title = \"{name}\"\nsources = [{}]\n{more}\n", list.join(", "));
    project.file(&format!("config/pipelines/{name}.toml"), text);
}

fn runs(project: &Project) -> Vec<Value> {
    let listed = project.vienkop(&["runs", "100", "--json"]).ends(0).json();
    listed["runs"].as_array().unwrap().clone()
}

const YEARLY: &str = "schedule = \"0 0 1 1 *\"";
const EVERY_SECOND: &str = "schedule = \"* * * * * *\"";

#[cfg(unix)]
#[test]
fn it_runs_by_the_cron_line_until_it_is_stopped() {
    let project = Project::new();
    project.services("reg", TWO);
    pipeline(&project, "all", &["reg"], EVERY_SECOND);
    let mut running = Running::start(&project, &[]);
    let first = running.until_told();
    assert_eq!((first["run"].as_i64(), first["status"].as_str()), (Some(1), Some("clean")));
    assert_eq!(count(&first, "reg", "service", "inserted"), 2);
    // The configuration is read anew: what is wrong with it is told, and the schedule lives on.
    pipeline(&project, "all", &["regs"], EVERY_SECOND);
    let broken = running.until("mistake", |line| line["problems"][0]["file"] == "config/pipelines/all.toml");
    assert!(broken["error"].is_string() && broken.get("run").is_none(), "{broken:#}");
    pipeline(&project, "all", &["reg"], EVERY_SECOND);
    project.services("reg", &TWO.replace("Beta", "Bēta"));
    let changed = |line: &Value| line["sources"][0]["records"]["service"]["changed"] == 1;
    running.until("change", changed);
    // Now it waits for a year, and stops at once.
    pipeline(&project, "all", &["reg"], YEARLY);
    running.until_logged("next due", |line| line["at"].as_str().unwrap().ends_with("-01-01 00:00"));
    let (code, said) = running.terminate();
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("schedule stopped"), "{said}");
    // One after another: each run has ended before the next began.
    let runs = runs(&project);
    assert!(runs.len() >= 2 && runs.iter().all(|run| run["status"] != "running"), "{runs:#?}");
}

#[test]
fn only_the_failed_source_is_tried_again() {
    let project = Project::new();
    project.services("good", TWO).services("bad", TWO);
    std::fs::remove_file(project.path("bad.csv")).unwrap();
    pipeline(&project, "all", &["good", "bad"], &format!("{YEARLY}\n[retry]\nattempts = 100\nwait = \"1s\""));
    let mut running = Running::start(&project, &["--once"]);
    let first = running.until_told();
    assert_eq!(first["status"], "failed");
    assert!(first["retry_at"].is_string(), "{first:#}");
    let again = running.until_told();
    assert_eq!((again["attempt"].as_i64(), again["sources"].as_array().unwrap().len()), (Some(1), 1));
    project.services("bad", TWO);
    let mended = running.until("success", |line| line["status"] == "clean");
    assert_eq!(count(&mended, "bad", "service", "inserted"), 2);
    assert_eq!(mended["retry_at"], Value::Null);
    // What failed at first and was mended is no failure in the end.
    assert_eq!(running.child.wait().unwrap().code(), Some(0), "{:#?}", running.seen);
    let runs = runs(&project);
    assert_eq!(runs[0]["sources"].as_array().unwrap().len(), 1, "{runs:#?}");
    assert_eq!(runs.last().unwrap()["sources"].as_array().unwrap().len(), 2, "{runs:#?}");
}

#[test]
fn retries_end_and_what_waits_for_approval_is_not_tried_again() {
    let project = Project::new();
    project.services("reg", TWO).services("bad", TWO);
    pipeline(&project, "all", &["reg", "bad"], &format!("{YEARLY}\n[retry]\nattempts = 1\nwait = \"1s\""));
    project.run(&[]).ends(0);
    project.services("reg", "code;name;description\n");
    std::fs::remove_file(project.path("bad.csv")).unwrap();
    let ran = project.vienkop(&["schedule", "--once", "--lang", "en"]).ends(3);
    let summaries: Vec<&str> = ran.stdout.split("vienkop: all").skip(1).collect();
    assert_eq!(summaries.len(), 2, "{}", ran.stdout);
    assert!(summaries[0].contains("To be tried again") && summaries[0].contains("(1 of 1): bad"), "{}", ran.stdout);
    assert!(!summaries[1].contains("S002") && summaries[1].contains("Tried again in vain"), "{}", ran.stdout);
    let again = project.vienkop(&["schedule", "--once"]).ends(0);
    assert!(again.stdout.is_empty(), "nothing is due: {}", again.stdout);
}

#[cfg(unix)]
#[test]
fn a_missed_run_is_told_and_made_up_for_or_only_told() {
    for (option, runs_now) in [("", true), ("missed = \"tell\"", false)] {
        let project = Project::new();
        project.services("reg", TWO);
        pipeline(&project, "all", &["reg"], &format!("schedule = \"0 0 1 * *\"\n{option}"));
        // It last ran in 2024: every first of a month since then was missed.
        project.run(&[]).ends(0);
        let mut running = Running::start(&project, &[]);
        let logged = running.until_logged("missed", |_| true);
        assert!(logged["fields"]["first"] == "2024-08-01 00:00", "{logged:#}");
        let told = running.until_told();
        assert!(told["missed"].as_u64().unwrap() > 3, "{told:#}");
        assert_eq!(told.get("run").is_some(), runs_now, "{told:#}");
        running.until_logged("next due", |_| true);
        assert_eq!(running.terminate().0, 0);
        assert_eq!(runs(&project).len(), 1 + usize::from(runs_now));
    }
}

/// Stopped while a large file is read: within a batch, nothing of it loaded, and told by the exit code.
#[cfg(unix)]
#[test]
fn a_run_that_is_stopped_loads_nothing_by_halves() {
    let project = Project::new();
    let mut csv = String::from("code;name;description\n");
    for row in 0..400_000 {
        csv.push_str(&format!("{row:07};Pakalpojums {row};Apraksts, kas aizņem vietu, {row}\n"));
    }
    project.services("small", TWO).services("zlarge", &csv);
    pipeline(&project, "all", &["small", "zlarge"], EVERY_SECOND);
    let mut running = Running::start(&project, &["-vv"]);
    running.until_logged("landed", |line| line["file"] == "zlarge.csv");
    let (code, said) = running.terminate();
    assert_eq!(code, 2, "{said}");
    let told: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(told.iter().any(|line| line.get("due").is_some() && line["error"].is_string()), "{said}");
    assert!(told.iter().any(|line| line["fields"]["cut_off"] == true), "{said}");
    let runs = runs(&project);
    assert_eq!((runs.len(), runs[0]["status"].as_str()), (1, Some("broken")));
    let loaded: Vec<&str> = runs[0]["sources"].as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap()).collect();
    assert_eq!(loaded, ["small"]);
    // What was cut off is due again; the next start makes up for it.
    project.services("zlarge", TWO);
    let mut running = Running::start(&project, &[]);
    let again = running.until_told();
    assert_eq!(count(&again, "zlarge", "service", "inserted"), 2);
    assert_eq!(count(&again, "small", "service", "unchanged"), 2);
}

/// A run that takes longer than its interval: what was due meanwhile is told as missed, not queued.
#[test]
fn a_pipeline_due_again_while_it_runs_is_missed() {
    let project = Project::new();
    let mut csv = String::from("code;name;description\n");
    for row in 0..25_000 {
        csv.push_str(&format!("{row:07};Pakalpojums {row};Apraksts\n"));
    }
    project.services("reg", &csv);
    pipeline(&project, "all", &["reg"], EVERY_SECOND);
    pipeline(&project, "beside", &["reg"], EVERY_SECOND);
    let mut running = Running::start(&project, &[]);
    running.until("missed", |line| line.get("run").is_some() && line["missed"].as_u64() > Some(0));
    // Started and finished alternate, whatever the pipeline: never two at once.
    running.until("the other", |line| line["pipeline"] == "beside" && line.get("run").is_some());
    running.until("the one", |line| line["pipeline"] == "all" && line.get("run").is_some());
    let mut under_way = None;
    for line in running.seen.iter().filter_map(|(_, line)| serde_json::from_str::<Value>(line).ok()) {
        match line["fields"]["message"].as_str() {
            Some("started") => assert_eq!(under_way.replace(line["fields"]["pipeline"].clone()), None),
            Some("finished") => assert_eq!(under_way.take(), Some(line["fields"]["pipeline"].clone())),
            _ => {}
        }
    }
}

/// The registry is gone for a while: the run is told as failed and tried again as a whole, the schedule lives on.
#[test]
fn a_registry_that_is_away_is_waited_for() {
    let project = Project::new();
    project.services("reg", TWO);
    pipeline(&project, "all", &["reg"], EVERY_SECOND);
    let mut running = Running::start(&project, &["--registry", "sqlite://share/registry.db"]);
    running.until_told();
    std::fs::rename(project.path("share"), project.path("away")).unwrap();
    project.file("share", "not a folder");
    let lost = running.until("loss", |line| line["error"].is_string() && line["retry_at"].is_string());
    assert!(lost.get("run").is_none() && lost.get("problems").is_none(), "{lost:#}");
    running.until_logged("retry", |_| true);
    std::fs::remove_file(project.path("share")).unwrap();
    std::fs::rename(project.path("away"), project.path("share")).unwrap();
    let back = running.until("return", |line| line["status"] == "clean");
    assert_eq!(count(&back, "reg", "service", "unchanged"), 2);
}

#[test]
fn what_cannot_be_scheduled_is_refused() {
    let project = Project::new();
    project.services("reg", TWO).pipeline(&["reg"]);
    let none = project.vienkop(&["schedule", "--once"]).ends(2);
    assert!(none.stderr.contains("schedule ="), "{}", none.stderr);
    pipeline(&project, "all", &["reg"], YEARLY);
    let as_of = project.vienkop(&["schedule", "--as-of", "2024-07-08"]).ends(2);
    assert!(as_of.stderr.contains("vienkop run --as-of 2024-07-08"), "{}", as_of.stderr);
    assert!(!project.path("var").exists());
}

#[test]
fn coming_times_are_told() {
    let project = Project::new();
    project.services("reg", TWO);
    pipeline(&project, "all", &["reg"], "schedule = \"30 3 * * *\"");
    let as_of = ["--as-of", "2024-03-30"];
    let listed = project.vienkop(&[&["list", "pipelines"][..], &as_of].concat()).ends(0).stdout;
    for time in ["2024-03-30 03:30", "2024-03-31 04:00", "2024-04-01 03:30"] {
        assert!(listed.contains(time), "{listed}");
    }
    let checked = project.vienkop(&[&["check"][..], &as_of].concat()).ends(0).stdout;
    assert!(checked.contains("2024-03-30 03:30, 2024-03-31 04:00, 2024-04-01 03:30"), "{checked}");
}

#[test]
fn a_source_that_gives_nothing_new_is_late() {
    let project = Project::new();
    project.services("reg", TWO).services("never", TWO).services("free", TWO).pipeline(&["reg", "never", "free"]);
    for id in ["reg", "never"] {
        let file = project.path(&format!("config/sources/{id}.toml"));
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(file, text + "expected_every = \"7d\"\n").unwrap();
    }
    std::fs::remove_file(project.path("never.csv")).unwrap();
    let late = |outcome: &Value| -> Vec<String> {
        outcome["late"].as_array().unwrap().iter().map(|late| late["source"].as_str().unwrap().to_owned()).collect()
    };
    let on = |command: &str, day: &str| project.vienkop(&[command, "--json", "--as-of", day]).json();
    // A plan says what the run would say, and what came in it counts as delivered.
    assert_eq!(late(&on("plan", "2024-07-01")), ["never"]);
    assert_eq!(late(&on("run", "2024-07-01")), ["never"]);
    project.file("never.csv", TWO);
    let clean = on("run", "2024-07-08");
    assert_eq!((late(&clean), clean["status"].as_str()), (vec![], Some("clean")));
    // The same file again is no delivery.
    let attention = on("run", "2024-07-09");
    assert_eq!((late(&attention), attention["status"].as_str()), (vec!["reg".to_owned()], Some("attention")));
    assert_eq!(attention["late"][0]["expected_every"], "7d");
    assert_eq!(source(&attention, "reg")["status"], "ok");
    assert_eq!(late(&on("runs", "2024-07-09")), ["reg"]);
    assert_eq!(on("runs", "2024-07-09")["runs"][0]["status"], "attention");
    for command in ["run", "runs"] {
        let said = project.vienkop(&[command, "--lang", "en", "--as-of", "2024-07-09"]).ends(0).stdout;
        assert!(
            said.contains("reg: S006") && said.contains("2024-07-01") && !said.contains("quarantine list"),
            "{said}"
        );
    }
    project.services("reg", &TWO.replace("Beta", "Bēta"));
    let file = project.path("config/sources/reg.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, text + "expected_every = \"7d\"\n").unwrap();
    assert_eq!(late(&on("plan", "2024-07-10")), Vec::<String>::new());
    assert_eq!(late(&on("run", "2024-07-10")), Vec::<String>::new());
}
