//! A message: what is told at once. It holds facts; how they look is a matter of where it goes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Change, ChangeId, ExceptionNews, Subject, Upgrade};
use crate::finding::{Counts, Severity};
use crate::image::RegistryId;

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Message {
    /// What has changed in one image.
    Image(ImageNews),
    /// One vulnerability in many images.
    Vulnerability(VulnerabilityNews),
    /// An image that ECR failed to scan.
    Failed(FailedNews),
    /// A registry that was seen for the first time.
    Baseline(BaselineNews),
    /// An exception that is about to lapse, or accepts nothing any more.
    Exception(ExceptionNews),
    /// All that there was to tell in a period.
    Roundup(Roundup),
}

/// What has changed in one image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageNews {
    /// The image.
    pub subject: Subject,
    /// What has changed, worst first; what was fixed comes last.
    pub changes: Vec<Change>,
    /// What would remove most of what is new or worse.
    pub upgrades: Vec<Upgrade>,
}

/// One vulnerability that has changed in many images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VulnerabilityNews {
    /// Its id, such as `CVE-2024-3094`.
    pub vulnerability: String,
    /// The worst severity that it has anywhere.
    pub severity: Severity,
    /// Where it has changed, worst first.
    pub found: Vec<WhereFound>,
    /// What would remove it.
    pub upgrades: Vec<Upgrade>,
}

/// A vulnerability in one of many images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WhereFound {
    /// The image.
    pub subject: Subject,
    /// What has changed there, package by package.
    pub changes: Vec<Change>,
}

/// An image that ECR failed to scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailedNews {
    /// Its number, among those of all failures.
    pub id: ChangeId,
    /// The image.
    pub subject: Subject,
    /// What ECR says the scan has come to.
    pub state: String,
    /// ECR's words on it.
    pub description: Option<String>,
    /// When it was seen.
    pub at: Timestamp,
}

/// What a registry holds when it is seen for the first time: nothing in it is new.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BaselineNews {
    /// The registry.
    pub registry: RegistryId,
    /// How many repositories it has.
    pub repositories: u64,
    /// How many images were scanned.
    pub images: u64,
    /// Their open findings.
    pub counts: Counts,
    /// When it was summed up.
    pub at: Timestamp,
}

/// All that a route had to tell in a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Roundup {
    /// When the first of it was seen.
    pub since: Timestamp,
    /// When the last of it was seen.
    pub until: Timestamp,
    /// What there was to tell.
    pub messages: Vec<Message>,
}
