//! What the walk has to tell: findings with the record or the line, and errors of the parser as findings.

use quick_xml::errors::{Error, IllFormedError};
use quick_xml::name::NamespaceError;
use vienkop_transforms::finding::{self, Finding, Rule};
use vienkop_transforms::fold;

use super::paths::NodeId;
use super::source::Fault;
use super::walk::Walk;
use crate::format::ReadError;

impl Walk<'_> {
    /// Names a path that no column is taken from.
    pub(super) fn unknown(&mut self, id: NodeId, attribute: Option<&str>) {
        let Some(node) = self.paths.node(id) else { return };
        // What lies outside of the exploded elements is for the table of the records.
        let told = if self.layout.explode.is_some() { node.place.in_part() } else { node.place.in_record() };
        if !told {
            return;
        }
        let path = self.paths.below_record(node);
        let name = match attribute {
            None if path.is_empty() => ".".to_owned(),
            None => path.to_owned(),
            Some(attribute) if path.is_empty() => format!("@{attribute}"),
            Some(attribute) => format!("{path}/@{attribute}"),
        };
        self.output.finding(Finding {
            row: Some(self.records),
            cell: Some(format!("#{}/{name}", self.records)),
            column: Some(name),
            ..self.about.finding(&finding::UNMAPPED_COLUMN)
        });
    }

    /// The record at hand will be rejected; the first reason is told.
    pub(super) fn spoil(&mut self, rule: &Rule, value: String, expected: Option<String>) {
        let finding = Finding {
            row: Some(self.records),
            cell: Some(self.rows.origin().locate(self.records, None, None)),
            value: Some(value),
            expected,
            hint: Some(self.position.cell()),
            ..self.about.finding(rule)
        };
        if let Some(record) = &mut self.record {
            record.fault.get_or_insert(finding);
        }
    }

    fn place(&self, rule: &Rule) -> Finding {
        Finding {
            row: self.record.as_ref().map(|_| self.records),
            cell: Some(self.position.cell()),
            ..self.about.finding(rule)
        }
    }

    pub(super) fn damaged(&self, value: Option<String>, expected: Option<String>, hint: Option<String>) -> ReadError {
        Finding { value, expected, hint, ..self.place(&finding::DAMAGED) }.into()
    }

    pub(super) fn limit(&self, setting: &str, most: usize) -> ReadError {
        Finding { expected: Some(most.to_string()), hint: Some(setting.to_owned()), ..self.place(&finding::LIMIT) }
            .into()
    }

    pub(super) fn html(&self) -> ReadError {
        Finding {
            value: Some("HTML".to_owned()),
            expected: Some("XML".to_owned()),
            ..self.about.finding(&finding::WRONG_CONTENT)
        }
        .into()
    }

    pub(super) fn doctype(&self, text: &str) -> ReadError {
        let name = text.split([' ', '\t', '\r', '\n', '[']).next().unwrap_or_default();
        if name.eq_ignore_ascii_case("html") {
            return self.html();
        }
        let value = name.chars().take(40).collect::<String>();
        Finding { value: Some(format!("<!DOCTYPE {value}>")), ..self.place(&finding::DOCTYPE) }.into()
    }

    pub(super) fn broken(&self, error: Error) -> ReadError {
        match error {
            Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<Fault>()) {
                Some(Fault::TooLong) => self.limit("record_bytes", self.limits.record_bytes),
                Some(Fault::Encoding { byte, encoding }) => Finding {
                    expected: Some((*encoding).to_owned()),
                    hint: Some(format!("@{byte}")),
                    ..self.place(&finding::ENCODING)
                }
                .into(),
                None => ReadError::Io(std::io::Error::new(error.kind(), error.to_string())),
            },
            Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
                self.damaged(Some(format!("</{found}>")), Some(format!("</{expected}>")), None)
            }
            Error::IllFormed(IllFormedError::UnmatchedEndTag(found)) => {
                self.damaged(Some(format!("</{found}>")), None, None)
            }
            Error::Namespace(NamespaceError::TooManyBindings(most)) => self.limit("xmlns", most),
            other => self.damaged(None, None, Some(other.to_string())),
        }
    }
}

/// The nearest of the paths seen, else the first ones.
pub(super) fn nearest<'a>(wanted: &str, seen: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    let near = fold::nearest(wanted, seen.clone(), 3);
    let near = if near.is_empty() { seen.take(3).collect() } else { near };
    (!near.is_empty()).then(|| near.join(", "))
}
