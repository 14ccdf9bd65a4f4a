//! `vienkop onboard`: a draft source file from a register that nobody has described.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use fs_err as fs;
use jiff::Timestamp;
use serde::Serialize;
use vienkop_transforms::normalise::{personal, value};
use vienkop_transforms::onboard::{Profile, Proposer};
use vienkop_transforms::texts::Texts;

use super::session::Session;
use super::{Exit, Options, output};
use crate::config::{Place, Policy};
use crate::onboard::ask::{self, About};
use crate::onboard::draft::{Draft, percent, why};
use crate::onboard::input::{Register, id_of};
use crate::onboard::preview::{Preview, preview};
use crate::onboard::survey::{Left, ROWS, Surveyed, survey};

/// What `vienkop onboard` is told.
#[derive(Debug, Clone, Args)]
pub(crate) struct Onboard {
    /// A file, a folder, an address (https://…), a database (sqlite://…, postgres://…, mysql://…), or env:NAME for an address
    /// that an environment variable holds
    input: String,
    /// Ask nothing; what was found is taken as it is
    #[arg(short, long)]
    yes: bool,
    /// Id of the source, which is also the name of its file [default: made of the input's name]
    #[arg(long)]
    id: Option<String>,
    /// What people read in summaries [default: the input's name]
    #[arg(long)]
    title: Option<String>,
    /// Registration number of the institution that the register is of
    #[arg(long, value_name = "REG_NO")]
    institution: Option<String>,
    /// Write over the file of an earlier draft
    #[arg(long)]
    replace: bool,
}

#[derive(Serialize)]
struct Onboarded<'a> {
    source: &'a str,
    file: String,
    /// Whether it can be run as it is.
    complete: bool,
    tables: Vec<TableOf<'a>>,
    left_out: Vec<LeftOutOf<'a>>,
    preview: &'a [Preview],
}

#[derive(Serialize)]
struct TableOf<'a> {
    file: &'a str,
    name: &'a str,
    entity: String,
    confidence: f64,
    read: &'a serde_json::Map<String, serde_json::Value>,
    fields: Vec<FieldOf<'a>>,
    events: BTreeMap<&'a str, &'a str>,
    missing: Vec<&'static str>,
    due: Vec<&'static str>,
    personal: &'a [String],
    unmapped: &'a [String],
    columns: Vec<ColumnOf<'a>>,
}

#[derive(Serialize)]
struct FieldOf<'a> {
    field: String,
    column: Option<&'a str>,
    confidence: f64,
    why: String,
    pseudonymised: bool,
    codes: BTreeMap<&'a str, Option<&'a str>>,
}

#[derive(Serialize)]
struct ColumnOf<'a> {
    column: &'a str,
    filled: f64,
    distinct: usize,
    looks: Option<&'static str>,
    samples: Vec<&'a str>,
}

#[derive(Serialize)]
struct LeftOutOf<'a> {
    name: &'a str,
    because: &'a str,
}

