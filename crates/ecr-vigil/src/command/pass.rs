//! `scan` and `plan`: one pass over all registries, its report, and what it means for a pipeline.

use std::collections::BTreeSet;

use futures::future::join_all;
use indicatif::MultiProgress;
use jiff::Timestamp;
use vigil_core::Ports;
use vigil_core::image::ImageName;
use vigil_core::port::{Catalogues, Clock, Ledger, NotRecorded, NullLedger, Reading, Registry};
use vigil_core::threat::{CatalogueKind, Informed, Threats};
use vigil_core::{CycleReport, Pacing, Pass, RegistryId, Scope, cycle};
use vigil_report::{Closing, Header, NotEntered, PassKind, RenderError, Status, Totals, render};
use vigil_store::PassLedger;

use super::runtime::block_on;
use super::settings::{read, tell};
use super::verdict::{Facts, exit, warnings};
use crate::cli::PassRequest;
use crate::config::{NamedImages, Settings, ThreatSettings, named_images};
use crate::connections::Connections;
use crate::enter::{Entered, chain, enter};
use crate::exit::Exit;
use crate::ledgers::Witnessed;
use crate::output::Output;
use crate::spool::Spool;
use crate::{compose, shutdown, telemetry};

/// What everything of one pass needs.
pub struct PassRun<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// Whether scans are started.
    pub act: bool,
    /// Images named by the user; `None`: all that are selected.
    pub named: Option<NamedImages>,
    /// What is known of attacks.
    pub threats: Threats,
    /// A memory that is to know of it, too.
    pub memory: Option<PassLedger>,
    /// The progress display and the log share the terminal.
    pub bars: MultiProgress,
}

