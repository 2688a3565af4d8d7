//! What all parts of the running service share: the memory, the connections, the settings as they are now, and the passes
//! under way.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::{oneshot, watch};
use vigil_core::Stop;
use vigil_core::port::{Clock, ScanConfigs};
use vigil_core::schedule::{Past, Schedule, ScheduleName};
use vigil_store::{DatabaseFault, PassFilter, PassId, Slice, Store, Unanswered, UnfinishedPass};

use super::order::{Order, Trigger};
use super::pass::{Ticket, WrittenEnd, make};
use super::timekeeper::{NotBegun, Passes};
use crate::config::{ScheduleSettings, ServiceSettings};
use crate::connections::Connections;
use crate::http::PassWatch;
use crate::metrics::{Metrics, Outcome};

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
    settings: watch::Sender<Arc<ServiceSettings>>,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

struct State {
    /// Since when each schedule is known as it is: what came around before was never promised.
    since: BTreeMap<ScheduleName, Timestamp>,
    /// The last tick of each schedule for which a pass was begun.
    handled: BTreeMap<ScheduleName, Timestamp>,
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
    /// A service that begins now, with what the memory knows of its schedules.
    ///
    /// # Errors
    ///
    /// If the memory cannot be read.
    pub async fn new(parts: Parts, settings: ServiceSettings) -> Result<Self, Unanswered> {
        let mut handled = BTreeMap::new();
        let since = known_since(&parts, &settings).await?;
        for schedule in &settings.schedules {
            let name = schedule.schedule.name.clone();
            let last = parts.store.last_tick(&name.to_string()).await?;
            let next = schedule.schedule.next_two(parts.clock.now());
            parts.metrics.schedule(&name.to_string(), &next, last_success(&parts.store, &name).await?);
            handled.extend(last.map(|tick| (name, tick)));
        }
        let state = State { since, handled, running: BTreeMap::new(), unwritten: Vec::new() };
        Ok(Self {
            parts,
            connections: Connections::default(),
            planning: tokio::sync::Mutex::default(),
            keeps_time: AtomicBool::new(false),
            settings: watch::Sender::new(Arc::new(settings)),
            state: Mutex::new(state),
            changes: watch::Sender::default(),
        })
    }

    /// The settings as they are now.
    pub fn settings(&self) -> Arc<ServiceSettings> {
        self.settings.borrow().clone()
    }

    /// From now on these settings hold; passes under way keep theirs.
    ///
    /// # Errors
    ///
    /// If the memory cannot be written; then the settings stay as they are.
    pub async fn replace_settings(&self, settings: ServiceSettings) -> Result<(), DatabaseFault> {
        self.lock().since = known_since(&self.parts, &settings).await?;
        let before = self.settings.send_replace(Arc::new(settings));
        let now = self.settings();
        let names = before.schedules.iter().map(|schedule| schedule.schedule.name.to_string());
        for gone in names.filter(|name| now.schedule(name).is_none()) {
            self.parts.metrics.schedule_gone(&gone);
        }
        self.tell_schedules();
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

    /// Waits until no pass is under way.
    pub async fn idle(&self) {
        let mut changes = self.changes.subscribe();
        while !self.lock().running.is_empty() && changes.changed().await.is_ok() {}
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
                    let _under_way = UnderWay { service: &service, schedule: name };
                    make(&service, Ticket { id, order, progress }).await;
                }
                Err(fault) => {
                    // Nothing has begun, so nothing has changed: whoever keeps time tries again after a while.
                    service.lock().running.remove(&name);
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

    /// Tells the metrics when the next passes are.
    fn tell_schedules(&self) {
        let now = self.parts.clock.now();
        for ScheduleSettings { schedule, .. } in &self.settings().schedules {
            self.parts.metrics.schedule(&schedule.name.to_string(), &schedule.next_two(now), None);
        }
    }

    fn note_change(&self) {
        self.changes.send_modify(|changes| *changes = changes.wrapping_add(1));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Since when each schedule is known with its expression, through all restarts.
async fn known_since(
    parts: &Parts,
    settings: &ServiceSettings,
) -> Result<BTreeMap<ScheduleName, Timestamp>, DatabaseFault> {
    let mut since = BTreeMap::new();
    for ScheduleSettings { schedule, .. } in &settings.schedules {
        let (name, now) = (schedule.name.to_string(), parts.clock.now());
        // The same words mean other times in another time zone.
        let expression = format!("{} {}", schedule.cron, schedule.time_zone.iana_name().unwrap_or_default());
        let known = parts.store.schedule_known_since(&name, &expression, now).await?;
        since.insert(schedule.name.clone(), known);
    }
    Ok(since)
}

/// A pass that is under way until this is dropped, be it by a panic.
struct UnderWay<'a> {
    service: &'a Service,
    schedule: ScheduleName,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.service.lock().running.remove(&self.schedule);
        self.service.tell_schedules();
        self.service.note_change();
    }
}

/// When a schedule's last good pass ended.
async fn last_success(store: &Store, schedule: &ScheduleName) -> Result<Option<Timestamp>, Unanswered> {
    let mut last = None;
    for outcome in [Outcome::Complete, Outcome::Partial] {
        let filter =
            PassFilter { schedule: Some(schedule.to_string()), outcome: Some(outcome.code().to_owned()) };
        let passes = store.passes(filter, Slice::first(1)).await?;
        last = last.max(passes.items.first().and_then(|pass| pass.ended));
    }
    Ok(last)
}

/// The timekeeper's view of the service.
pub struct Kept(pub Arc<Service>);

#[async_trait]
impl Passes for Kept {
    fn schedules(&self) -> Vec<Schedule> {
        self.0.settings().schedules.iter().map(|settings| settings.schedule.clone()).collect()
    }

    fn past(&self, schedule: &Schedule) -> Past {
        let state = self.0.lock();
        // A tick that was handled for another expression says nothing of what this one has promised since.
        let since = state.since.get(&schedule.name).copied().unwrap_or(Timestamp::MAX);
        Past {
            since,
            handled: state.handled.get(&schedule.name).copied().filter(|handled| *handled >= since),
            under_way: state.running.contains_key(&schedule.name),
        }
    }

    async fn begin(&self, schedule: &Schedule, tick: Timestamp) -> Result<(), NotBegun> {
        let settings = self.0.settings();
        let Some(schedule) = settings.schedule(&schedule.name.to_string()).cloned() else { return Ok(()) };
        let order = Order { schedule, trigger: Trigger::Schedule(tick), images: Vec::new() };
        match self.0.begin(order).await {
            Ok(_) | Err(NotStarted::UnderWay(_) | NotStarted::Ending) => Ok(()),
            Err(NotStarted::NotWritten(fault)) => Err(NotBegun(fault.to_string())),
        }
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }
}
