//! Writing Parquet: row groups of one size whatever the portions that rows come in, hashed on the way.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fs_err as fs;
use polars::io::parquet::write::BatchedWriter;
use polars::polars_utils::compression::ZstdLevel;
use polars::prelude::*;
use sha2::{Digest, Sha256};
use vienkop_transforms::digest::hex;

use super::LakeError;
use super::run::stack;
use crate::kill::kill_point;

/// What lies in the lake; small row groups let a reader of few buckets skip much.
const ROW_GROUP: usize = 128 << 10;
const LEVEL: i32 = 3;

/// A Parquet file that is being written.
pub(super) struct ParquetFile {
    path: PathBuf,
    sink: Sink,
    writer: BatchedWriter<Sink>,
    schema: Arc<Schema>,
}

impl ParquetFile {
    /// One of the lake: compressed well, with statistics by which buckets are skipped.
    pub(super) fn lasting(path: &Path, schema: &Arc<Schema>) -> Result<Self, LakeError> {
        let level = ZstdLevel::try_new(LEVEL)?;
        Self::create(path, schema, ParquetCompression::Zstd(Some(level)), StatisticsOptions::default())
    }

    /// One that is soon removed.
    pub(super) fn passing(path: &Path, schema: &Arc<Schema>) -> Result<Self, LakeError> {
        Self::create(path, schema, ParquetCompression::Lz4Raw, StatisticsOptions::empty())
    }

    fn create(
        path: &Path,
        schema: &Arc<Schema>,
        compression: ParquetCompression,
        statistics: StatisticsOptions,
    ) -> Result<Self, LakeError> {
        kill_point("lake: create file");
        let state = State { file: BufWriter::new(fs::File::create(path)?), hash: Sha256::new(), bytes: 0 };
        let sink = Sink(Arc::new(Mutex::new(state)));
        let writer = ParquetWriter::new(sink.clone()).with_compression(compression).with_statistics(statistics);
        let writer = writer.batched(schema).map_err(|error| LakeError::writing(path, error))?;
        Ok(Self { path: path.to_owned(), sink, writer, schema: schema.clone() })
    }

    /// Writes rows as one row group.
    pub(super) fn write(&mut self, mut frame: DataFrame) -> Result<(), LakeError> {
        if frame.height() == 0 {
            return Ok(());
        }
        if frame.schema() != &self.schema {
            return Err(polars_err!(SchemaMismatch: "{:?} instead of {:?}", frame.schema(), self.schema).into());
        }
        frame.rechunk_mut_par();
        kill_point("lake: write");
        self.writer.write_batch(&frame).map_err(|error| LakeError::writing(&self.path, error))
    }

    /// Ends the file: its size and the hash of its content. It may not be on the disk yet.
    pub(super) fn finish(self) -> Result<(u64, String), LakeError> {
        kill_point("lake: end file");
        self.writer.finish().map_err(|error| LakeError::writing(&self.path, error))?;
        let mut state = self.sink.state();
        state.file.flush()?;
        Ok((state.bytes, hex(std::mem::take(&mut state.hash).finalize())))
    }
}

/// A file of the lake in which rows that come in any portions stand in row groups of one size.
pub(super) struct LastingFile {
    file: ParquetFile,
    waiting: Vec<DataFrame>,
    rows_waiting: usize,
    /// Rows so far.
    pub(super) rows: u64,
}

impl LastingFile {
    pub(super) fn create(path: &Path, schema: &Arc<Schema>) -> Result<Self, LakeError> {
        let file = ParquetFile::lasting(path, schema)?;
        Ok(Self { file, waiting: Vec::new(), rows_waiting: 0, rows: 0 })
    }

    pub(super) fn push(&mut self, frame: DataFrame) -> Result<(), LakeError> {
        self.rows += frame.height() as u64;
        self.rows_waiting += frame.height();
        self.waiting.push(frame);
        if self.rows_waiting < ROW_GROUP {
            return Ok(());
        }
        let all = stack(std::mem::take(&mut self.waiting), &self.file.schema)?;
        let whole = all.height() - all.height() % ROW_GROUP;
        for begin in (0..whole).step_by(ROW_GROUP) {
            self.file.write(all.slice(begin as i64, ROW_GROUP))?;
        }
        self.rows_waiting = all.height() - whole;
        self.waiting.push(all.slice(whole as i64, self.rows_waiting));
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(u64, String), LakeError> {
        let rest = stack(std::mem::take(&mut self.waiting), &self.file.schema)?;
        self.file.write(rest)?;
        self.file.finish()
    }
}

struct State {
    file: BufWriter<fs::File>,
    hash: Sha256,
    bytes: u64,
}

/// The writer of Polars keeps what it writes to; this half of it stays with us.
#[derive(Clone)]
struct Sink(Arc<Mutex<State>>);

impl Sink {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        state.file.write_all(bytes)?;
        state.hash.update(bytes);
        state.bytes += bytes.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.state().file.flush()
    }
}
