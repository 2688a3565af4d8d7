//! What has changed along a lineage, with all that a route chooses by and a message tells.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::finding::{Counts, Finding};
use crate::image::{Digest, RegistryId, RepositoryName, Tag};
use crate::lineage::{FindingState, LineageName, Worse};

/// The number of a change: later ones are larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChangeId(pub i64);

/// A finding that is new, worse or gone along a lineage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Its number.
    pub id: ChangeId,
    /// When it was seen.
    pub at: Timestamp,
    /// The lineage along which it was seen.
    pub lineage: LineageName,
    /// The image in which it was seen, or missed.
    pub subject: Subject,
    /// What has changed.
    pub kind: ChangeKind,
    /// The finding, as the last scan that had it told it.
    pub finding: Finding,
}

/// How a finding has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// The lineage's scan before this one lacked it.
    New,
    /// It was there, and is worse now.
    Worsened(Worse),
    /// It was there, and is not any more.
    Fixed,
}

/// The image that news is about, as it stands when the news is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The registry.
    pub registry: RegistryId,
    /// The repository.
    pub repository: RepositoryName,
    /// The image.
    pub digest: Digest,
    /// Its tags; often none.
    pub tags: Vec<Tag>,
    /// Its open findings by severity.
    pub counts: Counts,
    /// When it was scanned.
    pub scanned_at: Option<Timestamp>,
    /// Who looks after it, where somebody is known.
    pub owner: Option<String>,
    /// Where it runs, where that is known.
    #[serde(default)]
    pub runs_in: Vec<String>,
}

impl ChangeKind {
    /// The state in which it leaves the finding.
    pub fn state(&self) -> FindingState {
        match self {
            Self::New => FindingState::New,
            Self::Worsened(_) => FindingState::Worsened,
            Self::Fixed => FindingState::Fixed,
        }
    }
}

impl Subject {
    /// What people call it: the repository with its tags, or with its digest if it has none.
    pub fn name(&self) -> String {
        match self.tags.as_slice() {
            [] => format!("{}@{}", self.repository, self.digest),
            tags => {
                let tags: Vec<&str> = tags.iter().map(Tag::as_str).collect();
                format!("{}:{}", self.repository, tags.join(","))
            }
        }
    }
}

impl Change {
    /// Whether the finding is there after it.
    pub fn is_there(&self) -> bool {
        self.kind != ChangeKind::Fixed
    }

    /// The order in which changes are told: what is there first, then as in every report.
    pub fn report_order(&self, other: &Self) -> std::cmp::Ordering {
        (other.is_there().cmp(&self.is_there()))
            .then_with(|| self.finding.report_order(&other.finding))
            .then_with(|| self.subject.name().cmp(&other.subject.name()))
    }
}
