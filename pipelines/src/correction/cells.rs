//! Cells: how a value of any source stands in a workbook without doing harm, and becomes itself again.
//!
//! A text that a spreadsheet program might take for a formula gets an apostrophe in front, which stays when the sheet is
//! saved as CSV and opened once more. Numbers, telephone numbers and dashes begin with such signs too and stay as they are:
//! they calculate nothing.

use std::borrow::Cow;

use vienkop_transforms::batch::REPEATED;

/// What all our columns begin with.
pub(crate) const OWN: &str = "vienkop: ";
/// The column of numbers in quarantine, in every language.
pub(crate) const NUMBER: &str = "vienkop: Nr.";

/// Stands for [`REPEATED`], which no cell of a workbook can hold, with a line break behind. Every font has it, and texts
/// about services do not.
const APART: char = '‖';

/// Characters of a cell, at most.
pub(super) const LONGEST: usize = 32_767;

/// A value as it is written into a cell; none where no cell can hold it.
pub(super) fn written(value: &str) -> Option<Cow<'_, str>> {
    let mut text = Cow::Borrowed(value);
    if text.contains(['\r', REPEATED]) {
        text = Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n").replace(REPEATED, &format!("{APART}\n")));
    }
    if is_formula(text.trim_start_matches('\'')) {
        text = Cow::Owned(format!("'{text}"));
    }
    // Excel counts in units of UTF-16.
    (text.encode_utf16().count() <= LONGEST).then_some(text)
}

/// A cell as the value that it was written for, or that a person wrote into it.
pub(super) fn restored(cell: &str) -> Cow<'_, str> {
    let text = match cell.strip_prefix('\'') {
        Some(rest) if is_formula(rest.trim_start_matches('\'')) => rest,
        _ => cell,
    };
    if !text.contains(APART) {
        return Cow::Borrowed(text);
    }
    let repeated = REPEATED.to_string();
    Cow::Owned(text.replace(&format!("{APART}\n"), &repeated).replace(APART, &repeated))
}

/// Whether a spreadsheet program might calculate a text.
fn is_formula(text: &str) -> bool {
    match text.chars().next() {
        Some('=' | '@' | '\t' | '\n' | '＝' | '＠') => true,
        Some('+' | '-' | '＋' | '－') => text.contains(|c: char| c.is_alphabetic() || "|!&^*".contains(c)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_calculates_is_marked() {
        let marked = ["=HYPERLINK(\"http://x\")", "@x", "+SUM(A1)", "-cmd|' /C calc'!A0", "\t=1", "＝1", "'=1"];
        for value in marked {
            assert_eq!(written(value).unwrap(), format!("'{value}"));
        }
        for value in ["-5", "-5,5", "+371 67000000", "-", "–", "'quoted'", "", "Nr. 5", "- 3 %"] {
            assert_eq!(written(value).unwrap(), value);
        }
    }

    #[test]
    fn what_a_cell_cannot_hold_is_not_cut() {
        assert!(written(&"ā".repeat(LONGEST)).is_some());
        assert!(written(&"ā".repeat(LONGEST + 1)).is_none());
        assert!(written(&format!("={}", "1".repeat(LONGEST))).is_none());
    }

    proptest! {
        #[test]
        fn every_value_becomes_itself_again(value in "['=+@\\-\t0-9a-z\u{1F} \n|]{0,12}") {
            let cell = written(&value).unwrap();
            let restored = restored(&cell);
            prop_assert_eq!(restored.as_ref(), value.as_str());
            prop_assert!(!is_formula(&cell));
        }
    }
}
