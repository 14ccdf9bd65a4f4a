//! The only place that writes to standard output: results for people and machines; and, to standard error, what went wrong.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

/// Writes a result for a person. A reader that has gone away (`| head`) is no error.
pub(crate) fn text(text: &str) -> io::Result<()> {
    write(text.as_bytes())
}

/// Writes a result for a machine.
pub(crate) fn json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    Ok(write(text.as_bytes())?)
}

/// Writes a result for a machine that reads results line by line as they come.
pub(crate) fn json_line<T: Serialize>(value: &T) -> anyhow::Result<()> {
    let mut text = serde_json::to_string(value)?;
    text.push('\n');
    Ok(write(text.as_bytes())?)
}

/// Writes what went wrong. Standard error gone is no reason to panic; the exit code still tells.
pub(crate) fn error(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Whether standard error shows colours.
pub(crate) fn is_styled() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

fn write(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// A table of texts with aligned columns; `right` says which columns are numbers.
pub(crate) fn table(header: &[String], rows: &[Vec<String>], right: &[usize]) -> String {
    let width = |index: usize| {
        rows.iter().map(|row| row[index].chars().count()).chain([header[index].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: &[String]| {
        let padded: Vec<String> = cells
            .iter()
            .enumerate()
            .map(|(index, cell)| {
                let fill = " ".repeat(widths[index] - cell.chars().count());
                if right.contains(&index) { format!("{fill}{cell}") } else { format!("{cell}{fill}") }
            })
            .collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut out = line(header);
    for row in rows {
        out.push_str(&line(row));
    }
    out
}
