//! A scan as ECR tells it: every status it can say, and what each means to us.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::finding::{Counts, Finding};

/// What ECR says of an image's last scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scan {
    /// The status.
    pub state: ScanState,
    /// ECR's own words on the status.
    pub description: Option<String>,
    /// When the scan that the findings come from was completed.
    pub completed_at: Option<Timestamp>,
    /// How many findings of each severity ECR counts; `None` where it gives no counts, which is not zero.
    pub counts: Option<Counts>,
    /// The findings of the last completed scan.
    pub findings: Vec<Finding>,
}

/// The status of a scan. One that we do not know is kept as it was said.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ScanState {
    /// Running.
    InProgress,
    /// Queued.
    Pending,
    /// Finished.
    Complete,
    /// Finished, and watched by Amazon Inspector from now on (enhanced scanning).
    Active,
    /// Ended without findings; the description says why.
    Failed,
    /// The operating system or format cannot be scanned.
    UnsupportedImage,
    /// Too old for Amazon Inspector's re-scan duration; its findings are closed.
    EligibilityExpired,
    /// The findings cannot be read at the moment.
    FindingsUnavailable,
    /// The day's quota was used up before this scan.
    LimitExceeded,
    /// The image lies in the archive.
    Archived,
    /// The image is too large for the scanner.
    SizeExceeded,
    /// A word that we do not know.
    Other(Arc<str>),
}

/// What a status means to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Ask again later.
    Running,
    /// The findings stand.
    Finished,
    /// The scan failed; another may not.
    Failed,
    /// No scan of this image will ever have findings.
    Unscannable,
    /// There is no valid result, for a reason outside the image.
    Unavailable,
}

impl ScanState {
    const KNOWN: [(Self, &'static str, Meaning); 11] = [
        (Self::InProgress, "IN_PROGRESS", Meaning::Running),
        (Self::Pending, "PENDING", Meaning::Running),
        (Self::Complete, "COMPLETE", Meaning::Finished),
        (Self::Active, "ACTIVE", Meaning::Finished),
        (Self::Failed, "FAILED", Meaning::Failed),
        (Self::UnsupportedImage, "UNSUPPORTED_IMAGE", Meaning::Unscannable),
        (Self::EligibilityExpired, "SCAN_ELIGIBILITY_EXPIRED", Meaning::Unavailable),
        (Self::FindingsUnavailable, "FINDINGS_UNAVAILABLE", Meaning::Unavailable),
        (Self::LimitExceeded, "LIMIT_EXCEEDED", Meaning::Unavailable),
        (Self::Archived, "IMAGE_ARCHIVED", Meaning::Unscannable),
        (Self::SizeExceeded, "IMAGE_SIZE_EXCEEDED", Meaning::Unscannable),
    ];

    /// The word that ECR uses.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(said) => said,
            known => Self::KNOWN.iter().find(|(state, ..)| state == known).map_or("", |(_, word, _)| word),
        }
    }

    /// What it means by itself; see [`Scan::meaning`] for what the description adds.
    pub fn meaning(&self) -> Meaning {
        // An unknown word may be a new way to say "running": it ends with the deadline.
        Self::KNOWN
            .iter()
            .find(|(state, ..)| state == self)
            .map_or(Meaning::Running, |(.., meaning)| *meaning)
    }
}

impl Scan {
    /// What the scan means: the status, and for a failed one also the description, since a native basic scan of an
    /// unsupported operating system ends as FAILED with `UnsupportedImageError: …`.
    pub fn meaning(&self) -> Meaning {
        let unsupported =
            self.description.as_ref().is_some_and(|text| text.starts_with("UnsupportedImageError"));
        match self.state.meaning() {
            Meaning::Failed if unsupported => Meaning::Unscannable,
            meaning => meaning,
        }
    }

    /// The status and ECR's words on it, for people.
    pub fn said(&self) -> String {
        match &self.description {
            Some(description) => format!("{}: {description}", self.state),
            None => self.state.to_string(),
        }
    }

    /// Whether it claims to be finished and yet shows neither findings nor counts: ECR can say COMPLETE seconds
    /// before the findings are there, so such an answer is doubted for a while.
    pub fn may_be_premature(&self) -> bool {
        self.state == ScanState::Complete && self.findings.is_empty() && self.counts.is_none()
    }
}

impl From<&str> for ScanState {
    fn from(said: &str) -> Self {
        let known = Self::KNOWN.into_iter().find(|(_, word, _)| *word == said);
        known.map_or_else(|| Self::Other(said.into()), |(state, ..)| state)
    }
}

impl From<String> for ScanState {
    fn from(said: String) -> Self {
        said.as_str().into()
    }
}

impl From<ScanState> for String {
    fn from(state: ScanState) -> Self {
        state.to_string()
    }
}

impl fmt::Display for ScanState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(state: &str, description: Option<&str>, expected: Meaning) {
        let scan = Scan {
            state: state.into(),
            description: description.map(str::to_owned),
            completed_at: None,
            counts: None,
            findings: Vec::new(),
        };
        assert_eq!(scan.meaning(), expected);
        assert_eq!(scan.state.as_str(), state, "the word is kept as it was said");
    }

    #[test]
    fn every_status_has_a_meaning() {
        check("IN_PROGRESS", None, Meaning::Running);
        check("PENDING", None, Meaning::Running);
        check("COMPLETE", None, Meaning::Finished);
        check("ACTIVE", Some("Continuous scan is selected for image."), Meaning::Finished);
        check("FAILED", Some("internal error"), Meaning::Failed);
        check("FAILED", Some("UnsupportedImageError: The operating system …"), Meaning::Unscannable);
        check("UNSUPPORTED_IMAGE", None, Meaning::Unscannable);
        check("SCAN_ELIGIBILITY_EXPIRED", None, Meaning::Unavailable);
        check("FINDINGS_UNAVAILABLE", None, Meaning::Unavailable);
        check("LIMIT_EXCEEDED", None, Meaning::Unavailable);
        check("IMAGE_ARCHIVED", None, Meaning::Unscannable);
        check("IMAGE_SIZE_EXCEEDED", None, Meaning::Unscannable);
        check("SOMETHING_NEW", None, Meaning::Running);
    }
}
