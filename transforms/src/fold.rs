//! Folding of texts for comparison: lower case, no diacritics, punctuation and white space collapsed.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// `"  Jira  Service-Desk "` becomes `jira service desk`; `VIRŠIS` becomes `virsis`.
///
/// Letters and digits stay, everything else separates words. `+` and `#` stay too (they tell names apart).
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        if c.is_alphanumeric() || c == '+' || c == '#' {
            if gap && !folded.is_empty() {
                folded.push(' ');
            }
            gap = false;
            folded.push(c);
        } else {
            gap = true;
        }
    }
    folded
}

/// The nearest of `candidates` by Jaro-Winkler similarity of folded texts, best first, at most `most`, above 0.75.
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let text = fold(text);
    let mut scored: Vec<(f64, &str)> = candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&text, &fold(candidate)), candidate))
        .filter(|(score, _)| *score > 0.75)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.dedup_by(|a, b| a.1 == b.1);
    scored.into_iter().take(most).map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds() {
        for (text, folded) in [
            ("  Jira  Service-Desk ", "jira service desk"),
            ("VIRŠIS", "virsis"),
            ("KADRI (VISVARIS)", "kadri visvaris"),
            ("C++", "c++"),
            ("—", ""),
            ("Klātienē\u{a0}VPVKAC", "klatiene vpvkac"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn nearest_is_stable() {
        assert_eq!(nearest("Zabix", ["Grafana", "Zabbix"], 3), ["Zabbix"]);
    }
}
