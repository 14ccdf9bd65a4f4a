//! The drafted conclusion of a table, by thresholds; an analyst may put another in its place.

use super::questionnaire::{Figure, FigureKind, YesNo};
use super::report::{Row, RowKey, percent, percent_text};
use crate::texts::{Language, Texts};

/// Where the words for a share begin.
#[derive(Clone, Copy)]
enum Least {
    /// At this share (part, whole).
    From(u128, u128),
    /// Just above it.
    Above(u128, u128),
}

/// Words for a share, the greatest first. Within two points of a half it is told as "almost half" or "slightly
/// more than half".
const SHARES: [(&str, Least); 11] = [
    ("report-share-all", Least::From(1, 1)),
    ("report-share-great-majority", Least::From(75, 100)),
    ("report-share-most", Least::From(60, 100)),
    ("report-share-over-half", Least::Above(52, 100)),
    ("report-share-just-over-half", Least::Above(1, 2)),
    ("report-share-half", Least::From(1, 2)),
    ("report-share-nearly-half", Least::From(48, 100)),
    ("report-share-under-half", Least::From(1, 3)),
    ("report-share-under-third", Least::From(25, 100)),
    ("report-share-under-quarter", Least::From(15, 100)),
    ("report-share-few", Least::From(0, 1)),
];

/// Names told in a ranking: always this many, and more while they have [`LEADER_SHARE`] or tie with the last.
const LEADERS: usize = 3;
const MOST_LEADERS: usize = 5;
/// In hundredths of a per cent.
const LEADER_SHARE: u64 = 500;

/// The conclusion of a figure, one or two sentences.
pub(super) fn of(figure: &Figure, rows: &[Row], n: u64, texts: &Texts) -> String {
    if n == 0 {
        return texts.get("report-sentence-empty", &[]);
    }
    let mut sentences = match figure.kind {
        FigureKind::Choice | FigureKind::UsesAny => vec![yes(figure, rows, n, texts)],
        FigureKind::Cross => vec![cross(rows, n, texts)],
        FigureKind::Options => ranking(rows, n, texts, "options"),
        FigureKind::Systems => ranking(rows, n, texts, "systems"),
    };
    let unanswered = rows.iter().find(|row| row.key == RowKey::None.code());
    if let Some(row) = unanswered.filter(|_| figure.kind == FigureKind::Choice) {
        let respondents = texts.count("report-respondents", &[("count", row.count)]);
        let share = percent_text(&row.percent, texts.language());
        let args = [("respondents", respondents.as_str()), ("percent", share.as_str())];
        sentences.push(texts.get("report-sentence-unanswered", &args));
    }
    sentences.iter().map(|sentence| upper_first(sentence)).collect::<Vec<_>>().join(" ")
}

/// Text id of the words for a share; in whole numbers, so that a half is told only when it is one.
fn share_id(count: u64, n: u64) -> &'static str {
    let (count, n) = (u128::from(count), u128::from(n));
    let reached = |least: &Least| match *least {
        Least::From(part, whole) => count * whole >= part * n,
        Least::Above(part, whole) => count * whole > part * n,
    };
    SHARES.iter().find(|(_, least)| reached(least)).map_or("report-share-few", |(id, _)| id)
}

/// What survey sentences speak of.
const RESPONDENTS: &str = "respondents";

/// The words for a share of things: `vairāk nekā puse respondentu`. `noun`: end of the ids of its texts.
fn words(count: u64, n: u64, noun: &str, texts: &Texts) -> String {
    let (all, of) = (texts.get(&format!("noun-{noun}-all"), &[]), texts.get(&format!("noun-{noun}-of"), &[]));
    texts.get(share_id(count, n), &[("all", &all), ("of", &of)])
}

/// The conclusion of a table of measures from one share; none where there is nothing to conclude from.
pub(super) fn share(id: &str, noun: &str, count: u64, n: u64, texts: &Texts) -> Option<String> {
    if n == 0 {
        return None;
    }
    let (words, count_text, n_text) = (words(count, n, noun, texts), count.to_string(), n.to_string());
    let percent = percent_text(&percent(count, n), texts.language());
    let args = [("share", words.as_str()), ("count", &count_text), ("n", &n_text), ("percent", &percent)];
    let id = if count == 0 { format!("conclusion-{id}-none") } else { format!("conclusion-{id}") };
    Some(upper_first(&texts.get(&id, &args)))
}

