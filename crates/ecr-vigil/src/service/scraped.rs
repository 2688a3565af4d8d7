//! What Prometheus is told of a service: its counters, and gauges that are gathered from the memory.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::service::Service;
use crate::config::ServiceSettings;
use crate::http::Exposition;
use crate::metrics::{Aims, Kept, Rendered, Scrape, Watched, gather, process, render};

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

/// With several schedules the longest cadence counts: what is not covered then is too old for every schedule.
fn aims(settings: &ServiceSettings, watched: Watched, now: Timestamp) -> Aims {
    let schedules = || settings.schedules.iter();
    let cadences = schedules().map(|schedule| schedule.cadence.expiry.after(now).duration_since(now));
    Aims {
        within: cadences.max().unwrap_or(SignedDuration::MAX),
        daily: schedules().map(|schedule| schedule.budget.daily).max().unwrap_or(0),
        watched,
    }
}

#[async_trait]
impl Exposition for Scraped {
    async fn expose(&self, accept: Option<&str>) -> Rendered {
        let (settings, parts) = (self.service.settings(), &self.service.parts);
        let now = parts.clock.now();
        let limits = &settings.metrics;
        let watched = Watched::new(&settings.general.targets, &parts.metrics);
        let aims = aims(&settings, watched, now);
        let gathered = gather(&parts.store, &self.kept, limits, &aims, now).await;
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
            watched: &aims.watched,
        };
        render(&scrape, accept)
    }

    fn answered(&self, method: &str, route: &str, status: u16, took: SignedDuration) {
        self.service.parts.metrics.answered(method, route, status, took);
    }
}
