//! The inbox of a source: each file in it is a delivery, and a run, of its own, so that a bad one keeps no other back.
//!
//! A file stays where it is until what came of it is in the registry, and moves then. A run that ends in between takes it
//! in once more next time: the same content again changes nothing, and what was mended is told as mended already.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err as fs;
use polars::prelude::*;
use vienkop_connectors::format::Input;
use vienkop_connectors::inbox::{DONE, FAILED, Files, Waits, Watched, put_away};
use vienkop_connectors::kill::kill_point;
use vienkop_connectors::landing::Landed;
use vienkop_connectors::registry::{Registry, Run, Stage};
use vienkop_transforms::batch::{Batch, MENDS, ROW};
use vienkop_transforms::finding::{self, Finding};
use vienkop_transforms::mapping::TablePlan;
use vienkop_transforms::normalise::personal::mask;

use super::stop::{Halt, Refusal, Stop};
use super::tally::Tally;
use super::{Arrival, Importer, Prepared, Table, without_file};
use crate::cli::session::Session;
use crate::correction::{self, Made, cells::NUMBER};
use crate::outcome::{SourceOutcome, Status};
use crate::tell;

/// What became of an inbox, besides the outcomes of its files.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// An outcome a file.
    pub(crate) outcomes: Vec<SourceOutcome>,
    /// What a person should know: files that are left for the next run, files that cannot be moved.
    pub(crate) notes: Vec<String>,
}

/// Looks into the inboxes of all sources before anything is imported: files must stay as they are for a while.
/// `make`: folders that are not there are made, so that people find them.
pub(crate) fn watch(
    session: &Session,
    prepared: &[Prepared<'_>],
    make: bool,
) -> BTreeMap<String, std::io::Result<Watched>> {
    let folders = prepared.iter().filter_map(|source| Some((source.id().to_owned(), source.inbox(session)?)));
    let look = |folder: PathBuf| {
        if make && !folder.exists() {
            kill_point("inbox: make");
            fs::create_dir_all(&folder)?;
        }
        Watched::new(folder)
    };
    folders.map(|(source, folder)| (source, look(folder))).collect()
}

impl Prepared<'_> {
    /// Folder of its inbox.
    pub(crate) fn inbox(&self, session: &Session) -> Option<PathBuf> {
        self.source.inbox.as_ref().map(|inbox| session.config.base.join(inbox))
    }
}

