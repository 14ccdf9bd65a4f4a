//! Opening a registry: what is made, what is refused, who waits for whom.

use std::time::Duration;

use crate::bench::{Bench, services, snapshot, url};
use vienkop_connectors::registry::{Mode, Registry, RegistryError};

#[tokio::test]
async fn urls_that_name_no_registry_are_refused() {
    for text in ["registry.db", "postgres://host", "mysql://host/db", "sqlite://", "sqlite::memory:"] {
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
    assert_eq!(again.counts().await.unwrap().len(), vienkop_transforms::model::registered().count());
}

async fn columns_of_a_newer_model_are_added_and_nothing_counts_as_changed(bench: Bench) {
    let given = || services("a", &["code", "name", "description"], &[&["1", "Viens", ""]]);
    bench.deliver("a", &snapshot(&["service"]), &[given()]).await;
    bench
        .statements(&[
            "DROP VIEW service_current",
            "DROP VIEW source_record",
            "ALTER TABLE service DROP COLUMN description",
            "ALTER TABLE source_service DROP COLUMN description",
            "DROP TABLE source_service_faq",
        ])
        .await;
    // Who may write nothing is told so, and writes nothing.
    for _ in 0..2 {
        let error = Registry::open_as_it_is(&bench.url).await.err().unwrap();
        assert!(matches!(error, RegistryError::Older { .. }), "{error}");
    }
    Registry::open(&bench.url).await.unwrap();
    Registry::open_as_it_is(&bench.url).await.unwrap();
    let again = bench.deliver("a", &snapshot(&["service"]), &[given()]).await;
    assert_eq!(crate::bench::counts(&again, "service"), [0, 0, 0, 1, 0, 0]);
    assert_eq!(bench.ask("SELECT code, description FROM service_current").await, ["1|NULL"]);
}

async fn a_newer_file_is_refused(bench: Bench) {
    let insert = if bench.is_sqlite() {
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (99, 'x', 1, x'00', 0)"
    } else {
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (99, 'x', true, '\\x00', 0)"
    };
    bench.statements(&[insert]).await;
    let error = Registry::open(&bench.url).await.err().unwrap();
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

async fn the_second_writer_waits_and_then_says_so(bench: Bench) {
    let plan = bench.begin(Mode::Plan).await;
    let hasty = Registry::open_waiting(&bench.url, Duration::from_millis(50)).await.unwrap();
    let error = hasty.begin(Mode::Run, bench.start()).await.err().unwrap();
    assert!(matches!(error, RegistryError::Locked { .. } | RegistryError::Held { .. }), "{error}");
    assert_eq!(hasty.runs(1).await.unwrap(), [], "readers do not wait");
    plan.finish("clean", "2030-01-01T00:00:00Z").await.unwrap();
    hasty.begin(Mode::Run, bench.start()).await.unwrap();
}

async fn sources_of_a_run_may_work_side_by_side(bench: Bench) {
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

battery! {
    columns_of_a_newer_model_are_added_and_nothing_counts_as_changed,
    a_newer_file_is_refused,
    the_second_writer_waits_and_then_says_so,
    sources_of_a_run_may_work_side_by_side,
}
