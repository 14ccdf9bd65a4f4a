//! `vienkop quarantine list|show|export|close`; `retry` has a file of its own.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use vienkop_connectors::registry::{QuarantineRow, Registry};
use vienkop_transforms::finding::Finding;
use vienkop_transforms::normalise::personal;

use super::retry::retry;
use super::session::Session;
use super::{Exit, Options, QuarantineCommand, output};
use crate::correction;
use crate::import::timestamp;
use crate::tell;

/// How many records a list shows at most.
const MOST: usize = 100_000;

#[derive(Serialize)]
struct Listed {
    id: String,
    source: String,
    entity: String,
    key: Option<String>,
    file: Option<String>,
    sheet: Option<String>,
    row: Option<i64>,
    part: Option<i64>,
    codes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_run: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_because: Option<String>,
}

#[derive(Serialize)]
struct Closed<'a> {
    run: i64,
    ids: &'a [String],
    because: &'a str,
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    head: Listed,
    cells: Vec<Cell>,
    findings: Vec<Told>,
}

#[derive(Serialize)]
struct Cell {
    column: String,
    value: Option<String>,
}

#[derive(Serialize)]
struct Told {
    code: &'static str,
    severity: &'static str,
    cell: Option<String>,
    column: Option<String>,
    field: Option<String>,
    value: Option<String>,
    message: String,
    remedy: String,
}

impl Listed {
    fn new(row: QuarantineRow) -> Self {
        let codes = row.codes.as_deref().unwrap_or_default();
        Self {
            id: format!("{}#{}", row.source, row.id),
            codes: codes.split(", ").filter(|code| !code.is_empty()).map(str::to_owned).collect(),
            source: row.source,
            entity: row.entity,
            key: row.record_key,
            file: row.file,
            sheet: row.sheet,
            row: row.row,
            part: row.part,
            closed_run: row.closed_run,
            closed_because: row.closed_because,
        }
    }

    fn place(&self) -> String {
        let row = self.row.map(|row| row.to_string()).unwrap_or_default();
        let part = self.part.map(|part| format!(".{part}")).unwrap_or_default();
        let place = match &self.sheet {
            Some(sheet) => format!("{sheet}!{row}"),
            None if row.is_empty() => String::new(),
            None => format!("{row}{part}"),
        };
        format!("{} {place}", self.file.as_deref().unwrap_or_default()).trim().to_owned()
    }
}

/// Lists or shows rejected records.
pub(super) async fn quarantine(options: &Options, now: Timestamp, command: &QuarantineCommand) -> anyhow::Result<Exit> {
    let session = Session::open(options, now)?;
    let registry = session.open_registry().await?;
    match command {
        QuarantineCommand::List { source } => {
            let source = source.as_deref().map(|name| session.source(name)).transpose()?;
            let rows = registry.quarantine_list(source.map(|source| source.id.as_str()), MOST).await?;
            list(&session, options, &rows.into_iter().map(Listed::new).collect::<Vec<_>>())
        }
        QuarantineCommand::Show { id } => {
            let detail = match number(id) {
                Some(number) => registry.quarantine_show(number).await?,
                None => None,
            };
            let Some(detail) = detail else {
                anyhow::bail!(session.texts().get("cli-quarantine-none", &[("id", id)]));
            };
            let mut findings = Vec::new();
            for row in 0..detail.findings.height() {
                findings.extend(tell::at(&detail.findings, row)?.map(|finding| told(&session, finding)));
            }
            let cells = detail.cells.into_iter().map(|(column, value)| Cell { column, value }).collect();
            show(&session, options, &Shown { head: Listed::new(detail.head), cells, findings })
        }
        QuarantineCommand::Retry { what, dry_run } => retry(&session, options, &registry, what, *dry_run).await,
        QuarantineCommand::Export { source, output } => {
            export(&session, options, &registry, source, output.as_deref()).await
        }
        QuarantineCommand::Close { ids, because } => close(&session, options, &registry, ids, because).await,
    }
}

/// Writes the workbook with which an agency mends what was rejected.
async fn export(
    session: &Session,
    options: &Options,
    registry: &Registry,
    source: &str,
    output: Option<&Path>,
) -> anyhow::Result<Exit> {
    let texts = session.texts();
    let source = session.source(source)?;
    let file = output
        .map_or_else(|| PathBuf::from(format!("karantina-{}-{}.xlsx", source.id, session.as_of_day())), Path::to_owned);
    let exported = correction::export(session, registry, source, &file).await?;
    if options.json {
        output::json(&exported)?;
        return Ok(Exit::Done);
    }
    let Some(exported) = exported else {
        output::text(&format!("{}\n", texts.get("cli-quarantine-empty", &[])))?;
        return Ok(Exit::Done);
    };
    let mut out = format!("{}\n", exported.file.display());
    let counts = [
        ("rows", exported.rows),
        ("along", exported.along),
        ("uncut", exported.uncut),
        ("expired", exported.expired),
        ("findings", exported.findings),
    ];
    for (name, count) in counts.into_iter().filter(|(name, count)| *count > 0 || *name == "rows") {
        out.push_str(&format!("  {}\n", texts.count(&format!("cli-quarantine-export-{name}"), &[("count", count)])));
    }
    if exported.personal {
        out.push_str(&format!("{}\n", texts.get("cli-quarantine-export-personal", &[])));
    }
    out.push_str(&match &source.inbox {
        Some(inbox) => format!("{}\n", texts.get("cli-quarantine-export-inbox", &[("inbox", inbox)])),
        None => format!("{}\n", texts.get("cli-quarantine-export-no-inbox", &[("file", &source.place.file)])),
    });
    output::text(&out)?;
    Ok(Exit::Done)
}

