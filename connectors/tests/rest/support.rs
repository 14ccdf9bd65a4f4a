//! Fetching as a run does, and what came of it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use vienkop_connectors::fetch::{self, FetchContext, FetchError, Fetching};
use vienkop_connectors::landing::LandingZone;
use vienkop_connectors::limits::Limits;
use vienkop_transforms::finding::Finding;

use crate::server::Asked;

/// A source's surroundings.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    landing: LandingZone,
    zone: TimeZone,
    pub(crate) now: Timestamp,
    pub(crate) cancel: AtomicBool,
}

/// A delivery.
#[derive(Debug)]
pub(crate) struct Delivered {
    /// Documents: names and lines.
    pub(crate) documents: Vec<(String, Vec<String>)>,
    pub(crate) fetching: Fetching,
}

impl Delivered {
    /// The records as they landed.
    pub(crate) fn lines(&self) -> Vec<&str> {
        self.documents.iter().flat_map(|(_, lines)| lines.iter().map(String::as_str)).collect()
    }

    pub(crate) fn records(&self) -> Vec<Value> {
        self.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Ids in the order they came.
    pub(crate) fn ids(&self) -> Vec<String> {
        let id = |record: &Value| text(["id", "TicketID", "RecId"].iter().find_map(|name| record.get(name)).unwrap());
        self.records().iter().map(id).collect()
    }

    /// The records by id; each may come once only.
    pub(crate) fn by_id(&self) -> BTreeMap<String, Value> {
        let records: BTreeMap<String, Value> = self.ids().into_iter().zip(self.records()).collect();
        assert_eq!(records.len(), self.lines().len(), "a record came twice: {:?}", self.ids());
        records
    }

    pub(crate) fn codes(&self) -> Vec<&'static str> {
        self.fetching.findings.iter().map(|finding| finding.code).collect()
    }

    /// The moment of the cursor.
    pub(crate) fn until(&self) -> Option<String> {
        let cursor: Value = serde_json::from_str(self.fetching.cursor.as_deref()?).unwrap();
        Some(text(&cursor["until"]))
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let landing = LandingZone::new(folder.path().join("landed")).unwrap();
        let zone = TimeZone::get("Europe/Riga").unwrap();
        Self { folder, landing, zone, now: "2024-07-01T00:00:00Z".parse().unwrap(), cancel: AtomicBool::new(false) }
    }

    pub(crate) fn fetch(&self, options: &Value, cursor: Option<&str>) -> Result<Delivered, FetchError> {
        let fetcher = fetch::kind("rest").unwrap().fetcher(options).unwrap();
        let limits = Limits::default();
        let resume = self.notes();
        let context = FetchContext {
            source: "avots",
            base: self.folder.path(),
            limits: &limits,
            now: self.now,
            time_zone: &self.zone,
            cursor,
            landing: &self.landing,
            resume: Some(&resume),
            record: None,
            sample: None,
            cancel: &self.cancel,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let _entered = runtime.enter();
        let mut documents = Vec::new();
        let fetching = fetcher.fetch(&context, &mut |mut fetched| {
            let landed = self.landing.land(&mut fetched.reader, &fetched.name, &limits)?;
            let document = fs_err::read_to_string(&landed.path)?;
            documents.push((fetched.name.clone(), document.lines().map(str::to_owned).collect()));
            Ok(landed)
        })?;
        Ok(Delivered { documents, fetching })
    }

    pub(crate) fn fault(&self, options: &Value) -> Finding {
        match self.fetch(options, None) {
            Err(FetchError::File(finding)) => *finding,
            other => panic!("{options}: {other:?}"),
        }
    }

    /// What has landed is no longer there.
    pub(crate) fn lose_documents(&self) {
        fs_err::remove_dir_all(self.folder.path().join("landed")).unwrap();
        LandingZone::new(self.folder.path().join("landed")).unwrap();
    }

    /// Where a fetch notes how far it came.
    pub(crate) fn notes(&self) -> std::path::PathBuf {
        self.folder.path().join("fetch/avots")
    }
}

/// `[fetch]` for a server at `url` that loses no time waiting; `more` is the rest of it.
pub(crate) fn options(url: &str, more: Value) -> Value {
    let mut options = json!({ "server": {
        "url": url, "wait_seconds": 0, "requests_per_second": 10_000.0, "timeout_seconds": 60, "attempts": 2,
    } });
    merge(&mut options, more);
    options
}

/// `[fetch]` of a preset as it is in `config/presets`, with what a source for the server at `url` adds.
pub(crate) fn preset(name: &str, url: &str, more: Value) -> Value {
    let path = format!("{}/../config/presets/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let preset: toml::Table = toml::from_str(&fs_err::read_to_string(path).unwrap()).unwrap();
    let mut fetch = serde_json::to_value(&preset["fetch"]).unwrap();
    assert_eq!(fetch.as_object_mut().unwrap().remove("kind"), Some(json!("rest")));
    merge(&mut fetch, options(url, more));
    fetch
}

/// The recorded conversation of a preset among the samples.
pub(crate) fn conversation(preset: &str) -> Value {
    json!(format!("{}/../data-samples/conversations/{preset}", env!("CARGO_MANIFEST_DIR")))
}

/// The place of a secret: a file, which lives as long as the test process.
pub(crate) fn secret(text: &str) -> Value {
    static FILES: Mutex<Vec<tempfile::TempPath>> = Mutex::new(Vec::new());
    let file = tempfile::NamedTempFile::new().unwrap();
    fs_err::write(file.path(), format!("{text}\n")).unwrap();
    let path = file.into_temp_path();
    let place = json!({ "file": path.to_str().unwrap() });
    FILES.lock().unwrap().push(path);
    place
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// Parameters of a request.
pub(crate) fn query(asked: &Asked) -> BTreeMap<String, String> {
    let query = asked.target.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(n, v)| (decode(n), decode(v))).collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}
