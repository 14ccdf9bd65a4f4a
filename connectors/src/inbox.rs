//! An inbox: a folder into which people put files, each a delivery of its own.
//!
//! A file is taken when it is whole: nobody has it open, and neither its size nor its time has changed while it was watched
//! ([`SETTLE`]). What was taken moves to `done` or `failed` in the folder, under the time and the number of its run, so that
//! nothing there is ever overwritten, with a text beside it that says what came of it.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use fs_err as fs;
use tempfile::NamedTempFile;

use crate::kill::kill_point;
use crate::landing::sync_folder;

/// How long a file must stay as it is. One that is being copied grows, or gets its time at the end.
pub const SETTLE: Duration = Duration::from_secs(2);

/// Where files go that were loaded.
pub const DONE: &str = "done";
/// Where files go of which nothing was loaded.
pub const FAILED: &str = "failed";

/// Endings of files on their way in.
const UNFINISHED: [&str; 7] = ["part", "partial", "tmp", "temp", "crdownload", "download", "filepart"];

/// Files in an inbox at most; the others are for the next run.
const MOST: usize = 1_000;

/// What lies in an inbox, as seen at one moment.
#[derive(Debug)]
pub struct Watched {
    folder: PathBuf,
    at: Instant,
    seen: Vec<Seen>,
}

/// A file in an inbox.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    modified: SystemTime,
    name: String,
    path: PathBuf,
    bytes: u64,
}

/// Why a file is left where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// It is on its way in, by its name or since it grows.
    Unfinished,
    /// A program has it open: the lock file of an office program lies beside it.
    Open,
}

/// Files of an inbox, by what is to become of them.
#[derive(Debug, Default)]
pub struct Files {
    /// Whole ones, the oldest first, and of one age by name.
    pub ready: Vec<PathBuf>,
    /// Names of those that are left for the next run, and why.
    pub waiting: Vec<(String, Waits)>,
}

impl Watched {
    /// Looks into a folder; one that is not there is empty.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn new(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        let seen = look(&folder)?;
        Ok(Self { folder, at: Instant::now(), seen })
    }

    /// How many files lie there, whole or not.
    pub fn files(&self) -> usize {
        self.seen.iter().filter(|file| !is_lock(&file.name)).count()
    }

    /// Looks again when [`SETTLE`] is over, and says which files have stayed as they were. Blocks.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn settled(self) -> io::Result<Files> {
        if self.seen.is_empty() {
            return Ok(Files::default());
        }
        std::thread::sleep(SETTLE.saturating_sub(self.at.elapsed()));
        let now = look(&self.folder)?;
        let mut files = Files::default();
        for file in &now {
            if is_lock(&file.name) {
                continue;
            }
            if now.iter().any(|other| locks(&other.name, &file.name)) {
                files.waiting.push((file.name.clone(), Waits::Open));
            } else if is_unfinished(&file.name) || !self.seen.contains(file) {
                files.waiting.push((file.name.clone(), Waits::Unfinished));
            } else if files.ready.len() < MOST {
                files.ready.push(file.path.clone());
            }
        }
        Ok(files)
    }
}

/// Files of the folder itself, by age and name. Neither links, which may lead anywhere, nor what is no file.
fn look(folder: &Path) -> io::Result<Vec<Seen>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut seen = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let kind = match fs::symlink_metadata(&path) {
            Ok(kind) if kind.is_file() => kind,
            Ok(_) => continue,
            // Somebody has taken it away in the meantime.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with('.') && !is_lock(&name) {
            continue;
        }
        seen.push(Seen { modified: kind.modified()?, name, path, bytes: kind.len() });
    }
    seen.sort();
    Ok(seen)
}

/// Whether the file is the mark of an office program that it has another open: `~$a.xlsx`, `.~lock.a.xlsx#`.
fn is_lock(name: &str) -> bool {
    name.starts_with("~$") || name.starts_with(".~lock.")
}

/// Whether `lock` is the mark that `name` is open. Excel leaves out the first two letters of long names.
fn locks(lock: &str, name: &str) -> bool {
    if let Some(of) = lock.strip_prefix("~$") {
        return of == name || (name.ends_with(of) && name.chars().count() == of.chars().count() + 2);
    }
    lock.strip_prefix(".~lock.").and_then(|of| of.strip_suffix('#')) == Some(name)
}

fn is_unfinished(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    ending.is_some_and(|ending| UNFINISHED.contains(&ending.as_str())) || name.starts_with('~')
}

/// Puts a file away: first the text, then the file, so that none lies there without a word. A process that ends in between
/// leaves the file where it was, for the next one. `stamp` names time and run: `2024-07-08T101500-r12`.
///
/// # Errors
/// A folder or file cannot be written.
pub fn put_away(file: &Path, into: &str, stamp: &str, text: &str) -> io::Result<PathBuf> {
    let inbox = file.parent().unwrap_or(Path::new("."));
    let folder = inbox.join(into);
    if !folder.is_dir() {
        kill_point("inbox: make folder");
        fs::create_dir_all(&folder)?;
        // Whoever may read the inbox may read what became of it.
        fs::set_permissions(&folder, fs::metadata(inbox)?.permissions())?;
    }
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    for folder in [DONE, FAILED] {
        forget(&inbox.join(folder), &name)?;
    }
    let target = free(&folder, &format!("{stamp} {name}"));
    kill_point("inbox: write what came of a file");
    let mut result = NamedTempFile::new_in(&folder)?;
    result.write_all(text.as_bytes())?;
    result.as_file().sync_all()?;
    readable_as(result.path(), file)?;
    let mut beside = target.clone().into_os_string();
    beside.push(".txt");
    result.persist(beside).map_err(|failed| failed.error)?;
    kill_point("inbox: move");
    fs::rename(file, &target)?;
    kill_point("inbox: sync folder");
    sync_folder(&folder)?;
    Ok(target)
}

