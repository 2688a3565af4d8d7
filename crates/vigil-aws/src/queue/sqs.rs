//! A queue of SQS. <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html>

use std::time::Duration;

use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::Builder;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
    MessageSystemAttributeName,
};
use jiff::{SignedDuration, Timestamp};
use vigil_core::fault::{Fault, FaultKind};
use vigil_core::port::{EventMessage, EventQueue, HIDDEN_FOR, Receipt};

use super::dead_letters::DeadLetters;
use super::url::QueueUrl;
use crate::events::event;
use crate::fault::Refusal;
use crate::target::session;
use crate::{ConnectError, Network, Target};

/// Events that come in by a queue of SQS.
#[derive(Debug)]
pub struct SqsEvents {
    client: Client,
    /// Waits longer for an answer, since SQS does for messages.
    waiting: Client,
    url: QueueUrl,
    dead_letters: DeadLetters,
}

/// As many messages as one call takes.
const BATCH: usize = 10;
/// The longest that SQS waits for messages: an empty queue is asked three times a minute.
const LONG_POLL: i32 = 20;
/// The longest that SQS hides a message.
const LONGEST_HIDDEN: i32 = 12 * 60 * 60;

impl SqsEvents {
    /// A queue, reached with the target's credentials or role, where its URL says that it is. Nothing is asked of SQS yet.
    ///
    /// # Errors
    ///
    /// If no region is known, or settings contradict each other.
    pub async fn connect(
        url: QueueUrl,
        dead_letters: Option<QueueUrl>,
        target: &Target,
        network: &Network,
    ) -> Result<Self, ConnectError> {
        let region = url.region().or(target.region.as_ref()).cloned();
        let (config, _) = session(&Target { region, ..target.clone() }, network).await?;
        let mut config = Builder::from(&config).retry_config(RetryConfig::standard());
        if let Some(endpoint) = url.endpoint() {
            config = config.endpoint_url(endpoint);
        }
        let patient = TimeoutConfig::builder()
            .connect_timeout(network.connect_timeout)
            .operation_attempt_timeout(network.attempt_timeout + Duration::from_secs(LONG_POLL as u64))
            .build();
        let waiting = Client::from_conf(config.clone().timeout_config(patient).build());
        let client = Client::from_conf(config.build());
        Ok(Self { client, waiting, url, dead_letters: DeadLetters::new(dead_letters) })
    }
}

#[async_trait]
impl EventQueue for SqsEvents {
    async fn receive(&self) -> Result<Vec<EventMessage>, Fault> {
        let asked = self
            .waiting
            .receive_message()
            .queue_url(self.url.as_str())
            .max_number_of_messages(BATCH as i32)
            .wait_time_seconds(LONG_POLL)
            .visibility_timeout(seconds(HIDDEN_FOR))
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
        let answer = asked.send().await.map_err(|error| Refusal::read(&error).fault("ReceiveMessage"))?;
        Ok(answer.messages.unwrap_or_default().into_iter().map(message).collect())
    }

    async fn hide(&self, messages: &[Receipt], time: SignedDuration) -> Result<(), Fault> {
        const CALL: &str = "ChangeMessageVisibilityBatch";
        let mut came_out = Ok(());
        for batch in messages.chunks(BATCH) {
            let entry = |(n, receipt): (usize, &Receipt)| {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(n.to_string());
                entry.receipt_handle(&receipt.0).visibility_timeout(seconds(time)).build()
            };
            let entries: Result<Vec<_>, _> = batch.iter().enumerate().map(entry).collect();
            let call = self.client.change_message_visibility_batch().queue_url(self.url.as_str());
            let answer = match entries {
                Ok(entries) => call.set_entries(Some(entries)).send().await,
                Err(error) => return Err(Fault::new(FaultKind::Refused, CALL, error.to_string())),
            };
            let answer = answer.map_err(|error| Refusal::read(&error).fault(CALL));
            came_out = came_out.and(answer.and_then(|answer| all_done(answer.failed(), CALL)));
        }
        came_out
    }

    async fn delete(&self, messages: &[Receipt]) -> Result<(), Fault> {
        const CALL: &str = "DeleteMessageBatch";
        let mut came_out = Ok(());
        for batch in messages.chunks(BATCH) {
            let entry = |(n, receipt): (usize, &Receipt)| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(n.to_string());
                entry.receipt_handle(&receipt.0).build()
            };
            let entries: Result<Vec<_>, _> = batch.iter().enumerate().map(entry).collect();
            let call = self.client.delete_message_batch().queue_url(self.url.as_str());
            let answer = match entries {
                Ok(entries) => call.set_entries(Some(entries)).send().await,
                Err(error) => return Err(Fault::new(FaultKind::Refused, CALL, error.to_string())),
            };
            let answer = answer.map_err(|error| Refusal::read(&error).fault(CALL));
            came_out = came_out.and(answer.and_then(|answer| all_done(answer.failed(), CALL)));
        }
        came_out
    }

    async fn set_aside(&self, message: &EventMessage, reason: &str) -> Result<bool, Fault> {
        self.dead_letters.take(&self.client, &self.url, message, reason).await
    }
}

fn message(message: Message) -> EventMessage {
    let attribute = |name| message.attributes().and_then(|attributes| attributes.get(&name));
    let sent = attribute(MessageSystemAttributeName::SentTimestamp);
    let times = attribute(MessageSystemAttributeName::ApproximateReceiveCount);
    let sent_at = sent.and_then(|sent| Timestamp::from_millisecond(sent.parse().ok()?).ok());
    let times = times.and_then(|times| times.parse().ok()).unwrap_or(1);
    let body = message.body.clone().unwrap_or_default();
    EventMessage {
        said: event(&body),
        receipt: Receipt(message.receipt_handle.clone().unwrap_or_default()),
        id: message.message_id.clone().unwrap_or_default(),
        body,
        sent_at,
        times,
    }
}

fn seconds(time: SignedDuration) -> i32 {
    i32::try_from(time.as_secs()).unwrap_or(LONGEST_HIDDEN).clamp(0, LONGEST_HIDDEN)
}

fn all_done(failed: &[BatchResultErrorEntry], during: &str) -> Result<(), Fault> {
    let Some(first) = failed.first() else { return Ok(()) };
    let said = format!(
        "{} of the messages: {}: {}",
        failed.len(),
        first.code(),
        first.message().unwrap_or_default()
    );
    Err(Fault::new(FaultKind::Refused, during, said))
}
