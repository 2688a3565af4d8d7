//! The loop that tells what was noticed, as soon as it is ripe.

use jiff::SignedDuration;
use tokio::sync::watch;
use vigil_core::Stop;
use vigil_core::news::Route;
use vigil_core::policy::Owners;
use vigil_core::port::{Clock, Journal};
use vigil_core::step::{Told, tell};

/// Goes up whenever messages were put into the outbox.
pub type Posted = watch::Sender<u64>;

/// How often it is asked whether there is news: the question is answered by an index that is empty most of the time.
const LOOK: SignedDuration = SignedDuration::from_secs(5);

/// Tells until the stop by these routes and owners, each time once nothing was noticed for so long. They are asked for each
/// time: settings may be read again.
pub async fn keep_telling(
    journal: &dyn Journal,
    wishes: impl Fn() -> (Vec<Route>, Owners, SignedDuration),
    posted: &Posted,
    clock: &dyn Clock,
    stop: &Stop,
) {
    loop {
        let (now, (routes, owners, settled)) = (clock.now(), wishes());
        let told = tokio::select! {
            told = tell(journal, (&routes, &owners), settled, now) => told,
            _ = stop.stopped() => return,
        };
        let soon = now.checked_add(LOOK).unwrap_or(now);
        let again = match told {
            // There may be more.
            Ok(Told::Posted(messages)) => {
                tracing::info!(messages, "news told");
                posted.send_modify(|times| *times = times.wrapping_add(1));
                now
            }
            Ok(Told::NotBefore(at)) => at.min(soon),
            Ok(Told::Nothing) => soon,
            Err(error) => {
                tracing::error!(%error, "no news is told");
                soon
            }
        };
        tokio::select! {
            () = clock.wait_until(again) => {}
            _ = stop.stopped() => return,
        }
    }
}
