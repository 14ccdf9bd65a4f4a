//! A reader on its own thread, a few batches ahead of the transforms and no more.

use std::sync::Arc;

use tokio::sync::mpsc;
use vienkop_connectors::format::{Input, Output, ReadError, Rejected, Skip, Stopped, TableReader};
use vienkop_connectors::limits::Limits;
use vienkop_transforms::batch::Batch;
use vienkop_transforms::finding::Finding;

/// What a reader says, in its order.
pub(super) enum Fed {
    /// Rows.
    Batch(Batch),
    /// Something to tell of the file.
    Finding(Finding),
    /// Rows left out by the reader's rules.
    Skipped(u64),
    /// A row that could not be read as one.
    Rejected(Rejected),
    /// The reader is done.
    End(Result<(), ReadError>),
}

/// Batches that may wait between reader and transforms: bounds the memory of a run.
const WAITING: usize = 2;

/// Starts reading a table; what is read comes through the channel, [`Fed::End`] last.
pub(super) fn feed(
    reader: Arc<dyn TableReader>,
    input: Input,
    wanted: Vec<String>,
    limits: Limits,
) -> mpsc::Receiver<Fed> {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let mut output = Sender { sender, stopped: false };
        let end = reader.read(&input, &wanted, &limits, &mut output);
        output.send(Fed::End(end));
    });
    receiver
}

struct Sender {
    sender: mpsc::Sender<Fed>,
    stopped: bool,
}

impl Sender {
    fn send(&mut self, fed: Fed) {
        self.stopped |= self.sender.blocking_send(fed).is_err();
    }
}

impl Output for Sender {
    fn batch(&mut self, batch: Batch) -> Result<(), Stopped> {
        self.send(Fed::Batch(batch));
        if self.stopped { Err(Stopped) } else { Ok(()) }
    }

    fn finding(&mut self, finding: Finding) {
        self.send(Fed::Finding(finding));
    }

    fn skipped(&mut self, _: Skip, rows: u64) {
        self.send(Fed::Skipped(rows));
    }

    fn rejected(&mut self, row: Rejected) {
        self.send(Fed::Rejected(row));
    }
}
