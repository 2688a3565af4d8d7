//! One pass of the service over all registries: entered, made side by side, remembered, and ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::join_all;
use jiff::Timestamp;
use tracing::Instrument;
use vigil_core::lineage::FindingState;
use vigil_core::policy::{Exceptions, ScanConfig};
use vigil_core::port::{NotRecorded, Registry};
use vigil_core::threat::Informed;
use vigil_core::{Counts, CycleReport, Halt, Pass, Ports, RegistryId, Scope, Stop, cycle};
use vigil_report::NotEntered;
use vigil_store::{ChangeFilter, NewPass, PassId, Slice, Watching};

use super::end::End;
use super::history::Over;
use super::noted::Noted;
use super::order::Order;
use super::owners::Passed;
use super::scope::{Reached, reach};
use super::service::Service;
use crate::accepted;
use crate::config::{ServiceSettings, TakePart};
use crate::http::PassWatch;
use crate::ledgers::Witnessed;
use crate::metrics::{CountedEntries, CountedScanner, Outcome, PassEnd};

/// A pass that is written down and can be made.
pub(super) struct Ticket {
    pub(super) id: PassId,
    pub(super) order: Order,
    pub(super) progress: Arc<PassWatch>,
}

/// How a pass ended, to be written down.
pub(super) struct WrittenEnd {
    id: PassId,
    ended: Timestamp,
    outcome: Outcome,
    report: Option<String>,
}

impl Service {
    /// Writes down that a pass begins, and first of all how those ended of which that could not be written down.
    pub(super) async fn write_down(&self, order: &Order) -> Result<PassId, vigil_store::DatabaseFault> {
        for end in self.take_unwritten() {
            self.write_end(end).await;
        }
        let pass = NewPass {
            schedule: order.schedule.schedule.name.to_string(),
            tick: order.trigger.tick(),
            trigger: order.trigger.to_string(),
            request: order.images_as_json(),
            at: self.parts.clock.now(),
        };
        self.parts.store.begin_pass(pass).await
    }

    async fn write_end(&self, end: WrittenEnd) {
        let WrittenEnd { id, ended, outcome, report } = &end;
        let written = self.parts.store.end_pass(*id, *ended, outcome.code(), report.clone()).await;
        if let Err(error) = written {
            tracing::error!(%error, "the end of the pass cannot be written down: it is tried again before the next one");
            self.keep_unwritten(end);
        }
    }
}

/// Makes a pass and writes down how it ended. One that is interrupted stays without an end, and goes on after a restart.
pub(super) async fn make(service: &Arc<Service>, ticket: Ticket) {
    let schedule = ticket.order.schedule.schedule.name.to_string();
    let span = tracing::info_span!("pass", pass = %ticket.id, schedule);
    make_in_span(service, ticket, &schedule).instrument(span).await;
}

async fn make_in_span(service: &Arc<Service>, ticket: Ticket, schedule: &str) {
    let Ticket { id, order, progress } = ticket;
    let parts = &service.parts;
    let began = parts.clock.now();
    tracing::info!(trigger = %order.trigger, "pass begins");
    let settings = service.settings();
    let end = over_all(service, (id, schedule), &order, &settings, &progress).await;
    let Some(outcome) = end.outcome else {
        tracing::info!("pass interrupted: it goes on when the service is started again");
        return;
    };
    let ended = parts.clock.now();
    let whole = order.images.is_empty();
    // A pass that saw a part of the images cannot say what matches none of them.
    let used = (whole && outcome == Outcome::Complete).then_some(&end.used);
    let general = &settings.general;
    let passed_over = general.passed_over.iter().cloned();
    for warning in passed_over.chain(accepted::warnings(&general.exceptions, None, used, ended)) {
        tracing::warn!("{warning}");
    }
    parts.metrics.pass_ended(&PassEnd { schedule, began, ended, outcome, whole });
    if whole {
        let over = Over { trigger: order.trigger, began, ended, outcome };
        service.note_over(&order.schedule.schedule.name, &over);
    }
    let started: u64 = end.report.registries.iter().map(|registry| registry.started).sum();
    let duration_ms = ended.duration_since(began).as_millis();
    let report = serde_json::to_string(&end.report).ok();
    // Whoever reads that it has ended may ask how.
    service.write_end(WrittenEnd { id, ended, outcome, report }).await;
    tracing::info!(outcome = outcome.code(), started, duration_ms, "pass ended");
    count_changes(service, id).await;
    if used.is_some() {
        watch_exceptions(service, ended).await;
    }
    forget(service, &settings).await;
}

