//! What can be asked for on the command line, and who does it. An error is printed here, once, with its causes.

use crate::{bench, generate, test, tidy, workspace::Workspace};
use clap::{Parser, Subcommand};
use std::{error::Error, ffi::OsString, path::PathBuf, process::ExitCode};

/// Chores of the project.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
pub(crate) struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Run every test; install first what they need.
    Test {
        /// Passed on to `cargo test`: a filter, `-p CRATE`, `-- --nocapture` …
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
        arguments: Vec<OsString>,
    },
    /// Check the house rules.
    Tidy,
    /// Write man pages and shell completions into `<target>/generated`.
    Generate,
    /// Measure the program against the simulator.
    Bench(bench::BenchOptions),
    /// Keep a PostgreSQL server until standard input ends: the tests' own.
    #[command(hide = true)]
    KeepPostgres {
        /// The directory of the test environment.
        place: PathBuf,
    },
    /// Run a command and print what it took: the bench's own tool.
    #[command(hide = true)]
    Measure {
        /// The command.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
        command: Vec<OsString>,
    },
}

/// Does the chore; its result is the exit code.
pub(crate) fn run(cli: &Cli) -> ExitCode {
    match perform(&cli.chore) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn perform(chore: &Chore) -> Result<ExitCode, Box<dyn Error>> {
    let workspace = Workspace::locate()?;
    match chore {
        Chore::Test { arguments } => Ok(test::run(&workspace, arguments)?),
        Chore::KeepPostgres { place } => Ok(test::keep_postgres(place)?),
        Chore::Tidy => Ok(tidy::run(&workspace)?),
        Chore::Generate => Ok(generate::run(&workspace)?),
        Chore::Bench(options) => bench::run(&workspace, options),
        Chore::Measure { command } => Ok(bench::measure_child(command)?),
    }
}

/// An error and its causes on one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[track_caller]
    fn check_passed_on(line: &str, expected: &[&str]) {
        let Chore::Test { arguments } = Cli::try_parse_from(line.split(' ')).unwrap().chore else {
            panic!("`{line}` does not ask for the tests");
        };
        assert_eq!(arguments, expected, "{line}");
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_follows_test_is_passed_on() {
        check_passed_on("xtask test", &[]);
        check_passed_on("xtask test due", &["due"]);
        check_passed_on("xtask test -- due", &["due"]);
        check_passed_on("xtask test -p vigil-core due", &["-p", "vigil-core", "due"]);
        check_passed_on("xtask test due -- --nocapture", &["due", "--", "--nocapture"]);
    }
}
