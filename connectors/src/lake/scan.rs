//! Reading the lake.

use std::io::Read as _;
use std::path::PathBuf;

use fs_err as fs;
use polars::io::HiveOptions;
use polars::prelude::*;
use sha2::{Digest, Sha256};
use vienkop_transforms::digest::hex;
use vienkop_transforms::status::tables::LakeTable;

use super::{Lake, LakeError, LakeFile, is_file_name, is_month, is_source};

const CHUNK: usize = 128 << 10;

impl Lake {
    /// The rows of some files of one table, to be narrowed down and collected by the caller; none of no files.
    ///
    /// # Errors
    /// A file is missing, or shorter or longer than it was. Damage within a file shows when it is collected, see
    /// [`Self::verify`].
    pub fn scan(&self, table: LakeTable, files: &[LakeFile]) -> Result<LazyFrame, LakeError> {
        let schema = Arc::new(table.schema());
        if files.is_empty() {
            return Ok(DataFrame::empty_with_schema(&schema).lazy());
        }
        let mut paths = Vec::new();
        for file in files {
            if file.table != table {
                return Err(LakeError::Name(file.path.clone()));
            }
            let path = self.present(file)?;
            let name = path.to_str().ok_or_else(|| LakeError::Name(path.to_string_lossy().into_owned()))?;
            paths.push(PlRefPath::new(name));
        }
        let hive_options = HiveOptions { enabled: Some(false), ..HiveOptions::default() };
        let options = ScanArgsParquet { schema: Some(schema), glob: false, hive_options, ..ScanArgsParquet::default() };
        Ok(LazyFrame::scan_parquet_files(paths.into_iter().collect(), options)?)
    }

    /// Where a file lies, whether it is there or not.
    ///
    /// # Errors
    /// The path is not what this lake names its files.
    pub fn locate(&self, file: &LakeFile) -> Result<PathBuf, LakeError> {
        let LakeFile { table, source, month, path, .. } = file;
        let name = path.strip_prefix(&format!("{}/{source}/{month}/", table.name())).filter(|name| is_file_name(name));
        match name {
            Some(name) if is_source(source) && is_month(month) => {
                Ok(self.folder.join(table.name()).join(source).join(month).join(name))
            }
            _ => Err(LakeError::Name(path.clone())),
        }
    }

    /// Where a file lies that is there in its full length.
    pub(super) fn present(&self, file: &LakeFile) -> Result<PathBuf, LakeError> {
        let path = self.locate(file)?;
        match fs::metadata(&path) {
            Ok(found) if found.len() == file.bytes => Ok(path),
            Ok(found) => {
                let reason = format!("{} bytes instead of {}", found.len(), file.bytes);
                Err(LakeError::Damaged { path, reason })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(LakeError::Missing { path }),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads a file and compares its content with its hash.
    ///
    /// # Errors
    /// It is missing or damaged.
    pub fn verify(&self, file: &LakeFile) -> Result<(), LakeError> {
        let path = self.present(file)?;
        let mut hash = Sha256::new();
        let mut content = fs::File::open(&path)?;
        let mut chunk = vec![0; CHUNK];
        loop {
            match content.read(&mut chunk)? {
                0 => break,
                read => hash.update(&chunk[..read]),
            }
        }
        if hex(hash.finalize()) == file.sha256 {
            return Ok(());
        }
        Err(LakeError::Damaged { path, reason: "its content is not what its hash says".to_owned() })
    }
}
