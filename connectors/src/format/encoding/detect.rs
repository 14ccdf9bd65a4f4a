//! Which encoding bytes are in: byte order mark, zeros of UTF-16, valid UTF-8, then the best score of letters and words.

use super::{Encoding, cp775};

/// How many bytes are looked at.
pub(super) const SAMPLE_BYTES: usize = 256 << 10;

/// How sure a detection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Certainty {
    /// A byte order mark, or valid UTF-8 beyond ASCII.
    Certain,
    /// ASCII only: every encoding that extends ASCII reads it alike.
    Ascii,
    /// The best of several that fit.
    Guessed,
}

/// What was detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Detected {
    pub(super) encoding: Encoding,
    pub(super) certainty: Certainty,
}

/// Detects the encoding of a file from its first bytes (or from some that stand further in).
pub(super) fn detect(sample: &[u8]) -> Detected {
    let (encoding, certainty) = if let Some(encoding) = byte_order_mark(sample) {
        (encoding, Certainty::Certain)
    } else if let Some(encoding) = utf16_without_mark(sample) {
        (encoding, Certainty::Guessed)
    } else if sample.is_ascii() {
        (Encoding::Utf8, Certainty::Ascii)
    } else if is_utf8(sample) {
        (Encoding::Utf8, Certainty::Certain)
    } else if is_spoiled_utf8(sample) {
        (Encoding::Utf8, Certainty::Guessed)
    } else {
        (best_single_byte(sample), Certainty::Guessed)
    };
    Detected { encoding, certainty }
}

fn byte_order_mark(sample: &[u8]) -> Option<Encoding> {
    match sample {
        [0xEF, 0xBB, 0xBF, ..] => Some(Encoding::Utf8),
        [0xFF, 0xFE, ..] => Some(Encoding::Utf16Le),
        [0xFE, 0xFF, ..] => Some(Encoding::Utf16Be),
        _ => None,
    }
}

/// Latvian text in UTF-16 has a zero in most pairs of bytes, always on the same side.
fn utf16_without_mark(sample: &[u8]) -> Option<Encoding> {
    let pairs = sample.len() / 2;
    if pairs < 4 {
        return None;
    }
    let zeros = |side: usize| sample.iter().skip(side).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    if odd * 10 > pairs * 4 && even * 20 < pairs {
        Some(Encoding::Utf16Le)
    } else if even * 10 > pairs * 4 && odd * 20 < pairs {
        Some(Encoding::Utf16Be)
    } else {
        None
    }
}

/// UTF-8 with a few bad bytes in it: another encoding would garble every good letter to save a bad one. Letters of a
/// single-byte encoding rarely stand side by side so that they make UTF-8.
fn is_spoiled_utf8(sample: &[u8]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in sample.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good >= 3 * bad
}

/// Valid UTF-8, but for a character cut off at either end of the sample.
fn is_utf8(sample: &[u8]) -> bool {
    let start = sample.iter().take(3).take_while(|byte| **byte & 0xC0 == 0x80).count();
    match std::str::from_utf8(sample.get(start..).unwrap_or_default()) {
        Ok(text) => start == 0 || !text.is_ascii(),
        Err(error) => error.error_len().is_none() && error.valid_up_to() > 0,
    }
}

/// The single-byte encoding in which the bytes look most like Latvian. Where windows-1257 and ISO-8859-13 differ in
/// nothing that occurs, windows-1257 it is: far more common.
pub(super) fn best_single_byte(sample: &[u8]) -> Encoding {
    let mut best = (i64::MIN, Encoding::Windows1257);
    for encoding in [Encoding::Windows1257, Encoding::Iso8859_13, Encoding::Cp775] {
        let score = score(sample, encoding);
        if score > best.0 {
            best = (score, encoding);
        }
    }
    best.1
}

const LOWER: &str = "āčēģīķļņōŗšūž";
const UPPER: &str = "ĀČĒĢĪĶĻŅŌŖŠŪŽ";
const MARKS: &str = "„“”‚‘’–—…€§°«»·\u{A0}";

/// Beginnings and middles of words that hardly any Latvian register lacks.
const WORDS: [&str; 14] = [
    "pašvaldīb",
    "iestād",
    "nodaļ",
    "reģistr",
    "apliecīb",
    "izsniegšan",
    "piešķirš",
    "sniegšan",
    "dzīv",
    "iedzīvotāj",
    "pieprasīj",
    "juridisk",
    "reģ.",
    "līdz",
];

