//! The one place that looks at the clock and waits: the system's time for the passes, and a stopwatch for pacing calls.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::time::Instant;
use vigil_core::port::Clock;

/// The time of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// The machine's time may be set anew while somebody waits: it is looked at again at least this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock of the running program")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock of the running program")]
    async fn wait_until(&self, at: Timestamp) {
        loop {
            match Duration::try_from(at.duration_since(self.now())) {
                Ok(left) if !left.is_zero() => tokio::time::sleep(left.min(LONGEST_SLEEP)).await,
                _ => return,
            }
        }
    }
}

/// Time since a start of its own; it never jumps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "pacing measures the time that passes between calls")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    pub(crate) async fn wait_until(self, at: Duration) {
        if at > self.elapsed() {
            tokio::time::sleep_until(self.0 + at).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[tokio::test(start_paused = true)]
    async fn the_past_is_not_waited_for() {
        let watch = Stopwatch::start();
        SystemClock.wait_until(SystemClock.now() - SignedDuration::from_secs(5)).await;
        watch.wait_until(Duration::ZERO).await;
        assert_eq!(watch.elapsed(), Duration::ZERO);
        watch.wait_until(Duration::from_secs(3)).await;
        assert_eq!(watch.elapsed(), Duration::from_secs(3));
    }
}
