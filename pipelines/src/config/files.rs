//! The files below `config/`: found in a fixed order, read, and remembered for the report of problems.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use vienkop_transforms::assess::pack;
use vienkop_transforms::assess::questionnaire::Questionnaire;
use vienkop_transforms::codelist::{CodeList, CodeLists};
use vienkop_transforms::model::{self, Entity, Kind};
use vienkop_transforms::status::calendar::SpecialDay;
use vienkop_transforms::texts::Language;

use super::document::Document;
use super::presets::{Preset, Presets};
use super::problem::{Problem, Problems, Sentence, known};
use super::settings::{Pipeline, Place, Source, Target};
use super::source::{SourceCheck, is_name};
use super::tables::Context;
use super::texts::Catalogue;
use super::validate::{Schema, SchemaError, prune};
use super::{Conclusions, Loaded, calendar, codelists, conclusions, schema, secrets};

/// Code lists that an entity's fields, and those of its children, take their values from, and the field.
fn of_lists(entity: &'static Entity) -> impl Iterator<Item = (&'static str, &'static str)> {
    let fields = entity.fields.iter().chain(entity.children.iter().flat_map(|child| child.fields));
    fields.filter_map(|field| match field.kind {
        Kind::CodeList(list) => Some((list, field.name)),
        _ => None,
    })
}

/// The folder, what was read of it, and what is wrong with it so far.
pub(super) struct Files {
    dir: PathBuf,
    /// The folder's own name, as people are told: `config`.
    shown: String,
    contents: BTreeMap<String, String>,
    /// Places of secrets that should not be there, by file.
    hidden: BTreeMap<String, Vec<Range<usize>>>,
    pub(super) problems: Vec<Problem>,
}

impl Files {
    pub(super) fn new(dir: &Path) -> Self {
        let shown =
            dir.file_name().map_or_else(|| dir.display().to_string(), |name| name.to_string_lossy().into_owned());
        Self { dir: dir.to_owned(), shown, contents: BTreeMap::new(), hidden: BTreeMap::new(), problems: Vec::new() }
    }

    /// The name that people are told: `config/vienkop.toml`.
    pub(super) fn name(&self, below: &str) -> String {
        format!("{}/{below}", self.shown)
    }

    fn path(&self, file: &str) -> PathBuf {
        file.strip_prefix(&self.shown)
            .map_or_else(|| self.dir.join(file), |below| self.dir.join(below.trim_start_matches('/')))
    }