/// Looks at a register, proposes, asks, writes and shows.
pub(super) fn onboard(options: &Options, now: Timestamp, asked: &Onboard) -> anyhow::Result<Exit> {
    let session = Session::open(options, now)?;
    let texts = session.texts();
    if !asked.yes && !ask::is_possible() {
        bail!(texts.get("onboard-no-terminal", &[]));
    }
    let institution = asked.institution.as_deref().map(|number| match value::reg_no(number) {
        Some(number) => Ok(number),
        None => Err(anyhow::Error::msg(texts.get("onboard-ask-institution-form", &[]))),
    });
    let institution = institution.transpose()?;
    let mut register = Register::find(&session, &asked.input)?;
    let fetched = tokio::task::block_in_place(|| register.fetch(&session, ROWS, None))?;
    let mut survey = tokio::task::block_in_place(|| {
        survey(&session, &fetched.files, register.is_database(), institution.as_deref())
    })?;
    if let Some(ending) = &survey.only {
        register.only(ending);
    }
    let title = asked.title.clone().unwrap_or_else(|| personal::mask(&register.name).into_owned());
    let id = asked.id.clone().unwrap_or_else(|| id_of(&personal::mask(&register.name)));
    let mut about = About { id, title, institution };
    if !asked.yes {
        ask::about(&session, &mut about, &survey)?;
        // Lists of an entity are told by its key, of which the institution may be a part.
        survey = tokio::task::block_in_place(|| {
            self::survey(&session, &fetched.files, register.is_database(), about.institution.as_deref())
        })?;
        let proposer =
            Proposer::new(&session.config.onboarding, &session.config.codelists, about.institution.as_deref());
        ask::tables(&session, &proposer, &mut survey, &|table| shown(texts, table))?;
    }
    if id_of(&about.id) != about.id {
        bail!(texts.get("onboard-ask-id-form", &[("id", &about.id)]));
    }
    let empty = |name: &String| Left { name: name.clone(), because: texts.get("onboard-left-empty", &[]) };
    survey.left.extend(fetched.empty.iter().map(empty));
    let draft = Draft {
        texts,
        language: session.language,
        id: &about.id,
        title: &about.title,
        institution: about.institution.as_deref(),
        register: &register,
        survey: &survey,
    };
    if survey.tables.is_empty() {
        let left: Vec<String> = survey.left.iter().map(|one| format!("{}: {}", one.name, one.because)).collect();
        bail!(texts.get("onboard-nothing", &[("left", &left.join("\n  "))]));
    }
    // A file that cannot be run would stop every other source: it waits under a name that nothing reads.
    let complete = draft.is_complete();
    let folder = options.config.join("sources");
    let file = folder.join(format!("{}.toml{}", about.id, if complete { "" } else { ".draft" }));
    // Only a source that lies where the draft would can be the draft's earlier self.
    let is_this = |place: &Place| place.folder.is_empty() && asked.replace;
    if let Some(source) = session.config.source(&about.id).filter(|source| !is_this(&source.place)) {
        bail!(texts.get("onboard-id-taken", &[("id", &about.id), ("file", &source.place.file)]));
    }
    if !asked.yes && !ask::write(texts, &file.display().to_string())? {
        return Ok(Exit::Done);
    }
    write(texts, &file, &draft.text(), asked.replace)?;
    let incomplete = folder.join(format!("{}.toml.draft", about.id));
    if complete && asked.replace && incomplete.exists() {
        fs::remove_file(incomplete)?;
    }
    let mut previews = Vec::new();
    if complete {
        // A database is asked as the source will ask it.
        let asked = register
            .is_database()
            .then(|| tokio::task::block_in_place(|| register.fetch(&session, ROWS, Some(&draft.queries()))));
        let asked = asked.transpose()?;
        let files = asked.as_ref().map_or(&fetched.files, |asked| &asked.files);
        previews = try_out(options, now, &about.id, &file, files)?;
    }
    let exit = if complete { Exit::Done } else { Exit::GateFailed };
    if options.json {
        output::json(&Onboarded {
            source: &about.id,
            file: file.display().to_string(),
            complete,
            tables: survey.tables.iter().map(|table| as_json(texts, &draft, table)).collect(),
            left_out: survey.left.iter().map(|one| LeftOutOf { name: &one.name, because: &one.because }).collect(),
            preview: &previews,
        })?;
        return Ok(exit);
    }
    let mut out = String::new();
    if asked.yes {
        survey.tables.iter().for_each(|table| out.push_str(&shown(texts, table)));
    }
    for left in &survey.left {
        let args = [("name", left.name.as_str()), ("because", &left.because)];
        out.push_str(&format!("{}\n", texts.get("onboard-file-left-out", &args)));
    }
    for preview in &previews {
        out.push_str(&shown_preview(texts, preview));
    }
    out.push_str(&gate(texts, &previews));
    out.push_str(&ending(&session, &draft, &file));
    output::text(&out)?;
    Ok(exit)
}

/// Writes the file, whole or not at all.
fn write(texts: &Texts, file: &Path, text: &str, replace: bool) -> anyhow::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    // Whoever runs the sources must be able to read it, as any file of the configuration.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut whole = builder.tempfile_in(folder)?;
    vienkop_connectors::kill::kill_point("onboard: write draft");
    whole.write_all(text.as_bytes())?;
    whole.as_file().sync_all()?;
    if replace {
        whole.persist(file)?;
        return Ok(());
    }
    let shown = file.display().to_string();
    match whole.persist_noclobber(file) {
        Ok(_) => Ok(()),
        Err(failed) if failed.error.kind() == std::io::ErrorKind::AlreadyExists => {
            bail!(texts.get("onboard-file-exists", &[("file", &shown)]))
        }
        Err(failed) => Err(anyhow::Error::new(failed.error).context(shown)),
    }
}

/// Reads the configuration with the new file in it, and shows how the first records would load.
fn try_out(
    options: &Options,
    now: Timestamp,
    id: &str,
    file: &Path,
    files: &[vienkop_connectors::landing::Landed],
) -> anyhow::Result<Vec<Preview>> {
    let session = Session::open(options, now).inspect_err(|_| {
        // What was found cannot be said in a source file: the draft is kept where it harms nobody.
        let aside = PathBuf::from(format!("{}.draft", file.display()));
        let _ = fs::rename(file, aside);
    })?;
    let source = session.source(id)?;
    tokio::task::block_in_place(|| preview(&session, source, files))
}

