//! Status events of a source's run: merged into the lake, their requests' timelines worked out, all of it live by the
//! same transaction as the requests themselves.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;
use vienkop_transforms::batch;
use vienkop_transforms::finding::{self, Finding};
use vienkop_transforms::model::Storage;
use vienkop_transforms::records::{self, Records};
use vienkop_transforms::status::events::{bucket, events, marks, request_uid};
use vienkop_transforms::status::tables::{BUCKET, LakeTable, REQUEST};
use vienkop_transforms::status::timeline::{TimelineRules, holidays_unknown, timelines};

use super::Registry;
use super::bulk::Cells;
use super::difference::{Difference, EntityDifference};
use super::error::{RegistryError, Site};
use super::session::{Row, Session, Value};
use super::sql::{Staged, closing, lake as text};
use super::stage::Stage;
use crate::lake::{Buckets, EventCounts, Lake, LakeChange, LakeFile, LakeMerge, MergeScope, Merged, Spill};

/// The entity whose records are kept in the lake.
pub(super) const STATUS_EVENT: &str = "status_event";
/// The entity that they belong to.
const SERVICE_REQUEST: &str = "service_request";

/// Status events of a delivery, on their way.
pub(super) struct Events {
    lake: Lake,
    /// Where a plan puts aside what does not fit into memory; none in a run.
    plan: Option<tempfile::TempDir>,
    spill: Option<Spill>,
    /// Those that came.
    pub(super) mapped: i64,
    /// Those that were not accepted as they came.
    pub(super) quarantined: i64,
    /// What merging them found, by code.
    found: BTreeMap<&'static str, (Finding, u64)>,
    /// What stands of them from earlier runs, once it was looked for.
    standing: Option<Standing>,
}

/// Status events of which something stands from earlier runs: marks of those in quarantine, keys by which findings name
/// them.
struct Standing {
    marks: BTreeSet<String>,
    keys: BTreeSet<String>,
}

impl Events {
    pub(super) fn new(lake: Lake, plan: Option<tempfile::TempDir>) -> Self {
        Self { lake, plan, spill: None, mapped: 0, quarantined: 0, found: BTreeMap::new(), standing: None }
    }

    fn spill(&mut self, source: &str) -> Result<&mut Spill, RegistryError> {
        let spill = match (self.spill.take(), &self.plan) {
            (Some(spill), _) => spill,
            (None, None) => self.lake.spill(source)?,
            (None, Some(folder)) => self.lake.spill_for_plan(source, folder.path())?,
        };
        Ok(self.spill.insert(spill))
    }
}

impl Stage {
    /// Takes status events: those accepted wait for the lake, the others go to quarantine. Within tokio's runtime of
    /// several threads only, as everything that Polars does with files.
    ///
    /// # Errors
    /// As [`Stage::records`]; the waiting events cannot be put aside.
    pub async fn events(&mut self, records: &Records) -> Result<(), RegistryError> {
        let accepted = events(&self.scope.source, records)?;
        if accepted.height() > 0 {
            self.events.spill(&self.scope.source)?.add(&accepted)?;
        }
        self.see(&records.frame).await?;
        let rejected = records.frame.clone().lazy().filter(col(records::ACCEPTED).not()).collect()?;
        self.events.mapped += records.frame.height() as i64;
        self.events.quarantined += rejected.height() as i64;
        let named = [
            (records::KEY, "record_key"),
            (records::LANDED, "landed"),
            (records::SHEET, "sheet"),
            (batch::ROW, "row"),
            (batch::PART, "part"),
        ];
        let named = named.map(|(name, called)| col(name).alias(called));
        let always = [col(records::SEQ), lit(STATUS_EVENT).alias("entity")];
        let mark = self.marked(&rejected)?;
        let mut rejected = rejected.lazy().select([&always[..], &named[..]].concat()).collect()?;
        rejected.with_column(mark)?;
        self.quarantine_records(&rejected).await
    }

