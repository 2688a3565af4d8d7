//! The service as its HTTP side sees it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use tokio::sync::watch;
use vigil_core::news::SinkName;
use vigil_core::policy::{Exceptions, Owners};
use vigil_store::PassId;

use super::order::{Order, Trigger};
use super::service::{NotStarted as NotBegun, Service};
use crate::config::ScheduleSettings;
use crate::http::{
    NotPlanned, NotStarted, PassProgress, PassRequest, Planning, Policy, ScheduleState, Schedules,
};

/// What others may ask of a service.
pub struct Asked(pub Arc<Service>);

/// There is no such schedule, or it is not clear which.
enum Which {
    Unknown(String),
    Several,
}

impl Asked {
    fn order(&self, request: PassRequest) -> Result<Order, Which> {
        let PassRequest { schedule, images } = request;
        Ok(Order { schedule: self.schedule(schedule)?, trigger: Trigger::Person, images })
    }

    fn schedule(&self, name: Option<String>) -> Result<ScheduleSettings, Which> {
        let settings = self.0.settings();
        match (name, &*settings.schedules) {
            (None, [only]) => Ok(only.clone()),
            (None, _) => settings.schedule("default").cloned().ok_or(Which::Several),
            (Some(name), _) => settings.schedule(&name).cloned().ok_or(Which::Unknown(name)),
        }
    }
}

#[async_trait]
impl Schedules for Asked {
    fn all(&self) -> Vec<ScheduleState> {
        let state = |settings: &ScheduleSettings| {
            let schedule = &settings.schedule;
            ScheduleState {
                name: schedule.name.to_string(),
                expression: schedule.cron.to_string(),
                next: self.0.next_pass(schedule),
                failed: self.0.failed(&schedule.name),
                running: self.0.running(&schedule.name),
            }
        };
        self.0.settings().schedules.iter().map(state).collect()
    }

    fn is_alive(&self) -> bool {
        self.0.keeps_time.load(Ordering::Relaxed)
    }

    async fn start_pass(&self, request: PassRequest) -> Result<PassId, NotStarted> {
        let order = self.order(request)?;
        self.0.begin(order).await.map_err(|error| match error {
            NotBegun::UnderWay(Some(pass)) => NotStarted::Running(pass),
            NotBegun::UnderWay(None) => {
                NotStarted::Failed("another pass of this schedule is about to begin".to_owned())
            }
            NotBegun::Ending => NotStarted::Ending,
            NotBegun::NotWritten(fault) => NotStarted::Failed(fault.to_string()),
        })
    }

    async fn plan(&self, request: PassRequest) -> Result<Planning, NotPlanned> {
        let order = self.order(request)?;
        self.0.plan(order).await
    }

    fn progress(&self, pass: PassId) -> Option<watch::Receiver<PassProgress>> {
        self.0.watch(pass).map(|progress| progress.subscribe())
    }
}

impl Policy for Asked {
    fn accepted(&self) -> Exceptions {
        self.0.settings().general.exceptions.clone()
    }

    fn owners(&self) -> Owners {
        self.0.settings().general.owners.clone()
    }

    fn sinks(&self) -> Vec<(SinkName, Option<&'static str>)> {
        let settings = self.0.settings();
        settings.news.sinks.iter().map(|sink| (sink.name.clone(), Some(sink.kind.word()))).collect()
    }
}

impl From<Which> for NotStarted {
    fn from(which: Which) -> Self {
        match which {
            Which::Unknown(name) => Self::UnknownSchedule(name),
            Which::Several => Self::WhichSchedule,
        }
    }
}

impl From<Which> for NotPlanned {
    fn from(which: Which) -> Self {
        match which {
            Which::Unknown(name) => Self::UnknownSchedule(name),
            Which::Several => Self::WhichSchedule,
        }
    }
}
