//! `vienkop history ID`: the versions of a record, oldest first.

use jiff::Timestamp;
use polars::prelude::*;
use serde::Serialize;
use vienkop_connectors::registry::{
    Event, EventKind, FieldChange, FieldValue, ItemChange, ItemChangeKind, ListChange, Move, Past, Registry, Said,
};
use vienkop_transforms::model::Child;

use super::cite::{Citation, Cited, Citer};
use super::layout::{self, Entry, VALUE};
use super::{Head, field_label, item_json, item_text, label, local, naming, shown};
use crate::cli::session::Session;
use crate::cli::{Exit, Options, output};

#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    head: Head,
    versions: Vec<ToldEvent<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    targets: Vec<AtTarget>,
}

/// The record at another register.
#[derive(Serialize)]
struct AtTarget {
    target: String,
    /// `accepted`, `refused`, `sent` or `removing` (nobody knows).
    state: String,
    /// The moment that the delivery is about, UTC.
    at: String,
    /// The register's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<String>,
}

#[derive(Serialize)]
struct ToldEvent<'a> {
    kind: &'static str,
    at: &'a str,
    run: i64,
    pipeline: Option<&'a str>,
    fields: Vec<ToldChange<'a>>,
    lists: Vec<ToldList>,
    no_longer_delivered_by: &'a [&'a str],
    moves: Vec<ToldMove<'a>>,
}

/// A merge or split.
#[derive(Serialize)]
struct ToldMove<'a> {
    /// `merged`, `merged-into` or `separated`.
    change: &'static str,
    /// Uid of the other entity.
    uid: &'a str,
}

#[derive(Serialize)]
struct ToldChange<'a> {
    field: &'static str,
    label: &'static str,
    old: Option<&'a FieldValue>,
    new: Option<&'a FieldValue>,
    from: Option<Citation>,
    lost: Vec<Lost<'a>>,
}

/// A value that another source delivers and that did not win.
#[derive(Serialize)]
pub(super) struct Lost<'a> {
    value: Option<&'a FieldValue>,
    from: Citation,
}

#[derive(Serialize)]
struct ToldList {
    list: &'static str,
    label: &'static str,
    items: Vec<ToldItem>,
    reordered: bool,
}

#[derive(Serialize)]
struct ToldItem {
    change: &'static str,
    old: Option<serde_json::Value>,
    new: Option<serde_json::Value>,
    from: Option<Citation>,
}

/// Prints the versions of a record.
pub(in crate::cli) async fn history(options: &Options, now: Timestamp, id: &str) -> anyhow::Result<Exit> {
    let session = Session::open(options, now)?;
    let (registry, past) = super::find(&session, id).await?;
    let targets = targets(&registry, &past).await?;
    let events = past.events();
    let mut citer = Citer::new(&session, &past, true);
    if options.json {
        let versions = events.iter().map(|event| told(&session, &past, &mut citer, event)).collect();
        output::json(&Told { head: Head::new(&past), versions, targets })?;
        return Ok(Exit::Done);
    }
    let blocks: Vec<String> = events.iter().map(|event| block(&session, &past, &mut citer, event)).collect();
    let head = Head::new(&past).text(&session, past.subject.entity);
    let (came, went) = (deliveries(&session, &past, &citer), went(&session, &targets));
    output::text(&format!("{head}\n{came}{went}\n{}", blocks.join("\n")))?;
    Ok(Exit::Done)
}

/// What is known of the record at other registers.
async fn targets(registry: &Registry, past: &Past) -> anyhow::Result<Vec<AtTarget>> {
    let frame = registry.delivered_to(&past.subject.uid).await?;
    let columns =
        ["target", "state", "at", "words"].map(|name| frame.column(name).and_then(|column| column.str().cloned()));
    let [target, state, at, words] = columns;
    let (target, state, at, words) = (target?, state?, at?, words?);
    let text = |column: &StringChunked, row: usize| column.get(row).map(str::to_owned);
    let rows = (0..frame.height()).map(|row| {
        let of = |column| text(column, row).unwrap_or_default();
        AtTarget { target: of(&target), state: of(&state), at: of(&at), words: text(&words, row) }
    });
    Ok(rows.collect())
}

