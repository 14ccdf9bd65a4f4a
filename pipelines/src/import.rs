//! The architecture, as code: fetch, land, read, map, normalise, check, resolve, load; one source after another.

mod drift;
mod feed;
mod first;
mod inbox;
mod prepared;
mod probe;
mod record;
mod retry;
mod rows;
mod stop;
mod tally;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use glob::Pattern;
use vienkop_connectors::fetch::{FetchContext, Fetching, Recorder};
use vienkop_connectors::format::Input;
use vienkop_connectors::landing::{Landed, LandingZone};
use vienkop_connectors::registry::{Delivery, LandedFile, RegistryError, Run, Stage};
use vienkop_transforms::batch::LocatorKind;
use vienkop_transforms::finding::{self, Finding, Severity};
use vienkop_transforms::fold::nearest;
use vienkop_transforms::normalise::personal::mask;

use crate::cli::approval::Approval;
use crate::cli::session::Session;
use crate::config::{Delivers, Source};
use crate::fault;
use crate::outcome::{Drifted, Matches, Retried, Rows, SourceOutcome, Status};
use crate::progress::{Event, Subscriber};
use crate::tell;
use drift::Watch;
pub(crate) use inbox::watch;
pub(crate) use prepared::{Prepared, Table, compile};
pub(crate) use probe::{Access, First, Probed, fetch_aside, probe};
pub(crate) use record::recorders;
pub(crate) use retry::Retry;
use rows::of_table;
pub(crate) use stop::Halt;
use stop::{Refusal, Stop, concerns_source_alone};
use tally::Tally;

/// What all sources of a run share.
pub(crate) struct Importer<'a> {
    /// Configuration, language, time.
    pub(crate) session: &'a Session,
    /// The run (or plan) that the sources belong to.
    pub(crate) run: &'a Run,
    /// Where landed files are kept.
    pub(crate) landing: LandingZone,
    /// Told of progress.
    pub(crate) subscriber: &'a dyn Subscriber,
    /// Show samples of what changes (a plan does).
    pub(crate) keep_samples: bool,
    /// Sources that go on where they would wait for approval.
    pub(crate) approve: Approval,
    /// Where fetches note how far they came; none: they do not (a plan).
    pub(crate) resume: Option<PathBuf>,
    /// Where what servers answer is recorded, by source.
    pub(crate) recorders: BTreeMap<String, Recorder>,
    /// Set to stop between two batches.
    pub(crate) cancel: Arc<AtomicBool>,
    /// Hashes of the files that landed in this run.
    pub(crate) landed: Arc<Mutex<BTreeSet<String>>>,
}

/// Where a delivery comes from.
#[derive(Debug, Clone)]
pub(crate) enum Arrival {
    /// The source is asked.
    Source,
    /// Files that have landed before go through again, as changes, and only those of their rows that stand in quarantine:
    /// all else stays as it is. The source is not asked, and where its next fetch goes on stays too.
    Again(Vec<Landed>, Box<Retry>),
    /// A file that lies in the source's inbox.
    Dropped(PathBuf),
}

impl Arrival {
    /// Whether what is absent is gone.
    fn snapshot(&self, source: &Source, corrects: bool) -> bool {
        let all = source.delivers == Delivers::Snapshot;
        match self {
            Self::Source => all,
            Self::Dropped(_) => all && !corrects && source.fetch.kind == "inbox",
            Self::Again(..) => false,
        }
    }

    /// Share of records in quarantine from which on nothing is loaded. What is gone through again was held back before.
    fn max_quarantined_share(&self, source: &Source, corrects: bool) -> f64 {
        match self {
            Self::Source => source.policy.max_quarantined_share,
            Self::Dropped(_) if !corrects => source.policy.max_quarantined_share,
            Self::Dropped(_) | Self::Again(..) => 1.0,
        }
    }
}

