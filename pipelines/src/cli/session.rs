//! What every command begins with: configuration, language, as-of moment, work folder.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use vienkop_connectors::registry::{Registry, RegistryError};
use vienkop_transforms::normalise::PseudonymKey;
use vienkop_transforms::status::timeline::TimelineRules;
use vienkop_transforms::texts::{Language, Texts};

use super::{Lang, Options};
use crate::config::{Config, Pipeline, Source};
use crate::timetable::Timetable;

/// A command's surroundings.
pub(crate) struct Session {
    /// The configuration.
    pub(crate) config: Config,
    /// Language of messages and reports.
    pub(crate) language: Language,
    /// Zone of local times.
    pub(crate) time_zone: TimeZone,
    /// The moment that counts as now: what the records, findings and reports of a run are about.
    pub(crate) as_of: Timestamp,
    /// The real time; never part of what can be compared or reproduced.
    pub(crate) now: Timestamp,
    /// Folder of landed files, registry and reports.
    pub(crate) work: PathBuf,
    /// Address of the registry.
    pub(crate) registry: String,
    /// How timelines of requests are worked out.
    pub(crate) timelines: Arc<TimelineRules>,
    /// Options that lead another command to the same installation and day.
    again: Vec<String>,
}

impl Session {
    /// Reads the configuration and settles what the command line leaves open.
    pub(crate) fn open(options: &Options, now: Timestamp) -> anyhow::Result<Self> {
        let config = Config::load(&options.config)?;
        let language = options.lang.map_or(config.vienkop.language, Lang::language);
        let time_zone = TimeZone::get(&config.vienkop.time_zone)
            .with_context(|| format!("time_zone = {:?}", config.vienkop.time_zone))?;
        let as_of = match &options.as_of {
            None => now,
            Some(text) => match parse_as_of(text, &time_zone) {
                Some(as_of) => as_of,
                None => bail!(config.texts(language).get("cli-as-of-bad", &[("value", text)])),
            },
        };
        let beside_config = || config.base.strip_prefix(".").unwrap_or(&config.base).join(&config.vienkop.work);
        let work = options.work.clone().unwrap_or_else(beside_config);
        let registry = options
            .registry
            .clone()
            .or_else(|| config.vienkop.registry.clone())
            .unwrap_or_else(|| format!("sqlite://{}", work.join("registry.db").display()));
        let timelines = Arc::new(TimelineRules::new(&config.codelists, Arc::clone(&config.calendar)));
        Ok(Self { config, language, time_zone, as_of, now, work, registry, timelines, again: again(options) })
    }

    /// Opens the registry with its event lake; makes what is missing.
    pub(crate) async fn open_registry(&self) -> Result<Registry, RegistryError> {
        Ok(Registry::open(&self.registry).await?.with_lake_below(&self.lake()))
    }

    /// Where the lakes of registries on a server lie.
    pub(crate) fn lake(&self) -> PathBuf {
        match &self.config.vienkop.lake {
            Some(folder) => self.config.base.join(folder),
            None => self.work.join("lake"),
        }
    }

    /// A command that a person can paste, for this installation and day.
    pub(crate) fn command(&self, words: &[&str]) -> String {
        let words = words.iter().copied().chain(self.again.iter().map(String::as_str));
        let special = [' ', '&', '?', '*', ';'];
        let quoted = words.map(|word| if word.contains(special) { format!("\"{word}\"") } else { word.to_owned() });
        std::iter::once("vienkop".to_owned()).chain(quoted).collect::<Vec<_>>().join(" ")
    }

    /// Texts of the language.
    pub(crate) const fn texts(&self) -> &Texts {
        self.config.texts(self.language)
    }

    /// The local day of the as-of moment.
    pub(crate) fn as_of_day(&self) -> Date {
        self.as_of.to_zoned(self.time_zone.clone()).date()
    }

