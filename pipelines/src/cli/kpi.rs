//! `vienkop kpi`: performance indicators of what the lake holds.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;
use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use polars::prelude::*;
use serde::ser::{Error as _, SerializeSeq as _};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use vienkop_connectors::registry::Registry;
use vienkop_transforms::assess::performance::{self, Names, Style, Tables};
use vienkop_transforms::assess::report::{CellKind, Measures};
use vienkop_transforms::fold::nearest;
use vienkop_transforms::status::indicators::{Dimension, Indicators, Inputs, Query, Unit, unit};

use super::session::Session;
use super::{Exit, Options, output};
use crate::assess;

/// Characters of a name in a table.
const NAME: usize = 36;

/// How many codes are named where none is near.
const FEW: usize = 5;

/// What is asked for.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// Only this service code
    #[arg(long, value_name = "CODE")]
    service: Option<String>,
    /// Only this institution
    #[arg(long, value_name = "REG_NO")]
    institution: Option<String>,
    /// First day of the period [default: from the beginning]
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// Last day of the period [default: the as-of day]
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// Service, institution, channel and month as CSV on standard output
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

/// Prints the indicators.
pub(super) async fn kpi(options: &Options, now: Timestamp, asked: &Asked) -> anyhow::Result<Exit> {
    let session = Session::open(options, now)?;
    let texts = session.texts();
    let query = query(&session, asked)?;
    if Registry::is_missing(&session.registry).await? {
        bail!(texts.get("cli-kpi-no-registry", &[("registry", &Registry::shown(&session.registry))]));
    }
    let registry = session.open_registry().await?;
    let (institutions, services) =
        (assess::entity_frame(&registry, "institution").await?, assess::entity_frame(&registry, "service").await?);
    let names = Names::new(&institutions, &services)?;
    let inputs = assess::inputs(&session, &registry, services.clone()).await?;
    assess::apart(|| {
        Ok(known(&session, &query, &inputs, &[&institutions, &services]).and_then(|()| {
            let measured = Indicators::new(inputs, query)?;
            print(&session, options, asked, &measured, &names)
        }))
    })?
}

fn query(session: &Session, asked: &Asked) -> anyhow::Result<Query> {
    let day = |text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => match text.parse::<Date>() {
            Ok(day) => Ok(Some(day)),
            Err(_) => bail!(session.texts().get("cli-kpi-date", &[("value", text)])),
        },
    };
    let query = Query {
        from: day(&asked.from)?,
        to: day(&asked.to)?,
        service: asked.service.clone(),
        institution: asked.institution.clone(),
        ..Query::all(session.as_of_day(), session.time_zone.clone())
    };
    if let Some(from) = query.from.filter(|from| *from > query.end()) {
        let (from, to) = (from.to_string(), query.end().to_string());
        bail!(session.texts().get("cli-kpi-order", &[("from", &from), ("to", &to)]));
    }
    Ok(query)
}

/// That service and institution are of the registry or of a request; otherwise the nearest ones, as an error.
fn known(
    session: &Session,
    query: &Query,
    inputs: &Inputs,
    [institutions, services]: &[&DataFrame; 2],
) -> anyhow::Result<()> {
    let asked = [
        ("cli-kpi-institution-unknown", &query.institution, institutions.column("reg_no")?, "institution_reg_no"),
        ("cli-kpi-service-unknown", &query.service, services.column("code")?, "service_code"),
    ];
    for (sentence, value, registered, column) in asked {
        let Some(value) = value else { continue };
        let mut known: BTreeSet<String> = registered.str()?.iter().flatten().map(str::to_owned).collect();
        if !known.contains(value) {
            let named = inputs.requests.clone().group_by([col(column)]).agg([]);
            let named = named.collect_with_engine(Engine::Streaming)?.unwrap_single();
            known.extend(named.column(column)?.str()?.iter().flatten().map(str::to_owned));
        }
        if !known.contains(value) {
            let near = nearest(value, known.iter().map(String::as_str), 3);
            let near = if near.is_empty() { known.iter().take(FEW).map(String::as_str).collect() } else { near };
            bail!(session.texts().get(sentence, &[("name", value), ("nearest", &near.join(", "))]));
        }
    }
    Ok(())
}

