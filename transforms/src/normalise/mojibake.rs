//! Text that was decoded wrongly before it reached us: `âèçìîíïòðûþ` (windows-1257 read as windows-1252),
//! `Ä“`, `Å¡` (UTF-8 read as a single-byte encoding), `�` (letters lost for good).

/// What windows-1257 calls `āčēģīķļņšūžĀČĒĢĪĶĻŅŠŪŽ`, read as windows-1252.
const READ_AS_1252: &str = "âèçìîíïòðûþÂÈÇÌÎÍÏÒÐÛÞ";
const LATVIAN: &str = "āčēģīķļņšūžĀČĒĢĪĶĻŅŠŪŽ";
/// What windows-1252 and windows-1257 have at 0x80 to 0x9F.
const SPECIALS: &str = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";

/// How the text was spoiled, when it looks so.
pub fn mojibake(text: &str) -> Option<&'static str> {
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

/// Whether the text has letters that only Latvian among its neighbours has.
pub fn is_latvian(text: &str) -> bool {
    !text.is_ascii() && text.contains(|c| LATVIAN.contains(c))
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
