//! What an event asks for: that an image be looked at. It says where and why to look, never what will be seen there.

use crate::image::{ImageName, Pick, RegistryHost, RepositoryName};

/// A wake-up: something has happened to an image. What it is now, the registry says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wake {
    /// The registry.
    pub registry: RegistryHost,
    /// The repository.
    pub repository: RepositoryName,
    /// Which of its images.
    pub pick: Pick,
    /// Why to look at it.
    pub why: Why,
}

/// Why an image is to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// A scan of it has ended, be it well or badly.
    Scanned,
    /// A finding in it has changed.
    FindingChanged,
    /// It was deleted, or one of its tags was.
    Deleted,
    /// Something else was done with it, such as moving it into the archive.
    Changed,
    /// It was pushed.
    Pushed,
}

/// What kind of event it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// ECR has scanned an image.
    ImageScan,
    /// Something was done with an image, such as pushing or deleting it.
    ImageAction,
    /// Amazon Inspector has scanned an image for the first time.
    InspectorScan,
    /// Amazon Inspector tells of a finding.
    InspectorFinding,
}

/// An event that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What kind of event it was.
    pub kind: EventKind,
    /// What it asks for; an event about something that is no image of a registry asks for nothing.
    pub asks: Option<Wake>,
}

/// A text that is no event of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct NotUnderstood {
    /// In what way, in one word.
    pub code: &'static str,
    /// What is wrong with it.
    pub what: String,
}

impl Wake {
    /// The image by its name.
    pub fn image(&self) -> ImageName {
        ImageName { host: None, repository: self.repository.clone(), pick: self.pick.clone() }
    }
}

impl Why {
    /// Whether the look may have to wait for a scan that it starts.
    pub fn may_wait(self) -> bool {
        matches!(self, Self::Pushed | Self::Changed)
    }
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::ImageScan, Self::ImageAction, Self::InspectorScan, Self::InspectorFinding];

    /// The kind's name in machine-readable output.
    pub fn code(self) -> &'static str {
        match self {
            Self::ImageScan => "image_scan",
            Self::ImageAction => "image_action",
            Self::InspectorScan => "inspector_scan",
            Self::InspectorFinding => "inspector_finding",
        }
    }
}
