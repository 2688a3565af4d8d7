//! News: what people are told of changes, once, in as few messages as say it.

mod change;
mod delivery;
mod exception;
mod gather;
mod message;
mod net;
mod ripe;
mod route;
#[cfg(test)]
mod stories;
mod tide;
mod upgrade;

pub use change::{Change, ChangeId, ChangeKind, Subject};
pub use delivery::{After, Attempts, NotDelivered, Patience, Retry, after, pause};
pub use exception::{ExceptionNews, ExceptionNotice, hearers};
pub use gather::{gather, round_up};
pub use message::{BaselineNews, FailedNews, ImageNews, Message, Roundup, VulnerabilityNews, WhereFound};
pub use ripe::{Ripe, ripe};
pub use route::{NotWanted, RoundUp, Route, RouteName, SinkName, Wanted};
pub use tide::{Tide, withhold};
pub use upgrade::{Upgrade, upgrades};
