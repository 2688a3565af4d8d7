//! Puts events on a bus of EventBridge. <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>

use aws_config::retry::RetryConfig;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::config::Builder;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use jiff::Timestamp;
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
    /// When it was first to be told.
    pub time: Timestamp,
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

    /// Puts an event.
    ///
    /// # Errors
    ///
    /// If it was not taken: the call as a whole, or the event in it.
    pub async fn put(&self, event: &BusEvent) -> Result<(), NotDelivered> {
        let answer = self.client.put_events().entries(self.entry(event)).send().await;
        let answer = answer.map_err(|error| not_delivered(Refusal::read(&error), "PutEvents"))?;
        let refused =
            answer.entries().iter().find_map(|entry| Some((entry.error_code()?, entry.error_message())));
        let Some((code, said)) = refused else { return Ok(()) };
        let reason = format!("PutEvents: {code}: {}", said.unwrap_or_default());
        Err(NotDelivered { reason, retry: Retry::Later(None), reached: None })
    }

    fn entry(&self, event: &BusEvent) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(&event.source)
            .detail_type(&event.detail_type)
            .time(DateTime::from_secs(event.time.as_second()))
            .detail(&event.detail)
            .set_resources(Some(event.resources.clone()))
            .build()
    }
}
