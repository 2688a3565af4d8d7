//! A command run to its end, with what it took: wall time, CPU time and peak memory of its process alone.
//!
//! The operating system adds up what the children of a process took, so each command runs under a process of its own:
//! this very program, which runs it, asks, and says what it heard.

use std::{
    env, io,
    path::Path,
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use nix::sys::resource::{UsageWho, getrusage};

/// What a command took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    pub(super) wall: Duration,
    pub(super) cpu: Duration,
    /// In KiB.
    pub(super) peak_memory: u64,
    pub(super) exit_code: i32,
}

/// Why a command could not be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MeasureError {
    #[error("cannot run the command to be measured")]
    Run(#[source] io::Error),
    #[error("the measuring process said `{0}`")]
    Said(String),
}

/// Runs a command and measures it.
pub(super) fn measure(
    program: &Path,
    arguments: &[String],
    environment: &[(&str, String)],
) -> Result<Measured, MeasureError> {
    let me = env::current_exe().map_err(MeasureError::Run)?;
    let mut command = Command::new(me);
    command.arg("measure").arg(program).args(arguments);
    command.env_clear().envs(environment.iter().map(|(name, value)| (*name, value)));
    let output = command.stderr(std::process::Stdio::inherit()).output().map_err(MeasureError::Run)?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let last = said.lines().last().unwrap_or_default();
    let numbers: Vec<u64> = last.split(' ').filter_map(|number| number.parse().ok()).collect();
    match numbers[..] {
        [wall, cpu, peak_memory, exit_code] => Ok(Measured {
            wall: Duration::from_micros(wall),
            cpu: Duration::from_micros(cpu),
            peak_memory,
            exit_code: i32::try_from(exit_code).unwrap_or(-1),
        }),
        _ => Err(MeasureError::Said(said)),
    }
}

/// Runs a command as the only child of this process and prints what it took: microseconds of wall and of CPU time, KiB,
/// exit code.
pub(crate) fn measure_child(command: &[std::ffi::OsString]) -> Result<ExitCode, MeasureError> {
    let [program, arguments @ ..] = command else { return Err(MeasureError::Said("nothing to run".into())) };
    let began = Instant::now();
    let status = Command::new(program).args(arguments).status().map_err(MeasureError::Run)?;
    let wall = began.elapsed();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| MeasureError::Run(error.into()))?;
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    let cpu = micros(usage.user_time()) + micros(usage.system_time());
    println!("{} {cpu} {} {}", wall.as_micros(), usage.max_rss(), status.code().unwrap_or(255));
    Ok(ExitCode::SUCCESS)
}
