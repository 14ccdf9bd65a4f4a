//! The conversation with the database runs beside the landing zone: rows come through a channel of a few portions.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender};
use vienkop_transforms::finding::{self, Finding};

use super::address::Address;
use super::cursor::Mark;
use super::fault::{self, Fault};
use super::row::{Asked, Rows};
use super::{mysql, postgres, sqlite};
use crate::fetch::{FetchContext, FetchError};

/// How often a wait looks whether somebody asked to stop.
const LOOK: Duration = Duration::from_millis(200);

/// What is to be asked of which database.
pub(super) struct Job {
    pub(super) address: Address,
    pub(super) queries: Vec<Asked>,
    pub(super) timeout: Duration,
    pub(super) connect: Duration,
}

/// What comes of it.
pub(super) enum Message {
    /// Rows, each with its line break.
    Rows(Vec<u8>),
    /// A query is at its end.
    End(End),
    /// Nothing more comes.
    Failed(Box<Finding>),
}

/// What a query said beside its rows.
#[derive(Debug, Clone, Default)]
pub(super) struct End {
    /// The greatest value of its cursor column.
    pub(super) greatest: Option<Mark>,
    /// The latest value that does not count, being of a day to come.
    pub(super) ahead: Option<String>,
}

/// Asks every query in one transaction and sends what comes; what goes wrong is the last that is sent.
pub(super) async fn deliver(job: Job, sender: Sender<Message>, stop: Arc<AtomicBool>) {
    let Job { address, queries, timeout, connect } = job;
    let mut rows = Rows::new(sender, Arc::clone(&stop), address.shown().to_owned());
    let dialect = address.dialect();
    let limits = Limits { connect, timeout };
    let asking = async {
        if let Some(refused) = limits.connected(async { Ok(address.link_local().await) }).await? {
            return Err(fault::link_local(address.shown(), refused).into());
        }
        match &address {
            Address::Sqlite { path, .. } => sqlite::ask(path, &queries, &mut rows, stop).await,
            Address::Postgres { options, .. } => postgres::ask(options, limits, &queries, &mut rows).await,
            Address::MySql { options, .. } => mysql::ask(options, limits, &queries, &mut rows).await,
        }
    };
    let asked = tokio::time::timeout(timeout, asking).await;
    let finding = match asked {
        Ok(Ok(()) | Err(Fault::Unwanted)) => return,
        Ok(Err(Fault::Told(finding))) => *finding,
        Ok(Err(Fault::Database(under_way, error))) => {
            fault::finding(dialect, under_way, &error, &rows.place(), timeout)
        }
        Err(_) => fault::too_slow(&rows.place(), timeout),
    };
    rows.fail(finding).await;
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) connect: Duration,
    pub(super) timeout: Duration,
}

impl Limits {
    /// Waits for a connection.
    pub(super) async fn connected<C>(
        self,
        connecting: impl Future<Output = Result<C, sqlx::Error>>,
    ) -> Result<C, Fault> {
        match tokio::time::timeout(self.connect, connecting).await {
            Ok(connected) => connected.map_err(Fault::connecting),
            Err(_) => Err(Fault::connecting(sqlx::Error::Io(io::ErrorKind::TimedOut.into()))),
        }
    }
}

/// The other end of the channel, as a reader of one query after another.
pub(super) struct Arriving<'a> {
    receiver: Receiver<Message>,
    context: FetchContext<'a>,
    portion: Vec<u8>,
    taken: usize,
    /// The query under way is at its end.
    ended: bool,
    ends: Vec<End>,
}

impl<'a> Arriving<'a> {
    pub(super) fn new(receiver: Receiver<Message>, context: FetchContext<'a>) -> Self {
        Self { receiver, context, portion: Vec::new(), taken: 0, ended: false, ends: Vec::new() }
    }

    /// The next query: waits for its first rows; false when it has none.
    pub(super) fn begin(&mut self) -> Result<bool, FetchError> {
        self.ended = false;
        self.fill()?;
        Ok(!self.ended)
    }

    /// Wants no more; what the queries said at their ends.
    pub(super) fn close(self) -> Vec<End> {
        self.ends
    }

    /// Waits for rows or for the end of the query.
    fn fill(&mut self) -> Result<(), FetchError> {
        while !self.ended && self.taken == self.portion.len() {
            self.context.check_cancelled()?;
            let next = async { tokio::time::timeout(LOOK, self.receiver.recv()).await };
            match Handle::current().block_on(next) {
                Err(_) => {}
                Ok(Some(Message::Rows(portion))) => {
                    self.portion = portion;
                    self.taken = 0;
                }
                Ok(Some(Message::End(end))) => {
                    self.ends.push(end);
                    self.ended = true;
                }
                Ok(Some(Message::Failed(finding))) => return Err(FetchError::File(finding)),
                // The other side broke down without a word.
                Ok(None) => return Err(Finding::of(&finding::READING_BROKE).into()),
            }
        }
        Ok(())
    }
}

impl Read for Arriving<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fill()?;
        let mut ready = &self.portion[self.taken..];
        let read = ready.read(buffer)?;
        self.taken += read;
        Ok(read)
    }
}
