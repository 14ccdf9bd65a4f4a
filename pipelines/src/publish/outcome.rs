//! What a publication came to: JSON for machines, a summary for people.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Date;
use serde::Serialize;
use vienkop_transforms::codelist::CodeLists;
use vienkop_transforms::finding::Finding;
use vienkop_transforms::publish::sorted::Refused;
use vienkop_transforms::texts::Texts;

use super::Asked;
use super::delivery::Delivery;
use super::draft::Emitted;
use crate::cli::{Exit, output};
use crate::tell;

/// A publication.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Publication {
    /// The day that it is about.
    pub(crate) as_of: Date,
    /// The day of the publication that changes begin with; none: there is no earlier one.
    pub(crate) since: Option<Date>,
    /// Where it lies, or would.
    pub(crate) folder: PathBuf,
    /// Whether it was written.
    pub(crate) written: bool,
    /// Feeds, in the order of the catalogues.
    pub(crate) feeds: Vec<FeedOutcome>,
    /// Linked data: profile (`cpsv`, `dcat`) -> class -> how many things of it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) linked: BTreeMap<&'static str, BTreeMap<String, u64>>,
    /// What is not published where it should be.
    pub(crate) findings: Vec<Unpublished>,
    /// Catalogues that would lose too much, which a person has to approve.
    pub(crate) held: Vec<Held>,
    /// Deliveries to other registers, in the order in which they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) deliveries: Vec<Delivery>,
    /// Its files; `publication.json` lists them for machines.
    #[serde(skip)]
    pub(crate) files: Vec<Emitted>,
    /// What else a person should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) notes: Vec<String>,
}

/// A feed.
#[derive(Debug, Default, Serialize)]
pub(crate) struct FeedOutcome {
    /// The catalogue.
    pub(crate) catalogue: String,
    /// The institution whose website it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) institution: Option<String>,
    /// How many services it shows.
    pub(crate) entries: u64,
    /// How many are new since `since`.
    pub(crate) inserted: Option<u64>,
    /// How many have another content.
    pub(crate) changed: Option<u64>,
    /// How many are not there any more.
    pub(crate) removed: Option<u64>,
    /// Its digest.
    pub(crate) digest: String,
    /// The file.
    pub(crate) file: String,
    /// The file of changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) changes: Option<String>,
    /// How many services the latest publication showed there, and how many of these are not there any more.
    #[serde(skip)]
    pub(crate) was: u64,
    #[serde(skip)]
    pub(crate) lost: u64,
}

/// A catalogue that would lose too much.
#[derive(Debug, Serialize)]
pub(crate) struct Held {
    /// The catalogue.
    pub(crate) catalogue: String,
    /// How many services it shows now.
    pub(crate) shown: u64,
    /// How many of them would go.
    pub(crate) removed: u64,
}

/// A finding on what is not published.
#[derive(Debug, Serialize)]
pub(crate) struct Unpublished {
    code: &'static str,
    severity: &'static str,
    entity: &'static str,
    uid: String,
    /// Registration number of the institution that can act.
    owner: String,
    institution: String,
    /// Owner and code.
    key: String,
    name: String,
    catalogues: Vec<String>,
    field: Option<&'static str>,
    value: Option<String>,
    message: String,
    remedy: String,
}

impl Unpublished {
    /// A finding, told.
    pub(crate) fn new(texts: &Texts, refused: &Refused) -> Self {
        let key = format!("{}/{}", refused.owner, refused.code);
        let finding = Finding {
            entity: "service".to_owned(),
            record_key: Some(key.clone()),
            field: refused.field.map(str::to_owned),
            value: refused.value.clone(),
            expected: (!refused.catalogues.is_empty()).then(|| refused.catalogues.join(", ")),
            hint: Some(texts.get(
                "publish-service",
                &[("institution", &refused.institution), ("code", &refused.code), ("name", &refused.name)],
            )),
            ..Finding::of(refused.rule)
        };
        Self {
            code: refused.rule.code,
            severity: refused.rule.severity.as_str(),
            entity: "service",
            uid: refused.uid.clone(),
            owner: refused.owner.clone(),
            institution: refused.institution.clone(),
            key,
            name: refused.name.clone(),
            catalogues: refused.catalogues.clone(),
            field: refused.field,
            value: refused.value.clone(),
            message: tell::message(texts, &finding),
            remedy: tell::remedy(texts, &finding),
        }
    }
}