/// What one pass came to, before it is rendered.
struct Outcome {
    began: Timestamp,
    reports: Vec<CycleReport>,
    not_entered: Vec<NotEntered>,
    /// Whether it ended early while connecting, of which no report tells.
    halted: bool,
    /// Registries in which it broke off for want of a place for its results.
    broken_off: BTreeSet<RegistryId>,
    spool: Spool,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
enum NoReport {
    #[error("the report cannot be written to {0}: {1}")]
    Output(String, std::io::Error),
    #[error("signals cannot be listened to: {0}")]
    Signals(std::io::Error),
    #[error(transparent)]
    NotRecorded(#[from] NotRecorded),
}

/// Makes the pass that the command line asks for.
pub fn run(request: &PassRequest) -> Exit {
    let settings = read(&request.written);
    let targets = settings.as_ref().map_or(1, |settings| settings.targets.len());
    let named = named_images(&request.images, request.images_file.as_deref(), targets);
    let (settings, named) = match (settings, named) {
        (Ok(settings), Ok(named)) => (settings, named),
        (settings, named) => {
            if let Err(error) = named {
                tell(&format!("ecr-vigil: {error}\n"));
            }
            return settings.err().unwrap_or(Exit::Usage);
        }
    };
    let bars = MultiProgress::new();
    telemetry::start(settings.log, &bars);
    block_on(async {
        let (settings, act) = (&settings, request.act);
        match threats(&settings.threats).await {
            Ok(threats) => run_pass(PassRun { settings, act, named, threats, memory: None, bars }).await,
            Err(exit) => exit,
        }
    })
}

/// What the catalogues of the settings say. Without them the pass would judge otherwise than was meant.
///
/// # Errors
///
/// If one cannot be read, which is told.
pub async fn threats(settings: &ThreatSettings) -> Result<Threats, Exit> {
    let mut threats = Threats::default();
    let wanted = CatalogueKind::ALL.into_iter().filter(|kind| settings.source(*kind).is_some());
    for kind in wanted {
        let feeds = compose::catalogues(settings).map_err(|error| {
            tracing::error!("{}", chain(&error));
            Exit::NothingDone
        })?;
        match feeds.read(kind, None).await {
            Ok(Reading::Read(catalogue, _)) => threats = threats.with(catalogue),
            // Only what has a mark can be as it was.
            Ok(Reading::Same) => {}
            Err(error) => {
                tell(&format!("ecr-vigil: the settings are wrong:\n  {}.source: {error}\n", kind.code()));
                return Err(Exit::Usage);
            }
        }
    }
    Ok(threats)
}

/// Makes a pass, writes its report, and says how it ended.
pub async fn run_pass(pass_run: PassRun<'_>) -> Exit {
    match try_run_pass(&pass_run).await {
        Ok(exit) => exit,
        Err(error) => {
            tracing::error!("{error}");
            Exit::NothingDone
        }
    }
}

async fn try_run_pass(pass_run: &PassRun<'_>) -> Result<Exit, NoReport> {
    let settings = pass_run.settings;
    // Whether there is a place for the report is seen before the pass: one of hours must not end for want of it.
    let place = settings.output.as_ref().map_or("standard output".into(), |path| path.display().to_string());
    let no_place = |error| NoReport::Output(place.clone(), error);
    Output::check(settings.output.as_deref()).map_err(no_place)?;
    let outcome = pass(pass_run).await?;
    let mut output = Output::open(settings.output.as_deref()).map_err(no_place)?;
    let header = Header {
        title: "Container security updates".into(),
        as_of: outcome.began,
        detail: settings.gate.detail.clone(),
        kind: if pass_run.act { PassKind::Scan } else { PassKind::Plan },
        named: pass_run.named.is_some(),
        width: output.width(),
    };
    let Outcome { reports, not_entered, halted, broken_off, spool, .. } = outcome;
    let warnings = |totals: &Totals| {
        let named = pass_run.named.as_ref();
        warnings(
            (&settings.exceptions, settings.exceptions_warn),
            named,
            pass_run.act,
            &reports,
            totals,
            header.as_of,
        )
    };
    let closing = |totals: &Totals| Closing {
        registries: reports.clone(),
        not_entered: not_entered.clone(),
        warnings: settings.passed_over.iter().cloned().chain(warnings(totals)).collect(),
    };
    let records = spool.into_records().map(|read| {
        let (registry, repository, record) = read?;
        let broken_off = pass_run.act && broken_off.contains(&registry);
        Ok::<_, NotRecorded>((registry, repository, if broken_off { record.broken_off() } else { record }))
    });
    let written = render(settings.format, &header, records, closing, &mut output);
    let totals = match written.and_then(|totals| Ok(output.finish().map(|()| totals)?)) {
        Ok(totals) => totals,
        Err(RenderError::Write(error)) => return Err(no_place(error)),
        Err(RenderError::Records(error)) => return Err(error.into()),
    };
    warn_of_trouble(&totals);
    Ok(exit(Facts {
        act: pass_run.act,
        named: pass_run.named.is_some(),
        halted: halted || !broken_off.is_empty() || reports.iter().any(|report| report.halted.is_some()),
        entered: reports.len(),
        faulty: reports.iter().filter(|report| !report.faults.is_empty()).count(),
        not_entered: not_entered.len(),
        started: reports.iter().map(|report| report.started).sum(),
        totals: &totals,
    }))
}

/// Whoever reads only the log must not take the pass for a good one.
fn warn_of_trouble(totals: &Totals) {
    let images: u64 =
        Status::ALL.into_iter().filter(|status| status.is_trouble()).map(|s| totals.count(s)).sum();
    if images > 0 {
        tracing::warn!(images, "images could not be scanned or read: the report names each");
    }
}

async fn pass(pass_run: &PassRun<'_>) -> Result<Outcome, NoReport> {
    let settings = pass_run.settings;
    let clock = compose::clock();
    let began = clock.now();
    let stop = shutdown::stop(clock, settings.pace.timeout).map_err(NoReport::Signals)?;
    let named = pass_run.named.as_ref().map(|named| &*named.ecr);
    let Entered { registries, not_entered, halted } =
        enter(settings, named, &Connections::default(), &stop).await;
    let spool = compose::ledger();
    let memory = pass_run.memory.as_ref().map_or(&NullLedger as &dyn Ledger, |memory| memory);
    let ledger = Witnessed { ledger: memory, witnesses: &[&spool] };
    let display = compose::progress(&pass_run.bars);
    let passes = registries.iter().map(|(registry, names)| {
        let pass = pass_settings(pass_run, names.clone());
        let (stop, ledger, clock, display) = (&stop, &ledger, &clock, &display);
        async move {
            let threats = || pass_run.threats.clone();
            let informed = Informed { scanner: registry, threats: &threats };
            let ports = Ports { registry, scanner: &informed, ledger, clock, progress: display };
            cycle(ports, &pass, stop).await
        }
    });
    let came_out = join_all(passes).await;
    display.finish();
    let broken_off = BTreeSet::new();
    let mut outcome = Outcome { began, reports: Vec::new(), not_entered, halted, broken_off, spool };
    for ((registry, _), came_out) in registries.iter().zip(came_out) {
        outcome.add(registry.id(), came_out);
    }
    outcome.reports.sort_by(|a, b| a.registry.cmp(&b.registry));
    Ok(outcome)
}

impl Outcome {
    /// Adds how the pass over a registry went. What it had written down before it could not is still to be read.
    fn add(&mut self, registry: &RegistryId, came_out: Result<CycleReport, NotRecorded>) {
        match came_out {
            Ok(report) => {
                let (started, registry_faults) = (report.started, report.faults.len());
                tracing::info!(%registry, started, registry_faults, "pass ended");
                self.reports.push(report);
            }
            Err(error) => {
                let reason = format!("ended early: {error}");
                tracing::error!(%registry, "{reason}");
                self.not_entered.push(NotEntered { registry: registry.to_string(), reason });
                self.broken_off.insert(registry.clone());
            }
        }
    }
}

fn pass_settings(pass_run: &PassRun<'_>, names: Option<Vec<ImageName>>) -> Pass {
    let settings = pass_run.settings;
    Pass {
        act: pass_run.act,
        scope: names.map_or_else(|| Scope::selected(settings.selection.clone()), Scope::named),
        pacing: Pacing::default(),
        cadence: settings.cadence.clone(),
        budget: settings.budget,
        gate: settings.gate.clone(),
        exceptions: settings.exceptions.clone(),
        concurrency: settings.pace.concurrency,
        first_question: settings.pace.first_question,
        scan_patience: settings.pace.scan_timeout,
    }
}
