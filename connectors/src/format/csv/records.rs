//! Records of delimited text.
//!
//! The `csv` crate mends a stray quote by swallowing what follows; here a row that cannot be one is handed back alone,
//! with its physical line and text, and reading resumes at the next line. That needs the lines, hence this parser.

use std::collections::VecDeque;
use std::io::{self, BufRead};
use std::ops::Range;

use crate::format::lines::{Line, Lines};

/// Physical lines that one record may span.
const MOST_LINES: usize = 1_000;

/// How cells are separated and quoted; both ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) quote: Option<u8>,
}

/// A record.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Physical line where it begins, from 1.
    pub(super) line: i64,
    /// Where it begins in the decoded text.
    pub(super) byte: i64,
    /// As it stands in the file.
    pub(super) text: String,
    /// The cells' texts in a row, when quotes were taken away; else they are parts of `text`.
    unquoted: Option<String>,
    cells: Vec<Range<usize>>,
}

impl Row {
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = &str> {
        let source = self.unquoted.as_deref().unwrap_or(&self.text);
        self.cells.iter().map(|range| source.get(range.clone()).unwrap_or_default())
    }

    /// Whether a carriage return stands in a cell without quotes: a line end gone wrong.
    pub(super) fn has_bare_return(&self) -> bool {
        self.unquoted.is_none() && self.cells().any(|cell| cell.contains('\r'))
    }

    /// Whether all cells are empty; the end-of-file mark of MS-DOS is nothing either.
    pub(super) fn is_blank(&self) -> bool {
        self.cells().all(|cell| cell.trim_matches(|c: char| c.is_whitespace() || c == '\u{1A}').is_empty())
    }
}

/// What stands next in the file.
#[derive(Debug)]
pub(super) enum Item {
    Row(Row),
    /// A line whose quote is never properly closed.
    QuoteOpen(Line),
    /// A line longer than a record may be.
    TooLong(Line),
}

/// Reads records one by one.
pub(super) struct Records<R> {
    lines: Lines<R>,
    /// Lines read ahead in search of a closing quote.
    pending: VecDeque<Line>,
    dialect: Dialect,
    most_bytes: usize,
}

impl<R: BufRead> Records<R> {
    pub(super) fn new(lines: Lines<R>, dialect: Dialect, most_bytes: usize) -> Self {
        Self { lines, pending: VecDeque::new(), dialect, most_bytes }
    }

    /// The next physical line, whatever stands in it.
    pub(super) fn line(&mut self) -> io::Result<Option<Line>> {
        match self.pending.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.lines.read(),
        }
    }

    /// The next record; none at the end.
    pub(super) fn read(&mut self) -> io::Result<Option<Item>> {
        let Some(first) = self.line()? else { return Ok(None) };
        if first.is_cut() {
            return Ok(Some(Item::TooLong(first)));
        }
        if !self.dialect.quote.is_some_and(|quote| first.text.as_bytes().contains(&quote)) {
            return Ok(Some(Item::Row(plain(first, self.dialect.delimiter))));
        }
        let mut parser = Parser::new(self.dialect);
        let mut step = parser.feed(&first.text);
        let mut more: Vec<Line> = Vec::new();
        let mut bytes = first.length;
        while step == Step::Open && more.len() + 1 < MOST_LINES {
            let Some(line) = self.line()? else { break };
            bytes += line.length;
            let fits = !line.is_cut() && bytes <= self.most_bytes as u64;
            if fits {
                step = parser.feed(&line.text);
            }
            more.push(line);
            if !fits {
                break;
            }
        }
        if step != Step::Complete {
            for line in more.into_iter().rev() {
                self.pending.push_front(line);
            }
            return Ok(Some(Item::QuoteOpen(first)));
        }
        let mut text = first.text;
        text.extend(more.iter().map(|line| line.text.as_str()));
        Ok(Some(Item::Row(Row {
            line: first.number,
            byte: first.byte,
            text,
            unquoted: Some(parser.content),
            cells: parser.cells,
        })))
    }
}

