//! Addresses (IRIs): ours are made of the base, the kind and an id; those of others are let through when they are sound.

use oxrdf::NamedNodeRef;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::normalise::value;
use crate::resolve::uid;

/// Everything but the characters that RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Makes our addresses.
pub(super) struct Base<'a>(pub(super) &'a str);

impl Base<'_> {
    /// `<base><path>/<id>`; whatever the id holds is one segment.
    pub(super) fn iri(&self, path: &str, id: &str) -> String {
        format!("{}{path}/{}", self.0, segment(id))
    }

    /// What is said as the identifier of a node of ours: its address without the base.
    pub(super) fn identifier<'t>(&self, iri: &'t str) -> &'t str {
        iri.strip_prefix(self.0).unwrap_or(iri)
    }
}

/// A node below another, told apart by what it holds, so that it keeps its address when others come or go before it.
pub(super) fn below(subject: &str, path: &str, parts: &[&str]) -> String {
    format!("{subject}/{path}/{}", uid(parts).hyphenated())
}

/// A text as one segment of a path. `.` and `..` would be steps in it.
pub(super) fn segment(text: &str) -> String {
    match text {
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        _ => utf8_percent_encode(text, RESERVED).to_string(),
    }
}

/// Whether a text may stand as an address of the web: http or https, a host with a dot, no user or password, and nothing
/// that an IRI cannot hold.
pub(super) fn web(text: &str) -> bool {
    let authority = text.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""));
    value::url(text) && !authority.contains('@') && NamedNodeRef::new(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_web() {
        for good in [
            "https://likumi.lv/ta/id/57980",
            "http://ērgļi.example/ceļš?x=1#daļa",
            "https://a.example:8443/",
            "https://a.example/%C4%81",
        ] {
            assert!(web(good), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "https://a.example/with space",
            "https://user:secret@a.example/",
            "https://user@a.example/",
            "https://a.example/<script>",
            "https://a.example/\"",
            "https://a.example/%zz",
            "https://a.example/\\",
            "https://a.example/{x}",
            "https://localhost/",
            "ftp://a.example/",
            "//a.example/",
            "www.a.example",
            "data:text/html,x",
            "https://a.example/\u{0}",
            "",
        ] {
            assert!(!web(bad), "{bad}");
        }
    }

    #[test]
    fn codes_are_one_segment_of_ascii() {
        let base = Base("https://registrs.example/id/");
        for (code, expected) in [
            ("e-lietotne", "e-lietotne"),
            ("klātienē iestādē", "kl%C4%81tien%C4%93%20iest%C4%81d%C4%93"),
            ("a/b?c#d", "a%2Fb%3Fc%23d"),
            ("..", "%2E%2E"),
            ("100%", "100%25"),
        ] {
            let iri = base.iri("code/channels", code);
            assert_eq!(iri, format!("https://registrs.example/id/code/channels/{expected}"));
            assert!(NamedNodeRef::new(&iri).is_ok());
        }
    }
}
