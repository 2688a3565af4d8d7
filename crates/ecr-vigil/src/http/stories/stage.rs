//! A service with everything around it: configurations in memory, schedules that are told what to say, a manual clock.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tower::ServiceExt;
use vigil_core::Stop;
use vigil_core::news::SinkName;
use vigil_core::policy::{Exceptions, Owners};
use vigil_core::port::Clock;
use vigil_core::testing::now;
use vigil_store::{NewPass, PassId, Place, Store};

use super::answer::{Answer, request};
use crate::http::router::router;
use crate::http::{
    Api, Exposition, Made, NotPlanned, NotStarted, Options, PassProgress, PassRequest, PassWatch, Planned,
    Planning, Policy, ScheduleState, Schedules,
};
use crate::metrics::{Format, Rendered};

/// A service on a loopback address.
pub(super) struct Stage {
    pub(super) app: Router,
    pub(super) store: Store,
    pub(super) schedules: Arc<ScriptedSchedules>,
    pub(super) metrics: Arc<ScriptedMetrics>,
}

/// Everything that a service is made of, before it is one.
pub(super) struct Set {
    pub(super) api: Api,
    pub(super) schedules: Arc<ScriptedSchedules>,
    pub(super) metrics: Arc<ScriptedMetrics>,
}

impl Stage {
    /// As it is without any setting.
    pub(super) async fn plain() -> Self {
        Self::with(Options::default()).await
    }

    pub(super) async fn with(options: Options) -> Self {
        let Set { api, schedules, metrics } = set().await;
        let store = api.store.clone();
        let app = router(options, api, "127.0.0.1:2112".parse().unwrap(), "http", Stop::never());
        Self { app, store, schedules, metrics }
    }

    /// The answer to a request, written as [`request`] reads it.
    pub(super) async fn ask(&self, text: &str) -> Answer {
        Answer::read(self.app.clone().oneshot(request(text)).await.unwrap()).await
    }

    /// The answer to a JSON body.
    pub(super) async fn send(&self, line: &str, body: &str) -> Answer {
        self.ask(&format!("{line}\ncontent-type: application/json\n\n{body}")).await
    }
}

pub(super) async fn set() -> Set {
    let clock = Arc::new(StillClock);
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(&Place::file(home.path().join("vigil.db")), clock.clone()).await.unwrap();
    let schedules = Arc::new(ScriptedSchedules::new(store.clone(), home));
    let metrics = Arc::new(ScriptedMetrics::default());
    let api = Api {
        store: store.clone(),
        configs: Arc::new(store),
        schedules: schedules.clone(),
        policy: schedules.clone(),
        metrics: metrics.clone(),
        clock,
    };
    Set { api, schedules, metrics }
}

/// It is always noon, and every wait is over.
struct StillClock;

#[async_trait]
impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        now()
    }

    async fn wait_until(&self, _: Timestamp) {
        tokio::task::yield_now().await;
    }
}

/// Two schedules, `default` and `weekly`, of which passes are started and never end by themselves.
pub(super) struct ScriptedSchedules {
    store: Store,
    _home: tempfile::TempDir,
    pub(super) running: Mutex<Vec<(PassId, PassRequest, Arc<PassWatch>)>>,
    pub(super) dead: AtomicBool,
    /// Whether none of them comes around again.
    pub(super) over: AtomicBool,
    /// What the settings accept.
    pub(super) accepted: Mutex<Exceptions>,
    pub(super) owners: Mutex<Owners>,
    /// Held while a plan is made.
    pub(super) planning: Arc<tokio::sync::Mutex<()>>,
    /// Whether plans take as long as this stays so.
    pub(super) slow: watch::Sender<bool>,
}

impl ScriptedSchedules {
    fn new(store: Store, home: tempfile::TempDir) -> Self {
        Self {
            store,
            _home: home,
            running: Mutex::default(),
            dead: AtomicBool::default(),
            over: AtomicBool::default(),
            accepted: Mutex::default(),
            owners: Mutex::default(),
            planning: Arc::default(),
            slow: watch::Sender::new(false),
        }
    }

