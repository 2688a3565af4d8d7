//! What a memory knows of an image beyond what ECR tells: when a scan was asked for, refused, or failed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is remembered of one image. ECR gives no time to a scan that failed, and none to one that it refused to start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// When we last asked for a scan. Whether ECR heard it is not known: we may have been killed before.
    pub asked_at: Option<Timestamp>,
    /// When ECR last refused to scan it, ever, and in what words.
    pub refused: Option<(Timestamp, String)>,
    /// Since when its last scan is known to have failed, or to have no valid result.
    pub failed_at: Option<Timestamp>,
}