/// The registers that the record was delivered to, a line each.
fn went(session: &Session, targets: &[AtTarget]) -> String {
    let texts = session.texts();
    let mut out = String::new();
    for at in targets {
        if out.is_empty() {
            out.push_str(&format!("\n{}\n", texts.get("cli-record-targets", &[])));
        }
        let title = session.config.targets.get(&at.target).map_or(at.target.as_str(), |target| &target.title);
        let args = [("target", title), ("state", &at.state), ("at", &local(session, &at.at))];
        let mut line = texts.get("cli-record-target", &args);
        if let Some(words) = &at.words {
            line = format!("{line}: {words}");
        }
        out.push_str(&format!("  {}\n", layout::wrap(&line, 2, 4)));
    }
    out
}

/// Where a value of the record itself stands.
pub(super) fn cited<'a>(field: &'static vienkop_transforms::model::Field, said: &Said<'a>) -> Cited<'a> {
    Cited { child: None, field: Some(field), place: &said.record.place }
}

/// Values that lost, for a machine.
pub(super) fn lost<'a>(
    citer: &mut Citer<'_>,
    field: &'static vienkop_transforms::model::Field,
    said: &[Said<'a>],
) -> Vec<Lost<'a>> {
    said.iter().map(|said| Lost { value: said.value, from: citer.cite(cited(field, said)) }).collect()
}

/// Values that lost, for people.
pub(super) fn lost_notes(
    session: &Session,
    citer: &mut Citer<'_>,
    field: &'static vienkop_transforms::model::Field,
    said: &[Said<'_>],
) -> Vec<String> {
    let note = |said: &Said<'_>| {
        let value = layout::cut(&shown(session, said.value), VALUE);
        let from = citer.text(cited(field, said));
        session.texts().get("cli-record-lost", &[("value", &value), ("from", &from)])
    };
    said.iter().map(note).collect()
}

/// The deliveries cited, a line each.
fn deliveries(session: &Session, past: &Past, citer: &Citer<'_>) -> String {
    let texts = session.texts();
    let mut out = format!("{}\n", texts.get("cli-record-deliveries", &[]));
    for (number, (source, landed, run)) in citer.deliveries() {
        let file = landed.and_then(|landed| past.files.get(&landed)).map_or("–", |file| file.name.as_str());
        let at = past.runs.get(run).map(|run| local(session, &run.started_at)).unwrap_or_default();
        let run = run.to_string();
        let mut line =
            texts.get("cli-record-delivery", &[("source", source), ("file", file), ("run", &run), ("at", &at)]);
        if landed.is_some_and(|landed| !citer.is_kept(landed)) {
            line = format!("{line}; {}", citer.gone(source));
        }
        out.push_str(&format!("  [{number}] {}\n", layout::wrap(&line, 6, 6)));
    }
    out
}

fn block(session: &Session, past: &Past, citer: &mut Citer<'_>, event: &Event<'_>) -> String {
    let texts = session.texts();
    let kind = texts.get(&format!("cli-history-{}", event.kind.as_str()), &[]);
    let (at, run) = (local(session, &event.at.at), event.at.run.to_string());
    let pipeline = past.runs.get(&event.at.run).map_or("–", |run| run.pipeline.as_str());
    let head = [("kind", kind.as_str()), ("at", &at), ("run", &run), ("pipeline", pipeline)];
    let mut out = format!("{}\n", texts.get("cli-history-head", &head));
    if !event.gone.is_empty() {
        let sources = event.gone.join(", ");
        out.push_str(&format!("  {}\n", texts.get("cli-history-gone", &[("sources", &sources)])));
    }
    for one in &event.moves {
        let text = format!("cli-history-{}", moved(event.kind, one));
        out.push_str(&format!("  {}\n", texts.get(&text, &[("uid", &one.uid)])));
    }
    if event.kind == EventKind::Retired {
        return out;
    }
    let fields: Vec<Entry> = event.changes.iter().map(|change| entry(session, citer, event.kind, change)).collect();
    out.push_str(&layout::entries(&fields, 2));
    for list in &event.lists {
        out.push_str(&list_text(session, citer, event.kind, list));
    }
    if event.changes.is_empty() && event.lists.is_empty() && event.moves.is_empty() {
        out.push_str(&format!("  {}\n", texts.get("cli-history-nothing", &[])));
    }
    out
}

/// What a merge or split did to the entity whose event it is.
fn moved(kind: EventKind, one: &Move) -> &'static str {
    match (one.brought, kind) {
        (true, EventKind::Inserted | EventKind::Returned) => "separated",
        (true, _) => "merged",
        (false, EventKind::Retired) => "merged-into",
        (false, _) => "separated",
    }
}