impl Importer<'_> {
    /// Takes in what lies in the inbox of a source, file by file, and puts each away unless this is a plan (`registry` is
    /// none then). What stops the run is given back.
    pub(crate) async fn import_inbox(
        &self,
        prepared: &Prepared<'_>,
        watched: std::io::Result<Watched>,
        registry: Option<&Registry>,
    ) -> (Told, Option<Halt>) {
        let mut told = Told::default();
        let settled = watched.and_then(|watched| tokio::task::block_in_place(|| watched.settled()));
        let Files { ready, waiting } = match settled {
            Ok(files) => files,
            Err(error) => {
                let folder = prepared.source.inbox.as_deref().unwrap_or_default();
                let args = [("inbox", folder), ("reason", &error.kind().to_string())];
                let error = self.session.texts().get("cli-inbox-unreadable", &args);
                told.outcomes.push(SourceOutcome::not_loaded(prepared.id(), Status::Failed, Some(error)));
                return (told, None);
            }
        };
        for (file, why) in waiting {
            let text = match why {
                Waits::Unfinished => "cli-inbox-unfinished",
                Waits::Open => "cli-inbox-open",
            };
            let args = [("source", prepared.id()), ("file", &mask(&file))];
            told.notes.push(self.session.texts().get(text, &args));
        }
        for path in ready {
            match self.import_file(prepared, &path, registry, &mut told.notes).await {
                Ok(outcome) => told.outcomes.push(outcome),
                Err(halt) => return (told, Some(halt)),
            }
        }
        (told, None)
    }

    async fn import_file(
        &self,
        prepared: &Prepared<'_>,
        path: &Path,
        registry: Option<&Registry>,
        notes: &mut Vec<String>,
    ) -> Result<SourceOutcome, Halt> {
        let run = self.run.next().await?;
        let number = run.number();
        let importer = self.in_run(&run);
        let outcome = Box::pin(importer.import(prepared, Arrival::Dropped(path.to_owned()))).await?;
        let outcome = SourceOutcome { file: Some(name_of(path)), run: Some(number), ..outcome };
        let status = crate::outcome::Outcome::status(std::slice::from_ref(&outcome), &[]);
        run.finish(status, &super::timestamp(self.session.as_of)).await?;
        let into = match outcome.status {
            Status::Ok => DONE,
            Status::Failed | Status::Gate => FAILED,
            // It is taken in when somebody has approved it, or the run comes to it.
            Status::Approval | Status::NotRun => return Ok(outcome),
        };
        let Some(registry) = registry else { return Ok(outcome) };
        let closed = registry.closed_by(prepared.id(), number).await?;
        let text = result(self.session, prepared, &outcome, closed);
        let now = self.session.now.to_zoned(self.session.time_zone.clone());
        let stamp = format!("{}-r{number}", now.strftime("%Y-%m-%dT%H%M%S"));
        match put_away(path, into, &stamp, &text) {
            Ok(moved) => Ok(SourceOutcome { moved: Some(moved), ..outcome }),
            Err(error) => {
                let args = [("source", prepared.id()), ("file", &name_of(path)), ("reason", &error.kind().to_string())];
                notes.push(self.session.texts().get("cli-inbox-unmoved", &args));
                Ok(outcome)
            }
        }
    }

    /// The same importer for another run.
    fn in_run<'b>(&'b self, run: &'b Run) -> Importer<'b> {
        Importer {
            session: self.session,
            run,
            landing: self.landing.clone(),
            subscriber: self.subscriber,
            keep_samples: self.keep_samples,
            approve: self.approve.clone(),
            resume: None,
            recorders: BTreeMap::new(),
            cancel: Arc::clone(&self.cancel),
            landed: Arc::clone(&self.landed),
        }
    }

    /// Lands a file that lies in an inbox.
    pub(super) fn take_in(&self, path: &Path) -> Result<Vec<Landed>, Stop> {
        let name = name_of(path);
        let limits = &self.session.config.vienkop.limits;
        let landed = tokio::task::block_in_place(|| {
            let mut file = fs::File::open(path).map_err(|error| match error.kind() {
                std::io::ErrorKind::PermissionDenied => {
                    Finding { value: Some(name.clone()), ..Finding::of(&finding::NO_ACCESS) }.into()
                }
                _ => vienkop_connectors::fetch::FetchError::Io(error),
            })?;
            self.landing.land(&mut file, &name, limits)
        });
        let landed = landed.map_err(|error| match Stop::from(error) {
            Stop::Delivery(refusal) => Stop::Delivery(Box::new(Refusal { file: Some(name.clone()), ..*refusal })),
            other => other,
        })?;
        if let Ok(mut hashes) = self.landed.lock() {
            hashes.insert(landed.sha256.clone());
        }
        Ok(vec![landed])
    }

    /// The tables of a correction workbook; none where the file is none. A file in an inbox must hold one of the source's.
    pub(super) fn mended_tables(
        &self,
        prepared: &Prepared<'_>,
        from: &Arrival,
        file: &Landed,
    ) -> Result<Option<Vec<Table>>, Stop> {
        // What the source itself delivers is no correction workbook.
        if matches!(from, Arrival::Source) {
            return Ok(None);
        }
        let input = Input { landed: 0, path: file.path.clone(), name: file.name.clone() };
        let refused = |finding: Box<Finding>| {
            Stop::Delivery(Box::new(Refusal { finding: *finding, file: Some(file.name.clone()) }))
        };
        tokio::task::block_in_place(|| match Made::of(&input, &self.session.config.vienkop.limits) {
            Some(made) => made.tables(prepared).map(Some).map_err(refused),
            None if matches!(from, Arrival::Again(..)) => Ok(None),
            // A reader of workbooks comes upon the columns itself.
            None if prepared.source.format.kind != "excel"
                && Made::is_lost(&input, &self.session.config.vienkop.limits) =>
            {
                let value = Some(correction::HOW.to_owned());
                Err(refused(Box::new(Finding { value, ..Finding::of(&finding::CORRECTION_UNKNOWN) })))
            }
            // Of a source with a table a file, any of its tables will do.
            None if prepared.tables.iter().any(|table| table.is_in(&file.name)) => Ok(None),
            None => match without_file(&prepared.tables, std::slice::from_ref(file), &[]) {
                Some(refusal) => Err(Stop::Delivery(Box::new(refusal))),
                None => Ok(None),
            },
        })
    }

    /// Leaves out the rows of a correction workbook that mend nothing (any more): an old workbook would put back what was
    /// mended since. None where our columns came without being such a workbook.
    pub(super) async fn still_in_quarantine(
        &self,
        plan: &TablePlan,
        batch: Batch,
        stage: &mut Stage,
        tally: &mut Tally,
        told: &mut BTreeSet<String>,
    ) -> Result<Option<Batch>, Stop> {
        if correction::is_stray(&batch) {
            let finding = Finding {
                landed: Some(batch.origin.landed),
                sheet: batch.origin.sheet.clone(),
                value: Some(NUMBER.to_owned()),
                ..Finding::of(&finding::CORRECTION_UNKNOWN)
            };
            return Err(Stop::Delivery(Box::new(Refusal { finding, file: Some(batch.origin.file.clone()) })));
        }
        let Some(numbers) = mended_by(&batch.frame)? else { return Ok(Some(batch)) };
        let known = stage.mends(&numbers).await?;
        let (number, stands, closed) =
            (known.column("number")?.i64()?, known.column("stands")?.bool()?, known.column("closed_run")?.i64()?);
        let gone: HashMap<i64, Option<i64>> = number
            .iter()
            .zip(stands.iter())
            .zip(closed.iter())
            .filter(|((_, stands), _)| *stands != Some(true))
            .filter_map(|((number, _), closed)| Some((number?, closed)))
            .collect();
        if gone.is_empty() {
            return Ok(Some(batch));
        }
        let Batch { origin, frame } = batch;
        let (numbers, rows) = (frame.column(MENDS)?.i64()?, frame.column(ROW)?.i64()?);
        let mut kept = Vec::with_capacity(frame.height());
        for (number, row) in numbers.iter().zip(rows.iter()) {
            let closed = number.and_then(|number| gone.get(&number));
            kept.push(closed.is_none());
            let (Some(number), Some(closed), Some(row)) = (number, closed, row) else { continue };
            let cell = origin.locate(row, None, None);
            // Several tables may be made of one row.
            if told.insert(format!("{} {} {cell}", finding::MENDED_ALREADY.code, origin.landed)) {
                let finding = Finding {
                    entity: plan.name(),
                    landed: Some(origin.landed),
                    sheet: origin.sheet.clone(),
                    row: Some(row),
                    cell: Some(cell),
                    value: Some(number.to_string()),
                    expected: closed.map(|run| run.to_string()),
                    ..Finding::of(&finding::MENDED_ALREADY)
                };
                tally.finding(&finding);
                tally.waiting.push(finding);
            }
        }
        let left = kept.iter().filter(|kept| !**kept).count() as u64;
        tally.rows.read += left;
        tally.rows.skipped += left;
        let kept: BooleanChunked = kept.into_iter().map(Some).collect();
        Ok(Some(Batch { frame: frame.filter(&kept)?, origin }))
    }
}

