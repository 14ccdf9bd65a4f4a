//! What is wrong with the configuration: collected from all files, told in Latvian or English.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, renderer::DecorStyle};
use serde::Serialize;
use vienkop_transforms::fold::{fold, nearest};
use vienkop_transforms::texts::{Language, Texts};

use super::document::Place;
use super::texts::Catalogue;

/// A sentence of `config/texts`, with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sentence {
    id: String,
    args: Vec<(&'static str, String)>,
    /// A sentence that says why, as argument `reason`.
    reason: Option<Box<Sentence>>,
}

impl Sentence {
    /// The sentence of that id.
    pub(super) fn new(id: &str) -> Self {
        Self { id: id.to_owned(), args: Vec::new(), reason: None }
    }

    /// Why a kind refuses the value of an option.
    pub(super) fn refused(reason: &str) -> Self {
        Self::new(&format!("config-refused-{reason}"))
    }

    /// With the sentence that says why.
    pub(super) fn with(self, reason: Self) -> Self {
        Self { reason: Some(Box::new(reason)), ..self }
    }

    /// With an argument.
    pub(super) fn arg(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.args.push((name, value.into()));
        self
    }

    fn tell(&self, texts: &Texts) -> String {
        let reason = self.reason.as_ref().map(|reason| reason.tell(texts));
        let args = self.args.iter().map(|(name, value)| (*name, value.as_str()));
        let args: Vec<(&str, &str)> = args.chain(reason.as_deref().map(|reason| ("reason", reason))).collect();
        texts.get(&self.id, &args)
    }
}

/// One mistake in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The file, relative to the folder that holds `config`.
    pub(crate) file: String,
    /// The faulty text in bytes of the file; none when the file as a whole is meant.
    pub(crate) span: Option<Range<usize>>,
    message: Sentence,
    hint: Option<Sentence>,
}

impl Problem {
    /// A mistake at a place of a file.
    pub(super) fn at(file: &str, span: Range<usize>, message: Sentence) -> Self {
        Self { file: file.to_owned(), span: Some(span), message, hint: None }
    }

    /// A mistake at a place that a document found.
    pub(super) fn in_place(place: Place<'_>, message: Sentence) -> Self {
        Self::at(place.file, place.span, message)
    }

    /// A mistake of a whole file or folder.
    pub(super) fn whole(file: &str, message: Sentence) -> Self {
        Self { file: file.to_owned(), span: None, message, hint: None }
    }

    /// With a hint.
    pub(super) fn hint(mut self, hint: impl Into<Option<Sentence>>) -> Self {
        self.hint = hint.into();
        self
    }
}

/// The hint that names what is known and looks like `text`; all that is known when nothing does and it is little.
pub(super) fn known<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<Sentence> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let likeness = |name: &str| strsim::jaro_winkler(&fold(text), &fold(name));
    let mut near = nearest(text, candidates.iter().copied(), 3);
    if let Some(best) = near.first().copied().map(likeness) {
        // Beside a slip of the pen, names that are merely alike would only distract.
        near.retain(|name| best < 0.9 || likeness(name) > best - 0.03);
        return Some(Sentence::new("config-hint-nearest").arg("names", near.join(", ")));
    }
    (1..=16).contains(&candidates.len()).then(|| {
        let mut all = candidates;
        all.sort_by_key(|name| fold(name));
        all.dedup();
        Sentence::new("config-hint-known").arg("names", all.join(", "))
    })
}

/// A mistake as machines read it (`--json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Told {
    /// The file, relative to the folder that holds `config`.
    pub(crate) file: String,
    /// Line, from 1.
    pub(crate) line: Option<usize>,
    /// Character in the line, from 1.
    pub(crate) column: Option<usize>,
    /// What is wrong.
    pub(crate) message: String,
    /// What it should probably be.
    pub(crate) hint: Option<String>,
}

