//! A look at images that events tell of: the same cycle as a pass over named images, beside the passes that are under way.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures::future::join_all;
use tracing::Instrument;
use vigil_aws::{AwsRegistry, Target};
use vigil_core::image::RegistryHost;
use vigil_core::port::{Looked, Lookout, Registry};
use vigil_core::threat::Informed;
use vigil_core::wake::Wake;
use vigil_core::{CycleReport, Halt, ImageName, Pass, Ports, Scope, Wishes, cycle};
use vigil_store::{DatabaseFault, NewPass, PassId};

use super::order::{Order, Trigger};
use super::owners::Passed;
use super::pass::{count_changes, forget, pass};
use super::service::Service;
use super::sightings::Sightings;
use crate::compose::NotConnected;
use crate::config::{ScheduleSettings, ServiceSettings, TakePart};
use crate::enter::chain;
use crate::http::PassWatch;
use crate::ledgers::Witnessed;
use crate::metrics::{CountedEntries, CountedScanner, Outcome};
use crate::pass_report::PassReport;

/// Nobody reads a list of a thousand images in a list of passes.
const NAMED_AT_MOST: usize = 20;

#[async_trait]
impl Lookout for Service {
    async fn look(&self, host: &RegistryHost, wakes: &[Wake]) -> Vec<Looked> {
        let settings = self.settings();
        let registry = match self.registry_of(host, &settings).await {
            Ok(registry) => registry,
            Err(none) => return vec![none; wakes.len()],
        };
        let aims = self.aims().await;
        let mut by_schedule: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let unwanted =
            |wake: &Wake| Looked::NotCovered(format!("no schedule looks into {}", wake.repository));
        let mut came_out: Vec<Looked> = wakes.iter().map(unwanted).collect();
        for (place, wake) in wakes.iter().enumerate() {
            if let Some((schedule, _)) = aims.looking_into(registry.id(), &wake.repository).next() {
                by_schedule.entry(schedule).or_default().push(place);
            }
        }
        let (registry, settings) = (&registry, &settings);
        let looks = by_schedule.into_iter().filter_map(|(schedule, places)| {
            let schedule = settings.schedules.get(schedule)?;
            let wakes: Vec<&Wake> = places.iter().map(|place| &wakes[*place]).collect();
            Some(async move { (places, self.look_for(schedule, settings, registry, &wakes).await) })
        });
        for (places, looked) in join_all(looks).await {
            places.into_iter().zip(looked).for_each(|(place, looked)| came_out[place] = looked);
        }
        came_out
    }
}

impl Service {
    /// The registry, if it is one of the settings or one that a scan configuration names; or what that means for a look.
    async fn registry_of(
        &self,
        host: &RegistryHost,
        settings: &ServiceSettings,
    ) -> Result<AwsRegistry, Looked> {
        let (general, stop) = (&settings.general, &self.parts.stop);
        let is_it = |registry: &AwsRegistry| {
            registry.id().account == host.account && registry.id().region == host.region
        };
        let connected = self.connections.to(&general.targets, &general.network, stop).await;
        let mut perhaps = None;
        for (target, (_, connection)) in general.targets.iter().zip(connected) {
            match connection {
                Ok(registry) if is_it(&registry) => return Ok(registry),
                Ok(_) => {}
                Err(error) if may_be(target, host) => perhaps = Some(not_now(&error)),
                Err(_) => {}
            }
        }
        let named = self.aims().await.named;
        let in_host = |(region, account, _): &(_, _, _)| *region == host.region && *account == host.account;
        if perhaps.is_none() && named.is_some_and(|named| named.iter().any(in_host)) {
            let (region, account) = (Some(host.region.clone()), Some(host.account.clone()));
            let target = Target { region, account, ..Target::default() };
            let connected = self.connections.to(&[target], &general.network, stop).await;
            if let Some((_, connection)) = connected.into_iter().next() {
                return connection.map_err(|error| not_now(&error));
            }
        }
        let RegistryHost { account, region } = host;
        Err(perhaps.unwrap_or_else(|| Looked::NotCovered(format!("no target is {account}/{region}"))))
    }

