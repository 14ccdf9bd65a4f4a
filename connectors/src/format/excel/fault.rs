//! The findings about a whole workbook, as errors; [`super::Kind`]'s reader adds the file they are about.

use std::fmt::Display;
use std::io;

use vienkop_transforms::finding::{self, Finding};

use crate::format::ReadError;

/// What we read; shown where a file is none of it.
const VARIANTS: &str = "xlsx, xls, xlsb, ods";

/// A finding that travels through the I/O errors of libraries.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{} {}", .0.code, .0.value.as_deref().unwrap_or_default())]
pub(super) struct Refused(pub(super) Finding);

/// A limit is exceeded: by what, how much is allowed, and the setting's name in `[limits]`.
pub(super) fn limit(what: impl Into<String>, most: impl Display + Copy, setting: &str) -> Finding {
    Finding {
        value: Some(what.into()),
        expected: Some(most.to_string()),
        hint: Some(setting.to_owned()),
        ..Finding::of(&finding::LIMIT)
    }
}

/// The file breaks off or is damaged; the reason is for those who look closely.
pub(super) fn damaged(reason: impl Into<String>) -> Finding {
    Finding { value: Some(reason.into()), ..Finding::of(&finding::DAMAGED) }
}

/// The content is something else; `kind` of source file that would read it.
pub(super) fn wrong_content(found: impl Into<String>, kind: Option<&str>) -> Finding {
    Finding {
        value: Some(found.into()),
        expected: Some(VARIANTS.to_owned()),
        hint: kind.map(|kind| format!("kind = \"{kind}\"")),
        ..Finding::of(&finding::WRONG_CONTENT)
    }
}

/// The workbook is protected with a password.
pub(super) fn password() -> Finding {
    Finding::of(&finding::PASSWORD)
}

/// A part of the workbook has a document type declaration.
pub(super) fn doctype(part: &str) -> Finding {
    Finding { value: Some(part.to_owned()), ..Finding::of(&finding::DOCTYPE) }
}

/// What an I/O error says: a refusal of ours that a library handed on, the system's fault, or the file's.
pub(super) fn from_io(error: &io::Error) -> ReadError {
    if let Some(Refused(finding)) = error.get_ref().and_then(|inner| inner.downcast_ref::<Refused>()) {
        return finding.clone().into();
    }
    match error.raw_os_error() {
        Some(code) => ReadError::Io(io::Error::from_raw_os_error(code)),
        None => damaged(error.to_string()).into(),
    }
}