    /// Notes which of the events that something stands of from earlier runs are delivered again.
    async fn see(&mut self, events: &DataFrame) -> Result<(), RegistryError> {
        let standing = match self.events.standing.take() {
            Some(standing) => standing,
            None => Standing {
                marks: self.standing(closing::STANDING_MARKS).await?,
                keys: self.standing(closing::STANDING_KEYS).await?,
            },
        };
        let marks = if standing.marks.is_empty() { Vec::new() } else { marks(&self.scope.source, events)? };
        let marks: BTreeSet<String> =
            marks.into_iter().flatten().filter(|mark| standing.marks.contains(mark)).collect();
        let keys = events.column(records::KEY)?.str()?;
        let keys = keys.iter().flatten().filter(|key| standing.keys.contains(*key)).map(str::to_owned);
        let keys: BTreeSet<String> = keys.collect();
        for (statement, seen) in [(closing::SEE_MARK, marks), (closing::SEE_KEY, keys)] {
            for one in &seen {
                self.session.bound(statement, &[one.as_str().into()]).await?;
            }
        }
        self.events.standing = Some(standing);
        Ok(())
    }

    async fn standing(&mut self, statement: &'static str) -> Result<BTreeSet<String>, RegistryError> {
        let rows = self.session.scoped_rows(statement, &self.scope).await?;
        let read = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>();
        read.map_err(|error| self.session.site.error(error))
    }

    /// `record_uid` of events for the quarantine: by what they are known when they come again.
    fn marked(&self, events: &DataFrame) -> PolarsResult<Column> {
        let marks = marks(&self.scope.source, events)?;
        Ok(Column::new(
            "record_uid".into(),
            marks.into_iter().map(|marks| marks.into_iter().next()).collect::<Vec<_>>(),
        ))
    }

    /// Merges the delivery's events into the lake and works out the timelines of all requests that it touched; what it
    /// comes to is put into the difference. After the requests were loaded. Gives what the timelines were worked out by,
    /// where any were.
    pub(super) async fn load_events(
        &mut self,
        staged: &[Staged],
        rules: &TimelineRules,
        difference: &mut Difference,
    ) -> Result<Option<String>, RegistryError> {
        let source = self.scope.source.clone();
        let values = [self.scope.run.into(), source.as_str().into()];
        let live = files(&mut self.session, text::LIVE_OF_SOURCE, &values).await?;
        let fingerprint = rules.fingerprint();
        let stale = !live.is_empty() && self.worked_out_by().await?.as_deref() != Some(&fingerprint);
        let requests = staged.iter().find(|one| one.table.entity.name == SERVICE_REQUEST);
        if requests.is_none() && self.events.mapped == 0 && !stale {
            return Ok(None);
        }
        for statement in text::create() {
            self.session.define(statement).await?;
        }
        for statement in requests.iter().flat_map(|requests| requests.touched_requests()) {
            self.session.scoped(statement, &self.scope).await?;
        }
        if stale {
            self.session.scoped(text::TOUCH_ALL, &self.scope).await?;
        }
        let touched = self.session.number("SELECT count(*) FROM lake_touched", &self.scope).await?;
        if touched == 0 && self.events.spill.as_ref().is_none_or(|spill| spill.rows() == 0) {
            return Ok(None);
        }
        self.session.filled("lake_touched").await?;
        let write = self.events.plan.is_none();
        self.events.spill(&source)?;
        let Some(spill) = self.events.spill.take() else { return Ok(None) };
        let mut merge = self.events.lake.merge(spill, &live, MergeScope { write, whole: stale })?;
        let mut years = BTreeSet::new();
        while let Some(portion) = merge.next_portion()? {
            let buckets = portion.buckets.clone();
            let (known, also) = self.portion(&buckets, &portion.requests).await?;
            let merged = merge.events(portion, &also, &known)?;
            self.session.scoped(closing::close_worked_out(), &self.scope).await?;
            let made = timelines(&merged.events, &merged.known, rules)?;
            merge.put(&merged, &made.steps, &made.requests)?;
            self.store(&merged.changed(&made.requests)?).await?;
            self.tell(&merged).await?;
            self.say(made.findings).await?;
            years.extend(made.unknown_years);
        }
        self.say(holidays_unknown(&years)).await?;
        let counts = self.list(merge, write).await?;
        settle(counts, &self.events, &mut difference.entities);
        difference.found = std::mem::take(&mut self.events.found).into_values().collect();
        Ok(Some(fingerprint))
    }

