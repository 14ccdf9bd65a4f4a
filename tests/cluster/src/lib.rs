//! Servers of the tests' own, started in a temporary folder as an unprivileged user and stopped with them: PostgreSQL
//! ([`Cluster`]), and MariaDB as a source's database ([`MariaDb`]).
//!
//! A process has a server of its own; a start costs a fraction of a second, since the data folder is copied from one
//! that `initdb` made once (`template`). The server is reached through a socket in a folder that only its owner can
//! open; with TLS it also listens on 127.0.0.1, with a password.
//!
//! Nothing stays behind: a shell waits for the end of the test's process, however it comes, stops the server and removes
//! its folder.

#![cfg(unix)]
#![allow(clippy::expect_used, clippy::panic, reason = "only tests use it, and a test without its server has failed")]

mod mariadb;
mod programs;
mod template;
mod tls;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

pub use mariadb::MariaDb;
use programs::Programs;
use tls::Tls;

/// The role of the tests, a superuser.
const ROLE: &str = "vienkop";

/// Safe only because what a test loses in a power cut is no loss. Commits wait for the log all the same: they must outlive
/// [`Cluster::stop`].
const SETTINGS: &str = "\
fsync = off
full_page_writes = off
shared_buffers = 16MB
max_wal_size = 1GB
autovacuum = on
listen_addresses = ''
lc_messages = 'C'
log_min_messages = warning
";

/// A running server; stopped and removed when dropped.
#[derive(Debug)]
pub struct Cluster {
    programs: Programs,
    folder: PathBuf,
    tls: Option<Tls>,
    databases: AtomicU64,
    watchdog: Child,
}

impl Cluster {
    /// The server of this process, started when it is first asked for.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A server that listens on a socket only.
    ///
    /// # Panics
    /// PostgreSQL is not installed, or does not start; the message says why.
    pub fn start() -> Self {
        Self::prepare().run()
    }

    /// A server that also listens on 127.0.0.1, over TLS only, with a certificate for `localhost` of its own authority.
    ///
    /// # Panics
    /// PostgreSQL or openssl is not installed, or the server does not start.
    pub fn start_with_tls() -> Self {
        let mut cluster = Self::prepare();
        // Free now; that another process takes it before the server does is told by the server's log.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
        let tls = Tls::make(&cluster.programs, &cluster.folder, port);
        tls.configure(&cluster.data());
        cluster.tls = Some(tls);
        let cluster = cluster.run();
        if let Some(tls) = &cluster.tls {
            cluster.psql("postgres", &format!("ALTER ROLE {ROLE} PASSWORD '{}'", tls.password));
        }
        cluster
    }

    fn prepare() -> Self {
        let programs = Programs::find();
        let folder = programs.private_folder();
        // From here on the folder is removed whatever happens. Own process group: Ctrl-C must not take it first.
        let watchdog = programs
            .command("/bin/sh", &folder)
            .args(["-c", WATCH, "sh"])
            .args([programs.path("pg_ctl"), folder.clone()])
            .detached()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("/bin/sh");
        let cluster = Self { programs, folder, tls: None, databases: AtomicU64::new(0), watchdog };
        template::copy(&cluster.programs, &cluster.data());
        let settings = format!("{SETTINGS}unix_socket_directories = '{}'\n", cluster.folder.display());
        programs::append(&cluster.data().join("postgresql.conf"), &settings);
        cluster
    }

    fn run(self) -> Self {
        self.restart();
        self
    }

    /// Starts the server again after [`Cluster::stop`], with what it had committed.
    ///
    /// # Panics
    /// It does not start.
    pub fn restart(&self) {
        let log = self.folder.join("log");
        let mut start = self.programs.command(self.programs.path("pg_ctl"), &self.folder);
        start.args(["start", "--silent", "--wait", "--timeout=120", "-D"]).arg(self.data()).arg("-l").arg(&log);
        if let Err(said) = start.try_said() {
            panic!("PostgreSQL does not start: {said}\n{}", fs::read_to_string(&log).unwrap_or_default());
        }
    }

    /// Stops the server like a crash: connections break, nothing is tidied.
    ///
    /// # Panics
    /// It was not running.
    pub fn stop(&self) {
        let mut stop = self.programs.command(self.programs.path("pg_ctl"), &self.folder);
        stop.args(["stop", "--silent", "--mode=immediate", "-D"]).arg(self.data()).said();
    }

    /// Where a database is reached through the socket: `postgres://role@localhost:port/database?host=/folder`.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{ROLE}@localhost:{}/{database}?host={}", self.port(), self.folder.display())
    }

    /// Where a database is reached over TLS by this host name; what to check is added by the test
    /// (`&sslmode=verify-full&sslrootcert=…`).
    ///
    /// # Panics
    /// The server was started without TLS.
    pub fn tls_url(&self, host: &str, database: &str) -> String {
        let tls = self.tls.as_ref().expect("started with TLS");
        format!("postgres://{ROLE}:{}@{host}:{}/{database}?application_name=test", tls.password, tls.port)
    }

    /// Certificate of the authority that the server's certificate is of.
    pub fn authority(&self) -> PathBuf {
        self.folder.join(tls::AUTHORITY)
    }

    /// Certificate of an authority that has nothing to do with the server.
    pub fn other_authority(&self) -> PathBuf {
        self.folder.join(tls::OTHER_AUTHORITY)
    }

    /// Makes an empty database and tells its URL.
    ///
    /// # Panics
    /// There is one with this name.
    pub fn create_database(&self, name: &str) -> String {
        self.psql("postgres", &format!("CREATE DATABASE \"{name}\" TEMPLATE template0"));
        self.url(name)
    }

    /// Makes a database with the content of another, which nobody may be connected to, and tells its URL.
    ///
    /// # Panics
    /// There is one with this name, or somebody is connected.
    pub fn copy_database(&self, from: &str, name: &str) -> String {
        self.psql("postgres", &format!("CREATE DATABASE \"{name}\" TEMPLATE \"{from}\""));
        self.url(name)
    }

    /// Removes a database, whoever is connected.
    ///
    /// # Panics
    /// There is none with this name.
    pub fn drop_database(&self, name: &str) {
        self.psql("postgres", &format!("DROP DATABASE \"{name}\" WITH (FORCE)"));
    }

    /// Makes an empty database with a name of its own and tells its URL.
    pub fn fresh_database(&self) -> String {
        self.create_database(&format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed)))
    }

    /// What `psql` prints for statements, a line a row, columns separated by `|`.
    ///
    /// # Panics
    /// A statement fails.
    pub fn psql(&self, database: &str, statements: &str) -> String {
        let mut psql = self.programs.command(self.programs.path("psql"), &self.folder);
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", ROLE, "-d", database, "-h"]);
        psql.arg(&self.folder).args(["-p", &self.port().to_string(), "-c", statements]).said()
    }

    /// Where the server's socket, data and log lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Also a part of the socket's name.
    fn port(&self) -> u16 {
        self.tls.as_ref().map_or(5432, |tls| tls.port)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

/// Waits until nobody holds the other end any more. A server that starts just now finds its folder gone and ends too.
const WATCH: &str = r#"trap '' HUP INT TERM; cat >/dev/null; "$1" stop -s -m immediate -D "$2/data"; rm -rf "$2""#;

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        // Nothing to be done about it here; a test that fails already must not panic twice.
        let _ = self.watchdog.wait();
    }
}
