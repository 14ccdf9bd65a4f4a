//! JSON for people too, and for tools that compare line by line.

use std::io::{self, Write};

use serde::Serialize;

use super::feed::Head;

/// An object whose members stand a line each, and of its lists a line an item. Items are written as they come.
pub(super) struct Lines<'a, W> {
    out: &'a mut W,
    line: Vec<u8>,
    first: bool,
}

impl<'a, W: Write> Lines<'a, W> {
    pub(super) fn begin(out: &'a mut W, head: &Head<'_>) -> io::Result<Self> {
        let mut lines = Self { out, line: Vec::new(), first: true };
        serde_json::to_writer(&mut lines.line, head)?;
        // Further members go on where the object would end.
        lines.line.pop();
        lines.out.write_all(&lines.line)?;
        Ok(lines)
    }

    pub(super) fn member(&mut self, name: &str, value: &impl Serialize) -> io::Result<()> {
        self.line.clear();
        write!(self.line, ",\n\"{name}\":")?;
        serde_json::to_writer(&mut self.line, value)?;
        self.out.write_all(&self.line)
    }

    pub(super) fn list(&mut self, name: &str) -> io::Result<()> {
        self.first = true;
        write!(self.out, ",\n\"{name}\":[")
    }

    pub(super) fn item(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.line.clear();
        self.line.extend_from_slice(if self.first { b"\n" } else { b",\n" });
        self.first = false;
        serde_json::to_writer(&mut self.line, value)?;
        self.out.write_all(&self.line)
    }

    pub(super) fn list_end(&mut self) -> io::Result<()> {
        self.out.write_all(if self.first { b"]" } else { b"\n]" })
    }

    pub(super) fn end(self) -> io::Result<()> {
        self.out.write_all(b"}\n")
    }
}