/// Numbers in quarantine that the rows of a correction workbook mend, each once; none where the rows are of no such workbook.
pub(super) fn mended_by(rows: &DataFrame) -> PolarsResult<Option<Int64Chunked>> {
    match rows.column(MENDS) {
        Ok(numbers) => Ok(Some(numbers.i64()?.drop_nulls().unique()?)),
        Err(_) => Ok(None),
    }
}

/// Name of a file, for people.
fn name_of(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    mask(&name).replace(char::is_control, "\u{FFFD}")
}

/// What came of a file, for whoever put it there: counts and rules, no values. For Notepad: UTF-8 with its mark, CRLF.
fn result(session: &Session, prepared: &Prepared<'_>, outcome: &SourceOutcome, closed: u64) -> String {
    let texts = session.texts();
    let total = outcome.total();
    let (run, moment) = (
        outcome.run.unwrap_or_default().to_string(),
        session.now.to_zoned(session.time_zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
    );
    let file = outcome.file.as_deref().unwrap_or_default();
    let args = [("file", file), ("title", prepared.source.title.as_str()), ("run", &run), ("moment", &moment)];
    let mut lines = vec![texts.get("inbox-result-head", &args), texts.get("inbox-result-source", &args), String::new()];
    match &outcome.error {
        Some(error) => {
            // What a header without its names says may be a person's name; which rules are broken stands below.
            let shown = if prepared.holds_personal_data() { "" } else { error };
            lines.push(texts.get("inbox-result-failed", &[("error", shown)]));
        }
        None if outcome.quarantined() > 0 => lines.push(texts.get("inbox-result-partly", &[])),
        None => lines.push(texts.get("inbox-result-loaded", &[])),
    }
    let counts = [
        ("read", outcome.rows.read),
        ("skipped", outcome.rows.skipped),
        ("accepted", total.accepted),
        ("inserted", total.inserted),
        ("changed", total.changed),
        ("unchanged", total.unchanged),
        ("retired", total.retired),
        ("quarantined", outcome.quarantined()),
        ("closed", closed),
    ];
    lines.push(String::new());
    for (name, count) in counts {
        lines.push(texts.get(&format!("inbox-result-{name}"), &[("count", &count.to_string())]));
    }
    if !outcome.findings.is_empty() {
        lines.extend([String::new(), texts.get("inbox-result-findings", &[])]);
    }
    for (code, count) in &outcome.findings {
        let Some(rule) = finding::rule(code) else { continue };
        let remedy = tell::remedy(texts, &Finding::of(rule));
        lines.push(format!("{code} × {count}  {}", texts.get(&format!("{code}-title"), &[])));
        lines.push(format!("    {}", texts.get("cli-explain-remedy", &[("text", &remedy)])));
    }
    if outcome.quarantined() > 0 {
        let command = format!("vienkop quarantine export {}", prepared.id());
        lines.extend([String::new(), texts.get("inbox-result-export", &[("command", &command)])]);
    }
    lines.push(String::new());
    format!("\u{FEFF}{}", lines.join("\r\n").replace("\r\r\n", "\r\n"))
}
