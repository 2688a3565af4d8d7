//! From settings to ports: the only place that makes adapters.

use futures::future::join_all;
use indicatif::MultiProgress;
use vigil_aws::{AwsRegistry, ConnectError, Network, SystemClock, Target, connect};
use vigil_core::{Halt, Stop};

use crate::progress::Display;
use crate::spool::Spool;

/// Why a target was not connected to.
#[derive(Debug, thiserror::Error)]
pub enum NotConnected {
    /// It could not be.
    #[error(transparent)]
    Failed(#[from] ConnectError),
    /// The pass was to end first.
    #[error("not entered: {0}")]
    Halted(Halt),
}

/// The clock that everything goes by.
pub fn clock() -> SystemClock {
    SystemClock
}

/// Where a pass keeps its results.
pub fn ledger() -> Spool {
    Spool::new()
}

/// Where a pass shows how far it has come.
pub fn progress(bars: &MultiProgress) -> Display {
    Display::new(bars)
}

/// A connection to each target, or why there is none.
pub async fn registries(
    targets: &[Target],
    network: &Network,
    stop: &Stop,
) -> Vec<(String, Result<AwsRegistry, NotConnected>)> {
    let enter = async |target| {
        tokio::select! {
            connection = connect(target, network) => Ok(connection?.until(stop.clone())),
            halt = stop.stopped() => Err(NotConnected::Halted(halt)),
        }
    };
    join_all(targets.iter().map(async |target| (name(target), enter(target).await))).await
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
