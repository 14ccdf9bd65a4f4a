//! PostgreSQL as an installation meets it: rights, passwords, TLS, locks, a server that is not there.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use insta::assert_snapshot;
use sqlx::{Connection as _, PgConnection};
use vienkop_test_cluster::Cluster;

use crate::support::{Project, Ran, count};

const COULD_NOT_RUN: i32 = 2;
const CSV: &str = "code;name;description\n01;Alfa;Pirmais\n02;Beta;Otrais\n";

/// Two sources; nobody else's roles and databases have its number.
fn project() -> (Project, u64) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let project = Project::new();
    project.services("a", CSV).services("b", "code;name;description\n9;Cits;X\n").pipeline(&["a", "b"]);
    (project, NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// A database's URL for another role, with further parameters.
fn as_role(url: &str, role: &str, more: &str) -> String {
    format!("{}{more}", url.replacen("//vienkop@", &format!("//{role}@"), 1))
}

#[test]
fn a_role_of_its_own_opens_the_registry_and_one_that_may_only_write_rows_runs() {
    let (project, number) = project();
    let cluster = Cluster::shared();
    let database = format!("rights_{number}");
    let admin = cluster.create_database(&database);
    let (owner, worker) = (format!("owner_{number}"), format!("worker_{number}"));
    cluster.psql(
        &database,
        &format!(
            "CREATE ROLE {owner} LOGIN; CREATE ROLE {worker} LOGIN; REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC;
            CREATE SCHEMA vienkop"
        ),
    );
    let schema = "&options=-c%20search_path%3Dvienkop";
    let (as_owner, as_worker) = (as_role(&admin, &owner, schema), as_role(&admin, &worker, schema));

    // Nothing granted: the check tells every statement that is missing, the run what is wrong.
    let bare = project.vienkop(&["check", "--registry", &as_owner]).ends(COULD_NOT_RUN).stdout;
    let refused = project.vienkop(&["run", "--registry", &as_owner, "--lang", "lv"]).ends(COULD_NOT_RUN).stderr;
    assert!(refused.contains("drīkst tikai lasīt"), "{refused}");
    cluster.psql(
        &database,
        &format!("GRANT TEMPORARY ON DATABASE {database} TO {owner}; GRANT USAGE, CREATE ON SCHEMA vienkop TO {owner}"),
    );
    let ready = project.vienkop(&["check", "--registry", &as_owner]).ends(0).stdout;
    let tables =
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'vienkop'";
    assert_eq!(cluster.psql(&database, tables).trim(), "0", "a check writes nothing");
    project.run(&["--registry", &as_owner]).ends(0);

    // The worker may write rows and make temporary tables, nothing else.
    cluster.psql(
        &database,
        &format!(
            "GRANT TEMPORARY ON DATABASE {database} TO {worker}; GRANT USAGE ON SCHEMA vienkop TO {worker};
            GRANT SELECT ON ALL TABLES IN SCHEMA vienkop TO {worker}"
        ),
    );
    let reader = project.vienkop(&["check", "--registry", &as_worker, "--lang", "lv"]).ends(COULD_NOT_RUN).stdout;
    project.vienkop(&["runs", "--registry", &as_worker]).ends(0);
    cluster.psql(&database, &format!("GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA vienkop TO {worker}"));
    let fine = project.vienkop(&["check", "--registry", &as_worker]).ends(0).stdout;
    project.services("a", &CSV.replace("Beta", "Bēta"));
    let plan = project.vienkop(&["plan", "--json", "--registry", &as_worker]).ends(0).json();
    assert_eq!(count(&plan, "a", "service", "changed"), 1);
    let run = project.run(&["--registry", &as_worker]).ends(0).json();
    assert_eq!(count(&run, "a", "service", "changed"), 1);
    let public =
        cluster.psql(&database, "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'");
    assert_eq!(public.trim(), "0", "everything is in the schema of the address");

    let told = [("nothing granted", bare), ("ready", ready), ("may only read", reader), ("rows only", fine)];
    let told: Vec<String> = told.iter().map(|(what, said)| format!("--- {what}\n{said}")).collect();
    let told =
        told.concat().replace(&format!("_{number}"), "_0").replace(&cluster.folder().display().to_string(), "/socket");
    assert_snapshot!("rights", told);
}

#[test]
fn passwords_come_from_the_environment_or_a_file_and_certificates_are_checked() {
    let (project, _) = project();
    let cluster = Cluster::start_with_tls();
    cluster.create_database("tls");
    let url = cluster.tls_url("localhost", "tls");
    let password = url.split_once("//vienkop:").unwrap().1.split_once('@').unwrap().0.to_owned();
    let bare = url.replace(&format!(":{password}@"), "@");
    let port = bare.split_once("localhost:").unwrap().1.split_once('/').unwrap().0;
    let (authority, other) = (cluster.authority(), cluster.other_authority());
    let verified = |url: &str, authority: &std::path::Path| {
        format!("{url}&sslmode=verify-full&sslrootcert={}", authority.display())
    };
    let with = |url: &str, environment: &[(&str, &str)], words: &[&str]| {
        let mut command = project.command(&[words, &["--registry", url]].concat());
        command.env_remove("PGPASSWORD").env("PGPASSFILE", "/nonexistent").envs(environment.iter().copied());
        Ran::of(&command.output().unwrap())
    };
    let run = ["run", "--json", "--as-of", "2024-07-08"];

    with(&verified(&url, &authority), &[], &run).ends(0);
    with(&verified(&bare, &authority), &[("PGPASSWORD", &password)], &run).ends(0);
    let passes = project.path("pgpass");
    fs::write(&passes, format!("localhost:{port}:tls:vienkop:{password}\n")).unwrap();
    fs::set_permissions(&passes, fs::Permissions::from_mode(0o600)).unwrap();
    with(&verified(&bare, &authority), &[("PGPASSFILE", passes.to_str().unwrap())], &run).ends(0);
    let encrypted = "SELECT count(*) FROM pg_stat_ssl WHERE ssl";
    assert_eq!(cluster.psql("tls", encrypted).trim(), "0", "nobody is left connected");

    // The address may stand in vienkop.toml.
    let settings = fs::read_to_string(project.path("config/vienkop.toml")).unwrap();
    project.file("config/vienkop.toml", format!("registry = \"{}\"\n{settings}", verified(&bare, &authority)));
    let mut runs = project.command(&["runs", "--json"]);
    let runs = Ran::of(&runs.env("PGPASSWORD", &password).output().unwrap()).ends(0).json();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 3);

    let wrong_host = cluster.tls_url("127.0.0.1", "tls");
    let wrong_password = url.replace(&password, "nepareiza-parole");
    let cases = [
        ("another authority", verified(&url, &other)),
        ("another name", verified(&wrong_host, &authority)),
        ("no certificate at all", verified(&url, std::path::Path::new("/nonexistent.crt"))),
        ("wrong password", wrong_password),
        ("no such database", url.replace("/tls?", "/nav?")),
        ("no such role", url.replace("//vienkop:", "//neviens:")),
        ("no encryption", format!("{url}&sslmode=disable")),
        ("nobody there", format!("postgres://vienkop:{password}@127.0.0.1:1/tls")),
        ("misspelt", format!("{url}&sslmod=verify-full")),
        ("misspelt password", format!("{bare}&pasword={password}")),
        ("unreadable", format!("postgres://vienkop:{password}@localhost:port/tls")),
        ("a bare question mark", format!("postgres://vienkop:{password}?{password}@localhost/tls")),
    ];
    let mut told = String::new();
    let loud = ["-vv", "--log-format", "json"];
    for (what, url) in cases {
        for words in [
            &["run", "--lang", "lv"][..],
            &["run", "--lang", "en"],
            &["check", "--json"],
            &[&["run", "--json"][..], &loud].concat(),
            &[&["plan"][..], &loud].concat(),
        ] {
            let ran = with(&url, &[], words).ends(COULD_NOT_RUN);
            for said in [&ran.stdout, &ran.stderr] {
                assert!(!said.contains(&password) && !said.contains("nepareiza"), "{what}, {words:?}: {said}");
            }
            if words[1] == "--lang" {
                told += &format!("--- {what}\n{}", ran.stderr);
            }
        }
    }
    let told = told.replace(port, "5432").replace(&cluster.folder().display().to_string(), "/folder");
    assert_snapshot!("refused", told);
}

