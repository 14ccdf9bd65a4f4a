//! A publication in the making: a folder that takes the place of the day's earlier one when all of it is there.
//!
//! | in `<work>/publish/` | is |
//! |---|---|
//! | `2024-07-08/` | the publication of that day; `publication.json` lists its files |
//! | `.2024-07-08.part/` | one in the making, or left by a program that was stopped: the next one begins anew |
//! | `.2024-07-08.old/` | the day's earlier one while it is replaced; put back where the program was stopped in between |

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use fs_err as fs;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use vienkop_connectors::kill::kill_point;
use vienkop_transforms::digest::hex;

/// Name of the list of files.
pub(crate) const LIST: &str = "publication.json";

/// A file of a publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Emitted {
    /// Path within the publication, `/` between its parts.
    pub(crate) path: String,
    /// Its size.
    pub(crate) bytes: u64,
    /// SHA-256 of its content, lower-case hex.
    pub(crate) sha256: String,
}

/// `publication.json`: what is published.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Listed {
    /// The day that it is about.
    pub(crate) as_of: Date,
    /// Every other file, by path.
    pub(crate) files: Vec<Emitted>,
}

/// A publication in the making.
pub(crate) struct Draft {
    day: Date,
    root: PathBuf,
    /// Where it is written; none: it is only reckoned.
    part: Option<PathBuf>,
    files: Vec<Emitted>,
}

/// A file of a draft that is being written.
pub(crate) struct Writing {
    path: String,
    out: BufWriter<Box<dyn Write>>,
    hash: Sha256,
    bytes: u64,
}

impl Draft {
    /// Begins the publication of a day below `root`. `write`: else nothing is written, and what would be is counted.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub(crate) fn begin(root: &Path, day: Date, write: bool) -> io::Result<Self> {
        let mut draft = Self { day, root: root.to_owned(), part: None, files: Vec::new() };
        if write {
            kill_point("publish: make folder");
            fs::create_dir_all(root)?;
            mend(root)?;
            let part = draft.beside("part");
            kill_point("publish: make draft");
            fs::create_dir(&part)?;
            draft.part = Some(part);
        }
        Ok(draft)
    }

    fn beside(&self, what: &str) -> PathBuf {
        self.root.join(format!(".{}.{what}", self.day))
    }

    /// Begins a file; `path` with `/` between its parts.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn file(&self, path: &str) -> io::Result<Writing> {
        let out: Box<dyn Write> = match &self.part {
            Some(part) => {
                let target = part.join(path);
                kill_point("publish: create file");
                fs::create_dir_all(target.parent().unwrap_or(part))?;
                Box::new(fs::File::create_new(target)?)
            }
            None => Box::new(io::sink()),
        };
        let out = BufWriter::with_capacity(1 << 16, out);
        Ok(Writing { path: path.to_owned(), out, hash: Sha256::new(), bytes: 0 })
    }

    /// Ends a file.
    ///
    /// # Errors
    /// It cannot be written to its end.
    pub(crate) fn end(&mut self, mut file: Writing) -> io::Result<()> {
        kill_point("publish: end file");
        file.out.flush()?;
        let sha256 = hex(file.hash.finalize());
        self.files.push(Emitted { path: file.path, bytes: file.bytes, sha256 });
        Ok(())
    }

    /// Writes a whole file.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn whole(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        let mut file = self.file(path)?;
        file.write_all(content)?;
        self.end(file)
    }

    /// Puts the publication in its place; gives its folder and files by path.
    ///
    /// # Errors
    /// The list cannot be written, or a folder cannot be renamed; then the earlier publication stays.
    pub(crate) fn finish(mut self) -> io::Result<(PathBuf, Vec<Emitted>)> {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        let listed = Listed { as_of: self.day, files: std::mem::take(&mut self.files) };
        let (target, old) = (self.root.join(self.day.to_string()), self.beside("old"));
        if let Some(part) = &self.part {
            let mut content = serde_json::to_vec_pretty(&listed)?;
            content.push(b'\n');
            kill_point("publish: list");
            fs::write(part.join(LIST), content)?;
            if target.exists() {
                kill_point("publish: put aside");
                fs::rename(&target, &old)?;
            }
            kill_point("publish: put in place");
            fs::rename(part, &target)?;
            self.part = None;
            if old.exists() {
                kill_point("publish: remove earlier");
                fs::remove_dir_all(&old)?;
            }
        }
        Ok((target, listed.files))
    }
}

impl Drop for Draft {
    /// What was not finished is of no use to anybody.
    fn drop(&mut self) {
        if let Some(part) = &self.part {
            kill_point("publish: remove draft");
            let _ = fs::remove_dir_all(part);
        }
    }
}

impl Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Mends what a program left that was stopped: drafts go, and a publication that was put aside comes back.
fn mend(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let (path, name) = (entry.as_ref().map(fs::DirEntry::path), entry.as_ref().map(fs::DirEntry::file_name));
        let (Ok(path), Ok(name)) = (path, name) else { continue };
        let name = name.to_string_lossy().into_owned();
        let Some((day, what)) = name.strip_prefix('.').and_then(|name| name.rsplit_once('.')) else { continue };
        if day.parse::<Date>().is_err() || !matches!(what, "part" | "old") {
            continue;
        }
        let target = root.join(day);
        if what == "old" && !target.exists() {
            kill_point("publish: put back");
            fs::rename(&path, &target)?;
        } else {
            kill_point("publish: remove leftovers");
            fs::remove_dir_all(&path)?;
        }
    }
    Ok(())
}

/// Days of the publications below `root`, the earliest first.
///
/// # Errors
/// The folder is there and cannot be read.
pub(crate) fn days(root: &Path) -> io::Result<Vec<Date>> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut days = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let day = path.file_name().and_then(|name| name.to_string_lossy().parse::<Date>().ok());
        days.extend(day.filter(|_| path.join(LIST).is_file()));
    }
    days.sort_unstable();
    Ok(days)
}

/// Removes publications but the last `keep`, and those of `spared` days; a day after that of the draft is never removed
/// for it.
///
/// # Errors
/// A folder cannot be removed.
pub(crate) fn prune(root: &Path, keep: usize, spared: &[Date]) -> io::Result<()> {
    let days = days(root)?;
    let surplus = days.len().saturating_sub(keep);
    for day in days.into_iter().take(surplus).filter(|day| !spared.contains(day)) {
        // Under a name that is no day first, so that nobody takes what is left of it for a publication.
        let old = root.join(format!(".{day}.part"));
        kill_point("publish: retire");
        fs::rename(root.join(day.to_string()), &old)?;
        kill_point("publish: remove retired");
        fs::remove_dir_all(old)?;
    }
    Ok(())
}
