//! How bad is too bad.

use serde::{Deserialize, Serialize};

use crate::finding::Severity;

/// What makes an image's findings too many, and which of them are told in detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// When an image crosses the line.
    pub thresholds: Thresholds,
    /// Findings of this severity and worse are detailed; the counts hold all.
    pub detail: Severity,
}

/// For each severity the number of findings from which on an image crosses the line; `None` switches the level off.
/// Zero and one mean the same: any finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds {
    /// For CRITICAL.
    pub critical: Option<u64>,
    /// For HIGH.
    pub high: Option<u64>,
    /// For MEDIUM.
    pub medium: Option<u64>,
    /// For LOW.
    pub low: Option<u64>,
}

impl Thresholds {
    /// The levels that are switched on, worst first.
    pub fn levels(&self) -> impl Iterator<Item = (Severity, u64)> {
        let level = |severity, threshold: Option<u64>| threshold.map(|threshold| (severity, threshold));
        [
            level(Severity::Critical, self.critical),
            level(Severity::High, self.high),
            level(Severity::Medium, self.medium),
            level(Severity::Low, self.low),
        ]
        .into_iter()
        .flatten()
    }
}

impl Default for Gate {
    /// Any finding that is LOW or worse is too much; HIGH ones and worse are detailed.
    fn default() -> Self {
        Self { thresholds: Thresholds::default(), detail: Severity::High }
    }
}

impl Default for Thresholds {
    /// Any finding on any level.
    fn default() -> Self {
        Self { critical: Some(0), high: Some(0), medium: Some(0), low: Some(0) }
    }
}
