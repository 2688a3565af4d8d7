//! Where AWS itself takes messages: SNS topics, EventBridge event buses, and Security Hub.
//!
//! Each call is tried once: a message waits in the outbox, and when it is tried again is decided there.

mod events;
mod not_delivered;
mod security_hub;
mod sns;
mod topic;

pub use events::{BusEvent, EventBus};
pub use security_hub::SecurityHub;
pub use sns::SnsTopic;
pub use topic::{InvalidTopicArn, TopicArn};