/// Every mistake of every file, in the order of files and lines; never empty when returned as an error.
#[derive(Debug)]
pub(crate) struct Problems {
    list: Vec<Problem>,
    /// Content of the files that the problems are in.
    sources: BTreeMap<String, String>,
    catalogue: Catalogue,
    language: Language,
}

impl Problems {
    /// Sorts the problems; `language` is what `vienkop.toml` says, as far as it could be read.
    pub(super) fn new(
        mut list: Vec<Problem>,
        sources: BTreeMap<String, String>,
        catalogue: Catalogue,
        language: Language,
    ) -> Self {
        list.sort_by(|a, b| {
            (&a.file, a.span.as_ref().map(|s| s.start)).cmp(&(&b.file, b.span.as_ref().map(|s| s.start)))
        });
        // Several sources may extend one preset, and a secret is found in two ways: a mistake is told once.
        let mut told: Vec<Problem> = Vec::new();
        list.retain(|problem| {
            let new = !told
                .iter()
                .rev()
                .take_while(|other| other.file == problem.file && other.span == problem.span)
                .any(|other| other == problem);
            if new {
                told.push(problem.clone());
            }
            new
        });
        Self { list, sources, catalogue, language }
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    fn texts(&self, language: Option<Language>) -> &Texts {
        self.catalogue.of(language.unwrap_or(self.language))
    }

    fn source(&self, problem: &Problem) -> &str {
        self.sources.get(&problem.file).map_or("", String::as_str)
    }

    /// The problems for machines; `language`: default is that of `vienkop.toml`.
    pub(crate) fn told(&self, language: Option<Language>) -> Vec<Told> {
        let texts = self.texts(language);
        self.list
            .iter()
            .map(|problem| {
                let place = problem.span.as_ref().map(|span| line_and_column(self.source(problem), span.start));
                Told {
                    file: problem.file.clone(),
                    line: place.map(|(line, _)| line),
                    column: place.map(|(_, column)| column),
                    message: problem.message.tell(texts),
                    hint: problem.hint.as_ref().map(|hint| hint.tell(texts)),
                }
            })
            .collect()
    }

    /// The problems for people: file, line and column, the faulty text underlined, the hint; a count at the end.
    pub(crate) fn render(&self, language: Option<Language>, styled: bool) -> String {
        let texts = self.texts(language);
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii);
        let (error, help) = (texts.get("config-error", &[]), texts.get("config-help", &[]));
        let mut out = String::new();
        for problem in &self.list {
            let title = Level::ERROR.with_name(error.as_str()).primary_title(problem.message.tell(texts));
            let source = self.source(problem);
            let mut group: Group<'_> = match &problem.span {
                Some(span) => title.element(
                    Snippet::source(source)
                        .path(problem.file.as_str())
                        .annotation(AnnotationKind::Primary.span(first_line(source, span))),
                ),
                None => title.element(Origin::path(problem.file.as_str())),
            };
            if let Some(hint) = &problem.hint {
                group = group.element(Level::HELP.with_name(help.as_str()).message(hint.tell(texts)));
            }
            out.push_str(&renderer.render(&[group]));
            out.push_str("\n\n");
        }
        let files = self.list.iter().map(|problem| &problem.file).collect::<std::collections::BTreeSet<_>>().len();
        out.push_str(&texts.count("config-count", &[("problems", self.list.len() as u64), ("files", files as u64)]));
        out.push('\n');
        out
    }
}

/// A mark over several lines says less than one over the first of them.
fn first_line(source: &str, span: &Range<usize>) -> Range<usize> {
    let start = floor(source, span.start);
    let end = floor(source, span.end.max(start));
    let line = source[start..end].find('\n').map_or(end, |newline| start + newline);
    start..start + source[start..line].trim_end().len()
}

fn floor(source: &str, index: usize) -> usize {
    (0..=index.min(source.len())).rev().find(|i| source.is_char_boundary(*i)).unwrap_or(0)
}

fn line_and_column(source: &str, index: usize) -> (usize, usize) {
    let before = &source[..floor(source, index)];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
