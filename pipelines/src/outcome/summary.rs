//! What the summary says of one source, and of the registry as a whole.

use vienkop_connectors::registry::LinkCounts;
use vienkop_transforms::finding::Severity;
use vienkop_transforms::texts::Texts;

use super::SourceOutcome;

/// How many sentences of one source the summary shows.
const SHOWN: usize = 4;

pub(super) fn attention(source: &SourceOutcome, texts: &Texts) -> Vec<String> {
    let (mut lines, name) = (Vec::new(), source.name());
    if let Some(error) = &source.error {
        lines.push(format!("  {name}: {error}\n"));
    }
    lines.extend(source.retried.iter().flat_map(|retried| retried.lines(&source.id, texts)));
    if source.matches.merged > 0 {
        let count = source.matches.merged.to_string();
        lines.push(format!("  {}\n", texts.get("cli-merged-of", &[("source", &source.id), ("count", &count)])));
    }
    if source.notable.is_empty() {
        lines.extend(drifted(source, texts));
        return lines;
    }
    let counts: Vec<String> = source.findings.iter().map(|(code, count)| format!("{code} × {count}")).collect();
    let counts = counts.join(", ");
    lines.push(format!("  {}\n", texts.get("cli-findings-of", &[("source", &name), ("counts", &counts)])));
    for (code, sentence) in source.notable.iter().take(SHOWN) {
        lines.push(format!("    {code}  {sentence}\n"));
    }
    if source.notable.len() > SHOWN {
        let more = (source.notable.len() - SHOWN).to_string();
        let args = [("count", more.as_str()), ("source", &source.id)];
        lines.push(format!("    {}\n", texts.get("cli-more-findings", &args)));
    }
    lines.extend(drifted(source, texts));
    lines
}

/// Whom to tell that the source has changed; where nobody needs to look, only that it has.
fn drifted(source: &SourceOutcome, texts: &Texts) -> Option<String> {
    if source.drift.is_empty() {
        return None;
    }
    if source.drift.iter().all(|change| change.severity == Severity::Info.as_str()) {
        let count = source.drift.len() as u64;
        let args = [("source", source.id.as_str()), ("count", &count.to_string())];
        return Some(format!("  {}\n", texts.get("cli-drift-taken", &args)));
    }
    let line = match &source.contact {
        Some(contact) => texts.get("cli-drift-contact", &[("contact", contact)]),
        None => texts.get("cli-drift-no-contact", &[("source", &source.id)]),
    };
    Some(format!("    {line}\n"))
}

/// A line a rule that the registry as a whole breaks.
pub(super) fn whole(links: &LinkCounts, texts: &Texts) -> Vec<String> {
    let broken = links.iter().filter(|(_, count)| **count > 0);
    let told: Vec<String> = broken
        .map(|(code, count)| format!("    {code} × {count}  {}\n", texts.get(&format!("{code}-title"), &[])))
        .collect();
    let head = (!told.is_empty()).then(|| format!("  {}\n", texts.get("cli-links-of", &[])));
    head.into_iter().chain(told).collect()
}

pub(super) fn changes(source: &SourceOutcome, texts: &Texts) -> Vec<String> {
    let mut lines = samples(source, texts);
    let total: u64 = source.records.values().map(|c| c.inserted + c.changed + c.retired).sum();
    // A merge is told beside the insert of its record.
    let counted = source.samples.iter().filter(|change| change.kind != "merge");
    let mut shown: Vec<_> = counted.map(|change| (&change.entity, change.kind, &change.key)).collect();
    shown.dedup();
    let more = total.saturating_sub(shown.len() as u64);
    if more > 0 && !lines.is_empty() {
        lines.push(format!("  {}  {}\n", source.id, texts.count("cli-plan-more", &[("count", more)])));
    }
    lines
}

fn samples(source: &SourceOutcome, texts: &Texts) -> Vec<String> {
    source
        .samples
        .iter()
        .map(|change| {
            let kind = texts.get(&format!("cli-plan-kind-{}", change.kind), &[]);
            let empty = texts.get("cli-plan-empty", &[]);
            let (old, new) = (change.old.as_ref().unwrap_or(&empty), change.new.as_ref().unwrap_or(&empty));
            let fields = match &change.field {
                Some(field) => format!("  {field}: {old} → {new}"),
                None if change.kind == "merge" => format!("  {old} = {new}"),
                None => String::new(),
            };
            format!("  {}  {}  {kind}  {}{fields}\n", source.id, change.entity, change.key)
        })
        .collect()
}
