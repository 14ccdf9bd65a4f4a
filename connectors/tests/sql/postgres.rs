//! PostgreSQL: every type in the server's own letters, rights, a server that goes away.

use serde_json::json;
use vienkop_test_cluster::Cluster;

use crate::common::{Site, silent};

/// An empty database of the server that the tests share: its name and address.
fn database(cluster: &Cluster, statements: &str) -> (String, String) {
    let url = cluster.fresh_database();
    let name = url.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    cluster.psql(&name, statements);
    (name, url)
}

#[test]
fn values_land_in_the_servers_letters() {
    let (_, url) = database(
        Cluster::shared(),
        "CREATE TYPE veids AS ENUM ('a', 'ā'); CREATE DOMAIN kods AS varchar(10);
        CREATE TABLE a (i bigint, n numeric, r real, d double precision, b boolean, t text, c char(3), k kods, v veids,
            day date, at timestamp, tz timestamptz, clock time, span interval, bytes bytea, doc jsonb, raw json, id uuid, m inet);
        INSERT INTO a VALUES (9223372036854775807, 1.10, 0.1, 1e20, true, 'ā\"', 'x', '007', 'ā', '2004-06-04',
            '2024-07-08 10:00:00.5', '2024-07-08 10:00:00+03', '10:00', '1 mon 2 days', '\\x00ff', '{\"a\": 1.10}',
            E'{\"b\":\\n2}', '11111111-2222-3333-4444-555555555555', '10.0.0.1');
        INSERT INTO a (n, d, day, tz) VALUES ('NaN', '-Infinity', 'infinity', NULL);",
    );
    let site = Site::new();
    let lines = site.one(&site.options(&url, json!({ "query": "SELECT * FROM a" })));
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(
        lines[0],
        "{\"i\":9223372036854775807,\"n\":1.10,\"r\":0.1,\"d\":1e+20,\"b\":true,\"t\":\"ā\\\"\",\"c\":\"x  \",\"k\":\"007\",\"v\":\"ā\",\
         \"day\":\"2004-06-04\",\"at\":\"2024-07-08T10:00:00.5\",\"tz\":\"2024-07-08T07:00:00Z\",\"clock\":\"10:00:00\",\
         \"span\":\"P1M2D\",\"bytes\":\"00ff\",\"doc\":{\"a\": 1.10},\"raw\":{\"b\": 2},\
         \"id\":\"11111111-2222-3333-4444-555555555555\",\"m\":\"10.0.0.1\"}"
    );
    assert!(lines[1].contains("\"n\":\"NaN\",\"r\":null,\"d\":\"-Infinity\""), "{}", lines[1]);
    assert!(lines[1].contains("\"day\":\"infinity\",\"at\":null"), "{}", lines[1]);
    // What only the server can write is told by its name.
    for (made, called) in [("ARRAY[1, 2]", "integer[]"), ("ROW(1, 2)", "record"), ("int4range(1, 2)", "int4range")] {
        let told =
            site.fault(&site.options(&url, json!({ "query": format!("SELECT 1 AS a, {made} AS b"), "name": "a" })));
        assert_eq!(told.0, "Q005");
        assert!(told.1.ends_with(&format!(", a | b | {called}")), "{told:?}");
    }
}

