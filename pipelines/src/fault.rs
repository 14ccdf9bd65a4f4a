//! Faults of the environment, in the language of whoever reads them. What the database or the network says of its own
//! follows as it is.

use vienkop_connectors::lake::LakeError;
use vienkop_connectors::registry::{RegistryError, UrlFault};
use vienkop_transforms::texts::Texts;

use crate::cli::{Lang, Options};
use crate::config::Config;

/// An error and its causes, those of the registry in the language of the texts.
pub(crate) fn told(texts: &Texts, error: &anyhow::Error) -> String {
    let cause = |cause: &(dyn std::error::Error + 'static)| match cause.downcast_ref::<RegistryError>() {
        Some(error) => registry(texts, error),
        None => cause.to_string(),
    };
    let mut told: Vec<String> = Vec::new();
    for text in error.chain().map(cause).map(without_line) {
        // What the driver says has its cause in it already.
        if !told.last().is_some_and(|last| last.ends_with(&text)) {
            told.push(text);
        }
    }
    told.join(": ")
}

/// The driver ends what a server says with the line of the server's own program.
fn without_line(text: String) -> String {
    match text.rsplit_once(" at line ") {
        Some((said, line)) if line.bytes().all(|byte| byte.is_ascii_digit()) => said.to_owned(),
        _ => text,
    }
}

/// [`told`] for those who have no texts at hand; none where the error is not of the registry, or the configuration
/// cannot be read.
pub(crate) fn in_language(options: &Options, error: &anyhow::Error) -> Option<String> {
    error.chain().find(|cause| cause.is::<RegistryError>())?;
    let config = Config::load(&options.config).ok()?;
    Some(told(config.texts(options.lang.map_or(config.vienkop.language, Lang::language)), error))
}

fn registry(texts: &Texts, error: &RegistryError) -> String {
    let at = |id: &str, path: &str| texts.get(id, &[("path", path)]);
    match error {
        RegistryError::Url { url, reason } => {
            texts.get("fault-registry-url", &[("url", url), ("reason", &url_fault(texts, reason))])
        }
        RegistryError::Held { what, holder, waited } => {
            let (kind, name) = what.split_once(' ').unwrap_or((what, ""));
            let unknown = texts.get("fault-registry-held-unknown", &[]);
            let (holder, seconds) = (holder.as_deref().unwrap_or(&unknown), waited.as_secs().to_string());
            let args = [("name", name), ("holder", holder), ("seconds", &seconds)];
            let id = match kind {
                "source" => "fault-registry-held-source",
                "pipeline" => "fault-registry-held-pipeline",
                _ => "fault-registry-held-writer",
            };
            texts.get(id, &args)
        }
        RegistryError::Locked { path, waited, .. } => {
            let args = [("path", &**path), ("seconds", &waited.as_secs().to_string())];
            texts.get("fault-registry-locked", &args)
        }
        RegistryError::Newer { path, found, known } => {
            let args = [("path", &**path), ("found", &found.to_string()), ("known", &known.to_string())];
            texts.get("fault-registry-newer", &args)
        }
        RegistryError::Older { path } => texts.get("fault-registry-older", &[("path", path)]),
        RegistryError::Twice { name, run } => {
            texts.get("fault-registry-twice", &[("name", name), ("run", &run.to_string())])
        }
        RegistryError::Open { path, .. } => at("fault-registry-open", path),
        RegistryError::Corrupt { path, .. } => at("fault-registry-corrupt", path),
        RegistryError::Unreachable { path, .. } => at("fault-registry-unreachable", path),
        RegistryError::Refused { path, .. } => at("fault-registry-refused", path),
        RegistryError::ReadOnly { path, .. } => at("fault-registry-read-only", path),
        RegistryError::Full { path, .. } => at("fault-registry-full", path),
        RegistryError::Migration { path, .. } => at("fault-registry-migration", path),
        RegistryError::Sql { path, .. } => at("fault-registry-other", path),
        RegistryError::Lake(error) => lake(texts, error),
        RegistryError::Broken(_) => texts.get("fault-registry-broken", &[]),
        other => other.to_string(),
    }
}

fn lake(texts: &Texts, error: &LakeError) -> String {
    match error {
        LakeError::Missing { path } => texts.get("fault-lake-missing", &[("path", &path.to_string_lossy())]),
        LakeError::Damaged { path, reason } => {
            texts.get("fault-lake-damaged", &[("path", &path.to_string_lossy()), ("reason", reason)])
        }
        LakeError::Write { path, source } => {
            texts.get("fault-lake-write", &[("path", &path.to_string_lossy()), ("reason", &source.to_string())])
        }
        other => other.to_string(),
    }
}

fn url_fault(texts: &Texts, fault: &UrlFault) -> String {
    match fault {
        UrlFault::NoScheme => texts.get("fault-registry-url-no-scheme", &[]),
        UrlFault::UnknownScheme => texts.get("fault-registry-url-scheme", &[]),
        UrlFault::NoFile => texts.get("fault-registry-url-no-file", &[]),
        UrlFault::NoDatabase => texts.get("fault-registry-url-no-database", &[]),
        UrlFault::NoCertificate(path) => texts.get("fault-registry-url-certificate", &[("path", path)]),
        UrlFault::UnknownParameter(name) => texts.get("fault-registry-url-parameter", &[("name", name)]),
        _ => texts.get("fault-registry-url-other", &[]),
    }
}
