//! A look at a source without loading it: can it be fetched and read as its file says?

use std::sync::atomic::AtomicBool;

use serde::Serialize;
use vienkop_connectors::fetch::{Fetch, FetchContext, FetchError, Fetching};
use vienkop_connectors::format::{Input, Output, ReadError, Rejected, Skip, Stopped};
use vienkop_connectors::inbox::Watched;
use vienkop_connectors::landing::{Landed, LandingZone};
use vienkop_connectors::registry::Schemas;
use vienkop_transforms::batch::Batch;
use vienkop_transforms::codelist::CodeLists;
use vienkop_transforms::finding::{self, Finding, Rule};
use vienkop_transforms::mapping::{MappedField, TablePlan, map};
use vienkop_transforms::resolve::missing_required;

use super::drift::Watch;
use super::stop::broke_off;
use super::{Prepared, of_table, without_file};
use crate::cli::session::Session;
use crate::config::Delivers;
use crate::outcome::Drifted;
use crate::tell;

/// Records that a server or database is asked for.
const SAMPLE: usize = 3;

/// How far a look at a source that asks a server came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Access {
    /// The server answers, and is who it says.
    pub(crate) reached: bool,
    /// It knows us; none: it was not asked.
    pub(crate) authenticated: Option<bool>,
    /// We may see what was asked for; none: it was not asked.
    pub(crate) permitted: Option<bool>,
}

/// What a look at a source found.
pub(crate) struct Probed {
    /// Of a server or database that is asked.
    pub(crate) access: Option<Access>,
    /// Files of the delivery.
    pub(crate) files: usize,
    /// Rows of the first batch of each table.
    pub(crate) rows: usize,
    /// Fields of the first record of each table that have a value.
    pub(crate) first: Vec<First>,
    /// What has changed since a delivery was loaded last.
    pub(crate) drift: Vec<Drifted>,
    /// What is wrong; the source cannot be loaded when there is any.
    pub(crate) errors: Vec<String>,
}

/// Fetches into a landing zone that is no part of the installation's: nothing is remembered of it. `sample`: records of
/// each list or query that are enough.
pub(crate) fn fetch_aside(
    session: &Session,
    fetcher: &dyn Fetch,
    source: &str,
    landing: &LandingZone,
    sample: Option<usize>,
) -> (Result<Fetching, FetchError>, Vec<Landed>) {
    let limits = &session.config.vienkop.limits;
    let cancel = AtomicBool::new(false);
    let context = FetchContext {
        source,
        base: &session.config.base,
        limits,
        now: session.as_of,
        time_zone: &session.time_zone,
        cursor: None,
        landing,
        resume: None,
        record: None,
        sample,
        cancel: &cancel,
    };
    let mut files = Vec::new();
    let brought = fetcher.fetch(&context, &mut |mut fetched| {
        let landed = landing.land(&mut fetched.reader, &fetched.name, limits)?;
        files.push(landed.clone());
        Ok(landed)
    });
    (brought, files)
}

