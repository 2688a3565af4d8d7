//! Of several processes with one memory, one tells the news at a time. The others wait until it ends or loses the memory.

use jiff::SignedDuration;
use vigil_core::Stop;
use vigil_core::port::Clock;
use vigil_store::{Store, Turn};

/// How often it is asked whether the turn is free, or still ours: a question that costs next to nothing.
const LOOK: SignedDuration = SignedDuration::from_secs(5);

/// Works whenever it is this process's turn, until the stop. Work that is broken off since the turn is lost is begun anew.
pub async fn in_turn<F>(store: &Store, clock: &dyn Clock, stop: &Stop, work: impl Fn() -> F)
where
    F: Future<Output = ()>,
{
    while let Some(turn) = turn(store, clock, stop).await {
        tokio::select! {
            () = work() => return,
            () = lost(&turn, clock) => tracing::warn!("another process may tell the news now"),
        }
    }
}

/// Waits for the turn; none comes once there is the stop.
async fn turn(store: &Store, clock: &dyn Clock, stop: &Stop) -> Option<Turn> {
    loop {
        match store.take_turn().await {
            Ok(Some(turn)) => return Some(turn),
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "whose turn it is cannot be asked"),
        }
        tokio::select! {
            () = soon(clock) => {}
            _ = stop.stopped() => return None,
        }
    }
}

async fn lost(turn: &Turn, clock: &dyn Clock) {
    while !turn.is_over() {
        soon(clock).await;
    }
}

async fn soon(clock: &dyn Clock) {
    clock.wait_until(clock.now().checked_add(LOOK).unwrap_or_default()).await;
}
