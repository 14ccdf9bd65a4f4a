//! `kind = "file"`: a file, a folder, a pattern, or members of a zip archive (those are opened in `archive.rs`).

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use glob::{MatchOptions, Pattern};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use vienkop_transforms::finding::{self, Finding};
use vienkop_transforms::fold;

use super::{Cancellable, Fetch, FetchContext, FetchError, FetchKind, Fetched, Fetching, OptionError, archive};
use crate::landing::Landed;

/// How file names and names in archives match a pattern: `*` stays within a folder (`**` does not), letter case
/// counts, and hidden files need to be named.
pub(super) const MATCHING: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// Options of `[fetch]` with `kind = "file"`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileOptions {
    /// A file, a folder (every file in it but hidden ones), a pattern (`2024/*.csv`, `**/*.xml`), or members of a zip
    /// archive (`a.zip!member.csv`, `a.zip!*.csv`). Relative to the folder that holds `config/`.
    path: String,
}

pub(super) struct Kind;

impl FetchKind for Kind {
    fn name(&self) -> &'static str {
        "file"
    }

    fn options_schema(&self, generator: &mut SchemaGenerator) -> Schema {
        FileOptions::json_schema(generator)
    }

    fn paths(&self) -> &'static [&'static str] {
        &["path"]
    }

    fn fetcher(&self, options: &serde_json::Value) -> Result<Box<dyn Fetch>, OptionError> {
        let fault = |reason, value: &str| OptionError::new("path", reason, value);
        let FileOptions { path } =
            serde_json::from_value(options.clone()).map_err(|e| fault("other", &e.to_string()))?;
        if path.trim().is_empty() {
            return Err(fault("empty", ""));
        }
        let (files, member) = split_member(&path);
        for pattern in [Some(files), member].into_iter().flatten().filter(|text| is_pattern(text)) {
            Pattern::new(pattern).map_err(|_| fault("pattern", pattern))?;
        }
        Ok(Box::new(FileFetch { path }))
    }
}

struct FileFetch {
    path: String,
}

impl Fetch for FileFetch {
    fn fetch(
        &self,
        context: &FetchContext<'_>,
        out: &mut dyn FnMut(Fetched<'_>) -> Result<Landed, FetchError>,
    ) -> Result<Fetching, FetchError> {
        // A file whose own name has a `!` or a `[` in it is meant as it stands.
        let (files, member) =
            if context.base.join(&self.path).exists() { (self.path.as_str(), None) } else { split_member(&self.path) };
        for Found { name, path } in find(context.base, files)? {
            context.check_cancelled()?;
            let file = fs::File::open(&path).map_err(|error| self.refused(&path, &name, error))?;
            match member {
                None => {
                    let reader = Box::new(Cancellable { inner: file, context: *context });
                    out(Fetched { name, reader })?;
                }
                Some(member) => archive::fetch(context, &name, file, member, out)?,
            }
        }
        Ok(Fetching::default())
    }
}

impl FileFetch {
    fn refused(&self, path: &Path, name: &str, error: io::Error) -> FetchError {
        let shown = if self.path.ends_with(name) { self.path.clone() } else { format!("{} ({name})", self.path) };
        cannot_open(&shown, path, error)
    }
}

/// A file that was found: its name for people and where it is.
struct Found {
    name: String,
    path: PathBuf,
}

/// `a.zip!member.csv` is an archive and a member of it.
fn split_member(path: &str) -> (&str, Option<&str>) {
    let end = path.to_ascii_lowercase().find(".zip!").map(|at| at + ".zip".len());
    match end {
        Some(end) => (&path[..end], Some(&path[end + 1..])),
        None => (path, None),
    }
}

pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Files that other programs leave behind: `.DS_Store`, `~$registrs.xlsx`, what macOS adds to archives.
pub(super) fn is_hidden(name: &str) -> bool {
    name.split('/').any(|part| part.starts_with('.') || part.starts_with("~$") || part == "__MACOSX")
}

/// The files that `written` names, by name.
fn find(base: &Path, written: &str) -> Result<Vec<Found>, FetchError> {
    let whole = base.join(written);
    let mut found = match fs::metadata(&whole) {
        Ok(kind) if kind.is_file() => {
            let name = whole.file_name().map_or_else(|| written.to_owned(), |name| name.to_string_lossy().into_owned());
            return Ok(vec![Found { name, path: whole }]);
        }
        Ok(kind) if kind.is_dir() => list(&whole).map_err(|error| cannot_open(written, &whole, error))?,
        // A device or a pipe would never end.
        Ok(_) => {
            return Err(Finding { value: Some(written.to_owned()), ..Finding::of(&finding::WRONG_CONTENT) }.into());
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_pattern(written) => matching(base, written)?,
        Err(error) => return Err(cannot_open(written, &whole, error)),
    };
    if found.is_empty() {
        return Err(missing(written, &whole).into());
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// Files of a folder itself, without hidden ones.
fn list(folder: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !is_hidden(&name) && path.is_file() {
            found.push(Found { name, path });
        }
    }
    Ok(found)
}

/// Files that match a pattern; named by their path below its fixed part.
fn matching(base: &Path, written: &str) -> Result<Vec<Found>, FetchError> {
    let base_pattern = PathBuf::from(Pattern::escape(&base.to_string_lossy()));
    let pattern = if Path::new(written).is_absolute() { PathBuf::from(written) } else { base_pattern.join(written) };
    let paths = glob::glob_with(&pattern.to_string_lossy(), MATCHING)
        .map_err(|error| FetchError::Io(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
    let root = base.join(fixed_part(written));
    let mut found = Vec::new();
    for path in paths {
        let path = path.map_err(|error| {
            let path = error.path().to_path_buf();
            cannot_open(written, &path, error.into())
        })?;
        let below = path.strip_prefix(&root).unwrap_or(&path);
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        let name = parts.join("/");
        if !is_hidden(&name) && path.is_file() {
            found.push(Found { name, path });
        }
    }
    Ok(found)
}

/// The folders of a pattern before the first one with a wildcard.
fn fixed_part(pattern: &str) -> &str {
    let wild = pattern.find(['*', '?', '[']).unwrap_or(pattern.len());
    pattern[..wild].rfind('/').map_or("", |end| &pattern[..=end])
}

/// Missing, or there and closed to us: both are for the person who looks after the source.
pub(super) fn cannot_open(written: &str, path: &Path, error: io::Error) -> FetchError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => missing(written, path).into(),
        io::ErrorKind::PermissionDenied => {
            Finding { value: Some(written.to_owned()), ..Finding::of(&finding::NO_ACCESS) }.into()
        }
        _ => FetchError::Io(error),
    }
}

/// Names what lies in the nearest folder above that exists and is like what is sought there.
fn missing(written: &str, path: &Path) -> Finding {
    let folder = path.ancestors().find(|folder| folder.is_dir()).unwrap_or(path);
    let sought = path.strip_prefix(folder).ok().and_then(|below| below.iter().next()).unwrap_or_default();
    let names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .take(10_000)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !is_hidden(name))
        .collect();
    Finding {
        value: Some(written.to_owned()),
        hint: nearest(&sought.to_string_lossy(), names.iter().map(String::as_str)),
        ..Finding::of(&finding::FILE_MISSING)
    }
}

/// The nearest three names, for a hint.
pub(super) fn nearest<'a>(sought: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let near = fold::nearest(sought, names, 3);
    (!near.is_empty()).then(|| near.join(", "))
}
