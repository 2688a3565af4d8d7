//! How far a pass has come, for people who watch.

use crate::image::RegistryId;

/// Something that is told of milestones; it must not block.
pub trait Progress: Send + Sync {
    /// A milestone in one registry.
    fn reached(&self, registry: &RegistryId, milestone: Milestone);
}

/// One step forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Milestone {
    /// A repository was listed, with this many images to look at.
    Listed {
        /// Images that will be looked at.
        images: usize,
    },
    /// An image's last scan was read.
    Read,
    /// The plan stands.
    Planned {
        /// Scans that will be started.
        starts: usize,
        /// Scans already under way.
        under_way: usize,
    },
    /// A scan was asked for, and ECR accepted.
    Started,
    /// A scan was asked for, and ECR refused it for its quotas.
    RateLimited,
    /// A scan was asked for, and could not be started for another reason.
    NotStarted,
    /// An image is done, one way or another.
    Settled,
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn reached(&self, _: &RegistryId, _: Milestone) {}
}
