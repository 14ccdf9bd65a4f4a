//! The zip around xlsx, xlsb and ods: its parts, and the limits that are kept while they inflate.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::rc::Rc;

use fs_err::File;
use vienkop_transforms::finding::Finding;
use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use super::xml::Lexer;
use crate::format::ReadError;
use crate::format::excel::fault::{self, Refused};
use crate::limits::Limits;

/// Parts below this size are let through whatever their ratio: an empty form compresses very well.
const RATIO_FREE_BYTES: u64 = 10_000_000;

/// A zip and what of it was looked at.
pub(super) struct Package<'a> {
    zip: ZipArchive<Opening<BufReader<File>>>,
    /// Index by name; names as calamine compares them: lower case, `/`.
    names: HashMap<String, usize>,
    /// Names as written, by index.
    written: Vec<String>,
    seen: HashSet<usize>,
    inflated: Cell<u64>,
    pub(super) limits: &'a Limits,
}

/// A part as it inflates.
pub(super) type Part<'p> = BufReader<Inflating<'p, ZipFile<'p, Opening<BufReader<File>>>>>;

impl<'a> Package<'a> {
    /// Opens the zip and reads its directory.
    pub(super) fn open(file: File, limits: &'a Limits) -> Result<Self, ReadError> {
        let most = limits.archive_members;
        // An entry of the directory takes some 60 bytes and its name: what needs far more is no honest directory.
        let left = Rc::new(Cell::new(Some(1_000_000 + 512 * most as u64)));
        let reader = Opening { inner: BufReader::new(file), left: Rc::clone(&left), most };
        let zip = ZipArchive::new(reader).map_err(|error| broken(&error))?;
        left.set(None);
        if zip.len() > most {
            return Err(too_many(most).into());
        }
        let mut names = HashMap::with_capacity(zip.len());
        let mut written = Vec::with_capacity(zip.len());
        for index in 0..zip.len() {
            let name = zip.name_for_index(index).transpose().map_err(|error| broken(&error))?.unwrap_or_default();
            // calamine and we could take different ones of two parts with one name.
            if names.insert(name.replace('\\', "/").to_ascii_lowercase(), index).is_some() {
                return Err(fault::damaged(format!("2× {name}")).into());
            }
            written.push(name.into_owned());
        }
        if zip.has_duplicate_names() {
            return Err(fault::damaged("2×").into());
        }
        Ok(Self { zip, names, written, seen: HashSet::new(), inflated: Cell::new(0), limits })
    }

    /// Whether there is such a part.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains_key(&name.to_ascii_lowercase())
    }

    /// A part by its name; it counts as looked at.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<Part<'_>>, ReadError> {
        let Some(&index) = self.names.get(&name.to_ascii_lowercase()) else { return Ok(None) };
        self.seen.insert(index);
        self.inflate(index, name).map(Some)
    }

    /// The first bytes of a part; empty when there is no such part.
    pub(super) fn small(&mut self, name: &str) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::new();
        if let Some(&index) = self.names.get(name) {
            self.inflate(index, name)?.take(256).read_to_end(&mut bytes).map_err(|e| fault::from_io(&e))?;
        }
        Ok(bytes)
    }

    /// Refuses a part that calamine keeps in memory and that is too large for that.
    pub(super) fn check_kept(&mut self, name: &str) -> Result<(), ReadError> {
        let most = self.limits.shared_text_bytes;
        let Some(mut part) = self.part(name)? else { return Ok(()) };
        let bytes = drain(&mut part.by_ref().take(most + 1))?;
        if bytes > most {
            return Err(fault::limit(name, most, "shared_text_bytes").into());
        }
        Ok(())
    }

    /// Inflates what was not looked at, for its size, and refuses document types in it.
    pub(super) fn finish(&mut self) -> Result<(), ReadError> {
        for (index, name) in self.written.clone().into_iter().enumerate() {
            if self.seen.insert(index) {
                let limits = self.limits;
                let part = self.inflate(index, &name)?;
                let mut part = if is_xml(&name) { Lexer::new(part, &name, limits).prolog()? } else { part };
                drain(&mut part)?;
            }
        }
        Ok(())
    }

    fn inflate(&mut self, index: usize, name: &str) -> Result<Part<'_>, ReadError> {
        let inner = self.zip.by_index(index).map_err(|error| broken(&error))?;
        let packed = inner.compressed_size().max(1);
        let name = name.to_owned();
        Ok(BufReader::new(Inflating { inner, packed, bytes: 0, all: &self.inflated, name, limits: self.limits }))
    }
}

/// Reads to the end, which also compares the checksum.
pub(super) fn drain(part: &mut impl Read) -> Result<u64, ReadError> {
    io::copy(part, &mut io::sink()).map_err(|error| fault::from_io(&error))
}

fn is_xml(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".xml", ".rels", ".vml", ".rdf"].iter().any(|ending| name.ends_with(ending))
}

fn too_many(most: usize) -> Finding {
    fault::limit(format!("> {most}"), most, "archive_members")
}

fn broken(error: &ZipError) -> ReadError {
    match error {
        ZipError::Io(error) => fault::from_io(error),
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            fault::password().into()
        }
        other => fault::damaged(other.to_string()).into(),
    }
}

/// Counts what is read while the directory of the zip is, so that a directory of gigabytes ends there.
pub(super) struct Opening<R> {
    inner: R,
    left: Rc<Cell<Option<u64>>>,
    most: usize,
}

impl<R: Read> Read for Opening<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.inner.read(buffer)?;
        if let Some(left) = self.left.get() {
            let left = left.checked_sub(bytes as u64);
            self.left.set(Some(left.ok_or_else(|| io::Error::other(Refused(too_many(self.most))))?));
        }
        Ok(bytes)
    }
}

impl<R: Seek> Seek for Opening<R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.inner.seek(position)
    }
}

/// A part as it inflates, within the limits of one part and of all together.
pub(super) struct Inflating<'a, R> {
    inner: R,
    packed: u64,
    bytes: u64,
    all: &'a Cell<u64>,
    name: String,
    limits: &'a Limits,
}

impl<R: Read> Read for Inflating<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.inner.read(buffer)? as u64;
        self.bytes += bytes;
        self.all.set(self.all.get() + bytes);
        let exceeded = if self.all.get() > self.limits.inflated_bytes {
            Some(("inflated_bytes", self.limits.inflated_bytes))
        } else if self.bytes > RATIO_FREE_BYTES && self.bytes / self.packed > self.limits.inflation_ratio {
            Some(("inflation_ratio", self.limits.inflation_ratio))
        } else {
            None
        };
        if let Some((setting, most)) = exceeded {
            return Err(io::Error::other(Refused(fault::limit(&self.name, most, setting))));
        }
        Ok(bytes as usize)
    }
}
