//! The program that is measured, as a user starts it.

use std::path::{Path, PathBuf};

use super::measured::{MeasureError, Measured, measure};
use super::simulator::Simulator;

/// A way to start it.
pub(super) struct Scanner<'a> {
    pub(super) program: &'a Path,
    pub(super) output: &'a Path,
    pub(super) concurrency: u64,
}

impl Scanner<'_> {
    /// Makes a pass over the simulator: `scan` or `plan`.
    pub(super) fn pass(&self, command: &str, simulator: &Simulator) -> Result<Measured, MeasureError> {
        let arguments = [command, "--log-level", "warn", "--format", "json", "--concurrency"];
        let mut arguments: Vec<String> = arguments.map(str::to_owned).to_vec();
        arguments.push(self.concurrency.to_string());
        arguments.push("--output".into());
        arguments.push(self.output.display().to_string());
        measure(self.program, &arguments, &environment(simulator))
    }
}

/// The file that reports go to.
pub(super) fn output(target: &Path) -> PathBuf {
    target.join("bench-report.json")
}

fn environment(simulator: &Simulator) -> Vec<(&'static str, String)> {
    [
        ("AWS_ENDPOINT_URL", simulator.url().as_str()),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "bench"),
        ("AWS_SECRET_ACCESS_KEY", "bench"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}
