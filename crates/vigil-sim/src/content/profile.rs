//! What a generated registry is like: which kinds of images, which scan histories, how many findings.

use serde::{Deserialize, Serialize};

/// Percentages and means by which a registry is generated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Profile {
    /// Multi-platform indexes, attestations, signatures, charts and untagged leftovers among the images.
    /// Without, every image is a scannable, tagged, single-platform image.
    pub mixed_kinds: bool,
    /// Archived images for every hundred active ones; they come on top of the number of images asked for.
    pub archived_percent: u8,
    /// How many in a hundred scannable images were scanned within the last 24 hours, before the start.
    pub scanned_hours_ago_percent: u8,
    /// How many in a hundred scannable images were scanned between one and forty days before the start.
    pub scanned_days_ago_percent: u8,
    /// How many in a hundred images have an operating system that no scanner knows: their scans fail.
    pub unsupported_percent: u8,
    /// The mean number of findings of an image.
    pub findings_mean: u32,
}

impl Profile {
    /// A registry as companies have it: every kind of image, a mix of scan histories.
    #[must_use]
    pub fn lifelike() -> Self {
        Self {
            mixed_kinds: true,
            archived_percent: 2,
            scanned_hours_ago_percent: 15,
            scanned_days_ago_percent: 45,
            unsupported_percent: 6,
            findings_mean: 24,
        }
    }

    /// Only scannable images that were never scanned: what benchmarks count.
    #[must_use]
    pub fn plain() -> Self {
        Self {
            mixed_kinds: false,
            archived_percent: 0,
            scanned_hours_ago_percent: 0,
            scanned_days_ago_percent: 0,
            unsupported_percent: 0,
            findings_mean: 12,
        }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::lifelike()
    }
}
