//! SQLite: types of each value, bytes in old encodings, files that are none.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqliteConnection};

use crate::common::{Site, refused};

/// Makes a database and runs statements in it.
fn database(site: &Site, statements: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(site.path("registrs.db")).create_if_missing(true);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        connection.execute(sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))).await.unwrap();
        connection.close().await.unwrap();
    });
}

fn query(query: &str) -> serde_json::Value {
    json!({ "file": "registrs.db", "query": query })
}

#[test]
fn values_land_in_their_own_letters() {
    let site = Site::new();
    database(
        &site,
        "CREATE TABLE a (kods VARCHAR(4), summa NUMERIC, datums TEXT, dati BLOB);
        INSERT INTO a VALUES ('0012', 9007199254740993, '04.06.2004.', x'00ff'), (12, 1.10, NULL, ''), ('ā\"', 1e300, 0.1, x'e2');",
    );
    assert_eq!(
        site.one(&query("SELECT *, 9e999 AS liels FROM a")),
        "{\"kods\":\"0012\",\"summa\":9007199254740993,\"datums\":\"04.06.2004.\",\"dati\":\"00ff\",\"liels\":\"Infinity\"}\n\
         {\"kods\":\"12\",\"summa\":1.1,\"datums\":null,\"dati\":\"\",\"liels\":\"Infinity\"}\n\
         {\"kods\":\"ā\\\"\",\"summa\":1e300,\"datums\":\"0.1\",\"dati\":\"e2\",\"liels\":\"Infinity\"}\n"
    );
}

#[test]
fn bytes_of_an_old_encoding_are_a_text() {
    let site = Site::new();
    database(&site, "CREATE TABLE a (n BLOB, t TEXT); INSERT INTO a VALUES (x'e2e7e8', CAST(x'c2' AS TEXT));");
    let both = json!({ "file": "registrs.db", "query": "SELECT n, t FROM a", "encodings": { "n": "windows-1257", "t": "windows-1257" } });
    assert_eq!(site.one(&both), "{\"n\":\"āēč\",\"t\":\"Ā\"}\n");
    // A text that is none in UTF-8 is told with its row, not mended.
    let told = site.fault(&query("SELECT n, t FROM a"));
    assert_eq!(told, ("Q005", "registrs.db, registrs.db | t | utf-8".to_owned()));
    for query in ["SELECT n FROM a", "SELECT n FROM a WHERE t IS NULL"] {
        let misspelt = json!({ "file": "registrs.db", "query": query, "encodings": { "N": "cp775" } });
        assert_eq!(site.fault(&misspelt), ("Q013", "registrs.db, registrs.db | N | n".to_owned()), "{query}");
    }
    // No row, and nothing wrong with it.
    let empty =
        json!({ "file": "registrs.db", "query": "SELECT n FROM a WHERE t IS NULL", "encodings": { "n": "cp775" } });
    assert!(site.fetch(&empty, None).unwrap().files.is_empty());
}

