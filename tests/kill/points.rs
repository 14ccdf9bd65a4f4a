//! Killed right before each write in turn.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use vienkop_test_cluster::Cluster;

use crate::program::{Backend, Place, files, said};
use crate::scenario::{self, EVENTS, FIRST, SECOND, SOURCES};
use crate::state::{State, assert_evidence_whole, lake_leftovers, outside, whole};
use crate::support::Project;

const ABORTED: i32 = 6;

/// From which state a run starts, and what it must come to.
pub(crate) struct Experiment {
    pub(crate) project: Project,
    pub(crate) as_of: &'static str,
    /// Before the run.
    pub(crate) prepared: Place,
    /// After the first sources, none to all of them: a killed run leaves one of these.
    stages: Vec<BTreeSet<String>>,
    /// After an undisturbed run.
    end: State,
    outside: (BTreeSet<PathBuf>, Vec<(PathBuf, Vec<u8>)>),
    /// Names of the writes of an undisturbed run.
    pub(crate) writes: Vec<String>,
}

impl Experiment {
    /// The first run of an installation; makes the registry's tables, too.
    pub(crate) fn from_nothing(backend: Backend) -> Self {
        let project = scenario::installation();
        scenario::deliver_first(&project);
        Self::new(project, FIRST, Place::new(backend))
    }

    /// The second delivery. Files of the lake that an earlier run replaced are removed in it.
    pub(crate) fn second_delivery(backend: Backend) -> Self {
        let project = scenario::installation();
        scenario::deliver_first(&project);
        let prepared = Place::new(backend);
        prepared.run(&project, "all", FIRST);
        scenario::deliver_between(&project);
        for _ in 0..2 {
            prepared.run(&project, EVENTS, FIRST);
        }
        scenario::deliver_second(&project);
        Self::new(project, SECOND, prepared)
    }

    fn new(project: Project, as_of: &'static str, prepared: Place) -> Self {
        let stages = (0..=SOURCES.len()).map(|sources| {
            let place = prepared.copy();
            if sources > 0 {
                place.run(&project, &format!("first-{sources}"), as_of);
            }
            State::of(&place).content
        });
        let stages = stages.collect();
        let undisturbed = prepared.copy();
        let list = undisturbed.beside("writes");
        let mut command = undisturbed.command(&project, "all", as_of);
        let output = command.env("VIENKOP_KILL_COUNT", &list).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let writes = fs::read_to_string(list).unwrap().lines().map(str::to_owned).collect();
        let end = State::of(&undisturbed);
        end.assert_sound("undisturbed");
        assert_eq!(lake_leftovers(&undisturbed, &end), Vec::<String>::new());
        let experiment = Self { project, as_of, prepared, stages, end, outside: outside(&undisturbed), writes };
        assert_eq!(experiment.stages.last(), Some(&experiment.end.content));
        experiment
    }

    /// What a run that ended somehow left is whole; the next run comes to the end. Gives how many sources had come in.
    #[track_caller]
    pub(crate) fn assert_recovers(&self, place: &Place, what: &str) -> usize {
        let stage = self.assert_whole(place, what);
        self.assert_next_run(place, what);
        stage
    }

    /// What a run left is whole; gives how many sources had come in.
    #[track_caller]
    fn assert_whole(&self, place: &Place, what: &str) -> usize {
        let left = State::of(place);
        left.assert_sound(what);
        assert_evidence_whole(place, &left, what);
        let Some(stage) = self.stages.iter().position(|stage| *stage == left.content) else {
            let near =
                self.stages.iter().min_by_key(|stage| stage.symmetric_difference(&left.content).count()).unwrap();
            let differs: Vec<&String> = near.symmetric_difference(&left.content).take(20).collect();
            panic!("{what}: a source came in by half; what differs from the nearest whole state: {differs:#?}");
        };
        stage
    }

    /// The next run comes to the end.
    #[track_caller]
    fn assert_next_run(&self, place: &Place, what: &str) {
        age_leftovers(place);
        place.run(&self.project, "all", self.as_of);
        let end = State::of(place);
        end.assert_sound(what);
        end.assert_is(&self.end, what);
        assert_evidence_whole(place, &end, what);
        let (landed, reports) = outside(place);
        assert_eq!(landed, self.outside.0, "{what}: landed files");
        assert!(reports == self.outside.1, "{what}: reports differ");
        assert_eq!(files(&place.work().join("landed/arriving")), Vec::<PathBuf>::new(), "{what}");
        assert_eq!(lake_leftovers(place, &end), Vec::<String>::new(), "{what}: files that nobody lists");
    }

