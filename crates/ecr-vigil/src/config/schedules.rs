//! The schedules as meant: those of the file, or the one that there is without any.

use jiff::{SignedDuration, Timestamp};
use vigil_core::plan::Budget;
use vigil_core::policy::{Cadence, Selection};
use vigil_core::schedule::{Blackout, Expression, Jitter, Schedule, ScheduleName, Spread, Window, Windows};

use super::reader::Reader;
use super::service_values::{SpreadOver, Zone};
use super::values::OptionalLimit;

/// A schedule, and what is different in its passes.
#[derive(Debug, Clone)]
pub struct ScheduleSettings {
    /// When passes begin.
    pub schedule: Schedule,
    /// Which images they look at.
    pub selection: Selection,
    /// How often these are scanned.
    pub cadence: Cadence,
    /// How many scans they may start.
    pub budget: Budget,
    /// The time for a whole pass.
    pub timeout: Option<SignedDuration>,
    /// Whether repositories with a scan configuration take part.
    pub scan_configs: TakePart,
}

words! {
    /// Whether repositories with a scan configuration take part in passes.
    TakePart {
        /// Beside what is selected.
        Also = "also",
        /// Nothing else does.
        Only = "only",
        /// For that they do not.
        Off = "off",
    }
}

impl Reader<'_> {
    /// One that never comes around again is as good as none, and a mistake.
    pub(super) fn schedules(&mut self, now: Timestamp) -> Option<Vec<ScheduleSettings>> {
        if self.layers.schedules.is_empty() {
            return self.schedule(ScheduleName::default(), now).map(|schedule| vec![schedule]);
        }
        let names = self.schedule_names();
        let mut schedules = Vec::new();
        for (place, name) in names.into_iter().enumerate() {
            self.schedule = Some(place);
            // One that has no name is read all the same, for what else is wrong with it.
            let schedule = self.schedule(name.clone().unwrap_or_default(), now);
            schedules.push(name.and(schedule));
        }
        self.schedule = None;
        schedules.into_iter().collect()
    }

    /// The names of the file's schedules; `None` where one is wrong.
    fn schedule_names(&mut self) -> Vec<Option<ScheduleName>> {
        let mut names: Vec<Option<ScheduleName>> = Vec::new();
        for (place, written) in self.layers.schedules.iter().enumerate() {
            let key = format!("schedule[{place}].name");
            let name = match written.name.as_ref().map(|name| name.parse::<ScheduleName>()) {
                None => Err("it is missing: each schedule has one of its own".to_owned()),
                Some(Err(error)) => Err(error.to_string()),
                Some(Ok(name)) if names.contains(&Some(name.clone())) => {
                    Err(format!("`{name}` is another schedule's already"))
                }
                Some(Ok(name)) => Ok(name),
            };
            names.push(name.map_err(|problem| self.complain_of_table(&key, problem)).ok());
        }
        names
    }

    fn schedule(&mut self, name: ScheduleName, now: Timestamp) -> Option<ScheduleSettings> {
        let cron: Option<Expression> = self.one("schedule.cron");
        let zone: Option<Zone> = self.one("schedule.time_zone");
        if let (Some(cron), Some(zone)) = (&cron, &zone)
            && cron.next(now, &zone.0).is_none()
        {
            let problem = format!("`{cron}` never comes around again: the years that it names are over");
            self.complain("schedule.cron", problem);
        }
        let jitter: Option<OptionalLimit> = self.one("schedule.jitter");
        let (windows, spread) = (self.windows(), self.spread());
        // Each is read before any is missed, so that every mistake is found.
        let (selection, cadence, budget) = (self.selection(), self.cadence(), self.budget());
        let timeout: Option<OptionalLimit> = self.one("pass.timeout");
        let scan_configs = self.one("schedule.scan_configs");
        let schedule = Schedule {
            name,
            cron: cron?,
            time_zone: zone?.0,
            windows: windows?,
            jitter: Jitter::up_to(jitter?.0.unwrap_or_default()),
            spread: spread?,
        };
        Some(ScheduleSettings {
            schedule,
            selection: selection?,
            cadence: cadence?,
            budget: budget?,
            timeout: timeout?.0,
            scan_configs: scan_configs?,
        })
    }

    fn windows(&mut self) -> Option<Windows> {
        let windows: Vec<Window> = self.many("schedule.windows");
        let blackouts: Vec<Blackout> = self.many("schedule.blackouts");
        let made = Windows::new(&windows, &blackouts);
        made.map_err(|error| self.complain("schedule.blackouts", error.to_string())).ok()
    }

    fn spread(&mut self) -> Option<Spread> {
        let SpreadOver(spread) = self.one("schedule.spread")?;
        let closes = self.is_given("schedule.windows") || self.is_given("schedule.blackouts");
        if spread == Spread::Window && !closes {
            self.complain("schedule.spread", "there is no window that closes: give a duration, or windows");
        }
        Some(spread)
    }
}
