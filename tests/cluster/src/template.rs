//! A data folder as `initdb` or `mariadb-install-db` makes it, made once and copied for each server.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::ROLE;
use crate::programs::Programs;

/// Copies the template of PostgreSQL.
pub(crate) fn copy(programs: &Programs, to: &Path) {
    copy_of("vienkop-postgresql", &programs.label(), to, |home, data| init(programs, home, data));
}

/// Copies a template, which is made when there is none of this server's version: `init` makes it in a folder (the
/// second) below one that the server's user may write (the first); then it is put beside the build's other results.
pub(crate) fn copy_of(server: &str, label: &str, to: &Path, init: impl FnOnce(&Path, &Path)) {
    let kept = folder(server).join(label);
    if !kept.is_dir() {
        let lock = fs::File::create(folder(server).join(format!("{label}.lock"))).expect("a lock beside the template");
        lock.lock().expect("the template's lock");
        if !kept.is_dir() {
            let data = to.with_extension("new");
            init(to.parent().unwrap_or(to), &data);
            let half = kept.with_file_name(format!("{label}.half"));
            let _ = fs::remove_dir_all(&half);
            copy_tree(&data, &half);
            fs::rename(&half, &kept).expect("the template in its place");
            fs::remove_dir_all(&data).expect("the scratch folder removed");
        }
        // The lock ends with its file.
    }
    copy_tree(&kept, to);
}

fn init(programs: &Programs, home: &Path, data: &Path) {
    programs
        .command(programs.path("initdb"), home)
        .args(["--no-sync", "--encoding=UTF8", "--locale=C", "--wal-segsize=1"])
        .args(["--auth-local=trust", "--auth-host=scram-sha-256", "-U", ROLE, "-D"])
        .arg(data)
        .said();
}

/// With owners and modes, which the server checks.
fn copy_tree(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).output().expect("cp");
    assert!(copied.status.success(), "cp -a {} {}: {copied:?}", from.display(), to.display());
}

/// `target/tmp` of the build that the test is part of, which `cargo clean` removes; else the temporary folder.
fn folder(server: &str) -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    let folder = target.map_or_else(env::temp_dir, |target| target.join("tmp")).join(server);
    fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    folder
}
