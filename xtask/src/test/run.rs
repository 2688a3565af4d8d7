//! Runs the tests and passes on every word they say, as they say it.

use super::{
    ambient, doc_tests, environment, invocation,
    needs::Needs,
    servers::{self, ServerError},
    tally::Tally,
};
use crate::{tidy, workspace::Workspace};
use std::{
    ffi::OsString,
    fs,
    io::{self, Read, Write},
    path::Path,
    process::{Command, ExitCode, ExitStatus, Stdio},
};

/// Why the tests could not be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error(transparent)]
    Prepare(#[from] environment::PrepareError),
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error("cannot run the tests")]
    Runner(#[source] io::Error),
}

/// Runs what `asked` names, or everything; the exit code is the runner's.
pub(crate) fn run(workspace: &Workspace, asked: &[OsString]) -> Result<ExitCode, RunError> {
    let place = workspace.target.join("test-env");
    let python = environment::prepare(&place, &workspace.root.join("xtask/requirements.txt"))?;
    let empty = place.join("empty");
    fs::write(&empty, "").map_err(RunError::Runner)?;
    let needs = Needs::of(asked);
    let servers = servers::start(&place, needs)?;

    let mut tally = Tally::default();
    let mut outcome = ExitCode::SUCCESS;
    for arguments in rounds(workspace, needs, asked) {
        let mut command = workspace.cargo();
        command.args(arguments);
        ambient::settle(&mut command, &python, &empty);
        command.envs(servers.variables());
        let status = stream(&mut command, &mut tally).map_err(RunError::Runner)?;
        if !status.success() {
            outcome = code(status);
        }
    }
    close(&tally, outcome == ExitCode::SUCCESS);
    Ok(outcome)
}

/// Doc tests go first: the run then ends with the summary of a program that executed tests.
fn rounds(workspace: &Workspace, needs: Needs, asked: &[OsString]) -> Vec<Vec<OsString>> {
    let mut rounds = vec![invocation::of_tests(asked)];
    if needs.examples {
        rounds.insert(0, invocation::of_examples());
    }
    if asked.is_empty() && any_doc_test(&workspace.root) {
        rounds.insert(0, invocation::of_doc_tests());
    }
    rounds
}

fn any_doc_test(root: &Path) -> bool {
    let ours = |path: &&String| path.starts_with("crates/") && path.ends_with(".rs");
    tidy::files(root)
        .iter()
        .filter(ours)
        .any(|path| fs::read_to_string(root.join(path)).is_ok_and(|text| doc_tests::holds_one(&text)))
}

fn stream(command: &mut Command, tally: &mut Tally) -> io::Result<ExitStatus> {
    let mut runner = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    if let Some(mut output) = runner.stdout.take() {
        let mut chunk = [0; 8192];
        loop {
            let length = output.read(&mut chunk)?;
            if length == 0 {
                break;
            }
            let mut out = io::stdout().lock();
            out.write_all(&chunk[..length])?;
            out.flush()?;
            tally.feed(&chunk[..length]);
        }
    }
    runner.wait()
}

/// The closing line, unless there is nothing to sum up.
fn close(tally: &Tally, succeeded: bool) {
    if tally.is_empty() {
        eprintln!("no test was run");
        return;
    }
    if !succeeded && !tally.has_failures() {
        eprintln!(
            "a test program did not build or ended before its summary; the tests that were counted passed"
        );
    }
    println!("{tally}");
}

fn code(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
