//! `vienkop check`: the configuration (all its mistakes come out of loading it), then whether the registry can be used
//! and each source can be read.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;
use serde::Serialize;
use vienkop_connectors::deliver::Register;
use vienkop_connectors::fetch::FetchError;
use vienkop_connectors::registry::{Lack, Registry, Schemas};
use vienkop_transforms::texts::Texts;

use super::session::Session;
use super::{Exit, Options, output};
use crate::config::Source;
use crate::fault;
use crate::import::{Access, First, Prepared, Probed, probe};
use crate::outcome::Drifted;
use crate::tell::sentence;
use crate::timetable::NEXT;

#[derive(Serialize)]
struct Checked {
    registry: RegistryChecked,
    sources: Vec<SourceChecked>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    targets: Vec<TargetChecked>,
}

/// A register that a pipeline delivers to.
#[derive(Serialize)]
struct TargetChecked {
    target: String,
    errors: Vec<String>,
}

#[derive(Serialize)]
struct RegistryChecked {
    url: String,
    /// There is none yet.
    missing: bool,
    errors: Vec<String>,
}

#[derive(Serialize)]
struct SourceChecked {
    source: String,
    /// Only of sources that ask a server or a database.
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<Access>,
    files: usize,
    rows: usize,
    /// The first record of each table.
    first: Vec<First>,
    /// Whether anything of it was loaded, so that there is something to compare with.
    seen: bool,
    /// What has changed since then.
    drift: Vec<Drifted>,
    errors: Vec<String>,
}

