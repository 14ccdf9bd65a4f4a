//! The structures of `config/**/*.toml`; their JSON schemas are made from these.
//!
//! What a table of a source becomes stands in [`vienkop_transforms::mapping::TableMapping`], the options of a
//! kind in the kind's own file.

use std::collections::BTreeMap;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vienkop_connectors::deliver::DeliverSettings;
use vienkop_connectors::limits::Limits;
use vienkop_transforms::deliver::{RecordSettings, Template};
use vienkop_transforms::drift::Policy as Drift;
use vienkop_transforms::mapping::TableMapping;
use vienkop_transforms::texts::Language;

/// `config/vienkop.toml`: what holds for every source and pipeline.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Vienkop {
    /// Address of the registry; default: `sqlite://<work>/registry.db`.
    pub(crate) registry: Option<String>,
    /// Folder for the registry, landed files and reports, relative to the folder that holds `config`.
    pub(crate) work: String,
    /// Folder for the event lakes of registries on a server, relative to the folder that holds `config`; default:
    /// `<work>/lake`. Workers on several machines need one that they share. The lake of an SQLite registry `x.db` is the
    /// folder `x.lake` beside it.
    pub(crate) lake: Option<String>,
    /// Language of what people read: lv or en.
    pub(crate) language: Language,
    /// Time zone of local times in sources, by its IANA name.
    pub(crate) time_zone: String,
    /// The hours of a working day.
    pub(crate) working_time: WorkingTime,
    /// The pipeline that `vienkop run` runs when none is named.
    pub(crate) default_pipeline: Option<String>,
    /// Safety limits on what one file may ask of memory, disk and time.
    pub(crate) limits: Limits,
    /// How personal data is kept out of the registry.
    pub(crate) personal_data: PersonalData,
    /// Under which addresses the registry is published, and by whom.
    pub(crate) publish: PublishedAs,
}

impl Default for Vienkop {
    fn default() -> Self {
        Self {
            registry: None,
            work: "var".to_owned(),
            lake: None,
            language: Language::Lv,
            time_zone: "Europe/Riga".to_owned(),
            working_time: WorkingTime::default(),
            default_pipeline: None,
            limits: Limits::default(),
            personal_data: PersonalData::default(),
            publish: PublishedAs::default(),
        }
    }
}

/// `[publish]` of `vienkop.toml`: under which addresses the registry is published, and by whom.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PublishedAs {
    /// What the address (IRI) of everything published begins with: http or https, plain path segments, `/` at the end,
    /// for example `https://registrs.iestade.gov.lv/id/`. Others link to these addresses, so it stays what it is. Absent:
    /// nothing can be published as CPSV-AP and DCAT-AP.
    #[schemars(regex(pattern = r"^https?://[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?/([A-Za-z0-9._~-]+/)*$"))]
    pub(crate) base_iri: Option<String>,
    /// Registration number of the institution that publishes the catalogue; needed with `base_iri`.
    #[schemars(regex(pattern = r"^[0-9]{11}$"))]
    pub(crate) publisher: Option<String>,
}

/// `[working_time]`: the hours that count as working time on a working day, in the time zone of `time_zone`. Which days
/// are worked stands in `config/codelists/holidays.csv`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WorkingTime {
    /// When the working day begins, for example `09:00`.
    #[schemars(regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub(crate) from: String,
    /// When the working day ends, later than `from`, for example `17:00`.
    #[schemars(regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub(crate) to: String,
}

impl Default for WorkingTime {
    fn default() -> Self {
        Self { from: "09:00".to_owned(), to: "17:00".to_owned() }
    }
}

/// `[personal_data]`: the key of the pseudonyms and how long landed files with personal data are kept.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PersonalData {
    /// Name of the environment variable that holds the key.
    pub(crate) key_env: String,
    /// File that holds the key, used when the environment variable is not set.
    pub(crate) key_file: Option<String>,
    /// Name of the key, written in front of every pseudonym; change it together with the key.
    pub(crate) key_id: String,
    /// Days that landed files of sources with pseudonymised columns are kept.
    pub(crate) landed_days: u32,
}

impl Default for PersonalData {
    fn default() -> Self {
        Self { key_env: "VIENKOP_PSEUDONYM_KEY".to_owned(), key_file: None, key_id: "k1".to_owned(), landed_days: 90 }
    }
}

/// `config/pipelines/<name>.toml`: which sources run together and what comes of it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pipeline {
    /// What a person reads in the summary.
    pub(crate) title: String,
    /// Sources by id, `folder/id`, or a pattern such as `samples/*`.
    pub(crate) sources: Vec<String>,
    /// When `vienkop schedule` runs the pipeline: a cron line (minute, hour, day of month, month, weekday; the seconds in
    /// front when there are six) in the time zone of vienkop.toml, for example `15 3 * * 1-5`. Absent: never by itself.
    #[serde(default)]
    pub(crate) schedule: Option<String>,
    /// What `vienkop schedule` does when the pipeline was due while nobody was there to run it (stopped, suspended).
    #[serde(default)]
    pub(crate) missed: MissedRun,
    /// How `vienkop schedule` tries failed sources again.
    #[serde(default)]
    pub(crate) retry: RetryPolicy,
    /// What is published after the import; absent: nothing.
    #[serde(default)]
    pub(crate) publish: Option<Publish>,
    /// The situation assessment made after the import; absent: none.
    #[serde(default)]
    pub(crate) assess: Option<Assess>,
}

