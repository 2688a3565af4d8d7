//! What a simulator is made of: the registry to generate, the start of its clock, its rules and its limits.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::content::Profile;
use crate::registry::Scanning;
use crate::traffic::RateLimit;

/// The account of a request whose access key says nothing else.
pub const DEFAULT_ACCOUNT: &str = "123456789012";

/// The region that the control methods and endpoints mean when none is named.
pub const DEFAULT_REGION: &str = "us-east-1";

/// How to build a simulator. Start from `SimConfig::default()` and change what matters.
#[derive(Debug, Clone)]
pub struct SimConfig {
    /// Everything generated is a function of this number (and of account and region).
    pub seed: u64,
    /// The repositories generated in each registry; names are unique to 100,000 and beyond.
    pub repositories: u32,
    /// The images generated in each registry, over all repositories: exactly what DescribeImages lists by default.
    pub images: u64,
    /// What the generated images are like.
    pub profile: Profile,
    /// When the clock starts; the generated content ends here. `None` is the real time.
    pub start: Option<Timestamp>,
    /// A clock that stands still until it is moved by hand, instead of running with real time.
    pub clock_held: bool,
    /// The scanning configuration that every registry starts with.
    pub scanning: Scanning,
    /// How scans behave.
    pub scans: ScanBehaviour,
    /// Request rates by operation; operations without an entry are not limited.
    pub limits: BTreeMap<String, RateLimit>,
    /// Accounts by access key id. A key id that ends in twelve digits names its account itself; every other unknown
    /// key belongs to [`DEFAULT_ACCOUNT`].
    pub accounts: BTreeMap<String, String>,
    /// The external ids that the roles of an account ask for, by account.
    pub external_ids: BTreeMap<String, String>,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            repositories: 0,
            images: 0,
            profile: Profile::lifelike(),
            start: None,
            clock_held: false,
            scanning: Scanning::basic(),
            scans: ScanBehaviour::default(),
            limits: BTreeMap::new(),
            accounts: BTreeMap::new(),
            external_ids: BTreeMap::new(),
        }
    }
}

/// How scans behave. Durations are in seconds of simulated time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScanBehaviour {
    /// The shortest time a scan takes.
    pub min_seconds: f64,
    /// The longest time a scan takes; equal to the shortest for a fixed time.
    pub max_seconds: f64,
    /// Scans that one registry may start in any 24 hours. AWS: 100,000, not adjustable.
    pub daily_limit: u64,
    /// How many reads after a completion (under enhanced scanning: after a push that is scanned) still see COMPLETE
    /// without findings and without counts.
    pub empty_reads_after_completion: u32,
}

impl Default for ScanBehaviour {
    fn default() -> Self {
        Self { min_seconds: 8.0, max_seconds: 40.0, daily_limit: 100_000, empty_reads_after_completion: 0 }
    }
}
