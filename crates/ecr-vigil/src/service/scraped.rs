//! What Prometheus is told of a service: its counters, and gauges that are gathered from the memory.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;

use super::service::Service;
use crate::http::Exposition;
use crate::metrics::{Kept, Rendered, Scrape, Wanted, gather, process, render};

/// The metrics of a service.
pub struct Scraped {
    service: Arc<Service>,
    kept: Kept,
}

impl Scraped {
    /// The metrics of this service.
    pub fn new(service: Arc<Service>) -> Self {
        Self { service, kept: Kept::default() }
    }
}

#[async_trait]
impl Exposition for Scraped {
    async fn expose(&self, accept: Option<&str>) -> Rendered {
        let (settings, parts) = (self.service.settings(), &self.service.parts);
        let now = parts.clock.now();
        let limits = &settings.metrics;
        let daily = settings.schedules.iter().map(|schedule| schedule.budget.daily).max().unwrap_or(0);
        let sinks = settings.news.sinks.iter().map(|sink| sink.name.clone()).collect();
        let wanted = Wanted { aims: self.service.aims().await, looked: self.service.looked(), sinks, daily };
        let gathered = gather(&parts.store, &self.kept, limits, &wanted, now).await;
        self.service.tell_schedules();
        // A scrape is answered all the same: that the store is away is what whoever looks at it needs to see.
        let gathered = gathered.inspect_err(|error| {
            parts.metrics.store_failed();
            tracing::warn!(%error, "the store does not tell what metrics are made from");
        });
        let connections = self.service.connections.calls().await;
        let scrape = Scrape {
            metrics: &parts.metrics,
            gathered: gathered.as_ref().ok(),
            connections: &connections,
            process: process(),
            limits,
            aims: &wanted.aims,
        };
        render(&scrape, accept)
    }

    fn answered(&self, method: &str, route: &str, status: u16, took: SignedDuration) {
        self.service.parts.metrics.answered(method, route, status, took);
    }
}
