//! Somebody who is told.

use async_trait::async_trait;
use jiff::Timestamp;

use super::Parcel;
use crate::news::NotDelivered;

/// A place that takes messages: a channel, a topic, a mailbox.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Delivers a message, or the next part of it. It may have been delivered before without our having heard of it: where
    /// the place can tell by the parcel's id, it is told once. That the place knows it already is not a fault.
    async fn deliver(&self, parcel: &Parcel, now: Timestamp) -> Result<Taken, NotDelivered>;
}

/// What a place has taken of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// All of it.
    Whole,
    /// Another part: how far it got is kept, in the place's own words, before the next part is sent.
    Part(String),
}
