//! Connections to registries, made once and kept: their budgets learn how fast AWS lets us be.

use futures::future::join_all;
use tokio::sync::Mutex;
use vigil_aws::{AwsRegistry, Network, Target};
use vigil_core::port::Registry;
use vigil_core::{RegistryId, Stop};

use crate::compose::{self, NotConnected};
use crate::metrics::Calls;

/// Connections by how they were made. One that could not be made is tried again.
#[derive(Debug, Default)]
pub struct Connections(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// How AWS was reached for these. Reached otherwise, they would be others.
    network: Option<Network>,
    registries: Vec<(Target, AwsRegistry)>,
    /// How calls had ended on the connections that were given up.
    former: Vec<(RegistryId, Calls)>,
}

impl Connections {
    /// A connection to each target by its name, or why there is none. Once the stop comes, nothing is sent by any of them.
    pub async fn to(
        &self,
        targets: &[Target],
        network: &Network,
        stop: &Stop,
    ) -> Vec<(String, Result<AwsRegistry, NotConnected>)> {
        let kept = self.registries(network).await;
        let to = async |target: &Target| match kept.iter().find(|(other, _)| other == target) {
            Some((_, registry)) => Ok(registry.until(stop.clone())),
            None => {
                let registry = compose::registry(target, network, stop).await?;
                let mut kept = self.0.lock().await;
                // Another pass may have been faster: its budgets have learned already.
                if let Some((_, registry)) = kept.registries.iter().find(|(other, _)| other == target) {
                    return Ok(registry.until(stop.clone()));
                }
                let view = registry.until(stop.clone());
                kept.registries.push((target.clone(), registry));
                Ok(view)
            }
        };
        join_all(targets.iter().map(async |target| (name(target), to(target).await))).await
    }

    /// How calls have ended, connection by connection. A pass that goes on with one that was given up is not counted on.
    pub async fn calls(&self) -> Vec<(RegistryId, Calls)> {
        let kept = self.0.lock().await;
        kept.former.iter().cloned().chain(kept.calls()).collect()
    }

    /// Which registries the targets have turned out to be, as far as they were reached.
    pub async fn entered(&self) -> Vec<(Target, RegistryId)> {
        let kept = self.0.lock().await;
        kept.registries.iter().map(|(target, registry)| (target.clone(), registry.id().clone())).collect()
    }

    async fn registries(&self, network: &Network) -> Vec<(Target, AwsRegistry)> {
        let mut kept = self.0.lock().await;
        if kept.network.as_ref() != Some(network) {
            let given_up: Vec<_> = kept.calls().collect();
            kept.former.extend(given_up);
            kept.network = Some(network.clone());
            kept.registries.clear();
        }
        let view =
            |(target, registry): &(Target, AwsRegistry)| (target.clone(), registry.until(Stop::never()));
        kept.registries.iter().map(view).collect()
    }
}

impl Kept {
    fn calls(&self) -> impl Iterator<Item = (RegistryId, Calls)> {
        self.registries.iter().map(|(_, registry)| (registry.id().clone(), registry.calls()))
    }
}

/// What a target is called before anybody knows its account.
fn name(target: &Target) -> String {
    let region =
        target.region.as_ref().map_or("(the region of the AWS configuration)", |region| region.as_str());
    match &target.role_arn {
        Some(role) => format!("{region} as {role}"),
        None => region.to_owned(),
    }
}