#[test]
fn only_what_changed_comes_the_next_time() {
    let site = Site::new();
    database(
        &site,
        "CREATE TABLE a (id INTEGER, kad TEXT);
        INSERT INTO a VALUES (2, '2024-07-02'), (1, '2024-07-01'), (3, NULL), (4, '2042-01-01');",
    );
    let by = |column: &str, first: serde_json::Value, query: &str| json!({ "file": "registrs.db", "query": query, "name": "a", "cursor": { "column": column, "first": first } });
    let by_id = by("id", json!(0), "SELECT id FROM a WHERE id > :cursor ORDER BY id DESC");
    let first = site.fetch(&by_id, None).unwrap();
    assert_eq!(first.files["a"], "{\"id\":4}\n{\"id\":3}\n{\"id\":2}\n{\"id\":1}\n");
    let cursor = first.fetching.cursor.unwrap();
    let second = site.fetch(&by_id, Some(&cursor)).unwrap();
    assert!(second.files.is_empty());
    assert_eq!(second.fetching.empty, ["a"]);
    assert_eq!(second.fetching.cursor.as_ref(), Some(&cursor));
    database(&site, "INSERT INTO a VALUES (10, '2024-07-03')");
    let third = site.fetch(&by_id, Some(&cursor)).unwrap();
    assert_eq!(third.files["a"], "{\"id\":10}\n");
    // A day to come does not move the cursor, and is told.
    let by_day = by("kad", json!("0000"), "SELECT kad FROM a WHERE kad >= :cursor");
    let came = site.fetch(&by_day, third.fetching.cursor.as_deref()).unwrap();
    assert_eq!(came.files["a"].lines().count(), 4);
    assert_eq!(came.fetching.findings[0].code, "Q014");
    assert_eq!(came.fetching.findings[0].expected.as_deref(), Some("2042-01-01"));
    assert!(came.fetching.cursor.as_ref().unwrap().contains("2024-07-03"), "{came:?}");
    let again = site.fetch(&by_day, came.fetching.cursor.as_deref()).unwrap();
    assert_eq!(again.files["a"], "{\"kad\":\"2042-01-01\"}\n{\"kad\":\"2024-07-03\"}\n");
    // Another query begins anew, whatever was kept.
    let other = by("kad", json!("0000"), "SELECT kad FROM a WHERE kad > :cursor AND 1 = 1");
    assert_eq!(site.fetch(&other, came.fetching.cursor.as_deref()).unwrap().files["a"].lines().count(), 4);
}

#[test]
fn a_cursor_that_tells_nothing_loads_nothing() {
    let site = Site::new();
    database(&site, "CREATE TABLE a (id, Kad); INSERT INTO a VALUES (1, 'a'), ('b', x'00');");
    let by = |column: &str| json!({ "file": "registrs.db", "query": "SELECT id, Kad FROM a WHERE :cursor = 0", "cursor": { "column": column, "first": 0 } });
    assert_eq!(site.fault(&by("kad")), ("Q008", "registrs.db, registrs.db | kad | kad | Kad".to_owned()));
    // Numbers and texts mixed; bytes.
    assert_eq!(site.fault(&by("id")).0, "Q008");
    assert_eq!(site.fault(&by("Kad")).0, "Q008");
}

#[test]
fn several_queries_land_apart_at_one_state() {
    let site = Site::new();
    database(&site, "CREATE TABLE a (id); INSERT INTO a VALUES (1); CREATE TABLE b (id); INSERT INTO b VALUES (1);");
    std::fs::write(site.path("b.sql"), "SELECT id FROM b\n").unwrap();
    let options = json!({ "file": "registrs.db", "query": [
        { "name": "a", "query": "SELECT id FROM a" },
        { "name": "tukšs", "query": "SELECT id FROM a WHERE 0" },
        { "name": "b", "query_file": "b.sql" },
    ] });
    let came = site
        .try_fetch(&options, None, |name| {
            // What is written in between is of the next delivery.
            if name == "a" {
                std::fs::rename(site.path("b.sql"), site.path("c.sql")).unwrap();
            }
        })
        .unwrap();
    let files: Vec<(&str, &str)> = came.files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    assert_eq!(files, [("a", "{\"id\":1}\n"), ("b", "{\"id\":1}\n")]);
    assert_eq!(came.fetching.empty, ["tukšs"]);
    assert_eq!(came.fetching.cursor, None);
}

#[test]
fn many_rows_stream() {
    let site = Site::new();
    database(&site, "CREATE TABLE a (id);");
    let rows = "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 200000) SELECT id, 'pakalpojums' AS k FROM n";
    let text = site.one(&query(rows));
    assert_eq!(text.lines().count(), 200_000);
    assert!(text.ends_with("{\"id\":200000,\"k\":\"pakalpojums\"}\n"));
}