fn entry(session: &Session, citer: &mut Citer<'_>, kind: EventKind, change: &FieldChange<'_>) -> Entry {
    let (old, new) = (shown(session, change.old), shown(session, change.new.value));
    let value = if kind == EventKind::Changed {
        let (old, new) = layout::cut_pair(&old, &new, VALUE);
        layout::change(&old, &new)
    } else {
        layout::cut(&new, VALUE)
    };
    Entry {
        label: field_label(session, change.field).to_owned(),
        value,
        from: change.new.from.as_ref().map(|said| citer.text(cited(change.field, said))),
        notes: lost_notes(session, citer, change.field, &change.new.lost),
    }
}

fn list_text(session: &Session, citer: &mut Citer<'_>, kind: EventKind, list: &ListChange<'_>) -> String {
    let mut out = format!("  {}\n", label(session.language, list.child.label_lv, list.child.label_en));
    let mut entries = Vec::new();
    for item in &list.items {
        let told = item_change(session, list.child, item);
        // Of a new record everything is new.
        let sign = match item.kind {
            ItemChangeKind::Added if kind != EventKind::Changed => {
                item.new.map(|item| format!("{}.", item.ordinal)).unwrap_or_default()
            }
            kind => session.texts().get(&format!("cli-history-item-{}", kind.as_str()), &[]),
        };
        let from = item.from.map(|place| {
            let ordinal = item.new.map(|item| item.ordinal).unwrap_or_default();
            citer.text(Cited { child: Some((list.child, ordinal)), field: None, place })
        });
        entries.push(Entry { label: sign, value: layout::cut(&told, VALUE), from, notes: Vec::new() });
    }
    out.push_str(&layout::entries(&entries, 4));
    if list.reordered {
        out.push_str(&format!("    {}\n", session.texts().get("cli-history-reordered", &[])));
    }
    out
}

fn item_change(session: &Session, child: &'static Child, item: &ItemChange<'_>) -> String {
    match (item.old, item.new) {
        (Some(old), Some(new)) => {
            let fields = child.fields.iter().zip(old.values.iter().zip(&new.values));
            let changed = fields.filter(|(_, (old, new))| old != new).map(|(field, (old, new))| {
                let (old, new) = (shown(session, old.as_ref()), shown(session, new.as_ref()));
                format!("{}: {old} → {new}", field_label(session, field))
            });
            let changed = changed.collect::<Vec<_>>().join("; ");
            let name = naming(child).filter(|name| old.values[*name] == new.values[*name]);
            match name.and_then(|name| new.values[name].as_ref()) {
                Some(name) => format!("{} ({changed})", shown(session, Some(name))),
                None => changed,
            }
        }
        (old, new) => new.or(old).map(|item| item_text(session, child, item)).unwrap_or_default(),
    }
}

fn told<'a>(session: &Session, past: &'a Past, citer: &mut Citer<'_>, event: &'a Event<'a>) -> ToldEvent<'a> {
    let mut fields = Vec::new();
    for change in &event.changes {
        fields.push(ToldChange {
            field: change.field.name,
            label: field_label(session, change.field),
            old: change.old,
            new: change.new.value,
            from: change.new.from.as_ref().map(|said| citer.cite(cited(change.field, said))),
            lost: lost(citer, change.field, &change.new.lost),
        });
    }
    let mut lists = Vec::new();
    for list in &event.lists {
        let mut items = Vec::new();
        for item in &list.items {
            let ordinal = item.new.map(|item| item.ordinal).unwrap_or_default();
            let of_item = |place| Cited { child: Some((list.child, ordinal)), field: None, place };
            items.push(ToldItem {
                change: item.kind.as_str(),
                old: item.old.map(|item| item_json(list.child, item)),
                new: item.new.map(|item| item_json(list.child, item)),
                from: item.from.map(|place| citer.cite(of_item(place))),
            });
        }
        let label = label(session.language, list.child.label_lv, list.child.label_en);
        lists.push(ToldList { list: list.child.name, label, items, reordered: list.reordered });
    }
    ToldEvent {
        kind: event.kind.as_str(),
        at: &event.at.at,
        run: event.at.run,
        pipeline: past.runs.get(&event.at.run).map(|run| run.pipeline.as_str()),
        fields,
        lists,
        moves: event.moves.iter().map(|one| ToldMove { change: moved(event.kind, one), uid: &one.uid }).collect(),
        no_longer_delivered_by: &event.gone,
    }
}
