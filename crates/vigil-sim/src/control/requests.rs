//! The bodies that the controls take.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::config::{DEFAULT_ACCOUNT, DEFAULT_REGION};
use crate::digest::Digest;
use crate::registry::NewImage;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClockChange {
    pub(super) advance_seconds: Option<f64>,
    pub(super) set: Option<Timestamp>,
    pub(super) held: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitChange {
    pub(super) operation: String,
    pub(super) rate: Option<f64>,
    pub(super) burst: Option<f64>,
}

/// Which registry a control is about.
#[derive(Debug, Deserialize)]
pub(super) struct Whose {
    #[serde(default = "default_account")]
    pub(super) account: String,
    #[serde(default = "default_region")]
    pub(super) region: String,
}

fn default_account() -> String {
    DEFAULT_ACCOUNT.to_owned()
}

fn default_region() -> String {
    DEFAULT_REGION.to_owned()
}

#[derive(Debug, Deserialize)]
pub(super) struct NewRepository {
    #[serde(flatten)]
    pub(super) whose: Whose,
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct AddedImage {
    #[serde(default = "default_account")]
    pub(super) account: String,
    #[serde(default = "default_region")]
    pub(super) region: String,
    pub(super) repository: String,
    #[serde(flatten)]
    pub(super) image: NewImage,
}

#[derive(Debug, Deserialize)]
pub(super) struct ArchiveChange {
    #[serde(flatten)]
    pub(super) whose: Whose,
    pub(super) repository: String,
    pub(super) digest: Digest,
    #[serde(default = "yes")]
    pub(super) archived: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
pub(super) struct StatusChange {
    #[serde(flatten)]
    pub(super) whose: Whose,
    pub(super) repository: String,
    pub(super) digest: Digest,
    pub(super) status: Option<String>,
    pub(super) description: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FindingsChange {
    #[serde(flatten)]
    pub(super) whose: Whose,
    pub(super) repository: String,
    pub(super) digest: Digest,
    pub(super) findings: Option<Vec<Value>>,
    pub(super) enhanced_findings: Option<Vec<Value>>,
}
