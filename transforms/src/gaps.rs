//! Texts with gaps that values fill: `issues/{id}`, `{since|1970-01-01}`.
//!
//! A gap is a name between braces, after `|` perhaps with what stands there where it has no value. `{{` stands for a
//! `{`; braces around anything but a name are ordinary letters, so that JSON and GraphQL go through as they are.

/// A part of a text with gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Letters that stand as they are.
    Text(String),
    /// A gap.
    Gap {
        /// Its name.
        name: String,
        /// What stands there where it has no value.
        otherwise: Option<String>,
    },
}

/// The parts of a text; no two texts follow each other.
pub fn parse(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('{') {
            plain.push('{');
            rest = after;
        } else if let Some((gap, end)) = rest.find('}').and_then(|end| Some((gap(&rest[..end])?, end))) {
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(gap);
            rest = &rest[end + 1..];
        } else {
            plain.push('{');
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    parts
}

/// What stands between braces: a name, perhaps with what stands there otherwise; none for anything else.
fn gap(text: &str) -> Option<Part> {
    let (name, otherwise) = text.split_once('|').map_or((text, None), |(name, otherwise)| (name, Some(otherwise)));
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-./~@$^".contains(c));
    is_name.then(|| Part::Gap { name: name.to_owned(), otherwise: otherwise.map(str::to_owned) })
}

/// A value as a part of an address's path or parameters: it can never lead elsewhere. None for one that is nothing but
/// dots.
pub fn segment(text: &str) -> Option<String> {
    if text.bytes().all(|b| b == b'.') {
        return None;
    }
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~,".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    Some(encoded)
}