    /// The watch of a running pass.
    pub(super) fn watch_of(&self, pass: PassId) -> Option<Arc<PassWatch>> {
        let running = self.running.lock().unwrap();
        running.iter().find(|(id, ..)| *id == pass).map(|(.., watch)| watch.clone())
    }

    /// Ends all that runs.
    pub(super) fn end_all(&self) {
        self.running.lock().unwrap().clear();
    }
}

#[async_trait]
impl Schedules for ScriptedSchedules {
    fn all(&self) -> Vec<ScheduleState> {
        let running = self.running.lock().unwrap();
        let state = |name: &str| ScheduleState {
            name: name.to_owned(),
            expression: "0 0 0 * * *".to_owned(),
            next: (!self.over.load(Ordering::Relaxed)).then(now),
            failed: 0,
            running: running
                .iter()
                .find(|(_, request, _)| request.schedule.as_deref().unwrap_or("default") == name)
                .map(|(id, ..)| *id),
        };
        vec![state("default"), state("weekly")]
    }

    fn is_alive(&self) -> bool {
        !self.dead.load(Ordering::Relaxed)
    }

    async fn start_pass(&self, request: PassRequest) -> Result<PassId, NotStarted> {
        let name = request.schedule.clone().unwrap_or_else(|| "default".to_owned());
        let Some(state) = self.all().into_iter().find(|state| state.name == name) else {
            return Err(NotStarted::UnknownSchedule(name));
        };
        if let Some(pass) = state.running {
            return Err(NotStarted::Running(pass));
        }
        let pass =
            NewPass { schedule: name, tick: None, trigger: "api".to_owned(), request: None, at: now() };
        let id = self.store.begin_pass(pass).await.map_err(|error| NotStarted::Failed(error.to_string()))?;
        let mut running = self.running.lock().unwrap();
        running.push((id, request, Arc::default()));
        Ok(id)
    }

    /// A plan that is empty, at once or when it is told so; or whoever holds the place is in the way.
    async fn plan(&self, request: PassRequest) -> Result<Planning, NotPlanned> {
        match request.schedule {
            Some(name) if name != "default" => return Err(NotPlanned::UnknownSchedule(name)),
            _ => {}
        }
        let alone = self.planning.clone().try_lock_owned().map_err(|_| NotPlanned::Busy)?;
        let (watch, mut slow) = (PassWatch::default(), self.slow.subscribe());
        let progress = watch.subscribe();
        let made = tokio::spawn(async move {
            let _held = (alone, watch);
            slow.wait_for(|slow| !slow).await.unwrap();
            Planned::default()
        });
        Ok(Planning { progress, made: Made::by(made) })
    }

    fn progress(&self, pass: PassId) -> Option<watch::Receiver<PassProgress>> {
        self.watch_of(pass).map(|watch| watch.subscribe())
    }
}

impl Policy for ScriptedSchedules {
    fn accepted(&self) -> Exceptions {
        self.accepted.lock().unwrap().clone()
    }

    fn owners(&self) -> Owners {
        self.owners.lock().unwrap().clone()
    }

    fn sinks(&self) -> Vec<(SinkName, Option<&'static str>)> {
        ["mail", "quiet"].map(|name| (name.parse().unwrap(), Some("email"))).to_vec()
    }
}

/// Metrics that can be made to fail.
#[derive(Default)]
pub(super) struct ScriptedMetrics {
    pub(super) panics: AtomicBool,
    pub(super) hangs: AtomicBool,
    /// How often the metrics were gathered.
    pub(super) gathered: AtomicUsize,
    /// What was answered: method, route and status.
    pub(super) answered: Mutex<Vec<String>>,
}

#[async_trait]
impl Exposition for ScriptedMetrics {
    async fn expose(&self, accept: Option<&str>) -> Rendered {
        assert!(!self.panics.load(Ordering::Relaxed), "the metrics were told to panic");
        if self.hangs.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        self.gathered.fetch_add(1, Ordering::Relaxed);
        // Others ask meanwhile.
        tokio::task::yield_now().await;
        Rendered { content_type: Format::preferred(accept).content_type(), body: "# EOF\n".to_owned() }
    }

    fn answered(&self, method: &str, route: &str, status: u16, _: SignedDuration) {
        self.answered.lock().unwrap().push(format!("{method} {route} {status}"));
    }
}
