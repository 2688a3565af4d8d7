//! How fast one operation may be called: a rate that is learned from what AWS refuses. Time is an argument.

use std::time::Duration;

/// The pace of one operation.
#[derive(Debug)]
pub(crate) struct Pace {
    most: Option<f64>,
    next: Duration,
}

impl Pace {
    pub(crate) fn new(most: Option<f64>) -> Self {
        Self { most, next: Duration::ZERO }
    }

    pub(crate) fn reserve(&mut self, now: Duration) -> Duration {
        let slot = self.next.max(now);
        if let Some(rate) = self.most {
            self.next = slot + Duration::from_secs_f64(1.0 / rate);
        }
        slot
    }

    pub(crate) fn passed(&mut self) {}

    pub(crate) fn throttled(&mut self, _sent: Duration, _now: Duration) -> Option<f64> {
        None
    }
}