/// What becomes of a run that was missed; it is told in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MissedRun {
    /// It is made up for, once, however many were missed.
    #[default]
    Run,
    /// It is only told; the next time is that of the timetable.
    Tell,
}

/// `[retry]`: how failed sources are tried again. Sources held back by a gate or waiting for approval are not: trying
/// again would change nothing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RetryPolicy {
    /// How many more times; 0: never.
    #[schemars(range(max = 100))]
    pub(crate) attempts: u32,
    /// How long to wait before each: a number and s, min or h, for example `10min`.
    #[schemars(regex(pattern = r"^[1-9][0-9]{0,3}(s|min|h)$"))]
    pub(crate) wait: String,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 2, wait: "10min".to_owned() }
    }
}

/// `[assess]`: what the situation assessment covers, and how it is written.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Assess {
    /// Questionnaires whose answers are reported, by id.
    pub(crate) questionnaires: Vec<String>,
    /// Forms in which the report pack is written; absent: all. A form that an earlier report of the same day had, and that
    /// is not named here, is removed.
    #[schemars(length(min = 1))]
    pub(crate) formats: Vec<ReportFormat>,
}

impl Default for Assess {
    fn default() -> Self {
        Self { questionnaires: Vec::new(), formats: ReportFormat::ALL.to_vec() }
    }
}

/// A form of the report pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReportFormat {
    /// `report.html`.
    Html,
    /// `report.pdf`.
    Pdf,
    /// `report.json`; what a later assessment is compared with.
    Json,
    /// `report.xlsx`.
    Xlsx,
    /// `tables/*.csv`.
    Csv,
}

impl ReportFormat {
    /// All of them, in the order in which people want them.
    pub(crate) const ALL: [Self; 5] = [Self::Html, Self::Pdf, Self::Json, Self::Xlsx, Self::Csv];
}

/// `[publish]`: what others get of the registry, after a run and by `vienkop publish`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Publish {
    /// Forms in which the registry is published; absent: all.
    #[schemars(length(min = 1))]
    pub(crate) emit: Vec<PublishedForm>,
    /// How many publications are kept: a day each, the latest.
    #[schemars(range(min = 2, max = 10_000))]
    pub(crate) keep: u32,
    /// Share of a catalogue's entries that a publication may take away without approval, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(crate) max_removed_share: f64,
    /// Registers that records are delivered to after that, by the ids of their files (`config/targets/<id>.toml`).
    pub(crate) deliver: Vec<String>,
}

impl Default for Publish {
    fn default() -> Self {
        Self { emit: PublishedForm::ALL.to_vec(), keep: 30, max_removed_share: 0.2, deliver: Vec::new() }
    }
}

/// A form in which the registry is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PublishedForm {
    /// A JSON feed a catalogue: descriptions of services, whole and as changes.
    Feeds,
    /// `cpsv.ttl`, `cpsv.jsonld`: services by CPSV-AP 3.2.0. Needs `[publish]` of vienkop.toml.
    Cpsv,
    /// `dcat.ttl`, `dcat.jsonld`: the catalogue of services and their resources by DCAT-AP. Needs `[publish]` of
    /// vienkop.toml.
    Dcat,
}

impl PublishedForm {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Feeds, Self::Cpsv, Self::Dcat];
}

/// `config/targets/<id>.toml`: another register that takes records by its own interface; a source in reverse.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Target {
    /// The target's id, the same as the name of its file.
    pub(crate) id: String,
    /// What a person reads in the summary.
    pub(crate) title: String,
    /// Whom to ask when records are refused: a name and how to reach them, as people should read it.
    #[serde(default)]
    pub(crate) contact: Option<String>,
    /// The server, how it knows us, and when something is wrong.
    pub(crate) deliver: DeliverSettings,
    /// What is sent of which entity, and how.
    #[schemars(length(min = 1))]
    pub(crate) record: Vec<RecordSettings>,
    /// The same made ready, in the order in which entities are sent; not part of the file.
    #[serde(skip)]
    pub(crate) templates: Vec<Template>,
}

