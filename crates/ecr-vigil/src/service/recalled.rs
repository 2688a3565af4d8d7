//! What the memory knows of the schedules of the settings: since when each is there, and what its passes came to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use vigil_core::schedule::{Schedule, ScheduleName};
use vigil_store::{DatabaseFault, Unanswered};

use super::history::History;
use super::service::Parts;
use crate::config::ServiceSettings;

/// All of it, by schedule.
pub(super) struct Recalled {
    /// Since when it is known as it is, through all restarts.
    pub(super) since: BTreeMap<ScheduleName, Timestamp>,
    /// The last tick for which a pass was begun.
    pub(super) handled: BTreeMap<ScheduleName, Timestamp>,
    /// What has come of its passes.
    pub(super) history: BTreeMap<ScheduleName, History>,
}

impl Recalled {
    /// Reads it, and writes down that these are the schedules from now on.
    ///
    /// # Errors
    ///
    /// If the memory cannot be read or written.
    pub(super) async fn read(parts: &Parts, settings: &ServiceSettings) -> Result<Self, Unanswered> {
        let schedules: Vec<&Schedule> =
            settings.schedules.iter().map(|settings| &settings.schedule).collect();
        let since = known_since(parts, &schedules).await?;
        let (mut handled, mut history) = (BTreeMap::new(), BTreeMap::new());
        for Schedule { name, .. } in schedules {
            let said = name.to_string();
            handled.extend(parts.store.last_tick(&said).await?.map(|tick| (name.clone(), tick)));
            history.insert(name.clone(), History::read(&parts.store, &said).await?);
        }
        Ok(Self { since, handled, history })
    }
}

async fn known_since(
    parts: &Parts,
    schedules: &[&Schedule],
) -> Result<BTreeMap<ScheduleName, Timestamp>, DatabaseFault> {
    // The same words mean other times in another time zone.
    let expression = |schedule: &Schedule| {
        format!("{} {}", schedule.cron, schedule.time_zone.iana_name().unwrap_or_default())
    };
    let written =
        schedules.iter().map(|schedule| (schedule.name.to_string(), expression(schedule))).collect();
    let mut known = parts.store.schedules_known_since(written, parts.clock.now()).await?;
    let since =
        |schedule: &&Schedule| Some((schedule.name.clone(), known.remove(&schedule.name.to_string())?));
    Ok(schedules.iter().filter_map(since).collect())
}
