//! Members of a zip archive, for `file`: which ones, and the limits that are kept while they inflate.
//!
//! Nothing is written under a name from an archive (the landing zone names files by their content); names that lead
//! out of it are refused all the same, since such an archive is either damaged or meant to harm.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

use glob::Pattern;
use vienkop_transforms::finding::{self, Finding, Rule};
use zip::ZipArchive;
use zip::result::ZipError;

use super::file::{MATCHING, is_hidden, is_pattern, nearest};
use super::{Cancellable, FetchContext, FetchError, Fetched};
use crate::landing::Landed;

/// Members below this size are let through whatever their ratio: an empty form compresses very well.
const RATIO_FREE_BYTES: u64 = 10_000_000;

/// Hands the members of `archive` that `wanted` names or matches to `out`, sorted by name.
pub(super) fn fetch<R: Read + Seek>(
    context: &FetchContext<'_>,
    archive: &str,
    file: R,
    wanted: &str,
    out: &mut dyn FnMut(Fetched<'_>) -> Result<Landed, FetchError>,
) -> Result<(), FetchError> {
    let mut zip = open(context, archive, file)?;
    let members = members(&zip, archive)?;
    let wanted_members = select(&members, archive, wanted)?;
    let inflated = Cell::new(0);
    for member in wanted_members {
        context.check_cancelled()?;
        let name = format!("{archive}!{}", member.name);
        let entry = zip.by_index(member.index).map_err(|error| broken(&name, error))?;
        let reader = Inflating {
            packed: entry.compressed_size().max(1),
            inner: entry,
            bytes: 0,
            all: &inflated,
            name: name.clone(),
            context: *context,
        };
        out(Fetched { name, reader: Box::new(Cancellable { inner: reader, context: *context }) })?;
    }
    Ok(())
}

struct Member {
    name: String,
    index: usize,
}

fn open<R: Read + Seek>(
    context: &FetchContext<'_>,
    archive: &str,
    mut file: R,
) -> Result<ZipArchive<Opening<R>>, FetchError> {
    let mut magic = [0; 4];
    let signed = file.read_exact(&mut magic).is_ok() && (magic == *b"PK\x03\x04" || magic == *b"PK\x05\x06");
    if !signed {
        let empty = file.seek(SeekFrom::End(0))? == 0;
        let rule = if empty { &finding::FILE_EMPTY } else { &finding::WRONG_CONTENT };
        return Err(fault(rule, archive, "zip").into());
    }
    file.rewind()?;
    let most = context.limits.archive_members;
    // An entry of the directory takes some 60 bytes and its name: what needs far more is no honest directory.
    let left = Rc::new(Cell::new(Some(1_000_000 + 512 * most as u64)));
    let reader = Opening { inner: file, left: Rc::clone(&left), name: archive.to_owned(), most };
    let zip = ZipArchive::new(reader).map_err(|error| broken(archive, error))?;
    left.set(None);
    if zip.len() > most {
        return Err(too_many(archive, most).into());
    }
    Ok(zip)
}

/// The files of the archive under clean names.
fn members<R: Read + Seek>(zip: &ZipArchive<R>, archive: &str) -> Result<Vec<Member>, FetchError> {
    let mut names = BTreeSet::new();
    let mut members = Vec::new();
    for index in 0..zip.len() {
        let stored = zip.name_for_index(index).transpose().map_err(|error| broken(archive, error))?;
        // Some Windows programs write `\`.
        let name = stored.unwrap_or_default().replace('\\', "/");
        let name = name.strip_prefix("./").unwrap_or(&name);
        let drive = name.as_bytes().get(1) == Some(&b':');
        if name.starts_with('/') || drive || name.contains('\0') || name.split('/').any(|part| part == "..") {
            return Err(fault(&finding::WRONG_CONTENT, &format!("{archive}!{name}"), "").into());
        }
        if name.ends_with('/') || name.is_empty() {
            continue;
        }
        if !names.insert(name.to_owned()) {
            return Err(twice(archive, name).into());
        }
        members.push(Member { name: name.to_owned(), index });
    }
    // The library keeps the last of several members with one name and does not tell which name it was.
    if zip.has_duplicate_names() {
        return Err(twice(archive, "?").into());
    }
    members.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(members)
}

fn select<'a>(members: &'a [Member], archive: &str, wanted: &str) -> Result<Vec<&'a Member>, FetchError> {
    let exact: Vec<&Member> = members.iter().filter(|member| member.name == wanted).collect();
    let selected = match Pattern::new(wanted) {
        Ok(pattern) if exact.is_empty() && is_pattern(wanted) => members
            .iter()
            .filter(|member| !is_hidden(&member.name) && pattern.matches_with(&member.name, MATCHING))
            .collect(),
        _ => exact,
    };
    if selected.is_empty() {
        let names = || members.iter().map(|member| member.name.as_str()).filter(|name| !is_hidden(name));
        let hint = nearest(wanted, names()).or_else(|| names().next().map(str::to_owned));
        return Err(Finding { hint, ..fault(&finding::FILE_MISSING, &format!("{archive}!{wanted}"), "") }.into());
    }
    Ok(selected)
}

