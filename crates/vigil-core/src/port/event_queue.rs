//! A queue that events come in by, and whoever looks at what they are about.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::fault::Fault;
use crate::image::RegistryHost;
use crate::wake::{Event, NotUnderstood, Wake};

/// A queue of events. A message is handed out again, perhaps to somebody else, until it is let go of; one may also come twice
/// for no reason.
#[async_trait]
pub trait EventQueue: Send + Sync {
    /// Waits for messages for a while, and hands out those that there are. That there are none is not a fault. Nobody else is
    /// handed them for [`HIDDEN_FOR`].
    async fn receive(&self) -> Result<Vec<EventMessage>, Fault>;

    /// From now on they are not handed out for so long.
    async fn hide(&self, messages: &[Receipt], time: SignedDuration) -> Result<(), Fault>;

    /// Lets go of them.
    async fn delete(&self, messages: &[Receipt]) -> Result<(), Fault>;

    /// Puts a copy of a message where people look for those that cannot be used, with the reason. Returns whether there is such
    /// a place; that there is none is not a fault.
    async fn set_aside(&self, message: &EventMessage, reason: &str) -> Result<bool, Fault>;
}

/// Those who are handed a message have so long before others are, unless they say that they need longer.
pub const HIDDEN_FOR: SignedDuration = SignedDuration::from_secs(30);

/// By which a queue knows that it has handed out a message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Receipt(pub String);

/// A message of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventMessage {
    /// By which it is let go of.
    pub receipt: Receipt,
    /// Its id, the same whenever it is handed out.
    pub id: String,
    /// Byte for byte.
    pub body: String,
    /// When it was sent to the queue, if that is known.
    pub sent_at: Option<Timestamp>,
    /// How often it was handed out, this time included.
    pub times: u32,
    /// What it says.
    pub said: Result<Event, NotUnderstood>,
}

/// Whoever looks at images.
#[async_trait]
pub trait Lookout: Send + Sync {
    /// Looks at what these are about, all in this registry. Returns what came of each, in their order.
    async fn look(&self, registry: &RegistryHost, wakes: &[Wake]) -> Vec<Looked>;
}

/// What came of a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// What there was to see is written down.
    Seen,
    /// By the settings nobody looks there, for this reason.
    NotCovered(String),
    /// It could not be looked at, or not be written down, for this reason.
    NotNow(String),
}
