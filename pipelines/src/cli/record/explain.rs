//! `vienkop explain ID` of a record: each value, the source and cell it came from, the values that lost, and what is
//! said of the record.

use serde::Serialize;
use vienkop_connectors::registry::{Delivered, DeliveredItem, FieldValue, Found, Past, Registry};
use vienkop_transforms::batch::REPEATED;

use super::cite::{Citation, Cited, Citer};
use super::history::{Lost, cited, lost, lost_notes};
use super::layout::{self, Entry, VALUE};
use super::timeline::{self, Timeline};
use super::{Head, field_label, item_json, item_text, label, local, shown};
use crate::cli::session::Session;
use crate::cli::{Exit, Options, output};
use crate::tell;

#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    head: Head,
    records: Vec<ToldRecord<'a>>,
    fields: Vec<ToldField<'a>>,
    lists: Vec<ToldList<'a>>,
    #[serde(flatten)]
    timeline: Option<Timeline>,
}

/// A source's record that feeds the entity.
#[derive(Serialize)]
struct ToldRecord<'a> {
    source: &'a str,
    title: Option<&'a str>,
    priority: i64,
    key: Option<&'a str>,
    record_uid: &'a str,
    since_run: i64,
    mapping: Option<&'a str>,
    /// `source#number` when the source's latest delivery of it is in quarantine.
    quarantine: Option<String>,
    findings: Vec<ToldFinding>,
}

#[derive(Serialize)]
struct ToldFinding {
    code: &'static str,
    severity: &'static str,
    message: String,
}

#[derive(Serialize)]
struct ToldField<'a> {
    field: &'static str,
    label: &'static str,
    value: Option<&'a FieldValue>,
    raw: Option<String>,
    from: Option<Citation>,
    lost: Vec<Lost<'a>>,
}

#[derive(Serialize)]
struct ToldList<'a> {
    list: &'static str,
    label: &'static str,
    source: Option<&'a str>,
    items: Vec<ToldItem>,
    lost: Vec<LostList<'a>>,
}

#[derive(Serialize)]
struct ToldItem {
    value: serde_json::Value,
    from: Option<Citation>,
}

#[derive(Serialize)]
struct LostList<'a> {
    source: &'a str,
    items: Vec<ToldItem>,
}

