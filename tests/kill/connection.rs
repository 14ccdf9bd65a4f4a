//! A server that goes away in the middle: said clearly, nothing half-loaded, and all is well when it is back.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use vienkop_test_cluster::Cluster;

use crate::points::Experiment;
use crate::program::{Backend, said};

const COULD_NOT_RUN: i32 = 2;

/// What the run is about to do when the server stops: the first write that begins so.
const MOMENTS: [&str; 7] = [
    "connect",
    "INSERT INTO run ",
    "landing: rename",
    "INSERT INTO landed_file",
    "COPY \"stage_service\"",
    "INSERT INTO \"service\"",
    "COMMIT",
];

#[test]
fn the_server_stops_in_the_middle() {
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::start()));
    let experiment = Experiment::second_delivery(Backend::Postgres(cluster));
    for moment in MOMENTS {
        let at = experiment.writes.iter().position(|write| write.starts_with(moment));
        let at = at.unwrap_or_else(|| panic!("no {moment:?} in {:#?}", experiment.writes)) + 1;
        let place = experiment.prepared.copy();
        let passed = place.beside("passed");
        let mut command = place.command(&experiment.project, "all", experiment.as_of);
        command.env("VIENKOP_WAIT_AT", at.to_string()).env("VIENKOP_KILL_COUNT", &passed);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while fs::read_to_string(&passed).unwrap_or_default().lines().count() < at {
            assert!(child.try_wait().unwrap().is_none(), "the run waits before write {at}");
            thread::sleep(Duration::from_millis(5));
        }
        cluster.stop();
        drop(child.stdin.take());
        let output = child.wait_with_output().unwrap();
        cluster.restart();
        let (what, text) = (format!("the server stops before {moment}"), said(&output));
        assert_eq!(output.status.code(), Some(COULD_NOT_RUN), "{what}: {text}");
        assert!(text.contains("run again when the server answers"), "{what}: {text}");
        experiment.assert_recovers(&place, &what);
    }
}
