//! `vienkop check`: the configuration (all its mistakes come out of loading it), then whether each source can be read.

use jiff::Timestamp;
use serde::Serialize;

use super::session::Session;
use super::{Exit, Options, output};
use crate::config::Source;
use crate::import::{Prepared, probe};
use crate::timetable::NEXT;

#[derive(Serialize)]
struct Checked {
    source: String,
    files: usize,
    rows: usize,
    errors: Vec<String>,
}

/// Checks the configuration and every source, or one; loads nothing.
pub(super) fn check(options: &Options, now: Timestamp, source: Option<&str>) -> anyhow::Result<Exit> {
    let session = Session::open(options, now)?;
    let config = &session.config;
    let sources: Vec<&Source> = match source {
        Some(name) => vec![session.source(name)?],
        None => config.sources.iter().collect(),
    };
    let mut checked = Vec::new();
    for source in sources {
        let probed = tokio::task::block_in_place(|| probe(&session, &Prepared::new(&session, source)?))?;
        let (files, rows, errors) = (probed.files, probed.rows, probed.errors);
        checked.push(Checked { source: source.id.clone(), files, rows, errors });
    }
    let exit = if checked.iter().any(|source| !source.errors.is_empty()) { Exit::GateFailed } else { Exit::Done };
    if options.json {
        output::json(&checked)?;
        return Ok(exit);
    }
    let texts = session.texts();
    let counts = [
        ("sources", config.sources.len() as u64),
        ("pipelines", config.pipelines.len() as u64),
        ("codelists", config.codelists.names().len() as u64),
    ];
    let mut out = format!("{}\n", texts.count("cli-check-config", &counts));
    for (name, pipeline) in &config.pipelines {
        if let (Some(line), Some(timetable)) = (&pipeline.schedule, session.timetable(pipeline)) {
            let times = timetable.next_local(session.as_of, NEXT).join(", ");
            let args = [("pipeline", name.as_str()), ("schedule", line), ("times", &times)];
            out.push_str(&format!("  {}\n", texts.get("cli-check-schedule", &args)));
        }
    }
    for source in &checked {
        let (files, rows) = (source.files.to_string(), source.rows.to_string());
        if source.errors.is_empty() {
            let args = [("source", source.source.as_str()), ("files", &files), ("rows", &rows)];
            out.push_str(&format!("  {}\n", texts.get("cli-check-source-ok", &args)));
        }
        for message in &source.errors {
            let args = [("source", source.source.as_str()), ("message", message)];
            out.push_str(&format!("  {}\n", texts.get("cli-check-source-bad", &args)));
        }
    }
    output::text(&out)?;
    Ok(exit)
}
