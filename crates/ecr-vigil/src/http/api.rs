//! What answers are made of: everything that the routes are given.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use async_trait::async_trait;
use jiff::SignedDuration;
use tokio::sync::Mutex;
use vigil_core::Stop;
use vigil_core::news::SinkName;
use vigil_core::policy::{Exceptions, Owners};
use vigil_core::port::{Clock, ScanConfigs};
use vigil_store::{DatabaseFault, Store};

use super::options::Options;
use super::schedules::Schedules;
use super::watch::Watchers;
use crate::metrics::Rendered;

/// What the service answers from.
#[derive(Clone)]
pub struct Api {
    /// What is remembered.
    pub store: Store,
    /// Where scan configurations are kept: the store, or a bucket.
    pub configs: Arc<dyn ScanConfigs>,
    /// The schedules, and what runs.
    pub schedules: Arc<dyn Schedules>,
    /// What the settings say of findings.
    pub policy: Arc<dyn Policy>,
    /// The metrics, which are told of every request too.
    pub metrics: Arc<dyn Exposition>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What the settings say of findings, of images, and of who hears of them, as they are now.
pub trait Policy: Send + Sync {
    /// What they accept.
    fn accepted(&self) -> Exceptions;

    /// Who looks after which images.
    fn owners(&self) -> Owners;

    /// Where news is told: each sink, and of what type it is.
    fn sinks(&self) -> Vec<(SinkName, Option<&'static str>)>;
}

/// Metrics as they are scraped.
#[async_trait]
pub trait Exposition: Send + Sync {
    /// The text, in the format that the request's `Accept` header prefers.
    async fn expose(&self, accept: Option<&str>) -> Rendered;

    /// A request was answered. The route is as it was declared, never as it was asked for.
    fn answered(&self, method: &str, route: &str, status: u16, took: SignedDuration);
}

/// What every route knows.
#[derive(Clone)]
pub(super) struct App {
    pub(super) api: Api,
    pub(super) options: Arc<Options>,
    /// `http` or `https`.
    pub(super) scheme: &'static str,
    /// When the service ends.
    pub(super) stop: Stop,
    pub(super) watchers: Watchers,
    /// Held while a scan configuration is looked for and made, so that two that are the same are not both made.
    pub(super) making: Arc<Mutex<()>>,
    pub(super) scraped: Arc<Scraped>,
}

/// The metrics as they were last gathered; locked while they are, so that nobody else gathers them too.
#[derive(Default)]
pub(super) struct Scraped {
    /// How often they were.
    pub(super) gathered: AtomicU64,
    pub(super) last: Mutex<Option<Rendered>>,
}

impl App {
    /// Whether the memory can be read and written, by this service.
    pub(super) async fn store_serves(&self) -> Result<(), DatabaseFault> {
        self.api.store.ready().await
    }
}
