//! The command line: what can be said, and which file does it.

pub(crate) mod approval;
mod check;
mod exit;
mod explain;
mod findings;
mod list;
pub(crate) mod output;
mod quarantine;
mod replay;
mod report;
mod run;
mod runs;
pub(crate) mod session;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    /// Import, resolve, load, then assess as the pipeline says
    Run {
        /// Pipeline or a single source [default: `default_pipeline` of vienkop.toml]
        target: Option<String>,
        /// Sources approved beforehand.
        #[command(flatten)]
        approve: Approve,
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
    /// The report pack from what the registry holds
    Assess {
        /// Questionnaires [default: those of the default pipeline]
        #[arg(long = "questionnaire", value_name = "ID")]
        questionnaires: Vec<String>,
    },
    /// What a finding code means and how it is mended
    Explain {
        /// A code such as V012
        id: String,
    },
    /// Everything that was said of the latest delivery of each source, or of one
    Findings {
        /// Only this source
        source: Option<String>,
    },
    /// Rejected records
    Quarantine {
        /// What to do with them.
        #[command(subcommand)]
        command: QuarantineCommand,
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
    /// A line a record of the latest delivery of each source
    List {
        /// Only this source
        source: Option<String>,
    },
    /// One record: its original cells and what is wrong with it
    Show {
        /// `source#number` as listed
        id: String,
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
}

/// Does what the command line says.
pub(crate) async fn execute(cli: Cli, now: jiff::Timestamp) -> anyhow::Result<Exit> {
    let options = &cli.options;
    match cli.command {
        Command::Run { target, approve } => run::run(options, now, target.as_deref(), &approve).await,
        Command::Plan { target, approve } => run::plan(options, now, target.as_deref(), &approve).await,
        Command::Check { source } => check::check(options, now, source.as_deref()),
        Command::Assess { questionnaires } => report::assess(options, now, &questionnaires).await,
        Command::Explain { id } => explain::explain(options, &id, now),
        Command::Findings { source } => findings::findings(options, now, source.as_deref()).await,
        Command::Quarantine { command } => quarantine::quarantine(options, now, &command).await,
        Command::Replay { dir, expect, pipeline, accept } => {
            replay::replay(options, now, &dir, &expect, pipeline.as_deref(), accept).await
        }
        Command::Runs { number } => runs::runs(options, now, number).await,
        Command::List { what } => list::list(options, what, now),
        Command::Schema { write } => list::schema(options, write),
    }
}
