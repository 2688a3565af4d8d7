//! Calls in flight, each with a label that says what it is for, so that an abandoned one can be named.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use futures::{FutureExt, future};
use jiff::SignedDuration;

use crate::port::Clock;
use crate::stop::{Halt, Stop};

/// Calls in flight, with labels of type `L` and answers of type `T`.
pub(super) struct Flight<'a, L, T> {
    calls: FuturesUnordered<BoxFuture<'a, (u64, T)>>,
    labels: BTreeMap<u64, L>,
    launched: u64,
}

/// What a wait for the next call brought.
pub(super) enum Next<L, T> {
    /// A call has ended.
    Landed(L, T),
    /// The time that was waited for has come.
    Due,
    /// The pass is to end.
    Halted(Halt),
}

/// How long calls in flight may still answer once the pass is to end.
const GRACE: SignedDuration = SignedDuration::from_secs(5);

impl<'a, L, T: 'a> Flight<'a, L, T> {
    pub(super) fn new() -> Self {
        Self { calls: FuturesUnordered::new(), labels: BTreeMap::new(), launched: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.labels.len()
    }

    pub(super) fn labels(&self) -> impl Iterator<Item = &L> {
        self.labels.values()
    }

    pub(super) fn launch(&mut self, label: L, call: impl Future<Output = T> + Send + 'a) {
        let id = self.launched;
        self.launched += 1;
        self.labels.insert(id, label);
        self.calls.push(call.map(move |answer| (id, answer)).boxed());
    }

    /// Waits for whichever comes first: a call that ends, the given time, or the stop.
    pub(super) async fn next(
        &mut self,
        clock: &dyn Clock,
        at: Option<jiff::Timestamp>,
        stop: &Stop,
    ) -> Next<L, T> {
        let wait = async {
            match at {
                Some(at) => clock.wait_until(at).await,
                None => future::pending().await,
            }
        };
        let landed = async {
            match self.calls.next().await {
                Some(answer) => answer,
                None => future::pending().await,
            }
        };
        futures::pin_mut!(wait, landed);
        let stopped = stop.stopped();
        futures::pin_mut!(stopped);
        // Biased on purpose: a stop is heeded at once, and answers that are here are taken before time is.
        futures::select_biased! {
            halt = stopped.fuse() => Next::Halted(halt),
            (id, answer) = landed.fuse() => match self.labels.remove(&id) {
                Some(label) => Next::Landed(label, answer),
                None => Next::Due,
            },
            () = wait.fuse() => Next::Due,
        }
    }

    /// Lets the calls in flight answer for a while. Returns those that did, and the labels of those that did not.
    pub(super) async fn land(mut self, clock: &dyn Clock) -> (Vec<(L, T)>, Vec<L>) {
        let until = clock.now().saturating_add(GRACE).unwrap_or(jiff::Timestamp::MAX);
        let mut landed = Vec::new();
        let never = Stop::never();
        while !self.labels.is_empty() {
            match self.next(clock, Some(until), &never).await {
                Next::Landed(label, answer) => landed.push((label, answer)),
                Next::Due | Next::Halted(_) => break,
            }
        }
        (landed, self.labels.into_values().collect())
    }
}