    /// What the registry knows of the requests of some buckets: of those in question, with their fields, and the keys
    /// of those that are worked out again whatever their events say.
    async fn portion(&mut self, buckets: &Buckets, named: &DataFrame) -> Result<(DataFrame, DataFrame), RegistryError> {
        self.session.run("DELETE FROM lake_portion").await?;
        let uids = uids(&self.scope.source, named)?;
        let columns = [
            ("record_uid".to_owned(), Cells::Text(&uids)),
            (REQUEST[0].to_owned(), Cells::of(named, REQUEST[0], Storage::Text)?),
            (REQUEST[1].to_owned(), Cells::of(named, REQUEST[1], Storage::Text)?),
        ];
        self.bulk.insert(&mut self.session, "lake_portion", named.height(), &columns).await?;
        let from = format!("{:02x}", buckets.start());
        // After the last of the digits.
        let to = if *buckets.end() >= 0xff { "g".to_owned() } else { format!("{:02x}", buckets.end() + 1) };
        self.session.bound(text::JOIN_TOUCHED, &[from.as_str().into(), to.as_str().into()]).await?;
        self.session.filled("lake_portion").await?;
        let values = [self.scope.run.into(), self.scope.source.as_str().into()];
        let rows = self.session.rows(text::portion(), &values[..]).await?;
        let frame = portion_frame(&rows).map_err(|error| self.session.site.error(error))??;
        let known = frame.clone().lazy().filter(col("known").is_not_null()).collect()?;
        // Of a request that changed, or is gone, the events may be delivered too, and be the same.
        let key = [BUCKET, REQUEST[0], REQUEST[1]];
        let also = frame.lazy().filter(col("touched").is_not_null()).select(key.map(col)).collect()?;
        Ok((known, also))
    }

    /// Puts timelines of the portion's requests in the place of those held.
    async fn store(&mut self, timelines: &DataFrame) -> Result<(), RegistryError> {
        let frame = shown(timelines)?;
        let uids = uids(&self.scope.source, &frame)?;
        let mut columns = vec![("record_uid".to_owned(), Cells::Text(&uids))];
        for (name, storage) in text::TIMELINE {
            columns.push((name.to_owned(), Cells::of(&frame, name, storage)?));
        }
        self.session.run("DELETE FROM lake_row").await?;
        self.bulk.insert(&mut self.session, "lake_row", frame.height(), &columns).await?;
        self.session.filled("lake_row").await?;
        for statement in text::store_timelines() {
            self.session.scoped(statement, &self.scope).await?;
        }
        self.session.grown("request_timeline", frame.height() as u64).await
    }

    /// Findings of events that came twice; quarantine of those whose request is not known.
    async fn tell(&mut self, merged: &Merged) -> Result<(), RegistryError> {
        let marks = self.marks().await?;
        let mut findings = Vec::new();
        let place = |frame: &DataFrame, prefix: &str, row: usize| -> PolarsResult<Place> {
            let number = |name: &str| PolarsResult::Ok(frame.column(&format!("{prefix}{name}"))?.i64()?.get(row));
            let sheet = frame.column(&format!("{prefix}sheet"))?.str()?.get(row).map(str::to_owned);
            Ok(Place { landed: number("landed")?, sheet, row: number("row")?, part: number("part")? })
        };
        let key = |frame: &DataFrame, row: usize| -> PolarsResult<String> {
            let part =
                |name: &str| PolarsResult::Ok(frame.column(name)?.str()?.get(row).unwrap_or_default().to_owned());
            Ok(format!("{} / {}", part(REQUEST[0])?, part(REQUEST[1])?))
        };
        for row in 0..merged.duplicates.height() {
            let differs = merged.duplicates.column("differs")?.bool()?.get(row) == Some(true);
            let rule = if differs { &finding::DUPLICATE_DIFFERS } else { &finding::DUPLICATE };
            let counts = place(&merged.duplicates, "counts_", row)?;
            let key = key(&merged.duplicates, row)?;
            let told = Finding {
                value: Some(key.clone()),
                record_key: Some(key),
                hint: Some(counts.shown(&marks)),
                ..Finding::of(rule)
            };
            findings.push(place(&merged.duplicates, "", row)?.of(told, &marks));
        }
        let withheld = &merged.withheld;
        for row in 0..withheld.height() {
            let value =
                |name: &str| PolarsResult::Ok(withheld.column(name)?.str()?.get(row).unwrap_or_default().to_owned());
            let told = Finding {
                record_key: Some(key(withheld, row)?),
                value: Some(format!("{} {}", value("state_raw")?, value("at_raw")?)),
                ..Finding::of(&finding::EVENT_WITHOUT_REQUEST)
            };
            findings.push(place(withheld, "", row)?.of(told, &marks));
        }
        self.say(findings).await?;
        self.withhold(withheld).await
    }

