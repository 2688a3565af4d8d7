//! From settings to ports: the only place that makes adapters.

use std::sync::Arc;

use indicatif::MultiProgress;
use vigil_aws::{
    AwsRegistry, ConnectError, Network, SqsEvents, SystemClock, Target, connect, scan_configs_in,
};
use vigil_core::port::{Clock, EventQueue, ScanConfigs};
use vigil_core::{Halt, Stop};
use vigil_intel::{Feeds, NoFeeds};
use vigil_store::{NotOpened, Store};

use crate::config::{EventSettings, ServiceSettings, StoreSettings, ThreatSettings};
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

/// The same clock, for parts that share one.
pub fn shared_clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// The memory, for this service alone.
///
/// # Errors
///
/// If it cannot be opened.
pub async fn store(settings: &StoreSettings, clock: Arc<dyn Clock>) -> Result<Store, NotOpened> {
    let store = Store::open(&settings.place, clock).await?;
    store.reside().await?;
    Ok(store)
}

/// The memory, to be written beside a service: only a PostgreSQL database lets anybody.
///
/// # Errors
///
/// If it cannot be opened.
pub async fn shared_store(settings: &StoreSettings, clock: Arc<dyn Clock>) -> Result<Store, NotOpened> {
    Store::open(&settings.place, clock).await
}

/// The memory, to be read beside the service.
///
/// # Errors
///
/// If it cannot be read.
pub async fn memory(settings: &StoreSettings, clock: Arc<dyn Clock>) -> Result<Store, NotOpened> {
    Store::look(&settings.place, clock).await
}

/// Where scan configurations are kept: in the memory, or in a bucket.
///
/// # Errors
///
/// If the settings of the bucket contradict each other.
pub async fn scan_configs(
    settings: &ServiceSettings,
    store: &Store,
) -> Result<Arc<dyn ScanConfigs>, ConnectError> {
    let Some(bucket) = settings.scan_configs.clone() else { return Ok(Arc::new(store.clone())) };
    let target = settings.general.targets.first().cloned().unwrap_or_default();
    Ok(Arc::new(scan_configs_in(bucket, &target, &settings.general.network).await?))
}

/// The queue that events come in by, if there is one: it is reached with the credentials at hand, whatever roles registries are
/// entered in.
///
/// # Errors
///
/// If no region is known for it.
pub async fn events(settings: &ServiceSettings) -> Result<Option<Arc<dyn EventQueue>>, ConnectError> {
    let Some(EventSettings { queue, dead_letters }) = settings.events.clone() else { return Ok(None) };
    let region = settings.general.targets.first().and_then(|target| target.region.clone());
    let target = Target { region, ..Target::default() };
    let queue = SqsEvents::connect(queue, dead_letters, &target, &settings.general.network).await?;
    Ok(Some(Arc::new(queue)))
}

/// Where catalogues of threats are read.
///
/// # Errors
///
/// If TLS cannot be set up.
pub fn catalogues(settings: &ThreatSettings) -> Result<Feeds, NoFeeds> {
    Feeds::new(settings.kev.clone(), settings.epss.clone())
}

/// Where a pass keeps its results.
pub fn ledger() -> Spool {
    Spool::new()
}

/// Where a pass shows how far it has come.
pub fn progress(bars: &MultiProgress) -> Display {
    Display::new(bars)
}

/// A connection to a target, or why there is none.
///
/// # Errors
///
/// If it cannot be connected to, or if the pass is to end first.
pub async fn registry(target: &Target, network: &Network, stop: &Stop) -> Result<AwsRegistry, NotConnected> {
    tokio::select! {
        connection = connect(target, network) => Ok(connection?),
        halt = stop.stopped() => Err(NotConnected::Halted(halt)),
    }
}
