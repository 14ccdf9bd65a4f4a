//! The embedded faces: which letters they have, how wide a text is.

use anyhow::ensure;
use typst::foundations::Bytes;
use typst::text::{Font, FontStyle, FontWeight};

/// The family of all text, as the template names it too.
const FAMILY: &str = "Libertinus Serif";
/// What stands for a letter that the faces do not have.
const UNKNOWN: char = '\u{25a1}';

/// Where a line may end within a word.
const BREAK: char = '\u{200b}';

/// The faces, the regular one first.
pub(super) struct Letters {
    faces: Vec<Font>,
}

/// Faces as the template uses them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Face {
    /// Text.
    Regular,
    /// Headers.
    Bold,
}

impl Letters {
    /// Those that come with the program.
    pub(super) fn embedded() -> anyhow::Result<Self> {
        let all = typst_assets::fonts().flat_map(|data| Font::iter(Bytes::new(data)));
        let mut faces: Vec<Font> = all.filter(|face| face.info().family == FAMILY && used(face)).collect();
        faces.sort_by_key(|face| (face.info().variant.style, face.info().variant.weight));
        ensure!(faces.len() == 4, "{} faces of {FAMILY} instead of four", faces.len());
        Ok(Self { faces })
    }

    /// The faces.
    pub(super) fn faces(&self) -> &[Font] {
        &self.faces
    }

    /// A text as a page can show it: spaces for what breaks lines, nothing for what is not seen, a box for what no face
    /// has.
    pub(super) fn shown(&self, text: &str) -> String {
        text.chars().filter(|c| !is_unseen(*c)).map(|c| self.letter(c)).collect()
    }

    fn letter(&self, c: char) -> char {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            ' '
        } else if self.has(c) {
            c
        } else if c.is_whitespace() {
            ' '
        } else {
            UNKNOWN
        }
    }

    /// Whether every face has the letter. Nobody knows what letters for private use mean.
    pub(super) fn has(&self, c: char) -> bool {
        !matches!(u32::from(c), 0xE000..=0xF8FF | 0xF_0000..)
            && self.faces.iter().all(|face| face.info().coverage.contains(c.into()))
    }

    /// Width of a text on one line, in ems of its size.
    pub(super) fn width(&self, text: &str, face: Face) -> f64 {
        let Some(font) = self.faces.get(face as usize) else { return 0.0 };
        let advance = |c: char| {
            let glyph = font.ttf().glyph_index(c)?;
            font.x_advance(glyph.0).map(typst::layout::Em::get)
        };
        text.chars().filter_map(advance).sum()
    }

    /// The text with places where words may be broken that are wider than so many ems.
    pub(super) fn broken(&self, text: &str, face: Face, most: f64) -> String {
        let too_wide = |word: &str| word.chars().count() > 1 && self.width(word, face) > most;
        if !text.split(' ').any(too_wide) {
            return text.to_owned();
        }
        let words = text.split(' ').map(|word| {
            if !too_wide(word) {
                return word.to_owned();
            }
            let mut out = String::new();
            for c in word.chars() {
                out.extend([c, BREAK]);
            }
            out
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

/// Regular and bold, upright and italic.
fn used(face: &Font) -> bool {
    let variant = face.info().variant;
    [FontWeight::REGULAR, FontWeight::BOLD].contains(&variant.weight) && variant.style != FontStyle::Oblique
}

/// Marks that only tell how other letters stand (joiners, directions, soft hyphens, variants): they could turn a line of
/// a table around, and are no letters to be read.
fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}
