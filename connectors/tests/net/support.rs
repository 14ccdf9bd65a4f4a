//! Fetching one document as a run does.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use serde_json::{Value, json};
use vienkop_connectors::fetch::{self, FetchContext, FetchError, Fetching, Recorder};
use vienkop_connectors::landing::LandingZone;
use vienkop_connectors::limits::Limits;
use vienkop_transforms::finding::Finding;

use crate::server::Server;

/// Where a source lives: its folder, what it landed, and whether somebody asked to stop.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) landing: LandingZone,
    pub(crate) limits: Limits,
    pub(crate) cancel: AtomicBool,
    pub(crate) recorder: Option<Recorder>,
}

/// A delivery: names with their bytes, and what the fetch said.
pub(crate) type Delivered = (Vec<(String, Vec<u8>)>, Fetching);

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let landing = LandingZone::new(folder.path().join("landed")).unwrap();
        let (limits, cancel) = (Limits::default(), AtomicBool::new(false));
        Self { folder, landing, limits, cancel, recorder: None }
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        let path = self.folder.path().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, content).unwrap();
    }

    pub(crate) fn fetch(&self, options: &Value, cursor: Option<&str>) -> Result<Delivered, FetchError> {
        let fetcher = fetch::kind("http").unwrap().fetcher(options).unwrap();
        let context = FetchContext {
            source: "avots",
            base: self.folder.path(),
            limits: &self.limits,
            now: jiff::Timestamp::UNIX_EPOCH,
            time_zone: &jiff::tz::TimeZone::UTC,
            cursor,
            landing: &self.landing,
            resume: None,
            record: self.recorder.as_ref(),
            sample: None,
            cancel: &self.cancel,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let _entered = runtime.enter();
        let mut files = Vec::new();
        let fetching = fetcher.fetch(&context, &mut |mut fetched| {
            let landed = self.landing.land(&mut fetched.reader, &fetched.name, &self.limits)?;
            files.push((fetched.name.clone(), fs_err::read(&landed.path)?));
            Ok(landed)
        })?;
        Ok((files, fetching))
    }

    pub(crate) fn fault(&self, options: &Value) -> Finding {
        match self.fetch(options, None) {
            Err(FetchError::File(finding)) => *finding,
            other => panic!("{options}: {other:?}"),
        }
    }

    pub(crate) fn files(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Options of `kind = "http"` that lose no time; `more` goes into `[fetch.server]`.
#[allow(clippy::needless_pass_by_value, reason = "tests write the value where it is passed")]
pub(crate) fn options(server: &Server, path: &str, more: Value) -> Value {
    at(&server.url(), path, more)
}

/// The same for a server at that address.
#[allow(clippy::needless_pass_by_value, reason = "tests write the value where it is passed")]
pub(crate) fn at(url: &str, path: &str, more: Value) -> Value {
    let mut table = json!({ "url": url, "wait_seconds": 0, "requests_per_second": 1000.0, "timeout_seconds": 2 });
    table.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "server": table, "path": path })
}
