//! Messages on their way, each to one sink.

use async_trait::async_trait;
use jiff::Timestamp;

use super::NotKept;
use crate::news::{Message, NotDelivered, RouteName, SinkName};

/// Where messages wait until their sinks have taken them. Each sink has a queue of its own.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// The message for this sink that has waited longest, of those whose time has come. One that was handed out before and of
    /// which nothing was said since is handed out again.
    async fn next(&self, sink: &SinkName, now: Timestamp) -> Result<Next, NotKept>;

    /// The sink has taken it.
    async fn delivered(&self, parcel: &Parcel, at: Timestamp) -> Result<(), NotKept>;

    /// The sink has taken it as far as this, and is asked to go on at once.
    async fn got_as_far(&self, parcel: &Parcel, reached: &str) -> Result<(), NotKept>;

    /// The sink has not taken it, and is asked again then.
    async fn put_off(&self, parcel: &Parcel, failure: &NotDelivered, until: Timestamp)
    -> Result<(), NotKept>;

    /// The sink will not take it: it is kept as a dead letter.
    async fn give_up(&self, parcel: &Parcel, failure: &NotDelivered, at: Timestamp) -> Result<(), NotKept>;
}

/// What there is to do for a sink.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// To deliver this.
    Deliver(Box<Parcel>),
    /// Nothing before this time.
    Wait(Timestamp),
    /// Nothing at all, until there is news.
    Nothing,
}

/// A message on its way to a sink.
#[derive(Debug, Clone, PartialEq)]
pub struct Parcel {
    /// Its id, the same at every attempt: a sink that knows it already can pass it over.
    pub id: String,
    /// The route that chose it.
    pub route: RouteName,
    /// Where it goes.
    pub sink: SinkName,
    /// What is said.
    pub message: Message,
    /// When it was first to be delivered.
    pub since: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// How far an attempt got, in the sink's own words.
    pub reached: Option<String>,
}
