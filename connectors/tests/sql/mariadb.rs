//! MariaDB (and by it MySQL): types, unsigned and zero-filled numbers, zero dates, rights, a server that goes away.

use serde_json::json;
use vienkop_test_cluster::MariaDb;

use crate::common::{Site, silent};

fn database(server: &MariaDb, statements: &str) -> (String, String) {
    let name = server.fresh_database();
    server.run(&name, statements);
    let url = server.url("root", &name);
    (name, url)
}

#[test]
fn values_land_in_the_servers_letters() {
    let (_, url) = database(
        MariaDb::shared(),
        "SET sql_mode = ''; SET time_zone = '+03:00';
        CREATE TABLE a (i BIGINT UNSIGNED, z INT(5) ZEROFILL, n DECIMAL(40,10), f FLOAT, d DOUBLE, b BOOLEAN, bits BIT(10),
            t VARCHAR(20) CHARACTER SET cp1257, e ENUM('x','ā') COLLATE utf8mb4_bin, s SET('x','y'), day DATE, at DATETIME(3), ts TIMESTAMP,
            clock TIME, y YEAR, bytes BLOB, doc JSON);
        INSERT INTO a VALUES (18446744073709551615, 12, 1.10, 0.1, 1e20, true, 513, 'āēč', 'ā', 'x,y', '2004-06-04',
            '2024-07-08 10:00:00.5', '2024-07-08 10:00:00', '10:00', 1999, x'00ff', '{\"a\": 1.10}');
        INSERT INTO a (day, at) VALUES ('0000-00-00', '0000-00-00 00:00:00');",
    );
    let site = Site::new();
    let lines = site.one(&site.options(&url, json!({ "query": "SELECT * FROM a" })));
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(
        lines[0],
        "{\"i\":18446744073709551615,\"z\":\"00012\",\"n\":1.1000000000,\"f\":0.1,\"d\":1e20,\"b\":1,\"bits\":513,\
         \"t\":\"āēč\",\"e\":\"ā\",\"s\":\"x,y\",\"day\":\"2004-06-04\",\"at\":\"2024-07-08T10:00:00.500\",\
         \"ts\":\"2024-07-08T07:00:00Z\",\"clock\":\"10:00:00\",\"y\":1999,\"bytes\":\"00ff\",\"doc\":\"{\\\"a\\\": 1.10}\"}"
    );
    assert!(lines[1].contains("\"day\":\"0000-00-00\",\"at\":\"0000-00-00 00:00:00.000\""), "{}", lines[1]);
    let shape = site.fault(&site.options(&url, json!({ "query": "SELECT POINT(1, 2) AS p", "name": "a" })));
    assert!(shape.0 == "Q005" && shape.1.ends_with("p | GEOMETRY"), "{shape:?}");
}

#[test]
fn only_what_changed_comes_by_any_type() {
    let (_, url) = database(
        MariaDb::shared(),
        "CREATE TABLE a (id BIGINT, n DECIMAL(20,3), at DATETIME(6), ts TIMESTAMP(3) NULL, day DATE);
        INSERT INTO a SELECT 9007199254740993 + seq, seq / 1000, '2024-07-01' + INTERVAL seq SECOND,
            '2024-07-01' + INTERVAL seq SECOND, '2024-06-01' + INTERVAL seq DIV 100 DAY FROM seq_1_to_2000;",
    );
    let site = Site::new();
    for (column, first) in [
        ("id", json!(0)),
        ("n", json!(0)),
        ("at", json!("1970-01-01")),
        ("ts", json!("1971-01-01")),
        ("day", json!("1970-01-01")),
    ] {
        let query = format!(
            "SELECT {column}, ':cursor' AS x FROM a WHERE {column} > :cursor AND NOT {column} = :cursor ORDER BY RAND()"
        );
        let options =
            site.options(&url, json!({ "query": query, "name": "a", "cursor": { "column": column, "first": first } }));
        let came = site.fetch(&options, None).unwrap();
        assert_eq!(came.files["a"].lines().count(), 2000, "{column}");
        let cursor = came.fetching.cursor.unwrap();
        let again = site.fetch(&options, Some(&cursor)).unwrap();
        assert_eq!((again.files.len(), again.fetching.cursor.as_ref()), (0, Some(&cursor)), "{column} {cursor}");
    }
}