    /// Findings of events and timelines, which are counted too.
    async fn say(&mut self, findings: Vec<Finding>) -> Result<(), RegistryError> {
        self.findings(&finding::frame(&findings)?).await?;
        for finding in findings {
            self.events.found.entry(finding.code).or_insert((finding, 0)).1 += 1;
        }
        Ok(())
    }

    /// What the timelines that the lake holds of the source were worked out by.
    async fn worked_out_by(&mut self) -> Result<Option<String>, RegistryError> {
        let rows = self.session.scoped_rows(text::WORKED_OUT_BY, &self.scope).await?;
        let read = rows.first().map_or(Ok(None), |row| row.try_get(0));
        read.map_err(|error| self.session.site.error(error))
    }

    /// Quarantines events whose request the registry does not know, with what is known of them.
    async fn withhold(&mut self, withheld: &DataFrame) -> Result<(), RegistryError> {
        let key = concat_str([col(REQUEST[0]), col(REQUEST[1])], " / ", false).alias("record_key");
        let at = col("at").dt().strftime("%Y-%m-%dT%H:%M:%SZ");
        let mut keyed = withheld.clone().lazy().with_columns([key, at, lit(STATUS_EVENT).alias("entity")]).collect()?;
        keyed.with_column(self.marked(&keyed)?)?;
        self.quarantine_records(&keyed).await?;
        for (ordinal, name) in (1..).zip([REQUEST[0], REQUEST[1], "event_id", "state_raw", "at_raw", "step_no"]) {
            let filled = keyed.clone().lazy().filter(col(name).is_not_null()).collect()?;
            let column = StringChunked::full("column".into(), name, filled.height());
            let columns = [
                ("seq".to_owned(), Cells::of(&filled, records::SEQ, Storage::Integer)?),
                ("ordinal".to_owned(), Cells::Constant(ordinal)),
                ("column".to_owned(), Cells::Text(&column)),
                ("value".to_owned(), Cells::of(&filled, name, Storage::Text)?),
            ];
            self.bulk.insert(&mut self.session, "stage_cell", filled.height(), &columns).await?;
        }
        Ok(())
    }

    /// What rows of each landed file are counted in.
    async fn marks(&mut self) -> Result<BTreeMap<i64, String>, RegistryError> {
        let rows = self.session.rows("SELECT landed, mark FROM stage_file", &[]).await?;
        let pair = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?));
        rows.iter().map(pair).collect::<Result<_, _>>().map_err(|error| self.session.site.error(error))
    }

    /// Writes the lake's files and lists them.
    async fn list(&mut self, merge: LakeMerge, write: bool) -> Result<EventCounts, RegistryError> {
        let LakeChange { added, retired, counts } = merge.finish()?;
        if write {
            for file in &added {
                let values: [Value<'_>; 8] = [
                    file.table.name().into(),
                    file.source.as_str().into(),
                    file.month.as_str().into(),
                    file.path.as_str().into(),
                    (file.rows as i64).into(),
                    (file.bytes as i64).into(),
                    file.sha256.as_str().into(),
                    self.scope.run.into(),
                ];
                self.session.bound(text::ADD_FILE, &values).await?;
            }
            let new: BTreeSet<&str> = added.iter().map(|file| file.path.as_str()).collect();
            for file in retired.iter().filter(|file| !new.contains(file.path.as_str())) {
                self.session.bound(text::RETIRE_FILE, &[file.path.as_str().into(), self.scope.run.into()]).await?;
            }
            self.session.scoped(text::FORGET_FILES, &self.scope).await?;
            let rows = self.session.scoped_rows(text::KEPT_FILES, &self.scope).await?;
            let kept: Result<BTreeSet<String>, sqlx::Error> = rows.iter().map(|row| row.try_get(0)).collect();
            let kept = kept.map_err(|error| self.session.site.error(error))?;
            self.events.lake.sweep(Some(&self.scope.source), &kept)?;
        }
        Ok(counts)
    }
}

