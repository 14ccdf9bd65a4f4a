//! Sorts services into the feeds of catalogues, writes these, and tells how they differ from earlier ones.

use std::collections::BTreeMap;
use std::io::{self, Write};

use polars::prelude::*;

use super::catalogues::{Catalogue, CatalogueSettings, applications};
use super::columns::{Descriptions, Wording};
use super::feed::{CHANGES, Earlier, EarlierEntry, Entry, FEED, Head, Reason, Removed, Since, digest, sha256};
use super::lines::Lines;
use crate::finding::{self, Rule};
use crate::holdings::{Holdings, with_flag};

/// Why a service is not published where it should be, or not all of it.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The rule.
    pub rule: &'static Rule,
    /// The service.
    pub uid: String,
    /// Registration number of its owner.
    pub owner: String,
    /// Its owner's code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Name of its owner; the number where the registry does not hold the institution.
    pub institution: String,
    /// Catalogues that it is kept out of; none: it is published.
    pub catalogues: Vec<String>,
    /// The field at fault.
    pub field: Option<&'static str>,
    /// What stands there.
    pub value: Option<String>,
}

/// Everything that feeds are made of.
pub struct Feeds<'w> {
    descriptions: Descriptions<'w>,
    /// By row.
    hashes: Vec<String>,
    /// What each catalogue shows, in the order of the settings.
    shown: Vec<ShownIn>,
    /// What is kept back.
    pub refused: Vec<Refused>,
}

struct ShownIn {
    catalogue: Catalogue,
    rows: Vec<usize>,
    /// Services that would be shown, were they mended.
    kept_back: Vec<usize>,
}

/// A feed to be written.
pub struct Target<'a> {
    /// The catalogue.
    pub catalogue: &'a Catalogue,
    /// The institution whose website it is; none: a portal.
    pub institution: Option<String>,
    at: usize,
    /// Rows of its services, by uid.
    rows: Vec<usize>,
    /// Digest of the feed.
    pub digest: String,
}

/// How a feed differs from an earlier one.
pub struct Difference<'a> {
    inserted: Vec<usize>,
    changed: Vec<usize>,
    removed: Vec<(&'a EarlierEntry, Reason)>,
}

impl<'w> Feeds<'w> {
    /// Sorts services into catalogues. Planned services and those that have ended are nowhere.
    ///
    /// # Errors
    /// A column is missing.
    pub fn new(held: &Holdings, settings: &CatalogueSettings, wording: Wording<'w>) -> PolarsResult<Self> {
        let services = published(held)?;
        let applicable = with_flag(services.clone().lazy(), &applications(held, &services)?, "electronic");
        let electronic = col("electronic").or(col("forms").is_not_null());
        let stands = electronic.or(col("in_person_only").fill_null(lit(false)));
        let masks = settings.catalogue.iter().enumerate().flat_map(|(at, catalogue)| {
            let shows = catalogue.shows();
            let lacks = catalogue.needs_application().and(stands.clone().not());
            [
                shows.clone().and(lacks.clone().not()).alias(format!("shown_{at}")),
                shows.and(lacks).alias(format!("kept_{at}")),
            ]
        });
        // The join of flags may turn rows round.
        let rows = applicable
            .sort(["uid"], SortMultipleOptions::default())
            .select(masks.chain([settings.undecided().alias("undecided"), col("uid")]).collect::<Vec<_>>())
            .collect()?;
        let places = |name: &str| -> PolarsResult<Vec<usize>> {
            let mask = rows.column(name)?.bool()?;
            Ok(mask.iter().enumerate().filter(|(_, is)| *is == Some(true)).map(|(at, _)| at).collect())
        };
        let mut shown = Vec::new();
        for (at, catalogue) in settings.catalogue.iter().enumerate() {
            let (rows, kept_back) = (places(&format!("shown_{at}"))?, places(&format!("kept_{at}"))?);
            shown.push(ShownIn { catalogue: catalogue.clone(), rows, kept_back });
        }
        let undecided = places("undecided")?;
        let descriptions = Descriptions::new(held, &services, wording)?;
        let hashes = hashes(&descriptions);
        let refused = refused(&descriptions, &services, &shown, &undecided)?;
        Ok(Self { descriptions, hashes, shown, refused })
    }

