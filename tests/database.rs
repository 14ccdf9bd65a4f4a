//! A database as a source: all of it, only what changed, and nothing when it is not whole.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqliteConnection, sqlite::SqliteConnectOptions};
use vienkop_test_cluster::Cluster;

use crate::support::{Project, assert_conservation, count, source};

fn execute(project: &Project, statements: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(project.path("registrs.db")).create_if_missing(true);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        connection.execute(sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))).await.unwrap();
        connection.close().await.unwrap();
    });
}

const SERVICES: &str = "[format]\nkind = \"json\"\nlines = true\n[[table]]\nentity = \"service\"\n[table.fields]\ncode = \"kods\"\n\
    name = \"nosaukums\"\nowner_reg_no = { value = \"90000270634\" }\n";

/// What a plan says and what a delta does: only what changed is read, nothing is retired, a failed run moves nothing.
#[test]
fn only_what_changed_is_read() {
    let project = Project::new();
    execute(
        &project,
        "CREATE TABLE p (kods TEXT, nosaukums TEXT, mainits TEXT);
        INSERT INTO p VALUES ('1', 'Pirmais', '2024-07-01'), ('2', 'Otrais', '2024-07-02');",
    );
    let fetch = "delivers = \"delta\"\n[fetch]\nkind = \"sql\"\nfile = \"registrs.db\"\nname = \"p\"\n\
        query = \"SELECT kods, nosaukums, mainits FROM p WHERE mainits > :cursor\"\n\
        cursor = { column = \"mainits\", first = \"2000-01-01\" }\n";
    project.source("db", &format!("{fetch}{SERVICES}")).pipeline(&["db"]);
    let plan = project.vienkop(&["plan", "--json", "--as-of", "2024-07-08"]).ends(0).json();
    assert_eq!(count(&plan, "db", "service", "inserted"), 2);
    let first = project.run(&[]).ends(0).json();
    assert_eq!(count(&first, "db", "service", "inserted"), 2);
    let second = project.run(&[]).ends(0).json();
    let rows = &source(&second, "db")["rows"];
    assert_eq!((rows["read"].as_u64(), source(&second, "db")["status"].as_str()), (Some(0), Some("ok")), "{second:#}");
    assert!(source(&second, "db")["findings"].as_object().unwrap().is_empty(), "{second:#}");
    execute(
        &project,
        "UPDATE p SET nosaukums = 'Otrais, mainīts', mainits = '2024-07-03' WHERE kods = '2'; DELETE FROM p WHERE kods = '1'",
    );
    // A delivery that is not whole leaves the cursor where it was.
    project.source("db", &format!("{}{SERVICES}", fetch.replace("FROM p", "FROM nav")));
    let failed = project.run(&[]).ends(1).json();
    assert!(source(&failed, "db")["error"].as_str().unwrap().starts_with("Q003"), "{failed:#}");
    project.source("db", &format!("{fetch}{SERVICES}"));
    let third = project.run(&[]).ends(0).json();
    assert_eq!(source(&third, "db")["rows"]["read"], 1);
    assert_eq!((count(&third, "db", "service", "changed"), count(&third, "db", "service", "retired")), (1, 0));
    assert_conservation(&third);
    assert_eq!(project.vienkop(&["check", "db"]).ends(0).stderr, "");
}

#[test]
fn a_cursor_does_not_go_with_a_snapshot() {
    let project = Project::new();
    execute(&project, "CREATE TABLE p (kods TEXT, nosaukums TEXT);");
    let fetch = "[fetch]\nkind = \"sql\"\nfile = \"registrs.db\"\nquery = \"SELECT kods, nosaukums FROM p WHERE kods > :cursor\"\n\
        cursor = { column = \"kods\", first = \"\" }\n";
    project.source("db", &format!("{fetch}{SERVICES}")).pipeline(&["db"]);
    let told = project.vienkop(&["check"]).ends(2);
    assert!(told.stderr.contains("delivers = \"delta\""), "{}", told.stderr);
}

