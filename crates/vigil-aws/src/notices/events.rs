//! Puts events on a bus of EventBridge. <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>

use std::collections::{BTreeMap, BTreeSet};

use aws_config::retry::RetryConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::config::Builder;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use vigil_core::image::Region;
use vigil_core::news::{NotDelivered, Retry};

use super::not_delivered::not_delivered;
use crate::fault::Refusal;
use crate::target::session;
use crate::{ConnectError, Network, Target};

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusEvent {
    /// Who says it; not `aws.…`, which is AWS's own.
    pub source: String,
    /// What kind of thing it says.
    pub detail_type: String,
    /// What it says, a JSON object.
    pub detail: String,
    /// The ARNs of what it is about.
    pub resources: Vec<String>,
}

/// An event bus.
#[derive(Debug, Clone)]
pub struct EventBus {
    client: Client,
    name: String,
}

/// As many as one call takes.
const BATCH: usize = 10;

impl EventBus {
    /// A bus, by its name or ARN, in the target's region or the ARN's own. Nothing is asked of EventBridge yet.
    ///
    /// # Errors
    ///
    /// If no region is known, or settings contradict each other.
    pub async fn connect(name: String, target: &Target, network: &Network) -> Result<Self, ConnectError> {
        let region = name.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2)?.parse::<Region>().ok());
        let there = Target { region: region.or_else(|| target.region.clone()), ..target.clone() };
        let (config, _) = session(&there, network).await?;
        let once = Builder::from(&config).retry_config(RetryConfig::disabled()).build();
        Ok(Self { client: Client::from_conf(once), name })
    }

    /// Puts events, but for those that an earlier attempt has put.
    ///
    /// # Errors
    ///
    /// If not all of them were taken; which were is told with it.
    pub async fn put(&self, events: &[BusEvent], reached: Option<&str>) -> Result<(), NotDelivered> {
        let mut taken: BTreeSet<usize> =
            reached.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let left: Vec<usize> = (0..events.len()).filter(|n| !taken.contains(n)).collect();
        let mut failure = None;
        for batch in left.chunks(BATCH) {
            match self.put_batch(events, batch).await {
                Ok(refused) => {
                    taken.extend(batch.iter().filter(|n| !refused.contains_key(n)));
                    failure = failure.or(refused.into_values().next());
                }
                Err(none_taken) => failure = Some(none_taken),
            }
        }
        let told = || serde_json::to_string(&taken).ok().filter(|_| !taken.is_empty());
        failure.map_or(Ok(()), |failure| Err(NotDelivered { reached: told(), ..failure }))
    }

    /// Returns which of them were refused, and why.
    async fn put_batch(
        &self,
        events: &[BusEvent],
        batch: &[usize],
    ) -> Result<BTreeMap<usize, NotDelivered>, NotDelivered> {
        let entries = batch.iter().map(|n| self.entry(&events[*n])).collect();
        let answer = self.client.put_events().set_entries(Some(entries)).send().await;
        let answer = answer.map_err(|error| not_delivered(Refusal::read(&error), "PutEvents"))?;
        let refused = batch.iter().zip(answer.entries()).filter_map(|(n, entry)| {
            let code = entry.error_code()?;
            let reason = format!("PutEvents: {code}: {}", entry.error_message().unwrap_or_default());
            Some((*n, NotDelivered { reason, retry: Retry::Later(None), reached: None }))
        });
        Ok(refused.collect())
    }

    fn entry(&self, event: &BusEvent) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(&event.source)
            .detail_type(&event.detail_type)
            .detail(&event.detail)
            .set_resources(Some(event.resources.clone()))
            .build()
    }
}
