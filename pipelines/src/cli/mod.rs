//! The command line: what can be said, and which file does it.

pub(crate) mod approval;
mod check;
mod exit;
mod explain;
mod figure;
mod findings;
mod interrupt;
mod kpi;
mod list;
mod onboard;
pub(crate) mod output;
mod publish;
mod quarantine;
mod record;
mod replay;
mod report;
mod retry;
mod review;
mod run;
mod runs;
mod schedule;
pub(crate) mod session;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::ReportFormat;
use crate::fault;
use approval::Approve;
pub(crate) use exit::Exit;

/// Service descriptions and service-request statuses of Latvia's public sector, in one place.
#[derive(Debug, Parser)]
#[command(name = "vienkop", version, after_help = exit::HELP, max_term_width = 120)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Options of all commands.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// Options of all commands.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Folder of the configuration
    #[arg(long, global = true, value_name = "DIR", default_value = "config")]
    pub(crate) config: PathBuf,
    /// Work folder: landed files, registry, reports [default: `work` of vienkop.toml]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) work: Option<PathBuf>,
    /// Registry [default: registry.db in the work folder]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) registry: Option<String>,
    /// The day (2024-07-08) or moment that counts as now
    #[arg(long, global = true, value_name = "DATE")]
    pub(crate) as_of: Option<String>,
    /// Language of messages and reports [default: `language` of vienkop.toml]
    #[arg(long, global = true, value_enum)]
    pub(crate) lang: Option<Lang>,
    /// Anything quarantined ends with exit code 1
    #[arg(long, global = true)]
    pub(crate) strict: bool,
    /// Results as JSON on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Nothing but results and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// More log lines (-vv: even more)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Form of log lines
    #[arg(long, global = true, value_enum, default_value = "text")]
    pub(crate) log_format: LogFormat,
}

/// Language of messages and reports.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Lang {
    /// Latvian.
    Lv,
    /// English.
    En,
}

/// Form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// What vienkop can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Import, resolve, load, then publish and assess as the pipeline says
    Run {
        /// Pipeline or a single source [default: `default_pipeline` of vienkop.toml]
        target: Option<String>,
        /// Sources approved beforehand.
        #[command(flatten)]
        approve: Approve,
        /// Also write what servers answer into a folder a source below DIR, to be played as `recorded`
        #[arg(long, value_name = "DIR")]
        record: Option<PathBuf>,
    },
    /// The same without writing: what a run would insert, change, retire and quarantine
    Plan {
        /// Pipeline or a single source [default: `default_pipeline` of vienkop.toml]
        target: Option<String>,
        /// As if `run` with it.
        #[command(flatten)]
        approve: Approve,
    },
    /// Configuration, then environment; no data is loaded
    Check {
        /// Only this source
        source: Option<String>,
    },
    /// A draft source file from a register that nobody has described: its layout, a proposed mapping, a preview
    Onboard(onboard::Onboard),
    /// The report pack from what the registry holds
    Assess {
        /// Questionnaires [default: those of the default pipeline]
        #[arg(long = "questionnaire", value_name = "ID")]
        questionnaires: Vec<String>,
        /// An earlier assessment to compare with: its day (2024-07-08), or the folder that holds its report.json [default:
        /// the previous wave of the survey, where there is one]
        #[arg(long, value_name = "DIR|DATE")]
        previous: Option<String>,
        /// Form to write, several times for several [default: those of the default pipeline]; others of the same day are
        /// removed
        #[arg(long = "format", value_name = "FORM", value_enum)]
        formats: Vec<ReportFormat>,
    },
    /// Feeds of catalogues from what the registry holds, into the work folder
    Publish(publish::Wanted),
    /// Performance indicators of service requests: volumes, times, outcomes, steps
    Kpi(kpi::Asked),
    /// What a finding code means, where every value of a record came from, or what stands behind a number of the report
    Explain {
        /// A code such as V012; a uid or its beginning, or entity:key such as service:90000270634/01; a figure such as 1.1-6
        /// or 1.1-6/yes, or a selector as report.json has it
        id: String,
    },
    /// Versions of a record: what changed, when, by which run and source, from which file and row
    History {
        /// A uid or its beginning (8 characters or more), or entity:key such as institution:90000270634
        id: String,
    },
    /// Everything that was said of the latest delivery of each source, or of one, and of the registry as a whole
    Findings {
        /// Only this source
        #[arg(conflicts_with = "links")]
        source: Option<String>,
        /// Only the registry as a whole: unmet needs, services without a need or resource, references to nothing
        #[arg(long)]
        links: bool,
        /// Of the registry as a whole, only what concerns this institution
        #[arg(long, value_name = "REG_NO", requires = "links")]
        institution: Option<String>,
    },
    /// Rejected records
    Quarantine {
        /// What to do with them.
        #[command(subcommand)]
        command: QuarantineCommand,
    },
    /// Services that may be one: what waits for a decision, and decisions
    Review {
        /// What to do.
        #[command(subcommand)]
        command: ReviewCommand,
    },
    /// Run samples offline against a scratch registry and compare with expected results
    Replay {
        /// Folder of the samples
        dir: PathBuf,
        /// Folder of the expected results
        #[arg(long, value_name = "DIR")]
        expect: PathBuf,
        /// Pipeline [default: `default_pipeline` of vienkop.toml]
        #[arg(long)]
        pipeline: Option<String>,
        /// Take the results as the new expectation
        #[arg(long)]
        accept: bool,
    },
    /// What ran, what each source delivered
    Runs {
        /// How many of the latest
        #[arg(default_value_t = 10)]
        number: u32,
    },
    /// Stay up and run pipelines by their cron lines; SIGTERM or Ctrl-C ends it
    Schedule {
        /// Run what was due since it last ran, then end with the exit code of that
        #[arg(long)]
        once: bool,
    },
    /// Sources, pipelines, kinds, entities, code lists
    List {
        /// Of what
        #[arg(value_enum)]
        what: ListOf,
    },
    /// JSON schemas of the configuration
    Schema {
        /// Write them to config/schema/ instead of standard output
        #[arg(long)]
        write: bool,
    },
}

