//! `scan` and `plan`: one pass over all registries, its report, and what it means for a pipeline.

use indicatif::MultiProgress;
use jiff::Timestamp;
use vigil_aws::AwsRegistry;
use vigil_core::cycle::Ports;
use vigil_core::image::ImageName;
use vigil_core::port::{Clock, NotRecorded, Registry};
use vigil_core::{CycleReport, Pass, Scope, Stop, cycle};
use vigil_report::{Closing, Header, NotEntered, PassKind, RenderError, Status, Totals, render};

use super::settings::{read, tell};
use crate::cli::PassRequest;
use crate::compose::NotConnected;
use crate::config::{NamedImages, Settings, named_images};
use crate::exit::Exit;
use crate::output::Output;
use crate::progress::Display;
use crate::spool::Spool;
use crate::{compose, shutdown, telemetry};

/// What everything of one pass needs.
pub struct Journey<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// Whether scans are started.
    pub act: bool,
    /// Images named by the user; `None`: all that are selected.
    pub named: Option<NamedImages>,
    /// The progress display and the log share the terminal.
    pub bars: MultiProgress,
}

/// What one pass came to, before it is rendered.
struct Outcome {
    began: Timestamp,
    reports: Vec<CycleReport>,
    not_entered: Vec<NotEntered>,
    /// Whether it was to end before every registry was entered.
    halted_at_the_door: bool,
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
    #[error("{0}: {1}")]
    Rendered(String, String),
}

/// Makes the pass that the command line asks for.
pub fn run(request: &PassRequest) -> Exit {
    let settings = read(&request.written);
    let named = named_images(&request.images, request.images_file.as_deref());
    let (settings, named) = match (settings, named) {
        (Ok(settings), Ok(named)) => (settings, named),
        (settings, named) => {
            if let Err(error) = named {
                tell(&format!("ecr-vigil: {error}\n"));
            }
            return settings.err().unwrap_or(Exit::Usage);
        }
    };
    if let Some(named) = &named
        && let Err(problem) = unambiguous(&named.ecr, &settings)
    {
        tell(&format!("ecr-vigil: {problem}\n"));
        return Exit::Usage;
    }
    let bars = MultiProgress::new();
    telemetry::start(settings.log, &bars);
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => {
            runtime.block_on(travel(Journey { settings: &settings, act: request.act, named, bars }))
        }
        Err(error) => {
            tell(&format!("ecr-vigil: no threads can be started: {error}\n"));
            Exit::NothingDone
        }
    }
}

/// Makes a pass, writes its report, and says how it ended.
pub async fn travel(journey: Journey<'_>) -> Exit {
    match try_travel(&journey).await {
        Ok(exit) => exit,
        Err(error) => {
            tracing::error!("{error}");
            Exit::NothingDone
        }
    }
}

