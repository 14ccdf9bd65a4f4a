//! The installed programs of the servers, and the user they run as: servers refuse root.

use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// Users that the server may run as when the tests run as root.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// Where they are when they are not on the path; `*` stands for a version, the newest counts.
const PLACES: [&str; 7] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/usr/local/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
];

const MISSING: &str = "these tests need the PostgreSQL server (initdb, pg_ctl, postgres, psql), on the path or where \
packages put it: apt-get install postgresql, dnf install postgresql-server, apk add postgresql, brew install postgresql";

/// Where the programs of PostgreSQL are, and who runs them.
#[derive(Debug)]
pub(crate) struct Programs {
    folder: PathBuf,
    runner: Runner,
}

/// Who runs a server: nobody else than the tests' own user, unless that is root.
#[derive(Debug)]
pub(crate) struct Runner {
    /// Name, user and group.
    user: Option<(String, u32, u32)>,
}

impl Programs {
    pub(crate) fn find() -> Self {
        let path = env::var_os("PATH").unwrap_or_default();
        let folder = env::split_paths(&path)
            .chain(PLACES.iter().flat_map(|place| newest_first(place)))
            // What is on the path may be a link into the folder that has them all.
            .filter_map(|folder| folder.join("initdb").canonicalize().ok()?.parent().map(Path::to_owned))
            .find(|folder| ["initdb", "pg_ctl", "postgres", "psql"].iter().all(|name| folder.join(name).is_file()))
            .unwrap_or_else(|| panic!("{MISSING}"));
        Self { folder, runner: Runner::find(&USERS) }
    }

    pub(crate) fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }

    /// Tells servers and users apart whose data folders do not fit each other.
    pub(crate) fn label(&self) -> String {
        let version = self.command(self.path("postgres"), Path::new("/")).arg("--version").said();
        self.runner.label(&version)
    }

    pub(crate) fn private_folder(&self) -> PathBuf {
        self.runner.private_folder()
    }

    pub(crate) fn command(&self, program: impl AsRef<OsStr>, folder: &Path) -> Run {
        self.runner.command(program, folder)
    }
}

impl Runner {
    /// One of these users, when the tests run as root.
    pub(crate) fn find(users: &[&str]) -> Self {
        let user = (id(&["-u"]) == Some(0)).then(|| {
            users
                .iter()
                .find_map(|name| Some(((*name).to_owned(), id(&["-u", name])?, id(&["-g", name])?)))
                .unwrap_or_else(|| panic!("the server does not run as root, and there is no user {users:?}"))
        });
        Self { user }
    }

    /// A name for what fits this version and this user only.
    pub(crate) fn label(&self, version: &str) -> String {
        let user = self.user.as_ref().map_or("own", |(name, ..)| name);
        let label = format!("{}-{user}", version.trim());
        label.replace(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.', "-")
    }

    /// A new folder that only the server's user can open. Its path is short: that of a socket may have 107 bytes.
    pub(crate) fn private_folder(&self) -> PathBuf {
        let make = |below: &Path| tempfile::Builder::new().prefix("vienkop-").tempdir_in(below);
        let folder = make(Path::new("/tmp")).or_else(|_| make(&env::temp_dir())).expect("a temporary folder").keep();
        if let Some((_, user, group)) = self.user {
            chown(&folder, Some(user), Some(group)).expect("a folder given to the server's user");
        }
        folder
    }

    /// A program that runs as the server's user, in a folder that this user can open, without settings of ours.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, folder: &Path) -> Run {
        let mut command = Command::new(program);
        command.current_dir(folder).stdin(Stdio::null()).env("LC_ALL", "C");
        for (name, _) in env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"PG")) {
            command.env_remove(name);
        }
        if let Some((_, user, group)) = self.user {
            command.uid(user).gid(group);
        }
        Run(command)
    }
}

/// A program to be run.
pub(crate) struct Run(Command);

impl Run {
    pub(crate) fn arg(&mut self, argument: impl AsRef<OsStr>) -> &mut Self {
        self.0.arg(argument);
        self
    }

    pub(crate) fn args(&mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> &mut Self {
        self.0.args(arguments);
        self
    }

    /// What it prints; panics with what it says when it fails.
    pub(crate) fn said(&mut self) -> String {
        self.try_said().unwrap_or_else(|said| panic!("{said}"))
    }

    /// What it prints, or what it says when it fails.
    pub(crate) fn try_said(&mut self) -> Result<String, String> {
        let output = self.0.output().map_err(|error| format!("{}: {error}", self.0.get_program().display()))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            Ok(text(&output.stdout))
        } else {
            Err(format!("{:?}: {}\n{}{}", self.0, output.status, text(&output.stdout), text(&output.stderr)))
        }
    }

    /// The command itself, to be started and left running apart from the tests' process group.
    pub(crate) fn detached(&mut self) -> &mut Command {
        self.0.process_group(0)
    }
}

/// Adds lines to a file of the server, which keeps its owner.
pub(crate) fn append(file: &Path, lines: &str) {
    fs::OpenOptions::new()
        .append(true)
        .open(file)
        .and_then(|mut open| open.write_all(lines.as_bytes()))
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}

/// A program on the path or in one of these folders.
pub(crate) fn program(name: &str, places: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(places.iter().flat_map(|place| newest_first(place)));
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// Folders that match, by the number in their name.
fn newest_first(place: &str) -> Vec<PathBuf> {
    let Some((before, after)) = place.split_once('*') else { return vec![place.into()] };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("/", before));
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version: String = name.strip_prefix(prefix)?.chars().filter(char::is_ascii_digit).collect();
            Some((version.parse().unwrap_or(0), entry.path().join(after.trim_start_matches('/'))))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, folder)| folder).collect()
}