#[test]
fn nothing_is_written_whatever_the_query() {
    let (name, url) = database(
        MariaDb::shared(),
        "CREATE TABLE a (id INT);\nDELIMITER //\nCREATE FUNCTION raksta() RETURNS INT BEGIN INSERT INTO a VALUES (1); RETURN 1; END//\n",
    );
    let site = Site::new();
    let writes = site.fault(&site.options(&url, json!({ "query": "SELECT raksta() AS n" })));
    assert_eq!(writes.0, "Q006", "{writes:?}");
    // A quote that our look through the text and the server understand differently does not make two statements.
    let odd = "SELECT 'a' AS \"b\\\"; DELETE FROM a; -- \" FROM a";
    let odd = site.fetch(&site.options(&url, json!({ "query": odd })), None);
    assert!(odd.is_ok() || odd.is_err_and(|finding| finding.code == "Q003"));
    assert_eq!(MariaDb::shared().run(&name, "SELECT count(*) FROM a").trim(), "0");
}

#[test]
fn what_is_wrong_is_told_without_the_password() {
    let server = MariaDb::shared();
    let (name, _) = database(server, "CREATE TABLE slegta (id INT)");
    server.run(
        &name,
        &format!(
            "CREATE USER lasa@localhost IDENTIFIED BY 'noslepums'; CREATE TABLE atverta (id INT);
            GRANT SELECT ON {name}.atverta TO lasa@localhost"
        ),
    );
    let site = Site::new();
    let ask = |login: &str, database: &str, query: &str| {
        let url = server.url(login, database);
        let told = site.fault(&site.options(&url, json!({ "query": query, "name": "a" })));
        silent(&told, "noslepums");
        told
    };
    assert_eq!(ask("lasa:noslepums2", &name, "SELECT 1 AS n").0, "Q002");
    assert_eq!(ask("lasa", &name, "SELECT 1 AS n").0, "Q002");
    assert_eq!(ask("lasa:noslepums", &name, "SELECT id FROM slegta").0, "Q004");
    assert_eq!(ask("lasa:noslepums", "mysql", "SELECT 1 AS n").0, "Q004");
    assert_eq!(ask("root", "nav_tadas", "SELECT 1 AS n").0, "Q001");
    assert_eq!(ask("lasa:noslepums", &name, "SELECT nav FROM atverta").0, "Q003");
    let slow = server.url("root", &name);
    let slow = site.options(&slow, json!({ "query": "SELECT SLEEP(60) AS n", "timeout_seconds": 1 }));
    assert_eq!(site.fault(&slow).0, "Q007");
    let gone = site.options("mysql://lasa:noslepums@127.0.0.1:1/a", json!({ "query": "SELECT 1 AS n" }));
    assert_eq!(site.fault(&gone).0, "Q001");
    site.holds_nowhere("noslepums");
}

#[test]
fn a_server_that_goes_away_loads_nothing() {
    let server = MariaDb::start();
    let (_, url) = database(&server, "CREATE TABLE a (id INT)");
    let site = Site::new();
    let options = site.options(
        &url,
        json!({ "query": [
            { "name": "a", "query": "SELECT 1 AS n" },
            { "name": "b", "query": "SELECT seq AS n, REPEAT('x', 1000) AS t FROM seq_1_to_1000000" },
        ] }),
    );
    let ended = site.try_fetch(&options, None, |name| {
        if name == "b" {
            server.stop();
        }
    });
    let Err(vienkop_connectors::fetch::FetchError::File(finding)) = ended else { panic!("{ended:?}") };
    assert_eq!(finding.code, "Q009");
}

#[test]
fn columns_of_a_result_without_rows() {
    let (name, url) = database(MariaDb::shared(), "CREATE TABLE a (n BLOB, t TEXT);");
    let site = Site::new();
    let by = |column: &str| site.options(&url, json!({ "query": "SELECT n FROM a", "encodings": { column: "cp775" } }));
    let told = site.fault(&by("N"));
    assert!(told.0 == "Q013" && told.1.ends_with(&format!("{name}, {name} | N | n")), "{told:?}");
    assert!(site.fetch(&by("n"), None).unwrap().files.is_empty());
}