    /// Content of a file; none when there is no such file or it cannot be read (then that is a problem).
    pub(super) fn read_if_there(&mut self, file: &str) -> Option<String> {
        let path = self.path(file);
        let problem = match fs_err::read(&path) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => {
                    self.contents.insert(file.to_owned(), text.clone());
                    return Some(text);
                }
                Err(_) => Sentence::new("config-utf8"),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => Sentence::new("config-unreadable").arg("reason", error.to_string()),
        };
        self.problems.push(Problem::whole(file, problem));
        None
    }

    /// Files below a folder with an ending, sorted; hidden ones are left out.
    fn list(&mut self, folder: &str, ending: &str, deep: bool) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let entries = match fs_err::read_dir(self.dir.join(&folder)) {
                Ok(entries) => entries,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => {
                    let sentence = Sentence::new("config-unreadable").arg("reason", error.to_string());
                    self.problems.push(Problem::whole(&self.name(&folder), sentence));
                    continue;
                }
            };
            for entry in entries.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let below = format!("{folder}/{name}");
                if name.starts_with('.') {
                    continue;
                }
                if entry.path().is_dir() {
                    if deep {
                        folders.push(below);
                    }
                } else if Path::new(&name).extension().is_some_and(|found| found.eq_ignore_ascii_case(ending)) {
                    found.push(self.name(&below));
                }
            }
        }
        found.sort();
        found
    }

    /// Reads one TOML file into its structure.
    pub(super) fn load<T: DeserializeOwned + JsonSchema>(
        &mut self,
        file: &str,
        text: &str,
    ) -> Result<Loaded<T>, SchemaError> {
        let schema = Schema::new(schema::of::<T>())?;
        Ok(self.load_by(&schema, file, text))
    }

    fn load_by<T: DeserializeOwned>(&mut self, schema: &Schema, file: &str, text: &str) -> Loaded<T> {
        let document = match Document::parse(file, text) {
            Ok(document) => document,
            Err(problems) => {
                self.problems.extend(problems);
                return Loaded { item: None, document: None, whole: false };
            }
        };
        let faults = schema.faults(&document.value, &[]);
        let whole = faults.is_empty();
        let mut value = document.value.clone();
        prune(&mut value, &faults);
        self.problems.extend(faults.into_iter().map(|fault| fault.problem(&document)));
        let item = match serde_json::from_value(value) {
            Ok(item) => Some(item),
            Err(error) => {
                if whole {
                    let sentence = Sentence::new("config-invalid").arg("reason", error.to_string());
                    self.problems.push(Problem::whole(file, sentence));
                }
                None
            }
        };
        Loaded { item, document: Some(document), whole }
    }

    /// Every file of a folder, by its name without the ending.
    pub(super) fn load_all<T: DeserializeOwned + JsonSchema>(
        &mut self,
        folder: &str,
    ) -> Result<BTreeMap<String, Loaded<T>>, SchemaError> {
        let schema = Schema::new(schema::of::<T>())?;
        let mut all = BTreeMap::new();
        for file in self.list(folder, "toml", false) {
            let name = stem(&file);
            if !is_name(&name) {
                self.problems.push(Problem::whole(&file, Sentence::new("config-id-characters").arg("value", &name)));
            }
            let Some(text) = self.read_if_there(&file) else { continue };
            let loaded: Loaded<T> = self.load_by(&schema, &file, &text);
            let id =
                loaded.document.as_ref().and_then(|document| Some((document, document.value.get("id")?.as_str()?)));
            if let Some((document, id)) = id.filter(|(_, id)| *id != name) {
                let sentence = Sentence::new("config-id-file").arg("id", id).arg("file", format!("{name}.toml"));
                self.problems.push(Problem::in_place(document.value_at(&["id"]), sentence));
            }
            all.insert(name, loaded);
        }
        Ok(all)
    }

    /// Targets by id, with the places of secrets that should not stand in them remembered.
    pub(super) fn targets(&mut self) -> Result<BTreeMap<String, Loaded<Target>>, SchemaError> {
        let targets = self.load_all::<Target>("targets")?;
        for document in targets.values().filter_map(|loaded| loaded.document.as_ref()) {
            self.secrets(document);
        }
        Ok(targets)
    }

    /// Analysts' texts, each in the folder of its pipeline.
    pub(super) fn conclusions(
        &mut self,
        pipelines: &BTreeMap<String, Loaded<Pipeline>>,
        questionnaires: &BTreeMap<String, Loaded<Questionnaire>>,
    ) -> Result<BTreeMap<String, Conclusions>, SchemaError> {
        let schema = Schema::new(schema::of::<Conclusions>())?;
        let prefix = self.name("pipelines/");
        let mut all = BTreeMap::new();
        for file in self.list("pipelines", "toml", true) {
            let below = file.strip_prefix(&prefix).and_then(|below| below.split_once('/'));
            let Some((pipeline, name)) = below.map(|(pipeline, name)| (pipeline.to_owned(), name.to_owned())) else {
                continue;
            };
            if stem(&name) != conclusions::NAME || name.contains('/') {
                let hint = Sentence::new("config-hint-nearest").arg("names", format!("{}.toml", conclusions::NAME));
                let sentence = Sentence::new("config-pipeline-file").arg("file", &name);
                self.problems.push(Problem::whole(&file, sentence).hint(hint));
                continue;
            }
            if !pipelines.contains_key(&pipeline) {
                let sentence = Sentence::new("config-unknown-pipeline").arg("value", &pipeline);
                let hint = known(&pipeline, pipelines.keys().map(String::as_str));
                self.problems.push(Problem::whole(&file, sentence).hint(hint));
            }
            let Some(text) = self.read_if_there(&file) else { continue };
            let loaded: Loaded<Conclusions> = self.load_by(&schema, &file, &text);
            let ids = pack::ids(questionnaires.values().filter_map(|loaded| loaded.item.as_ref()));
            self.problems.extend(conclusions::check(&loaded, &ids));
            all.extend(loaded.item.map(|item| (pipeline, item)));
        }
        Ok(all)
    }

    /// The code lists.
    pub(super) fn code_lists(&mut self) -> CodeLists {
        let mut lists: Vec<CodeList> = Vec::new();
        for file in self.list("codelists", "csv", false) {
            if stem(&file) == calendar::NAME {
                continue;
            }
            let Some(text) = self.read_if_there(&file) else { continue };
            let (list, problems) = codelists::read(&stem(&file), &file, &text);
            lists.extend(list);
            self.problems.extend(problems);
        }
        // A list that a field of the model takes its values from, whether or not a source fills the field today.
        let mut sought = BTreeSet::new();
        if !self.path(&self.name("vienkop.toml")).exists() {
            // A wrong folder is one mistake.
            return CodeLists::new(lists);
        }
        for (list, field) in model::ENTITIES.iter().flat_map(|entity| of_lists(entity)) {
            let file = self.name(&format!("codelists/{list}.csv"));
            if sought.insert(list) && !self.contents.contains_key(&file) && !self.path(&file).exists() {
                let sentence = Sentence::new("config-no-codelist").arg("list", list).arg("field", field);
                self.problems.push(Problem::whole(&file, sentence));
            }
        }
        CodeLists::new(lists)
    }

    /// Holidays and moved working days. Without the file none are known, which the findings tell where it matters.
    pub(super) fn special_days(&mut self) -> Vec<SpecialDay> {
        let file = self.name(&format!("codelists/{}.csv", calendar::NAME));
        let Some(text) = self.read_if_there(&file) else { return Vec::new() };
        let (days, problems) = calendar::read(&file, &text);
        self.problems.extend(problems);
        days
    }

    /// Presets: what is wrong with each by itself is told even where no source extends it.
    pub(super) fn presets(&mut self) -> Result<Presets, SchemaError> {
        let check = SourceCheck::new()?;
        let schema = Schema::new(schema::of::<Preset>())?;
        let mut presets = Presets { known: BTreeMap::new(), documents: BTreeMap::new(), names: Vec::new() };
        for file in self.list("presets", "toml", false) {
            let name = stem(&file);
            if !is_name(&name) {
                self.problems.push(Problem::whole(&file, Sentence::new("config-id-characters").arg("value", &name)));
            }
            presets.names.push(name.clone());
            let Some(text) = self.read_if_there(&file) else { continue };
            let loaded: Loaded<Preset> = self.load_by(&schema, &file, &text);
            let Some(document) = loaded.document else { continue };
            self.secrets(&document);
            self.problems.extend(check.preset(&document));
            presets.known.extend(loaded.item.map(|preset| (name.clone(), preset)));
            presets.documents.insert(name, document);
        }
        Ok(presets)
    }

    /// Tells secrets that stand in a file, and remembers where, so that no message shows them.
    fn secrets(&mut self, document: &Document) {
        let (problems, spans) = secrets::literal(document);
        self.problems.extend(problems);
        self.hidden.entry(document.file.clone()).or_default().extend(spans);
    }

    /// The sources that are right, and the places of all of them.
    pub(super) fn sources(
        &mut self,
        presets: &Presets,
        context: &Context<'_>,
    ) -> Result<(Vec<Source>, Vec<Place>), SchemaError> {
        let check = SourceCheck::new()?;
        let mut sources = Vec::new();
        let mut places: Vec<Place> = Vec::new();
        let mut inboxes: BTreeMap<PathBuf, String> = BTreeMap::new();
        for file in self.list("sources", "toml", true) {
            let prefix = self.name("sources/");
            let folder =
                file.strip_prefix(&prefix).and_then(|below| below.rsplit_once('/')).map_or("", |(folder, _)| folder);
            let place = Place { file: file.clone(), folder: folder.to_owned() };
            let twin = places.iter().find(|other| stem(&other.file) == stem(&file)).map(|other| other.file.clone());
            places.push(place.clone());
            let Some(text) = self.read_if_there(&file) else { continue };
            match Document::parse(&file, &text) {
                Ok(document) => {
                    if let Some(other) = twin {
                        let sentence = Sentence::new("config-id-twice").arg("id", stem(&file)).arg("file", other);
                        self.problems.push(Problem::in_place(document.value_at(&["id"]), sentence));
                    }
                    self.secrets(&document);
                    match presets.extended(document) {
                        Ok(document) => {
                            let (source, problems) = check.check(&document, &place, context);
                            if let Some(inbox) = document.value.get("inbox").and_then(|inbox| inbox.as_str()) {
                                // A path without what says nothing: `./in/` is `in`.
                                let folder = Path::new(inbox).components().filter(|part| *part != Component::CurDir);
                                let other = inboxes.insert(folder.collect(), stem(&file));
                                if let Some(other) = other {
                                    let sentence = Sentence::new("config-inbox-shared").arg("inbox", inbox);
                                    let place = document.value_at(&["inbox"]);
                                    let problem = Problem::in_place(place, sentence.arg("source", other));
                                    self.problems.push(problem.hint(Sentence::new("config-hint-inbox-shared")));
                                }
                            }
                            sources.extend(source);
                            self.problems.extend(problems);
                        }
                        Err(problem) => self.problems.extend(problem.map(|problem| *problem)),
                    }
                }
                Err(problems) => self.problems.extend(problems),
            }
        }
        Ok((sources, places))
    }

    pub(super) fn into_problems(self, catalogue: Catalogue, language: Language) -> Problems {
        let mut contents = self.contents;
        for (file, spans) in &self.hidden {
            if let Some(content) = contents.get_mut(file) {
                *content = secrets::hidden(content, spans);
            }
        }
        Problems::new(self.problems, contents, catalogue, language)
    }
}

/// A file's name without folder and ending.
pub(super) fn stem(file: &str) -> String {
    Path::new(file).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}
