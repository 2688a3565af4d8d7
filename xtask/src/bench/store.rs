//! The memory of the service, measured by its own program: how large it gets and how quickly it writes and answers.

use std::error::Error;
use std::io;
use std::process::{Command, ExitStatus, Stdio};

use serde_json::Value;

use super::figures::{Figures, figure};
use crate::workspace::Workspace;

/// Findings of each image.
const FINDINGS: u64 = 100;
/// What so many findings may take on disk: 4 GiB for ten million.
const BYTES_A_FINDING: f64 = 4.0 * (1u64 << 30) as f64 / 1e7;

/// The memory could not be measured.
#[derive(Debug, thiserror::Error)]
enum StoreBenchError {
    #[error("cannot run {0}")]
    Run(&'static str, #[source] io::Error),
    #[error("{0} ended with {1}")]
    Failed(&'static str, ExitStatus),
}

/// Builds the measuring program, fills a new SQLite file with findings of so many images, and holds what it says against
/// the bounds.
pub(super) fn measure(
    workspace: &Workspace,
    figures: &mut Figures,
    images: u64,
) -> Result<(), Box<dyn Error>> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--release", "--package", "vigil-store", "--example", "measure"]);
    let status = cargo.status().map_err(|error| StoreBenchError::Run("cargo", error))?;
    if !status.success() {
        return Err(StoreBenchError::Failed("cargo", status).into());
    }
    figures.title(&format!("memory: {images} images with {FINDINGS} findings each, in SQLite"));
    let mut program = Command::new(workspace.target.join("release/examples/measure"));
    program.args([images.to_string(), FINDINGS.to_string()]).stderr(Stdio::inherit());
    let output = program.output().map_err(|error| StoreBenchError::Run("the measuring program", error))?;
    if !output.status.success() {
        return Err(StoreBenchError::Failed("the measuring program", output.status).into());
    }
    tell(figures, &serde_json::from_slice(&output.stdout)?);
    Ok(())
}

fn tell(figures: &mut Figures, measured: &Value) {
    let number = |of: &Value| of.as_f64().unwrap_or(f64::NAN);
    let millis = |what: &str, of: &str| number(&measured[what][of]) * 1e3;
    let (findings, bytes) = (number(&measured["findings"]), number(&measured["bytes"]));
    figure("findings", findings);
    figure("filled in", format!("{:.0} s", number(&measured["fill"]["wall_p50"])));
    figure("CPU time a finding", format!("{:.1} µs", number(&measured["fill"]["cpu_p50"]) * 1e6 / findings));
    figure("the file and its log", format!("{:.0} MiB", bytes / f64::from(1 << 20)));
    figures.bounded("bytes a finding", bytes / findings, BYTES_A_FINDING, " B");
    for (what, name, part, bound) in BOUNDS {
        figures.bounded(name, millis(what, part), bound, " ms");
    }
    for (what, name) in TAKEN {
        let (wall, cpu) = (millis(what, "wall_p50"), millis(what, "cpu_p50"));
        figure(name, format!("{wall:.3} ms, {cpu:.3} ms of CPU time (p50)"));
    }
}

/// What is measured, as it is printed, which part of the times, and the most that it may be.
const BOUNDS: [(&str, &str, &str, f64); 4] = [
    ("ingest", "writing a scan with 500 findings, p50", "wall_p50", 10.0),
    ("where_many", "where is a vulnerability of many images, p99", "wall_p99", 20.0),
    ("where_few", "where is a vulnerability of few images, p99", "wall_p99", 20.0),
    ("worst_first", "images of a repository, worst first, p99", "wall_p99", 20.0),
];

/// What has no bound, and what has one by the clock.
const TAKEN: [(&str, &str); 4] = [
    ("ingest", "writing a scan with 500 findings"),
    ("reread", "reading an unchanged scan again"),
    ("coverage", "coverage, as at each scrape"),
    ("exported", "the three newest tags of all repositories"),
];