fn print(
    session: &Session,
    options: &Options,
    asked: &Asked,
    measured: &Indicators,
    names: &Names,
) -> anyhow::Result<Exit> {
    let style = assess::style(session);
    if options.json {
        output::json(&machine(measured, &style)?)?;
    } else if asked.csv {
        output::text(&lines(&measured.requests(Dimension::Finest, false)?, &style)?)?;
    } else {
        let tables = Tables::new(measured, names, &session.config.codelists, &style);
        output::text(&people(session, measured, &tables)?)?;
    }
    Ok(Exit::Done)
}

/// All of it, tables one below the other.
fn people(session: &Session, measured: &Indicators, tables: &Tables<'_>) -> anyhow::Result<String> {
    let texts = session.texts();
    let (totals, other_kinds) = (tables.totals()?, tables.other_kinds()?);
    if totals.rows.is_empty() && other_kinds.rows.is_empty() {
        return Ok(format!("{}\n", texts.get("cli-kpi-empty", &[])));
    }
    let mut out = format!("{}\n", performance::period(measured, texts));
    let mut all = vec![totals];
    for dimension in [Dimension::Service, Dimension::Institution, Dimension::Channel, Dimension::Month] {
        all.push(tables.by(dimension, &performance::SHORT)?);
    }
    all.extend([
        tables.steps(Dimension::Total)?,
        tables.forecast(Dimension::Total)?,
        tables.clause_3_1()?,
        other_kinds,
    ]);
    for table in all.iter().filter(|table| !table.rows.is_empty()) {
        out.push_str(&format!("\n{}\n{}", table.title, text_table(table)));
        let more = table.rows.len().saturating_sub(table.shown) as u64;
        if more > 0 {
            out.push_str(&format!("{} (--json, --csv)\n", texts.count("report-measures-more", &[("count", more)])));
        }
    }
    let value = |measure: &str| {
        let row = all[0].rows.iter().find(|row| row.key == measure);
        row.and_then(|row| row.cells.first()).map_or_else(|| "0".to_owned(), |cell| cell.text.clone())
    };
    let counts = ["due_unknown", "expected_undecidable", "statutory_undecidable", "undated"].map(value);
    if counts.iter().any(|count| count != "0") {
        let [due, expected, statutory, undated] = &counts;
        let given = [("due", due.as_str()), ("expected", expected), ("statutory", statutory), ("undated", undated)];
        out.push_str(&format!("\n{}\n", texts.get("cli-kpi-undecidable", &given)));
    }
    Ok(out)
}

/// Names cut, numbers to the right.
fn text_table(table: &Measures) -> String {
    let header: Vec<String> =
        table.heads.iter().cloned().chain(table.columns.iter().map(|column| column.label.clone())).collect();
    let cut = |text: &String| match text.char_indices().nth(NAME) {
        Some((at, _)) => format!("{}…", text[..at].trim_end()),
        None => text.clone(),
    };
    let rows = table.rows.iter().take(table.shown);
    let cells =
        rows.clone().map(|row| row.labels.iter().map(cut).chain(row.cells.iter().map(|c| c.text.clone())).collect());
    let cells: Vec<Vec<String>> = cells.collect();
    let heads = table.heads.len();
    let is_number = |column: &usize| rows.clone().any(|row| row.cells[*column].kind != CellKind::Text);
    let right: Vec<usize> = (0..table.columns.len()).filter(is_number).map(|column| column + heads).collect();
    output::table(&header, &cells, &right)
}

/// Every dimension, as rows with the columns of the results; keys in the order of the alphabet.
#[derive(Serialize)]
struct Machine<'a> {
    as_of: String,
    by_derivation: BTreeMap<&'static str, Rows<'a>>,
    clause_3_1: Rows<'a>,
    forecast: BTreeMap<&'static str, Rows<'a>>,
    from: Option<String>,
    institution_reg_no: Option<&'a str>,
    other_kinds: Rows<'a>,
    requests: BTreeMap<&'static str, Rows<'a>>,
    service_code: Option<&'a str>,
    steps: BTreeMap<&'static str, Rows<'a>>,
    steps_by_derivation: BTreeMap<&'static str, Rows<'a>>,
    to: String,
}

