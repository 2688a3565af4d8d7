//! What all parts of the running service share: the memory, the connections, the settings as they are now, and the passes
//! under way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, oneshot, watch};
use vigil_core::coverage::{Aims, NamedRepository};
use vigil_core::policy::ScanConfig;
use vigil_core::port::{Clock, ScanConfigs};
use vigil_core::schedule::{Past, Schedule, ScheduleName, Turn, turn};
use vigil_core::{Stop, Threats};
use vigil_store::{DatabaseFault, PassId, Store, Unanswered, UnfinishedPass};

use super::aims::{aims, named};
use super::history::{History, Over};
use super::order::{Order, Trigger};
use super::owners::Unowned;
use super::pass::{Ticket, WrittenEnd, make};
use super::recalled::Recalled;
use crate::config::{ScheduleSettings, ServiceSettings};
use crate::connections::Connections;
use crate::http::PassWatch;
use crate::metrics::{Metrics, Outcome, ScheduleStanding};

/// What a service is made of.
pub struct Parts {
    /// The memory.
    pub store: Store,
    /// Where scan configurations are kept.
    pub configs: Arc<dyn ScanConfigs>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The end.
    pub stop: Stop,
}

/// The running service.
pub struct Service {
    pub(super) parts: Parts,
    pub(super) connections: Connections,
    /// Held while a plan is made.
    pub(super) planning: tokio::sync::Mutex<()>,
    /// Whether the timekeeper is at its work.
    pub(super) keeps_time: AtomicBool,
    /// Repositories whose owner is to be read.
    pub(super) unowned: mpsc::UnboundedSender<Unowned>,
    /// What catalogues say of attacks on vulnerabilities.
    pub(super) threats: watch::Sender<Threats>,
    settings: watch::Sender<Arc<ServiceSettings>>,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    /// Is told whenever a pass is under way no more, or was to be and is not.
    let_go: watch::Sender<()>,
}

struct State {
    /// Since when each schedule is known as it is: what came around before was never promised.
    since: BTreeMap<ScheduleName, Timestamp>,
    /// The last tick of each schedule for which a pass was begun.
    handled: BTreeMap<ScheduleName, Timestamp>,
    /// What has come of each schedule's passes.
    history: BTreeMap<ScheduleName, History>,
    /// What scan configurations name, once somebody has read them.
    named: Option<BTreeSet<NamedRepository>>,
    /// When this process last forgot what is old.
    forgot: Option<Timestamp>,
    running: BTreeMap<ScheduleName, Running>,
    /// Passes that have ended, but of which that could not be written down.
    unwritten: Vec<WrittenEnd>,
}

/// A pass under way.
struct Running {
    /// Its id, once it is written down.
    id: Option<PassId>,
    progress: Arc<PassWatch>,
}

/// Why a pass was not begun.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// One of its schedule is under way.
    #[error("a pass of this schedule is under way")]
    UnderWay(Option<PassId>),
    /// The service is about to end.
    #[error("the service is ending")]
    Ending,
    /// It could not be written down.
    #[error("it cannot be written down")]
    NotWritten(#[from] DatabaseFault),
}

impl Service {
    /// A service that begins now, with what the memory knows of its schedules; and the repositories whose owners its passes
    /// want to know.
    ///
    /// # Errors
    ///
    /// If the memory cannot be read.
    pub async fn new(
        parts: Parts,
        settings: ServiceSettings,
    ) -> Result<(Self, mpsc::UnboundedReceiver<Unowned>), Unanswered> {
        let Recalled { since, handled, history } = Recalled::read(&parts, &settings).await?;
        let (unowned, asked) = mpsc::unbounded_channel();
        let (running, unwritten) = (BTreeMap::new(), Vec::new());
        let state = State { since, handled, history, named: None, forgot: None, running, unwritten };
        let service = Self {
            parts,
            connections: Connections::default(),
            planning: tokio::sync::Mutex::default(),
            keeps_time: AtomicBool::new(false),
            unowned,
            threats: watch::Sender::default(),
            settings: watch::Sender::new(Arc::new(settings)),
            state: Mutex::new(state),
            changes: watch::Sender::default(),
            let_go: watch::Sender::default(),
        };
        Ok((service, asked))
    }

