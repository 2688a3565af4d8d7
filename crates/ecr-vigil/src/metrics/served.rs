//! The metrics of a running service, as they are scraped: counters, the store, connections and the process brought together.

use std::sync::Arc;

use async_trait::async_trait;
use vigil_core::RegistryId;
use vigil_core::port::Clock;
use vigil_store::Store;

use super::calls::Calls;
use super::counters::Metrics;
use super::gather::{Aims, Kept, gather};
use super::limits::Limits;
use super::process::process;
use super::render::{Rendered, Scrape, render};
use crate::http::Exposition;

/// How calls have ended so far on the connections that stand.
pub type Connections = Arc<dyn Fn() -> Vec<(RegistryId, Calls)> + Send + Sync>;

/// What a scrape of a service looks at.
pub struct Served {
    pub metrics: Arc<Metrics>,
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub connections: Connections,
    pub limits: Limits,
    pub aims: Aims,
    pub kept: Kept,
}

#[async_trait]
impl Exposition for Served {
    async fn expose(&self, accept: Option<&str>) -> Rendered {
        let now = self.clock.now();
        let gathered = gather(&self.store, &self.kept, &self.limits, self.aims, now).await;
        // A scrape is answered all the same: that the store is away is what whoever looks at it needs to see.
        let gathered = gathered.inspect_err(|error| {
            self.metrics.store_failed();
            tracing::warn!(%error, "the store does not tell what metrics are made from");
        });
        let connections = (self.connections)();
        let scrape = Scrape {
            metrics: &self.metrics,
            gathered: gathered.as_ref().ok(),
            connections: &connections,
            process: process(),
            limits: &self.limits,
        };
        render(&scrape, accept)
    }
}
