//! `vienkop`: service descriptions and request statuses of Latvia's public sector, in one place.
//!
//! Here the clock enters, the log is set up and errors become exit codes. What the program does stands in `import.rs`.

mod assess;
mod cli;
mod config;
mod fault;
mod import;
mod late;
mod outcome;
mod progress;
mod publish;
mod render;
mod tell;
mod timetable;

use std::process::ExitCode;

use clap::Parser;
use tracing::level_filters::LevelFilter;

use cli::{Cli, Exit, LogFormat};
use config::ConfigError;

fn main() -> ExitCode {
    let cli = Cli::parse();
    set_up_log(&cli);
    set_up_panics();
    let language = cli.options.lang.map(cli::Lang::language);
    let json = cli.options.json;
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("tokio: {error}")),
    };
    match runtime.block_on(cli::execute(cli, jiff::Timestamp::now)) {
        Ok(exit) => exit.into(),
        Err(error) => match error.downcast_ref::<ConfigError>() {
            Some(ConfigError::Problems(problems)) => {
                if json {
                    let told = serde_json::json!({ "problems": problems.told(language) });
                    let _ = cli::output::json(&told);
                }
                failed(&problems.render(language, cli::output::is_styled()))
            }
            _ => failed(&format!("vienkop: {error:#}")),
        },
    }
}

/// A library that panics on a hostile file is caught where it is called and becomes a finding. Its message may quote
/// the file, so the log gets the place alone.
fn set_up_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "internal error");
    }));
}

fn failed(message: &str) -> ExitCode {
    cli::output::error(message);
    Exit::CouldNotRun.into()
}

fn set_up_log(cli: &Cli) {
    let options = &cli.options;
    let level = match (options.quiet, options.verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) if cli.command.stays_up() => LevelFilter::INFO,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, 2) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    let log = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr);
    let log = log.with_ansi(cli::output::is_styled());
    match options.log_format {
        LogFormat::Text => log.with_target(false).init(),
        LogFormat::Json => log.json().init(),
    }
}
