//! Where messages go that cannot be used: the queue of the settings, or the one that SQS itself moves messages to.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName};
use serde::Deserialize;
use tokio::sync::OnceCell;
use vigil_core::fault::{Fault, FaultKind};
use vigil_core::port::EventMessage;

use super::url::QueueUrl;
use crate::fault::Refusal;

/// The queue for dead letters, once it is known.
#[derive(Debug)]
pub(super) struct DeadLetters(OnceCell<Option<QueueUrl>>);

/// The redrive policy of a queue.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Redrive {
    dead_letter_target_arn: String,
}

/// The attribute of a dead letter that says why it is one.
const REASON: &str = "reason";

impl DeadLetters {
    /// The queue of the settings; `None`: that of the redrive policy is asked for when there is a first dead letter.
    pub(super) fn new(given: Option<QueueUrl>) -> Self {
        Self(given.map_or_else(OnceCell::new, |url| OnceCell::new_with(Some(Some(url)))))
    }

    /// Puts a message there. Returns whether there is such a queue.
    pub(super) async fn take(
        &self,
        client: &Client,
        queue: &QueueUrl,
        message: &EventMessage,
        reason: &str,
    ) -> Result<bool, Fault> {
        let Some(to) = self.0.get_or_try_init(|| by_policy(client, queue)).await? else { return Ok(false) };
        let said =
            MessageAttributeValue::builder().data_type("String").string_value(attribute(reason)).build();
        let said = said.map_err(|error| Fault::new(FaultKind::Refused, "SendMessage", error.to_string()))?;
        let mut request = client.send_message().queue_url(to.as_str()).message_body(&message.body);
        request = request.message_attributes(REASON, said);
        if to.is_fifo() {
            request = request.message_group_id("ecr-vigil").message_deduplication_id(&message.id);
        }
        let sent = request.send().await;
        sent.map(|_| true).map_err(|error| Refusal::read(&error).fault("SendMessage"))
    }
}

/// The queue that SQS moves a message to that was handed out too often. Without the permission to ask for it, what is broken
/// stays in its queue, from which that policy takes it in the end.
async fn by_policy(client: &Client, queue: &QueueUrl) -> Result<Option<QueueUrl>, Fault> {
    let name = QueueAttributeName::RedrivePolicy;
    let asked = client.get_queue_attributes().queue_url(queue.as_str()).attribute_names(name.clone()).send();
    let answer = asked.await.map_err(|error| Refusal::read(&error).fault("GetQueueAttributes"))?;
    let policy = answer.attributes().and_then(|attributes| attributes.get(&name));
    let policy = policy.and_then(|policy| serde_json::from_str::<Redrive>(policy).ok());
    Ok(policy.and_then(|policy| queue.sibling(&policy.dead_letter_target_arn)))
}

/// A reason in characters that an attribute may have, and not too many of them.
fn attribute(reason: &str) -> String {
    const AT_MOST: usize = 500;
    let allowed = |letter: char| if letter.is_control() || letter > '\u{fffd}' { '\u{fffd}' } else { letter };
    reason.chars().map(allowed).take(AT_MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::attribute;

    #[test]
    fn a_reason_is_short_and_in_characters_that_sqs_takes() {
        assert_eq!(attribute("it is not JSON: line 1"), "it is not JSON: line 1");
        assert_eq!(attribute("a\u{0}b\u{1f980}"), "a\u{fffd}b\u{fffd}");
        assert_eq!(attribute(&"x".repeat(1000)).len(), 500);
    }
}
