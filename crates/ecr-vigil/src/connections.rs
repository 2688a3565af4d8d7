//! Connections to registries, made once and kept: their budgets learn how fast AWS lets us be.

use futures::future::join_all;
use tokio::sync::Mutex;
use vigil_aws::{AwsRegistry, Network, Target};
use vigil_core::Stop;

use crate::compose::{self, NotConnected};

/// Connections by how they were made. One that could not be made is tried again.
#[derive(Debug, Default)]
pub struct Connections(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// How AWS was reached for these. Reached otherwise, they would be others.
    network: Option<Network>,
    registries: Vec<(Target, AwsRegistry)>,
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
                let view = registry.until(stop.clone());
                self.0.lock().await.registries.push((target.clone(), registry));
                Ok(view)
            }
        };
        join_all(targets.iter().map(async |target| (name(target), to(target).await))).await
    }

    /// All that are kept.
    pub async fn all(&self) -> Vec<AwsRegistry> {
        let kept = self.0.lock().await;
        kept.registries.iter().map(|(_, registry)| registry.until(Stop::never())).collect()
    }

    async fn registries(&self, network: &Network) -> Vec<(Target, AwsRegistry)> {
        let mut kept = self.0.lock().await;
        if kept.network.as_ref() != Some(network) {
            *kept = Kept { network: Some(network.clone()), registries: Vec::new() };
        }
        let view =
            |(target, registry): &(Target, AwsRegistry)| (target.clone(), registry.until(Stop::never()));
        kept.registries.iter().map(view).collect()
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