/// Findings of a rule that the summary shows.
const SHOWN: usize = 4;

impl Publication {
    /// Holds back what would take away too much of a catalogue.
    pub(crate) fn gate(&mut self, asked: &Asked<'_>) {
        let mut sums: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for feed in &self.feeds {
            let (was, lost) = sums.entry(&feed.catalogue).or_default();
            (*was, *lost) = (*was + feed.was, *lost + feed.lost);
        }
        let too_much = |(was, lost): (u64, u64)| lost as f64 > asked.settings.max_removed_share * was as f64;
        let held = sums.into_iter().filter(|(_, sums)| !asked.approved && too_much(*sums));
        self.held = held
            .map(|(catalogue, (shown, removed))| Held { catalogue: catalogue.to_owned(), shown, removed })
            .collect();
    }

    /// Whether it waits for approval.
    pub(crate) fn waits(&self) -> bool {
        !self.held.is_empty()
    }

    /// How the program ends.
    pub(crate) fn exit(&self, strict: bool) -> Exit {
        let own = match self.waits() {
            true => Exit::ApprovalNeeded,
            false if strict && self.findings.iter().any(|finding| finding.severity == "error") => Exit::GateFailed,
            false => Exit::Done,
        };
        self.deliveries.iter().map(|delivery| delivery.exit(strict)).fold(own, Exit::and)
    }

    /// Whether another register has not taken something.
    pub(crate) fn is_left(&self) -> bool {
        self.deliveries.iter().any(Delivery::is_left)
    }

    /// What a person reads. `command`: the one that approves, where it waits; `deliver`: the same of a delivery to a target.
    pub(crate) fn summary(
        &self,
        texts: &Texts,
        lists: &CodeLists,
        command: &str,
        deliver: &dyn Fn(&str) -> String,
    ) -> String {
        let mut out = if self.feeds.is_empty() { String::new() } else { self.table(texts, lists) };
        if let Some(since) = self.since {
            out.push_str(&format!("{}\n", texts.get("cli-publish-since-told", &[("day", &since.to_string())])));
        }
        out.push_str(&self.linked(texts));
        out.push_str(&self.told(texts));
        for note in &self.notes {
            out.push_str(&format!("\n{note}\n"));
        }
        for held in &self.held {
            let (shown, removed) = (held.shown.to_string(), held.removed.to_string());
            let args = [("catalogue", held.catalogue.as_str()), ("shown", &shown), ("removed", &removed)];
            out.push_str(&format!("\n{}\n", texts.get("cli-publish-held", &args)));
        }
        let folder = self.folder.display().to_string();
        let bytes: u64 = self.files.iter().map(|file| file.bytes).sum();
        let (files, kib) = (self.files.len().to_string(), bytes.div_ceil(1024).to_string());
        let verdict = match (self.waits(), self.written) {
            (true, _) => texts.get("cli-publish-waits", &[("command", command)]),
            (false, true) => texts.get("cli-publish-done", &[("folder", &folder), ("files", &files), ("kib", &kib)]),
            (false, false) => texts.get("cli-publish-dry", &[("folder", &folder), ("files", &files), ("kib", &kib)]),
        };
        out.push_str(&format!("\n{verdict}\n"));
        for delivery in &self.deliveries {
            out.push_str(&format!("\n{}", delivery.summary(texts, &deliver(&delivery.target))));
        }
        out
    }

