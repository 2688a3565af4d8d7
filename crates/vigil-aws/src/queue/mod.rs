//! Events out of a queue of SQS, and what cannot be used into another one.

mod dead_letters;
mod sqs;
mod url;

pub use sqs::SqsEvents;
pub use url::{InvalidQueueUrl, QueueUrl};
