//! What a file is by its first bytes, whatever its name says.

/// The kind of content, when its first bytes tell: not asked of formats that are plain text themselves.
pub(super) fn recognise(sample: &[u8]) -> Option<Content> {
    const OLE: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
    for (magic, content) in [
        (&b"PK\x03\x04"[..], Content::Zip),
        (b"PK\x05\x06", Content::Zip),
        (OLE, Content::Ole),
        (b"%PDF", Content::Pdf),
        (&[0x1F, 0x8B], Content::Gzip),
        (b"{\\rtf", Content::Rtf),
        (b"SQLite format 3\0", Content::Sqlite),
    ] {
        if sample.starts_with(magic) {
            return Some(content);
        }
    }
    let head: Vec<u8> = sample
        .iter()
        .filter(|byte| **byte != 0) // UTF-16 reads as ASCII then
        .skip_while(|byte| byte.is_ascii_whitespace() || !byte.is_ascii())
        .take(64)
        .map(u8::to_ascii_lowercase)
        .collect();
    if [&b"<!doctype html"[..], b"<html", b"<head", b"<body", b"<table", b"<meta"]
        .iter()
        .any(|tag| head.starts_with(tag))
    {
        return Some(Content::Html);
    }
    if head.starts_with(b"<?xml") {
        return Some(Content::Xml);
    }
    let control = |byte: &&u8| **byte < b' ' && !matches!(**byte, b'\0' | b'\t' | b'\n' | b'\r' | 0x0C | 0x1A);
    let start = &sample[..sample.len().min(4096)];
    (start.len() >= 16 && start.iter().filter(control).count() * 10 > start.len()).then_some(Content::Binary)
}

/// Content that is no plain table of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Zip,
    Ole,
    Pdf,
    Gzip,
    Rtf,
    Sqlite,
    Html,
    Xml,
    Binary,
}

impl Content {
    /// Its name in a finding.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Zip => "ZIP / XLSX",
            Self::Ole => "XLS / OLE",
            Self::Pdf => "PDF",
            Self::Gzip => "GZIP",
            Self::Rtf => "RTF",
            Self::Sqlite => "SQLite",
            Self::Html => "HTML",
            Self::Xml => "XML",
            Self::Binary => "binary",
        }
    }

    /// The line of a source file that would read it, when one would.
    pub(super) fn hint(self) -> Option<String> {
        match self {
            Self::Zip | Self::Ole => Some("kind = \"excel\"".to_owned()),
            Self::Xml => Some("kind = \"xml\"".to_owned()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises() {
        for (sample, content) in [
            (&b"PK\x03\x04\x14\0"[..], Some(Content::Zip)),
            (b"%PDF-1.7", Some(Content::Pdf)),
            (b"\xEF\xBB\xBF\r\n<!DOCTYPE HTML><html>", Some(Content::Html)),
            (b"<\0h\0t\0m\0l\0>\0", Some(Content::Html)),
            (b"<?xml version=\"1.0\"?>", Some(Content::Xml)),
            (&[1; 100], Some(Content::Binary)),
            (b"Kods;Nosaukums\n1;x\0\n", None),
            (b"<5 dienas;x\n", None),
        ] {
            assert_eq!(recognise(sample), content);
        }
    }
}