fn entity(table: &Surveyed) -> String {
    match table.proposal.child {
        Some(child) => format!("{}.{}", table.proposal.entity.name, child.name),
        None => table.proposal.entity.name.to_owned(),
    }
}

fn as_json<'a>(texts: &Texts, draft: &Draft<'_>, table: &'a Surveyed) -> TableOf<'a> {
    let proposal = &table.proposal;
    let field = |name: String, field: &'a vienkop_transforms::onboard::FieldProposal| FieldOf {
        field: name,
        column: field.column.as_deref(),
        confidence: rounded(field.confidence),
        why: why(texts, field),
        pseudonymised: field.rule.pseudonymise,
        codes: field.codes.iter().map(|code| (code.text.as_str(), code.code.as_deref())).collect(),
    };
    let mut fields: Vec<FieldOf<'a>> = proposal.fields.iter().map(|one| field(one.name.clone(), one)).collect();
    for child in &proposal.children {
        fields.extend(child.fields.iter().map(|one| field(format!("{}.{}", child.child.name, one.name), one)));
    }
    TableOf {
        file: &table.file,
        name: &table.name,
        entity: entity(table),
        confidence: rounded(proposal.confidence),
        read: &table.read,
        fields,
        events: proposal.events.iter().map(|event| (event.column.as_str(), event.state.as_str())).collect(),
        missing: draft.lacks(table).into_iter().map(|field| field.name).collect(),
        due: proposal.due.iter().map(|field| field.name).collect(),
        personal: &proposal.personal,
        unmapped: &proposal.left,
        columns: table.columns.iter().map(|column| as_column(table, column)).collect(),
    }
}

fn as_column<'a>(table: &Surveyed, column: &'a Profile) -> ColumnOf<'a> {
    let hidden = is_hidden(table, column);
    ColumnOf {
        column: &column.name,
        filled: rounded(column.filled_share()),
        distinct: column.distinct,
        looks: column.mostly().map(|(looks, _)| looks.name()),
        samples: column.samples.iter().map(String::as_str).filter(|_| !hidden).collect(),
    }
}

/// Whether values of the column are not shown, not even here.
fn is_hidden(table: &Surveyed, column: &Profile) -> bool {
    let pseudonymised = table.proposal.fields.iter().filter(|field| field.rule.pseudonymise);
    let mut pseudonymised = pseudonymised.filter_map(|field| field.column.as_ref());
    // What people write of a request is about whoever made it.
    let of_requests = matches!(table.proposal.entity.name, "service_request" | "status_event");
    table.proposal.personal.contains(&column.name)
        || pseudonymised.any(|name| *name == column.name)
        || column.personal().is_some()
        || (of_requests && column.worded >= 0.3 && table.proposal.left.contains(&column.name))
}

fn rounded(share: f64) -> f64 {
    (share * 100.0).round() / 100.0
}

/// A table and what each of its columns would become.
fn shown(texts: &Texts, table: &Surveyed) -> String {
    let proposal = &table.proposal;
    let place = if table.name.is_empty() { table.file.clone() } else { format!("{} · {}", table.file, table.name) };
    let rows = table.columns.first().map_or(0, |column| column.rows);
    let rows = if table.more { format!("{rows}+") } else { rows.to_string() };
    let confidence = percent(proposal.confidence);
    let entity = entity(table);
    let args = [("place", place.as_str()), ("entity", &entity), ("percent", &confidence), ("rows", &rows)];
    let mut out = format!("\n{}\n", texts.get("onboard-table", &args));
    let header =
        ["column", "filled", "looks", "becomes", "why"].map(|name| texts.get(&format!("onboard-col-{name}"), &[]));
    let mut rows: Vec<Vec<String>> = Vec::new();
    for column in &table.columns {
        let looks = column.mostly().map(|(looks, _)| texts.get(&format!("onboard-looks-{}", looks.name()), &[]));
        let looks = looks.unwrap_or_else(|| {
            if is_hidden(table, column) { String::new() } else { column.samples.first().cloned().unwrap_or_default() }
        });
        let children = proposal.children.iter().flat_map(|child| {
            child.fields.iter().map(move |field| (format!("{}.{}", child.child.name, field.name), field))
        });
        let fields = proposal.fields.iter().map(|field| (field.name.clone(), field)).chain(children);
        let mut becomes: Vec<(String, String)> = fields
            .filter(|(_, field)| {
                field.column.as_ref() == Some(&column.name) || field.rule.columns.contains(&column.name)
            })
            .map(|(name, field)| (name, why(texts, field)))
            .collect();
        if let Some(event) = proposal.events.iter().find(|event| event.column == column.name) {
            becomes.push((format!("status_event: {}", event.state), String::new()));
        }
        if becomes.is_empty() && proposal.personal.contains(&column.name) {
            becomes.push((texts.get("onboard-hidden", &[]), String::new()));
        }
        let (becomes, reasons): (Vec<String>, Vec<String>) = becomes.into_iter().unzip();
        let reasons: Vec<String> = reasons.into_iter().filter(|reason| !reason.is_empty()).collect();
        let filled = format!("{} %", percent(column.filled_share()));
        rows.push(vec![cut(&column.name, 36), filled, cut(&looks, 24), becomes.join(", "), reasons.join("; ")]);
    }
    for field in proposal.fields.iter().filter(|field| field.column.is_none()) {
        let constant = field.rule.value.clone().unwrap_or_default();
        rows.push(vec![
            format!("= {}", cut(&constant, 34)),
            String::new(),
            String::new(),
            field.name.clone(),
            why(texts, field),
        ]);
    }
    out.push_str(&output::table(&header, &rows, &[1]));
    for field in &proposal.missing {
        out.push_str(&format!(
            "{}\n",
            texts.get("onboard-missing", &[("field", field.name), ("label", field.label_lv)])
        ));
    }
    out
}

