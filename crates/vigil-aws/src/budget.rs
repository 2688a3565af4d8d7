//! One operation's share of what AWS allows in one account and region: who may send next, and how calls have ended.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Operation;
use crate::clock::Stopwatch;
use crate::fault::{Meaning, Refusal};
use crate::pace::Pace;

/// How the attempts at an operation have ended so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// Answered.
    pub ok: u64,
    /// Refused for being too fast.
    pub throttled: u64,
    /// Without an answer, or with an error of the service itself.
    pub transient: u64,
    /// Refused for any other reason.
    pub refused: u64,
}

/// The budget of one operation. All calls of it, from wherever in the program, go through the same one.
#[derive(Debug)]
pub(crate) struct Budget {
    /// The account and region, for the log.
    registry: String,
    pub(crate) operation: Operation,
    pub(crate) watch: Stopwatch,
    /// Whose turn it is to wait for the next free slot: first come, first served, and only one timer at a time.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    pace: Pace,
    counts: CallCounts,
    /// The rate that was last told to people.
    told: f64,
}

/// A slower rate is news once it is this much lower than the one last told.
const NEWS: f64 = 0.5;

impl Budget {
    pub(crate) fn new(registry: String, operation: Operation, most: Option<f64>) -> Self {
        let state = State { pace: Pace::new(most), counts: CallCounts::default(), told: f64::INFINITY };
        Self {
            registry,
            operation,
            watch: Stopwatch::start(),
            turn: tokio::sync::Mutex::new(()),
            state: Mutex::new(state),
        }
    }

    /// Waits until a call may be sent; returns when that is.
    pub(crate) async fn acquire(&self) -> Duration {
        let _turn = self.turn.lock().await;
        loop {
            let now = self.watch.elapsed();
            // Bound to a name, so that the lock is not held while waiting.
            let taken = self.state().pace.take(now);
            match taken {
                Ok(()) => return now,
                Err(later) => self.watch.wait_until(later).await,
            }
        }
    }

    /// Takes note of how a call that was sent at this time has ended.
    pub(crate) fn note<T>(&self, sent: Duration, result: &Result<T, Refusal>) {
        let now = self.watch.elapsed();
        let mut state = self.state();
        match result.as_ref().map_err(|refusal| refusal.meaning) {
            Ok(_) => state.counts.ok += 1,
            Err(Meaning::Throttled) => state.counts.throttled += 1,
            Err(Meaning::NoAnswer) => state.counts.transient += 1,
            Err(_) => state.counts.refused += 1,
        }
        match result {
            Err(Refusal { meaning: Meaning::Throttled, .. }) => {
                if let Some(rate) = state.pace.throttled(sent, now) {
                    state.tell(self, rate);
                }
            }
            Err(Refusal { meaning: Meaning::NoAnswer, .. }) => {}
            // A refusal is an answer: the service had time for the call.
            _ => state.pace.passed(now),
        }
    }

    pub(crate) fn counts(&self) -> CallCounts {
        self.state().counts
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The numbers are sound after every single change, so a panic elsewhere does not spoil them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn tell(&mut self, Budget { registry, operation, .. }: &Budget, rate: f64) {
        if rate < self.told * NEWS {
            self.told = rate;
            let rate = format!("{rate:.1}/s");
            tracing::warn!(registry, %operation, rate, "AWS throttles these calls: they are sent more slowly from now on");
        }
    }
}
