//! Steps emit events; progress bar, log lines and nothing at all are subscribers. No step prints.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// What happens during a run.
#[derive(Debug, Clone)]
pub(crate) enum Event<'a> {
    /// A source begins; its place among all and how many there are.
    Source {
        /// Id of the source.
        id: &'a str,
        /// Its place, from 1.
        place: usize,
        /// How many sources run.
        of: usize,
    },
    /// A file has landed.
    Landed {
        /// Name a person knows it by.
        file: &'a str,
        /// Its size.
        bytes: u64,
    },
    /// Rows read so far from the current source.
    Rows(u64),
    /// The source is being compared with the registry and written.
    Applying,
    /// The source is done: rows read and what came of it.
    Done {
        /// Id of the source.
        id: &'a str,
        /// Rows read.
        rows: u64,
        /// `ok`, `failed`, `gate` or `approval`.
        status: &'a str,
    },
}

/// Takes events.
pub(crate) trait Subscriber: Send + Sync {
    /// Told of every event as it happens.
    fn event(&self, event: &Event<'_>);
}

/// A bar on a terminal, log lines elsewhere, nothing when quiet.
pub(crate) fn subscriber(quiet: bool) -> Box<dyn Subscriber> {
    match (quiet, std::io::stderr().is_terminal()) {
        (true, _) => Box::new(Silent),
        (false, true) => Box::new(Bar(Mutex::new(None))),
        (false, false) => Box::new(Lines),
    }
}

struct Silent;

impl Subscriber for Silent {
    fn event(&self, _: &Event<'_>) {}
}

struct Lines;

impl Subscriber for Lines {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Source { id, place, of } => tracing::info!(source = id, place, of, "source"),
            Event::Landed { file, bytes } => tracing::debug!(file, bytes, "landed"),
            Event::Done { id, rows, status } => tracing::info!(source = id, rows, status, "done"),
            Event::Rows(_) | Event::Applying => {}
        }
    }
}

struct Bar(Mutex<Option<ProgressBar>>);

impl Subscriber for Bar {
    fn event(&self, event: &Event<'_>) {
        let Ok(mut bar) = self.0.lock() else { return };
        match event {
            Event::Source { id, place, of } => {
                let style = ProgressStyle::with_template("{spinner} {prefix} {msg}")
                    .unwrap_or_else(|_| ProgressStyle::default_spinner());
                let next = ProgressBar::new_spinner().with_style(style).with_prefix(format!("[{place}/{of}] {id}"));
                next.enable_steady_tick(Duration::from_millis(120));
                *bar = Some(next);
            }
            Event::Landed { file, .. } => {
                if let Some(bar) = bar.as_ref() {
                    bar.set_message((*file).to_owned());
                }
            }
            Event::Rows(rows) => {
                if let Some(bar) = bar.as_ref() {
                    bar.set_message(format!("{rows}"));
                }
            }
            Event::Applying => {
                if let Some(bar) = bar.as_ref() {
                    bar.set_message("→ registry");
                }
            }
            Event::Done { .. } => {
                if let Some(bar) = bar.take() {
                    bar.finish_and_clear();
                }
            }
        }
    }
}
