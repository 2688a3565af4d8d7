//! A week of the service on a moved clock: the service itself, its timekeeper and its memory in a file, through a pass that
//! was left unfinished, restarts, and settings that are replaced. Its schedules look at what scan configurations name, and
//! none does: what passes find in registries is told elsewhere.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use vigil_core::Stop;
use vigil_core::port::Clock;
use vigil_core::testing::now;
use vigil_store::{NewPass, PassFilter, Place, Slice, Store};

use super::service::{Parts, Service};
use super::timed::Timed;
use super::timekeeper::keep_time;
use crate::config::{Layers, ServiceSettings};
use crate::metrics::Metrics;

/// A clock that stands until it is moved, and knows who waits for which moment.
struct MovedClock {
    state: Mutex<(Timestamp, BTreeMap<u64, Timestamp>)>,
    moved: watch::Sender<u64>,
}

/// Somebody waits until this is dropped.
struct Waiting<'a>(&'a MovedClock, u64);

impl MovedClock {
    fn lock(&self) -> MutexGuard<'_, (Timestamp, BTreeMap<u64, Timestamp>)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn awaited(&self) -> Option<Timestamp> {
        self.lock().1.values().min().copied()
    }

    fn move_to(&self, at: Timestamp) {
        self.lock().0 = at;
        self.moved.send_modify(|moves| *moves += 1);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.lock().1.remove(&self.1);
    }
}

#[async_trait]
impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        self.lock().0
    }

    async fn wait_until(&self, at: Timestamp) {
        let mut moved = self.moved.subscribe();
        let mine = {
            let mut state = self.lock();
            let mine = state.1.last_key_value().map_or(0, |(last, _)| last + 1);
            state.1.insert(mine, at);
            Waiting(self, mine)
        };
        self.moved.send_modify(|moves| *moves += 1);
        while self.now() < at {
            moved.changed().await.unwrap();
        }
        drop(mine);
    }
}

/// The service in one of its processes.
struct Process {
    service: Arc<Service>,
    clock: Arc<MovedClock>,
    time: tokio::task::JoinHandle<()>,
}

fn settings(cron: &str, windows: &str) -> ServiceSettings {
    let flags = [("schedule.cron", cron), ("schedule.windows", windows), ("schedule.scan_configs", "only")];
    let flags = flags.into_iter().map(|(name, value)| (name, vec![value.to_owned()])).collect();
    ServiceSettings::from_layers(&Layers::of_demo(flags), now()).unwrap()
}

impl Process {
    async fn start(store: &Store, clock: &Arc<MovedClock>, settings: ServiceSettings) -> Self {
        let parts = Parts {
            store: store.clone(),
            configs: Arc::new(store.clone()),
            clock: clock.clone(),
            metrics: Arc::new(Metrics::default()),
            stop: Stop::never(),
        };
        let (service, _) = Service::new(parts, settings).await.unwrap();
        let service = Arc::new(service);
        service.resume().await.unwrap();
        let (kept, its) = (Timed(service.clone()), clock.clone());
        let time = tokio::spawn(async move { keep_time(&kept, &*its, &Stop::never()).await });
        Self { service, clock: clock.clone(), time }
    }

    /// Lets the time go by. The clock moves on only once nothing is under way and the timekeeper waits.
    async fn live_until(&self, end: Timestamp) {
        let mut moved = self.clock.moved.subscribe();
        loop {
            self.service.idle().await;
            // On one thread, whoever was woken has had its turn after this.
            tokio::task::yield_now().await;
            match self.clock.awaited() {
                Some(at) if at > end => break,
                Some(at) if at > self.clock.now() => self.clock.move_to(at),
                _ => drop(moved.changed().await),
            }
        }
        self.clock.move_to(end);
    }

    fn end(self) {
        self.time.abort();
    }
}

async fn told(store: &Store) -> String {
    let passes = store.passes(PassFilter::default(), Slice::first(100)).await.unwrap().items;
    let at = |at: Timestamp| at.strftime("%a %d %H:%M:%S").to_string();
    let line = |pass: &vigil_store::PassRow| {
        let (began, outcome) = (at(pass.began), pass.outcome.as_deref().unwrap_or("under way"));
        let tick = pass.tick.map_or("none of its times".to_owned(), at);
        format!("{began}  {} for {tick}: {outcome}", pass.trigger)
    };
    passes.iter().rev().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_week_with_a_pass_left_unfinished_restarts_and_other_settings() {
    let home = tempfile::tempdir().unwrap();
    let hours = |hours| now() + SignedDuration::from_hours(hours);
    let clock =
        Arc::new(MovedClock { state: Mutex::new((now(), BTreeMap::new())), moved: watch::Sender::default() });
    let store = Store::open(&Place::file(home.path().join("vigil.db")), clock.clone()).await.unwrap();
    let nightly = || settings("0 30 21 * * *", "Mon-Fri 22:00-06:00");
    // From Saturday noon on: a weekend without any window.
    let process = Process::start(&store, &clock, nightly()).await;
    let schedule = process.service.settings().schedules[0].schedule.clone();
    let opens: Timestamp = "2026-11-23T22:00:00Z".parse().unwrap();
    assert_eq!(process.service.next_pass(&schedule), Some(opens));
    process.live_until(hours(3 * 24)).await;
    process.end();
    // The night to Wednesday: a process begins a pass and is killed; by the next one the window has closed.
    clock.move_to(hours(3 * 24 + 10));
    let (tick, schedule) = (Some(hours(3 * 24 + 9) + SignedDuration::from_mins(30)), "default".to_owned());
    let (trigger, at) = ("schedule".to_owned(), clock.now());
    store.begin_pass(NewPass { schedule, tick, trigger, request: None, at }).await.unwrap();
    clock.move_to(hours(3 * 24 + 20));
    let process = Process::start(&store, &clock, nightly()).await;
    process.live_until(hours(5 * 24)).await;
    // Thursday noon: other settings, which owe nothing for the time before; and the old ones again a day later.
    process.service.replace_settings(settings("0 0 */8 * * *", "00:00-24:00")).await.unwrap();
    process.live_until(hours(6 * 24)).await;
    process.service.replace_settings(nightly()).await.unwrap();
    process.live_until(hours(7 * 24)).await;
    process.end();
    insta::assert_snapshot!(told(&store).await);
}
