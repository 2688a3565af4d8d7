//! What the user wants: which images, how often, how bad is too bad, and what is accepted.

mod age;
mod cadence;
mod exceptions;
mod gate;
mod owners;
mod pattern;
mod scan_config;
mod selection;

pub use age::{Age, InvalidAge};
pub use cadence::Cadence;
pub use exceptions::{
    Exception, Exceptions, InvalidVulnerabilityId, Occurrence, VulnerabilityId, is_same_package,
};
pub use gate::{Gate, Thresholds};
pub use owners::{Owned, Owners, owner_by_tags};
pub use pattern::{InvalidPattern, Pattern, Patterns};
pub use scan_config::{InvalidScanConfigId, ScanConfig, ScanConfigId, ScanRequest};
pub use selection::{LeftOut, Selection, Sight, TagStatus, select};
