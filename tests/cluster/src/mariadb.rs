//! A MariaDB server of the tests' own, reached through a socket in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::programs::{self, Run, Runner};
use crate::template;

/// Users that the server may run as when the tests run as root.
const USERS: [&str; 2] = ["mysql", "nobody"];

/// Where the programs are when they are not on the path.
const PLACES: [&str; 4] = ["/usr/sbin", "/usr/libexec", "/usr/local/bin", "/opt/homebrew/bin"];

const MISSING: &str = "these tests need the MariaDB server (mariadbd, mariadb-install-db, mariadb): \
apt-get install mariadb-server, dnf install mariadb-server, apk add mariadb mariadb-client, brew install mariadb";

/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running server; stopped and removed when dropped.
#[derive(Debug)]
pub struct MariaDb {
    runner: Runner,
    folder: PathBuf,
    databases: AtomicU64,
    watchdog: Child,
}

impl MariaDb {
    /// The server of this process, started when it is first asked for.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<MariaDb> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A server that listens on a socket only.
    ///
    /// # Panics
    /// MariaDB is not installed, or does not start; the message says why.
    pub fn start() -> Self {
        let runner = Runner::find(&USERS);
        let folder = runner.private_folder();
        let (data, server) = (folder.join("data"), program("mariadbd"));
        let version = runner.command(&server, &folder).arg("--version").said();
        let label = runner.label(version.split("Ver").last().unwrap_or_default());
        template::copy_of("vienkop-mariadb", &label, &data, |home, data| {
            let mut install = runner.command(program("mariadb-install-db"), home);
            install.args([
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
            ]);
            install.arg(format!("--datadir={}", data.display())).said();
        });
        // The shell is the server's parent and outlives the tests: it ends the server when nobody holds the other end.
        // Own process group: Ctrl-C must not take it first.
        let watchdog = runner
            .command("/bin/sh", &folder)
            .args(["-c", WATCH, "sh"])
            .args([&folder, &server])
            .args(["--no-defaults", "--skip-networking", "--skip-name-resolve", "--innodb-buffer-pool-size=16M"])
            .args(["--innodb-flush-log-at-trx-commit=0", "--innodb-log-file-size=8M", "--character-set-server=utf8mb4"])
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--socket={}", folder.join("socket").display()))
            .arg(format!("--pid-file={}", folder.join("pid").display()))
            .detached()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("/bin/sh");
        let server = Self { runner, folder, databases: AtomicU64::new(0), watchdog };
        let begun = Instant::now();
        while let Err(said) = server.client().args(["-e", "SELECT 1"]).try_said() {
            let log = fs::read_to_string(server.folder.join("log")).unwrap_or_default();
            assert!(begun.elapsed() < PATIENCE, "MariaDB does not start: {said}\n{log}");
            std::thread::sleep(Duration::from_millis(100));
        }
        server
    }

    /// Stops the server like a crash: connections break, nothing is tidied.
    ///
    /// # Panics
    /// It was not running.
    pub fn stop(&self) {
        let process = fs::read_to_string(self.folder.join("pid")).expect("the server's process id");
        let killed = Command::new("kill").args(["-9", process.trim()]).status().expect("kill");
        assert!(killed.success());
    }

    /// Makes an empty database with a name of its own and tells the name.
    pub fn fresh_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.run("mysql", &format!("CREATE DATABASE {name}"));
        name
    }

    /// Where a database is reached by a user (`root`, or `user:password`).
    pub fn url(&self, user: &str, database: &str) -> String {
        format!("mysql://{user}@localhost/{database}?socket={}", self.folder.join("socket").display())
    }

    /// What the client prints for statements that the administrator gives.
    ///
    /// # Panics
    /// A statement fails.
    pub fn run(&self, database: &str, statements: &str) -> String {
        self.client().args(["-D", database, "-e", statements]).said()
    }

    /// Where the server's socket, data and log lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn client(&self) -> Run {
        let mut client = self.runner.command(program("mariadb"), &self.folder);
        client.args([
            "--no-defaults",
            "--batch",
            "--skip-column-names",
            "--default-character-set=utf8mb4",
            "-u",
            "root",
        ]);
        client.arg(format!("--socket={}", self.folder.join("socket").display()));
        client
    }
}

fn program(name: &str) -> PathBuf {
    programs::program(name, &PLACES).unwrap_or_else(|| panic!("{MISSING}"))
}

/// Starts the server and waits until nobody holds the other end any more.
const WATCH: &str = r#"trap '' HUP INT TERM
folder=$1; shift
"$@" >"$folder/log" 2>&1 &
cat >/dev/null
kill -9 $! 2>/dev/null
wait
rm -rf "$folder""#;

impl Drop for MariaDb {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        // Nothing to be done about it here; a test that fails already must not panic twice.
        let _ = self.watchdog.wait();
    }
}
