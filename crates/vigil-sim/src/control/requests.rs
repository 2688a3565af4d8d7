//! The bodies that the controls take. Unknown members are refused, for they are misspelt ones.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::clock::Moment;
use crate::digest::Digest;

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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRepository {
    pub(super) name: String,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ArchiveChange {
    pub(super) repository: String,
    pub(super) digest: Digest,
    #[serde(default = "yes")]
    pub(super) archived: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StatusChange {
    pub(super) repository: String,
    pub(super) digest: Digest,
    pub(super) status: Option<String>,
    pub(super) description: Option<String>,
    pub(super) completed_at: Option<Moment>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FindingsChange {
    pub(super) repository: String,
    pub(super) digest: Digest,
    pub(super) findings: Option<Vec<Value>>,
    pub(super) enhanced_findings: Option<Vec<Value>>,
}