/// A result that becomes objects row by row while it is written: as objects all at once it would be many times as large.
struct Rows<'a> {
    frame: DataFrame,
    style: &'a Style<'a>,
}

fn machine<'a>(measured: &'a Indicators, style: &'a Style<'a>) -> anyhow::Result<Machine<'a>> {
    let query = measured.query();
    let rows = |frame: DataFrame| Rows { frame, style };
    let several = |of: &dyn Fn(Dimension) -> PolarsResult<DataFrame>, dimensions: &[Dimension]| {
        let named = |dimension: &Dimension| Ok((dimension.name(), rows(of(*dimension)?)));
        dimensions.iter().map(named).collect::<PolarsResult<BTreeMap<_, _>>>()
    };
    let open = [Dimension::Total, Dimension::Service, Dimension::Institution, Dimension::Channel];
    let coarse = [Dimension::Total, Dimension::Service, Dimension::Institution, Dimension::Channel, Dimension::Month];
    Ok(Machine {
        as_of: query.as_of.to_string(),
        requests: several(&|dimension| measured.requests(dimension, false), &Dimension::ALL)?,
        // The finest is asked for apart by nobody, and makes most of the text.
        by_derivation: several(&|dimension| measured.requests(dimension, true), &coarse)?,
        clause_3_1: rows(measured.clause_3_1()?),
        forecast: several(&|dimension| measured.forecast(dimension), &open)?,
        from: query.from.map(|day| day.to_string()),
        institution_reg_no: query.institution.as_deref(),
        other_kinds: rows(measured.other_kinds()?),
        service_code: query.service.as_deref(),
        steps: several(&|dimension| measured.steps(dimension, false), &coarse)?,
        steps_by_derivation: several(&|dimension| measured.steps(dimension, true), &coarse)?,
        to: query.end().to_string(),
    })
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.frame.height()))?;
        for row in 0..self.frame.height() {
            rows.serialize_element(&object(&self.frame, row, self.style).map_err(S::Error::custom)?)?;
        }
        rows.end()
    }
}

/// Counts are numbers, times `{"value":"12.5","unit":"d"}` or null; how precise a time is shows in its unit.
fn object(frame: &DataFrame, row: usize, style: &Style<'_>) -> PolarsResult<Map<String, Value>> {
    let mut object = Map::new();
    for column in frame.columns() {
        let name = column.name().as_str();
        let value = match (unit(name), column.get(row)?) {
            (_, AnyValue::Null) => Value::Null,
            (Unit::Count, value) => json!(value.extract::<u64>()),
            (Unit::Text, AnyValue::Boolean(flag)) => flag.into(),
            // Polars has texts of two kinds: in a frame of one row it is the other.
            (Unit::Text, other) => other.get_str().map_or_else(|| json!(other.extract::<i64>()), Value::from),
            _ => {
                let cell = style.cell(frame, row, name)?;
                json!({"value": cell.value, "unit": cell.unit})
            }
        };
        // The unit says how precise a time is.
        if !name.ends_with("precision") {
            object.insert(name.trim_end_matches("_seconds").to_owned(), value);
        }
    }
    Ok(object)
}

/// A line a row: keys and counts as they are, of each time the value and its unit.
fn lines(frame: &DataFrame, style: &Style<'_>) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let names: Vec<&str> = frame.get_column_names().into_iter().map(PlSmallStr::as_str).collect();
    let names: Vec<&str> = names.into_iter().filter(|name| !name.ends_with("precision")).collect();
    let is_time = |name: &str| !matches!(unit(name), Unit::Count | Unit::Text);
    let mut header = Vec::new();
    for name in &names {
        let short = name.trim_end_matches("_seconds");
        header.push(short.to_owned());
        if is_time(name) {
            header.push(format!("{short}_unit"));
        }
    }
    writer.write_record(&header)?;
    for row in 0..frame.height() {
        let mut line = Vec::with_capacity(header.len());
        for name in &names {
            let cell = style.cell(frame, row, name)?;
            let unit = cell.unit.filter(|_| cell.value.is_some());
            line.push(cell.value.unwrap_or_default());
            if is_time(name) {
                line.push(unit.unwrap_or_default().to_owned());
            }
        }
        writer.write_record(&line)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}