    /// Feeds to be written: one a portal; of websites one an institution that has anything to show, and one for each of
    /// those that `known` names for the folder of the catalogue (they had something).
    pub fn targets(&self, known: impl Fn(&str) -> Vec<String>) -> Vec<Target<'_>> {
        let mut found = Vec::new();
        for (at, ShownIn { catalogue, rows, .. }) in self.shown.iter().enumerate() {
            if !catalogue.by_institution {
                found.push(self.target(at, catalogue, None, rows.clone()));
                continue;
            }
            let mut by_owner: BTreeMap<String, Vec<usize>> =
                known(&catalogue.folder).into_iter().map(|owner| (owner, Vec::new())).collect();
            for row in rows {
                by_owner.entry(self.descriptions.labels(*row).0.to_owned()).or_default().push(*row);
            }
            let targets = by_owner.into_iter().map(|(owner, rows)| self.target(at, catalogue, Some(owner), rows));
            found.extend(targets);
        }
        found
    }

    fn target<'a>(
        &'a self,
        at: usize,
        catalogue: &'a Catalogue,
        institution: Option<String>,
        rows: Vec<usize>,
    ) -> Target<'a> {
        let digest = digest(rows.iter().map(|row| (self.descriptions.uid(*row), self.hashes[*row].as_str())));
        Target { catalogue, institution, at, rows, digest }
    }

    /// Writes a whole feed.
    ///
    /// # Errors
    /// What is written to takes no more.
    pub fn write(&self, target: &Target<'_>, as_of: &str, out: &mut impl Write) -> io::Result<()> {
        let mut lines = Lines::begin(out, &target.head(FEED, as_of))?;
        lines.member("count", &target.rows.len())?;
        self.entries(&mut lines, "entries", &target.rows)?;
        lines.end()
    }

    /// How a feed differs from an earlier one.
    pub fn difference<'a>(&self, target: &Target<'_>, earlier: &'a Earlier) -> Difference<'a> {
        let mut difference = Difference { inserted: Vec::new(), changed: Vec::new(), removed: Vec::new() };
        let mut before = earlier.entries.iter().peekable();
        for row in target.rows.iter().copied() {
            let uid = self.descriptions.uid(row);
            while let Some(gone) = before.next_if(|entry| entry.uid.as_str() < uid) {
                difference.removed.push((gone, self.reason(target, &gone.uid)));
            }
            match before.next_if(|entry| entry.uid == uid) {
                None => difference.inserted.push(row),
                Some(entry) if entry.hash != self.hashes[row] => difference.changed.push(row),
                Some(_) => {}
            }
        }
        difference.removed.extend(before.map(|gone| (gone, self.reason(target, &gone.uid))));
        difference
    }

    fn reason(&self, target: &Target<'_>, uid: &str) -> Reason {
        match self.descriptions.row(uid) {
            None => Reason::Withdrawn,
            Some(row) if self.shown[target.at].kept_back.binary_search(&row).is_ok() => Reason::Unpublishable,
            Some(_) => Reason::Elsewhere,
        }
    }

    /// Writes how a feed differs from an earlier one.
    ///
    /// # Errors
    /// What is written to takes no more.
    pub fn write_changes(
        &self,
        target: &Target<'_>,
        as_of: &str,
        earlier: &Earlier,
        difference: &Difference<'_>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let mut lines = Lines::begin(out, &target.head(CHANGES, as_of))?;
        lines.member("since", &Since { as_of: &earlier.as_of, digest: &earlier.digest })?;
        self.entries(&mut lines, "inserted", &difference.inserted)?;
        self.entries(&mut lines, "changed", &difference.changed)?;
        lines.list("removed")?;
        for (gone, reason) in &difference.removed {
            lines.item(&Removed {
                uid: &gone.uid,
                hash: &gone.hash,
                owner_reg_no: &gone.service.owner.reg_no,
                code: &gone.service.code,
                name: &gone.service.name,
                reason: *reason,
            })?;
        }
        lines.list_end()?;
        lines.end()
    }

    fn entries(&self, lines: &mut Lines<'_, impl Write>, name: &str, rows: &[usize]) -> io::Result<()> {
        lines.list(name)?;
        for row in rows.iter().copied() {
            let service = self.descriptions.service(row);
            lines.item(&Entry { uid: self.descriptions.uid(row), hash: &self.hashes[row], service })?;
        }
        lines.list_end()
    }
}

