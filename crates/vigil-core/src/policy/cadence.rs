//! How often an image is scanned.

use super::Age;

/// When a scan is too old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cadence {
    /// A completed scan older than this is due again.
    pub expiry: Age,
    /// Whether a scan that failed is started again as soon as ECR allows it. ECR does not say when a scan failed: without a
    /// memory of our own the choice is between never and at every pass; with one, a failed scan is due again like any
    /// other when it is older than the expiry, and with this a day after it was asked for.
    pub retry_failed: bool,
}

impl Default for Cadence {
    /// Every seven days, failed scans never.
    fn default() -> Self {
        Self { expiry: Age::days(7), retry_failed: false }
    }
}
