//! Text that was decoded wrongly before it reached us: `âèçìîíïòðûþ` (windows-1257 read as windows-1252),
//! `Ä“`, `Å¡` (UTF-8 read as a single-byte encoding), `�` (letters lost for good).

use vienkop_transforms::batch::Origin;
use vienkop_transforms::finding::{self, Finding};

/// What windows-1257 calls `āčēģīķļņšūžĀČĒĢĪĶĻŅŠŪŽ`, read as windows-1252.
const READ_AS_1252: &str = "âèçìîíïòðûþÂÈÇÌÎÍÏÒÐÛÞ";
const LATVIAN: &str = "āčēģīķļņšūžĀČĒĢĪĶĻŅŠŪŽ";
/// What windows-1252 and windows-1257 have at 0x80 to 0x9F.
const SPECIALS: &str = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";

/// How the text was spoiled, when it looks so.
pub(in crate::format) fn mojibake(text: &str) -> Option<&'static str> {
    if text.is_ascii() {
        return None;
    }
    if text.contains(char::REPLACEMENT_CHARACTER) {
        return Some("U+FFFD");
    }
    let mut previous = ' ';
    for c in text.chars() {
        if matches!(previous, 'Ä' | 'Å') && (matches!(c, '\u{80}'..='\u{BF}') || SPECIALS.contains(c)) {
            return Some("utf-8 -> windows-1252");
        }
        previous = c;
    }
    (text.contains(|c| READ_AS_1252.contains(c)) && !is_latvian(text)).then_some("windows-1257 -> windows-1252")
}

fn is_latvian(text: &str) -> bool {
    !text.is_ascii() && text.contains(|c| LATVIAN.contains(c))
}

/// Watches the rows of a file and tells once (F009) when they are spoiled; a foreign word now and then is not.
#[derive(Debug, Default)]
pub(in crate::format) struct MojibakeWatch {
    first: Option<(i64, &'static str)>,
    spoiled: u64,
    sound: u64,
    told: bool,
}

impl MojibakeWatch {
    /// Looks at the header; one spoiled name is enough.
    pub(in crate::format) fn header(&mut self, text: &str, row: i64, origin: &Origin) -> Option<Finding> {
        let how = mojibake(text)?;
        self.told = true;
        Some(told(origin, row, how))
    }

    /// Looks at the text of a row.
    pub(in crate::format) fn row(&mut self, text: &str, row: i64) {
        if self.told || text.is_ascii() {
            return;
        }
        if let Some(how) = mojibake(text) {
            self.spoiled += 1;
            self.first.get_or_insert((row, how));
        } else if is_latvian(text) {
            self.sound += 1;
        }
    }

    /// The finding, when all rows have been seen and more than a tenth of those with letters beyond ASCII are spoiled.
    pub(in crate::format) fn end(&self, origin: &Origin) -> Option<Finding> {
        let (row, how) = self.first.filter(|_| !self.told && self.spoiled * 10 > self.spoiled + self.sound)?;
        Some(told(origin, row, how))
    }
}

fn told(origin: &Origin, row: i64, how: &str) -> Finding {
    Finding {
        landed: Some(origin.landed),
        sheet: origin.sheet.clone(),
        row: Some(row),
        cell: Some(origin.locate(row, None, None)),
        value: Some(how.to_owned()),
        ..Finding::of(&finding::MOJIBAKE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises() {
        for (text, how) in [
            ("Atïauja", Some("windows-1257 -> windows-1252")),
            ("Íekavas novada paðvaldîba", Some("windows-1257 -> windows-1252")),
            ("IestÄ\u{81}de", Some("utf-8 -> windows-1252")),
            ("DzÄ«vesvieta, reÄ£istrs, ZemgalÄ“", Some("utf-8 -> windows-1252")),
            ("PaÅ¡valdÄ«ba", Some("utf-8 -> windows-1252")),
            ("Pa\u{FFFD}vald\u{FFFD}ba", Some("U+FFFD")),
            ("Pašvaldība „Ķekava” un François", None),
            ("Käte, Öland, Ångström", None),
            ("Dzīvesvieta – 5 €", None),
            ("Atlauja", None),
        ] {
            assert_eq!(mojibake(text), how, "{text}");
        }
    }
}
