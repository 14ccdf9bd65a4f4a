//! Where the next fetch goes on.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The moment up to which everything has been loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The moment.
    pub(super) until: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Written {
    asked: String,
    until: Timestamp,
}

impl Cursor {
    /// Reads a cursor; none where something else was asked then.
    pub(super) fn read(text: &str, asked: &str) -> Option<Self> {
        let written: Written = serde_json::from_str(text).ok()?;
        (written.asked == asked).then_some(Self { until: written.until })
    }

    /// As the registry keeps it.
    pub(super) fn write(self, asked: &str) -> String {
        serde_json::json!({ "asked": asked, "until": self.until }).to_string()
    }
}
