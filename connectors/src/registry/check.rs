//! Whether a registry can be used, found out without writing to it.

use std::fs::File;
use std::path::Path;

use super::error::RegistryError;
use super::session::{Server, Session, Value};
use super::{Registry, WAIT, schema};

/// What a look at a registry found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Where it is, without password.
    pub url: String,
    /// There is none yet: the first run makes it.
    pub missing: bool,
    /// What keeps it from being used; empty: nothing.
    pub lacks: Vec<Lack>,
}

/// What a registry lacks to be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lack {
    /// A right; the statement that gives it.
    Grant(String),
    /// No schema of the `search_path` exists; its value.
    Schema(String),
    /// The server takes no writes (a standby, `default_transaction_read_only`).
    ReadOnly,
    /// The file or its folder may not be written.
    File(String),
}

/// Rights of the role, as statements that would give those that are missing. (A schema without `USAGE` is not the current
/// one to begin with.)
const GRANTS: &str = "
SELECT format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), current_user)
WHERE NOT has_database_privilege(current_database(), 'TEMPORARY')
UNION ALL
SELECT DISTINCT
    format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO %I', current_schema(), current_user)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relname = ANY (string_to_array($1, ','))
AND NOT (has_table_privilege(c.oid, 'SELECT')
    AND (c.relkind = 'v' OR (has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
        AND has_table_privilege(c.oid, 'DELETE'))))";

/// What making or changing tables needs beyond that.
const CREATE: &str = "
SELECT format('GRANT CREATE ON SCHEMA %I TO %I', current_schema(), current_user)
WHERE NOT has_schema_privilege(current_schema(), 'CREATE')";

impl Registry {
    /// Looks whether the registry can be reached and used; writes nothing.
    ///
    /// # Errors
    /// It cannot be reached, is damaged, or belongs to a newer program.
    pub async fn check(url: &str) -> Result<Check, RegistryError> {
        let registry = Self::at(url, WAIT)?;
        let mut check = Check { url: Self::shown(url), missing: false, lacks: Vec::new() };
        match &registry.server {
            Server::Sqlite(_) => {
                let path = Path::new(&*registry.site.path);
                check.missing = !path.exists();
                check.lacks.extend(unwritable(path));
                if !check.missing && check.lacks.is_empty() {
                    let mut session = registry.connect().await?;
                    schema::missing(&mut session).await?;
                    session.close().await?;
                }
            }
            Server::Postgres(_) => {
                let mut session = registry.connect().await?;
                look(&mut session, &mut check).await?;
                session.close().await?;
            }
        }
        Ok(check)
    }
}

/// Whether a file, or where there is none yet the folder that it will be in, may not be written.
fn unwritable(path: &Path) -> Option<Lack> {
    let shown = |path: &Path| Lack::File(path.display().to_string());
    if path.exists() {
        return File::options().read(true).write(true).open(path).is_err().then(|| shown(path));
    }
    let folder = path.ancestors().skip(1).find(|folder| folder.is_dir())?;
    folder.metadata().map_or(true, |folder| folder.permissions().readonly()).then(|| shown(folder))
}

async fn look(session: &mut Session, check: &mut Check) -> Result<(), RegistryError> {
    if text(session, "SELECT CAST(current_schema() AS TEXT)").await?.is_empty() {
        let path = text(session, "SELECT current_setting('search_path')").await?;
        check.lacks.push(Lack::Schema(path.concat()));
        return Ok(());
    }
    if text(session, "SELECT current_setting('transaction_read_only')").await? == ["on"] {
        check.lacks.push(Lack::ReadOnly);
    }
    let names = schema::names().join(",");
    for grant in texts(session, GRANTS, &[names.as_str().into()]).await? {
        check.lacks.push(Lack::Grant(grant));
    }
    check.missing =
        text(session, "SELECT 'run' WHERE to_regclass(quote_ident(current_schema()) || '.run') IS NOT NULL")
            .await?
            .is_empty();
    // Tables that may not be read look as if they were not there.
    let grants = check.lacks.iter().any(|lack| matches!(lack, Lack::Grant(_)));
    if check.missing || (!grants && schema::missing(session).await?.is_some()) {
        check.lacks.extend(text(session, CREATE).await?.into_iter().map(Lack::Grant));
    }
    Ok(())
}

async fn text(session: &mut Session, query: &str) -> Result<Vec<String>, RegistryError> {
    texts(session, query, &[]).await
}

/// The texts of a query's first column that are not null.
async fn texts(session: &mut Session, query: &str, values: &[Value<'_>]) -> Result<Vec<String>, RegistryError> {
    let rows = session.rows(query, values).await?;
    let texts: Result<Vec<Option<String>>, sqlx::Error> = rows.iter().map(|row| row.try_get(0)).collect();
    Ok(texts.map_err(|error| session.site.error(error))?.into_iter().flatten().collect())
}
