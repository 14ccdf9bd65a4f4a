//! `vienkop review list|accept|reject|split`: services that may be one, and kinds of service that many municipalities share.

use std::collections::BTreeMap;

use anyhow::bail;
use jiff::Timestamp;
use polars::prelude::*;
use serde::Serialize;
use vienkop_connectors::registry::{Decision, Registry, ReviewPair, ReviewSide, Reviewed};
use vienkop_transforms::fold::nearest;
use vienkop_transforms::model;
use vienkop_transforms::resolve::matching::{Explanation, FieldLikeness, Note, propose_groups};

use super::session::Session;
use super::{Exit, Options, ReviewCommand, output, record};
use crate::import::timestamp;

/// How many pairs are listed at most.
const MOST: usize = 10_000;

/// Characters of a value that the list shows.
const SHOWN: usize = 60;

#[derive(Serialize)]
struct Listed {
    pairs: Vec<Pair>,
    groups: Vec<Group>,
}

#[derive(Serialize)]
struct Pair {
    id: i64,
    status: String,
    score: Option<f64>,
    left: Side,
    right: Side,
    fields: Vec<FieldLikeness>,
    notes: Vec<Note>,
    run: i64,
    decided_run: Option<i64>,
}

#[derive(Serialize)]
struct Side {
    uid: String,
    name: Option<String>,
    code: Option<String>,
    owner_reg_no: Option<String>,
    owner: Option<String>,
    sources: Vec<String>,
}

/// Services of one kind, to be given a group code.
#[derive(Serialize)]
#[allow(clippy::struct_field_names, reason = "the name of the field in the registry")]
struct Group {
    group_code: String,
    name: String,
    uids: Vec<String>,
}

#[derive(Serialize)]
struct Done {
    run: i64,
    uids: Vec<String>,
    records: u64,
}

impl From<ReviewSide> for Side {
    fn from(side: ReviewSide) -> Self {
        let ReviewSide { uid, code, name, owner_reg_no, owner, sources } = side;
        Self { uid, name, code, owner_reg_no, owner, sources }
    }
}

impl Pair {
    fn new(pair: ReviewPair) -> anyhow::Result<Self> {
        let explanation = pair.explanation.as_deref().map(Explanation::parse).transpose()?;
        let (fields, notes) = explanation.map_or_else(Default::default, |known| (known.fields, known.notes));
        let ReviewPair { id, status, score, run, decided_run, .. } = pair;
        Ok(Self {
            id,
            status,
            score,
            left: pair.left.into(),
            right: pair.right.into(),
            fields,
            notes,
            run,
            decided_run,
        })
    }
}

/// Shows the queue, or carries out a decision.
pub(super) async fn review(options: &Options, now: Timestamp, command: &ReviewCommand) -> anyhow::Result<Exit> {
    let session = Session::open(options, now)?;
    let texts = session.texts();
    if Registry::is_missing(&session.registry).await? {
        let shown = Registry::shown(&session.registry);
        bail!(texts.get("cli-record-no-registry", &[("registry", &shown)]));
    }
    let registry = session.open_registry().await?;
    let decision = match command {
        ReviewCommand::List { all } => {
            let pairs = registry.review_list(*all, MOST).await?;
            let pairs = pairs.into_iter().map(Pair::new).collect::<anyhow::Result<_>>()?;
            let listed = Listed { pairs, groups: groups(&session, &registry).await? };
            if options.json {
                output::json(&listed)?;
            } else {
                output::text(&list(&session, &listed))?;
            }
            return Ok(Exit::Done);
        }
        ReviewCommand::Accept { id } => match number(id) {
            Some(number) => Decision::Accept(number),
            None => group(&session, &registry, id).await?,
        },
        ReviewCommand::Reject { id } => Decision::Reject(*id),
        ReviewCommand::Split { id, source } => match (number(id), source) {
            (Some(number), None) => Decision::Undo(number),
            (_, Some(source)) => {
                let source = session.source(source)?.id.clone();
                Decision::Separate { uid: record::uid_of(&session, id).await?, source }
            }
            (None, None) => bail!(texts.get("cli-review-split-what", &[("id", id)])),
        },
    };
    let at = timestamp(session.as_of);
    let reviewed = registry.decide(&decision, &at, &session.as_of_day().to_string()).await?;
    told(&session, options, &decision, reviewed)
}

/// The number of a pair; people write `#3` too.
fn number(id: &str) -> Option<i64> {
    id.trim_start_matches('#').parse().ok()
}

fn told(session: &Session, options: &Options, decision: &Decision, reviewed: Reviewed) -> anyhow::Result<Exit> {
    let texts = session.texts();
    let Reviewed::Done { run, uids, records } = reviewed else {
        bail!(match reviewed {
            Reviewed::Already(status) => texts.get(&format!("cli-review-already-{status}"), &[]),
            Reviewed::Nothing => texts.get("cli-review-nothing", &[]),
            _ => texts.get("cli-review-unknown", &[]),
        });
    };
    if options.json {
        output::json(&Done { run, uids, records })?;
        return Ok(Exit::Done);
    }
    let kept = uids.first().map_or("", String::as_str);
    let other = uids.get(1).map_or("", String::as_str);
    let (number, count) = (run.to_string(), uids.len().to_string());
    let text = match decision {
        Decision::Accept(_) => "cli-review-done-accepted",
        Decision::Reject(_) => "cli-review-done-rejected",
        Decision::Undo(_) | Decision::Separate { .. } => "cli-review-done-split",
        Decision::Group { .. } => "cli-review-done-grouped",
    };
    let args = [("run", number.as_str()), ("uid", kept), ("other", other), ("count", &count)];
    output::text(&format!("{}\n", texts.get(text, &args)))?;
    Ok(Exit::Done)
}