/// What to do with rejected records.
#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    /// A line a record that was not accepted and has not come again since
    List {
        /// Only this source
        source: Option<String>,
    },
    /// One record: its original cells and what is wrong with it
    Show {
        /// `source#number` as listed
        id: String,
    },
    /// Go through them again, from the landed files and by today's mapping and code lists; no source is asked
    Retry {
        /// Sources, or records as listed (`source#number`) [default: everything]
        what: Vec<String>,
        /// Only tell what would come of it
        #[arg(long)]
        dry_run: bool,
    },
    /// A workbook for the agency: its rejected rows with what is wrong in them, to be mended and put into the inbox
    Export {
        /// The source
        source: String,
        /// The file [default: karantina-SOURCE-DATE.xlsx in this folder]; one that is there already is left alone
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Take records off the list that will never come again; what they were and why stays known
    Close {
        /// `source#number` as listed, one or several
        #[arg(required = true)]
        ids: Vec<String>,
        /// The reason; without personal data
        #[arg(long, value_name = "TEXT")]
        because: String,
    },
}

/// What to do about services that may be one.
#[derive(Debug, Subcommand)]
pub(crate) enum ReviewCommand {
    /// Pairs that wait for a decision and why, and kinds of service that several municipalities share
    List {
        /// Decided ones too
        #[arg(long)]
        all: bool,
    },
    /// The two of a pair are one service; or: a proposed group gets its code
    Accept {
        /// Number of the pair, or group code, as listed
        id: String,
    },
    /// The two of a pair are two services
    Reject {
        /// Number of the pair, as listed
        id: i64,
    },
    /// Take a merge back; or: what one source says of a service becomes a service of its own
    Split {
        /// Number of the merge as listed (`review list --all`), or with --source the service: uid or service:key
        id: String,
        /// The source
        #[arg(long)]
        source: Option<String>,
    },
}

/// What can be listed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ListOf {
    /// Sources.
    Sources,
    /// Pipelines.
    Pipelines,
    /// Kinds of fetch and format.
    Kinds,
    /// Entities of the registry and their fields.
    Entities,
    /// Code lists.
    Codelists,
    /// Presets: systems that sources can extend.
    Presets,
    /// Targets: registers that records can be delivered to.
    Targets,
}

impl Command {
    /// Whether it runs unattended for long: then the log tells what it does.
    pub(crate) const fn stays_up(&self) -> bool {
        matches!(self, Self::Schedule { .. })
    }
}

/// Does what the command line says.
pub(crate) async fn execute(cli: Cli, clock: fn() -> jiff::Timestamp) -> anyhow::Result<Exit> {
    let options = cli.options.clone();
    let done = Box::pin(command(cli, clock)).await;
    done.map_err(|error| fault::in_language(&options, &error).map_or(error, anyhow::Error::msg))
}

async fn command(cli: Cli, clock: fn() -> jiff::Timestamp) -> anyhow::Result<Exit> {
    let options = &cli.options;
    let now = clock();
    match cli.command {
        Command::Run { target, approve, record } => {
            run::run(options, now, target.as_deref(), &approve, record.as_deref()).await
        }
        Command::Plan { target, approve } => run::plan(options, now, target.as_deref(), &approve).await,
        Command::Check { source } => check::check(options, now, source.as_deref()).await,
        Command::Onboard(asked) => onboard::onboard(options, now, &asked),
        Command::Assess { questionnaires, previous, formats } => {
            report::assess(options, now, &questionnaires, previous.as_deref(), &formats).await
        }
        Command::Publish(wanted) => publish::publish(options, now, &wanted).await,
        Command::Kpi(asked) => kpi::kpi(options, now, &asked).await,
        Command::Explain { id } => explain::explain(options, &id, now).await,
        Command::History { id } => record::history::history(options, now, &id).await,
        Command::Findings { source, links, institution } => {
            findings::findings(options, now, source.as_deref(), links, institution.as_deref()).await
        }
        Command::Quarantine { command } => quarantine::quarantine(options, now, &command).await,
        Command::Review { command } => review::review(options, now, &command).await,
        Command::Replay { dir, expect, pipeline, accept } => {
            replay::replay(options, now, &dir, &expect, pipeline.as_deref(), accept).await
        }
        Command::Runs { number } => runs::runs(options, now, number).await,
        Command::Schedule { once } => schedule::schedule(options, clock, once).await,
        Command::List { what } => list::list(options, what, now),
        Command::Schema { write } => list::schema(options, write),
    }
}
