//! The landing zone: what sources delivered, kept as evidence under the hash of its content.
//!
//! A landed file is never changed. Whatever comes after landing reads from here, so it can be replayed without the
//! source. Which run landed what, under which name, is told by the registry's `landed_file`.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use fs_err as fs;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use vienkop_transforms::digest::hex;
use vienkop_transforms::finding::{self, Finding};

use crate::fetch::FetchError;
use crate::kill::kill_point;
use crate::limits::Limits;

/// Files on their way in; a crash leaves them here and nowhere else.
const ARRIVING: &str = "arriving";
const MAKE: &str = "landing: make folder";
const CHUNK: usize = 128 << 10;

/// A folder of landed files: `<first two hex digits>/<SHA-256>`. Only its owner can read it: it holds personal data.
#[derive(Debug, Clone)]
pub struct LandingZone {
    root: PathBuf,
}

/// A file that has landed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// Hash of the content in lower-case hex.
    pub sha256: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Size of the content.
    pub bytes: u64,
    /// The name a person knows it by.
    pub name: String,
    /// Whether this content was not here before.
    pub new: bool,
}

impl LandingZone {
    /// The landing zone in `root`, which is made when it does not exist.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn new(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        make_private_folder(&root, MAKE)?;
        make_private_folder(&root.join(ARRIVING), MAKE)?;
        Ok(Self { root })
    }

    /// The landing zone in `root` to look into; makes nothing.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Takes a file in. Until it is whole and on the disk nothing lies under its hash.
    ///
    /// # Errors
    /// [`FetchError::File`] above `limits.file_bytes` (F007) and for what the reader finds; the disk is full, …
    pub fn land(&self, reader: &mut dyn Read, name: &str, limits: &Limits) -> Result<Landed, FetchError> {
        kill_point("landing: create");
        let mut arriving = NamedTempFile::new_in(self.root.join(ARRIVING))?;
        let mut hash = Sha256::new();
        let mut bytes = 0_u64;
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = match reader.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            bytes += read as u64;
            if bytes > limits.file_bytes {
                let finding = Finding {
                    value: Some(name.to_owned()),
                    expected: Some(limits.file_bytes.to_string()),
                    hint: Some("file_bytes".to_owned()),
                    ..Finding::of(&finding::LIMIT)
                };
                return Err(finding.into());
            }
            hash.update(&chunk[..read]);
            kill_point("landing: write");
            arriving.write_all(&chunk[..read])?;
        }
        let sha256 = hex(hash.finalize());
        let path = self.path(&sha256)?;
        // The same content lies here already, unless what lies here is not whole.
        let new = fs::metadata(&path).map_or(true, |kept| kept.len() != bytes);
        if new {
            self.keep(arriving, &path)?;
        } else {
            kill_point("landing: remove what is here already");
            drop(arriving);
        }
        Ok(Landed { sha256, path, bytes, name: name.to_owned(), new })
    }

    fn keep(&self, arriving: NamedTempFile, path: &Path) -> io::Result<()> {
        kill_point("landing: sync");
        arriving.as_file().sync_all()?;
        let folder = path.parent().unwrap_or(&self.root);
        make_private_folder(folder, MAKE)?;
        kill_point("landing: make read-only");
        make_read_only(arriving.path())?;
        kill_point("landing: rename");
        arriving.persist(path).map_err(|failed| failed.error)?;
        kill_point("landing: sync folder");
        sync_folder(folder)
    }

    /// Where the file with this hash lies, if it does.
    ///
    /// # Errors
    /// Not a SHA-256 in lower-case hex.
    pub fn path(&self, sha256: &str) -> io::Result<PathBuf> {
        let hex = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !hex {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("not a SHA-256: {sha256}")));
        }
        Ok(self.root.join(&sha256[..2]).join(sha256))
    }

    /// Removes a landed file; false when it was not here.
    ///
    /// # Errors
    /// Not a SHA-256, or the file cannot be removed.
    pub fn remove(&self, sha256: &str) -> io::Result<bool> {
        kill_point("landing: remove");
        match fs::remove_file(self.path(sha256)?) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Opens a landed file.
    ///
    /// # Errors
    /// It is not here (any more), or cannot be read.
    pub fn open(&self, sha256: &str) -> io::Result<fs::File> {
        fs::File::open(self.path(sha256)?)
    }

    /// Whether a landed file still is what its hash says.
    ///
    /// # Errors
    /// It is not here (any more), or cannot be read.
    pub fn verify(&self, sha256: &str) -> io::Result<bool> {
        let mut file = self.open(sha256)?;
        let mut hash = Sha256::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            match file.read(&mut chunk)? {
                0 => return Ok(hex(hash.finalize()) == sha256),
                read => hash.update(&chunk[..read]),
            }
        }
    }

    /// Removes what crashed runs left half-way, if it has not been touched for `older_than` (another run may be
    /// landing right now). Returns how many files that were.
    ///
    /// # Errors
    /// The folder cannot be read, a file cannot be removed.
    pub fn sweep(&self, older_than: Duration) -> io::Result<u64> {
        let now = SystemTime::now();
        let mut removed = 0;
        for entry in fs::read_dir(self.root.join(ARRIVING))? {
            let entry = entry?;
            let touched = match entry.metadata().and_then(|kind| kind.modified()) {
                Ok(touched) => touched,
                // Its run has ended in the meantime.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if now.duration_since(touched).is_ok_and(|age| age >= older_than) {
                kill_point("landing: sweep");
                match fs::remove_file(entry.path()) {
                    Ok(()) => removed += 1,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(removed)
    }
}

/// `point` names the write.
pub(crate) fn make_private_folder(folder: &Path, point: &str) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    kill_point(point);
    fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

fn make_read_only(file: &Path) -> io::Result<()> {
    let mut permissions = fs::metadata(file)?.permissions();
    permissions.set_readonly(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        permissions.set_mode(0o400);
    }
    fs::set_permissions(file, permissions)
}

/// A new name is safe from a power cut only when its folder is on the disk too.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn zone() -> (tempfile::TempDir, LandingZone) {
        let folder = tempfile::tempdir().unwrap();
        let zone = LandingZone::new(folder.path().join("landed")).unwrap();
        (folder, zone)
    }

    fn land(zone: &LandingZone, mut bytes: &[u8]) -> Result<Landed, FetchError> {
        zone.land(&mut bytes, "../a/b.csv", &Limits { file_bytes: 1_000_000, ..Limits::default() })
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
        }
        found
    }

    #[test]
    fn content_lands_once_under_its_hash() {
        let (folder, zone) = zone();
        let first = land(&zone, b"abc").unwrap();
        let path = folder.path().join("landed/ba").join(ABC);
        let name = "../a/b.csv".to_owned();
        assert_eq!(first, Landed { sha256: ABC.to_owned(), path: path.clone(), bytes: 3, name, new: true });
        let again = land(&zone, b"abc").unwrap();
        assert_eq!(again, Landed { new: false, ..first });
        assert_eq!(files(folder.path()), std::slice::from_ref(&path));
        let mut text = String::new();
        zone.open(ABC).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "abc");
        assert!(zone.verify(ABC).unwrap());
        assert!(land(&zone, b"").unwrap().new);
        let large = vec![7; 1_000_000];
        assert_eq!(land(&zone, &large).unwrap().bytes, 1_000_000);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let (folder, zone) = zone();
        let landed = land(&zone, b"abc").unwrap();
        for (path, mode) in [
            (landed.path.as_path(), 0o400),
            (landed.path.parent().unwrap(), 0o700),
            (&folder.path().join("landed"), 0o700),
        ] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, mode, "{}", path.display());
        }
    }

    #[test]
    fn a_failed_landing_leaves_nothing() {
        struct Failing(u32);
        impl Read for Failing {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                match self.0 {
                    1 => Err(io::ErrorKind::Interrupted.into()),
                    2 => Ok(buffer.len()),
                    _ => Err(FetchError::Cancelled.into()),
                }
            }
        }
        let (folder, zone) = zone();
        let result = zone.land(&mut Failing(0), "a", &Limits::default());
        assert!(matches!(result, Err(FetchError::Cancelled)), "{result:?}");
        let result = land(&zone, &vec![0; 1_000_001]);
        assert!(matches!(&result, Err(FetchError::File(f)) if f.code == "F007"), "{result:?}");
        assert!(files(folder.path()).is_empty());
    }

    #[test]
    fn damage_is_seen_and_mended_by_landing_again() {
        let (_folder, zone) = zone();
        let landed = land(&zone, b"abc").unwrap();
        for (content, seen_when_landing) in [(&b"ab"[..], true), (b"abd", false)] {
            fs::remove_file(&landed.path).unwrap();
            fs::write(&landed.path, content).unwrap();
            assert!(!zone.verify(ABC).unwrap());
            assert_eq!(land(&zone, b"abc").unwrap().new, seen_when_landing);
        }
    }

    #[test]
    fn only_stale_leftovers_are_swept() {
        let (folder, zone) = zone();
        land(&zone, b"abc").unwrap();
        fs::write(folder.path().join("landed/arriving/half"), "x").unwrap();
        assert_eq!(zone.sweep(Duration::from_secs(3600)).unwrap(), 0);
        assert_eq!(zone.sweep(Duration::ZERO).unwrap(), 1);
        assert_eq!(files(folder.path()).len(), 1);
    }

    #[test]
    fn only_hashes_name_files() {
        let (_folder, zone) = zone();
        for name in ["", "../../etc/passwd", &ABC.to_uppercase(), &ABC[1..]] {
            assert_eq!(zone.open(name).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{name}");
        }
        assert_eq!(zone.open(ABC).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