#[test]
fn what_is_wrong_is_told() {
    let site = Site::new();
    assert_eq!(site.fault(&query("SELECT 1")), ("F001", "registrs.db".to_owned()));
    std::fs::write(site.path("registrs.db"), "nav datubāze, bet gan teksts, kas ir garāks par galveni".repeat(20))
        .unwrap();
    assert_eq!(site.fault(&query("SELECT 1")), ("Q001", "registrs.db | file is not a database".to_owned()));
    std::fs::remove_file(site.path("registrs.db")).unwrap();
    database(&site, "CREATE TABLE a (id);");
    let no_table = site.fault(&query("SELECT * FROM b"));
    assert_eq!(no_table, ("Q003", "registrs.db, registrs.db | no such table: b".to_owned()));
    let twice = site.fault(&query("SELECT 1 AS a, 2 AS a"));
    assert_eq!(twice, ("Q010", "registrs.db, registrs.db | a".to_owned()));
    // It begins like a query and writes: the file is opened for reading only.
    let writes = site.fault(&query("WITH x AS (SELECT 1 AS id) DELETE FROM a WHERE id IN (SELECT id FROM x)"));
    assert_eq!(writes, ("Q006", "registrs.db, registrs.db | attempt to write a readonly database".to_owned()));
    assert_eq!(site.one(&query("SELECT count(*) AS n FROM a")), "{\"n\":0}\n");
    let env = json!({ "url": { "env": "VIENKOP_NAV_TĀDA" }, "query": "SELECT 1" });
    assert_eq!(site.fault(&env).0, "Q011");
    let options = site.options("sqlite://registrs.db", json!({ "query": "SELECT count(*) AS n FROM a" }));
    assert_eq!(site.one(&options), "{\"n\":0}\n");
}

#[test]
fn a_query_without_end_is_stopped() {
    let site = Site::new();
    database(&site, "CREATE TABLE a (id);");
    let endless = "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT count(*) AS n FROM n";
    let begun = Instant::now();
    let slow = json!({ "file": "registrs.db", "query": endless, "timeout_seconds": 1 });
    assert_eq!(site.fault(&slow), ("Q007", "registrs.db, registrs.db | 1".to_owned()));
    assert!(begun.elapsed() < Duration::from_secs(10));
    let cancel = std::sync::Arc::clone(&site.cancel);
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        cancel.store(true, Ordering::Relaxed);
    });
    let stopped = site.try_fetch(&query(endless), None, |_| {});
    assert!(matches!(stopped, Err(vienkop_connectors::fetch::FetchError::Cancelled)), "{stopped:?}");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let url = json!({ "env": "DATUBAZE" });
    for (options, option, reason, value) in [
        (json!({ "query": "SELECT 1" }), "file", "sql-place", ""),
        (json!({ "file": "a", "url": url, "query": "SELECT 1" }), "url", "sql-place", ""),
        (json!({ "file": " ", "query": "SELECT 1" }), "file", "empty", ""),
        (json!({ "file": "a" }), "query", "sql-text", ""),
        (json!({ "file": "a", "query": "SELECT 1", "query_file": "b" }), "query", "sql-text", ""),
        (json!({ "file": "a", "query": [] }), "query", "empty", ""),
        (
            json!({ "file": "a", "query": [{ "name": "a", "query": "SELECT 1" }], "name": "b" }),
            "name",
            "sql-of-each-query",
            "",
        ),
        (
            json!({ "file": "a", "query": [{ "name": "a", "query": "SELECT 1" }, { "name": "a", "query": "SELECT 1" }] }),
            "query",
            "sql-names",
            "a",
        ),
        (json!({ "file": "a", "query": "DELETE FROM a" }), "query", "sql-begins", "DELETE"),
        (json!({ "url": url, "query": "SELECT 1; SELECT 2" }), "query", "sql-several", ";"),
        (json!({ "url": url, "query": "SELECT * INTO b FROM a" }), "query", "sql-writes", "INTO"),
        (json!({ "url": url, "query": "SELECT 'a" }), "query", "sql-unclosed", "'"),
        (json!({ "file": "a", "query": "SELECT :cursor" }), "query", "sql-no-cursor", ""),
        (
            json!({ "file": "a", "query": "SELECT 1", "cursor": { "column": "a", "first": 0 } }),
            "cursor",
            "sql-cursor-unused",
            "",
        ),
    ] {
        assert_eq!(refused(&options), (option.to_owned(), reason, value.to_owned()), "{options}");
    }
}