async fn try_travel(journey: &Journey<'_>) -> Result<Exit, NoReport> {
    let settings = journey.settings;
    // The place for the report is made before the pass: a pass of hours must not end for want of one.
    let place = settings.output.as_ref().map_or("standard output".into(), |path| path.display().to_string());
    let output =
        Output::open(settings.output.as_deref()).map_err(|error| NoReport::Output(place.clone(), error))?;
    let outcome = pass(journey).await?;
    let header = Header {
        title: "Container security updates".into(),
        as_of: outcome.began,
        detail: settings.gate.detail.clone(),
        kind: if journey.act { PassKind::Scan } else { PassKind::Plan },
        width: output.width(),
    };
    let mut output = output;
    let Outcome { reports, not_entered, halted_at_the_door, spool, .. } = outcome;
    let warnings = |totals: &Totals| warnings(journey, totals);
    let closing = |totals: &Totals| Closing {
        registries: reports.clone(),
        not_entered: not_entered.clone(),
        warnings: warnings(totals),
    };
    let totals = match render(settings.format, &header, spool.into_records(), closing, &mut output) {
        Ok(totals) => totals,
        // Whoever reads the report has had enough of it.
        Err(RenderError::Write(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            return Ok(Exit::EndedEarly);
        }
        Err(RenderError::Write(error)) => return Err(NoReport::Output(place, error)),
        Err(RenderError::Records(error)) => {
            return Err(NoReport::Rendered("the report".into(), error.to_string()));
        }
    };
    output.finish().map_err(|error| NoReport::Output(place, error))?;
    let halted = halted_at_the_door || reports.iter().any(|report| report.halted.is_some());
    Ok(exit(journey.act, &totals, &reports, &not_entered, halted))
}

async fn pass(journey: &Journey<'_>) -> Result<Outcome, NoReport> {
    let settings = journey.settings;
    let clock = compose::clock();
    let began = clock.now();
    let stop = shutdown::stop(clock, settings.pace.timeout).map_err(NoReport::Signals)?;
    let Entered { registries, not_entered, halted } = enter(journey, &stop).await;
    let spool = Spool::new();
    let display = Display::new(&journey.bars);
    let passes = registries.iter().map(|(registry, names)| {
        let ports = Ports { registry, scanner: registry, ledger: &spool, clock: &clock, progress: &display };
        let pass = plan_of(journey, names.clone());
        let stop = &stop;
        async move { cycle(ports, &pass, stop).await }
    });
    let reports: Result<Vec<CycleReport>, NotRecorded> =
        futures::future::join_all(passes).await.into_iter().collect();
    display.finish();
    let mut reports = reports?;
    reports.sort_by(|a, b| a.registry.cmp(&b.registry));
    for report in &reports {
        tracing::info!(registry = %report.registry, started = report.started, faults = report.faults.len(), "pass ended");
    }
    Ok(Outcome { began, reports, not_entered, halted_at_the_door: halted, spool })
}

fn plan_of(journey: &Journey<'_>, names: Option<Vec<ImageName>>) -> Pass {
    let settings = journey.settings;
    Pass {
        act: journey.act,
        scope: names.map_or_else(|| Scope::Selected(settings.selection.clone()), Scope::Named),
        cadence: settings.cadence.clone(),
        budget: settings.budget,
        gate: settings.gate.clone(),
        exceptions: settings.exceptions.clone(),
        concurrency: settings.pace.concurrency,
        first_question: settings.pace.first_question,
        scan_patience: settings.pace.scan_timeout,
    }
}

/// Registries, each with the images that are named in it, if any are named.
type Registries = Vec<(AwsRegistry, Option<Vec<ImageName>>)>;

struct Entered {
    registries: Registries,
    not_entered: Vec<NotEntered>,
    /// Whether the pass was to end before every registry was entered.
    halted: bool,
}

/// Connects to the registries, and gives each the images that are named in it.
async fn enter(journey: &Journey<'_>, stop: &Stop) -> Entered {
    let settings = journey.settings;
    let mut targets = settings.targets.clone();
    let hosts = || journey.named.iter().flat_map(|named| &named.ecr).filter_map(|name| name.host.as_ref());
    // A full URI names its region; unless targets are given, the credentials at hand are tried there.
    if !settings.targets_given && hosts().next().is_some() {
        let regions = hosts().map(|host| host.region.clone()).collect::<std::collections::BTreeSet<_>>();
        let bare = journey.named.iter().flat_map(|named| &named.ecr).any(|name| name.host.is_none());
        targets.retain(|_| bare);
        targets.extend(
            regions
                .into_iter()
                .map(|region| vigil_aws::Target { region: Some(region), ..Default::default() }),
        );
    }
    let mut registries = Registries::new();
    let (mut not_entered, mut halted) = (Vec::new(), false);
    for (name, connection) in compose::registries(&targets, &settings.network, stop).await {
        match connection {
            Ok(registry) if registries.iter().any(|(other, _)| other.id() == registry.id()) => {
                tracing::debug!(registry = %registry.id(), "named twice, looked at once");
            }
            Ok(registry) => registries.push((registry, None)),
            Err(error) => {
                halted |= matches!(error, NotConnected::Halted(_));
                let reason = chain(&error);
                tracing::error!(registry = name, "{reason}");
                not_entered.push(NotEntered { registry: name, reason });
            }
        }
    }
    if let Some(named) = &journey.named {
        let strays = distribute(&named.ecr, &mut registries, not_entered.is_empty());
        not_entered.extend(strays);
    }
    Entered { registries, not_entered, halted }
}

/// Gives each registry the images named in it, and drops the registries in which none is. Says which images are in no
/// registry at hand.
fn distribute(names: &[ImageName], registries: &mut Registries, all_entered: bool) -> Vec<NotEntered> {
    let reason = match all_entered {
        true => "no target has this account and region: add a [[target]] with a role in it",
        false => "not looked at: none of the registries that were entered is its own",
    };
    let mut stray = Vec::new();
    for name in names {
        let is_its = |registry: &AwsRegistry| {
            name.host.as_ref().is_none_or(|host| {
                registry.id().account == host.account && registry.id().region == host.region
            })
        };
        match registries.iter_mut().find(|(registry, _)| is_its(registry)) {
            Some((_, names)) => names.get_or_insert_default().push(name.clone()),
            None => stray.push(NotEntered { registry: name.to_string(), reason: reason.into() }),
        }
    }
    registries.retain(|(_, names)| names.is_some());
    stray
}

/// A bare name is looked up in the one target; with several it could be in any.
fn unambiguous(names: &[ImageName], settings: &Settings) -> Result<(), String> {
    match names.iter().find(|name| name.host.is_none()) {
        Some(name) if settings.targets.len() > 1 => Err(format!(
            "`{name}` could be in any of {} targets: write the full registry URI",
            settings.targets.len()
        )),
        _ => Ok(()),
    }
}

fn warnings(journey: &Journey<'_>, totals: &Totals) -> Vec<String> {
    let now = compose::clock().now();
    let mut warnings = Vec::new();
    for (place, exception) in journey.settings.exceptions.iter().enumerate() {
        let of = format!("the exception for {} ({})", exception.id, exception.reason);
        if exception.expired(now) {
            warnings.push(format!("{of} has expired: it accepts nothing any more"));
        } else if journey.act && !totals.exceptions_used.contains(&place) {
            warnings.push(format!("{of} matched nothing in this pass"));
        }
    }
    let foreign = journey.named.iter().flat_map(|named| &named.foreign);
    warnings.extend(foreign.map(|name| format!("{name} is not in a private ECR registry: not looked at")));
    warnings
}

/// What a pipeline is told. A crossed threshold wins: what was found is true whatever else is missing.
fn exit(
    act: bool,
    totals: &Totals,
    reports: &[CycleReport],
    not_entered: &[NotEntered],
    halted: bool,
) -> Exit {
    // That an earlier scan failed is no failure of a plan.
    let failed: &[Status] = match act {
        true => &[Status::Failed, Status::Unavailable, Status::Fault, Status::Unfinished],
        false => &[Status::Fault, Status::Unfinished],
    };
    let failed: u64 = failed.iter().map(|status| totals.count(*status)).sum();
    let incomplete = failed + totals.missing + totals.unread_repositories + totals.unreached_repositories;
    let registry_failed = |report: &CycleReport| !report.faults.is_empty();
    let nothing_seen =
        totals.repositories == 0 && (reports.is_empty() || reports.iter().all(registry_failed));
    if nothing_seen && !halted && !(reports.is_empty() && not_entered.is_empty()) {
        Exit::NothingDone
    } else if totals.crossing > 0 {
        Exit::ThresholdsCrossed
    } else if halted {
        Exit::EndedEarly
    } else if incomplete > 0 || !not_entered.is_empty() || reports.iter().any(registry_failed) {
        Exit::SomeFailed
    } else {
        Exit::Clean
    }
}

/// An error and its causes, once.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
