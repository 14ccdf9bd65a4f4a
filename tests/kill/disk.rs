//! A disk that is full: said clearly, nothing half-loaded, and all is well when there is space again.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::{Command, Output, Stdio};

use crate::points::{Experiment, side_by_side};
use crate::program::{Backend, Place, files, said};

const COULD_NOT_RUN: i32 = 2;

/// KiB that are left on the disk beyond what the installation has.
const LEFT: [u64; 12] = [0, 16, 48, 96, 160, 256, 384, 512, 768, 1024, 2048, 8192];

/// KiB that a file may have.
const LARGEST: [u64; 10] = [0, 4, 32, 64, 128, 256, 512, 768, 1024, 8192];

/// A small disk of its own for the work folder, whose content is kept before it goes.
const ON_SMALL_DISK: &str = r#"
work="$WORK"; kept="$KEPT"
mount -t tmpfs -o "size=${SIZE}k" none "$work" && cp -a "$kept/." "$work/" || exit 99
"$@"
code=$?
rm -rf "$kept" && mkdir "$kept" && cp -a "$work/." "$kept/" || exit 98
exit $code
"#;

/// How a process of ours may mount: as root, or as root of a user namespace.
fn unshare() -> Option<&'static [&'static str]> {
    let ways: [&[&str]; 2] = [&["-m"], &["-r", "-m"]];
    ways.into_iter().find(|way| {
        let mut test = Command::new("unshare");
        test.args(*way).args(["mount", "-t", "tmpfs", "-o", "size=64k", "none", "/mnt"]);
        test.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    })
}

/// Every run either failed, said so and is as if it had not been begun, or came to its end.
fn assert_all(experiment: &Experiment, runs: &[(Place, Output, String)], telling: &[&str]) {
    let failed = side_by_side(runs, |(place, output, what)| {
        let text = said(output);
        let failed = !output.status.success();
        if failed {
            assert_eq!(output.status.code(), Some(COULD_NOT_RUN), "{what}: {text}");
            let message = String::from_utf8_lossy(&output.stderr).to_lowercase();
            assert!(telling.iter().any(|words| message.contains(words)), "{what}: {text}");
            assert!(!message.contains("internal error"), "{what}: {text}");
        }
        experiment.assert_recovers(place, what);
        failed
    });
    assert!(failed[0], "with no space at all nothing can be written");
    assert!(!failed[failed.len() - 1], "with space enough all is well: {}", said(&runs[runs.len() - 1].1));
    println!("runs that a full disk stopped: {} of {}", failed.iter().filter(|failed| **failed).count(), failed.len());
}

#[test]
fn a_full_disk() {
    let way = unshare().expect("mounting a small disk needs root, or user namespaces that the system allows");
    let experiment = Experiment::second_delivery(Backend::Sqlite);
    let pages = |bytes: u64| bytes.div_ceil(4096) * 4;
    let used: u64 =
        files(&experiment.prepared.work()).iter().map(|file| pages(fs::metadata(file).unwrap().size())).sum();
    let runs = side_by_side(&LEFT, |left| {
        let place = experiment.prepared.copy();
        let kept = place.beside("kept");
        fs::rename(place.work(), &kept).unwrap();
        fs::create_dir(place.work()).unwrap();
        let script = "exec unshare ".to_owned() + &way.join(" ") + " /bin/sh -c \"$SCRIPT\" sh \"$@\"";
        let mut command = place.shell(&experiment.project, "all", experiment.as_of, &script);
        command.env("SCRIPT", ON_SMALL_DISK).env("WORK", place.work()).env("KEPT", &kept);
        let output = command.env("SIZE", (used + left).to_string()).output().unwrap();
        fs::remove_dir(place.work()).unwrap();
        fs::rename(kept, place.work()).unwrap();
        (place, output, format!("{left} KiB left on the disk"))
    });
    assert_all(&experiment, &runs, &["no space left"]);
}

#[test]
fn no_file_may_grow() {
    let experiment = Experiment::second_delivery(Backend::Sqlite);
    let runs = side_by_side(&LARGEST, |largest| {
        let place = experiment.prepared.copy();
        // Of 512 bytes each. Without the trap a signal would end the program before it could say anything.
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", largest * 2);
        let output = place.shell(&experiment.project, "all", experiment.as_of, &script).output().unwrap();
        (place, output, format!("no file above {largest} KiB"))
    });
    assert_all(&experiment, &runs, &["registry", "too large"]);
}
