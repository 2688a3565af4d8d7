//! A clock that a story sets, and on which nobody waits longer than the story wants.

use std::sync::Mutex;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;
use vigil_core::port::Clock;

/// Stands still until it is moved.
pub(crate) struct StillClock {
    now: Mutex<Timestamp>,
    /// Who has begun to wait.
    pub(crate) waiting: Semaphore,
    /// How many waits may end.
    pub(crate) go: Semaphore,
}

impl StillClock {
    pub(crate) fn new() -> Self {
        let now = Mutex::new(vigil_core::testing::now());
        Self { now, waiting: Semaphore::new(0), go: Semaphore::new(0) }
    }

    pub(crate) fn hours(&self, hours: i64) {
        *self.now.lock().unwrap() += SignedDuration::from_hours(hours);
    }
}

#[async_trait]
impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    async fn wait_until(&self, _: Timestamp) {
        self.waiting.add_permits(1);
        self.go.acquire().await.unwrap().forget();
    }
}