/// Removes texts about a file that never came to lie beside them: a run ended in between.
fn forget(folder: &Path, name: &str) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        let found = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let about = found.strip_suffix(".txt").and_then(|about| about.split_once(' '));
        let stamped = about.filter(|(stamp, of)| *of == name && stamp.get(..17).is_some_and(is_stamp));
        if stamped.is_some() && fs::symlink_metadata(path.with_extension("")).is_err() {
            kill_point("inbox: remove what an interrupted run said");
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// A temporary file is its owner's alone; the text is for whoever put the file there.
fn readable_as(text: &Path, file: &Path) -> io::Result<()> {
    fs::set_permissions(text, fs::metadata(file)?.permissions())
}

/// The name, or one like it that is not taken.
fn free(folder: &Path, name: &str) -> PathBuf {
    let (stem, ending) = name.rsplit_once('.').map_or((name, String::new()), |(s, e)| (s, format!(".{e}")));
    let names = (2..).map(|n| folder.join(format!("{stem} ({n}){ending}")));
    let first = std::iter::once(folder.join(name));
    first.chain(names).find(|path| fs::symlink_metadata(path).is_err()).unwrap_or_else(|| folder.join(name))
}

/// Removes what was put away before the moment that `before` names (the beginning of a stamp). Returns how many files that
/// were.
///
/// # Errors
/// A folder cannot be read, a file cannot be removed.
pub fn expire(inbox: &Path, before: &str) -> io::Result<u64> {
    let mut removed = 0;
    for folder in [DONE, FAILED] {
        let entries = match fs::read_dir(inbox.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let stamped = name.get(..before.len()).filter(|stamp| is_stamp(stamp));
            if stamped.is_some_and(|stamp| stamp < before) && entry.file_type()?.is_file() {
                kill_point("inbox: expire");
                fs::remove_file(entry.path())?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

/// Whether a text has the form of a moment: `2024-07-08T101500`.
fn is_stamp(text: &str) -> bool {
    text.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        10 => byte == b'T',
        _ => byte.is_ascii_digit(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn names(files: &Files) -> Vec<String> {
        files.ready.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn only_whole_files_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        for name in ["b.xlsx", "grows.csv", "half.csv.part", "c.TMP", "d.crdownload", "open.xlsx", "~$open.xlsx"] {
            put(name, "1");
        }
        put("Garš nosaukums.xlsx", "1");
        put("~$rš nosaukums.xlsx", "1");
        put("libre.ods", "1");
        put(".~lock.libre.ods#", "1");
        put(".DS_Store", "1");
        fs::create_dir(folder.path().join(DONE)).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link.csv")).unwrap();
        let watched = Watched::new(folder.path()).unwrap();
        put("grows.csv", "12");
        put("late.csv", "1");
        let files = watched.settled().unwrap();
        assert_eq!(names(&files), ["b.xlsx"]);
        let mut waiting = files.waiting;
        waiting.sort_by(|a, b| a.0.cmp(&b.0));
        let unfinished = |name: &str| (name.to_owned(), Waits::Unfinished);
        let open = |name: &str| (name.to_owned(), Waits::Open);
        let expected = [
            unfinished("c.TMP"),
            unfinished("d.crdownload"),
            open("Garš nosaukums.xlsx"),
            unfinished("grows.csv"),
            unfinished("half.csv.part"),
            unfinished("late.csv"),
            open("libre.ods"),
            open("open.xlsx"),
        ];
        let mut expected = expected.to_vec();
        expected.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(waiting, expected);
    }

    #[test]
    fn an_empty_inbox_waits_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let began = Instant::now();
        let files = Watched::new(folder.path().join("none")).unwrap().settled().unwrap();
        assert!(files.ready.is_empty() && files.waiting.is_empty() && began.elapsed() < SETTLE);
    }

    #[test]
    fn nothing_that_was_put_away_is_overwritten_and_it_expires_by_its_stamp() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.csv");
        for content in ["first", "second"] {
            fs::write(&file, content).unwrap();
            put_away(&file, DONE, "2024-07-08T101500-r1", content).unwrap();
        }
        fs::write(folder.path().join("done/note.txt"), "somebody's own").unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(DONE).join(name)).unwrap();
        for (name, content) in [("2024-07-08T101500-r1 a.csv", "first"), ("2024-07-08T101500-r1 a (2).csv", "second")] {
            assert_eq!((read(name), read(&format!("{name}.txt"))), (content.to_owned(), content.to_owned()));
        }
        assert!(!file.exists());
        assert_eq!(expire(folder.path(), "2024-07-08T101500").unwrap(), 0);
        assert_eq!(expire(folder.path(), "2024-07-08T101501").unwrap(), 4);
        assert_eq!(read("note.txt"), "somebody's own");
    }
}
