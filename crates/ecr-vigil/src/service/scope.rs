//! Where a pass of a schedule looks: in the registries of the settings, and in those that scan configurations name.

use std::collections::BTreeMap;

use vigil_aws::{AwsRegistry, Target};
use vigil_core::image::{ImageName, Pick};
use vigil_core::policy::{ScanConfig, Selection};
use vigil_core::port::Registry;
use vigil_core::{AccountId, Region, Scope, Stop};
use vigil_report::NotEntered;

use super::order::Order;
use crate::compose::NotConnected;
use crate::config::{Settings, TakePart};
use crate::connections::Connections;
use crate::enter::{Entered, chain, enter};

/// Registries, each with what is looked at in it.
pub struct Reached {
    /// Those that were entered.
    pub registries: Vec<(AwsRegistry, Scope)>,
    /// Those that were not, and why.
    pub not_entered: Vec<NotEntered>,
    /// Whether the pass was to end before all were entered.
    pub halted: bool,
}

/// Enters the registries in which an order has something to look at.
pub async fn reach(
    order: &Order,
    settings: &Settings,
    configs: Vec<ScanConfig>,
    connections: &Connections,
    stop: &Stop,
) -> Reached {
    if !order.images.is_empty() {
        let entered = enter(settings, Some(&order.images), connections, stop).await;
        return Reached::new(entered, None);
    }
    let mut named = by_registry(configs);
    let selection = (order.schedule.scan_configs != TakePart::Only).then(|| order.schedule.selection.clone());
    let mut reached = match selection {
        Some(selection) => {
            let entered = enter(settings, None, connections, stop).await;
            Reached::new(entered, Some(selection))
        }
        None => Reached { registries: Vec::new(), not_entered: Vec::new(), halted: false },
    };
    for (registry, scope) in &mut reached.registries {
        let id = registry.id();
        scope.named = named.remove(&(id.region.clone(), id.account.clone())).unwrap_or_default();
    }
    reached.enter_named(named, settings, connections, stop).await;
    reached
}

type Named = BTreeMap<(Region, AccountId), Vec<ImageName>>;

/// What scan configurations name, by registry.
fn by_registry(configs: Vec<ScanConfig>) -> Named {
    let mut named = Named::new();
    for ScanConfig { request, .. } in configs {
        let picks: Vec<Pick> = match request.tags.is_empty() {
            true => vec![Pick::Tagged],
            false => request.tags.into_iter().map(Pick::Tag).collect(),
        };
        let repository = request.repository;
        let names =
            picks.into_iter().map(|pick| ImageName { host: None, repository: repository.clone(), pick });
        named.entry((request.region, request.registry)).or_default().extend(names);
    }
    named
}

impl Reached {
    fn new(entered: Entered, selection: Option<Selection>) -> Self {
        let scope = |named: Option<Vec<ImageName>>| Scope {
            selection: selection.clone(),
            named: named.unwrap_or_default(),
            wishes: None,
        };
        let registries =
            entered.registries.into_iter().map(|(registry, named)| (registry, scope(named))).collect();
        Self { registries, not_entered: entered.not_entered, halted: entered.halted }
    }

    /// Enters the registries that only scan configurations name: as a target of the settings where one is that registry,
    /// and else with the credentials at hand, as far as the repositories' policies let them in.
    async fn enter_named(
        &mut self,
        mut named: Named,
        settings: &Settings,
        connections: &Connections,
        stop: &Stop,
    ) {
        if named.is_empty() {
            return;
        }
        for (_, connection) in connections.to(&settings.targets, &settings.network, stop).await {
            let Ok(registry) = connection else { continue };
            let id = registry.id();
            if let Some(names) = named.remove(&(id.region.clone(), id.account.clone())) {
                self.registries.push((registry, Scope::named(names)));
            }
        }
        let target = |(region, account): &(Region, AccountId)| Target {
            region: Some(region.clone()),
            account: Some(account.clone()),
            ..Target::default()
        };
        let targets: Vec<Target> = named.keys().map(target).collect();
        let connected = connections.to(&targets, &settings.network, stop).await;
        for (((region, account), names), (_, connection)) in named.into_iter().zip(connected) {
            match connection {
                Ok(registry) => self.registries.push((registry, Scope::named(names))),
                Err(error) => {
                    self.halted |= matches!(error, NotConnected::Halted(_));
                    let reason = chain(&error);
                    let registry = format!("{account}/{region}");
                    tracing::error!(registry, "{reason}");
                    self.not_entered.push(NotEntered { registry, reason });
                }
            }
        }
    }
}
