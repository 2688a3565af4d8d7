//! The time, and waiting for it.

use async_trait::async_trait;
use jiff::Timestamp;

/// A clock that can be waited on. Tests move one by hand.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Returns once this time has come; at once if it has passed.
    async fn wait_until(&self, at: Timestamp);
}
