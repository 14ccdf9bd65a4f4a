//! Code page 775 (MS-DOS Baltic Rim), which `encoding_rs` lacks: old registers of agencies are still exported in it.
//!
//! Source: the mapping table `CP775.TXT` of the Unicode Consortium (vendors/MICSFT/PC). Bytes below 0x80 are ASCII.

/// Characters of the bytes 0x80 to 0xFF.
#[rustfmt::skip]
const UPPER: [char; 128] = [
    'Ć', 'ü', 'é', 'ā', 'ä', 'ģ', 'å', 'ć',
    'ł', 'ē', 'Ŗ', 'ŗ', 'ī', 'Ź', 'Ä', 'Å',
    'É', 'æ', 'Æ', 'ō', 'ö', 'Ģ', '¢', 'Ś',
    'ś', 'Ö', 'Ü', 'ø', '£', 'Ø', '×', '¤',
    'Ā', 'Ī', 'ó', 'Ż', 'ż', 'ź', '\u{201D}', '¦',
    '©', '®', '¬', '½', '¼', 'Ł', '«', '»',
    '░', '▒', '▓', '│', '┤', 'Ą', 'Č', 'Ę',
    'Ė', '╣', '║', '╗', '╝', 'Į', 'Š', '┐',
    '└', '┴', '┬', '├', '─', '┼', 'Ų', 'Ū',
    '╚', '╔', '╩', '╦', '╠', '═', '╬', 'Ž',
    'ą', 'č', 'ę', 'ė', 'į', 'š', 'ų', 'ū',
    'ž', '┘', '┌', '█', '▄', '▌', '▐', '▀',
    'Ó', 'ß', 'Ō', 'Ń', 'õ', 'Õ', 'µ', 'ń',
    'Ķ', 'ķ', 'Ļ', 'ļ', 'ņ', 'Ē', 'Ņ', '\u{2019}',
    '\u{AD}', '±', '\u{201C}', '¾', '¶', '§', '÷', '\u{201E}',
    '°', '∙', '·', '¹', '³', '²', '■', '\u{A0}',
];

/// The character of a byte; every byte has one.
pub(super) fn character(byte: u8) -> char {
    match byte {
        0..=0x7F => char::from(byte),
        _ => UPPER[usize::from(byte - 0x80)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_boxes() {
        for (bytes, text) in [
            (&[0x83, 0xD1, 0x89, 0x85, 0x8C, 0xE9, 0xEB, 0xEC, 0x93, 0x8B, 0xD5, 0xD7, 0xD8][..], "āčēģīķļņōŗšūž"),
            (&[0xA0, 0xB6, 0xED, 0x95, 0xA1, 0xE8, 0xEA, 0xEE, 0xE2, 0x8A, 0xBE, 0xC7, 0xCF], "ĀČĒĢĪĶĻŅŌŖŠŪŽ"),
            (&[0xC9, 0xCD, 0xBB, 0xBA, 0xB3, 0xDB], "╔═╗║│█"),
            (&[0xA6, 0xF7, 0xF2, 0xFF], "\u{201D}\u{201E}\u{201C}\u{A0}"),
            (b"Kods;7", "Kods;7"),
        ] {
            assert_eq!(bytes.iter().copied().map(character).collect::<String>(), text);
        }
    }

    #[test]
    fn no_two_bytes_share_a_character() {
        let mut characters: Vec<char> = (0..=255).map(character).collect();
        characters.sort_unstable();
        characters.dedup();
        assert_eq!(characters.len(), 256);
    }
}
