//! A look at a source without loading it: can it be fetched and read as its file says?

use std::sync::atomic::AtomicBool;

use vienkop_connectors::fetch::{FetchContext, FetchError};
use vienkop_connectors::format::{Input, Output, ReadError, Rejected, Skip, Stopped};
use vienkop_connectors::landing::{Landed, LandingZone};
use vienkop_transforms::batch::Batch;
use vienkop_transforms::finding::Finding;
use vienkop_transforms::mapping::{TablePlan, map};
use vienkop_transforms::resolve::missing_required;

use super::stop::broke_off;
use super::{Prepared, of_table, without_file};
use crate::cli::session::Session;
use crate::tell;

/// What a look at a source found.
pub(crate) struct Probed {
    /// Files of the delivery.
    pub(crate) files: usize,
    /// Rows of the first batch of each table.
    pub(crate) rows: usize,
    /// What is wrong; the source cannot be loaded when there is any.
    pub(crate) errors: Vec<String>,
}

/// Fetches into a folder that is thrown away and reads the first batch of every table.
pub(crate) fn probe(session: &Session, prepared: &Prepared<'_>) -> anyhow::Result<Probed> {
    let folder = tempfile::tempdir()?;
    let landing = LandingZone::new(folder.path())?;
    let limits = &session.config.vienkop.limits;
    let cancel = AtomicBool::new(false);
    let context = FetchContext {
        source: prepared.id(),
        base: &session.config.base,
        limits,
        now: session.as_of,
        time_zone: &session.time_zone,
        cursor: None,
        landing: &landing,
        resume: None,
        record: None,
        cancel: &cancel,
    };
    let mut files: Vec<Landed> = Vec::new();
    let fetched = prepared.fetcher.fetch(&context, &mut |mut fetched| {
        let landed = landing.land(&mut fetched.reader, &fetched.name, limits)?;
        files.push(landed.clone());
        Ok(landed)
    });
    let (count, mut rows, mut errors) = (files.len(), 0, Vec::new());
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
    for file in files {
        let input = Input { landed: 0, path: file.path, name: file.name };
        for table in prepared.tables.iter().filter(|table| table.is_in(&input.name)) {
            let plan = &table.plan;
            let mut first = First { plan, rows: 0, missing: None };
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
        }
    }
    Ok(Probed { files: count, rows, errors })
}

/// Takes one batch and wants no more.
struct First<'a> {
    plan: &'a TablePlan,
    rows: usize,
    missing: Option<Finding>,
}

impl Output for First<'_> {
    fn batch(&mut self, batch: Batch) -> Result<(), Stopped> {
        let rows = batch.frame.height();
        self.rows += rows;
        if let Ok(mapped) = map(self.plan, batch) {
            self.missing = missing_required(self.plan, &mapped).filter(|_| rows > 0);
        }
        Err(Stopped)
    }

    fn finding(&mut self, _: Finding) {}

    fn skipped(&mut self, _: Skip, _: u64) {}

    fn rejected(&mut self, _: Rejected) {}
}
