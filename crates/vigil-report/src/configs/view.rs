//! A scan configuration and the images that it means, as far as they are known. It refuses to know how that was found out.

use std::fmt;

use jiff::Timestamp;
use vigil_core::image::Platform;
use vigil_core::policy::ScanConfig;
use vigil_core::{Digest, Tag};

/// One scan configuration with what is known of its images; `T` is what is told of a scanned one.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigView<T> {
    /// The configuration.
    pub config: ScanConfig,
    /// Its images. A tag that it names and that is not there is among them.
    pub images: Vec<ConfigImage<T>>,
}

/// An image that a scan configuration means: what lies under a tag, or one platform of that.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigImage<T> {
    /// The tag.
    pub tag: Tag,
    /// What lies under it now; `None` if nothing does.
    pub digest: Option<Digest>,
    /// The platform, where an index gives one.
    pub platform: Option<Platform>,
    /// What is known of it.
    pub known: Known<T>,
}

/// What is known of an image.
#[derive(Debug, Clone, PartialEq)]
pub enum Known<T> {
    /// It was scanned, and this was found. While another scan is under way, or after one that failed, what the last
    /// good one found still stands.
    Scanned {
        /// When that scan was completed, where ECR says.
        at: Option<Timestamp>,
        /// What it found.
        found: T,
    },
    /// There is no result, which is not an absence of findings.
    Without {
        /// Why.
        why: NoResult,
        /// Since when that is known.
        since: Timestamp,
    },
}

/// Why there is no result. Where ECR gave a reason, it is kept in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoResult {
    /// Nobody has scanned it.
    NotYetScanned,
    /// Its first scan is under way.
    Running,
    /// Its scan failed.
    Failed {
        /// In ECR's words.
        said: String,
    },
    /// ECR cannot scan it.
    Unscannable {
        /// In ECR's words.
        said: String,
    },
    /// There is no valid result, for a reason outside the image.
    Unavailable {
        /// In ECR's words.
        said: String,
    },
    /// There is no such image, or no longer.
    Missing,
}

impl NoResult {
    /// The reason's name in machine-readable output.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotYetScanned => "not_yet_scanned",
            Self::Running => "running",
            Self::Failed { .. } => "failed",
            Self::Unscannable { .. } => "unscannable",
            Self::Unavailable { .. } => "unavailable",
            Self::Missing => "missing",
        }
    }
}

impl fmt::Display for NoResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYetScanned => f.write_str("it has not been scanned yet"),
            Self::Running => f.write_str("its scan is under way"),
            Self::Failed { said } => write!(f, "its scan failed: {said}"),
            Self::Unscannable { said } => write!(f, "ECR cannot scan it: {said}"),
            Self::Unavailable { said } => write!(f, "ECR has no valid result: {said}"),
            Self::Missing => f.write_str("there is no such image"),
        }
    }
}

impl<T> ConfigView<T> {
    /// The images in the order of every listing: by tag, then by platform.
    pub(super) fn in_order(&self) -> Vec<&ConfigImage<T>> {
        let mut images: Vec<_> = self.images.iter().collect();
        images.sort_by_key(|image| (&image.tag, &image.platform, image.digest));
        images
    }
}

impl<T> ConfigImage<T> {
    /// The tag with the platform in parentheses: the platforms of an index share its tag.
    pub(crate) fn name(&self) -> String {
        match &self.platform {
            Some(platform) => format!("{} ({platform})", self.tag),
            None => self.tag.to_string(),
        }
    }
}
