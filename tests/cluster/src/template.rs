//! A data folder as `initdb` makes it, made once and copied for each server.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::ROLE;
use crate::programs::Programs;

/// Copies the template, which is made when there is none of this server's version.
pub(crate) fn copy(programs: &Programs, to: &Path) {
    let label = programs.label();
    let kept = folder().join(&label);
    if !kept.is_dir() {
        let lock = fs::File::create(folder().join(format!("{label}.lock"))).expect("a lock beside the template");
        lock.lock().expect("the template's lock");
        if !kept.is_dir() {
            make(programs, to, &kept, &label);
        }
        // The lock ends with its file.
    }
    copy_tree(&kept, to);
}

/// `initdb` runs where the server's user may write; what it made is then put beside the build's other results.
fn make(programs: &Programs, scratch: &Path, kept: &Path, label: &str) {
    let data = scratch.with_extension("new");
    let home = scratch.parent().unwrap_or(scratch);
    programs
        .command(programs.path("initdb"), home)
        .args(["--no-sync", "--encoding=UTF8", "--locale=C", "--wal-segsize=1"])
        .args(["--auth-local=trust", "--auth-host=scram-sha-256", "-U", ROLE, "-D"])
        .arg(&data)
        .said();
    let half = kept.with_file_name(format!("{label}.half"));
    let _ = fs::remove_dir_all(&half);
    copy_tree(&data, &half);
    fs::rename(&half, kept).expect("the template in its place");
    fs::remove_dir_all(&data).expect("the scratch folder removed");
}

/// With owners and modes, which the server checks.
fn copy_tree(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).output().expect("cp");
    assert!(copied.status.success(), "cp -a {} {}: {copied:?}", from.display(), to.display());
}

/// `target/tmp` of the build that the test is part of, which `cargo clean` removes; else the temporary folder.
fn folder() -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    let folder = target.map_or_else(env::temp_dir, |target| target.join("tmp")).join("vienkop-postgresql");
    fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    folder
}
