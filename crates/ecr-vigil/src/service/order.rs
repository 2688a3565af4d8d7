//! A pass that is asked for: which schedule's, why now, and at which images it looks.

use std::fmt;

use jiff::Timestamp;
use vigil_core::ImageName;
use vigil_core::image::Reference;

use crate::config::ScheduleSettings;

/// A pass to be made.
#[derive(Debug, Clone)]
pub struct Order {
    /// The schedule whose selection, cadence and pace hold.
    pub schedule: ScheduleSettings,
    /// Why it is made now.
    pub trigger: Trigger,
    /// The only images to look at; all that the schedule selects, if empty.
    pub images: Vec<ImageName>,
}

impl Order {
    /// The images as a memory keeps them; `None` if none are named.
    pub fn images_as_json(&self) -> Option<String> {
        let names: Vec<String> = self.images.iter().map(ImageName::written).collect();
        (!names.is_empty()).then(|| serde_json::to_string(&names).ok())?
    }

    /// The images that a memory kept.
    pub fn images_from_json(kept: Option<&str>) -> Vec<ImageName> {
        let names: Vec<String> = kept.and_then(|kept| serde_json::from_str(kept).ok()).unwrap_or_default();
        let name = |text: String| match text.parse() {
            Ok(Reference::Ecr(name)) => Some(name),
            _ => None,
        };
        names.into_iter().filter_map(name).collect()
    }
}

/// Why a pass is made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// Its schedule came around, at this time.
    Schedule(Timestamp),
    /// The last one failed, which may have been for a time of its schedule.
    Again(Option<Timestamp>),
    /// The service was told to begin with one.
    RunNow,
    /// Somebody asked for it.
    Person,
    /// Events tell of these images.
    Event,
}

/// What is said of a pass that is made again.
const AGAIN: &str = "retry";

impl Trigger {
    /// The time of the schedule that it is for.
    pub fn tick(self) -> Option<Timestamp> {
        match self {
            Self::Schedule(tick) => Some(tick),
            Self::Again(tick) => tick,
            Self::RunNow | Self::Person | Self::Event => None,
        }
    }

    /// Whether it begins when the schedule lets it, and not because somebody wants it now.
    pub fn keeps_hours(self) -> bool {
        matches!(self, Self::Schedule(_) | Self::Again(_))
    }

    /// What set off a pass, as a memory keeps it.
    pub fn kept(said: &str, tick: Option<Timestamp>) -> Self {
        match tick {
            tick if said == AGAIN => Self::Again(tick),
            Some(tick) => Self::Schedule(tick),
            None if said == Self::RunNow.to_string() => Self::RunNow,
            None if said == Self::Event.to_string() => Self::Event,
            None => Self::Person,
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Schedule(_) => "schedule",
            Self::Again(_) => AGAIN,
            Self::RunNow => "run-now",
            Self::Person => "api",
            Self::Event => "event",
        })
    }
}
