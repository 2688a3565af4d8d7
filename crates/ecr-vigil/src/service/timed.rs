//! The timekeeper's view of the service: its schedules, what is known of them, and how their passes begin.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;
use vigil_core::schedule::{Past, Schedule};

use super::order::{Order, Trigger};
use super::service::{NotStarted, Service};
use super::timekeeper::{NotBegun, Passes};

/// A service as the timekeeper sees it.
pub struct Timed(pub Arc<Service>);

#[async_trait]
impl Passes for Timed {
    fn schedules(&self) -> Vec<Schedule> {
        self.0.settings().schedules.iter().map(|settings| settings.schedule.clone()).collect()
    }

    fn past(&self, schedule: &Schedule) -> Past {
        self.0.past(schedule)
    }

    async fn begin(&self, schedule: &Schedule, tick: Option<Timestamp>) -> Result<(), NotBegun> {
        let settings = self.0.settings();
        let name = &schedule.name;
        let Some(schedule) = settings.schedule(&name.to_string()).cloned() else { return Ok(()) };
        let trigger = match tick {
            Some(tick) => Trigger::Schedule(tick),
            None => Trigger::Again(self.0.failed_for(name)),
        };
        let order = Order { schedule, trigger, images: Vec::new() };
        match self.0.begin(order).await {
            Ok(_) | Err(NotStarted::UnderWay(_) | NotStarted::Ending) => Ok(()),
            Err(NotStarted::NotWritten(fault)) => Err(NotBegun(fault.to_string())),
        }
    }

    fn over(&self, schedule: &Schedule) {
        tracing::warn!(schedule = %schedule.name, "the schedule has ended: it never comes around again");
        self.0.tell_schedules();
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes()
    }
}
