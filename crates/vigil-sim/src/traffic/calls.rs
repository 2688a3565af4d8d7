//! How often each operation was called, and waiting for the k-th call.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::Serialize;
use tokio::sync::watch;

use crate::locks::lock;

/// The calls of one operation, over all registries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// Calls that reached the simulator, answered or not.
    pub arrived: u64,
    /// Calls answered with success.
    pub ok: u64,
    /// Calls answered with ThrottlingException.
    pub throttled: u64,
    /// Calls answered with any other error, or not answered at all.
    pub errors: u64,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Ok,
    Throttled,
    Error,
}

/// Counts calls; whoever waits for one is woken when it arrives.
#[derive(Debug)]
pub(crate) struct CallLog {
    counts: Mutex<BTreeMap<String, Calls>>,
    arrivals: watch::Sender<u64>,
}

impl CallLog {
    pub(crate) fn new() -> Self {
        Self { counts: Mutex::default(), arrivals: watch::Sender::new(0) }
    }

    pub(crate) fn arrived(&self, operation: &str) {
        self.count(operation, |calls| calls.arrived += 1);
        self.arrivals.send_modify(|number| *number += 1);
    }

    pub(crate) fn ended(&self, operation: &str, ending: Ending) {
        self.count(operation, |calls| match ending {
            Ending::Ok => calls.ok += 1,
            Ending::Throttled => calls.throttled += 1,
            Ending::Error => calls.errors += 1,
        });
    }

    pub(crate) fn snapshot(&self) -> BTreeMap<String, Calls> {
        lock(&self.counts).clone()
    }

    pub(crate) fn reset(&self) {
        lock(&self.counts).clear();
    }

    /// Returns once `operation` has been called `calls` times since the last reset.
    pub(crate) async fn when(&self, operation: &str, calls: u64) {
        let mut arrivals = self.arrivals.subscribe();
        loop {
            arrivals.mark_unchanged();
            let arrived = lock(&self.counts).get(operation).map_or(0, |counted| counted.arrived);
            // The sender lives as long as `self`, so that waiting cannot fail.
            if arrived >= calls || arrivals.changed().await.is_err() {
                return;
            }
        }
    }

    fn count(&self, operation: &str, change: impl FnOnce(&mut Calls)) {
        let mut counts = lock(&self.counts);
        match counts.get_mut(operation) {
            Some(calls) => change(calls),
            None => change(counts.entry(operation.to_owned()).or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_waiter_wakes_at_the_call_it_waits_for() {
        let log = CallLog::new();
        log.arrived("StartImageScan");
        let waited = log.when("StartImageScan", 2);
        tokio::pin!(waited);
        tokio::select! {
            biased;
            () = &mut waited => panic!("one call is not two"),
            () = tokio::task::yield_now() => {}
        }
        log.arrived("StartImageScan");
        waited.await;
    }
}
