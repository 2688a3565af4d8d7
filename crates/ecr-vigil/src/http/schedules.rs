//! What the service can do beyond remembering: what the HTTP side asks of the schedules, in their nouns.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use vigil_core::port::{Milestone, NotRecorded, Progress};
use vigil_core::record::RepositoryRecord;
use vigil_core::{RegistryId, RepositoryName};
use vigil_store::PassId;

use crate::pass_report::Trouble;

/// The schedules of a running service.
#[async_trait]
pub trait Schedules: Send + Sync {
    /// All of them, in the order in which they are configured.
    fn all(&self) -> Vec<ScheduleState>;

    /// Whether the loop that starts passes is alive.
    fn is_alive(&self) -> bool;

    /// Begins a pass and returns its id while it runs.
    async fn start_pass(&self, request: PassRequest) -> Result<PassId, NotStarted>;

    /// Begins to find out what a pass would do now, and why; nothing is started, and nothing remembered.
    async fn plan(&self, request: PassRequest) -> Result<Planning, NotPlanned>;

    /// How far a running pass has come, as it goes on; it ends with the pass. None if no such pass runs here.
    fn progress(&self, pass: PassId) -> Option<watch::Receiver<PassProgress>>;
}

/// One schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleState {
    /// Its name.
    pub name: String,
    /// When it runs, as it was written.
    pub expression: String,
    /// Its next pass, if there will be one.
    pub next: Option<Timestamp>,
    /// How many of its passes have failed since the last one that did not.
    pub failed: u32,
    /// The pass that runs now.
    pub running: Option<PassId>,
}

impl ScheduleState {
    /// Whether it never comes around again, and its last pass is over.
    pub fn has_ended(&self) -> bool {
        self.next.is_none() && self.running.is_none()
    }
}

/// A pass that somebody asks for by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassRequest {
    /// The schedule whose selection and cadence hold; `None`: the only one, or the one named `default`.
    pub schedule: Option<String>,
    /// The only images to look at, as people name them: `repository`, `repository:tag`, `repository@digest`. All, if empty.
    pub images: Vec<vigil_core::ImageName>,
}

/// A plan that is being made. It is given up when this is let go of.
pub struct Planning {
    /// How far it has come; it ends with the looking.
    pub progress: watch::Receiver<PassProgress>,
    /// What comes of it.
    pub made: Made,
}

/// A plan made in a task of its own, so that whoever reads it slowly does not keep it from being made.
pub struct Made(JoinHandle<Planned>);

/// What a pass would do.
pub struct Planned {
    /// Repository by repository; one that cannot be read back ends them.
    pub repositories: Box<dyn Iterator<Item = Result<PlannedRepository, NotRecorded>> + Send>,
    /// Registries that could not be looked at, or not as a whole.
    pub not_entered: Vec<Trouble>,
}

/// What a pass would do in one repository.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedRepository {
    /// The registry.
    pub registry: RegistryId,
    /// The repository.
    pub repository: RepositoryName,
    /// Its images, each with what would be done.
    pub record: RepositoryRecord,
}

/// Why a pass was not started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotStarted {
    /// There is no such schedule.
    #[error("there is no schedule `{0}`")]
    UnknownSchedule(String),
    /// Several schedules, and none was named.
    #[error("there are several schedules: name one of them")]
    WhichSchedule,
    /// One of the schedule's passes runs.
    #[error("pass {0} of this schedule is running")]
    Running(PassId),
    /// The service is about to end.
    #[error("the service is ending")]
    Ending,
    /// It could not be written down.
    #[error("the pass cannot be started: {0}")]
    Failed(String),
}

/// Why nothing could be planned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPlanned {
    /// There is no such schedule.
    #[error("there is no schedule `{0}`")]
    UnknownSchedule(String),
    /// Several schedules, and none was named.
    #[error("there are several schedules: name one of them")]
    WhichSchedule,
    /// Somebody else's plan is being made: each asks ECR as much as a pass does.
    #[error("another plan is being made")]
    Busy,
}

impl Made {
    /// By this task.
    pub fn by(task: JoinHandle<Planned>) -> Self {
        Self(task)
    }

    /// Waits for it; none if its task broke off.
    pub(super) async fn planned(mut self) -> Option<Planned> {
        (&mut self.0).await.ok()
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Default for Planned {
    fn default() -> Self {
        Self { repositories: Box::new(std::iter::empty()), not_entered: Vec::new() }
    }
}

/// How far a pass has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PassProgress(pub BTreeMap<RegistryId, RegistryProgress>);

/// How far a pass has come in one registry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RegistryProgress {
    /// Repositories listed.
    pub repositories: u64,
    /// Images in them that are looked at.
    pub images: u64,
    /// Images whose last scan was read.
    pub read: u64,
    /// Scans that will be started, and those under way already; `None` before the plan stands.
    pub planned: Option<(u64, u64)>,
    /// Scans asked for.
    pub started: u64,
    /// Scans that ECR refused for its quotas.
    pub rate_limited: u64,
    /// Scans that could not be asked for.
    pub not_started: u64,
    /// Images that are done, one way or another.
    pub settled: u64,
}

/// Where a pass tells how far it has come, and people watch it. What they have not seen yet is only the newest state.
#[derive(Debug, Default)]
pub struct PassWatch(watch::Sender<PassProgress>);

impl PassWatch {
    /// Watches it; the watch ends when the pass lets go of this.
    pub fn subscribe(&self) -> watch::Receiver<PassProgress> {
        self.0.subscribe()
    }
}

impl Progress for PassWatch {
    fn reached(&self, registry: &RegistryId, milestone: Milestone) {
        self.0.send_modify(|progress| progress.0.entry(registry.clone()).or_default().reach(milestone));
    }
}

impl RegistryProgress {
    fn reach(&mut self, milestone: Milestone) {
        match milestone {
            Milestone::Listed { images } => {
                self.repositories += 1;
                self.images += images as u64;
            }
            Milestone::Read => self.read += 1,
            Milestone::Planned { starts, under_way } => {
                self.planned = Some((starts as u64, under_way as u64));
            }
            Milestone::Started => self.started += 1,
            Milestone::RateLimited => self.rate_limited += 1,
            Milestone::NotStarted => self.not_started += 1,
            Milestone::Settled => self.settled += 1,
        }
    }
}
