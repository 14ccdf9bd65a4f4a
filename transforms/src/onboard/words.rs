//! How well a header says what a field is called.

use std::collections::BTreeSet;

use super::settings::split_camel;
use crate::fold::fold;

/// Words that say nothing by themselves.
const FILLERS: &[&str] =
    &["un", "vai", "par", "uz", "no", "ar", "pie", "kas", "ko", "the", "of", "and", "or", "to", "in"];

/// The words of everything that fields are called: what glued headers (`PAKNOSAUK`) are cut by.
#[derive(Debug, Clone, Default)]
pub(super) struct Vocabulary {
    words: BTreeSet<String>,
}

impl Vocabulary {
    pub(super) fn add(&mut self, phrase: &str) {
        self.words.extend(plain(phrase).into_iter().filter(|word| word.len() >= 2));
    }

    /// The words of a header: of paths, of camel case, of short forms glued together.
    pub(super) fn words(&self, header: &str) -> Vec<String> {
        plain(header).into_iter().flat_map(|word| self.cut(word)).collect()
    }

    /// Words that begin with the piece.
    fn begins(&self, piece: &str) -> bool {
        self.words.range(piece.to_owned()..).next().is_some_and(|word| word.starts_with(piece))
    }

    /// `paknosauk` into `pak` and `nosauk`; a word that is known stays whole.
    fn cut(&self, word: String) -> Vec<String> {
        let known = self.begins(&word) || self.words.iter().any(|one| likeness(&word, one) >= 0.9);
        if known || word.len() < 5 || !word.is_ascii() {
            return vec![word];
        }
        // The fewest pieces, the longest first: each is the beginning of a word, of three letters or a whole one.
        let size = word.len();
        let mut best: Vec<Option<Vec<usize>>> = vec![None; size + 1];
        best[0] = Some(Vec::new());
        for end in 1..=size {
            for start in 0..end {
                let piece = &word[start..end];
                let fits = (piece.len() >= 3 && self.begins(piece)) || (piece.len() == 2 && self.words.contains(piece));
                let Some(before) = best[start].clone().filter(|_| fits) else { continue };
                let better = best[end].as_ref().is_none_or(|known| before.len() + 1 < known.len());
                if better {
                    best[end] = Some(before.into_iter().chain([end]).collect());
                }
            }
        }
        match best[size].take() {
            Some(ends) if ends.len() <= 3 => {
                let starts = std::iter::once(0).chain(ends.iter().copied());
                starts.zip(ends.iter()).map(|(start, end)| word[start..*end].to_owned()).collect()
            }
            _ => vec![word],
        }
    }
}

fn plain(text: &str) -> Vec<String> {
    fold(&split_camel(text)).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// How much of the phrase the header says, and how much of the header the phrase explains: 0 to 1. Words in `neutral`
/// (what the rows are) need no explanation.
pub(super) fn match_phrase(header: &[String], phrase: &[String], neutral: &[String]) -> f64 {
    if header.is_empty() || phrase.is_empty() {
        return 0.0;
    }
    let mut used = vec![false; header.len()];
    let mut weakest: f64 = 1.0;
    let mut sum = 0.0;
    for word in phrase {
        let best = header.iter().enumerate().map(|(at, one)| (likeness(one, word), at));
        let (fit, at) = best.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))).unwrap_or_default();
        weakest = weakest.min(fit);
        sum += fit;
        if fit > 0.0 {
            used[at] = true;
        }
    }
    if weakest <= 0.0 {
        return 0.0;
    }
    let counts = |at: &usize| {
        let word = &header[*at];
        let explained = FILLERS.contains(&word.as_str()) || neutral.iter().any(|one| likeness(word, one) >= 0.75);
        used[*at] || !explained
    };
    let all = (0..header.len()).filter(counts).count().max(1);
    let covered = used.iter().filter(|used| **used).count();
    let said = sum / phrase.len() as f64;
    said * (0.5 + 0.5 * covered as f64 / all as f64)
}

/// Whether a word of a header is a word of a phrase: itself, in another form, or cut short; 0 to 1.
fn likeness(header: &str, word: &str) -> f64 {
    if header == word {
        return 1.0;
    }
    let common = header.bytes().zip(word.bytes()).take_while(|(a, b)| a == b).count();
    let (shorter, longer) = (header.len().min(word.len()), header.len().max(word.len()));
    // Endings of inflection: `termins`, `termina`.
    if common >= 4 && common + 3 >= longer && common + 2 >= shorter {
        return 0.92;
    }
    // Short forms: `nosauk`, `apr`, `sk`.
    if common == header.len() {
        return match common {
            0 | 1 => 0.0,
            2 => 0.5,
            3 => 0.75,
            _ => 0.85,
        };
    }
    // `darbinieks` for `darb`.
    if common == word.len() && common >= 5 {
        return 0.7;
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary() -> Vocabulary {
        let mut vocabulary = Vocabulary::default();
        for phrase in
            ["pakalpojuma nosaukums", "iestādes reģistrācijas nr", "likumā noteiktais termiņš", "atbildīgā vārds"]
        {
            vocabulary.add(phrase);
        }
        vocabulary
    }

    #[test]
    fn cuts_glued_headers() {
        for (header, words) in [
            ("PAKNOSAUK", &["pak", "nosauk"][..]),
            ("IESTREGNR", &["iest", "reg", "nr"]),
            ("LIKTERM", &["lik", "term"]),
            ("ATBVARDS", &["atb", "vards"]),
            ("Nosaukumi", &["nosaukumi"]),
            ("PRIEKSMETS", &["prieksmets"]),
            ("sla/dueAt", &["sla", "due", "at"]),
        ] {
            assert_eq!(vocabulary().words(header), words, "{header}");
        }
    }

    #[test]
    fn what_the_header_says_of_a_phrase() {
        let words = |text: &str| vocabulary().words(text);
        let score = |header: &str, phrase: &str| match_phrase(&words(header), &plain(phrase), &plain("pakalpojums"));
        assert!(score("Pakalpojuma nosaukums", "nosaukums") > 0.99);
        assert!(score("PAKNOSAUK", "nosaukums") > 0.8);
        assert!(score("Iestādes nosaukums", "nosaukums") < 0.8);
        assert!(score("Piezīmes", "nosaukums") < 0.01);
        assert!(score("Reģ. nr.", "reģistrācijas numurs") < 0.9);
    }
}