impl Importer<'_> {
    /// Runs one source through every step. What breaks in its own files fails the source alone.
    pub(crate) async fn import(&self, prepared: &Prepared<'_>, from: Arrival) -> Result<SourceOutcome, Halt> {
        let started = Instant::now();
        let mut tally = Tally { next_seq: 1, ..Tally::default() };
        let id = &prepared.source.id;
        let mut stage = match self.run.stage(id).await {
            Ok(stage) => stage,
            // Another run is importing this very source: the others of this run go on.
            Err(RegistryError::Held { what, holder, .. }) if what == format!("source {id}") => {
                let texts = self.session.texts();
                let holder = holder.unwrap_or_else(|| texts.get("fault-registry-held-unknown", &[]));
                let told = texts.get("cli-source-held", &[("holder", &holder)]);
                self.subscriber.event(&Event::Done { id, rows: 0, status: Status::Failed.as_str() });
                return Ok(SourceOutcome::not_loaded(id, Status::Failed, Some(told)));
            }
            Err(error) => return Err(error.into()),
        };
        let landed = match &from {
            Arrival::Source => self.ask(prepared, &mut stage, &mut tally).await,
            Arrival::Again(files, retry) => {
                tally.goes_on = true;
                tally.retry = Some(retry.as_ref().clone());
                Ok(files.clone())
            }
            Arrival::Dropped(path) => {
                // Where an inbox is the source's own way in, what lies there is a delivery like any other.
                if prepared.source.fetch.kind == "inbox" {
                    tally.drift = Watch::new(prepared, &stage.schemas().await?, self.approve.of(id));
                }
                self.take_in(path)
            }
        };
        let loaded = match landed {
            Ok(files) => self.stage_files(prepared, &from, files, &mut stage, &mut tally).await,
            Err(stop) => Err(stop),
        };
        // What the readers said last stays, whatever has become of the delivery.
        if matches!(loaded, Ok(_) | Err(Stop::Delivery(_))) {
            tally.write_waiting(&mut stage).await?;
        }
        self.subscriber.event(&Event::Applying);
        match loaded {
            Ok(names) => self.load(prepared, &from, stage, tally, &names, started).await,
            Err(Stop::Delivery(refusal)) => self.refuse(prepared, stage, tally, *refusal, started).await,
            Err(Stop::Cancelled) => Err(Halt::Interrupted),
            Err(Stop::Broken(error)) => Err(Halt::Broken(error.context(prepared.source.id.clone()))),
        }
    }

    /// fetch -> land, from where the last delivery ended
    async fn ask(&self, prepared: &Prepared<'_>, stage: &mut Stage, tally: &mut Tally) -> Result<Vec<Landed>, Stop> {
        let cursor = stage.cursor().await?;
        tally.goes_on = cursor.is_some();
        tally.drift = Watch::new(prepared, &stage.schemas().await?, self.approve.of(prepared.id()));
        let (files, fetching) = self.fetch_and_land(prepared, cursor.as_deref())?;
        for finding in fetching.findings {
            tally.finding(&finding);
            tally.waiting.push(finding);
        }
        tally.cursor = fetching.cursor;
        match without_file(&prepared.tables, &files, &fetching.empty) {
            Some(refusal) => Err(Stop::Delivery(Box::new(refusal))),
            None => Ok(files),
        }
    }

    fn fetch_and_land(&self, prepared: &Prepared<'_>, cursor: Option<&str>) -> Result<(Vec<Landed>, Fetching), Stop> {
        let limits = &self.session.config.vienkop.limits;
        let resume = self.resume.as_ref().map(|folder| folder.join(&prepared.source.id));
        let context = FetchContext {
            source: &prepared.source.id,
            base: &self.session.config.base,
            limits,
            now: self.session.as_of,
            time_zone: &self.session.time_zone,
            cursor,
            landing: &self.landing,
            resume: resume.as_deref(),
            record: self.recorders.get(&prepared.source.id),
            sample: None,
            cancel: &self.cancel,
        };
        let mut files = Vec::new();
        let mut under_way = None;
        let fetched = tokio::task::block_in_place(|| {
            prepared.fetcher.fetch(&context, &mut |mut fetched| {
                let name = mask(&fetched.name).into_owned();
                under_way = Some(name.clone());
                let landed = self.landing.land(&mut fetched.reader, &name, limits)?;
                self.subscriber.event(&Event::Landed { file: &landed.name, bytes: landed.bytes });
                if let Ok(mut hashes) = self.landed.lock() {
                    hashes.insert(landed.sha256.clone());
                }
                files.push(landed.clone());
                under_way = None;
                Ok(landed)
            })
        });
        fetched.map(|fetching| (files, fetching)).map_err(|error| {
            let mut stop = Stop::from(error);
            if let Stop::Delivery(refusal) = &mut stop {
                // A finding of fetching names its file; the source itself may name a folder or a pattern.
                let broke_off = refusal.finding.code == finding::READING_BROKE.code;
                refusal.finding.value = refusal.finding.value.take().map(|value| mask(&value).into_owned());
                let named = refusal.finding.value.clone().filter(|_| !broke_off).or(under_way);
                let path = || prepared.source.fetch.paths().into_iter().next().map(|(_, path)| path);
                // A finding of the network names its request, and is about no file.
                let of_network = refusal.finding.code.starts_with('N');
                refusal.file = if of_network { None } else { named.or_else(path) };
            }
            stop
        })
    }

    /// read -> map -> normalise -> check -> resolve -> temporary tables
    async fn stage_files(
        &self,
        prepared: &Prepared<'_>,
        from: &Arrival,
        files: Vec<Landed>,
        stage: &mut Stage,
        tally: &mut Tally,
    ) -> Result<BTreeMap<i64, String>, Stop> {
        let mut names = BTreeMap::new();
        let mut told = BTreeSet::new();
        for file in files {
            let mended = self.mended_tables(prepared, from, &file)?;
            let locator = if mended.is_some() { LocatorKind::Cell } else { prepared.locator };
            if mended.is_some() {
                (tally.corrects, tally.drift) = (true, Watch::default());
            }
            let landed = stage
                .landed(&LandedFile {
                    sha256: file.sha256.clone(),
                    name: file.name.clone(),
                    bytes: file.bytes,
                    // The real time: evidence expires by the clock, whatever day a run is about.
                    landed_at: timestamp(self.session.now),
                    locator,
                })
                .await?;
            names.insert(landed, file.name.clone());
            let input = Input { landed, path: file.path, name: file.name };
            let tables: Vec<&Table> = match &mended {
                Some(tables) => tables.iter().collect(),
                None => prepared.tables.iter().filter(|table| table.is_in(&input.name)).collect(),
            };
            for table in tables {
                tally.drift.turn_to(table);
                tally.spoken_of.insert(table.plan.name());
                self.stage_table(prepared, &table.plan, &table.reader, &input, stage, tally, &mut told).await?;
            }
        }
        tally.goes_on |= tally.corrects;
        // What a few changed records lack, others have.
        let missing = std::mem::take(&mut tally.paths).missing().into_iter();
        let missing: Vec<_> = missing.filter(|finding| !tally.goes_on && tally.drift.leaves(finding)).collect();
        let drifted = tally.drift.end(prepared.delivers_all(tally)).to_vec();
        for finding in missing.into_iter().chain(drifted) {
            tally.finding(&finding);
            tally.waiting.push(finding);
        }
        Ok(names)
    }

    /// temporary tables -> difference -> registry
    async fn load(
        &self,
        prepared: &Prepared<'_>,
        from: &Arrival,
        stage: Stage,
        mut tally: Tally,
        names: &BTreeMap<i64, String>,
        started: Instant,
    ) -> Result<SourceOutcome, Halt> {
        let source = prepared.source;
        let snapshot = from.snapshot(source, tally.corrects);
        // A table of children that is there and has no rows: in a snapshot the parents have none. A table that is not
        // there, or whose rows could not be read, says nothing of the children held.
        if snapshot && tally.rows.rejected == 0 {
            tally.delivered.append(&mut tally.empty_children);
        }
        // A file in an inbox speaks of its own tables only.
        let of_file = matches!(from, Arrival::Dropped(_)).then_some(&tally.spoken_of);
        let mapped = prepared.targets(&tally.delivered, of_file);
        let (cursor, schemas) = (tally.cursor.take(), tally.drift.schemas.take());
        let delivery = Delivery {
            snapshot,
            mapped: &mapped.iter().map(String::as_str).collect::<Vec<_>>(),
            max_quarantined_share: from.max_quarantined_share(source, tally.corrects),
            max_retired_share: source.policy.max_retired_share,
            approve: self.approve.of(&source.id),
            repeats: &prepared.repeats(),
            timelines: Some(&self.session.timelines),
            matching: Some(&self.session.config.matching),
            cursor: cursor.as_deref(),
            again: tally.retry.is_some(),
            schemas: schemas.as_ref(),
            drifted: tally.drift.holding,
        };
        // Nothing new is what a source that tells changes only says most often.
        if tally.rows.mapped == 0 && !prepared.fetcher.incremental() {
            tally.finding(&Finding::of(&finding::NOTHING_DELIVERED));
        }
        let mut planned = stage.difference(&delivery).await?;
        let mut held = None;
        for (finding, count) in planned.findings_of_the_set().await? {
            if finding.code.starts_with('S') {
                let texts = self.session.texts();
                held = Some(format!(
                    "{} {} {}",
                    finding.code,
                    tell::sentence(texts, &finding, None),
                    tell::remedy(texts, &finding)
                ));
            }
            tally.found(&finding, count);
        }
        let difference = match planned.apply(tally.rows.into(), seconds(started)).await {
            Ok(difference) => difference,
            Err(error) if concerns_source_alone(&error) => return self.give_up(prepared, error, started).await,
            Err(error) => return Err(error.into()),
        };
        for (finding, count) in &difference.found {
            tally.found(finding, *count);
        }
        let status = match &difference.gate {
            None => Status::Ok,
            Some(gate) if gate.asks_approval() => Status::Approval,
            Some(_) => Status::Gate,
        };
        if status == Status::Approval || tally.drift.holding > 0 {
            let command = self.session.command(&["run", &source.id, "--approve"]);
            let hint = self.session.texts().get("cli-approve-hint", &[("command", &command)]);
            held = held.map(|held| format!("{held} {hint}"));
        }
        let outcome = SourceOutcome {
            records: difference.entities.iter().map(|entity| (entity.entity.clone(), entity.into())).collect(),
            matches: Matches { merged: difference.matched.merged as u64, review: difference.matched.review as u64 },
            samples: difference.samples.iter().filter(|_| self.keep_samples).map(Into::into).collect(),
            ..self.outcome(source, tally, names, status, held, started)
        };
        self.subscriber.event(&Event::Done { id: &source.id, rows: outcome.rows.read, status: status.as_str() });
        Ok(outcome)
    }

    /// A delivery that cannot be read to its end: nothing of it is loaded, what the registry holds stays.
    async fn refuse(
        &self,
        prepared: &Prepared<'_>,
        mut stage: Stage,
        mut tally: Tally,
        refusal: Refusal,
        started: Instant,
    ) -> Result<SourceOutcome, Halt> {
        let texts = self.session.texts();
        let Refusal { finding, file } = refusal;
        let whole = prepared.delivers_all(&tally);
        let drifted = tally.drift.of_refused(&finding, whole);
        drifted.iter().chain([&finding]).for_each(|finding| tally.finding(finding));
        let told = tell::message(texts, &finding);
        let file = file.filter(|name| !told.contains(name.as_str()));
        let error = format!("{} {}", finding.code, tell::sentence(texts, &finding, file.as_deref()));
        let error = format!("{error} {}", tell::remedy(texts, &finding));
        stage.findings(&finding::frame(&[drifted, vec![finding]].concat())?).await?;
        // Rows read before the file broke off are not part of any delivery.
        tally.rows = Rows::default();
        stage.fail(&error, tally.rows.into(), seconds(started)).await?;
        let source = prepared.source;
        self.subscriber.event(&Event::Done { id: &source.id, rows: 0, status: Status::Failed.as_str() });
        Ok(self.outcome(source, tally, &BTreeMap::new(), Status::Failed, Some(error), started))
    }

    /// What is held of the source cannot be read: it stays as it is, and the other sources go on.
    async fn give_up(
        &self,
        prepared: &Prepared<'_>,
        error: RegistryError,
        started: Instant,
    ) -> Result<SourceOutcome, Halt> {
        let source = prepared.source;
        let told = fault::told(self.session.texts(), &error.into());
        let stage = self.run.stage(&source.id).await?;
        stage.fail(&told, Rows::default().into(), seconds(started)).await?;
        self.subscriber.event(&Event::Done { id: &source.id, rows: 0, status: Status::Failed.as_str() });
        Ok(self.outcome(source, Tally::default(), &BTreeMap::new(), Status::Failed, Some(told), started))
    }

    fn outcome(
        &self,
        source: &Source,
        tally: Tally,
        names: &BTreeMap<i64, String>,
        status: Status,
        error: Option<String>,
        started: Instant,
    ) -> SourceOutcome {
        let file = |finding: &Finding| finding.landed.and_then(|landed| names.get(&landed)).map(String::as_str);
        let texts = self.session.texts();
        let told = |finding: &Finding| (finding.code.to_owned(), tell::sentence(texts, finding, file(finding)));
        let drift = tally.drift.findings.iter().map(|finding| Drifted::new(finding, told(finding).1)).collect();
        SourceOutcome {
            id: source.id.clone(),
            file: None,
            run: None,
            moved: None,
            rows: tally.rows,
            records: BTreeMap::new(),
            matches: Matches::default(),
            notable: by_weight(tally.notable)
                .iter()
                .filter(|finding| !error.as_ref().is_some_and(|e| e.starts_with(finding.code)))
                .map(told)
                .collect(),
            findings: tally.findings,
            drift,
            contact: source.contact.clone(),
            retried: tally.retry.as_ref().map(|retry| Retried::of(&source.id, retry)),
            samples: Vec::new(),
            error,
            status,
            seconds: seconds(started),
        }
    }
}

