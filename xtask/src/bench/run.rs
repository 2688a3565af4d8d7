//! The runs of the bench, and the bounds they are held against.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::Instant;
use std::{error::Error, io};

use clap::Args;

use super::figures::{bounded, figure, mebibytes, pass, title};
use super::scanner::{Scanner, output};
use super::simulator::Simulator;
use crate::workspace::Workspace;

/// How large the bench is. The defaults are what the project promises figures for.
#[derive(Debug, Args)]
pub(crate) struct BenchOptions {
    /// Images of the ordinary registry; the large one has ten times as many.
    #[arg(long, default_value_t = 100_000)]
    images: u64,
    /// Repositories of the ordinary registry.
    #[arg(long, default_value_t = 1_000)]
    repositories: u64,
    /// Milliseconds that the simulator takes to answer.
    #[arg(long, default_value_t = 20)]
    latency: u64,
    /// Calls in flight; the default is the program's own.
    #[arg(long, default_value_t = 20)]
    concurrency: u64,
    /// Calls a second of each limited operation, in the run with quotas.
    #[arg(long, default_value_t = 800)]
    quota: u64,
    /// Only these runs: free, quota, plan, start.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

/// The program could not be built.
#[derive(Debug, thiserror::Error)]
enum BuildError {
    #[error("cannot run cargo")]
    Cargo(#[source] io::Error),
    #[error("the program could not be built: cargo ended with {0}")]
    Failed(ExitStatus),
}

struct Bench<'a> {
    options: &'a BenchOptions,
    program: PathBuf,
    output: PathBuf,
}

type Outcome = Result<(), Box<dyn Error>>;

/// Builds the program and makes the runs.
pub(crate) fn run(workspace: &Workspace, options: &BenchOptions) -> Result<ExitCode, Box<dyn Error>> {
    let bench = Bench { options, program: build(workspace)?, output: output(&workspace.target) };
    let wanted = |name: &str| options.only.is_empty() || options.only.iter().any(|only| only == name);
    if wanted("start") {
        bench.start_up()?;
    }
    if wanted("free") {
        bench.free()?;
    }
    if wanted("quota") {
        bench.with_quotas()?;
    }
    if wanted("plan") {
        bench.plans()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn build(workspace: &Workspace) -> Result<PathBuf, BuildError> {
    let arguments = ["build", "--release", "--package", "ecr-vigil"];
    let status = workspace.cargo().args(arguments).status().map_err(BuildError::Cargo)?;
    if !status.success() {
        return Err(BuildError::Failed(status));
    }
    Ok(workspace.target.join("release/ecr-vigil"))
}

impl Bench<'_> {
    fn simulator(&self, repositories: u64, images: u64) -> Result<Simulator, Box<dyn Error>> {
        Ok(Simulator::start(&self.program, repositories, images, self.options.latency)?)
    }

    fn scanner(&self) -> Scanner<'_> {
        Scanner { program: &self.program, output: &self.output, concurrency: self.options.concurrency }
    }

    /// From the start of the process to its first call.
    fn start_up(&self) -> Outcome {
        title("Start-up: from the start of the process to its first call");
        for _ in 0..3 {
            let simulator = self.simulator(1, 1)?;
            let began = Instant::now();
            let mut child = scan_once(&self.program, &simulator)?;
            simulator.wait_for("GetCallerIdentity")?;
            figure("first call after", format!("{:.0} ms", began.elapsed().as_secs_f64() * 1e3));
            child.wait()?;
        }
        Ok(())
    }

    /// All images due, nothing throttled; then at once a second pass.
    fn free(&self) -> Outcome {
        let BenchOptions { images, repositories, latency, concurrency, .. } = *self.options;
        let simulator = self.simulator(repositories, images)?;
        title(&format!(
            "scan: {images} images in {repositories} repositories, all due, {latency} ms a call, {concurrency} at once"
        ));
        let measured = self.scanner().pass("scan", &simulator)?;
        let calls = simulator.take_calls()?;
        pass(&measured, &calls, images);
        let ideal = calls.total() as f64 * latency as f64 / 1e3 / concurrency as f64;
        bounded("wall / (calls × latency ⁄ concurrency)", measured.wall.as_secs_f64() / ideal, 1.10, "");
        let least = least_calls(repositories, images);
        figure("least calls for the same answer", least);
        bounded("calls / least calls", calls.total() as f64 / least as f64, 1.01, "");

        title("scan again, right after");
        let measured = self.scanner().pass("scan", &simulator)?;
        let calls = simulator.take_calls()?;
        pass(&measured, &calls, images);
        bounded("calls of StartImageScan", calls.of("StartImageScan") as f64, 0.0, "");
        Ok(())
    }

    /// The same with quotas on the two operations that are called for every image.
    fn with_quotas(&self) -> Outcome {
        let BenchOptions { images, repositories, quota, .. } = *self.options;
        let simulator = self.simulator(repositories, images)?;
        simulator.limit("DescribeImageScanFindings", quota)?;
        simulator.limit("StartImageScan", quota)?;
        title(&format!(
            "scan: {images} images, all due, at most {quota} calls a second of each operation on images"
        ));
        // Enough calls at once for both quotas together: they alone are to be the limit.
        let concurrency = 3 * self.options.concurrency;
        let measured = Scanner { concurrency, ..self.scanner() }.pass("scan", &simulator)?;
        let calls = simulator.take_calls()?;
        pass(&measured, &calls, images);
        // Every image is read before the plan stands; then starts and reads go on side by side.
        let demanded = 2.0 * images as f64 / quota as f64;
        bounded("wall / time that the quotas alone demand", measured.wall.as_secs_f64() / demanded, 1.05, "");
        bounded("throttled calls", 100.0 * calls.throttled() as f64 / calls.total() as f64, 2.0, " %");
        let report = std::fs::read_to_string(&self.output)?;
        let scanned = report.matches(r#""status":"scanned""#).count() as u64;
        bounded("images lost", (images - scanned.min(images)) as f64, 0.0, "");
        Ok(())
    }

    /// Plans of the ordinary registry and of one ten times as large.
    fn plans(&self) -> Outcome {
        let mut peaks = Vec::new();
        for factor in [1, 10] {
            let images = self.options.images * factor;
            let repositories = self.options.repositories * factor;
            let simulator = self.simulator(repositories, images)?;
            // More calls at once than in the timed runs: here memory is what counts, and a million calls take their time.
            let concurrency = 3 * self.options.concurrency;
            title(&format!(
                "plan: {images} images in {repositories} repositories, {concurrency} calls at once"
            ));
            let measured = Scanner { concurrency, ..self.scanner() }.pass("plan", &simulator)?;
            pass(&measured, &simulator.take_calls()?, images);
            peaks.push(mebibytes(&measured));
        }
        if let [small, large] = peaks[..] {
            bounded("peak memory of the large plan", large, 150.0, " MiB");
            bounded("peak memory, large plan / small plan", large / small, 1.3, "");
        }
        Ok(())
    }
}

/// Who we are, what scans here, the pages of repositories and of images, and for each image one look, one start and one
/// result.
fn least_calls(repositories: u64, images: u64) -> u64 {
    const PAGE: u64 = 1000;
    let pages_of_images = repositories.max(images.div_ceil(PAGE));
    2 + repositories.div_ceil(PAGE) + pages_of_images + 3 * images
}

fn scan_once(program: &Path, simulator: &Simulator) -> io::Result<std::process::Child> {
    Command::new(program)
        .args(["scan", "--log-level", "error"])
        .env_clear()
        .env("AWS_ENDPOINT_URL", simulator.url())
        .envs([
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "bench"),
            ("AWS_SECRET_ACCESS_KEY", "bench"),
        ])
        .stdout(Stdio::null())
        .spawn()
}
