//! The configuration: `config/` read, checked and put together.
//!
//! [`Config::load`] tells every mistake of every file at once ([`Problems`]). A file goes through its syntax, its JSON
//! schema (made from the structures in `settings.rs` and the kinds' own), and then the checks that need the model, the
//! code lists or another file. What a run does with it all is not decided here.

mod assessment;
mod calendar;
mod catalogues;
mod codelists;
mod conclusions;
mod document;
mod fields;
mod files;
mod matching;
mod onboarding;
mod pipelines;
mod presets;
mod problem;
mod questionnaires;
pub(crate) mod schema;
mod secrets;
mod settings;
mod source;
mod tables;
mod targets;
#[cfg(test)]
mod tests;
mod texts;
mod validate;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vienkop_transforms::assess::questionnaire::Questionnaire;
use vienkop_transforms::assess::score::{self, ScoreSettings};
use vienkop_transforms::codelist::CodeLists;
use vienkop_transforms::onboard::OnboardSettings;
use vienkop_transforms::publish::catalogues::{self as publishing, CatalogueSettings};
use vienkop_transforms::resolve::matching::{MatchSettings, SHIPPED};
use vienkop_transforms::status::calendar::WorkingCalendar;
use vienkop_transforms::texts::{Language, Texts};

pub(crate) use conclusions::Conclusions;
use document::Document;
use files::Files;
pub(crate) use presets::Preset;
use problem::{Problem, Sentence};
pub(crate) use problem::{Problems, Told};
pub(crate) use settings::{
    Assess, Delivers, Kinded, MissedRun, Pipeline, Place, Policy, Publish, PublishedForm, ReportFormat, RetryPolicy,
    Source, Target, Vienkop,
};
use tables::Context;
use texts::Catalogue;
use validate::SchemaError;

/// Everything that `config/` says.
#[derive(Debug)]
pub(crate) struct Config {
    /// `vienkop.toml`.
    pub(crate) vienkop: Vienkop,
    /// Pipelines by name.
    pub(crate) pipelines: BTreeMap<String, Pipeline>,
    /// Presets by name.
    pub(crate) presets: BTreeMap<String, Preset>,
    /// Sources in the order of their files.
    pub(crate) sources: Vec<Source>,
    /// Registers that records are delivered to, by id.
    pub(crate) targets: BTreeMap<String, Target>,
    /// Code lists.
    pub(crate) codelists: CodeLists,
    /// Working days and hours, for working time.
    pub(crate) calendar: Arc<WorkingCalendar>,
    /// How services are recognised that no key tells.
    pub(crate) matching: Arc<MatchSettings>,
    /// The words by which unknown registers are understood.
    pub(crate) onboarding: Arc<OnboardSettings>,
    /// What the score of an institution is made of.
    pub(crate) assessment: ScoreSettings,
    /// Where services are shown, and where they must be.
    pub(crate) catalogues: CatalogueSettings,
    /// Analysts' texts by pipeline.
    pub(crate) conclusions: BTreeMap<String, Conclusions>,
    /// Questionnaires by id.
    pub(crate) questionnaires: BTreeMap<String, Questionnaire>,
    /// The folder that holds `config/`: relative paths start here.
    pub(crate) base: PathBuf,
    catalogue: Catalogue,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// Mistakes in the files; to be shown with [`Problems::render`].
    #[error("{} mistakes in the configuration", .0.len())]
    Problems(Box<Problems>),
    /// The program itself is broken.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The texts that the program was built with are broken.
    #[error(transparent)]
    Texts(#[from] vienkop_transforms::texts::TextsError),
}

impl Config {
    /// Reads the folder `config/`.
    ///
    /// # Errors
    /// Every mistake of every file.
    pub(crate) fn load(dir: &Path) -> Result<Self, ConfigError> {
        let base = match dir.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let mut files = Files::new(dir);
        let mut catalogue = Catalogue::built_in()?;
        for language in [Language::Lv, Language::En] {
            let file = files.name(&format!("texts/{}.ftl", language.code()));
            let content = files.read_if_there(&file);
            files.problems.extend(catalogue.read(language, &file, content.as_deref()));
        }
        let vienkop_file = files.name("vienkop.toml");
        let vienkop: Option<Loaded<Vienkop>> = if let Some(text) = files.read_if_there(&vienkop_file) {
            Some(files.load(&vienkop_file, &text)?)
        } else {
            let hint = Sentence::new("config-hint-dir");
            files.problems.push(Problem::whole(&vienkop_file, Sentence::new("config-no-vienkop")).hint(hint));
            None
        };
        // An installation without the file goes by the settings that the program was built with.
        let matching_file = files.name("matching.toml");
        let matching_text = files.read_if_there(&matching_file).unwrap_or_else(|| SHIPPED.to_owned());
        let matching: Loaded<MatchSettings> = files.load(&matching_file, &matching_text)?;
        files.problems.extend(matching::check(&matching));
        let assessment_file = files.name("assessment.toml");
        let assessment_text = files.read_if_there(&assessment_file).unwrap_or_else(|| score::SHIPPED.to_owned());
        let assessment: Loaded<ScoreSettings> = files.load(&assessment_file, &assessment_text)?;
        files.problems.extend(assessment::check(&assessment));
        let codelists = files.code_lists();
        let catalogues_file = files.name("catalogues.toml");
        let catalogues_text = files.read_if_there(&catalogues_file);
        let is_own = catalogues_text.is_some();
        let catalogues_text = catalogues_text.unwrap_or_else(|| publishing::SHIPPED.to_owned());
        let catalogues: Loaded<CatalogueSettings> = files.load(&catalogues_file, &catalogues_text)?;
        // Codes of the shipped settings that an installation's own lists do not have fit no service, and are no mistake.
        if is_own {
            files.problems.extend(catalogues::check(&catalogues, &codelists));
        }
        let special_days = files.special_days();
        let questionnaires = files.load_all::<Questionnaire>("questionnaires")?;
        let questions = questions(&questionnaires);
        for loaded in questionnaires.values() {
            files.problems.extend(questionnaires::check(loaded, &codelists));
        }
        let pipelines = files.load_all::<Pipeline>("pipelines")?;
        let conclusions = files.conclusions(&pipelines, &questionnaires)?;
        let presets = files.presets()?;
        let mut targets = files.targets()?;
        for loaded in targets.values_mut() {
            files.problems.extend(targets::check(loaded, &codelists));
        }
        let onboarding_file = files.name("onboarding.toml");
        let onboarding_own = files.read_if_there(&onboarding_file);
        let onboarding_text = onboarding_own.as_deref().unwrap_or(onboarding::SHIPPED);
        let onboarding: Loaded<OnboardSettings> = files.load(&onboarding_file, onboarding_text)?;
        // An installation may have other code lists than those that the shipped words speak of.
        if onboarding_own.is_some() {
            files.problems.extend(onboarding::check(&onboarding, &codelists));
        }
        let context = Context { codelists: &codelists, questionnaires: &questions };
        let (sources, source_files) = files.sources(&presets, &context)?;
        if let Some(vienkop) = &vienkop {
            files.problems.extend(pipelines::check_vienkop(vienkop, &pipelines));
            files.problems.extend(calendar::check(vienkop));
        }
        for pipeline in pipelines.values() {
            files.problems.extend(pipelines::check(pipeline, &source_files, &questions));
            files.problems.extend(pipelines::check_schedule(pipeline));
            files.problems.extend(targets::check_pipeline(pipeline, &targets));
        }
        let vienkop = vienkop.and_then(|vienkop| vienkop.item);
        let settings = (matching.item, assessment.item, onboarding.item, catalogues.item);
        let faultless = files.problems.is_empty();
        if let ((Some(matching), Some(assessment), Some(onboarding), Some(catalogues)), true) = (settings, faultless) {
            let vienkop = vienkop.unwrap_or_default();
            Ok(Self {
                calendar: Arc::new(calendar::make(&vienkop, &special_days)),
                vienkop,
                pipelines: sound(pipelines),
                presets: presets.known,
                targets: sound(targets),
                sources,
                codelists,
                matching: Arc::new(matching),
                onboarding: Arc::new(onboarding),
                assessment,
                catalogues,
                conclusions,
                questionnaires: sound(questionnaires),
                base,
                catalogue,
            })
        } else {
            let language = vienkop.map_or_else(Language::default, |vienkop| vienkop.language);
            Err(ConfigError::Problems(Box::new(files.into_problems(catalogue, language))))
        }
    }