impl Target<'_> {
    fn head<'a>(&'a self, format: &'a str, as_of: &'a str) -> Head<'a> {
        let (catalogue, institution) = (self.catalogue.code.as_str(), self.institution.as_deref());
        Head { format, catalogue, institution, as_of, digest: &self.digest }
    }

    /// How many entries it has.
    pub fn count(&self) -> u64 {
        self.rows.len() as u64
    }
}

impl Difference<'_> {
    /// How many services are inserted, changed and removed.
    pub fn counts(&self) -> [u64; 3] {
        [self.inserted.len(), self.changed.len(), self.removed.len()].map(|number| number as u64)
    }
}

/// Content hashes of the services that are provided: `uid`, `hash`, by uid. What catalogues show is compared with them.
///
/// # Errors
/// A column is missing.
pub fn content_hashes(held: &Holdings, wording: Wording<'_>) -> PolarsResult<DataFrame> {
    let services = published(held)?;
    let hashes = hashes(&Descriptions::new(held, &services, wording)?);
    df!("uid" => services.column("uid")?.str()?.clone(), "hash" => hashes)
}

/// Services that are provided, by uid.
fn published(held: &Holdings) -> PolarsResult<DataFrame> {
    let provided = held.services()?.filter(col("planned").not());
    provided.sort(["uid"], SortMultipleOptions::default()).collect()
}

fn hashes(descriptions: &Descriptions<'_>) -> Vec<String> {
    let mut text = Vec::new();
    let rows = 0..descriptions.len();
    rows.map(|row| {
        text.clear();
        // Writing into memory does not fail, and neither do texts and numbers as JSON.
        let _ = serde_json::to_writer(&mut text, &descriptions.service(row));
        sha256(&text)
    })
    .collect()
}

fn refused(
    descriptions: &Descriptions<'_>,
    services: &DataFrame,
    shown: &[ShownIn],
    undecided: &[usize],
) -> PolarsResult<Vec<Refused>> {
    let of = |row: usize, rule: &'static Rule| {
        let (owner, code, name) = descriptions.labels(row);
        Refused {
            rule,
            uid: descriptions.uid(row).to_owned(),
            owner: owner.to_owned(),
            code: code.to_owned(),
            name: name.to_owned(),
            institution: descriptions.institution_name(owner).unwrap_or(owner).to_owned(),
            catalogues: Vec::new(),
            field: None,
            value: None,
        }
    };
    let mut found = Vec::new();
    let mut kept: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for ShownIn { catalogue, kept_back, .. } in shown {
        for row in kept_back {
            kept.entry(*row).or_default().push(catalogue.code.clone());
        }
    }
    for (row, catalogues) in kept {
        found.push(Refused { catalogues, ..of(row, &finding::NOT_REQUESTABLE) });
    }
    let kinds = services.column("kind")?.str()?;
    for row in undecided.iter().copied() {
        let field = if kinds.get(row).is_none() { "kind" } else { "audience" };
        found.push(Refused { field: Some(field), ..of(row, &finding::NO_CATALOGUE) });
    }
    let mut published: Vec<usize> = shown.iter().flat_map(|shown| shown.rows.iter().copied()).collect();
    published.sort_unstable();
    published.dedup();
    for row in published {
        for (field, value) in descriptions.unusable_links(row) {
            found.push(Refused { field: Some(field), value: Some(value), ..of(row, &finding::LINK_LEFT_OUT) });
        }
    }
    found.sort_by(|a, b| (a.rule.code, &a.owner, &a.code, a.field).cmp(&(b.rule.code, &b.owner, &b.code, b.field)));
    Ok(found)
}
