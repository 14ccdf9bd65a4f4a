//! Text that was decoded wrongly before it reached us, told once a file.

use vienkop_transforms::batch::Origin;
use vienkop_transforms::finding::{self, Finding};
use vienkop_transforms::normalise::mojibake::{is_latvian, mojibake};

/// Watches the rows of a file and tells once (F009) when they are spoiled; a foreign word now and then is not.
#[derive(Debug, Default)]
pub(in crate::format) struct MojibakeWatch {
    first: Option<(i64, &'static str)>,
    spoiled: u64,
    sound: u64,
    told: bool,
}

impl MojibakeWatch {
    /// Looks at the header; one spoiled name is enough.
    pub(in crate::format) fn header(&mut self, text: &str, row: i64, origin: &Origin) -> Option<Finding> {
        let how = mojibake(text)?;
        self.told = true;
        Some(told(origin, row, how))
    }

    /// Looks at the text of a row.
    pub(in crate::format) fn row(&mut self, text: &str, row: i64) {
        if self.told || text.is_ascii() {
            return;
        }
        if let Some(how) = mojibake(text) {
            self.spoiled += 1;
            self.first.get_or_insert((row, how));
        } else if is_latvian(text) {
            self.sound += 1;
        }
    }

    /// The finding, when all rows have been seen and more than a tenth of those with letters beyond ASCII are spoiled.
    pub(in crate::format) fn end(&self, origin: &Origin) -> Option<Finding> {
        let (row, how) = self.first.filter(|_| !self.told && self.spoiled * 10 > self.spoiled + self.sound)?;
        Some(told(origin, row, how))
    }
}

fn told(origin: &Origin, row: i64, how: &str) -> Finding {
    Finding {
        landed: Some(origin.landed),
        sheet: origin.sheet.clone(),
        row: Some(row),
        cell: Some(origin.locate(row, None, None)),
        value: Some(how.to_owned()),
        ..Finding::of(&finding::MOJIBAKE)
    }
}
