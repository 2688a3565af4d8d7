//! Why an image is due, or rests: the reasons, with their codes and in words. Which one holds, it does not decide.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Why an image is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// ECR knows of no scan.
    NeverScanned,
    /// The last completed scan is older than the expiry.
    Expired {
        /// When it was completed.
        scanned_at: Timestamp,
        /// How long ago, at the time of the decision.
        ago: SignedDuration,
        /// The expiry, as it was set.
        expiry: String,
    },
    /// ECR said that it is scanned, but not when.
    ScannedAtUnknownTime,
    /// The last scan gave no findings, for a reason outside the image.
    NoResult {
        /// What ECR says of it.
        said: String,
    },
    /// The last scan failed, and failed scans are to be started again.
    Failed {
        /// What ECR says of it.
        said: String,
    },
}

/// Why an image is not due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// Scanned within the expiry.
    Fresh {
        /// How long ago, at the time of the decision.
        ago: SignedDuration,
        /// The expiry, as it was set.
        expiry: String,
        /// When it falls due.
        next: Timestamp,
    },
    /// Due by its expiry, but ECR allows one scan a day.
    ImageQuota {
        /// How long ago it was scanned, at the time of the decision.
        ago: SignedDuration,
        /// When ECR will accept another scan.
        next: Timestamp,
        /// The moment of the decision: a time on the same day is said without its date.
        now: Timestamp,
    },
    /// ECR cannot scan it, ever.
    Unscannable {
        /// What ECR says of it.
        said: String,
    },
    /// The last scan failed.
    Failed {
        /// What ECR says of it.
        said: String,
        /// When it is started again, where it is remembered since when it has failed.
        next: Option<Timestamp>,
    },
    /// A scan was asked for within the day, and gave no result for a reason outside the image.
    NoResult {
        /// What ECR says of it.
        said: String,
        /// When ECR will accept another scan.
        next: Timestamp,
    },
}

impl Due {
    /// The reason's name in machine-readable output.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NeverScanned => "never_scanned",
            Self::Expired { .. } => "expired",
            Self::ScannedAtUnknownTime => "scanned_at_unknown_time",
            Self::NoResult { .. } => "no_result",
            Self::Failed { .. } => "failed",
        }
    }

    /// When the last scan was completed, if one was.
    pub fn scanned_at(&self) -> Option<Timestamp> {
        match self {
            Self::Expired { scanned_at, .. } => Some(*scanned_at),
            _ => None,
        }
    }
}

impl Rest {
    /// The reason's name in machine-readable output.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fresh { .. } => "fresh",
            Self::ImageQuota { .. } => "image_quota",
            Self::Unscannable { .. } => "unscannable",
            Self::Failed { .. } => "failed",
            Self::NoResult { .. } => "no_result",
        }
    }

    /// From when it can be scanned, where that is known.
    pub fn next(&self) -> Option<Timestamp> {
        match self {
            Self::Fresh { next, .. } | Self::ImageQuota { next, .. } | Self::NoResult { next, .. } => {
                Some(*next)
            }
            Self::Failed { next, .. } => *next,
            Self::Unscannable { .. } => None,
        }
    }
}

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverScanned => f.write_str("never scanned"),
            Self::Expired { ago, expiry, .. } => write!(f, "scanned {} ago, expiry {expiry}", Ago(*ago)),
            Self::ScannedAtUnknownTime => f.write_str("scanned, but ECR does not say when"),
            Self::NoResult { said } => write!(f, "the last scan gave no result: {said}"),
            Self::Failed { said } => write!(f, "the last scan failed: {said}"),
        }
    }
}

impl fmt::Display for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fresh { ago, expiry, .. } => write!(f, "scanned {} ago, expiry {expiry}", Ago(*ago)),
            Self::ImageQuota { ago, next, now } => {
                let same_day = next.strftime("%F").to_string() == now.strftime("%F").to_string();
                let time = next.strftime(if same_day { "%H:%M" } else { "%F %H:%MZ" });
                write!(f, "scanned {} ago: ECR allows one scan a day, next from {time}", Ago(*ago))
            }
            Self::Unscannable { said } => write!(f, "ECR cannot scan it: {said}"),
            Self::Failed { said, next: None } => {
                write!(f, "the last scan failed and is not started again unless retry-failed is set: {said}")
            }
            Self::Failed { said, next: Some(next) } => {
                let time = next.strftime("%F %H:%MZ");
                write!(f, "the last scan failed and is started again from {time}: {said}")
            }
            Self::NoResult { said, next } => {
                let time = next.strftime("%F %H:%MZ");
                write!(f, "the last scan gave no result, and ECR allows another from {time}: {said}")
            }
        }
    }
}

/// A duration in its largest whole unit: `9 d`, `3 h`, `12 min`, `5 s`.
struct Ago(SignedDuration);

impl fmt::Display for Ago {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs().max(0);
        match seconds {
            0..60 => write!(f, "{seconds} s"),
            60..3600 => write!(f, "{} min", seconds / 60),
            3600..172_800 => write!(f, "{} h", seconds / 3600),
            _ => write!(f, "{} d", seconds / 86_400),
        }
    }
}
