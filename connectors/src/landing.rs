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
use vienkop_transforms::finding::{self, Finding};

use crate::fetch::FetchError;
use crate::limits::Limits;

/// Files on their way in; a crash leaves them here and nowhere else.
const ARRIVING: &str = "arriving";
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
        make_private_folder(&root)?;
        make_private_folder(&root.join(ARRIVING))?;
        Ok(Self { root })
    }

    /// Takes a file in. Until it is whole and on the disk nothing lies under its hash.
    ///
    /// # Errors
    /// [`FetchError::File`] above `limits.file_bytes` (F007) and for what the reader finds; the disk is full, …
    pub fn land(&self, reader: &mut dyn Read, name: &str, limits: &Limits) -> Result<Landed, FetchError> {
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
            arriving.write_all(&chunk[..read])?;
        }
        let sha256 = hex(&hash.finalize());
        let path = self.path(&sha256)?;
        // The same content lies here already, unless what lies here is not whole.
        let new = fs::metadata(&path).map_or(true, |kept| kept.len() != bytes);
        if new {
            self.keep(arriving, &path)?;
        }
        Ok(Landed { sha256, path, bytes, name: name.to_owned(), new })
    }

    fn keep(&self, arriving: NamedTempFile, path: &Path) -> io::Result<()> {
        arriving.as_file().sync_all()?;
        let folder = path.parent().unwrap_or(&self.root);
        make_private_folder(folder)?;
        make_read_only(arriving.path())?;
        arriving.persist(path).map_err(|failed| failed.error)?;
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
                0 => return Ok(hex(&hash.finalize()) == sha256),
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

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn make_private_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
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
fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
