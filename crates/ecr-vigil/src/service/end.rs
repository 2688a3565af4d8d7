//! How a pass of the service ended, in one word and in full.

use serde::{Deserialize, Serialize};
use vigil_core::port::{Mode, NotRecorded};
use vigil_core::{CycleReport, Fault, Halt};
use vigil_report::NotEntered;

use crate::metrics::Outcome;

/// What is remembered of a pass beside what came of each image.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PassReport {
    /// The registries that were entered.
    pub registries: Vec<RegistryReport>,
    /// Those that were not, and why.
    pub not_entered: Vec<Trouble>,
}

/// How a pass went in one registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegistryReport {
    /// Account and region.
    pub registry: String,
    /// Who starts scans there: `on_request` or `by_itself`.
    pub mode: String,
    /// How many scans ECR accepted.
    pub started: u64,
    /// Why it ended early, if it did.
    pub halted: Option<String>,
    /// What could not be read of the registry as a whole.
    pub faults: Vec<Fault>,
}

/// A registry in which nothing could be done, or not all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// The registry, as far as it is known.
    pub registry: String,
    /// Why.
    pub reason: String,
}

/// A pass as it ended.
#[derive(Debug)]
pub struct End {
    /// What is remembered of it.
    pub report: PassReport,
    /// In what way it ended; `None`: it was interrupted, and goes on after a restart.
    pub outcome: Option<Outcome>,
}

impl End {
    /// Adds up what came of each registry.
    pub fn of(
        came_out: Vec<(String, Result<CycleReport, NotRecorded>)>,
        not_entered: Vec<NotEntered>,
    ) -> Self {
        let trouble = |NotEntered { registry, reason }| Trouble { registry, reason };
        let mut report = PassReport {
            registries: Vec::new(),
            not_entered: not_entered.into_iter().map(trouble).collect(),
        };
        let (mut halted, mut broken) = (None, false);
        for (registry, came_out) in came_out {
            match came_out {
                Ok(cycle) => {
                    halted = halted.or(cycle.halted);
                    report.registries.push(cycle.into());
                }
                Err(error) => {
                    broken = true;
                    let reason = format!("ended early: {error}");
                    report.not_entered.push(Trouble { registry, reason });
                }
            }
        }
        report.registries.sort_by(|a, b| a.registry.cmp(&b.registry));
        let outcome = report.outcome(halted, broken);
        Self { report, outcome }
    }
}

impl PassReport {
    fn outcome(&self, halted: Option<Halt>, broken: bool) -> Option<Outcome> {
        let faulty = self.registries.iter().any(|registry| !registry.faults.is_empty());
        match halted {
            Some(Halt::Interrupted) => None,
            _ if broken => Some(Outcome::Failed),
            _ if self.registries.is_empty() && !self.not_entered.is_empty() => Some(Outcome::Failed),
            Some(Halt::Deadline) => Some(Outcome::CutShort),
            None if faulty || !self.not_entered.is_empty() => Some(Outcome::Partial),
            None => Some(Outcome::Complete),
        }
    }
}

impl From<CycleReport> for RegistryReport {
    fn from(cycle: CycleReport) -> Self {
        let mode = match cycle.mode {
            Mode::OnRequest => "on_request",
            Mode::ByItself => "by_itself",
        };
        Self {
            registry: cycle.registry.to_string(),
            mode: mode.to_owned(),
            started: cycle.started,
            halted: cycle.halted.map(|halt| halt.to_string()),
            faults: cycle.faults,
        }
    }
}