/// A source's lock, held by the test: a run of that source has begun, and waits.
struct Held {
    runtime: tokio::runtime::Runtime,
    connection: PgConnection,
}

impl Held {
    fn source(url: &str, source: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connection = runtime.block_on(async {
            let mut connection = PgConnection::connect(url).await.unwrap();
            let key = "('x' || substr(encode(sha256($1::text::bytea), 'hex'), 1, 16))::bit(64)::bigint";
            let take = format!("SELECT pg_advisory_lock({key})");
            let take = sqlx::query(sqlx::AssertSqlSafe(take)).bind(format!("vienkop source {source}"));
            take.execute(&mut connection).await.unwrap();
            connection
        });
        Self { runtime, connection }
    }

    fn release(self) {
        self.runtime.block_on(self.connection.close()).unwrap();
    }
}

/// Starts the program and waits until it asks for the lock of a source that it does not get; `when`: and this is so.
fn start(project: &Project, cluster: &Cluster, database: &str, when: &str, words: &[&str]) -> Child {
    let mut command = project.command(words);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The connection that keeps the pipeline's lock asked once and got it; this one asks ten times a second.
    let asks = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE \
        'SELECT CASE WHEN pg_try_advisory_lock%' AND query_start > backend_start + interval '500 ms'
        AND application_name LIKE '%process ";
    let asks = format!("{asks}{}' AND {when}", child.id());
    while cluster.psql(database, &asks).trim() == "0" {
        assert!(child.try_wait().unwrap().is_none(), "{:?}", child.wait_with_output());
        thread::sleep(Duration::from_millis(20));
    }
    child
}

