//! A place where runs happen (work folder and registry), and the program run there, disturbed or not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;
use vienkop_test_cluster::Cluster;

use crate::support::Project;

/// Where the registry is kept.
#[derive(Clone, Copy)]
pub(crate) enum Backend {
    /// A file in the work folder.
    Sqlite,
    /// A database of a server.
    Postgres(&'static Cluster),
}

/// A work folder and its registry.
pub(crate) struct Place {
    pub(crate) backend: Backend,
    folder: TempDir,
    /// Name of the database, where the backend is a server.
    database: String,
}

impl Place {
    /// An empty one.
    pub(crate) fn new(backend: Backend) -> Self {
        let place = Self::without_database(backend);
        if let Backend::Postgres(cluster) = backend {
            cluster.create_database(&place.database);
        }
        place
    }

    fn without_database(backend: Backend) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let database = format!("place_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        Self { backend, folder: tempfile::tempdir().unwrap(), database }
    }

    /// One with the same content.
    pub(crate) fn copy(&self) -> Self {
        let new = Self::without_database(self.backend);
        if let Backend::Postgres(cluster) = self.backend {
            cluster.copy_database(&self.database, &new.database);
        }
        copy_into(&self.work(), &new.work());
        // The lake of a server's registry has the name of its database.
        if let (Backend::Postgres(_), Some(lake)) = (self.backend, self.lake()) {
            let name = lake.file_name().unwrap().to_str().unwrap();
            let lakes = new.work().join("lake");
            let renamed = format!("{}{}", name.strip_suffix(&self.database).unwrap(), new.database);
            fs::rename(lakes.join(name), lakes.join(renamed)).unwrap();
        }
        new
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("var")
    }

    /// Where the registry's event lake is, if there is anything in it.
    pub(crate) fn lake(&self) -> Option<PathBuf> {
        let lake = match self.backend {
            Backend::Sqlite => self.work().join("registry.lake"),
            Backend::Postgres(_) => {
                let lakes = fs::read_dir(self.work().join("lake")).into_iter().flatten();
                let mut lakes = lakes.map(|entry| entry.unwrap().path());
                let database = format!("-{}", self.database);
                lakes.find(|path| path.to_string_lossy().ends_with(&database))?
            }
        };
        (!files(&lake).is_empty()).then_some(lake)
    }

    pub(crate) fn registry(&self) -> String {
        match self.backend {
            Backend::Sqlite => format!("sqlite://{}", self.work().join("registry.db").display()),
            Backend::Postgres(cluster) => cluster.url(&self.database),
        }
    }

    /// Name of the database, where the backend is a server.
    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    /// A file beside the work folder.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `vienkop run` of a pipeline. No core is written: a kill leaves nothing but what the program wrote.
    pub(crate) fn command(&self, project: &Project, pipeline: &str, as_of: &str) -> Command {
        self.shell(project, pipeline, as_of, "ulimit -c 0; exec \"$@\"")
    }

    /// The same, started by a script as `"$@"`.
    pub(crate) fn shell(&self, project: &Project, pipeline: &str, as_of: &str, script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_vienkop"), "run", pipeline, "--json", "--as-of", as_of]);
        command.arg("--config").arg(project.path("config")).arg("--work").arg(self.work());
        command.args(["--registry", &self.registry()]);
        command.env("NO_COLOR", "1").env("VIENKOP_PSEUDONYM_KEY", "a key that only tests know");
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// A run that nothing disturbs.
    #[track_caller]
    pub(crate) fn run(&self, project: &Project, pipeline: &str, as_of: &str) {
        let output = self.command(project, pipeline, as_of).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // There are hundreds of them. A test that fails already keeps what it has until the server goes.
        if let Backend::Postgres(cluster) = self.backend
            && !std::thread::panicking()
        {
            cluster.drop_database(&self.database);
        }
    }
}

/// Exit status and everything that was printed.
pub(crate) fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}\n{}", output.status, text(&output.stdout), text(&output.stderr))
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

pub(crate) fn copy_into(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(file, target).unwrap();
    }
}