    /// The end of that day: what has happened lies before it.
    pub(crate) fn end_of_day(&self) -> Timestamp {
        let next = self.as_of_day().tomorrow().and_then(|day| day.to_zoned(self.time_zone.clone()));
        next.map_or(Timestamp::MAX, |zoned| zoned.timestamp())
    }

    /// The pipeline of that name, or the default one.
    pub(crate) fn pipeline(&self, name: Option<&str>) -> anyhow::Result<(&str, &Pipeline)> {
        let name = name.or(self.config.vienkop.default_pipeline.as_deref()).unwrap_or_default();
        match self.config.pipelines.get_key_value(name) {
            Some((name, pipeline)) => Ok((name, pipeline)),
            None => {
                bail!(self.unknown("cli-source-unknown", name, self.config.pipelines.keys().map(String::as_str)))
            }
        }
    }

    /// The timetable of a pipeline; none where it has no schedule.
    pub(crate) fn timetable(&self, pipeline: &Pipeline) -> Option<Timetable> {
        // A line that is none was a mistake in the configuration, and this one has no mistakes.
        Timetable::new(pipeline.schedule.as_ref()?, self.time_zone.clone()).ok()
    }

    /// The source of that id, `folder/id` too.
    pub(crate) fn source(&self, name: &str) -> anyhow::Result<&Source> {
        let id = name.rsplit('/').next().unwrap_or(name);
        if let Some(source) = self.config.source(id) {
            return Ok(source);
        }
        let known = self.config.sources.iter().map(|source| source.id.as_str());
        bail!(self.unknown("cli-source-unknown", name, known))
    }

    /// What to say of a name that is none of those known.
    pub(crate) fn unknown<'a>(&self, sentence: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
        let known: Vec<&str> = known.collect();
        let near = vienkop_transforms::fold::nearest(name, known.iter().copied(), 3);
        let near = if near.is_empty() { known } else { near };
        self.texts().get(sentence, &[("name", name), ("nearest", &near.join(", "))])
    }

    /// The key of pseudonyms for a source. Sources below `data-samples/` are invented and use a published key.
    pub(crate) fn pseudonym_key(&self, source: &Source) -> anyhow::Result<PseudonymKey> {
        let settings = &self.config.vienkop.personal_data;
        if source.place.is_sample() {
            return PseudonymKey::new("demo", b"vienkop demonstration key").context("demonstration key");
        }
        let from_file = settings.key_file.as_ref().map(|file| fs_err::read(self.config.base.join(file)));
        let key = match (std::env::var(&settings.key_env), from_file) {
            (Ok(key), _) => Some(key.into_bytes()),
            (Err(_), Some(content)) => Some(content?.trim_ascii().to_vec()),
            (Err(_), None) => None,
        };
        match key.and_then(|key| PseudonymKey::new(&settings.key_id, &key)) {
            Some(key) => Ok(key),
            None => bail!(
                self.texts().get("cli-no-key", &[("source", source.id.as_str()), ("env", settings.key_env.as_str())])
            ),
        }
    }
}

impl Lang {
    /// The language.
    pub(crate) const fn language(self) -> Language {
        match self {
            Self::Lv => Language::Lv,
            Self::En => Language::En,
        }
    }
}

/// What was said of the installation and the day. An address with a password in it is not repeated.
fn again(options: &Options) -> Vec<String> {
    let mut words = Vec::new();
    if options.config != std::path::Path::new("config") {
        words.extend(["--config".to_owned(), options.config.display().to_string()]);
    }
    if let Some(work) = &options.work {
        words.extend(["--work".to_owned(), work.display().to_string()]);
    }
    if let Some(registry) = options.registry.as_ref().filter(|url| Registry::shown(url) == **url) {
        words.extend(["--registry".to_owned(), registry.clone()]);
    }
    if let Some(as_of) = &options.as_of {
        words.extend(["--as-of".to_owned(), as_of.clone()]);
    }
    words
}

/// A day counts from its local midnight.
fn parse_as_of(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    text.parse::<Date>().ok()?.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp())
}
