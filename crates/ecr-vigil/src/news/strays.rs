//! The loop that gives up what waits for sinks which the settings do not name any more: nobody would ever bring it.

use jiff::SignedDuration;
use vigil_core::Stop;
use vigil_core::news::SinkName;
use vigil_core::port::Clock;
use vigil_store::Store;

/// A sink that went from the settings may come back in a while, such as after a mistake.
const GRACE: SignedDuration = SignedDuration::from_hours(24);

const LOOK: SignedDuration = SignedDuration::from_hours(1);

/// Gives them up until the stop. The sinks are asked for each time: settings may be read again.
pub async fn give_up_strays(
    store: &Store,
    sinks: impl Fn() -> Vec<SinkName>,
    clock: &dyn Clock,
    stop: &Stop,
) {
    loop {
        let now = clock.now();
        let before = now.checked_sub(GRACE).unwrap_or(now);
        match store.give_up_strays(sinks(), before, now).await {
            Ok(0) => {}
            Ok(messages) => {
                tracing::error!(messages, "messages given up: the settings name their sinks no more")
            }
            Err(error) => tracing::error!(%error, "messages without a sink cannot be given up"),
        }
        tokio::select! {
            () = clock.wait_until(now.checked_add(LOOK).unwrap_or(now)) => {}
            _ = stop.stopped() => return,
        }
    }
}
