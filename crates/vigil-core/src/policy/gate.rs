//! How bad is too bad.

use serde::{Deserialize, Serialize};

use crate::finding::{Finding, Severity};
use crate::threat::Probability;

/// What makes an image's findings too many, and which of them are told in detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// When an image crosses the line.
    pub thresholds: Thresholds,
    /// Whether any finding that is exploited crosses it.
    pub exploited: bool,
    /// How likely to be exploited a finding must be to cross it; `None`: it never does for that.
    pub epss: Option<Probability>,
    /// Findings of this severity and worse are detailed, and those that cross the line by themselves; the counts hold all.
    pub detail: Severity,
}

impl Gate {
    /// Whether this finding is told in detail.
    pub fn details(&self, finding: &Finding) -> bool {
        let crosses = self.exploited && finding.is_exploited();
        finding.severity.reaches(&self.detail)
            || crosses
            || self.epss.is_some_and(|least| finding.reaches_epss(least))
    }
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
        Self { thresholds: Thresholds::default(), exploited: false, epss: None, detail: Severity::High }
    }
}

impl Default for Thresholds {
    /// Any finding on any level.
    fn default() -> Self {
        Self { critical: Some(0), high: Some(0), medium: Some(0), low: Some(0) }
    }
}
