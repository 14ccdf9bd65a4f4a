//! A page of services, read once: what the kernels compare, row by row.

use polars::prelude::*;

use super::names::{Act, Lexicon, Name};
use super::score::Compared;
use super::settings::MatchSettings;

/// A page of services, sorted by id.
pub(super) struct Services {
    uid: StringChunked,
    owner: StringChunked,
    kind: StringChunked,
    municipal: Vec<bool>,
    pub(super) names: Vec<Name>,
    acts: Vec<Vec<Act>>,
    audience: Vec<Vec<String>>,
    channels: Vec<Vec<String>>,
    texts: [StringChunked; 5],
}

impl Services {
    /// Reads the columns that [`super::match_services`] names.
    ///
    /// # Errors
    /// A column is missing or no text.
    pub(super) fn read(frame: &DataFrame, lexicon: &Lexicon, settings: &MatchSettings) -> PolarsResult<Self> {
        let frame = frame.sort(["uid"], SortMultipleOptions::default())?;
        let column = |name: &str| PolarsResult::Ok(text(&frame, name)?.rechunk().into_owned());
        let texts =
            [column("name")?, column("legal_acts")?, column("audience")?, column("request_channels")?, column("kind")?];
        let municipal = municipal(&frame, settings)?;
        Ok(Self {
            uid: column("uid")?,
            owner: column("owner_reg_no")?,
            kind: texts[4].clone(),
            municipal,
            names: texts[0].iter().map(|name| lexicon.read(name.unwrap_or_default())).collect(),
            acts: texts[1].iter().map(|acts| lexicon.acts(acts.unwrap_or_default())).collect(),
            audience: texts[2].iter().map(items).collect(),
            channels: texts[3].iter().map(items).collect(),
            texts,
        })
    }

    pub(super) fn uid(&self, row: usize) -> &str {
        self.uid.get(row).unwrap_or_default()
    }

    pub(super) const fn owners(&self) -> &StringChunked {
        &self.owner
    }

    pub(super) fn owner(&self, row: usize) -> &str {
        self.owner.get(row).unwrap_or_default()
    }

    pub(super) fn is_municipal(&self, row: usize) -> bool {
        self.municipal[row]
    }

    pub(super) fn compared(&self, row: usize) -> Compared<'_> {
        Compared {
            name: &self.names[row],
            acts: &self.acts[row],
            audience: &self.audience[row],
            channels: &self.channels[row],
            kind: self.kind.get(row).filter(|kind| !kind.is_empty()),
        }
    }

    /// Field number `field` of [`super::settings::Weights::all`] as a person reads it.
    pub(super) fn shown(&self, row: usize, field: usize) -> String {
        match field {
            1 => self.texts[1].get(row).unwrap_or_default().lines().collect::<Vec<_>>().join("; "),
            2 => self.audience[row].join("; "),
            3 => self.channels[row].join("; "),
            _ => self.texts[field].get(row).unwrap_or_default().to_owned(),
        }
    }
}

/// A column of texts.
pub(super) fn text<'a>(frame: &'a DataFrame, name: &str) -> PolarsResult<&'a StringChunked> {
    frame.column(name)?.str()
}

/// Whether the owner of each row is a municipality or an institution of one.
pub(super) fn municipal(frame: &DataFrame, settings: &MatchSettings) -> PolarsResult<Vec<bool>> {
    let kinds = &settings.municipalities.owner_kinds;
    Ok(text(frame, "owner_kind")?
        .iter()
        .map(|kind| kind.is_some_and(|kind| kinds.iter().any(|known| known == kind)))
        .collect())
}

/// Items of a list as the registry stores it (a JSON array of texts), sorted; none when it is not one.
fn items(stored: Option<&str>) -> Vec<String> {
    let mut items: Vec<String> = stored.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    items.sort_unstable();
    items.dedup();
    items
}
