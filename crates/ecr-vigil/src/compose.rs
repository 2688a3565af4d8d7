//! From settings to ports: the only place that makes adapters.

use futures::future::join_all;
use vigil_aws::{AwsRegistry, ConnectError, Network, SystemClock, Target, connect};

/// The clock that everything goes by.
pub fn clock() -> SystemClock {
    SystemClock
}

/// A connection to each target, or why there is none.
pub async fn registries(
    targets: &[Target],
    network: &Network,
) -> Vec<(String, Result<AwsRegistry, ConnectError>)> {
    join_all(targets.iter().map(async |target| (name(target), connect(target, network).await))).await
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
