//! A service from its settings to its end: everything opened, the loops started, and the end waited for.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use vigil_core::Stop;
use vigil_core::port::{Clock, EventQueue};
use vigil_store::{DatabaseFault, NotOpened, Store, Unanswered};

use super::exceptions::keep_exceptions;
use super::order::{Order, Trigger};
use super::owners::keep_owners;
use super::schedules::Asked;
use super::scraped::Scraped;
use super::service::{Parts, Service};
use super::threats::keep_threats;
use super::timed::Timed;
use super::timekeeper::keep_time;
use crate::compose;
use crate::config::{HttpSettings, ScheduleSettings, ServiceSettings};
use crate::http::{self, Api, OpenToStrangers, Options, Tls, TlsUnusable};
use crate::intake::{Intake, listen};
use crate::metrics::Metrics;
use crate::news::{self, Hearer};

/// Where a service will answer. It is taken first: a second service at the same place is told at once.
pub struct Door {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything: it passes over the registries, heeds events, and answers.
    Serve,
    /// It heeds events, and tells of its health.
    Work,
}

/// A service that runs.
pub struct House {
    /// What it does.
    pub service: Arc<Service>,
    /// Whether it answers over TLS.
    pub tls: Option<Tls>,
    /// The sinks that are told.
    pub hearers: watch::Sender<Vec<Hearer>>,
    stop: Stop,
    time: JoinHandle<()>,
    news: JoinHandle<()>,
    events: JoinHandle<()>,
    answering: JoinHandle<io::Result<()>>,
}