/// Fetches into a folder that is thrown away and reads the first batch of every table. `seen`: what a delivery looked like
/// when one was loaded last.
pub(crate) fn probe(session: &Session, prepared: &Prepared<'_>, seen: &Schemas) -> anyhow::Result<Probed> {
    let folder = tempfile::tempdir()?;
    let landing = LandingZone::new(folder.path())?;
    let limits = &session.config.vienkop.limits;
    let (fetched, files) = fetch_aside(session, prepared.fetcher.as_ref(), prepared.id(), &landing, Some(SAMPLE));
    let (count, mut rows, mut errors, mut firsts) = (files.len(), 0, Vec::new(), Vec::new());
    let access = prepared.asks_server().then(|| access(&fetched));
    let mut wrong = |finding: &Finding, file: Option<&str>| {
        let sentence = tell::sentence(session.texts(), finding, file);
        errors.push(format!("{} {sentence} {}", finding.code, tell::remedy(session.texts(), finding)));
    };
    match fetched {
        // Nobody cancels a probe.
        Err(FetchError::Cancelled) => {}
        Ok(fetching) => {
            if let Some(refusal) = without_file(&prepared.tables, &files, &fetching.empty) {
                wrong(&refusal.finding, refusal.file.as_deref());
            }
        }
        Err(FetchError::File(finding)) => wrong(&finding, None),
        Err(FetchError::Io(error)) => wrong(&broke_off(error.kind().to_string()), None),
    }
    // What lies in an inbox is counted; whether it can be read, its own run says.
    let mut waiting = 0;
    if let Some(folder) = prepared.inbox(session) {
        match Watched::new(folder) {
            Ok(watched) => waiting = watched.files(),
            Err(error) => {
                let inbox = prepared.source.inbox.as_deref().unwrap_or_default();
                let args = [("inbox", inbox), ("reason", &error.kind().to_string())];
                errors.push(session.texts().get("cli-inbox-unreadable", &args));
            }
        }
    }
    let mut wrong = |finding: &Finding, file: Option<&str>| {
        let sentence = tell::sentence(session.texts(), finding, file);
        errors.push(format!("{} {sentence} {}", finding.code, tell::remedy(session.texts(), finding)));
    };
    let mut watch = Watch::new(prepared, seen, false);
    for file in files {
        let input = Input { landed: 0, path: file.path, name: file.name };
        for table in prepared.tables.iter().filter(|table| table.is_in(&input.name)) {
            let plan = &table.plan;
            watch.turn_to(table);
            let codelists = &session.config.codelists;
            let mut first = Look { prepared, plan, rows: 0, missing: None, filled: None, watch: &mut watch, codelists };
            match table.reader.read(&input, &plan.wanted(), limits, &mut first) {
                Ok(()) | Err(ReadError::Stopped(_)) => {}
                Err(ReadError::File(finding)) => wrong(&of_table(*finding, plan, &input), Some(&input.name)),
                Err(ReadError::Io(error)) => wrong(&broke_off(error.kind().to_string()), Some(&input.name)),
                Err(ReadError::Frame(error)) => return Err(error.into()),
            }
            if let Some(finding) = &first.missing {
                wrong(finding, Some(&input.name));
            }
            rows += first.rows;
            if let Some(filled) = first.filled {
                firsts.push(First { entity: plan.name(), fields: filled, of: plan.fields.len() });
            }
        }
    }
    // A server was asked for a few records only.
    let whole = prepared.source.delivers == Delivers::Snapshot && !prepared.asks_server();
    let told = |finding: &Finding| Drifted::new(finding, tell::sentence(session.texts(), finding, None));
    let drift = watch.end(whole).iter().map(told).collect();
    Ok(Probed { access, files: count + waiting, rows, first: firsts, drift, errors })
}

/// How far the conversation came, by the finding that ended it.
fn access(fetched: &Result<Fetching, FetchError>) -> Access {
    let Err(FetchError::File(ended)) = fetched else {
        return Access { reached: true, authenticated: Some(true), permitted: Some(true) };
    };
    let is = |rules: &[&Rule]| rules.iter().any(|rule| rule.code == ended.code);
    // Not asked at all, or not answered.
    if is(&[
        &finding::UNREACHABLE,
        &finding::CERTIFICATE,
        &finding::HOST_NOT_ALLOWED,
        &finding::SECRET_MISSING,
        &finding::SQL_UNREACHABLE,
        &finding::SQL_SECRET,
        &finding::SQL_ADDRESS,
    ]) {
        return Access { reached: false, authenticated: None, permitted: None };
    }
    if is(&[&finding::LOGIN_REFUSED, &finding::SQL_LOGIN]) {
        return Access { reached: true, authenticated: Some(false), permitted: None };
    }
    if is(&[&finding::FORBIDDEN, &finding::SQL_PERMISSION]) {
        return Access { reached: true, authenticated: Some(true), permitted: Some(false) };
    }
    Access { reached: true, authenticated: None, permitted: None }
}

/// The first record of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct First {
    /// What it becomes.
    pub(crate) entity: String,
    /// Its fields that have a value.
    pub(crate) fields: usize,
    /// Fields that the table maps.
    pub(crate) of: usize,
}

/// Takes one batch and wants no more.
struct Look<'a> {
    prepared: &'a Prepared<'a>,
    plan: &'a TablePlan,
    rows: usize,
    missing: Option<Finding>,
    /// Fields of the first record that have a value.
    filled: Option<usize>,
    watch: &'a mut Watch,
    codelists: &'a CodeLists,
}

impl Output for Look<'_> {
    fn batch(&mut self, batch: Batch) -> Result<(), Stopped> {
        let rows = batch.frame.height();
        self.rows += rows;
        if let Ok(mapped) = map(self.plan, batch) {
            if self.watch.look(self.plan, &mapped, self.codelists).is_err() {
                return Err(Stopped);
            }
            let has_value = |field: &&MappedField| field.text.get(0).is_some_and(|text| !text.is_empty());
            if self.filled.is_none() && mapped.rows.height() > 0 {
                self.filled = Some(mapped.fields.iter().filter(has_value).count());
            }
            self.missing = missing_required(self.plan, &mapped).filter(|_| rows > 0);
        }
        Err(Stopped)
    }

    fn finding(&mut self, finding: Finding) {
        // What another table reads is not passed by.
        if !self.prepared.maps(&finding) {
            self.watch.passes(&finding);
        }
    }

    fn skipped(&mut self, _: Skip, _: u64) {}

    fn rejected(&mut self, _: Rejected) {}
}
