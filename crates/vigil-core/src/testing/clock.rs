//! A clock on the test runtime's time, which moves by itself whenever everything waits.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::now;
use crate::port::Clock;

/// Starts at [`now`]. In a runtime with paused time an hour of waiting takes no time at all.
#[derive(Debug, Clone, Copy)]
pub struct PausedClock(Instant);

impl PausedClock {
    /// A clock that shows [`now`] at this moment.
    #[expect(clippy::disallowed_methods, reason = "this is the clock of the tests")]
    #[expect(clippy::new_without_default, reason = "when it is made matters")]
    pub fn new() -> Self {
        Self(Instant::now())
    }
}

#[async_trait]
impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.0.elapsed()).unwrap_or(SignedDuration::MAX);
        now().saturating_add(elapsed).unwrap_or(Timestamp::MAX)
    }

    async fn wait_until(&self, at: Timestamp) {
        let wait = std::time::Duration::try_from(at.duration_since(now())).unwrap_or_default();
        tokio::time::sleep_until(self.0 + wait).await;
    }
}