fn fault(rule: &Rule, value: &str, expected: &str) -> Finding {
    let expected = (!expected.is_empty()).then(|| expected.to_owned());
    Finding { value: Some(value.to_owned()), expected, ..Finding::of(rule) }
}

fn too_many(archive: &str, most: usize) -> Finding {
    Finding { hint: Some("archive_members".to_owned()), ..fault(&finding::LIMIT, archive, &most.to_string()) }
}

fn twice(archive: &str, name: &str) -> Finding {
    Finding { hint: Some("2×".to_owned()), ..fault(&finding::DAMAGED, &format!("{archive}!{name}"), "1×") }
}

fn broken(name: &str, error: ZipError) -> FetchError {
    match error {
        ZipError::Io(error) if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<FetchError>) => {
            error.into()
        }
        ZipError::Io(error) if error.raw_os_error().is_some() => FetchError::Io(error),
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            fault(&finding::PASSWORD, name, "").into()
        }
        ZipError::CompressionMethodNotSupported(_) => fault(&finding::WRONG_CONTENT, name, "deflate, store").into(),
        other => Finding { hint: Some(other.to_string()), ..fault(&finding::DAMAGED, name, "") }.into(),
    }
}

/// Counts what is read while the directory of the archive is, so that a directory of gigabytes ends there.
struct Opening<R> {
    inner: R,
    left: Rc<Cell<Option<u64>>>,
    name: String,
    most: usize,
}

impl<R: Read> Read for Opening<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.inner.read(buffer)?;
        if let Some(left) = self.left.get() {
            let left = left.checked_sub(bytes as u64);
            self.left.set(Some(left.ok_or_else(|| FetchError::from(too_many(&self.name, self.most)))?));
        }
        Ok(bytes)
    }
}

impl<R: Seek> Seek for Opening<R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.inner.seek(position)
    }
}

/// A member as it inflates, within the limits of one member and of all of the archive together.
struct Inflating<'a, R> {
    inner: R,
    packed: u64,
    bytes: u64,
    all: &'a Cell<u64>,
    name: String,
    context: FetchContext<'a>,
}

impl<R: Read> Read for Inflating<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = match self.inner.read(buffer) {
            Ok(bytes) => bytes as u64,
            // What the system has to say is the environment's fault, all else the archive's.
            Err(error) if error.raw_os_error().is_some() || error.kind() == io::ErrorKind::Interrupted => {
                return Err(error);
            }
            Err(error) => return Err(broken(&self.name, ZipError::Io(error)).into()),
        };
        self.bytes += bytes;
        self.all.set(self.all.get() + bytes);
        let limits = self.context.limits;
        let exceeded = if self.all.get() > limits.inflated_bytes {
            Some(("inflated_bytes", limits.inflated_bytes))
        } else if self.bytes > RATIO_FREE_BYTES && self.bytes / self.packed > limits.inflation_ratio {
            Some(("inflation_ratio", limits.inflation_ratio))
        } else {
            None
        };
        if let Some((setting, most)) = exceeded {
            let finding = fault(&finding::LIMIT, &self.name, &most.to_string());
            return Err(FetchError::from(Finding { hint: Some(setting.to_owned()), ..finding }).into());
        }
        Ok(bytes as usize)
    }
}
