//! The runs of the bench, and the bounds they are held against.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::Instant;
use std::{error::Error, io};

use clap::Args;

use super::figures::{Figures, Passed, figure};
use super::scanner::{Scanner, output};
use super::simulator::Simulator;
use super::store;
use crate::workspace::Workspace;

/// How large the bench is. The defaults are what the project promises figures for.
#[derive(Debug, Args)]
pub(crate) struct BenchOptions {
    /// Images of the ordinary registry, and of the memory; the large registry has ten times as many.
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
    /// Only these runs: free, quota, plan, start, store.
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
    figures: Figures,
}

/// A command over a registry of this size.
#[derive(Clone, Copy)]
struct Task {
    command: &'static str,
    repositories: u64,
    images: u64,
    concurrency: u64,
    /// How often each image is asked about: whether it is due, then its start and its result.
    calls_an_image: u64,
}

type Outcome = Result<(), Box<dyn Error>>;

/// Builds the program and makes the runs. It fails if a bound was missed.
pub(crate) fn run(workspace: &Workspace, options: &BenchOptions) -> Result<ExitCode, Box<dyn Error>> {
    let wanted = |name: &str| options.only.is_empty() || options.only.iter().any(|only| only == name);
    let mut figures = Figures::default();
    if wanted("store") {
        store::measure(workspace, &mut figures, options.images)?;
    }
    if !options.only.is_empty() && options.only.iter().all(|only| only == "store") {
        return Ok(figures.close());
    }
    let (program, output) = (build(workspace)?, output(&workspace.target));
    let mut bench = Bench { options, program, output, figures };
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
    Ok(bench.figures.close())
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

    /// Scans the ordinary registry, with everything in it due.
    fn scan_of_all(&self) -> Task {
        let BenchOptions { images, repositories, concurrency, .. } = *self.options;
        Task { command: "scan", repositories, images, concurrency, calls_an_image: 3 }
    }

    /// Makes a pass, and prints what it took.
    fn pass(&self, task: Task, simulator: &Simulator) -> Result<Passed, Box<dyn Error>> {
        let Task { command, concurrency, images, .. } = task;
        let scanner = Scanner { program: &self.program, output: &self.output, concurrency };
        let measured = scanner.pass(command, simulator)?;
        let calls = simulator.take_calls()?;
        let passed = Passed { images, measured, calls, least_calls: task.least_calls() };
        passed.print();
        Ok(passed)
    }

    /// From the start of the process to its first call.
    fn start_up(&mut self) -> Outcome {
        self.figures.title("Start-up: from the start of the process to its first call");
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
    fn free(&mut self) -> Outcome {
        let BenchOptions { images, repositories, latency, concurrency, .. } = *self.options;
        let simulator = self.simulator(repositories, images)?;
        self.figures.title(&format!(
            "scan: {images} images in {repositories} repositories, all due, {latency} ms a call, {concurrency} at once"
        ));
        let first = self.pass(self.scan_of_all(), &simulator)?;
        let ideal = first.calls.total() as f64 * latency as f64 / 1e3 / concurrency as f64;
        let wall = first.measured.wall.as_secs_f64();
        self.figures.bounded("wall / (calls × latency ⁄ concurrency)", wall / ideal, 1.10, "");
        self.figures.bounded("calls / least calls", first.calls_over_least(), 1.01, "");

        self.figures.title("scan again, right after");
        let second = self.pass(Task { calls_an_image: 1, ..self.scan_of_all() }, &simulator)?;
        self.figures.bounded("calls of StartImageScan", second.calls.of("StartImageScan") as f64, 0.0, "");
        Ok(())
    }

    /// The same with quotas on the two operations that are called for every image.
    fn with_quotas(&mut self) -> Outcome {
        let BenchOptions { images, repositories, quota, .. } = *self.options;
        let simulator = self.simulator(repositories, images)?;
        simulator.limit("DescribeImageScanFindings", quota)?;
        simulator.limit("StartImageScan", quota)?;
        self.figures.title(&format!(
            "scan: {images} images, all due, at most {quota} calls a second of each operation on images"
        ));
        // Enough calls at once for both quotas together: they alone are to be the limit.
        let concurrency = 3 * self.options.concurrency;
        let Passed { measured, calls, .. } =
            self.pass(Task { concurrency, ..self.scan_of_all() }, &simulator)?;
        // Every image is read before the plan stands; then starts and reads go on side by side.
        let demanded = 2.0 * images as f64 / quota as f64;
        let wall = measured.wall.as_secs_f64();
        self.figures.bounded("wall / time that the quotas alone demand", wall / demanded, 1.05, "");
        let throttled = 100.0 * calls.throttled() as f64 / calls.total() as f64;
        self.figures.bounded("throttled calls", throttled, 2.0, " %");
        let report = std::fs::read_to_string(&self.output)?;
        let scanned = report.matches(r#""status":"scanned""#).count() as u64;
        self.figures.bounded("images lost", (images - scanned.min(images)) as f64, 0.0, "");
        Ok(())
    }

    /// Plans of the ordinary registry and of one ten times as large.
    fn plans(&mut self) -> Outcome {
        let mut peaks = Vec::new();
        for factor in [1, 10] {
            let images = self.options.images * factor;
            let repositories = self.options.repositories * factor;
            let simulator = self.simulator(repositories, images)?;
            // More calls at once than in the timed runs: here memory is what counts, and a million calls take their time.
            let concurrency = 3 * self.options.concurrency;
            self.figures.title(&format!(
                "plan: {images} images in {repositories} repositories, {concurrency} calls at once"
            ));
            let task = Task { command: "plan", repositories, images, concurrency, calls_an_image: 1 };
            peaks.push(self.pass(task, &simulator)?.mebibytes());
        }
        if let [small, large] = peaks[..] {
            self.figures.bounded("peak memory of the large plan", large, 150.0, " MiB");
            self.figures.bounded("peak memory, large plan / small plan", large / small, 1.3, "");
        }
        Ok(())
    }
}

impl Task {
    /// Who we are, what scans here, the pages of repositories and of images, and what each image takes.
    fn least_calls(&self) -> u64 {
        const PAGE: u64 = 1000;
        let pages_of_images = self.repositories.max(self.images.div_ceil(PAGE));
        2 + self.repositories.div_ceil(PAGE) + pages_of_images + self.calls_an_image * self.images
    }
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
