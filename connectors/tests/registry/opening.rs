//! Opening a registry: what is made, what is refused, who waits for whom.

use std::time::Duration;

use crate::bench::{Bench, services, snapshot, url};
use sqlx::{ConnectOptions, Connection};
use vienkop_connectors::registry::{Mode, Registry, RegistryError};

async fn statements(bench: &Bench, all: &[&'static str]) {
    let path = bench.folder.path().join("registry.db");
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    for statement in all {
        sqlx::raw_sql(*statement).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn urls_that_name_no_sqlite_file_are_refused() {
    for text in ["registry.db", "postgres://host/db", "sqlite://", "sqlite::memory:"] {
        let error = Registry::open(text).await.err().unwrap();
        assert!(matches!(error, RegistryError::Url { .. }), "{text}: {error}");
    }
}

#[tokio::test]
async fn folders_are_made_and_opening_again_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("sqlite://{}", folder.path().join("a/b/registry.db").display());
    Registry::open(&text).await.unwrap();
    let again = Registry::open(&text).await.unwrap();
    assert_eq!(again.counts().await.unwrap().len(), vienkop_transforms::model::ENTITIES.len());
}

#[tokio::test]
async fn columns_of_a_newer_model_are_added_and_nothing_counts_as_changed() {
    let bench = Bench::new().await;
    let given = || services("a", &["code", "name", "description"], &[&["1", "Viens", ""]]);
    bench.deliver("a", &snapshot(&["service"]), &[given()]).await;
    statements(
        &bench,
        &[
            "DROP VIEW service_current",
            "ALTER TABLE service DROP COLUMN description",
            "ALTER TABLE source_service DROP COLUMN description",
            "DROP VIEW source_record",
            "DROP TABLE source_service_faq",
        ],
    )
    .await;
    Registry::open(&url(&bench.folder)).await.unwrap();
    let again = bench.deliver("a", &snapshot(&["service"]), &[given()]).await;
    assert_eq!(crate::bench::counts(&again, "service"), [0, 0, 0, 1, 0, 0]);
    assert_eq!(bench.ask("SELECT code, description FROM service_current").await, ["1|NULL"]);
}

#[tokio::test]
async fn a_newer_file_is_refused() {
    let bench = Bench::new().await;
    statements(
        &bench,
        &["INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (99, 'x', 1, x'00', 0)"],
    )
    .await;
    let error = Registry::open(&url(&bench.folder)).await.err().unwrap();
    assert!(matches!(error, RegistryError::Newer { found: 99, .. }), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("registry.db"), "Tas nav reģistrs. ".repeat(100)).unwrap();
    let error = Registry::open(&url(&folder)).await.err().unwrap();
    assert!(matches!(error, RegistryError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("registry.db"));
}

#[tokio::test]
async fn the_second_writer_waits_and_then_says_so() {
    let bench = Bench::new().await;
    let plan = bench.begin(Mode::Plan).await;
    let hasty = Registry::open_waiting(&url(&bench.folder), Duration::from_millis(50)).await.unwrap();
    let error = hasty.begin(Mode::Run, bench.start()).await.err().unwrap();
    assert!(matches!(error, RegistryError::Locked { .. }), "{error}");
    assert_eq!(hasty.runs(1).await.unwrap(), [], "readers do not wait");
    plan.finish("clean", "2030-01-01T00:00:00Z").await.unwrap();
    hasty.begin(Mode::Run, bench.start()).await.unwrap();
}

#[tokio::test]
async fn sources_of_a_run_may_work_side_by_side() {
    let bench = Bench::new().await;
    let run = bench.begin(Mode::Run).await;
    let how = snapshot(&["service"]);
    let given = |source: &str, code: &str| services(source, &["code", "name"], &[&[code, "Nosaukums"]]);
    let (a, b) = (given("a", "1"), given("b", "2"));
    let (a, b) = (std::slice::from_ref(&a), std::slice::from_ref(&b));
    tokio::join!(crate::bench::one(&run, "a", &how, a), crate::bench::one(&run, "b", &how, b));
    assert_eq!(bench.ask("SELECT code FROM service_current ORDER BY code").await, ["1", "2"]);
    bench.sound().await;
}

#[tokio::test]
async fn several_programs_may_start_with_a_new_registry_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let text = url(&folder);
    let (a, b, c) = tokio::join!(Registry::open(&text), Registry::open(&text), Registry::open(&text));
    for opened in [a, b, c] {
        assert_eq!(opened.unwrap().runs(1).await.unwrap(), []);
    }
}
