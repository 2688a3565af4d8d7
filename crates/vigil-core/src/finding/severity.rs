//! How bad a finding is, in ECR's words: ordered, and open to words that nobody has told us yet.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A severity, least first. A word unknown to us ranks lowest and is kept as it was said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Severity {
    /// A word that we do not know.
    Unknown(Arc<str>),
    /// The source of the CVE gives no priority, or none that ECR recognises.
    Undefined,
    /// Amazon Inspector has not rated it yet.
    Untriaged,
    /// Worth knowing.
    Informational,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// The severities with a known rank, worst first: the order of every report.
    pub const KNOWN: [Self; 7] = [
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Informational,
        Self::Untriaged,
        Self::Undefined,
    ];

    /// The word that ECR uses.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Unknown(said) => said,
            Self::Undefined => "UNDEFINED",
            Self::Untriaged => "UNTRIAGED",
            Self::Informational => "INFORMATIONAL",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }
}

impl Severity {
    /// Whether it is as bad as this. What a word unknown to us stands for may be worse than anything.
    pub fn reaches(&self, least: &Self) -> bool {
        self >= least || matches!(self, Self::Unknown(_))
    }

    /// Whether it is no worse than this. A word unknown to us is no worse than itself, and nothing else is no worse than it.
    pub fn is_within(&self, most: &Self) -> bool {
        self == most || self <= most && !matches!(self, Self::Unknown(_))
    }
}

impl From<&str> for Severity {
    fn from(said: &str) -> Self {
        let known = Self::KNOWN.into_iter().find(|severity| severity.as_str() == said);
        known.unwrap_or_else(|| Self::Unknown(said.into()))
    }
}

impl From<String> for Severity {
    fn from(said: String) -> Self {
        said.as_str().into()
    }
}

impl From<Severity> for String {
    fn from(severity: Severity) -> Self {
        severity.to_string()
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_severities_are_ordered_and_unknown_words_are_kept() {
        let mut worst_first = Severity::KNOWN.to_vec();
        worst_first.sort_by(|a, b| b.cmp(a));
        assert_eq!(worst_first, Severity::KNOWN);
        let unknown = Severity::from("DREADFUL");
        assert!(unknown < Severity::Undefined);
        assert_eq!(unknown.to_string(), "DREADFUL");
    }
}