/// Checks the configuration, the registry and every source, or one; loads nothing.
pub(super) async fn check(options: &Options, now: Timestamp, source: Option<&str>) -> anyhow::Result<Exit> {
    let session = Session::open(options, now)?;
    let config = &session.config;
    let sources: Vec<&Source> = match source {
        Some(name) => vec![session.source(name)?],
        None => config.sources.iter().collect(),
    };
    let registry = look(&session).await;
    // A registry that is not there, or of an older program, knows nothing of what sources looked like.
    let held = if registry.errors.is_empty() && !registry.missing {
        Registry::open_as_it_is(&session.registry).await.ok()
    } else {
        None
    };
    let mut checked = Vec::new();
    for source in sources {
        let schemas = match &held {
            Some(held) => held.schemas(&source.id).await?,
            None => Schemas::new(),
        };
        let probed = tokio::task::block_in_place(|| probe(&session, &Prepared::new(&session, source)?, &schemas))?;
        let Probed { access, files, rows, first, drift, errors } = probed;
        let (source, seen) = (source.id.clone(), !schemas.is_empty());
        checked.push(SourceChecked { source, access, files, rows, first, seen, drift, errors });
    }
    let targets = if source.is_none() { targets(&session).await } else { Vec::new() };
    let sound = checked.iter().all(|source| source.errors.is_empty());
    let exit = match (registry.errors.is_empty(), sound && targets.iter().all(|target| target.errors.is_empty())) {
        (false, _) => Exit::CouldNotRun,
        (true, false) => Exit::GateFailed,
        (true, true) => Exit::Done,
    };
    if options.json {
        output::json(&Checked { registry, sources: checked, targets })?;
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
    let args = [("registry", registry.url.as_str())];
    if registry.errors.is_empty() {
        let sentence = if registry.missing { "cli-check-registry-new" } else { "cli-check-registry-ok" };
        out.push_str(&format!("  {}\n", texts.get(sentence, &args)));
    }
    for message in &registry.errors {
        out.push_str(&format!("  {message}\n"));
    }
    for source in &checked {
        let (files, rows) = (source.files.to_string(), source.rows.to_string());
        if source.errors.is_empty() {
            let args = [("source", source.source.as_str()), ("files", &files), ("rows", &rows)];
            out.push_str(&format!("  {}\n", texts.get("cli-check-source-ok", &args)));
        }
        if let Some(access) = &source.access {
            out.push_str(&format!("    {}\n", reached(texts, *access)));
        }
        for first in source.first.iter().filter(|_| source.access.is_some()) {
            let (fields, of) = (first.fields.to_string(), first.of.to_string());
            let args = [("entity", first.entity.as_str()), ("fields", &fields), ("of", &of)];
            out.push_str(&format!("    {}\n", texts.get("cli-check-first", &args)));
        }
        out.push_str(&schema(texts, source));
        for message in &source.errors {
            let args = [("source", source.source.as_str()), ("message", message)];
            out.push_str(&format!("  {}\n", texts.get("cli-check-source-bad", &args)));
        }
    }
    for target in &targets {
        let title = session.config.targets.get(&target.target).map_or(target.target.as_str(), |found| &found.title);
        if target.errors.is_empty() {
            out.push_str(&format!("  {}\n", texts.get("cli-check-target-ok", &[("target", title)])));
        }
        for message in &target.errors {
            let args = [("target", title), ("message", message)];
            out.push_str(&format!("  {}\n", texts.get("cli-check-target-bad", &args)));
        }
    }
    output::text(&out)?;
    Ok(exit)
}

/// Looks at the registers that pipelines deliver to; what no pipeline names is asked nothing.
async fn targets(session: &Session) -> Vec<TargetChecked> {
    let config = &session.config;
    let named = config.pipelines.values().filter_map(|pipeline| pipeline.publish.as_ref());
    let named: BTreeSet<&String> = named.flat_map(|publish| &publish.deliver).collect();
    let cancel = AtomicBool::new(false);
    let mut checked = Vec::new();
    for target in named.into_iter().filter_map(|id| config.targets.get(id)) {
        let reached = match Register::open(&target.deliver, &config.base, &cancel) {
            Ok(register) => register.reach().await,
            Err(error) => Err(error),
        };
        let errors = match reached {
            Ok(()) => Vec::new(),
            Err(FetchError::File(finding)) => vec![sentence(session.texts(), &finding, None)],
            Err(error) => vec![error.to_string()],
        };
        checked.push(TargetChecked { target: target.id.clone(), errors });
    }
    checked
}

/// Whether the source looks as it did when a delivery of it was loaded last.
fn schema(texts: &Texts, source: &SourceChecked) -> String {
    let line = |text: &str| format!("    {text}\n");
    if !source.drift.is_empty() {
        let told = |change: &Drifted| format!("{} {}", change.code, change.message);
        let told = source.drift.iter().map(|change| texts.get("cli-check-schema-drift", &[("message", &told(change))]));
        return told.map(|told| line(&told)).collect();
    }
    match (source.seen, source.errors.is_empty()) {
        (true, true) => line(&texts.get("cli-check-schema-same", &[])),
        _ => String::new(),
    }
}

/// How far we came with a server, in words.
fn reached(texts: &Texts, access: Access) -> String {
    let word = |known: Option<bool>| match known {
        Some(true) => "cli-check-yes",
        Some(false) => "cli-check-no",
        None => "cli-check-not-asked",
    };
    let words = [Some(access.reached), access.authenticated, access.permitted].map(|known| texts.get(word(known), &[]));
    let args = [("reached", words[0].as_str()), ("authenticated", &words[1]), ("permitted", &words[2])];
    texts.get("cli-check-access", &args)
}

/// A registry that cannot be used is told beside the other mistakes.
async fn look(session: &Session) -> RegistryChecked {
    let (texts, url) = (session.texts(), Registry::shown(&session.registry));
    let found = match Registry::check(&session.registry).await {
        Ok(found) => found,
        Err(error) => return RegistryChecked { url, missing: false, errors: vec![fault::told(texts, &error.into())] },
    };
    let tell = |lack: &Lack| match lack {
        Lack::Grant(statement) => {
            texts.get("cli-check-registry-grant", &[("registry", &url), ("statement", statement)])
        }
        Lack::Schema(path) => texts.get("cli-check-registry-schema", &[("registry", &url), ("path", path)]),
        Lack::File(path) => texts.get("cli-check-registry-file", &[("path", path)]),
        _ => texts.get("cli-check-registry-read-only", &[("registry", &url)]),
    };
    let errors = found.lacks.iter().map(tell).collect();
    RegistryChecked { url, missing: found.missing, errors }
}
