//! News: what was noticed and nobody was told of yet, and messages on their way. The store is the core's journal and outbox.

mod journal;
mod outbox;
mod post;
mod queues;
mod subjects;
mod tides;
mod untold;

pub use queues::{DeadLetter, SinkQueue};
