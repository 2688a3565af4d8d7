//! Looks after exceptions: ends each when its last day is over, and goes on with what is left to count where one was made or
//! ended. What that means for an image, the store knows.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use vigil_core::Stop;
use vigil_core::policy::Exceptions;
use vigil_core::port::Clock;
use vigil_store::{Store, Watching};

/// A memory that could not be written is tried again this much later.
const TRY_AGAIN: SignedDuration = SignedDuration::from_mins(1);

/// Settles exceptions now, at each midnight in UTC, and whenever somebody has made or ended one; until the stop. Notes which
/// of them and of the settings' are about to lapse, by these wishes: the settings may be read again.
pub(super) async fn keep_exceptions(
    store: &Store,
    wishes: impl Fn() -> (Exceptions, Option<i64>),
    clock: &dyn Clock,
    stop: &Stop,
) {
    let keep = async {
        loop {
            let now = clock.now();
            let settled = async {
                store.settle_exceptions(now).await?;
                let (written, warn_days) = wishes();
                let watching = Watching { warn_days, idle_since_before: None };
                store.watch_exceptions(written, watching, now).await
            };
            let next = match settled.await {
                Ok(()) => midnight_after(now),
                Err(error) => {
                    tracing::warn!(%error, "what exceptions accept cannot be counted: it is tried again");
                    now.checked_add(TRY_AGAIN).unwrap_or(Timestamp::MAX)
                }
            };
            tokio::select! {
                () = clock.wait_until(next) => {}
                () = store.exceptions_unsettled() => {}
            }
        }
    };
    tokio::select! {
        () = keep => {}
        _ = stop.stopped() => {}
    }
}

/// When the day is over, as exceptions count days.
fn midnight_after(now: Timestamp) -> Timestamp {
    let tomorrow = now.to_zoned(TimeZone::UTC).date().tomorrow();
    let midnight = tomorrow.and_then(|day| day.to_zoned(TimeZone::UTC));
    midnight.map_or(Timestamp::MAX, |midnight| midnight.timestamp())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;
    use tokio::sync::Semaphore;
    use vigil_core::Halt;
    use vigil_core::evaluate::evaluate;
    use vigil_core::image::RegistryId;
    use vigil_core::policy::{Exception, Gate};
    use vigil_core::port::Ledger;
    use vigil_core::record::Entry;
    use vigil_core::testing::{digest, finding, image, now, scan};
    use vigil_store::{NewException, NewPass, Place};

    use super::*;

    /// Moved by hand, and only when somebody waits.
    struct HandClock {
        now: Mutex<Timestamp>,
        waits: Semaphore,
        go: Semaphore,
    }

    impl HandClock {
        /// Waits until everything is settled and the next midnight is waited for.
        async fn settled(&self) {
            self.waits.acquire().await.unwrap().forget();
        }
    }

    #[async_trait]
    impl Clock for HandClock {
        fn now(&self) -> Timestamp {
            *self.now.lock().unwrap()
        }

        async fn wait_until(&self, at: Timestamp) {
            self.waits.add_permits(1);
            self.go.acquire().await.unwrap().forget();
            *self.now.lock().unwrap() = at;
        }
    }

    /// A service's memory in which one image has one finding.
    struct Stage {
        _room: tempfile::TempDir,
        clock: Arc<HandClock>,
        store: Store,
    }

    impl Stage {
        async fn new() -> Self {
            let room = tempfile::tempdir().unwrap();
            let (waits, go) = (Semaphore::new(0), Semaphore::new(0));
            let clock = Arc::new(HandClock { now: Mutex::new(now()), waits, go });
            let place = Place::file(room.path().join("vigil.db"));
            let store = Store::open(&place, clock.clone()).await.unwrap();
            let (schedule, trigger) = ("daily".to_owned(), "schedule".to_owned());
            let pass = NewPass { schedule, tick: None, trigger, request: None, at: now() };
            let ledger = store.ledger(store.begin_pass(pass).await.unwrap(), Vec::new());
            let (app, name) = (image(1, &["latest"], 9), "team/app".parse().unwrap());
            let found = scan("COMPLETE", Some(now()), &[finding("CVE-1", "HIGH", "zlib")]);
            let judged =
                evaluate(&name, &app, found.clone(), &Gate::default(), &Exceptions::default(), now());
            let entries = vec![
                Entry::Listed(vec![app]),
                Entry::Found(digest(1), Box::new(found)),
                Entry::Judged(digest(1), judged),
            ];
            ledger.record(&registry(), &name, now(), entries).await.unwrap();
            Self { _room: room, clock, store }
        }

        async fn accept_until_today(&self) {
            let until = Some(now().to_zoned(TimeZone::UTC).date());
            let exception = Exception { until, ..Exception::of("CVE-1", "not reachable") };
            let new = NewException { exception, author: "ann".to_owned(), at: self.clock.now() };
            assert!(self.store.create_exception(new).await.unwrap().stored.counted);
            // Else whoever looks after exceptions would do so once more.
            self.store.exceptions_unsettled().await;
        }

        async fn accepted(&self) -> u64 {
            let image = self.store.image(registry(), "team/app".parse().unwrap(), digest(1)).await;
            image.unwrap().unwrap().image.accepted
        }
    }

    fn nothing() -> (Exceptions, Option<i64>) {
        (Exceptions::default(), None)
    }

    fn registry() -> RegistryId {
        RegistryId {
            partition: "aws".parse().unwrap(),
            account: "123456789012".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
        }
    }

    #[tokio::test]
    async fn an_exception_is_over_at_midnight_whenever_the_next_pass_comes() {
        let stage = Stage::new().await;
        stage.accept_until_today().await;
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let stop = Stop::when(async move {
            let _ = ended.await;
            Halt::Interrupted
        });
        let story = async {
            stage.clock.settled().await;
            assert_eq!(stage.accepted().await, 1);
            stage.clock.go.add_permits(1);
            stage.clock.settled().await;
            assert_eq!(stage.clock.now().to_string(), midnight_after(now()).to_string());
            assert_eq!(stage.accepted().await, 0);
            drop(end);
        };
        tokio::join!(keep_exceptions(&stage.store, nothing, &*stage.clock, &stop), story);
    }

    #[tokio::test]
    async fn one_that_was_over_before_the_service_began_is_settled_at_the_start() {
        let stage = Stage::new().await;
        stage.accept_until_today().await;
        *stage.clock.now.lock().unwrap() += SignedDuration::from_hours(48);
        let clock = stage.clock.clone();
        let stop = Stop::when(async move {
            clock.settled().await;
            Halt::Interrupted
        });
        assert_eq!(stage.accepted().await, 1);
        keep_exceptions(&stage.store, nothing, &*stage.clock, &stop).await;
        assert_eq!(stage.accepted().await, 0);
    }
}
