//! Killed by SIGKILL at times spread over an undisturbed run: nobody chose these places.

use std::thread;
use std::time::Instant;

use vienkop_test_cluster::Cluster;

use crate::points::{Experiment, side_by_side};
use crate::program::Backend;

/// Parts of the time that an undisturbed run takes, in thousandths.
const WHEN: [u32; 30] = [
    41, 97, 152, 204, 250, 291, 334, 371, 402, 433, 467, 495, 523, 551, 577, 604, 629, 655, 681, 704, 729, 753, 778,
    802, 829, 853, 878, 907, 941, 983,
];

#[test]
fn killed_at_any_time_on_sqlite() {
    kill_at_any_time(Backend::Sqlite);
}

#[test]
fn killed_at_any_time_on_postgresql() {
    kill_at_any_time(Backend::Postgres(Cluster::shared()));
}

fn kill_at_any_time(backend: Backend) {
    let experiment = Experiment::second_delivery(backend);
    let undisturbed = experiment.prepared.copy();
    let begun = Instant::now();
    undisturbed.run(&experiment.project, "all", experiment.as_of);
    let whole = begun.elapsed();
    let stages = side_by_side(&WHEN, |thousandths| {
        let place = experiment.prepared.copy();
        let mut command = place.command(&experiment.project, "all", experiment.as_of);
        let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        thread::sleep(whole * *thousandths / 1000);
        // It may have come to its end already, which is as good.
        let _ = child.kill();
        child.wait().unwrap();
        experiment.assert_recovers(&place, &format!("SIGKILL after {thousandths}/1000 of {whole:?}"))
    });
    println!("sources in at SIGKILL: {stages:?}");
}
