//! What catalogues say of one vulnerability.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Probability;

/// What is known of attacks on a vulnerability, beside what the scanner says. The default: nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Threat {
    /// What CISA's catalogue says of it, if it is listed there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_exploited: Option<KnownExploited>,
    /// How likely it is to be exploited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epss: Option<Epss>,
}

/// An entry of CISA's catalogue of known exploited vulnerabilities (KEV).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownExploited {
    /// The day on which it was listed.
    pub since: Date,
    /// The day by which agencies of the United States have to mend it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Date>,
    /// Whether it is known to be used in campaigns of ransomware.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ransomware: bool,
}

/// A score of FIRST's Exploit Prediction Scoring System.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epss {
    /// How likely it is to be exploited within 30 days.
    pub score: Probability,
    /// Which part of all vulnerabilities is at most as likely.
    pub percentile: Probability,
}

impl Threat {
    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}