    /// A look by the rules of one schedule.
    async fn look_for(
        &self,
        schedule: &ScheduleSettings,
        settings: &ServiceSettings,
        registry: &AwsRegistry,
        wakes: &[&Wake],
    ) -> Vec<Looked> {
        let images: Vec<ImageName> = wakes.iter().map(|wake| wake.image()).collect();
        let order = Order { schedule: schedule.clone(), trigger: Trigger::Event, images };
        let id = match self.write_down_look(&order).await {
            Ok(id) => id,
            Err(fault) => return vec![Looked::NotNow(fault.to_string()); wakes.len()],
        };
        let schedule = schedule.schedule.name.to_string();
        let span = tracing::info_span!("pass", pass = %id, schedule);
        let wishes = Wishes {
            selection: order.schedule.selection.clone(),
            // What is pushed without a tag is named again by the index that it belongs to.
            untagged: wakes.iter().all(|wake| !wake.why.may_wait()),
        };
        let scope = match order.schedule.scan_configs {
            TakePart::Only => Scope::named(order.images.clone()),
            TakePart::Also | TakePart::Off => Scope::named_as_wanted(order.images.clone(), wishes),
        };
        let exceptions = settings.general.exceptions.clone();
        let pass = pass(&order, settings, scope, exceptions, self);
        let looked = self.look_at(id, &order, settings, registry, &pass, wakes).instrument(span).await;
        forget(self, settings).await;
        looked
    }

    async fn look_at(
        &self,
        id: PassId,
        order: &Order,
        settings: &ServiceSettings,
        registry: &AwsRegistry,
        pass: &Pass,
        wakes: &[&Wake],
    ) -> Vec<Looked> {
        let (metrics, clock) = (&*self.parts.metrics, &*self.parts.clock);
        let (stop, progress) = (self.stop_of(order), PassWatch::default());
        let began = clock.now();
        let memory = self.parts.store.ledger(id, settings.lineage_tags.clone());
        // Under a name of its own: what it counts is not what a pass of the schedule counts meanwhile.
        let name = id.to_string();
        let (counted, sightings) = (CountedEntries::new(metrics, &name), Sightings::default());
        let passed = Passed::over(std::iter::once(registry), self.unowned.clone(), &self.parts.stop);
        let ledger = Witnessed { ledger: &memory, witnesses: &[&counted, &sightings, &passed] };
        let registry = registry.until(stop.clone());
        let counted_scanner = CountedScanner::new(metrics, &registry);
        let threats = || self.threats.borrow().clone();
        let scanner = Informed { scanner: &counted_scanner, threats: &threats };
        let ports =
            Ports { registry: &registry, scanner: &scanner, ledger: &ledger, clock, progress: &progress };
        let came_out = cycle(ports, pass, &stop).await;
        counted.finish(false);
        let looked: Vec<Looked> = match &came_out {
            Ok(report) => match report.faults.first() {
                Some(fault) => vec![Looked::NotNow(fault.to_string()); wakes.len()],
                None => wakes.iter().map(|wake| sightings.of(wake)).collect(),
            },
            Err(error) => {
                metrics.store_failed();
                vec![Looked::NotNow(error.to_string()); wakes.len()]
            }
        };
        let outcome = outcome(came_out.as_ref().ok(), &looked);
        let ended = clock.now();
        let report = PassReport {
            registries: came_out.into_iter().map(Into::into).collect(),
            ..PassReport::default()
        };
        let report = serde_json::to_string(&report).ok();
        if let Err(error) = self.parts.store.end_look(id, ended, outcome, report).await {
            tracing::error!(%error, "the end of the look cannot be written down");
        }
        let duration_ms = ended.duration_since(began).as_millis();
        tracing::info!(registry = %registry.id(), images = wakes.len(), outcome, duration_ms, "looked at what events tell of");
        count_changes(self, id).await;
        looked
    }

    async fn write_down_look(&self, order: &Order) -> Result<PassId, DatabaseFault> {
        let images = order.images.iter().take(NAMED_AT_MOST).cloned().collect();
        let named = Order { images, ..order.clone() };
        let pass = NewPass {
            schedule: order.schedule.schedule.name.to_string(),
            tick: None,
            trigger: order.trigger.to_string(),
            request: named.images_as_json(),
            at: self.parts.clock.now(),
        };
        self.parts.store.begin_pass(pass).await
    }
}

/// How it ended, in the words of passes.
fn outcome(report: Option<&CycleReport>, looked: &[Looked]) -> &'static str {
    let all_seen = looked.iter().all(|looked| *looked == Looked::Seen);
    match report {
        None => Outcome::Failed.code(),
        // Its events come back.
        Some(report) if report.halted == Some(Halt::Interrupted) => "given_up",
        Some(report) if report.halted == Some(Halt::Deadline) => Outcome::CutShort.code(),
        Some(_) if all_seen => Outcome::Complete.code(),
        Some(_) if looked.contains(&Looked::Seen) => Outcome::Partial.code(),
        Some(_) => Outcome::Failed.code(),
    }
}

/// Whether a target that could not be connected to may be this registry.
fn may_be(target: &Target, host: &RegistryHost) -> bool {
    target.region.as_ref().is_none_or(|region| *region == host.region)
        && target.account.as_ref().is_none_or(|account| *account == host.account)
}

fn not_now(error: &NotConnected) -> Looked {
    Looked::NotNow(chain(error))
}