/// A table that is in none of the files that came, nor in what came empty, is not there: F010.
fn without_file(tables: &[Table], files: &[Landed], empty: &[String]) -> Option<Refusal> {
    let names = || files.iter().map(|file| &file.name).chain(empty);
    let lost = tables.iter().find(|table| !table.files.is_empty() && !names().any(|name| table.is_in(name)))?;
    let sought: Vec<&str> = lost.files.iter().map(Pattern::as_str).collect();
    let near = nearest(sought.first()?, names().map(String::as_str), 3).join(", ");
    let finding = Finding {
        entity: lost.plan.name(),
        value: Some(sought.join(", ")),
        hint: (!near.is_empty()).then_some(near),
        ..Finding::of(&finding::NOT_FOUND)
    };
    Some(Refusal { finding, file: Some(sought.join(", ")) })
}

/// What has changed in the source comes first: it may be why the rest is. Then what keeps a record out; what concerns a
/// table as a whole (no cell) last.
fn by_weight(mut findings: Vec<Finding>) -> Vec<Finding> {
    let drifted = |finding: &Finding| finding.code.starts_with('D') && finding.code != finding::VALUE_DRIFTED.code;
    findings.sort_by_key(|finding| {
        (!drifted(finding), finding.severity != Severity::Error.as_str(), finding.cell.is_none())
    });
    findings
}

/// UTC as the registry stores it.
pub(crate) fn timestamp(moment: jiff::Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn seconds(started: Instant) -> f64 {
    (started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0
}