    /// A line a catalogue.
    fn table(&self, texts: &Texts, lists: &CodeLists) -> String {
        let names = ["catalogue", "feeds", "entries", "inserted", "changed", "removed"];
        let header: Vec<String> = names.iter().map(|name| texts.get(&format!("cli-publish-col-{name}"), &[])).collect();
        let mut order: Vec<&str> = Vec::new();
        let mut sums: BTreeMap<&str, (u64, u64, [Option<u64>; 3])> = BTreeMap::new();
        for feed in &self.feeds {
            let (feeds, entries, changes) = sums.entry(&feed.catalogue).or_insert_with(|| {
                order.push(&feed.catalogue);
                Default::default()
            });
            (*feeds, *entries) = (*feeds + 1, *entries + feed.entries);
            for (sum, number) in changes.iter_mut().zip([feed.inserted, feed.changed, feed.removed]) {
                *sum = number.map(|number| sum.unwrap_or(0) + number).or(*sum);
            }
        }
        let rows: Vec<Vec<String>> = order
            .into_iter()
            .filter_map(|code| {
                let (feeds, entries, changes) = sums.get(code)?;
                let found = lists.get("catalogues").and_then(|list| list.get(code));
                let label =
                    found.map_or(code, |found| texts.language().of(&found.label_lv, &found.label_en)).to_owned();
                let changes = changes.map(|number| number.map_or_else(|| "–".to_owned(), |number| number.to_string()));
                Some([vec![label, feeds.to_string(), entries.to_string()], changes.to_vec()].concat())
            })
            .collect();
        output::table(&header, &rows, &[1, 2, 3, 4, 5])
    }

    /// A line a profile of linked data: how many there are of its main classes.
    fn linked(&self, texts: &Texts) -> String {
        let mut out = String::new();
        for (profile, classes) in &self.linked {
            let of = |class: &str| classes.get(class).copied().unwrap_or_default().to_string();
            let numbers = match *profile {
                "cpsv" => [
                    ("services", of("cpsv:PublicService")),
                    ("organisations", of("cv:PublicOrganisation")),
                    ("events", of("cv:Event")),
                ],
                _ => [
                    ("datasets", of("dcat:Dataset")),
                    ("dataservices", of("dcat:DataService")),
                    ("records", of("dcat:CatalogRecord")),
                ],
            };
            let numbers = numbers.each_ref().map(|(name, number)| (*name, number.as_str()));
            out.push_str(&format!("{}\n", texts.get(&format!("cli-publish-{profile}"), &numbers)));
        }
        out
    }

    /// A line a rule, below it some of what it found.
    fn told(&self, texts: &Texts) -> String {
        let found =
            self.findings.iter().map(|finding| (finding.code, finding.message.as_str(), finding.remedy.as_str()));
        let told = by_rule(texts, found);
        if told.is_empty() { told } else { format!("\n{}\n{told}", texts.get("cli-attention", &[])) }
    }
}

/// A line a rule, below it some of what it found: code, message, remedy.
pub(super) fn by_rule<'f>(texts: &Texts, found: impl Iterator<Item = (&'static str, &'f str, &'f str)>) -> String {
    let mut by_code: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for (code, message, remedy) in found {
        by_code.entry(code).or_default().push((message, remedy));
    }
    let mut out = String::new();
    for (code, found) in by_code {
        let title = texts.get(&format!("{code}-title"), &[]);
        out.push_str(&format!("  {code} × {}  {title}\n", found.len()));
        for (message, _) in found.iter().take(SHOWN) {
            out.push_str(&format!("    {message}\n"));
        }
        if let Some((_, remedy)) = found.first() {
            out.push_str(&format!("    {remedy}\n"));
        }
        let more = found.len().saturating_sub(SHOWN) as u64;
        if more > 0 {
            out.push_str(&format!("    {}\n", texts.count("cli-publish-more", &[("count", more)])));
        }
    }
    out
}
