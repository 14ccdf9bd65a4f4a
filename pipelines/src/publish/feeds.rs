//! Feeds of catalogues: `feeds/<folder>/feed.json`, `changes-since-<day>.json`, and of websites a folder an institution.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use jiff::civil::Date;
use vienkop_transforms::holdings::Holdings;
use vienkop_transforms::publish::feed::Earlier;
use vienkop_transforms::publish::sorted::{Feeds, Target};

use super::draft::Draft;
use super::outcome::{FeedOutcome, Publication, Unpublished};
use crate::assess::wording;
use crate::cli::session::Session;
use crate::config::schema;

/// Folder of the feeds within a publication.
const FOLDER: &str = "feeds";

/// Writes feeds, their changes since the publication of `publication.since`, and the schemas of both.
pub(super) fn emit(
    session: &Session,
    held: &Holdings,
    root: &Path,
    latest: Option<Date>,
    draft: &mut Draft,
    publication: &mut Publication,
) -> anyhow::Result<()> {
    let feeds = Feeds::new(held, &session.config.catalogues, wording(session))?;
    let since = publication.since.map(|day| Before::at(root, day));
    // Mostly the latest publication is the one that changes begin with.
    let latest = latest.filter(|day| Some(*day) != publication.since).map(|day| Before::at(root, day));
    let known = |folder: &str| -> Vec<String> {
        let of = |before: &Option<Before>| before.iter().flat_map(|before| before.institutions(folder)).collect();
        let mut all: Vec<String> = of(&since);
        all.extend::<Vec<String>>(of(&latest));
        all
    };
    for target in feeds.targets(known) {
        let place = place(&target);
        let path = format!("{place}/feed.json");
        let mut file = draft.file(&path)?;
        feeds.write(&target, &publication.as_of.to_string(), &mut file)?;
        draft.end(file)?;
        let mut outcome = FeedOutcome {
            catalogue: target.catalogue.code.clone(),
            institution: target.institution.clone(),
            entries: target.count(),
            digest: target.digest.clone(),
            file: path,
            ..FeedOutcome::default()
        };
        if let Some(since) = &since {
            let earlier = since.feed(&place)?;
            let difference = feeds.difference(&target, &earlier);
            let [inserted, changed, removed] = difference.counts();
            (outcome.inserted, outcome.changed, outcome.removed) = (Some(inserted), Some(changed), Some(removed));
            (outcome.was, outcome.lost) = (earlier.entries.len() as u64, removed);
            let path = format!("{place}/changes-since-{}.json", since.day);
            let mut file = draft.file(&path)?;
            feeds.write_changes(&target, &publication.as_of.to_string(), &earlier, &difference, &mut file)?;
            draft.end(file)?;
            outcome.changes = Some(path);
        }
        if let Some(latest) = &latest {
            let earlier = latest.feed(&place)?;
            outcome.was = earlier.entries.len() as u64;
            [_, _, outcome.lost] = feeds.difference(&target, &earlier).counts();
        }
        publication.feeds.push(outcome);
    }
    for (name, content) in schema::published() {
        draft.whole(&format!("schema/{name}"), content.as_bytes())?;
    }
    for before in since.iter().chain(&latest) {
        publication.notes.extend(before.notes(session));
    }
    publication.notes.sort();
    publication.notes.dedup();
    publication.findings.extend(feeds.refused.iter().map(|refused| Unpublished::new(session.texts(), refused)));
    Ok(())
}

/// Folder of a feed within a publication.
fn place(target: &Target<'_>) -> String {
    let folder = &target.catalogue.folder;
    match &target.institution {
        Some(number) => format!("{FOLDER}/{folder}/{number}"),
        None => format!("{FOLDER}/{folder}"),
    }
}

/// An earlier publication.
struct Before {
    day: Date,
    folder: PathBuf,
    /// Feeds that are there and cannot be read.
    broken: RefCell<Vec<String>>,
}

impl Before {
    fn at(root: &Path, day: Date) -> Self {
        Self { day, folder: root.join(day.to_string()), broken: RefCell::default() }
    }

    /// The feed of that place; one without entries where there is none, or none that can be used.
    fn feed(&self, place: &str) -> io::Result<Earlier> {
        let path = self.folder.join(place).join("feed.json");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Earlier::nothing(&self.day.to_string()));
            }
            Err(error) => return Err(error),
        };
        Ok(Earlier::read(&text).unwrap_or_else(|| {
            self.broken.borrow_mut().push(path.display().to_string());
            Earlier::nothing(&self.day.to_string())
        }))
    }

    /// Institutions whose websites have a feed with entries in a folder.
    fn institutions(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.folder.join(FOLDER).join(folder)) else { return Vec::new() };
        let names = entries.flatten().filter(|entry| entry.path().is_dir());
        let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let names = names.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
        let has =
            |name: &String| self.feed(&format!("{FOLDER}/{folder}/{name}")).is_ok_and(|feed| !feed.entries.is_empty());
        names.filter(has).collect()
    }

    fn notes(&self, session: &Session) -> Vec<String> {
        let told = |path: &String| session.texts().get("cli-publish-broken", &[("path", path)]);
        self.broken.borrow().iter().map(told).collect()
    }
}