#[test]
fn only_what_changed_comes_by_any_type() {
    let (name, url) = database(
        Cluster::shared(),
        "CREATE TABLE a (id bigint, n numeric, at timestamp, tz timestamptz, day date);
        INSERT INTO a SELECT g, g / 10.0, timestamp '2024-07-01' + g * interval '1 minute',
            timestamptz '2024-07-01 00:00+00' + g * interval '1 minute', date '2024-06-01' + g::int / 1000
        FROM generate_series(1, 3000) g;",
    );
    let site = Site::new();
    for (column, first) in [
        ("id", json!(0)),
        ("n", json!(0)),
        ("at", json!("1970-01-01")),
        ("tz", json!("1970-01-01")),
        ("day", json!("1970-01-01")),
    ] {
        let query = format!("SELECT {column} FROM a WHERE {column} > :cursor ORDER BY random()");
        let options =
            site.options(&url, json!({ "query": query, "name": "a", "cursor": { "column": column, "first": first } }));
        let came = site.fetch(&options, None).unwrap();
        assert_eq!(came.files["a"].lines().count(), 3000, "{column}");
        let cursor = came.fetching.cursor.unwrap();
        let again = site.fetch(&options, Some(&cursor)).unwrap();
        assert_eq!((again.files.len(), again.fetching.cursor.as_ref()), (0, Some(&cursor)), "{column}");
    }
    Cluster::shared().psql(&name, "UPDATE a SET at = '2024-07-08 08:00' WHERE id = 7");
    let options = site.options(
        &url,
        json!({ "query": "SELECT id, at FROM a WHERE at > :cursor", "name": "a", "cursor": { "column": "at", "first": "2024-07-08 07:59:59.9" } }),
    );
    assert_eq!(site.fetch(&options, None).unwrap().files["a"], "{\"id\":7,\"at\":\"2024-07-08T08:00:00\"}\n");
    // Quotes in it are part of the value.
    let odd = site.options(
        &url,
        json!({ "query": "SELECT 'x' AS t WHERE 'a' <> :cursor", "cursor": { "column": "t", "first": "' OR 1=1 --" } }),
    );
    assert_eq!(site.fetch(&odd, None).unwrap().files.len(), 1);
}

#[test]
fn nothing_is_written_whatever_the_query() {
    let (name, url) = database(
        Cluster::shared(),
        "CREATE TABLE a (id int); CREATE SEQUENCE s;
        CREATE FUNCTION raksta() RETURNS int LANGUAGE sql AS 'INSERT INTO a VALUES (1) RETURNING id';",
    );
    let site = Site::new();
    for query in [
        "SELECT raksta() AS n",
        "WITH x AS (DELETE FROM a RETURNING id) SELECT id FROM x",
        "SELECT nextval('s') AS n",
        "SELECT set_config('transaction_read_only', 'off', false), raksta() AS n",
        "SELECT id FROM a FOR UPDATE",
    ] {
        let told = site.fault(&site.options(&url, json!({ "query": query })));
        assert!(matches!(told.0, "Q006" | "Q003"), "{query}: {told:?}");
    }
    assert_eq!(Cluster::shared().psql(&name, "SELECT count(*) FROM a").trim(), "0");
}

#[test]
fn what_is_wrong_is_told_without_the_password() {
    let cluster = Cluster::start_with_tls();
    cluster.psql("postgres", "CREATE ROLE lasa LOGIN PASSWORD 'noslepums'; CREATE TABLE slegta (id int)");
    let site = Site::new();
    let authority = cluster.authority();
    let at = cluster.tls_url("localhost", "postgres");
    let at = at.split_once('@').unwrap().1.split('?').next().unwrap();
    let url = |login: &str, more: &str| {
        format!("postgres://{login}@{at}?sslmode=verify-full&sslrootcert={}{more}", authority.display())
    };
    let ask = |url: &str, query: &str| {
        let told = site.fault(&site.options(url, json!({ "query": query, "name": "a", "connect_seconds": 5 })));
        silent(&told, "noslepums");
        told
    };
    assert_eq!(ask(&url("lasa:noslepums2", ""), "SELECT 1 AS n").0, "Q002");
    // Nothing of the environment's (the registry's) password goes to this server.
    assert_eq!(ask(&url("lasa", ""), "SELECT 1 AS n").0, "Q002");
    let right = ask(&url("lasa:noslepums", ""), "SELECT id FROM slegta");
    assert_eq!(right, ("Q004", format!("postgres://{at}, a | permission denied for table slegta")));
    let wrong = format!(
        "postgres://lasa:noslepums@{at}?sslmode=verify-full&sslrootcert={}",
        cluster.other_authority().display()
    );
    assert_eq!(ask(&wrong, "SELECT 1 AS n").0, "Q001");
    let none = url("lasa:noslepums", "").replace("/postgres?", "/nav?");
    let none = ask(&none, "SELECT 1 AS n");
    assert!(none.0 == "Q001" && none.1.contains("\"nav\""), "{none:?}");
    assert_eq!(ask("postgres://lasa:noslepums@127.0.0.1:1/a", "SELECT 1 AS n").0, "Q001");
    assert_eq!(ask(&url("lasa:noslepums", "&sslmod=x"), "SELECT 1 AS n"), ("Q012", "adrese | sslmod".to_owned()));
    let broken = ask(&url("lasa:noslepums", ""), "SELECT 1 / 0 AS n");
    assert_eq!(broken, ("Q003", format!("postgres://{at}, a | division by zero")));
    let code = ask(&url("lasa:noslepums", ""), "SELECT CAST('010190-12345' AS int) AS n");
    assert!(code.0 == "Q003" && !code.1.contains("12345"), "{code:?}");
    site.holds_nowhere("noslepums");
}

