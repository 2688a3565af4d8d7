//! What answers are made of: everything that the routes are given.

use std::sync::Arc;

use async_trait::async_trait;
use vigil_core::Stop;
use vigil_core::port::{Clock, ScanConfigs};

use super::options::Options;
use super::schedules::Schedules;
use super::watch::Watchers;

/// What the service answers from.
#[derive(Clone)]
pub struct Api {
    /// Where scan configurations are kept: the store, or a bucket.
    pub configs: Arc<dyn ScanConfigs>,
    /// The schedules, and what runs.
    pub schedules: Arc<dyn Schedules>,
    /// The metrics.
    pub metrics: Arc<dyn Exposition>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Metrics as they are scraped.
#[async_trait]
pub trait Exposition: Send + Sync {
    /// The media type of the text.
    fn media_type(&self) -> &'static str;

    /// The text.
    async fn expose(&self) -> String;
}

/// What every route knows.
#[derive(Clone)]
pub(super) struct App {
    pub(super) api: Api,
    pub(super) options: Arc<Options>,
    /// When the service ends.
    pub(super) stop: Stop,
    pub(super) watchers: Watchers,
    /// Held while a scan configuration is looked for and made, so that two that are the same are not both made.
    pub(super) making: Arc<tokio::sync::Mutex<()>>,
}

impl App {
    /// Whether there was such a pass.
    pub(super) async fn knows_pass(&self, _: uuid::Uuid) -> Result<bool, super::problem::Problem> {
        Ok(false)
    }

    /// Whether what answers are made of can be read.
    pub(super) async fn store_answers(&self) -> bool {
        self.api.configs.list().await.is_ok()
    }
}