/// Why a service does not run.
#[derive(Debug, thiserror::Error)]
pub enum NotOpenedUp {
    /// The memory cannot be opened.
    #[error(transparent)]
    Store(#[from] NotOpened),
    /// The memory cannot be read.
    #[error("the memory cannot be read")]
    Unread(#[from] Unanswered),
    /// What was left unfinished cannot be gone on with.
    #[error("unfinished passes cannot be resumed")]
    NotResumed(#[from] DatabaseFault),
    /// Nobody can listen there.
    #[error("cannot listen at {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// Strangers could come in.
    #[error(transparent)]
    Strangers(#[from] OpenToStrangers),
    /// The certificate is of no use.
    #[error(transparent)]
    Tls(#[from] TlsUnusable),
    /// News cannot be told.
    #[error(transparent)]
    News(#[from] news::NoHearer),
    /// Events cannot be received.
    #[error("the event queue cannot be used")]
    Events(#[source] vigil_aws::ConnectError),
    /// The bucket of scan configurations cannot be reached in any way.
    #[error("the bucket of scan configurations cannot be used")]
    Bucket(#[from] vigil_aws::ConnectError),
}

impl Door {
    /// Takes the address.
    ///
    /// # Errors
    ///
    /// If it is taken, if strangers could come in by it, or if the certificate is of no use.
    pub async fn open(settings: &HttpSettings) -> Result<Self, NotOpenedUp> {
        let wanted = SocketAddr::new(settings.host, settings.port);
        settings.options.acceptable(wanted)?;
        let listener = TcpListener::bind(wanted).map_err(|error| NotOpenedUp::Listen(wanted, error))?;
        let address = listener.local_addr().map_err(|error| NotOpenedUp::Listen(wanted, error))?;
        let tls = match &settings.tls {
            Some((certificate, key)) => Some(Tls::load(certificate.clone(), key.clone())?),
            None => None,
        };
        Ok(Self { listener, address, tls })
    }

    /// The address as people write it.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }
}

impl House {
    /// Goes on with what was left unfinished, and starts the loops.
    ///
    /// # Errors
    ///
    /// If the memory cannot be read.
    pub async fn open(
        Door { listener, tls, .. }: Door,
        role: Role,
        settings: ServiceSettings,
        store: Store,
        clock: Arc<dyn Clock>,
        stop: Stop,
    ) -> Result<Self, NotOpenedUp> {
        let serves = role == Role::Serve;
        let options = Options { whole: serves, ..settings.http.options.clone() };
        let hearers = watch::Sender::new(news::hearers(&settings).await?);
        let configs = compose::scan_configs(&settings, &store).await?;
        let queue = compose::events(&settings).await.map_err(NotOpenedUp::Events)?;
        let metrics = Arc::new(Metrics::default());
        let run_now = if settings.run_now && serves { settings.schedules.clone() } else { Vec::new() };
        let parts = Parts {
            store: store.clone(),
            configs: configs.clone(),
            clock: clock.clone(),
            metrics: metrics.clone(),
            stop: stop.clone(),
        };
        let (service, unowned) = Service::new(parts, settings).await?;
        let service = Arc::new(service);
        let learner = service.clone();
        tokio::spawn(async move { learner.learn_named().await });
        service.recall_threats().await?;
        if serves {
            service.resume().await?;
        }
        begin_now(&service, run_now).await;
        let metrics = Arc::new(Scraped::new(service.clone()));
        let schedules = Arc::new(Asked(service.clone()));
        let policy = schedules.clone();
        let api = Api { store, configs, schedules, policy, metrics, clock: clock.clone() };
        let answering = tokio::spawn(http::serve(listener, tls.clone(), options, api, stop.clone()));
        let kept = Timed(service.clone());
        let until = stop.clone();
        let keeper = service.clone();
        let for_news = clock.clone();
        let time = tokio::spawn(async move {
            let _keeping = Keeping::of(&keeper);
            let time = time_of(serves.then_some(&kept), &*clock, &until);
            let wishes = || keeper.settings().on_exceptions();
            let exceptions = keep_exceptions(&keeper.parts.store, wishes, &*clock, &until);
            let owners = keep_owners(&keeper, unowned, &until);
            let threats = keep_threats(&keeper, &*clock, &until);
            tokio::join!(time, exceptions, owners, threats);
        });
        let changes = service.settings_as_they_change();
        let (memory, counters) = (service.parts.store.clone(), service.parts.metrics.clone());
        let (until, told) = (stop.clone(), hearers.subscribe());
        let news = async move {
            let tell = || {
                let (clock, metrics) = (for_news.clone(), counters.clone());
                news::keep_news(memory.clone(), told.clone(), changes.clone(), metrics, clock, until.clone())
            };
            news::in_turn(&memory, &*for_news, &until, tell).await;
        };
        let events = tokio::spawn(intake(service.clone(), queue));
        Ok(Self { service, tls, hearers, stop, time, news: tokio::spawn(news), events, answering })
    }

    /// Waits for the end: until the stop, and then, as long as there is patience, for what is under way.
    pub async fn end(mut self, grace: SignedDuration) -> Ended {
        tokio::select! {
            // First: nobody answers or keeps time any more once it has come.
            biased;
            _ = self.stop.stopped() => {}
            ended = &mut self.answering => return Ended::Broken(format!("nobody answers any more: {ended:?}")),
            () = self.service.parts.store.evicted() => return Ended::Broken(EVICTED.to_owned()),
            ended = &mut self.time => return Ended::Broken(format!("nobody keeps time any more: {ended:?}")),
            ended = &mut self.news => return Ended::Broken(format!("nobody tells news any more: {ended:?}")),
            ended = &mut self.events => return Ended::Broken(format!("nobody heeds events any more: {ended:?}")),
        }
        let clock = self.service.parts.clock.clone();
        let until = clock.now().checked_add(grace).unwrap_or(Timestamp::MAX);
        let in_order = async {
            self.service.idle().await;
            // What they return does not matter any more.
            let _ = (&mut self.events).await;
            let _ = (&mut self.time).await;
            let _ = (&mut self.news).await;
            let _ = (&mut self.answering).await;
        };
        tokio::select! {
            () = in_order => Ended::InOrder,
            () = clock.wait_until(until) => Ended::Late,
        }
    }
}

/// Begins passes when their schedules come around, if there is somebody to, until the stop.
async fn time_of(kept: Option<&Timed>, clock: &dyn Clock, stop: &Stop) {
    match kept {
        Some(kept) => keep_time(kept, clock, stop).await,
        None => _ = stop.stopped().await,
    }
}

/// Begins with a pass of each of these schedules.
async fn begin_now(service: &Arc<Service>, schedules: Vec<ScheduleSettings>) {
    for schedule in schedules {
        let order = Order { schedule, trigger: Trigger::RunNow, images: Vec::new() };
        // One that is under way already, since it was resumed, is as good.
        if let Err(error) = service.begin(order).await {
            tracing::info!(%error, "no pass begins now");
        }
    }
}

/// Heeds events until the stop, if there is a queue that they come in by.
async fn intake(service: Arc<Service>, queue: Option<Arc<dyn EventQueue>>) {
    let stop = service.parts.stop.clone();
    let Some(queue) = queue else {
        stop.stopped().await;
        return;
    };
    let (clock, metrics) = (service.parts.clock.clone(), service.parts.metrics.clone());
    metrics.listens();
    let intake = Intake { queue, lookout: service, clock, metrics };
    listen(Arc::new(intake), stop).await;
}

/// Somebody keeps time until this is dropped, be it by a panic.
struct Keeping<'a>(&'a Service);

impl<'a> Keeping<'a> {
    fn of(service: &'a Service) -> Self {
        service.keeps_time.store(true, Ordering::Relaxed);
        Self(service)
    }
}

impl Drop for Keeping<'_> {
    fn drop(&mut self) {
        self.0.keeps_time.store(false, Ordering::Relaxed);
    }
}

/// Nothing could be written down any more. Whoever starts it again finds it waiting for its place, or taken.
const EVICTED: &str =
    "another service works with the database since the connection to it was lost: this one ends";

/// How a service ended.
#[derive(Debug)]
pub enum Ended {
    /// Everything was let go of.
    InOrder,
    /// Something took longer than there was patience for. What is unfinished goes on after a restart.
    Late,
    /// It could not go on.
    Broken(String),
}
