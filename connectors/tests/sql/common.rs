//! A fetch as the program does it: on a thread that may block, landing in a folder of its own.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde_json::{Value, json};
use tempfile::TempDir;
use vienkop_connectors::fetch::{FetchContext, FetchError, Fetching, kind};
use vienkop_connectors::landing::LandingZone;
use vienkop_connectors::limits::Limits;
use vienkop_transforms::finding::Finding;

/// A folder that holds `config/`, so to speak.
pub(crate) struct Site {
    folder: TempDir,
    pub(crate) limits: Limits,
    pub(crate) cancel: Arc<AtomicBool>,
}

/// What came.
#[derive(Debug)]
pub(crate) struct Came {
    /// Text by name.
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) fetching: Fetching,
}

impl Site {
    pub(crate) fn new() -> Self {
        let cancel = Arc::new(AtomicBool::new(false));
        Self { folder: tempfile::tempdir().unwrap(), limits: Limits::default(), cancel }
    }

    pub(crate) fn path(&self, below: &str) -> std::path::PathBuf {
        self.folder.path().join(below)
    }

    /// Options with the address in a file, as a secret is.
    #[allow(clippy::needless_pass_by_value, reason = "called with what is made on the spot")]
    pub(crate) fn options(&self, url: &str, more: Value) -> Value {
        writeln!(std::fs::File::create(self.path("adrese")).unwrap(), "{url}").unwrap();
        let mut options = json!({ "url": { "file": "adrese" } });
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        options
    }

    /// Fetches; the delivery's fault comes back as its finding.
    #[allow(clippy::result_large_err, reason = "a finding that is looked at, not passed on")]
    pub(crate) fn fetch(&self, options: &Value, cursor: Option<&str>) -> Result<Came, Finding> {
        match self.try_fetch(options, cursor, |_| {}) {
            Ok(came) => Ok(came),
            Err(FetchError::File(finding)) => Err(*finding),
            Err(other) => panic!("{other}"),
        }
    }

    /// The same, with something done before each file is read.
    pub(crate) fn try_fetch(
        &self,
        options: &Value,
        cursor: Option<&str>,
        before: impl Fn(&str) + Send,
    ) -> Result<Came, FetchError> {
        let fetcher = kind("sql").unwrap().fetcher(options).unwrap();
        let landing = LandingZone::new(self.path("landed")).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let context = FetchContext {
            time_zone: &jiff::tz::TimeZone::UTC,
            record: None,
            sample: None,
            source: "avots",
            base: self.folder.path(),
            limits: &self.limits,
            now: "2024-07-08T09:00:00Z".parse().unwrap(),
            cursor,
            landing: &landing,
            resume: None,
            cancel: &self.cancel,
        };
        let _entered = runtime.enter();
        let mut files = BTreeMap::new();
        let fetching = fetcher.fetch(&context, &mut |mut fetched| {
            before(&fetched.name);
            let landed = landing.land(&mut fetched.reader, &fetched.name, &self.limits)?;
            files.insert(fetched.name.clone(), std::fs::read_to_string(&landed.path).unwrap());
            Ok(landed)
        })?;
        Ok(Came { files, fetching })
    }

    /// The one file that a single query gives.
    pub(crate) fn one(&self, options: &Value) -> String {
        let came = self.fetch(options, None).unwrap();
        assert_eq!(came.files.len(), 1, "{came:?}");
        came.files.into_values().next().unwrap()
    }

    /// The fault of a fetch: code, and what it says.
    pub(crate) fn fault(&self, options: &Value) -> (&'static str, String) {
        let finding = self.fetch(options, None).unwrap_err();
        let said = [finding.value, finding.column, finding.expected, finding.hint].into_iter().flatten();
        (finding.code, said.collect::<Vec<_>>().join(" | "))
    }

    /// Nothing of a secret may be in what lies in the landing zone, by name or content.
    pub(crate) fn holds_nowhere(&self, secret: &str) {
        fn walk(folder: &Path, secret: &str) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                assert!(!path.to_string_lossy().contains(secret), "{}", path.display());
                if path.is_dir() {
                    walk(&path, secret);
                } else {
                    let bytes = std::fs::read(&path).unwrap();
                    assert!(!String::from_utf8_lossy(&bytes).contains(secret), "{}", path.display());
                }
            }
        }
        walk(&self.path("landed"), secret);
    }
}

/// Why options are refused.
pub(crate) fn refused(options: &Value) -> (String, &'static str, String) {
    match kind("sql").unwrap().fetcher(options) {
        Ok(_) => panic!("{options} is taken"),
        Err(error) => (error.option, error.reason, error.value),
    }
}

/// Whether a finding says nothing of a secret.
pub(crate) fn silent(fault: &(&'static str, String), secret: &str) {
    assert!(!fault.1.contains(secret), "{fault:?}");
}
