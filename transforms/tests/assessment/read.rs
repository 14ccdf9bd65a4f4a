//! Tables of a report as a test reads them.

use vienkop_transforms::assess::report::{Cell, Measures, Section};

pub(crate) struct Table<'a>(Option<&'a Measures>);

impl<'a> Table<'a> {
    pub(crate) fn of(sections: &'a [Section], id: &str) -> Self {
        Self(sections.iter().flat_map(|section| &section.measures).find(|table| table.id == id))
    }

    /// A table without rows is left out of the report, and so is a row of which nothing is counted.
    fn cell(&self, row: &str, column: &str) -> Option<&'a Cell> {
        let table = self.0?;
        let at = table.columns.iter().position(|known| known.key == column).expect(column);
        table.rows.iter().find(|known| known.key == row).map(|row| &row.cells[at])
    }

    pub(crate) fn count(&self, row: &str, column: &str) -> u64 {
        self.cell(row, column).map_or(0, |cell| cell.value.as_ref().unwrap().parse().unwrap())
    }

    pub(crate) fn share(&self, row: &str, column: &str) -> (u64, u64) {
        let number = |text: &Option<String>| text.as_ref().unwrap().parse().unwrap();
        self.cell(row, column).map_or((0, 0), |cell| (number(&cell.count), number(&cell.of)))
    }
}

/// What a person reads, as plain text.
pub(crate) fn text(sections: &[Section]) -> String {
    let mut out = String::new();
    for section in sections {
        out.push_str(&format!("\n# {} {}\n", section.number.as_deref().unwrap_or_default(), section.title));
        for paragraph in &section.paragraphs {
            out.push_str(&format!("{paragraph}\n"));
        }
        for table in &section.measures {
            out.push_str(&format!("\n## {} [{}]\n", table.title, table.id));
            for told in [&table.mark, &table.sentence, &table.note].into_iter().flatten() {
                out.push_str(&format!("{told}\n"));
            }
            let heads = table.heads.iter().map(String::as_str).chain(table.columns.iter().map(|c| c.label.as_str()));
            out.push_str(&format!("{}\n", heads.collect::<Vec<_>>().join(" | ")));
            for row in &table.rows {
                let cells = row.cells.iter().map(|cell| match cell.of.as_ref().filter(|_| cell.value.is_some()) {
                    Some(of) => format!("{} ({}/{of})", cell.text, cell.count.as_deref().unwrap_or_default()),
                    None => cell.text.clone(),
                });
                let cells = row.labels.iter().cloned().chain(cells);
                out.push_str(&format!("{}\n", cells.collect::<Vec<_>>().join(" | ")));
            }
        }
        for list in &section.lists {
            out.push_str(&format!("\n## {} [{}]\n{}\n{}\n", list.title, list.id, list.note, list.columns.join(" | ")));
            for row in &list.rows {
                out.push_str(&format!("{}\n", row.join(" | ")));
            }
        }
    }
    out
}