#[test]
fn a_server_that_goes_away_loads_nothing() {
    let cluster = Cluster::start();
    let url = cluster.fresh_database();
    let site = Site::new();
    let options = site.options(
        &url,
        json!({ "query": [
            { "name": "a", "query": "SELECT 1 AS n" },
            { "name": "b", "query": "SELECT g AS n, repeat('x', 1000) AS t FROM generate_series(1, 1000000) g" },
        ] }),
    );
    let ended = site.try_fetch(&options, None, |name| {
        if name == "b" {
            cluster.stop();
        }
    });
    let Err(vienkop_connectors::fetch::FetchError::File(finding)) = ended else { panic!("{ended:?}") };
    assert_eq!(finding.code, "Q009");
    let slow = site.options(
        &Cluster::shared().fresh_database(),
        json!({ "query": "SELECT pg_sleep(60) AS n", "timeout_seconds": 1 }),
    );
    assert_eq!(site.fault(&slow).0, "Q007");
}

#[test]
fn columns_of_a_result_without_rows() {
    let (name, url) = database(Cluster::shared(), "CREATE TABLE a (n bytea, t text);");
    let site = Site::new();
    let by = |column: &str| site.options(&url, json!({ "query": "SELECT n FROM a", "encodings": { column: "cp775" } }));
    let told = site.fault(&by("N"));
    assert!(told.0 == "Q013" && told.1.ends_with(&format!("{name}, {name} | N | n")), "{told:?}");
    assert!(site.fetch(&by("n"), None).unwrap().files.is_empty());
}

#[test]
fn a_link_local_address_is_never_connected_to() {
    let site = Site::new();
    for (url, shown, address) in [
        ("postgres://a:noslepums@169.254.169.254/d", "postgres://169.254.169.254:5432/d", "169.254.169.254"),
        ("postgres://a:noslepums@[fe80::1]:5433/d", "postgres://[fe80::1]:5433/d", "fe80::1"),
        ("mysql://a:noslepums@[::ffff:169.254.1.2]/d", "mysql://[::ffff:a9fe:102]:3306/d", "::ffff:169.254.1.2"),
        ("mariadb://a:noslepums@169.254.1.2:3307/d", "mysql://169.254.1.2:3307/d", "169.254.1.2"),
    ] {
        let begin = std::time::Instant::now();
        let told = site.fault(&site.options(url, json!({ "query": "SELECT 1 AS a" })));
        assert_eq!(told, ("Q015", format!("{shown} | {address}")));
        assert!(begin.elapsed() < std::time::Duration::from_secs(10));
        silent(&told, "noslepums");
    }
}
