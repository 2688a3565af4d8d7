//! What is remembered of a pass of the service beside what came of each image: registry by registry, how it went.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigil_core::CycleReport;
use vigil_core::port::Mode;
use vigil_report::NotEntered;

/// What is remembered of a pass beside what came of each image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PassReport {
    /// The registries that were entered.
    pub registries: Vec<RegistryReport>,
    /// Those that were not, and why.
    pub not_entered: Vec<Trouble>,
    /// What was asked for by name and is not there.
    #[serde(default)]
    pub missing: Vec<Trouble>,
    /// Repositories that could not be read, or not as a whole.
    #[serde(default)]
    pub unread: Vec<Trouble>,
}

/// How a pass went in one registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistryReport {
    /// Account and region.
    pub registry: String,
    /// Who starts scans there: `on_request` or `by_itself`.
    pub mode: String,
    /// How many scans ECR accepted.
    pub started: u64,
    /// Why it ended early, if it did.
    pub halted: Option<String>,
    /// What could not be read of the registry as a whole, in words.
    pub faults: Vec<String>,
}

/// A registry in which nothing could be done, or not all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = NotEntered)]
pub struct Trouble {
    /// The registry, as far as it is known.
    pub registry: String,
    /// Why.
    pub reason: String,
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
            faults: cycle.faults.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<NotEntered> for Trouble {
    fn from(NotEntered { registry, reason }: NotEntered) -> Self {
        Self { registry, reason }
    }
}
