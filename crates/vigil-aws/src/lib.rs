//! How AWS says it: sessions and roles, ECR's calls and answers, error codes, and the pace that ECR allows.
//!
//! Implements the ports [`vigil_core::port::Registry`] and [`vigil_core::port::Scanner`] for one account's registry in
//! one region, and [`vigil_core::port::ScanConfigs`] for a bucket of S3; brings messages to SNS, EventBridge and
//! Security Hub, and reads events from SQS. Refuses to know policy, the ledger and reports; no type of the AWS SDK shows in what it exports.

mod budget;
mod call;
mod clock;
mod events;
mod fault;
mod findings;
mod image;
mod manifest;
mod notices;
mod operation;
mod pace;
mod queue;
mod registry;
mod requests;
mod role;
mod scan_configs;
mod scanner;
mod target;

pub use budget::CallCounts;
pub use clock::SystemClock;
pub use events::event;
pub use notices::{BusEvent, EventBus, InvalidTopicArn, SecurityHub, SnsTopic, TopicArn};
pub use operation::{Operation, UnknownOperation};
pub use queue::{InvalidQueueUrl, QueueUrl, SqsEvents};
pub use registry::AwsRegistry;
pub use role::{InvalidRoleArn, RoleArn, RoleInAccounts};
pub use scan_configs::{Bucket, BucketName, InvalidBucketName, S3ScanConfigs, scan_configs_in};
pub use target::{AccessKey, ConnectError, Network, Target, connect};