#[test]
fn the_same_pipeline_waits_for_itself_and_other_sources_do_not() {
    let (project, number) = project();
    let cluster = Cluster::shared();
    let database = format!("locks_{number}");
    let url = cluster.create_database(&database);
    project.run(&["--registry", &url]).ends(0);
    let held = Held::source(&url, "a");
    let first = start(&project, cluster, &database, "true", &["run", "a", "--registry", &url]);
    let holder = format!("vienkop, process {}", first.id());
    for (language, sentence) in [("en", "pipeline a is held by "), ("lv", "plūsmu „a” izpilda ")] {
        let second = project.vienkop(&["run", "a", "--registry", &url, "--lang", language]).ends(COULD_NOT_RUN);
        assert!(second.stderr.contains(&format!("{sentence}{holder}")), "{}", second.stderr);
    }
    // Of another source nobody waits, and its data are there before the first run is done.
    project.services("b", "code;name;description\n9;Cits;Y\n");
    let beside = project.vienkop(&["run", "b", "--json", "--registry", &url]).ends(0).json();
    assert_eq!(count(&beside, "b", "service", "changed"), 1);
    held.release();
    Ran::of(&first.wait_with_output().unwrap()).ends(0);
    let running = "SELECT count(*), count(finished_at) FROM run";
    assert_eq!(cluster.psql(&database, running).trim(), "3|3", "runs refused have no record");
}

#[test]
fn a_server_that_goes_away_is_told_and_missed_only_until_it_is_back() {
    let (project, _) = project();
    let cluster = Cluster::start();
    let url = cluster.create_database("away");
    project.run(&["--registry", &url]).ends(0);
    project.services("b", "code;name;description\n9;Cits;Y\n");
    let held = Held::source(&url, "b");
    let done = "EXISTS (SELECT FROM run_source WHERE run = 2 AND source = 'a')";
    let json = ["run", "--json", "--lang", "lv", "--registry", &url];
    let run = start(&project, &cluster, "away", done, &json);
    cluster.stop();
    let ran = Ran::of(&run.wait_with_output().unwrap()).ends(COULD_NOT_RUN);
    drop(held);
    let outcome = ran.json();
    let statuses: Vec<&str> =
        outcome["sources"].as_array().unwrap().iter().map(|source| source["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["ok", "failed"], "what was done before is told");
    for said in [ran.stderr.as_str(), outcome["error"].as_str().unwrap()] {
        assert!(said.contains("palaidiet vēlreiz, kad serveris atbild"), "{said}");
    }
    let away = project.vienkop(&["check", "--registry", &url, "--lang", "lv"]).ends(COULD_NOT_RUN);
    assert!(away.stdout.contains("nav sasniedzams"), "{}", away.stdout);
    cluster.restart();
    let after = project.run(&["--registry", &url]).ends(0).json();
    assert_eq!(count(&after, "b", "service", "changed"), 1);
}
