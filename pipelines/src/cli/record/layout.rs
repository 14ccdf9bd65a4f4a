//! Setting long texts: one line, cut, wrapped.

use vienkop_transforms::batch::REPEATED;

/// Columns of a line, at most, where words allow it.
pub(super) const WIDTH: usize = 110;
/// Characters of a value, at most; the whole value is in the JSON.
pub(super) const VALUE: usize = 240;

/// On one line: line breaks stay visible, repeated values stand apart, other control characters are told by a mark.
pub(super) fn one_line(text: &str) -> String {
    let text = text.trim().replace("\r\n", "\n").replace('\n', " ⏎ ").replace(REPEATED, "; ").replace('\t', " ");
    text.replace(|c: char| c.is_control(), "\u{FFFD}")
}

/// With spaces behind, up to `width` characters.
pub(super) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.chars().count())))
}

/// The beginning of a text that is too long.
pub(super) fn cut(text: &str, most: usize) -> String {
    part(text, 0, most)
}

/// Two texts, of which what differs can be seen though they are cut.
pub(super) fn cut_pair(old: &str, new: &str, most: usize) -> (String, String) {
    /// Characters left before the first difference.
    const LEAD: usize = 40;
    let same = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).count();
    let longest = old.chars().count().max(new.chars().count());
    let from = if longest > most && same > most / 2 { same - LEAD.min(same) } else { 0 };
    (part(old, from, most), part(new, from, most))
}

fn part(text: &str, from: usize, most: usize) -> String {
    let count = text.chars().count();
    let shown: String = text.chars().skip(from).take(most).collect();
    let before = if from > 0 && count > from { "…" } else { "" };
    let after = if count > from + most { "…" } else { "" };
    format!("{before}{}{after}", shown.trim_end())
}

/// A change: on one line where it fits, the new value on a line of its own otherwise.
pub(super) fn change(old: &str, new: &str) -> String {
    /// Columns beside the value: indentation and label.
    const BESIDE: usize = 40;
    let between = if old.chars().count() + new.chars().count() > WIDTH - BESIDE { "\n" } else { " " };
    format!("{old}{between}→ {new}")
}

/// Wraps a text at spaces: the first line begins at column `at`, the others are indented by `indent`. A word that is
/// longer than the line (an address) stays whole.
pub(super) fn wrap(text: &str, at: usize, indent: usize) -> String {
    let mut out = String::new();
    let mut column = at;
    for (n, word) in text.split(' ').enumerate() {
        let width = word.chars().count();
        if n > 0 {
            if column + 1 + width > WIDTH && column > indent {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                column = indent;
            } else {
                out.push(' ');
                column += 1;
            }
        }
        out.push_str(word);
        column += width;
    }
    out
}

/// Lines of a labelled value: the label, then the value, then notes; on one line where it fits.
pub(super) struct Entry {
    /// Name of the field.
    pub(super) label: String,
    /// Its value; line breaks are kept.
    pub(super) value: String,
    /// Where it came from; behind the value where there is room.
    pub(super) from: Option<String>,
    /// More, a line each.
    pub(super) notes: Vec<String>,
}

/// Sets entries as two columns.
pub(super) fn entries(list: &[Entry], indent: usize) -> String {
    /// Columns of the labels, at most.
    const LABEL: usize = 36;
    let labels = list.iter().map(|entry| entry.label.chars().count());
    let width = labels.filter(|width| *width <= LABEL).max().unwrap_or_default();
    let at = indent + width + 2;
    let margin = " ".repeat(at);
    let mut out = String::new();
    for entry in list {
        out.push_str(&format!("{}{}", " ".repeat(indent), pad(&entry.label, width)));
        if entry.label.chars().count() > width {
            out.push_str(&format!("\n{margin}"));
        } else {
            out.push_str("  ");
        }
        let lines: Vec<String> = entry.value.lines().map(|line| wrap(line, at, at)).collect();
        out.push_str(&lines.join(&format!("\n{margin}")));
        if let Some(from) = &entry.from {
            let end = entry.value.lines().next_back().unwrap_or_default();
            let length = at + end.chars().count() + 3 + from.chars().count();
            if length <= WIDTH {
                out.push_str(&format!("  {from}"));
            } else {
                out.push_str(&format!("\n{margin}{}", wrap(from, at, at + 2)));
            }
        }
        out.push('\n');
        for note in &entry.notes {
            out.push_str(&format!("{margin}{}\n", wrap(note, at, at + 2)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_seen_though_cut() {
        let text = |end: &str| format!("{}{end}", "vārds ".repeat(100));
        let (old, new) = cut_pair(&text("vecs"), &text("jauns"), 60);
        assert!(old.starts_with('…') && old.ends_with("vecs"), "{old}");
        assert!(new.starts_with('…') && new.ends_with("jauns"), "{new}");
        assert_eq!(cut_pair("a", "b", 60), ("a".to_owned(), "b".to_owned()));
        assert_eq!(cut("ābols", 3), "ābo…");
    }

    #[test]
    fn words_wrap_and_stay_whole() {
        let text = "garš ".repeat(60);
        for line in wrap(text.trim(), 10, 10).lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
        let address = format!("https://{}", "x".repeat(200));
        assert_eq!(wrap(&address, 10, 10), address);
    }
}
