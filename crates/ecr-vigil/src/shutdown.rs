//! The end, from outside: SIGINT, SIGTERM, or the time limit.

use jiff::{SignedDuration, Timestamp};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use vigil_core::port::Clock;
use vigil_core::{Halt, Stop};

use crate::exit;

/// SIGXFSZ, by the number that it has on Linux, the BSDs and macOS.
const FILE_TOO_LARGE: i32 = 25;

/// A stop for a pass that begins now: at the first signal, or when its time is over. A second signal ends the program
/// at once. Must be called within the runtime.
///
/// # Errors
///
/// If the operating system does not let us listen to signals.
pub fn stop(clock: impl Clock + 'static, limit: Option<SignedDuration>) -> std::io::Result<Stop> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // Heard once, the signal is never deadly again: a file that meets its limit is a full disk, and told as one.
    drop(signal(SignalKind::from_raw(FILE_TOO_LARGE))?);
    let (heard, first) = oneshot::channel();
    tokio::spawn(async move {
        let mut heard = Some(heard);
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            match heard.take() {
                Some(heard) => {
                    // Nobody listens any more if the pass has ended by itself.
                    if heard.send(()).is_ok() {
                        tracing::warn!("ending in order; a second signal ends the program at once");
                    }
                }
                None => exit::at_once(),
            }
        }
    });
    let deadline = limit.map(|limit| clock.now().saturating_add(limit).unwrap_or(Timestamp::MAX));
    Ok(Stop::when(async move {
        let time_is_over = async {
            match deadline {
                Some(at) => clock.wait_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Ok(()) = first => Halt::Interrupted,
            () = time_is_over => Halt::Deadline,
        }
    }))
}