    /// Within a transaction, one write after another leaves the same behind: `mended` holds from which states the next run
    /// has come to the end already.
    fn kill_at(&self, number: usize, mended: &Mutex<BTreeSet<BTreeSet<String>>>) -> usize {
        let what = format!("killed before write {number}, {}", self.writes[number - 1]);
        let place = self.prepared.copy();
        let mut command = place.command(&self.project, "all", self.as_of);
        let output = command.env("VIENKOP_KILL_AT", number.to_string()).output().unwrap();
        assert_eq!(output.status.signal(), Some(ABORTED), "{what}: {}", said(&output));
        let stage = self.assert_whole(&place, &what);
        let left = whole(&place);
        if !mended.lock().unwrap().contains(&left) {
            self.assert_next_run(&place, &what);
            mended.lock().unwrap().insert(left);
        }
        stage
    }

    /// Before every write, but for temporary tables, which end with their connection, and the lake's files before they
    /// get their names: of several such writes in a row, only the first, since none of the others finds anything else on
    /// the disk that anybody looks at.
    fn kill_points(&self) -> Vec<usize> {
        let temporary: BTreeSet<&str> = self
            .writes
            .iter()
            .filter(|write| write.starts_with("CREATE TEMP"))
            .filter_map(|write| target(write))
            .collect();
        let passing = |write: &String| {
            let batch = write == "SAVEPOINT batch" || write == "RELEASE batch";
            batch || UNNAMED.contains(&write.as_str()) || target(write).is_some_and(|table| temporary.contains(table))
        };
        let after = |number: usize| number > 1 && passing(&self.writes[number - 2]);
        (1..=self.writes.len()).filter(|number| !(passing(&self.writes[number - 1]) && after(*number))).collect()
    }

    fn kill_everywhere(&self, what: &str) {
        let numbers = self.kill_points();
        println!("{what}: {} kill points of {} writes", numbers.len(), self.writes.len());
        let mended = Mutex::default();
        let stages = side_by_side(&numbers, |number| self.kill_at(*number, &mended));
        println!("{what}: {} different states to go on from", mended.into_inner().unwrap().len());
        assert!(stages.is_sorted(), "the further a run came, the more sources it brought in: {stages:?}");
        let seen: BTreeSet<usize> = stages.into_iter().collect();
        assert_eq!(seen, (0..=SOURCES.len()).collect(), "every source came in at a write of its own");
    }
}

/// Writes of the lake to files that have no name in it yet, and waiting for the disk.
const UNNAMED: [&str; 5] = ["lake: create file", "lake: write", "lake: end file", "lake: sync", "lake: sync folder"];

/// The next run is that of another night: what was left half-way may be swept.
fn age_leftovers(place: &Place) {
    let old = SystemTime::now() - Duration::from_secs(3 * 24 * 60 * 60);
    for file in files(&place.work().join("landed/arriving")) {
        // Read-only since it was about to be renamed.
        fs::File::open(file).unwrap().set_modified(old).unwrap();
    }
}

/// The table that a statement is about.
fn target(statement: &str) -> Option<&str> {
    let skipped =
        ["CREATE", "TEMP", "TABLE", "INSERT", "INTO", "UPDATE", "DELETE", "FROM", "ALTER", "DROP", "COPY", "ANALYZE"];
    let named = match statement.split_once(" ON ") {
        Some((index, table)) if index.starts_with("CREATE INDEX") => table,
        _ => statement,
    };
    let word = named.split_whitespace().find(|word| !skipped.contains(word))?;
    let word = word.strip_prefix("temp.").or_else(|| word.strip_prefix("pg_temp.")).unwrap_or(word);
    match word.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => word.split('(').next(),
    }
}

/// Does the same with each item, on as many threads as there are processors; results in the items' order.
pub(crate) fn side_by_side<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(2, Into::into);
    let mut done: Vec<(usize, R)> = thread::scope(|scope| {
        let worker = || {
            let mut done = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(number) else { return done };
                done.push((number, work(item)));
            }
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

#[test]
fn killed_at_every_write_of_the_first_run_on_sqlite() {
    Experiment::from_nothing(Backend::Sqlite).kill_everywhere("first run, SQLite");
}

#[test]
fn killed_at_every_write_of_a_second_delivery_on_sqlite() {
    Experiment::second_delivery(Backend::Sqlite).kill_everywhere("second delivery, SQLite");
}

#[test]
fn killed_at_every_write_of_the_first_run_on_postgresql() {
    Experiment::from_nothing(Backend::Postgres(Cluster::shared())).kill_everywhere("first run, PostgreSQL");
}

#[test]
fn killed_at_every_write_of_a_second_delivery_on_postgresql() {
    Experiment::second_delivery(Backend::Postgres(Cluster::shared())).kill_everywhere("second delivery, PostgreSQL");
}