/// Each table reads the query that it names; a snapshot in which a query has no rows waits for approval.
#[test]
fn tables_read_the_queries_that_they_name() {
    let project = Project::new();
    execute(
        &project,
        "CREATE TABLE p (kods TEXT, nosaukums TEXT); INSERT INTO p VALUES ('1', 'Pirmais'), ('2', 'Otrais');
        CREATE TABLE s (kods TEXT, nr INTEGER, nosaukums TEXT); INSERT INTO s VALUES ('1', 1, 'Solis'), ('1', 2, 'Vēl solis');",
    );
    let fetch = "[fetch]\nkind = \"sql\"\nfile = \"registrs.db\"\n\
        query = [{ name = \"p\", query = \"SELECT * FROM p\" }, { name = \"soli\", query = \"SELECT * FROM s\" }]\n";
    let tables = |services: &str, steps: &str| {
        format!(
            "{fetch}[format]\nkind = \"json\"\nlines = true\n\
             [[table]]\nentity = \"service\"\nfiles = [\"{services}\"]\n\
             fields = {{ code = \"kods\", name = \"nosaukums\", owner_reg_no = {{ value = \"90000270634\" }} }}\n\
             [[table]]\nentity = \"service.steps\"\nfiles = [\"{steps}\"]\n[table.fields]\n\"parent.code\" = \"kods\"\n\
             \"parent.owner_reg_no\" = {{ value = \"90000270634\" }}\nno = \"nr\"\nname = \"nosaukums\"\n"
        )
    };
    project.source("db", &tables("p", "soli")).pipeline(&["db"]);
    let first = project.run(&[]).ends(0).json();
    assert_eq!(source(&first, "db")["rows"]["read"], 4);
    assert_eq!((count(&first, "db", "service", "inserted"), count(&first, "db", "service.steps", "mapped")), (2, 2));
    assert_conservation(&first);
    assert_eq!(project.vienkop(&["check", "db"]).ends(0).code, 0);
    project.source("db", &tables("p", "solli"));
    let lost = project.run(&[]).ends(1).json();
    let error = source(&lost, "db")["error"].as_str().unwrap().to_owned();
    assert!(error.starts_with("F010 solli") && error.contains("soli)"), "{error}");
    project.source("db", &tables("p", "s*"));
    execute(&project, "DELETE FROM p; DELETE FROM s");
    let empty = project.run(&[]).ends(3).json();
    assert!(source(&empty, "db")["error"].as_str().unwrap().starts_with("S002"), "{empty:#}");
}

/// A password of an address is in no output, whatever goes wrong and however much is logged.
#[test]
fn a_password_is_shown_nowhere() {
    let cluster = Cluster::start_with_tls();
    cluster.psql("postgres", "CREATE ROLE lasa LOGIN PASSWORD 'noslepums1'; CREATE TABLE slegta (id int)");
    let project = Project::new();
    let at = cluster.tls_url("localhost", "postgres");
    let at = at.split_once('@').unwrap().1.split('?').next().unwrap();
    let tls = format!("sslmode=verify-full&sslrootcert={}", cluster.authority().display());
    for (n, (password, query, more)) in [
        ("noslepums1", "SELECT '1' AS kods, 'A' AS nosaukums", ""),
        ("noslepums2", "SELECT '1' AS kods, 'A' AS nosaukums", ""),
        ("noslepums1", "SELECT * FROM slegta", ""),
        ("noslepums1", "SELECT * FROM nav", ""),
        ("noslepums1", "SELECT 1", "&sslmod=a"),
    ]
    .into_iter()
    .enumerate()
    {
        project.file(&format!("adrese{n}"), format!("postgres://lasa:{password}@{at}?{tls}{more}\n"));
        project.source(
            &format!("db{n}"),
            &format!("[fetch]\nkind = \"sql\"\nurl = {{ file = \"adrese{n}\" }}\nquery = \"{query}\"\n{SERVICES}"),
        );
    }
    project.pipeline(&["db*"]);
    let mut said = String::new();
    for words in [
        &["run", "--as-of", "2024-07-08", "-v"][..],
        &["run", "--json", "--as-of", "2024-07-08"],
        &["check", "-v"],
        &["plan", "--json"],
        &["findings", "--json"],
        &["runs", "--json"],
        &["list", "sources", "--json"],
    ] {
        let mut command = project.command(words);
        let output = command.env("RUST_LOG", "trace").env("PGPASSWORD", "noslepums3").output().unwrap();
        said.push_str(&String::from_utf8_lossy(&output.stdout));
        said.push_str(&String::from_utf8_lossy(&output.stderr));
    }
    for code in ["Q002", "Q003", "Q004", "Q012"] {
        assert!(said.contains(code), "{code}: {said}");
    }
    assert!(!said.contains("noslepums"), "{said}");
    for (path, content) in project.everything_below("var") {
        assert!(!String::from_utf8_lossy(&content).contains("noslepums"), "{}", path.display());
    }
}

#[test]
fn presets_are_listed() {
    let project = Project::new();
    let preset = "title = \"Sistēma\"\ndocumentation = \"https://sistema.example\"\nverified = false\n[fetch]\nkind = \"file\"\n[format]\nkind = \"csv\"\n";
    project.file("config/presets/sistema.toml", preset).services("a", "kods,nosaukums\n1,Pirmais\n").pipeline(&["a"]);
    let listed = project.vienkop(&["list", "presets", "--lang", "en"]).ends(0);
    assert_eq!(listed.stdout, "sistema  Sistēma  file  made from the documentation, has not met a real system\n");
    let json = project.vienkop(&["list", "presets", "--json"]).ends(0).json();
    assert_eq!((json[0]["name"].as_str(), json[0]["verified"].as_bool()), (Some("sistema"), Some(false)));
}