    /// The texts of a language.
    pub(crate) const fn texts(&self, language: Language) -> &Texts {
        self.catalogue.of(language)
    }

    /// The pipeline of that name.
    pub(crate) fn pipeline(&self, name: &str) -> Option<&Pipeline> {
        self.pipelines.get(name)
    }

    /// The targets of these ids, in this order.
    pub(crate) fn targets_of<'a>(&'a self, ids: &'a [String]) -> impl Iterator<Item = &'a Target> {
        ids.iter().filter_map(|id| self.targets.get(id))
    }

    /// The source of that id.
    pub(crate) fn source(&self, id: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.id == id)
    }

    /// Sources of a pipeline in the order that it names them, each once; patterns give theirs in the order of files.
    pub(crate) fn sources_of(&self, pipeline: &Pipeline) -> Vec<&Source> {
        let mut found: Vec<&Source> = Vec::new();
        for name in &pipeline.sources {
            let named = self.sources.iter().filter(|source| pipelines::names(name, &source.place));
            for source in named {
                if !found.iter().any(|known| known.id == source.id) {
                    found.push(source);
                }
            }
        }
        found
    }
}

/// A file that was parsed.
struct Loaded<T> {
    /// What it became, without its faulty parts; none when something is missing.
    item: Option<T>,
    /// Where everything stands in it; none when not even the syntax was right.
    document: Option<Document>,
    /// Whether the schema found no fault.
    whole: bool,
}

fn sound<T>(loaded: BTreeMap<String, Loaded<T>>) -> BTreeMap<String, T> {
    loaded.into_iter().filter_map(|(name, loaded)| Some((name, loaded.item?))).collect()
}

/// Ids of questionnaires and of their questions, as far as they could be read.
fn questions(questionnaires: &BTreeMap<String, Loaded<Questionnaire>>) -> BTreeMap<String, Option<Vec<String>>> {
    let ids = |loaded: &Loaded<Questionnaire>| {
        let questionnaire = loaded.item.as_ref().filter(|_| loaded.whole)?;
        Some(questionnaire.questions.iter().map(|question| question.id.clone()).collect())
    };
    questionnaires.iter().map(|(name, loaded)| (name.clone(), ids(loaded))).collect()
}