/// Once all images were looked at, what matches nothing is known; what is as old as an image's scan may be has been asked
/// about by every pass since.
async fn watch_exceptions(service: &Service, now: Timestamp) {
    let settings = service.settings();
    let ages = settings.schedules.iter().map(|schedule| &schedule.cadence.expiry);
    let before = ages.map(|age| age.before(now)).min();
    let general = &settings.general;
    let watching =
        Watching { warn_days: general.exceptions_warn, idle_since_before: Some(before.unwrap_or(now)) };
    if let Err(error) = service.parts.store.watch_exceptions(general.exceptions.clone(), watching, now).await
    {
        tracing::warn!(%error, "what there is to know of exceptions cannot be noted");
    }
}

/// Counts what the pass has found to be new and fixed. A count that is not made is missing from the metrics alone.
pub(super) async fn count_changes(service: &Service, pass: PassId) {
    let kinds = vec![FindingState::New, FindingState::Fixed];
    let filter = ChangeFilter { pass: Some(pass), kinds, ..ChangeFilter::default() };
    let mut slice = Slice::first(1000);
    let mut counts: BTreeMap<RegistryId, (Counts, Counts)> = BTreeMap::new();
    let mut counted = BTreeSet::new();
    loop {
        let page = match service.parts.store.changes(filter.clone(), slice).await {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(%error, "what is new and fixed cannot be counted");
                return;
            }
        };
        for change in page.items {
            // An image with several tags is in as many lineages, and has its finding once.
            let finding = (change.vulnerability, change.package, change.kind);
            if !counted.insert((change.registry.clone(), change.repository, change.digest, finding)) {
                continue;
            }
            let (new, fixed) = counts.entry(change.registry).or_default();
            let one = Counts::from_iter([(change.severity, 1)]);
            if change.kind == FindingState::New { new.add(&one) } else { fixed.add(&one) }
        }
        match page.next {
            Some(next) => slice = Slice { after: Some(next), limit: 1000 },
            None => break,
        }
    }
    for (registry, (new, fixed)) in counts {
        service.parts.metrics.findings_changed(&registry, &new, &fixed);
    }
}

async fn over_all(
    service: &Service,
    (id, schedule): (PassId, &str),
    order: &Order,
    settings: &ServiceSettings,
    progress: &PassWatch,
) -> End {
    let (metrics, clock) = (&service.parts.metrics, &*service.parts.clock);
    let stop = service.stop_of(order);
    let Prepared { reached: Reached { registries, not_entered, halted }, exceptions } =
        service.prepare(order, settings, &stop).await;
    let mut memory =
        service.parts.store.ledger(id, settings.lineage_tags.clone()).accepting(exceptions.clone());
    let whole = order.images.is_empty();
    if whole {
        memory = memory.of_schedule(order.schedule.schedule.name.clone(), Arc::new(service.aims().await));
    }
    let counted = CountedEntries::new(metrics, schedule);
    let noted = Noted::default();
    let entered = registries.iter().map(|(registry, _)| registry);
    let passed = Passed::over(entered, service.unowned.clone(), &service.parts.stop);
    let ledger = Witnessed { ledger: &memory, witnesses: &[&counted, &noted, &passed] };
    let passes = registries.iter().map(|(registry, scope)| {
        let pass = pass(order, settings, scope.clone(), exceptions.clone(), service);
        let (ledger, stop) = (&ledger, &stop);
        async move {
            let counted = CountedScanner::new(metrics, registry);
            let threats = || service.threats.borrow().clone();
            let scanner = Informed { scanner: &counted, threats: &threats };
            let ports = Ports { registry, scanner: &scanner, ledger, clock, progress };
            let came_out = cycle(ports, &pass, stop).await;
            log(registry.id(), &came_out);
            came_out.as_ref().err().into_iter().for_each(|_| metrics.store_failed());
            (registry.id().to_string(), came_out)
        }
    });
    let halted = stop.halted().filter(|_| halted);
    let mut came_out = join_all(passes).await;
    count_all_starts(service, id, &mut came_out).await;
    counted.finish(whole);
    let come_to = progress.subscribe().borrow().clone();
    End::of(came_out, not_entered, halted, noted.into_notes(), &come_to)
}

