//! Locks: one writer at a time, one run of a source at a time, and whoever waits learns for whom.
//!
//! SQLite: files beside the database, locked by the operating system, so that a dead process holds nothing.
//! PostgreSQL: advisory locks, so that workers on several machines keep out of each other's way; the name of the
//! application says who they are.

use std::fs::TryLockError;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Registry;
use super::error::RegistryError;
use super::session::{Server, Session};
use super::sql::Dialect;

/// How often a waiting process looks again.
const LOOK: Duration = Duration::from_millis(100);

/// A name that nobody else may use until this is dropped.
pub struct Lock {
    _held: Held,
}

#[allow(dead_code, reason = "kept for what dropping it does")]
enum Held {
    File(fs_err::File),
    Session(Box<Session>),
}

/// Who we are, for those who wait for us.
pub(super) fn holder() -> String {
    format!("vienkop, process {}", std::process::id())
}

impl Registry {
    /// Takes the lock of a name (`source x`, `pipeline y`), waits for it at most `wait`.
    ///
    /// # Errors
    /// [`RegistryError::Held`]: another process has it, with its name; else the registry cannot be reached.
    pub async fn lock(&self, what: &str, wait: Duration) -> Result<Lock, RegistryError> {
        let held = match &self.server {
            Server::Sqlite(_) => Held::File(self.lock_file(what, wait).await?),
            Server::Postgres(_) => {
                let mut session = self.connect().await?;
                let deadline = Instant::now() + wait;
                loop {
                    let key = key(what);
                    let taken = "SELECT CASE WHEN pg_try_advisory_lock($1) THEN CAST(1 AS BIGINT) ELSE 0 END";
                    if first_number(&mut session, taken, key).await? == Some(1) {
                        break Held::Session(Box::new(session));
                    }
                    if Instant::now() >= deadline {
                        let holder = holder_of(&mut session, key).await?;
                        return Err(RegistryError::Held { what: what.to_owned(), holder, waited: wait });
                    }
                    tokio::time::sleep(LOOK).await;
                }
            }
        };
        Ok(Lock { _held: held })
    }

    async fn lock_file(&self, what: &str, wait: Duration) -> Result<fs_err::File, RegistryError> {
        let folder = PathBuf::from(format!("{}.locks", self.site.path));
        fs_err::create_dir_all(&folder)?;
        let path = folder.join(what.replace([' ', '/'], "-"));
        let mut options = fs_err::OpenOptions::new();
        let file = options.create(true).truncate(false).read(true).write(true).open(&path)?;
        let named = path.with_file_name(format!("{}.holder", path.file_name().unwrap_or_default().display()));
        let deadline = Instant::now() + wait;
        loop {
            match file.file().try_lock() {
                Ok(()) => {
                    // Told beside the locked file: on Windows nobody else could read that one.
                    fs_err::write(&named, holder())?;
                    return Ok(file);
                }
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => tokio::time::sleep(LOOK).await,
                Err(TryLockError::WouldBlock) => {
                    let holder = read_holder(&named);
                    return Err(RegistryError::Held { what: what.to_owned(), holder, waited: wait });
                }
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
        }
    }
}

fn read_holder(path: &Path) -> Option<String> {
    fs_err::read_to_string(path).ok().filter(|name| !name.is_empty())
}

/// Waits, inside a transaction just begun, until no other writes; at most as long as the registry's users agreed to.
pub(super) async fn writer(session: &mut Session) -> Result<(), RegistryError> {
    let key = key("writer");
    let deadline = Instant::now() + session.site.wait;
    loop {
        let taken = "SELECT CASE WHEN pg_try_advisory_xact_lock($1) THEN CAST(1 AS BIGINT) ELSE 0 END";
        if first_number(session, taken, key).await? == Some(1) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let holder = holder_of(session, key).await?;
            session.run("ROLLBACK").await?;
            return Err(RegistryError::Held { what: "writer".to_owned(), holder, waited: session.site.wait });
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn first_number(session: &mut Session, text: &str, key: i64) -> Result<Option<i64>, RegistryError> {
    debug_assert_eq!(session.dialect(), Dialect::Postgres);
    let rows = session.rows(text, &[key.into()]).await?;
    let number = rows.first().map(|row| row.try_get(0)).transpose();
    number.map_err(|error| session.site.error(error))
}

/// Name and address of the connection that holds an advisory lock of this database. Of another role's connections
/// only members of `pg_read_all_stats` learn the name.
async fn holder_of(session: &mut Session, key: i64) -> Result<Option<String>, RegistryError> {
    let text = "SELECT a.application_name || coalesce(' (' || host(a.client_addr) || ')', '') || ', '
        || to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
        FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.granted
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND ((CAST(l.classid AS BIGINT) << 32) | CAST(l.objid AS BIGINT)) = $1 LIMIT 1";
    let rows = session.rows(text, &[key.into()]).await?;
    let name = rows.first().and_then(|row| row.try_get::<Option<String>, _>(0).transpose()).transpose();
    name.map_err(|error| session.site.error(error))
}

/// Key of an advisory lock: the first bytes of a hash of the name.
fn key(what: &str) -> i64 {
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(format!("vienkop {what}"));
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash[..8]);
    i64::from_be_bytes(bytes)
}
