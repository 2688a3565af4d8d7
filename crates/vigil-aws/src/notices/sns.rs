//! Publishes to a topic of SNS. <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>

use aws_config::retry::RetryConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::config::Builder;
use vigil_core::news::NotDelivered;

use super::TopicArn;
use super::not_delivered::not_delivered;
use crate::fault::Refusal;
use crate::target::session;
use crate::{ConnectError, Network, Target};

/// A topic.
#[derive(Debug, Clone)]
pub struct SnsTopic {
    client: Client,
    arn: TopicArn,
}

impl SnsTopic {
    /// A topic, reached with the target's credentials or role, in the topic's own region. Nothing is asked of SNS yet.
    ///
    /// # Errors
    ///
    /// If settings contradict each other.
    pub async fn connect(arn: TopicArn, target: &Target, network: &Network) -> Result<Self, ConnectError> {
        let there = Target { region: Some(arn.region().clone()), ..target.clone() };
        let (config, _) = session(&there, network).await?;
        let once = Builder::from(&config).retry_config(RetryConfig::disabled()).build();
        Ok(Self { client: Client::from_conf(once), arn })
    }

    /// Publishes a message: a subject, and a JSON object with a text for each protocol, `default` among them. A FIFO topic
    /// takes one with an id that it knows only once.
    ///
    /// # Errors
    ///
    /// If SNS did not take it.
    pub async fn publish(&self, id: &str, subject: &str, texts: &str) -> Result<(), NotDelivered> {
        let request = self.client.publish().topic_arn(self.arn.as_str());
        let mut request = request.subject(subject).message(texts).message_structure("json");
        if self.arn.is_fifo() {
            request = request.message_group_id("ecr-vigil").message_deduplication_id(id);
        }
        let answer = request.send().await;
        answer.map(drop).map_err(|error| not_delivered(Refusal::read(&error), "Publish"))
    }
}