/// Counts what became of a delivery's events.
fn settle(counts: EventCounts, came: &Events, entities: &mut [EntityDifference]) {
    let number = |count: u64| count as i64;
    for one in entities.iter_mut().filter(|one| one.entity == STATUS_EVENT) {
        *one = EntityDifference {
            entity: STATUS_EVENT.to_owned(),
            mapped: came.mapped,
            accepted: number(counts.inserted + counts.changed + counts.unchanged),
            quarantined: came.quarantined + number(counts.withheld),
            duplicates: number(counts.duplicates + counts.differing),
            inserted: number(counts.inserted),
            changed: number(counts.changed),
            retired: number(counts.retired),
            unchanged: number(counts.unchanged),
        };
    }
}

/// Where an event stands in its file.
struct Place {
    landed: Option<i64>,
    sheet: Option<String>,
    row: Option<i64>,
    part: Option<i64>,
}

impl Place {
    /// As the difference of other records says it: `Lapa!17`, `L17`, `#17.2`.
    fn shown(&self, marks: &BTreeMap<i64, String>) -> String {
        let row = self.row.unwrap_or_default();
        if let Some(sheet) = &self.sheet {
            return format!("{sheet}!{row}");
        }
        let mark = self.landed.and_then(|landed| marks.get(&landed)).map_or("L", String::as_str);
        let part = self.part.map(|part| format!(".{part}")).unwrap_or_default();
        format!("{mark}{row}{part}")
    }

    fn of(self, finding: Finding, marks: &BTreeMap<i64, String>) -> Finding {
        let cell = Some(self.shown(marks));
        let Self { landed, sheet, row, part } = self;
        Finding { entity: STATUS_EVENT.to_owned(), landed, sheet, row, part, cell, ..finding }
    }
}

/// Uids of the records of requests.
fn uids(source: &str, requests: &DataFrame) -> PolarsResult<StringChunked> {
    let (institutions, numbers) = (requests.column(REQUEST[0])?.str()?, requests.column(REQUEST[1])?.str()?);
    let pairs = institutions.iter().zip(numbers.iter());
    let uid = |(institution, number): (Option<&str>, Option<&str>)| {
        Some(request_uid(source, institution.unwrap_or_default(), number.unwrap_or_default()))
    };
    Ok(pairs.map(uid).collect())
}

/// Rows of [`text::portion`] as columns.
fn portion_frame(rows: &[Row]) -> Result<PolarsResult<DataFrame>, sqlx::Error> {
    let column = |index: usize| -> Result<Vec<Option<String>>, sqlx::Error> {
        rows.iter().map(|row| row.try_get(index)).collect()
    };
    let uids = column(2)?;
    let buckets: Vec<i32> = uids.iter().map(|uid| bucket(uid.as_deref().unwrap_or_default())).collect();
    let known: Vec<Option<i64>> = rows.iter().map(|row| row.try_get(3)).collect::<Result<_, _>>()?;
    let mut columns = vec![
        Column::new(BUCKET.into(), buckets),
        Column::new(REQUEST[0].into(), column(0)?),
        Column::new(REQUEST[1].into(), column(1)?),
        Column::new("known".into(), known),
        Column::new("touched".into(), column(4)?),
    ];
    for (n, name) in text::REQUEST_FIELDS.iter().enumerate() {
        columns.push(Column::new((*name).into(), column(5 + n)?));
    }
    Ok(DataFrame::new(rows.len(), columns))
}