fn score(sample: &[u8], encoding: Encoding) -> i64 {
    let text: String = match encoding.library() {
        Some(library) => library.decode_without_bom_handling(sample).0.into_owned(),
        None => sample.iter().copied().map(cp775::character).collect(),
    };
    let mut score = 0;
    let mut previous = ' ';
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if !c.is_ascii() {
            score += weigh(previous, c, characters.peek().copied().unwrap_or(' '));
        }
        previous = c;
    }
    let text = text.to_lowercase();
    score + WORDS.iter().map(|word| 5 * text.matches(word).count() as i64).sum::<i64>()
}

/// How plausible a character is between its neighbours.
fn weigh(previous: char, c: char, next: char) -> i64 {
    let in_word = previous.is_alphabetic() || next.is_alphabetic();
    if c == char::REPLACEMENT_CHARACTER || c.is_control() {
        -10
    } else if ('\u{2500}'..='\u{259F}').contains(&c) {
        if in_word { -3 } else { 1 } // lines of a drawn table
    } else if c == previous && c == next {
        -4 // no word has a letter thrice
    } else if LOWER.contains(c) {
        if in_word && !previous.is_uppercase() { 3 } else { 0 }
    } else if UPPER.contains(c) {
        if previous.is_lowercase() {
            -4
        } else if in_word {
            3
        } else {
            0
        }
    } else if MARKS.contains(c) {
        if previous.is_alphabetic() && next.is_alphabetic() { -2 } else { 1 }
    } else if c.is_alphabetic() {
        if c.is_uppercase() && previous.is_lowercase() { -4 } else { -1 }
    } else if in_word {
        -3
    } else {
        -1
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn encode(text: &str, encoding: Encoding) -> Vec<u8> {
        match encoding {
            Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Encoding::Cp775 => text
                .chars()
                .map(|c| (0..=255).find(|byte| cp775::character(*byte) == c).expect("a character of cp775"))
                .collect(),
            _ => {
                let (bytes, _, lossy) = encoding.library().expect("has a library").encode(text);
                assert!(!lossy, "{text}");
                bytes.into_owned()
            }
        }
    }

    #[test]
    fn detects() {
        use Certainty::{Ascii, Certain, Guessed};
        let table = "Kods;Pakalpojuma nosaukums\n1;Dzīvesvietas deklarēšana\n2;Atļauja zvejai\n";
        let quoted = "Kods;Nosaukums\n1;Pašvaldība „Ķekava” – 5\n";
        let shouted = "KODS;APRAKSTS\n1;REĢISTRĀCIJAS APLIECĪBA\n2;ŠĶIROŠANA\n";
        for (text, encoding, certainty) in [
            (table, Encoding::Utf8, Certain),
            (table, Encoding::Utf16Le, Guessed),
            (table, Encoding::Utf16Be, Guessed),
            (table, Encoding::Windows1257, Guessed),
            (quoted, Encoding::Windows1257, Guessed),
            ("1;„Ķekava” 5\n", Encoding::Iso8859_13, Guessed),
            (table, Encoding::Cp775, Guessed),
            (shouted, Encoding::Windows1257, Guessed),
            (shouted, Encoding::Cp775, Guessed),
            ("╔═══════╗\n║ Ēka 5 ║\n╚═══════╝\n", Encoding::Cp775, Guessed),
            ("Kods;Nosaukums\n1;Atlauja\n", Encoding::Utf8, Ascii),
            ("\u{FEFF}Kods", Encoding::Utf8, Certain),
            ("\u{FEFF}Kods", Encoding::Utf16Le, Certain),
            ("\u{FEFF}Kods", Encoding::Utf16Be, Certain),
        ] {
            assert_eq!(detect(&encode(text, encoding)), Detected { encoding, certainty }, "{text} {encoding:?}");
        }
    }

    #[test]
    fn a_bad_byte_does_not_turn_utf8_into_something_else() {
        let mut bytes = "Kods;Nosaukums\n1;Dzīvesvietas deklarēšana\n".as_bytes().to_vec();
        bytes.extend_from_slice(b"2;\xC5una\n");
        assert_eq!(detect(&bytes), Detected { encoding: Encoding::Utf8, certainty: Certainty::Guessed });
    }

    #[test]
    fn a_character_cut_off_at_the_end_of_the_sample_is_no_error() {
        let bytes = "Kods ā".as_bytes();
        assert_eq!(detect(&bytes[..bytes.len() - 1]).encoding, Encoding::Utf8);
    }
}
