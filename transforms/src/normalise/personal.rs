//! Personal codes: masked in free text, hashed with a key where a source declares the column.
//!
//! Forms (model.md): `DDMMYY-CNNNN` and `32NNNN-NNNNN`, with or without the hyphen. The check digit is not
//! reliable, so a code is known by its form alone: six and five digits with a hyphen, or eleven digits whose
//! first six are a date and whose seventh is a century (0, 1, 2), or eleven that begin with 32.

use std::borrow::Cow;
use std::sync::LazyLock;

use hmac::{Hmac, KeyInit, Mac};
use regex::Regex;
use sha2::Sha256;

use crate::digest::hex;

/// What stands in the place of a personal code.
pub const MASK: &str = "******-*****";

#[allow(clippy::unwrap_used, reason = "a constant pattern; the tests run it")]
static CODE: LazyLock<Regex> = LazyLock::new(|| {
    const DASH: &str = "[-\u{ad}\u{2010}-\u{2015}\u{2212}]";
    let date = r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d\d";
    Regex::new(&format!(r"\d{{6}}\s?{DASH}\s?\d{{5}}|{date}\s?[012]\d{{4}}|32\d{{4}}\s?\d{{5}}")).unwrap()
});

/// The text with every personal code masked; borrowed when there is none.
pub fn mask(text: &str) -> Cow<'_, str> {
    replace(text, |_| true)
}

/// The same for columns of codes and numbers, where eleven bare digits may be anything: only the form with a hyphen.
pub fn mask_hyphenated(text: &str) -> Cow<'_, str> {
    replace(text, |code| code.chars().any(|c| !c.is_ascii_digit() && !c.is_whitespace()))
}

fn replace(text: &str, is_code: impl Fn(&str) -> bool) -> Cow<'_, str> {
    if text.len() < 11 {
        return Cow::Borrowed(text);
    }
    let mut masked: Option<String> = None;
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = CODE.find_at(text, at) {
        let digit_before = text[..found.start()].bytes().next_back().is_some_and(|b| b.is_ascii_digit());
        let digit_after = text[found.end()..].bytes().next().is_some_and(|b| b.is_ascii_digit());
        if digit_before || digit_after || !is_code(found.as_str()) {
            at = found.start() + 1;
            continue;
        }
        let out = masked.get_or_insert_with(|| String::with_capacity(text.len() + 8));
        out.push_str(&text[copied..found.start()]);
        out.push_str(MASK);
        copied = found.end();
        at = found.end();
    }
    match masked {
        Some(mut out) => {
            out.push_str(&text[copied..]);
            Cow::Owned(out)
        }
        None => Cow::Borrowed(text),
    }
}

/// The key of pseudonyms. Neither printed nor compared.
pub struct PseudonymKey {
    id: String,
    mac: Hmac<Sha256>,
}

impl PseudonymKey {
    /// A key and the id that stands in front of every hash made with it. `None` for a key shorter than 16 bytes.
    pub fn new(id: &str, key: &[u8]) -> Option<Self> {
        if key.len() < 16 {
            return None;
        }
        let mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
        Some(Self { id: id.to_owned(), mac })
    }

    /// `<key id>:<64 hex digits>`; letters and digits of the text count, so `010190-12345` and `01019012345` are one person.
    pub fn pseudonym(&self, text: &str) -> String {
        let folded: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        let mut mac = self.mac.clone();
        mac.update(folded.as_bytes());
        format!("{}:{}", self.id, hex(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn masks_by_form() {
        for (text, masked) in [
            ("Zvanīt 010190-12345!", "Zvanīt ******-*****!"),
            ("01019012345", MASK),
            ("010190–12345 un 320000-00001", "******-***** un ******-*****"),
            ("32000000001", MASK),
            ("(311299 21234)", "(******-*****)"),
            ("40003000005", "40003000005"),
            ("90000000001", "90000000001"),
            ("2024010190-123456", "2024010190-123456"),
            ("1010190-12345", "1010190-12345"),
            ("tālr. 29123456", "tālr. 29123456"),
            ("", ""),
        ] {
            assert_eq!(mask(text), masked, "{text}");
        }
    }

    #[test]
    fn codes_keep_bare_digits() {
        assert_eq!(mask_hyphenated("20120617001"), "20120617001");
        assert_eq!(mask_hyphenated("01019012345"), "01019012345");
        assert_eq!(mask_hyphenated("010190-12345"), MASK);
    }

    #[test]
    fn pseudonyms_need_a_key_and_hide_it() {
        assert!(PseudonymKey::new("k1", b"short").is_none());
        let key = PseudonymKey::new("k1", b"0123456789abcdef").unwrap();
        assert_eq!(key.pseudonym("010190-12345"), key.pseudonym(" 01019012345 "));
        assert_ne!(key.pseudonym("010190-12345"), key.pseudonym("010190-12346"));
        assert!(key.pseudonym("x").starts_with("k1:"));
    }

    proptest! {
        #[test]
        fn no_code_survives(day in 1u32..=31, month in 1u32..=12, year in 0u32..=99, rest in 0u32..30000,
            hyphen in any::<bool>(), before in "[a-zā-ž ,.]{0,8}", after in "[a-zā-ž ,.]{0,8}") {
            let code = format!("{day:02}{month:02}{year:02}{}{rest:05}", if hyphen { "-" } else { "" });
            let text = format!("{before}{code} {after}{code}");
            let masked = mask(&text);
            prop_assert!(!masked.contains(&code));
            prop_assert!(masked.starts_with(before.as_str()));
        }
    }
}