    /// The settings as they are now.
    pub fn settings(&self) -> Arc<ServiceSettings> {
        self.settings.borrow().clone()
    }

    /// The settings, whenever others hold.
    pub(super) fn settings_as_they_change(&self) -> watch::Receiver<Arc<ServiceSettings>> {
        self.settings.subscribe()
    }

    /// From now on these settings hold; passes under way keep theirs.
    ///
    /// # Errors
    ///
    /// If the memory cannot be written; then the settings stay as they are.
    pub async fn replace_settings(&self, settings: ServiceSettings) -> Result<(), Unanswered> {
        let Recalled { since, handled, history } = Recalled::read(&self.parts, &settings).await?;
        let mut state = self.lock();
        state.since = since;
        for (name, tick) in handled {
            let handled = state.handled.entry(name).or_insert(tick);
            *handled = tick.max(*handled);
        }
        for (name, history) in history {
            // What is known already may be newer than what was written down.
            state.history.entry(name).or_insert(history);
        }
        drop(state);
        let before = self.settings.send_replace(Arc::new(settings));
        let now = self.settings();
        let names = before.schedules.iter().map(|schedule| schedule.schedule.name.to_string());
        for gone in names.filter(|name| now.schedule(name).is_none()) {
            self.parts.metrics.schedule_gone(&gone);
        }
        self.note_change();
        Ok(())
    }

    /// Begins a pass, and returns its id while it runs.
    ///
    /// # Errors
    ///
    /// If one of its schedule is under way, or if it cannot be written down.
    pub async fn begin(self: &Arc<Self>, order: Order) -> Result<PassId, NotStarted> {
        self.launch(order, None).await
    }

    /// Goes on with the passes that an earlier process could not end. One whose schedule is no more is ended as it is.
    ///
    /// # Errors
    ///
    /// If the memory cannot be read or written.
    pub async fn resume(self: &Arc<Self>) -> Result<(), DatabaseFault> {
        for unfinished in self.parts.store.unfinished_passes().await? {
            match self.order_of(&unfinished) {
                // Its events come back, if they were not heeded; perhaps another process is at it.
                Some(order) if order.trigger == Trigger::Event => self.give_up(&unfinished).await?,
                Some(order) if self.is_off_hours(&order) => self.give_back(&unfinished).await?,
                Some(order) => match self.launch(order, Some(unfinished.id)).await {
                    Ok(pass) => tracing::info!(%pass, schedule = unfinished.schedule, "pass resumed"),
                    Err(NotStarted::NotWritten(fault)) => return Err(fault),
                    // Of several unfinished passes of one schedule the first goes on, and makes up for the others.
                    Err(_) => self.give_up(&unfinished).await?,
                },
                None => self.give_up(&unfinished).await?,
            }
        }
        Ok(())
    }

    /// Whether a pass that goes on now could start nothing.
    fn is_off_hours(&self, order: &Order) -> bool {
        order.trigger.keeps_hours() && !order.schedule.schedule.is_open(self.parts.clock.now())
    }

    /// Leaves it to the schedule: a pass for the same time begins as soon as starts are allowed.
    async fn give_back(&self, unfinished: &UnfinishedPass) -> Result<(), DatabaseFault> {
        let UnfinishedPass { id, schedule, .. } = unfinished;
        tracing::info!(pass = %id, schedule, "unfinished pass given up: another one begins when its window opens");
        self.parts.store.give_back_pass(*id, self.parts.clock.now()).await?;
        let last = self.parts.store.last_tick(schedule).await?;
        let mut state = self.lock();
        state.handled.retain(|name, _| name.to_string() != *schedule);
        state.handled.extend(last.and_then(|tick| Some((schedule.parse().ok()?, tick))));
        Ok(())
    }

    /// Waits until no pass is under way.
    pub async fn idle(&self) {
        let mut let_go = self.let_go.subscribe();
        while !self.lock().running.is_empty() && let_go.changed().await.is_ok() {}
    }

    /// The pass of a schedule that is under way.
    pub(super) fn running(&self, schedule: &ScheduleName) -> Option<PassId> {
        self.lock().running.get(schedule)?.id
    }