fn cut(text: &str, most: usize) -> String {
    let text = personal::mask(text);
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

fn shown_preview(texts: &Texts, preview: &Preview) -> String {
    let numbers = [preview.rows, preview.accepted, preview.quarantined].map(|number| number.to_string());
    let [rows, accepted, quarantined] = &numbers;
    let args =
        [("entity", preview.entity.as_str()), ("rows", rows), ("accepted", accepted), ("quarantined", quarantined)];
    let mut out = format!("\n{}\n", texts.get("onboard-preview", &args));
    // Fields down, records beside each other would be wide: a record is a block of its filled fields.
    for (at, record) in preview.records.iter().enumerate() {
        let mark = record.first().map(String::as_str).unwrap_or_default();
        let filled = preview.fields.iter().zip(record.iter().skip(1)).filter(|(_, value)| !value.is_empty());
        let filled: Vec<String> = filled.map(|(name, value)| format!("{name}={value}")).collect();
        out.push_str(&format!("{:>4} {mark} {}\n", at + 1, filled.join("  ")));
    }
    let counted: Vec<String> = preview.findings.iter().map(|(code, count)| format!("{code}×{count}")).collect();
    if !counted.is_empty() {
        out.push_str(&format!("{}\n", texts.get("onboard-findings", &[("codes", &counted.join(", "))])));
    }
    preview.told.iter().for_each(|told| out.push_str(&format!("  {told}\n")));
    out
}

/// Whether a run would load nothing, since too much would be put aside.
fn gate(texts: &Texts, previews: &[Preview]) -> String {
    let most = Policy::default().max_quarantined_share;
    let quarantined: usize = previews.iter().map(|preview| preview.quarantined).sum();
    let all: usize = previews.iter().map(|preview| preview.accepted).sum::<usize>() + quarantined;
    let share = quarantined as f64 / all.max(1) as f64;
    if share <= most {
        return String::new();
    }
    let (share, most) = (percent(share), percent(most));
    format!("\n{}\n", texts.get("onboard-gate", &[("share", &share), ("most", &most)]))
}

/// What to do next.
fn ending(session: &Session, draft: &Draft<'_>, file: &Path) -> String {
    let texts = session.texts();
    let file = file.display().to_string();
    if !draft.is_complete() {
        let missing: Vec<&str> =
            draft.survey.tables.iter().flat_map(|table| draft.lacks(table)).map(|f| f.name).collect();
        let args = [("file", file.as_str()), ("fields", &missing.join(", "))];
        return format!("\n{}\n", texts.get("onboard-incomplete", &args));
    }
    let (plan, run) = (session.command(&["plan", draft.id]), session.command(&["run", draft.id]));
    let args = [("file", file.as_str()), ("plan", &plan), ("run", &run)];
    let mut out = format!("\n{}\n", texts.get("onboard-done", &args));
    if let Some(secret) = &draft.register.secret {
        out.push_str(&format!("{}\n", texts.get("onboard-secret", &[("name", secret)])));
    }
    let settings = &session.config.vienkop.personal_data;
    let pseudonyms =
        draft.survey.tables.iter().flat_map(|table| &table.proposal.fields).any(|one| one.rule.pseudonymise);
    if pseudonyms && settings.key_file.is_none() && std::env::var_os(&settings.key_env).is_none() {
        out.push_str(&format!("{}\n", texts.get("onboard-key", &[("name", &settings.key_env)])));
    }
    out
}