/// Prints where the values of a record came from.
pub(in crate::cli) async fn explain(session: &Session, options: &Options, id: &str) -> anyhow::Result<Exit> {
    let (registry, past) = super::find(session, id).await?;
    let Some((version, at)) = past.latest() else {
        anyhow::bail!(session.texts().get("cli-record-none", &[("id", id)]));
    };
    let mut records = Vec::new();
    for record in past.feeding(&at) {
        records.push(record_of(session, &registry, &past, record).await?);
    }
    let mut citer = Citer::new(session, &past, true);
    let fields = past.subject.entity.fields.iter().enumerate().filter(|(n, _)| version.values[*n].is_some());
    let fields: Vec<_> = fields.map(|(n, field)| (field, past.worth(version, n, &at))).collect();
    let children = past.subject.entity.children.iter().enumerate();
    let lists: Vec<_> = children
        .map(|(n, child)| (child, &version.lists[n], past.list_from(version, n, &at), past.lists_lost(version, n, &at)))
        .filter(|(_, items, _, others)| !items.is_empty() || !others.is_empty())
        .collect();
    let timeline = timeline::of(session, &registry, &past).await?;
    if options.json {
        let mut told = Told { head: Head::new(&past), records, fields: Vec::new(), lists: Vec::new(), timeline };
        for (field, worth) in &fields {
            let from = worth.from.as_ref();
            told.fields.push(ToldField {
                field: field.name,
                label: field_label(session, field),
                value: worth.value,
                raw: from
                    .filter(|said| !citer.is_pseudonym(&said.record.place.source, field))
                    .and_then(|s| s.raw)
                    .map(|raw| raw.replace(REPEATED, "; ")),
                from: from.map(|said| citer.cite(cited(field, said))),
                lost: lost(&mut citer, field, &worth.lost),
            });
        }
        for (child, items, from, others) in &lists {
            let cite = |citer: &mut Citer<'_>, delivered: &DeliveredItem| ToldItem {
                value: item_json(child, &delivered.item),
                from: Some(citer.cite(item_cited(child, delivered))),
            };
            let told_items = match from {
                Some((_, delivered)) => delivered.iter().map(|item| cite(&mut citer, item)).collect(),
                None => items.iter().map(|item| ToldItem { value: item_json(child, item), from: None }).collect(),
            };
            let mut lost = Vec::new();
            for (record, delivered) in others {
                let items = delivered.iter().map(|item| cite(&mut citer, item)).collect();
                lost.push(LostList { source: &record.place.source, items });
            }
            told.lists.push(ToldList {
                list: child.name,
                label: label(session.language, child.label_lv, child.label_en),
                source: from.map(|(record, _)| record.place.source.as_str()),
                items: told_items,
                lost,
            });
        }
        output::json(&told)?;
        return Ok(Exit::Done);
    }
    let texts = session.texts();
    let mut entries = Vec::new();
    for (field, worth) in &fields {
        let said = worth.from.as_ref();
        let raw = said.filter(|said| !citer.is_pseudonym(&said.record.place.source, field)).and_then(|said| said.raw);
        let raw = raw.map(layout::one_line).filter(|raw| *raw != shown(session, worth.value));
        let raw = raw.map(|raw| texts.get("cli-record-raw", &[("text", &layout::cut(&raw, VALUE))]));
        let from = said.map(|said| citer.text(cited(field, said)));
        let unknown = || texts.get("cli-record-no-source", &[]);
        entries.push(Entry {
            label: field_label(session, field).to_owned(),
            value: layout::cut(&shown(session, worth.value), VALUE),
            from: Some(from.unwrap_or_else(unknown)),
            notes: raw.into_iter().chain(lost_notes(session, &mut citer, field, &worth.lost)).collect(),
        });
    }
    let mut values = format!("{}\n{}", texts.get("cli-record-fields", &[]), layout::entries(&entries, 2));
    for (child, items, from, others) in &lists {
        values.push_str(&format!("\n{}\n", label(session.language, child.label_lv, child.label_en)));
        let list: Vec<Entry> = items
            .iter()
            .enumerate()
            .map(|(n, item)| Entry {
                label: format!("{}.", item.ordinal),
                value: layout::cut(&item_text(session, child, item), VALUE),
                from: from.map(|(_, delivered)| citer.text(item_cited(child, &delivered[n]))),
                notes: Vec::new(),
            })
            .collect();
        values.push_str(&layout::entries(&list, 2));
        for (_, delivered) in others {
            for item in *delivered {
                let value = layout::cut(&item_text(session, child, &item.item), VALUE);
                let from = citer.text(item_cited(child, item));
                let note = texts.get("cli-record-lost", &[("value", &value), ("from", &from)]);
                values.push_str(&format!("  {}\n", layout::wrap(&note, 2, 4)));
            }
        }
    }
    let head = Head::new(&past).text(session, past.subject.entity);
    let sources = sources(session, &records);
    let deliveries = deliveries(session, &past, &citer);
    let timeline = timeline.map(|timeline| format!("\n{}", timeline.text(session))).unwrap_or_default();
    output::text(&format!("{head}\n{sources}\n{deliveries}\n{values}{timeline}"))?;
    Ok(Exit::Done)
}

/// Where the telling value of a record came from: an answer, else its name or code, else its first field.
pub(in crate::cli) async fn cell(session: &Session, registry: &Registry, uid: &str) -> anyhow::Result<Option<String>> {
    let Found::One(subject) = registry.find(uid).await? else { return Ok(None) };
    let past = registry.past(*subject).await?;
    let Some((version, at)) = past.latest() else { return Ok(None) };
    let fields = past.subject.entity.fields;
    let of = |name: &str| fields.iter().position(|field| field.name == name);
    let place = ["value_raw", "name", "item", "code"].into_iter().filter_map(of).find(|n| version.values[*n].is_some());
    let field = place.or_else(|| version.values.iter().position(Option::is_some));
    let Some(field) = field else { return Ok(None) };
    let worth = past.worth(version, field, &at);
    let Some(said) = worth.from.as_ref() else { return Ok(None) };
    let mut citer = Citer::new(session, &past, true);
    let told = citer.text(cited(&fields[field], said));
    let place = told.split_once("] ").map_or(told.as_str(), |(_, place)| place);
    let file =
        said.record.place.landed.and_then(|landed| past.files.get(&landed)).map_or("–", |file| file.name.as_str());
    Ok(Some(format!("{}: {file} {place}", said.record.place.source)))
}

fn item_cited<'a>(child: &'static vienkop_transforms::model::Child, item: &'a DeliveredItem) -> Cited<'a> {
    Cited { child: Some((child, item.item.ordinal)), field: None, place: &item.place }
}

