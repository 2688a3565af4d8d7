//! Somebody who is told.

use async_trait::async_trait;

use super::Parcel;
use crate::news::NotDelivered;

/// A place that takes messages: a channel, a topic, a mailbox.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Delivers a message. It may have been delivered before without our having heard of it: where the place can tell by
    /// the parcel's id, it is told once. That the place knows it already is not a fault.
    async fn deliver(&self, parcel: &Parcel) -> Result<(), NotDelivered>;
}