/// A line without its end.
fn body(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// A line without quotes.
fn plain(line: Line, delimiter: u8) -> Row {
    let mut cells = Vec::new();
    let mut start = 0;
    for cell in body(&line.text).split(char::from(delimiter)) {
        cells.push(start..start + cell.len());
        start += cell.len() + 1;
    }
    Row { line: line.number, byte: line.byte, text: line.text, unquoted: None, cells }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The record is whole.
    Complete,
    /// A quote is open: the next line belongs to it.
    Open,
    /// A closing quote with text behind it.
    Malformed,
}

/// Takes a record line by line.
struct Parser {
    dialect: Dialect,
    content: String,
    cells: Vec<Range<usize>>,
    start: usize,
    quoted: bool,
}

impl Parser {
    fn new(dialect: Dialect) -> Self {
        Self { dialect, content: String::new(), cells: Vec::new(), start: 0, quoted: false }
    }

    fn end_cell(&mut self) {
        self.cells.push(self.start..self.content.len());
        self.start = self.content.len();
    }

    fn feed(&mut self, line: &str) -> Step {
        let delimiter = char::from(self.dialect.delimiter);
        let quote = self.dialect.quote.map_or('\0', char::from);
        let mut rest = line;
        loop {
            if self.quoted {
                let Some((inside, after)) = rest.split_once(quote) else {
                    self.content.push_str(rest);
                    return Step::Open;
                };
                self.content.push_str(inside);
                if let Some(after) = after.strip_prefix(quote) {
                    self.content.push(quote);
                    rest = after;
                    continue;
                }
                self.quoted = false;
                self.end_cell();
                let after = after.trim_start_matches(' ');
                if body(after).is_empty() {
                    return Step::Complete;
                }
                let Some(next) = after.strip_prefix(delimiter) else { return Step::Malformed };
                rest = next;
            } else if let Some(inside) = rest.strip_prefix(quote) {
                self.quoted = true;
                rest = inside;
            } else {
                let (cell, next) = match rest.split_once(delimiter) {
                    Some((cell, next)) => (cell, Some(next)),
                    None => (body(rest), None),
                };
                self.content.push_str(cell);
                self.end_cell();
                let Some(next) = next else { return Step::Complete };
                rest = next;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::format::lines::Terminator;

    fn read(text: &str) -> Vec<String> {
        let dialect = Dialect { delimiter: b';', quote: Some(b'"') };
        let mut records = Records::new(Lines::new(text.as_bytes(), Terminator::Lf, 100), dialect, 100);
        std::iter::from_fn(|| records.read().unwrap())
            .map(|item| match item {
                Item::Row(row) => format!("{}@{} {}", row.line, row.byte, row.cells().collect::<Vec<_>>().join("|")),
                Item::QuoteOpen(line) => format!("{}@{} open", line.number, line.byte),
                Item::TooLong(line) => format!("{}@{} long {}", line.number, line.byte, line.length),
            })
            .collect()
    }

    #[test]
    fn reads() {
        let long = format!("a;{}\nb\n", "x".repeat(200));
        for (text, rows) in [
            ("a;b\n1;2\r\n", &["1@0 a|b", "2@4 1|2"][..]),
            ("a;\n;\n\nx", &["1@0 a|", "2@3 |", "3@5 ", "4@6 x"]),
            ("\"a;\"\"b\"\"\" ;\"\"\nc;SIA \"X\"", &["1@0 a;\"b\"|", "2@14 c|SIA \"X\""]),
            ("\"a\r\nb\n\";c\r\nd;e\n", &["1@0 a\r\nb\n|c", "4@11 d|e"]),
            // A quote that is never closed costs its own line only.
            ("1;\"a\n2;b\n3;c\n", &["1@0 open", "2@5 2|b", "3@9 3|c"]),
            ("1;\"a\n2;b\n3;\"c\";d\n", &["1@0 open", "2@5 2|b", "3@9 3|c|d"]),
            ("1;\"a \"b\" c\";d\n2;e\n", &["1@0 open", "2@14 2|e"]),
            (&long, &["1@0 long 203", "2@203 b"]),
        ] {
            assert_eq!(read(text), rows, "{text:?}");
        }
    }

    #[test]
    fn a_quoted_cell_may_not_run_on_for_ever() {
        let text = format!("\"{}end\"\n", "\n".repeat(MOST_LINES));
        let dialect = Dialect { delimiter: b';', quote: Some(b'"') };
        let mut records = Records::new(Lines::new(text.as_bytes(), Terminator::Lf, 1 << 20), dialect, 1 << 20);
        assert!(matches!(records.read().unwrap(), Some(Item::QuoteOpen(_))));
        let rest = std::iter::from_fn(|| records.read().unwrap()).count();
        assert_eq!(rest, MOST_LINES);
    }
}