/// The number in `source#number`.
fn number(id: &str) -> Option<i64> {
    id.rsplit('#').next().and_then(|number| number.parse().ok())
}

/// The number of a record that is or was in quarantine, and whether it stands.
async fn known_number(session: &Session, registry: &Registry, id: &str) -> anyhow::Result<(i64, bool)> {
    let found = match number(id) {
        Some(number) => registry.quarantine_show(number).await?.map(|found| found.head),
        None => None,
    };
    // The source in front guards against a number mistyped.
    let named = id.rsplit_once('#').map(|(source, _)| source).filter(|source| !source.is_empty());
    match found.filter(|head| named.is_none_or(|named| named == head.source)) {
        Some(head) => Ok((head.id, head.closed_run.is_none())),
        None => anyhow::bail!(session.texts().get("cli-quarantine-none", &[("id", id)])),
    }
}

/// The number of a record that stands in quarantine.
pub(super) async fn standing_number(session: &Session, registry: &Registry, id: &str) -> anyhow::Result<i64> {
    match known_number(session, registry, id).await? {
        (number, true) => Ok(number),
        (_, false) => anyhow::bail!(session.texts().get("cli-quarantine-closed-before", &[("id", id)])),
    }
}

async fn close(
    session: &Session,
    options: &Options,
    registry: &Registry,
    ids: &[String],
    because: &str,
) -> anyhow::Result<Exit> {
    let texts = session.texts();
    let because = personal::mask(because.trim());
    if because.is_empty() {
        anyhow::bail!(texts.get("cli-quarantine-because", &[]));
    }
    let mut numbers = Vec::new();
    for id in ids {
        let number = known_number(session, registry, id).await?.0;
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    let at = timestamp(session.as_of);
    let closed = registry.quarantine_close(&numbers, &because, &at, &session.as_of_day().to_string()).await?;
    let run = match closed {
        Ok(run) => run,
        Err(number) => {
            let id = ids.iter().find(|id| self::number(id) == Some(number)).map_or("", String::as_str);
            anyhow::bail!(texts.get("cli-quarantine-closed-before", &[("id", id)]));
        }
    };
    if options.json {
        output::json(&Closed { run, ids, because: &because })?;
    } else {
        let count = numbers.len() as u64;
        output::text(&format!("{}\n", texts.count("cli-quarantine-closed", &[("count", count), ("run", run as u64)])))?;
    }
    Ok(Exit::Done)
}

fn told(session: &Session, finding: Finding) -> Told {
    Told {
        message: tell::message(session.texts(), &finding),
        remedy: tell::remedy(session.texts(), &finding),
        code: finding.code,
        severity: finding.severity,
        cell: finding.cell,
        column: finding.column,
        field: finding.field,
        value: finding.value,
    }
}

fn list(session: &Session, options: &Options, rows: &[Listed]) -> anyhow::Result<Exit> {
    if options.json {
        output::json(&rows)?;
        return Ok(Exit::Done);
    }
    let texts = session.texts();
    if rows.is_empty() {
        output::text(&format!("{}\n", texts.get("cli-quarantine-empty", &[])))?;
        return Ok(Exit::Done);
    }
    let header = ["id", "where", "key", "codes"].map(|name| texts.get(&format!("cli-col-{name}"), &[]));
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let key = row.key.clone().unwrap_or_default();
            vec![row.id.clone(), row.place(), format!("{} {key}", row.entity), row.codes.join(" ")]
        })
        .collect();
    output::text(&output::table(&header, &cells, &[]))?;
    Ok(Exit::Done)
}

fn show(session: &Session, options: &Options, record: &Shown) -> anyhow::Result<Exit> {
    if options.json {
        output::json(record)?;
        return Ok(Exit::Done);
    }
    let texts = session.texts();
    let head = &record.head;
    let mut out =
        format!("{}  {} {}\n{}\n\n", head.id, head.entity, head.key.as_deref().unwrap_or_default(), head.place());
    for finding in &record.findings {
        let cell = finding.cell.as_deref().map(|cell| tell::place(texts, cell, finding.column.as_deref()));
        let cell = cell.map(|cell| format!("{cell}: ")).unwrap_or_default();
        let remedy = texts.get("cli-explain-remedy", &[("text", &finding.remedy)]);
        out.push_str(&format!("{}  {cell}{}\n      {remedy}\n", finding.code, finding.message));
    }
    if let Some(run) = head.closed_run {
        let run = run.to_string();
        let text = match &head.closed_because {
            Some(because) => texts.get("cli-quarantine-closed-by-hand", &[("run", &run), ("because", because)]),
            None => texts.get("cli-quarantine-closed-by-run", &[("run", &run)]),
        };
        out.push_str(&format!("\n{text}\n"));
    }
    let header = ["column", "value"].map(|name| texts.get(&format!("cli-col-{name}"), &[]));
    let cells: Vec<Vec<String>> = record
        .cells
        .iter()
        .map(|cell| vec![cell.column.clone(), cell.value.clone().unwrap_or_default().replace('\n', " ⏎ ")])
        .collect();
    out.push_str(&format!("\n{}", output::table(&header, &cells, &[])));
    output::text(&out)?;
    Ok(Exit::Done)
}
