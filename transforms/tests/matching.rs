//! Scored identity over the labelled pairs of `data-samples/matching`: precision and recall.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::collections::BTreeMap;
use std::path::Path;

use polars::prelude::*;
use vienkop_transforms::resolve::matching::{Explanation, GROUP, MERGE, MatchSettings, REVIEW, match_services};

const FIELDS: [&str; 8] =
    ["owner_reg_no", "owner_kind", "code", "name", "kind", "legal_acts", "audience", "request_channels"];

type Pair = BTreeMap<String, String>;

fn pairs() -> Vec<Pair> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data-samples/matching/pairs.csv");
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

/// One side of a pair as the page that the registry would give: acts one a line, lists as stored.
fn page(pair: &Pair, side: &str) -> DataFrame {
    let mut columns = vec![Column::new("uid".into(), [side])];
    for field in FIELDS {
        let text = &pair[&format!("{side}_{field}")];
        let stored = match field {
            _ if text.is_empty() => None,
            "legal_acts" => Some(text.replace('|', "\n")),
            "audience" | "request_channels" => {
                Some(serde_json::to_string(&text.split('|').collect::<Vec<_>>()).unwrap())
            }
            _ => Some(text.clone()),
        };
        columns.push(Column::new(field.into(), [stored]));
    }
    DataFrame::new(1, columns).unwrap()
}

/// What a pair came to: verdict (empty: none) and score.
fn verdict(pair: &Pair, settings: &MatchSettings) -> (String, f64) {
    let found = match_services(&page(pair, "left"), &page(pair, "right"), settings).unwrap();
    if found.height() == 0 {
        return (String::new(), 0.0);
    }
    let explanation = Explanation::parse(found.column("explanation").unwrap().str().unwrap().get(0).unwrap()).unwrap();
    let weights: f64 = explanation.fields.iter().map(|field| field.weight).sum();
    assert!((weights - 1.0).abs() < 0.001, "{explanation:?}");
    let text = found.column("verdict").unwrap().str().unwrap().get(0).unwrap().to_owned();
    (text, found.column("score").unwrap().f64().unwrap().get(0).unwrap())
}

/// Counts of one set: by label and verdict.
#[derive(Default)]
struct Counts(BTreeMap<(String, String), usize>);

impl Counts {
    fn of(&self, label: &str, verdicts: &[&str]) -> usize {
        self.0.iter().filter(|((l, v), _)| l == label && verdicts.contains(&v.as_str())).map(|(_, count)| count).sum()
    }

    fn all(&self, verdicts: &[&str]) -> usize {
        ["same", "different", "group"].iter().map(|label| self.of(label, verdicts)).sum()
    }

    /// Right ones among those with the verdicts, and found ones among those with the label.
    fn precision_and_recall(&self, label: &str, verdicts: &[&str]) -> (f64, f64) {
        let right = self.of(label, verdicts) as f64;
        let labelled = self.of(label, &[MERGE, REVIEW, GROUP, ""]);
        (right / self.all(verdicts).max(1) as f64, right / labelled.max(1) as f64)
    }
}

#[test]
fn precision_and_recall() {
    let settings = MatchSettings::shipped().unwrap();
    let mut sets: BTreeMap<String, Counts> = BTreeMap::new();
    let mut wrong = Vec::new();
    for pair in pairs() {
        let (verdict, score) = verdict(&pair, &settings);
        let label = pair["label"].clone();
        let told = format!(
            "{} {} {label} -> {} {score}: {} / {} ({})",
            pair["pair"],
            pair["set"],
            if verdict.is_empty() { "nothing" } else { &verdict },
            pair["left_name"],
            pair["right_name"],
            pair["why"]
        );
        let owners = pair["left_owner_reg_no"] == pair["right_owner_reg_no"];
        let expected = match label.as_str() {
            "same" if owners => MERGE,
            "same" => REVIEW,
            "group" => GROUP,
            _ => "",
        };
        if verdict != expected {
            println!("{told}");
        }
        if verdict == MERGE && label != "same" || verdict == GROUP && label != "group" {
            wrong.push(told);
        }
        *sets.entry(pair["set"].clone()).or_default().0.entry((label, verdict)).or_default() += 1;
    }
    for (name, counts) in &sets {
        println!("\n{name}: {} pairs", counts.all(&[MERGE, REVIEW, GROUP, ""]));
        for verdict in [MERGE, REVIEW, GROUP, ""] {
            println!(
                "  {:8} same {:3}  group {:3}  different {:3}",
                if verdict.is_empty() { "nothing" } else { verdict },
                counts.of("same", &[verdict]),
                counts.of("group", &[verdict]),
                counts.of("different", &[verdict])
            );
        }
        for (what, label, verdicts) in [
            ("merge", "same", &[MERGE][..]),
            ("merge and review", "same", &[MERGE, REVIEW]),
            ("group", "group", &[GROUP]),
        ] {
            let (precision, recall) = counts.precision_and_recall(label, verdicts);
            println!("  {what}: precision {precision:.3}, recall {recall:.3}");
        }
    }
    // Floors, a little below what the shipped settings reach: held-out pairs were written after the settings were
    // fixed, and the settings were not changed for them. Pairs of two owners never merge, so recall of merge is not 1.
    for (set, merge, found, group) in [("tuning", 0.7, 0.95, 0.95), ("held_out", 0.5, 0.85, 0.7)] {
        let recall = |label, verdicts| sets[set].precision_and_recall(label, verdicts).1;
        assert!(recall("same", &[MERGE]) >= merge, "{set}: recall of merge");
        assert!(recall("same", &[MERGE, REVIEW]) >= found, "{set}: recall of merge and review");
        assert!(recall("group", &[GROUP]) >= group, "{set}: recall of group");
    }
    assert!(wrong.is_empty(), "wrong merges or groups:\n{}", wrong.join("\n"));
}