/// A record and what is said of it now.
async fn record_of<'a>(
    session: &'a Session,
    registry: &Registry,
    past: &Past,
    record: &'a Delivered,
) -> anyhow::Result<ToldRecord<'a>> {
    let source = session.config.source(&record.place.source);
    let quarantine = registry.quarantined(&record.record_uid).await?;
    let mut findings = Vec::new();
    if let Some(key) = &record.key {
        let frame = registry.findings_of(&record.place.source, past.subject.entity, key).await?;
        for row in 0..frame.height() {
            let Some(finding) = tell::at(&frame, row)? else { continue };
            let file = frame.column("file")?.str()?.get(row).map(str::to_owned);
            findings.push(ToldFinding {
                message: tell::sentence(session.texts(), &finding, file.as_deref()),
                code: finding.code,
                severity: finding.severity,
            });
        }
    }
    Ok(ToldRecord {
        source: &record.place.source,
        title: source.map(|source| source.title.as_str()),
        priority: record.priority,
        key: record.key.as_deref(),
        record_uid: &record.record_uid,
        since_run: record.since_run,
        mapping: source.map(|source| source.place.file.as_str()),
        quarantine: quarantine.map(|row| format!("{}#{}", row.source, row.id)),
        findings,
    })
}

/// The sources' records, the most trusted first, and what is said of each.
fn sources(session: &Session, records: &[ToldRecord<'_>]) -> String {
    let texts = session.texts();
    let mut out = format!("{}\n", texts.get("cli-record-sources", &[]));
    for record in records {
        let priority = record.priority.to_string();
        let title = record.title.map(|title| format!(" – {title}")).unwrap_or_default();
        let title = if record.title == Some(record.source) { String::new() } else { title };
        out.push_str(&format!(
            "  {}{title} ({})\n",
            record.source,
            texts.get("cli-record-priority", &[("priority", &priority)])
        ));
        let since = record.since_run.to_string();
        let arguments = [("key", record.key.unwrap_or("–")), ("uid", record.record_uid), ("run", &since)];
        out.push_str(&format!("    {}\n", layout::wrap(&texts.get("cli-record-record", &arguments), 4, 6)));
        let mapping = match record.mapping {
            Some(file) => texts.get("cli-record-mapping", &[("file", file)]),
            None => texts.get("cli-record-no-mapping", &[]),
        };
        out.push_str(&format!("    {mapping}\n"));
        if let Some(number) = &record.quarantine {
            let told = texts.get("cli-record-in-quarantine", &[("number", number)]);
            // Not wrapped: it ends in a command to be copied.
            out.push_str(&format!("    {told}\n"));
        }
        for finding in &record.findings {
            let severity = texts.get(&format!("cli-explain-severity-{}", finding.severity), &[]);
            let told = format!("{} ({severity}): {}", finding.code, finding.message);
            out.push_str(&format!("    {}\n", layout::wrap(&told, 4, 6)));
        }
    }
    out
}

/// The deliveries cited, with their evidence.
fn deliveries(session: &Session, past: &Past, citer: &Citer<'_>) -> String {
    let texts = session.texts();
    let mut out = format!("{}\n", texts.get("cli-record-deliveries", &[]));
    for (number, (source, landed, run)) in citer.deliveries() {
        let file = landed.and_then(|landed| past.files.get(&landed));
        let name = file.map_or("–", |file| file.name.as_str());
        let head = past.runs.get(run);
        let at = head.map(|run| local(session, &run.started_at)).unwrap_or_default();
        let pipeline = head.map_or("–", |run| run.pipeline.as_str());
        let run = run.to_string();
        let arguments = [("source", source.as_str()), ("file", name), ("run", &run), ("at", &at)];
        out.push_str(&format!("  [{number}] {}\n", texts.get("cli-record-delivery", &arguments)));
        let landed_at = file.map(|file| local(session, &file.landed_at)).unwrap_or_default();
        let hash = file.map_or("–", |file| file.sha256.as_str());
        let arguments = [("at", landed_at.as_str()), ("pipeline", pipeline)];
        let mut line = texts.get("cli-record-evidence", &arguments);
        if let Some(landed) = landed {
            let kept = if citer.is_kept(*landed) { texts.get("cli-record-file-kept", &[]) } else { citer.gone(source) };
            line = format!("{line}; {kept}");
        }
        out.push_str(&format!("      {}\n      SHA-256 {hash}\n", layout::wrap(&line, 6, 6)));
    }
    out
}