    /// How far a pass under way has come, as it goes on.
    pub(super) fn watch(&self, pass: PassId) -> Option<Arc<PassWatch>> {
        let state = self.lock();
        state
            .running
            .values()
            .find(|running| running.id == Some(pass))
            .map(|running| running.progress.clone())
    }

    /// Keeps the end of a pass until it can be written down.
    pub(super) fn keep_unwritten(&self, end: WrittenEnd) {
        self.lock().unwritten.push(end);
    }

    pub(super) fn take_unwritten(&self) -> Vec<WrittenEnd> {
        std::mem::take(&mut self.lock().unwritten)
    }

    /// What all schedules want to have scanned, as it is now.
    pub(super) async fn aims(&self) -> Aims {
        let entered = self.connections.entered().await;
        let named = self.lock().named.clone();
        aims(&self.settings(), &entered, named)
    }

    /// When the last pass of each schedule began that is over.
    pub(super) fn looked(&self) -> BTreeMap<ScheduleName, Timestamp> {
        let state = self.lock();
        let looked = |(name, history): (&ScheduleName, &History)| Some((name.clone(), history.looked?));
        state.history.iter().filter_map(looked).collect()
    }

    /// These are the scan configurations.
    pub(super) fn note_named(&self, configs: &[ScanConfig]) {
        self.lock().named = Some(named(configs));
    }

    /// Reads what scan configurations name, so that coverage does not wait for the first pass. That they cannot be read, that
    /// pass will say.
    pub(super) async fn learn_named(&self) {
        if let Ok(configs) = self.parts.configs.list().await {
            self.lock().named.get_or_insert_with(|| named(&configs));
        }
    }

    /// A pass over all that its schedule looks at is over.
    pub(super) fn note_over(&self, schedule: &ScheduleName, over: &Over) {
        self.lock().history.entry(schedule.clone()).or_default().note(over);
    }

    /// Whether it is time to forget again what is old, which looks through everything: once a day.
    pub(super) fn is_to_forget(&self, now: Timestamp) -> bool {
        const DAY: SignedDuration = SignedDuration::from_hours(24);
        let mut state = self.lock();
        let is_due = state.forgot.is_none_or(|forgot| now.duration_since(forgot) >= DAY);
        state.forgot = if is_due { Some(now) } else { state.forgot };
        is_due
    }

    /// How many passes of a schedule have failed since the last one that did not.
    pub(super) fn failed(&self, schedule: &ScheduleName) -> u32 {
        let failures = self.lock().history.get(schedule).and_then(|history| history.failures);
        failures.map_or(0, |failures| failures.times)
    }

    /// When the next pass of a schedule begins, if there will be one.
    pub(super) fn next_pass(&self, schedule: &Schedule) -> Option<Timestamp> {
        let now = self.parts.clock.now();
        match turn(schedule, &self.past(schedule), now) {
            Turn::Run { .. } | Turn::Again => Some(now),
            Turn::Wait { until } => Some(until),
            // It begins as soon as the one under way has ended, or else with what comes around next.
            Turn::UnderWay => schedule.occasion(now).map(|occasion| occasion.begins),
            Turn::Over => None,
        }
    }

    /// Tells the metrics how each schedule stands.
    pub(super) fn tell_schedules(&self) {
        for ScheduleSettings { schedule, .. } in &self.settings().schedules {
            let history = self.lock().history.get(&schedule.name).copied().unwrap_or_default();
            let known = self.past(schedule).since;
            let over = history.succeeded.map_or(known, |succeeded| succeeded.max(known));
            let standing = ScheduleStanding {
                next: self.next_pass(schedule),
                interval: schedule.interval(over),
                last_success: history.succeeded,
                failed: self.failed(&schedule.name),
            };
            self.parts.metrics.schedule(&schedule.name.to_string(), &standing);
        }
    }

    pub(super) fn past(&self, schedule: &Schedule) -> Past {
        let state = self.lock();
        // A tick that was handled for another expression says nothing of what this one has promised since.
        let since = state.since.get(&schedule.name).copied().unwrap_or(Timestamp::MAX);
        let failures = state.history.get(&schedule.name).and_then(|history| history.failures);
        Past {
            since,
            handled: state.handled.get(&schedule.name).copied().filter(|handled| *handled >= since),
            under_way: state.running.contains_key(&schedule.name),
            failures: failures.filter(|failures| failures.last >= since),
        }
    }

