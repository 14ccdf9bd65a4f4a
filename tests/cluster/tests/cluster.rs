//! What tests may rely on: sqlx reaches the server, a crash keeps what was committed, nothing stays behind.

#![cfg(unix)]
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{Connection, Executor, PgConnection, Row};
use vienkop_test_cluster::Cluster;

async fn number(connection: &mut PgConnection, query: &'static str) -> i64 {
    connection.fetch_one(query).await.unwrap().get(0)
}

#[tokio::test]
async fn a_crash_breaks_connections_and_keeps_what_was_committed() {
    let cluster = Cluster::start();
    let url = cluster.fresh_database();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    connection.execute("CREATE TABLE kept AS SELECT 7::bigint AS n").await.unwrap();
    connection.execute("BEGIN; INSERT INTO kept VALUES (8)").await.unwrap();
    cluster.stop();
    assert!(connection.execute("COMMIT").await.is_err());
    assert!(PgConnection::connect(&url).await.is_err());
    cluster.restart();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    assert_eq!(number(&mut connection, "SELECT sum(n)::bigint FROM kept").await, 7);
}

#[tokio::test]
async fn databases_are_apart() {
    let cluster = Cluster::shared();
    let mut first = PgConnection::connect(&cluster.fresh_database()).await.unwrap();
    let mut second = PgConnection::connect(&cluster.create_database("Otrā")).await.unwrap();
    first.execute("CREATE TABLE only_here ()").await.unwrap();
    let tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'only_here'";
    assert_eq!(number(&mut first, tables).await, 1);
    assert_eq!(number(&mut second, tables).await, 0);
    assert_eq!(cluster.psql("postgres", "SELECT 1, 'ā'").trim(), "1|ā");
}

#[tokio::test]
async fn over_tls_only_the_right_authority_and_host_name_are_taken() {
    let cluster = Cluster::start_with_tls();
    let connect = |host: &str, checked: &str, authority: PathBuf| {
        let url = cluster.tls_url(host, "postgres");
        let url = format!("{url}&sslmode={checked}&sslrootcert={}", authority.display());
        async move { PgConnection::connect(&url).await }
    };
    let mut connection = connect("localhost", "verify-full", cluster.authority()).await.unwrap();
    let encrypted = "SELECT count(*) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl";
    assert_eq!(number(&mut connection, encrypted).await, 1);
    connect("127.0.0.1", "verify-ca", cluster.authority()).await.unwrap();
    assert!(connect("127.0.0.1", "verify-full", cluster.authority()).await.is_err());
    assert!(connect("localhost", "verify-full", cluster.other_authority()).await.is_err());
    assert!(
        PgConnection::connect(&format!("{}&sslmode=disable", cluster.tls_url("localhost", "postgres"))).await.is_err()
    );
    // The socket still serves.
    PgConnection::connect(&cluster.url("postgres")).await.unwrap();
}

#[test]
fn a_dropped_cluster_leaves_nothing() {
    let cluster = Cluster::start();
    let folder = cluster.folder().to_owned();
    let server = server(&folder);
    assert!(running(&server));
    drop(cluster);
    assert!(!folder.exists());
    assert!(!running(&server));
}

/// The test program is started again and killed while it holds a server.
#[test]
fn a_killed_process_leaves_nothing() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "held_until_killed", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let folder =
        lines.find_map(|line| line.unwrap().split_once("held: ").map(|(_, held)| PathBuf::from(held))).unwrap();
    let server = server(&folder);
    assert!(running(&server));
    child.kill().unwrap();
    child.wait().unwrap();
    let begun = Instant::now();
    while (folder.exists() || running(&server)) && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!folder.exists());
    assert!(!running(&server));
}

#[test]
#[ignore = "a part of a_killed_process_leaves_nothing"]
#[allow(clippy::print_stdout)]
fn held_until_killed() {
    let cluster = Cluster::start();
    println!("held: {}", cluster.folder().display());
    loop {
        std::thread::park();
    }
}

/// Process id of the server.
fn server(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap().lines().next().unwrap().to_owned()
}

/// Whether it still does anything: one that has ended and only waits to be noticed by init does not.
fn running(process: &str) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", process]).output().unwrap().stdout;
    !state.trim_ascii().is_empty() && !state.starts_with(b"Z")
}