/// Kinds of service that several municipalities have, without a common code yet.
async fn groups(session: &Session, registry: &Registry) -> anyhow::Result<Vec<Group>> {
    let services = registry.services().await?;
    let settings = std::sync::Arc::clone(&session.config.matching);
    let proposed = tokio::task::spawn_blocking(move || propose_groups(&services, &settings)).await??;
    let column = |name: &str| -> PolarsResult<StringChunked> { Ok(proposed.column(name)?.str()?.clone()) };
    let (uids, codes, names) = (column("uid")?, column("group_code")?, column("name_of_group")?);
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for ((uid, code), name) in uids.iter().zip(codes.iter()).zip(names.iter()) {
        let (Some(uid), Some(code)) = (uid, code) else { continue };
        let empty =
            || Group { group_code: code.to_owned(), name: name.unwrap_or_default().to_owned(), uids: Vec::new() };
        groups.entry(code.to_owned()).or_insert_with(empty).uids.push(uid.to_owned());
    }
    Ok(groups.into_values().collect())
}

/// The decision to give a proposed group its code.
async fn group(session: &Session, registry: &Registry, code: &str) -> anyhow::Result<Decision> {
    let groups = groups(session, registry).await?;
    if let Some(group) = groups.iter().find(|group| group.group_code == code) {
        return Ok(Decision::Group { uids: group.uids.clone(), code: code.to_owned() });
    }
    let near = nearest(code, groups.iter().map(|group| group.group_code.as_str()), 3).join(", ");
    bail!(session.texts().get("cli-review-no-group", &[("id", code), ("nearest", &near)]))
}

fn list(session: &Session, listed: &Listed) -> String {
    let texts = session.texts();
    if listed.pairs.is_empty() && listed.groups.is_empty() {
        return format!("{}\n", texts.get("cli-review-empty", &[]));
    }
    let mut out = String::new();
    if !listed.pairs.is_empty() {
        out.push_str(&format!("{}\n", texts.get("cli-review-pairs", &[])));
        for pair in &listed.pairs {
            out.push_str(&format!("\n{}", pair_text(session, pair)));
        }
    }
    if !listed.groups.is_empty() {
        let blank = if out.is_empty() { "" } else { "\n" };
        out.push_str(&format!("{blank}{}\n\n", texts.get("cli-review-groups", &[])));
        for group in &listed.groups {
            let count = group.uids.len().to_string();
            let args = [("code", group.group_code.as_str()), ("name", &group.name), ("count", &count)];
            out.push_str(&format!("  {}\n", texts.get("cli-review-group", &args)));
        }
    }
    out
}

fn pair_text(session: &Session, pair: &Pair) -> String {
    let texts = session.texts();
    let head = format!("#{}", pair.id);
    let score = pair.score.map_or_else(|| "–".to_owned(), |score| format!("{score:.2}"));
    let status = texts.get(&format!("cli-review-{}", pair.status), &[]);
    let indent = " ".repeat(head.chars().count() + 2);
    let mut out = format!("{head}  {score}  {status}\n");
    for side in [&pair.left, &pair.right] {
        let name = side.name.as_deref().unwrap_or(&side.uid);
        let owner = side.owner.as_deref().or(side.owner_reg_no.as_deref()).unwrap_or_default();
        let sources = if side.sources.is_empty() { "–".to_owned() } else { side.sources.join(", ") };
        let args = [("owner", owner), ("code", side.code.as_deref().unwrap_or("–")), ("sources", &sources)];
        out.push_str(&format!("{indent}{name}: {}\n", texts.get("cli-review-side", &args)));
    }
    let service = model::entity("service");
    let rows: Vec<Vec<String>> = pair
        .fields
        .iter()
        .map(|field| {
            let known = service.and_then(|service| service.field(&field.field));
            let label = known.map_or(field.field.as_str(), |known| session.language.of(known.label_lv, known.label_en));
            let numbers = [field.similarity, field.weight].map(|number| format!("{:.0} %", number * 100.0));
            let [similarity, weight] = numbers;
            vec![format!("{indent}{label}"), similarity, weight, cut(&field.left), cut(&field.right)]
        })
        .collect();
    if !rows.is_empty() {
        let header =
            ["field", "alike", "weight", "left", "right"].map(|name| texts.get(&format!("cli-review-col-{name}"), &[]));
        let mut header = header.to_vec();
        header[0] = format!("{indent}{}", header[0]);
        out.push_str(&output::table(&header, &rows, &[1, 2]));
    }
    for note in &pair.notes {
        let id = match note {
            Note::OtherOwner => "other-owner",
            Note::Municipalities => "municipalities",
            Note::UnmatchedWords => "unmatched-words",
            Note::NameAlone => "name-alone",
            Note::SeveralCandidates => "several-candidates",
        };
        out.push_str(&format!("{indent}{}\n", texts.get(&format!("cli-review-note-{id}"), &[])));
    }
    let id = pair.id.to_string();
    let what = if pair.status == "accepted" { "cli-review-how-undo" } else { "cli-review-how" };
    if pair.status != "rejected" {
        out.push_str(&format!("{indent}{}\n", texts.get(what, &[("id", &id)])));
    }
    out
}

fn cut(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    text.chars().take(SHOWN - 1).chain(['…']).collect()
}