    fn order_of(&self, unfinished: &UnfinishedPass) -> Option<Order> {
        let settings = self.settings();
        let schedule = settings.schedule(&unfinished.schedule)?.clone();
        let trigger = Trigger::kept(&unfinished.trigger, unfinished.tick);
        Some(Order { schedule, trigger, images: Order::images_from_json(unfinished.request.as_deref()) })
    }

    async fn give_up(&self, unfinished: &UnfinishedPass) -> Result<(), DatabaseFault> {
        tracing::warn!(pass = %unfinished.id, schedule = unfinished.schedule, "unfinished pass given up");
        self.parts.store.end_pass(unfinished.id, self.parts.clock.now(), "given_up", None).await
    }

    /// Makes a pass in a task of its own: it goes on whatever becomes of whoever has asked for it.
    async fn launch(self: &Arc<Self>, order: Order, resumed: Option<PassId>) -> Result<PassId, NotStarted> {
        let progress = self.reserve(&order)?;
        let (tell, told) = oneshot::channel();
        let service = Arc::clone(self);
        tokio::spawn(async move {
            let name = order.schedule.schedule.name.clone();
            let written = match resumed {
                Some(id) => service.parts.store.resume_pass(id).await.map(|()| id),
                None => service.write_down(&order).await,
            };
            match written {
                Ok(id) => {
                    service.note_begun(&order, id);
                    // Nobody may listen any more.
                    let _ = tell.send(Ok(id));
                    let began = service.parts.clock.now();
                    let trigger = order.images.is_empty().then_some(order.trigger);
                    let _under_way = UnderWay { service: &service, schedule: name, trigger, began };
                    make(&service, Ticket { id, order, progress }).await;
                }
                Err(fault) => {
                    // Nothing has begun, so nothing has changed: whoever keeps time tries again after a while.
                    service.let_go(&name);
                    drop(tell.send(Err(fault)));
                }
            }
        });
        // The task can only vanish with the runtime.
        Ok(told.await.map_err(|_| NotStarted::Ending)??)
    }

    fn reserve(&self, order: &Order) -> Result<Arc<PassWatch>, NotStarted> {
        if self.parts.stop.halted().is_some() {
            return Err(NotStarted::Ending);
        }
        let mut state = self.lock();
        let name = &order.schedule.schedule.name;
        if let Some(running) = state.running.get(name) {
            return Err(NotStarted::UnderWay(running.id));
        }
        let progress = Arc::new(PassWatch::default());
        state.running.insert(name.clone(), Running { id: None, progress: progress.clone() });
        Ok(progress)
    }

    fn note_begun(&self, order: &Order, id: PassId) {
        let mut state = self.lock();
        let name = &order.schedule.schedule.name;
        state.handled.extend(order.trigger.tick().map(|tick| (name.clone(), tick)));
        if let Some(running) = state.running.get_mut(name) {
            running.id = Some(id);
        }
    }

    fn let_go(&self, schedule: &ScheduleName) {
        self.lock().running.remove(schedule);
        self.let_go.send_replace(());
    }

    /// Is told whenever the schedules or the passes under way may be others than before.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// The time of its schedule for which a schedule's last pass has failed.
    pub(super) fn failed_for(&self, schedule: &ScheduleName) -> Option<Timestamp> {
        self.lock().history.get(schedule).and_then(|history| history.failed_for)
    }

    fn note_change(&self) {
        self.changes.send_modify(|changes| *changes = changes.wrapping_add(1));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pass that is under way until this is dropped, be it by a panic.
struct UnderWay<'a> {
    service: &'a Service,
    schedule: ScheduleName,
    /// Why it is made; `None` if it is on named images, which says nothing of the schedule.
    trigger: Option<Trigger>,
    began: Timestamp,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        // One that vanished has failed: or it would be made again at once, and again.
        if let Some(trigger) = self.trigger.filter(|_| std::thread::panicking()) {
            let ended = self.service.parts.clock.now();
            let over = Over { trigger, began: self.began, ended, outcome: Outcome::Failed };
            self.service.note_over(&self.schedule, &over);
        }
        self.service.let_go(&self.schedule);
        self.service.note_change();
    }
}