/// A pass that was resumed has started scans before, too. Where they cannot be counted, those since then are told.
async fn count_all_starts(
    service: &Service,
    id: PassId,
    came_out: &mut [(String, Result<CycleReport, NotRecorded>)],
) {
    match service.parts.store.starts_of_pass(id).await {
        Ok(starts) => {
            for report in came_out.iter_mut().filter_map(|(_, report)| report.as_mut().ok()) {
                report.started = starts.get(&report.registry).copied().unwrap_or(0).max(report.started);
            }
        }
        Err(error) => tracing::warn!(%error, "the scans that the pass has started cannot be counted"),
    }
}

fn log(registry: &RegistryId, came_out: &Result<CycleReport, NotRecorded>) {
    match came_out {
        Ok(report) => {
            let registry_faults = report.faults.len();
            tracing::info!(%registry, started = report.started, registry_faults, "registry passed over");
        }
        Err(error) => tracing::error!(%registry, %error, "the pass over the registry broke off"),
    }
}

/// What a pass is made with.
pub(super) struct Prepared {
    pub(super) reached: Reached,
    pub(super) exceptions: Exceptions,
}

/// The scan configurations, or why they are not there.
#[derive(Default)]
struct Listed {
    configs: Vec<ScanConfig>,
    unreachable: Option<String>,
    halted: bool,
}

impl Service {
    /// Enters the registries.
    pub(super) async fn prepare(&self, order: &Order, settings: &ServiceSettings, stop: &Stop) -> Prepared {
        // Those that are kept are applied by the store itself, as they are at the moment of each judgement.
        let exceptions = settings.general.exceptions.clone();
        let take_part = order.images.is_empty() && order.schedule.scan_configs != TakePart::Off;
        let listed = if take_part { self.list_configs(stop).await } else { Listed::default() };
        let Listed { configs, unreachable, halted } = listed;
        let mut reached = reach(order, &settings.general, configs, &self.connections, stop).await;
        reached.halted |= halted;
        if let Some(reason) = unreachable {
            tracing::error!("{reason}");
            let registry = "(of scan configurations)".to_owned();
            reached.not_entered.push(NotEntered { registry, reason });
        }
        Prepared { reached, exceptions }
    }

    async fn list_configs(&self, stop: &Stop) -> Listed {
        tokio::select! {
            listed = self.parts.configs.list_patiently() => match listed {
                Ok(configs) => {
                    self.note_named(&configs);
                    Listed { configs, ..Listed::default() }
                }
                Err(error) => Listed { unreachable: Some(error.to_string()), ..Listed::default() },
            },
            halt = stop.stopped() => {
                let unreachable = Some(format!("the scan configurations could not be read in time: {halt}"));
                Listed { unreachable, halted: true, ..Listed::default() }
            }
        }
    }

    /// Ends a pass with the service, or when its time is over.
    pub(super) fn stop_of(&self, order: &Order) -> Stop {
        let (stop, clock) = (self.parts.stop.clone(), self.parts.clock.clone());
        let ends = order.schedule.timeout.and_then(|limit| clock.now().checked_add(limit).ok());
        Stop::when(async move {
            let time_is_over = async {
                match ends {
                    Some(at) => clock.wait_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                halt = stop.stopped() => halt,
                () = time_is_over => Halt::Deadline,
            }
        })
    }
}

pub(super) fn pass(
    order: &Order,
    settings: &ServiceSettings,
    scope: Scope,
    exceptions: Exceptions,
    service: &Service,
) -> Pass {
    let general = &settings.general;
    Pass {
        act: true,
        scope,
        // What somebody asks for is wanted now.
        pacing: match order.trigger.keeps_hours() {
            true => order.schedule.schedule.pacing(service.parts.clock.now()),
            false => Default::default(),
        },
        cadence: order.schedule.cadence.clone(),
        budget: order.schedule.budget,
        gate: general.gate.clone(),
        exceptions,
        concurrency: general.pace.concurrency,
        first_question: general.pace.first_question,
        scan_patience: general.pace.scan_timeout,
    }
}

/// Forgets what is old enough. That it could not be does not matter today.
pub(super) async fn forget(service: &Service, settings: &ServiceSettings) {
    let now = service.parts.clock.now();
    if !service.is_to_forget(now) {
        return;
    }
    match service.parts.store.forget(settings.store.retention, now).await {
        Ok(forgotten) => tracing::debug!(?forgotten, "forgotten"),
        Err(fault) => tracing::warn!(error = %fault, "nothing could be forgotten"),
    }
}