/// `config/sources/**/<id>.toml`: one source, whole.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    /// The source's id, the same as the name of its file.
    pub(crate) id: String,
    /// What a person reads in the summary.
    pub(crate) title: String,
    /// The preset whose fetch, format and tables this source begins with (`config/presets/<system>.toml`); what the
    /// source says itself counts more.
    #[serde(default)]
    pub(crate) extends: Option<String>,
    /// Parts of the preset that this source does without: `fetch/incremental`, `fetch/request/query/$count`.
    #[serde(default)]
    pub(crate) without: Vec<String>,
    /// Registration number of the institution that delivers: that of requests and events whose table says no other.
    #[serde(default)]
    pub(crate) institution: Option<String>,
    /// Whom to tell when what the source delivers has changed or cannot be read: a name and how to reach them, as people
    /// should read it.
    #[serde(default)]
    pub(crate) contact: Option<String>,
    /// What a delivery is: everything (`snapshot`) or only changes (`delta`).
    pub(crate) delivers: Delivers,
    /// Folder into which people put files of this source, relative to the folder that holds `config`: mended correction
    /// workbooks (`vienkop quarantine export`), and files in the source's own format. Each is a delivery of its own, in the
    /// order of their age, and moves to `done` or `failed` in it. With `[fetch] kind = "inbox"` such a file is what
    /// `delivers` says; beside another fetch, and in a correction workbook, what is absent stays.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub(crate) inbox: Option<String>,
    /// How the bytes are fetched; further options depend on the kind.
    pub(crate) fetch: Kinded,
    /// How the bytes are read; further options depend on the kind.
    pub(crate) format: Kinded,
    /// Which tables the delivery holds and what their rows become.
    pub(crate) table: Vec<TableMapping>,
    /// When a delivery is accepted, and which source wins.
    #[serde(default)]
    pub(crate) policy: Policy,
    /// Where the file lies; not part of the file.
    #[serde(skip)]
    pub(crate) place: Place,
}

/// Where a source's file lies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file, relative to the folder that holds `config`: `config/sources/samples/x.toml`.
    pub(crate) file: String,
    /// The folder below `config/sources`; empty for none.
    pub(crate) folder: String,
}

impl Place {
    /// Whether the source is part of the demonstration.
    pub(crate) fn is_sample(&self) -> bool {
        self.folder.split('/').next() == Some("samples")
    }
}

/// What a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Delivers {
    /// Everything the source holds: what is absent is retired.
    Snapshot,
    /// Only what changed: what is absent stays.
    Delta,
}

/// A kind and its options.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Kinded {
    /// The kind.
    pub(crate) kind: String,
    /// Its options.
    #[serde(flatten)]
    pub(crate) options: serde_json::Map<String, serde_json::Value>,
}

impl Kinded {
    /// The options as a value.
    pub(crate) fn options(&self) -> serde_json::Value {
        serde_json::Value::Object(self.options.clone())
    }

    /// Paths of files among the options of a fetch, each with where it stands; the first is what it fetches.
    pub(crate) fn paths(&self) -> Vec<(Vec<String>, String)> {
        let kind = vienkop_connectors::fetch::kind(&self.kind);
        let patterns = kind.map_or(&[][..], |kind| kind.paths());
        let mut found = Vec::new();
        for pattern in patterns {
            let steps: Vec<&str> = pattern.split('/').collect();
            below(&self.options(), &steps, &mut Vec::new(), &mut found);
        }
        found
    }
}

/// Texts at a path of which a step may be `*`: every item of a list.
fn below(value: &serde_json::Value, steps: &[&str], at: &mut Vec<String>, found: &mut Vec<(Vec<String>, String)>) {
    let Some((step, rest)) = steps.split_first() else {
        found.extend(value.as_str().map(|text| (at.clone(), text.to_owned())));
        return;
    };
    let items: Vec<(String, &serde_json::Value)> = match (value, *step) {
        (serde_json::Value::Array(items), "*") => {
            items.iter().enumerate().map(|(n, item)| (n.to_string(), item)).collect()
        }
        _ => value.get(*step).map(|item| ((*step).to_owned(), item)).into_iter().collect(),
    };
    for (name, item) in items {
        at.push(name);
        below(item, rest, at, found);
        at.pop();
    }
}

/// `[policy]`: when a delivery is accepted, and which source wins.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Policy {
    /// Share of the records that may be quarantined before the run counts as failed, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(crate) max_quarantined_share: f64,
    /// Share of the source's records that a snapshot may retire without approval, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(crate) max_retired_share: f64,
    /// Which source's value counts where several feed one record: the highest.
    pub(crate) priority: i32,
    /// Priorities of this source for single fields or lists instead, by `entity.field`, such as `"service.name" = 10`.
    #[serde(default)]
    pub(crate) field_priority: BTreeMap<String, i32>,
    /// How often something new is expected: a number and h, d or w, for example `90d`. A source that gives nothing new
    /// for longer is told as late in every summary; the same file met again is nothing new.
    #[schemars(regex(pattern = r"^[1-9][0-9]{0,3}(h|d|w)$"))]
    pub(crate) expected_every: Option<String>,
    /// What becomes of a delivery whose columns, forms of values or codes are others than those of the last one
    /// (docs/drift.md).
    pub(crate) drift: Drift,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_quarantined_share: 0.1,
            max_retired_share: 0.2,
            priority: 0,
            field_priority: BTreeMap::new(),
            expected_every: None,
            drift: Drift::default(),
        }
    }
}