fn yes(figure: &Figure, rows: &[Row], n: u64, texts: &Texts) -> String {
    let Some(row) = rows.iter().find(|row| row.key == YesNo::Yes.code()) else { return String::new() };
    if row.count == 0 {
        return texts.get("report-sentence-nobody", &[("answer", &row.label)]);
    }
    let predicate = match texts.language() {
        Language::Lv => figure.predicate_lv.as_deref(),
        Language::En => figure.predicate_en.as_deref(),
    };
    let (share, count, n_text) = (words(row.count, n, RESPONDENTS, texts), row.count.to_string(), n.to_string());
    let percent = percent_text(&row.percent, texts.language());
    let mut args = vec![("share", share.as_str()), ("count", &count), ("n", &n_text), ("percent", &percent)];
    let id = if let Some(predicate) = predicate {
        args.push(("predicate", predicate));
        "report-sentence-predicate"
    } else {
        args.push(("answer", &row.label));
        "report-sentence-answer"
    };
    texts.get(id, &args)
}

/// The largest group in words, the others as numbers, the largest first.
fn cross(rows: &[Row], n: u64, texts: &Texts) -> String {
    let mut groups: Vec<&Row> = rows.iter().filter(|row| row.count > 0 && !row.is_remainder()).collect();
    groups.sort_by_key(|row| u64::MAX - row.count);
    let n_text = n.to_string();
    let parts = groups.iter().enumerate().map(|(index, row)| {
        let (count, label) = (row.count.to_string(), lower_first(&row.label));
        let percent = percent_text(&row.percent, texts.language());
        let share = words(row.count, n, RESPONDENTS, texts);
        let args =
            [("share", share.as_str()), ("count", &count), ("n", &n_text), ("percent", &percent), ("label", &label)];
        texts.get(if index == 0 { "report-sentence-cross-first" } else { "report-sentence-cross-next" }, &args)
    });
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { texts.get("report-sentence-cross-none", &[]) } else { format!("{}.", parts.join("; ")) }
}

fn ranking(rows: &[Row], n: u64, texts: &Texts, kind: &str) -> Vec<String> {
    let named: Vec<&Row> = rows.iter().filter(|row| row.count > 0 && !row.is_remainder()).collect();
    if named.is_empty() {
        return vec![texts.get(&format!("report-sentence-{kind}-none"), &[])];
    }
    let mut leaders = named.len().min(LEADERS);
    while leaders < named.len().min(MOST_LEADERS) {
        let next = named[leaders].count;
        let weighs = u128::from(next) * 10_000 >= u128::from(LEADER_SHARE) * u128::from(n);
        if !weighs && next != named[leaders - 1].count {
            break;
        }
        leaders += 1;
    }
    let label = |row: &Row| if kind == "options" { lower_first(&row.label) } else { row.label.clone() };
    let first = named[..leaders].iter().map(|row| {
        let percent = percent_text(&row.percent, texts.language());
        format!("{} ({percent})", label(row))
    });
    let first = and(first.collect(), texts);
    if named.len() == leaders {
        return vec![texts.get(&format!("report-sentence-{kind}-all"), &[("list", &first)])];
    }
    let others = and(named[leaders..].iter().map(|row| label(row)).collect(), texts);
    vec![
        texts.get(&format!("report-sentence-{kind}-first"), &[("list", &first)]),
        texts.get(&format!("report-sentence-{kind}-others"), &[("list", &others)]),
    ]
}

/// `a, b un c`.
pub(super) fn and(mut items: Vec<String>, texts: &Texts) -> String {
    let Some(last) = items.pop() else { return String::new() };
    if items.is_empty() {
        return last;
    }
    texts.get("report-list-and", &[("list", &items.join(", ")), ("last", &last)])
}

pub(super) fn upper_first(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// The first letter small, unless the word is an abbreviation (`VIRSIS`).
fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    match (characters.next(), characters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().chain(characters).collect(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_words() {
        for (count, n, id) in [
            (145, 145, "all"),
            (127, 145, "great-majority"),
            (3, 4, "great-majority"),
            (96, 145, "most"),
            (3, 5, "most"),
            (55, 100, "over-half"),
            (52, 100, "just-over-half"),
            (73, 145, "just-over-half"),
            (1, 2, "half"),
            (72, 145, "nearly-half"),
            (48, 100, "nearly-half"),
            (55, 145, "under-half"),
            (1, 3, "under-half"),
            (33, 100, "under-third"),
            (25, 145, "under-quarter"),
            (18, 145, "few"),
            (0, 145, "few"),
        ] {
            assert_eq!(share_id(count, n), format!("report-share-{id}"), "{count} of {n}");
        }
    }
}