/// Timelines with times and days as the registry writes them, whole numbers as it counts.
fn shown(timelines: &DataFrame) -> PolarsResult<DataFrame> {
    let schema = LakeTable::RequestTimeline.schema();
    let columns = schema.iter().map(|(name, dtype)| {
        let column = col(name.clone());
        match dtype {
            DataType::Datetime(..) => column.dt().strftime("%Y-%m-%dT%H:%M:%SZ"),
            DataType::Date => column.dt().strftime("%Y-%m-%d"),
            DataType::Int32 => column.cast(DataType::Int64),
            _ => column,
        }
    });
    timelines.clone().lazy().select(columns.collect::<Vec<_>>()).collect()
}

async fn files(
    session: &mut Session,
    statement: &'static str,
    values: &[Value<'_>],
) -> Result<Vec<LakeFile>, RegistryError> {
    let rows = session.rows(statement, values).await?;
    let file = |row: &Row| file(row, &session.site);
    rows.iter().map(file).collect()
}

fn file(row: &Row, site: &Site) -> Result<LakeFile, RegistryError> {
    let read = || -> Result<Option<LakeFile>, sqlx::Error> {
        let kind: String = row.try_get(0)?;
        let Some(table) = LakeTable::ALL.into_iter().find(|table| table.name() == kind) else { return Ok(None) };
        let number = |index: usize| row.try_get::<i64, _>(index).map(i64::unsigned_abs);
        Ok(Some(LakeFile {
            table,
            source: row.try_get(1)?,
            month: row.try_get(2)?,
            path: row.try_get(3)?,
            rows: number(4)?,
            bytes: number(5)?,
            sha256: row.try_get(6)?,
        }))
    };
    read().map_err(|error| site.error(error))?.ok_or_else(|| site.error(sqlx::Error::RowNotFound))
}

impl Registry {
    /// Live rows of one of the lake's tables that are of one request of a source, in order.
    ///
    /// # Errors
    /// As [`Registry::lake_table`]; a file is damaged.
    pub async fn lake_rows(
        &self,
        table: LakeTable,
        source: &str,
        institution: &str,
        number: &str,
    ) -> Result<DataFrame, RegistryError> {
        let mut session = self.connect().await?;
        let mut files = files(&mut session, text::LIVE_OF_SOURCE, &[0_i64.into(), source.into()]).await?;
        session.close().await?;
        files.retain(|file| file.table == table);
        let bucket = bucket(&request_uid(source, institution, number));
        let rows = self.lake.scan(table, &files)?.filter(
            col(BUCKET).eq(lit(bucket)).and(col(REQUEST[0]).eq(lit(institution))).and(col(REQUEST[1]).eq(lit(number))),
        );
        let order = if table == LakeTable::RequestStep { "ordinal" } else { table.time() };
        Ok(rows.sort([order], SortMultipleOptions::default().with_maintain_order(true)).collect()?)
    }

    /// Names of the files that a source has delivered, by number.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub async fn landed_names(&self, source: &str) -> Result<BTreeMap<i64, String>, RegistryError> {
        let mut session = self.connect().await?;
        let rows = session.rows("SELECT id, name FROM landed_file WHERE source = $1", &[source.into()]).await?;
        let pair = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?));
        rows.iter().map(pair).collect::<Result<_, _>>().map_err(|error| self.site.error(error))
    }

    /// Live rows of one of the lake's tables, to be narrowed down and collected by the caller.
    ///
    /// # Errors
    /// The registry cannot be read, or a file that it lists is missing.
    pub async fn lake_table(&self, table: LakeTable) -> Result<LazyFrame, RegistryError> {
        let mut session = self.connect().await?;
        let files = files(&mut session, text::LIVE_OF_KIND, &[table.name().into()]).await?;
        session.close().await?;
        Ok(self.lake.scan(table, &files)?)
    }
}
