//! Physical lines of decoded text, with number and byte, in bounded memory.

use std::io::{self, BufRead, Read};

/// What ends a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Terminator {
    /// LF, with or without CR before it.
    Lf,
    /// CR alone, as old Macintosh programs write.
    Cr,
}

impl Terminator {
    const fn byte(self) -> u8 {
        match self {
            Self::Lf => b'\n',
            Self::Cr => b'\r',
        }
    }
}

/// A physical line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Number, from 1.
    pub(super) number: i64,
    /// Where it begins in the decoded text, from 0.
    pub(super) byte: i64,
    /// The line with what ends it; only its beginning when it is longer than the limit.
    pub(super) text: String,
    /// All of its bytes.
    pub(super) length: u64,
}

impl Line {
    /// Whether `text` is only the beginning.
    pub(super) fn is_cut(&self) -> bool {
        self.length > self.text.len() as u64
    }
}

/// Reads lines; of a line longer than `limit` only the beginning is kept.
pub(super) struct Lines<R> {
    reader: R,
    terminator: Terminator,
    limit: usize,
    number: i64,
    byte: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R, terminator: Terminator, limit: usize) -> Self {
        Self { reader, terminator, limit, number: 0, byte: 0 }
    }

    /// The next line; none at the end.
    pub(super) fn read(&mut self) -> io::Result<Option<Line>> {
        let end = self.terminator.byte();
        let mut bytes = Vec::new();
        self.reader.by_ref().take(self.limit as u64 + 1).read_until(end, &mut bytes)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let mut length = bytes.len() as u64;
        if bytes.len() > self.limit {
            if bytes.last() != Some(&end) {
                length += skip_past(&mut self.reader, end)?;
            }
            // What is left goes to a person's eyes only.
            bytes.truncate(8 << 10);
        }
        let text = String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).trim_end_matches('\u{FFFD}').to_owned());
        self.number += 1;
        let line = Line { number: self.number, byte: self.byte as i64, text, length };
        self.byte += length;
        Ok(Some(line))
    }
}

/// Skips up to and with the next such byte; returns how many bytes that were.
fn skip_past(reader: &mut impl BufRead, end: u8) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let ready = reader.fill_buf()?;
        if ready.is_empty() {
            return Ok(skipped);
        }
        let (used, found) = match ready.iter().position(|byte| *byte == end) {
            Some(at) => (at + 1, true),
            None => (ready.len(), false),
        };
        reader.consume(used);
        skipped += used as u64;
        if found {
            return Ok(skipped);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn lines_know_their_place() {
        let read = |text: &str, terminator| {
            let mut lines = Lines::new(text.as_bytes(), terminator, 10);
            std::iter::from_fn(|| lines.read().unwrap())
                .map(|l| (l.number, l.byte, l.text, l.length))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            read("a\r\nbā\n\nc", Terminator::Lf),
            [(1, 0, "a\r\n".into(), 3), (2, 3, "bā\n".into(), 4), (3, 7, "\n".into(), 1), (4, 8, "c".into(), 1)]
        );
        assert_eq!(read("a\rb", Terminator::Cr), [(1, 0, "a\r".into(), 2), (2, 2, "b".into(), 1)]);
        let long = read("0123456789ābcdef\nx\n", Terminator::Lf);
        assert_eq!(long[0].3, 18);
        assert_eq!(long[1], (2, 18, "x\n".into(), 2));
    }
}
